"""A DMA that an SMMU refuses is followed to the guest's writes: of its address, and of the command that began it."""

from pathlib import Path

import pytest

from fwsim.analysis.why import explain
from fwsim.results.folder import RunDir
from fwsim.running.pipeline import run
from fwsim.scenario.load import load
from fwsim.trace.event import Actor, Op, Space

EXAMPLE = Path(__file__).parents[2] / "examples" / "arm-vpci.toml"
EDU = 0x51000000
SOURCE, TARGET, COMMAND = 0x80, 0x88, 0x98  # QEMU docs/specs/edu.rst


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with RunDir.create(tmp_path_factory.mktemp("dma") / "run") as out:
        run(load(EXAMPLE), out)
    return RunDir.open(out.path)


@pytest.mark.parametrize(("number", "op", "register"), [(0, Op.READ, SOURCE), (1, Op.WRITE, TARGET)])
def test_both_writes(made, number, op, register):
    events = made.events()
    fault = events[events["space"] == Space.IOMMU][number]
    assert fault["op"] == op
    why = explain(made, f"fault[{number}]")
    last = why.nodes[-1]
    assert (last.kind, last.seq, last.value) == ("fault", fault["seq"], fault["address"])
    sources = [node for node in why.nodes if node.id in last.sources]
    mapped = events[(events["actor"] == Actor.HYPERVISOR) & (events["value"] == EDU)][0]["address"]
    assert [(int(events[node.seq - 1]["address"] - mapped), node.value) for node in sources] == [
        (register, int(fault["address"])), (COMMAND, sources[1].value),
    ]  # fmt: skip
    assert sources[1].value & 1
