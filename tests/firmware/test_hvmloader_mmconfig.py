"""hvmloader with the MMCONFIG series: the ECAM as one more BAR in the hole, PCIEXBAR, RAM moved out of its way."""

import pytest
from msgspec.structs import replace

from fwsim.errors import FwsimError
from fwsim.firmware.hvmloader import HvmloaderOptions, place
from fwsim.firmware.request import Bar, Function, Request

MIB, GIB = 1 << 20, 1 << 30
BARS = (Bar(0, 4 * MIB, "mem", True), Bar(2, 256 * MIB, "pref", True), Bar(4, 64, "io"))
IGD = Function(0x10, 0x8086, 0x0126, 0x030000, BARS, ggc=0x0209)
BRIDGE = Function(0, 0x8086, 0x29C0, 0x060000)
REQUEST = Request(machine="q35", functions=(BRIDGE, IGD), opregion_size=0x2000, version="mmconfig")


def test_the_ecam_lies_between_bars_by_its_size():
    out = place(REQUEST)
    assert out.bars == {(0x10, 2): 0xE0000000, (0x10, 0): 0xF4000000, (0x10, 4): 0xC000}
    assert out.ecam == (0xF0000000, 0xF4000000)
    assert "PCIEXBAR (00:00.0 @0x60) is 0xf0000005" in out.notes[0]  # enabled, code 10 for 64 MiB


@pytest.mark.parametrize(("size", "code"), [(128, 1), (256, 0)])
def test_size_codes(size, code):
    out = place(replace(REQUEST, options=HvmloaderOptions(ecam=size * MIB)))
    start, end = out.ecam
    assert end - start == size * MIB
    assert f"is {start | code << 1 | 1:#x}" in out.notes[0]


def test_the_ecam_makes_the_hole_grow():
    bars = (Bar(2, 128 * MIB, "pref"), Bar(3, 32 * MIB, "mem"))  # 160 MiB fit below FC000000, 224 MiB do not
    igd = replace(IGD, bars=bars)
    assert place(replace(REQUEST, machine="pc", version="", functions=(igd,))).windows["mem32"][0] == 0xF0000000
    assert place(replace(REQUEST, functions=(BRIDGE, igd))).windows["mem32"][0] == 0xE0000000


def test_no_ecam_on_the_i440fx():
    assert place(replace(REQUEST, machine="pc")).ecam is None


def test_moved_ram_meets_what_the_device_model_keeps():
    out = place(replace(REQUEST, ram=6 * GIB))
    assert out.notes[1:] == [
        "RAM moved to 0x190000000-0x19fffffff overlaps video RAM and option ROMs that the device model keeps at "
        "0x190000000-0x190ffffff"
    ]
    assert not place(replace(REQUEST, ram=6 * GIB, options=HvmloaderOptions(vram=0))).notes[1:]
    assert not place(replace(REQUEST, ram=2 * GIB)).notes[1:]


def test_refusals():
    with pytest.raises(FwsimError, match="i440fx only"):
        place(replace(REQUEST, version=""))
    with pytest.raises(FwsimError, match="no such ECAM"):
        place(replace(REQUEST, options=HvmloaderOptions(ecam=32 * MIB)))
