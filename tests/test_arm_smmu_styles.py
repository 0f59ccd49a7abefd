"""What an Arm guest's run says of refused DMA, by the SMMU: a v2 keeps one fault until its handler has run."""

from pathlib import Path

import pytest

from fwsim.results.folder import RunDir
from fwsim.running.pipeline import run
from fwsim.scenario.load import load

EXAMPLE = Path(__file__).parents[1] / "examples" / "arm-vpci.toml"


@pytest.mark.parametrize(("style", "words"), [("v2", "Unhandled context fault: fsr="), ("v3", "event 0x10 received:")])
def test_the_words(tmp_path, style, words):
    with RunDir.create(tmp_path / "run") as out:
        summary = run(load(EXAMPLE, [f"hypervisor.options.smmu={style}"]), out)
    said = summary.iommu
    assert (said.faults, said.recorded, said.overflowed) == (2, 2, False)  # the program reads its answer in between
    assert sum(words in line for line in said.lines) == 2
    assert all(line.startswith("(XEN) ") for line in said.lines)
