"""The rules on a Xen guest's placement: what RAM and BARs meet, and where QEMU decodes the window."""

import pytest

from fwsim.errors import FwsimError
from fwsim.placement.allocate import Ask, BarAsk, place

MIB, GIB = 1 << 20, 1 << 30
XEN = {"firmware": "hvmloader", "version": "mmconfig", "machine": "q35"}


def held(*bars, **fields):
    result = place(Ask(**XEN | fields, bars=list(bars)))
    return {check.id: (check.ok, check.detail) for check in result.checks}, result


@pytest.mark.parametrize(
    ("ecam", "aperture", "meant", "decoded"),
    [
        (64, 64, 0xF4000000, 0xF0000000),  # bits 27:26 do not count
        (128, 128, 0xE8000000, 0xE0000000),  # bit 27 does not
        (128, 256, 0xF0000000, None),  # a multiple of 256 MiB: nothing is dropped
        (256, 64, 0xE0000000, None),
    ],
)
def test_qemu_decodes_some_windows_elsewhere(ecam, aperture, meant, decoded):
    """QEMU include/hw/pci-host/q35.h: bits 26 and 25 in the masks where the datasheet has 27 and 26."""
    checks, result = held(BarAsk(index=2, size=aperture * MIB, kind="pref", is64=True), ecam=ecam * MIB)
    assert result.details.ecam[0] == meant
    if decoded is None:
        assert checks["ecam-decoded"][0]
        return
    ok, detail = checks["ecam-decoded"]
    assert not ok
    assert detail.endswith(f"decodes {decoded:#x}-{decoded + ecam * MIB - 1:#x}")


def test_moved_ram_fails_and_ram_that_stays_does_not():
    checks, result = held(ram=6 * GIB)
    assert checks["device-model-clear"] == (False, result.details.overlaps[0])
    assert held(ram=2 * GIB)[0]["device-model-clear"] == (True, "nothing else is at 0x80000000-0x80ffffff")


def test_the_merged_version_is_judged_where_something_overlaps_only():
    assert "device-model-clear" not in held(version="", machine="pc", ram=2 * GIB)[0]
    assert not held(version="", machine="pc", ram=6 * GIB)[0]["device-model-clear"][0]


def test_devices_on_other_buses_are_behind_root_ports_where_the_option_says_so():
    card = BarAsk(index=0, size=2 * MIB, slot="01:00.0")
    with pytest.raises(FwsimError, match="no bus but 00"):
        held(card)
    _, result = held(card, options={"bridges": True})
    assert {bar.name: bar.address for bar in result.details.bars}["01:00.0 BAR0"] == 0xF4400000
    assert result.exactness["bars"].certainty == "assumed"
    many = [BarAsk(index=0, size=MIB, slot=f"{bus:02x}:00.0") for bus in range(1, 10)]
    with pytest.raises(FwsimError, match="more buses than root ports"):
        held(*many, options={"bridges": True})
