"""Debian's OVMF, executed here, places as it did in QEMU: every configuration measured with the driver of 2018.

Needs that OVMF (2022.11, package ovmf) and, under $FWSIM_ROMS, the driver's ROM. A boot takes seconds, so that only the
first few are made; FWSIM_BOOTS says how many.
"""

import gzip
import json
import os
from pathlib import Path

import measured_ovmf
import pytest
import real_files
from measured_seabios import igd_answers
from msgspec.structs import replace
from test_oracle import plain

from fwsim.firmware.ovmf_image import OvmfImageOptions
from fwsim.running.executed_uefi import OVMF_IMAGE

DATA = Path(__file__).parent / "data" / "oracle" / "measured-ovmf.json.gz"
DRIVER = "33e540db0838fd49236087d2cda21f4eaa38672f6b2ac56f45351799858de085"
"""IgdAssignmentDxe as a ROM, a build of 2018 (vbios_gvt_uefi.rom)."""
MEASURED = 3653632
"""Bytes of the build that was measured."""


def vectors():
    with gzip.open(DATA, "rt") as stream:
        every = json.load(stream)
    for each in every:
        inputs = each["in"]
        ours = inputs.get("driver", "").startswith("vbios_gvt") and not inputs.get("smp")
        if ours and each["system"].startswith("ovmf-2022.11") and "opregion_is_file_copy" not in each["expect"]:
            yield each


@pytest.fixture(scope="module")
def driver():
    path = real_files.by_hash(os.environ.get("FWSIM_ROMS", "")).get(DRIVER)
    if not path:
        pytest.skip("needs IgdAssignmentDxe's ROM under $FWSIM_ROMS")
    code = Path(OVMF_IMAGE.image)
    if not code.is_file() or code.stat().st_size != MEASURED:
        pytest.skip("needs the OVMF that was measured: Debian 12's ovmf")
    return path


@pytest.mark.parametrize("vector", list(vectors())[: int(os.environ.get("FWSIM_BOOTS") or 2)], ids=lambda v: v["id"])
def test_the_image_places_as_in_qemu_and_as_the_model_does(vector, driver):
    """BARs, command, ASLS, BDSM, and what the driver itself says of them on the debug port."""
    request, model = measured_ovmf.run(vector)
    out = OVMF_IMAGE.place(replace(request, options=OvmfImageOptions(driver=str(driver))))
    assert out.boot == "ok"
    assert plain(igd_answers(vector, out)) == plain(vector["expect"]["igd"])
    assert plain(igd_answers(vector, model)) == plain(igd_answers(vector, out))
    said = [line.rstrip() for line in out.log if line.startswith(("Setup", "IgdAssignment"))]
    assert said == [line.rstrip() for line in vector["expect"]["igd_log"]]
