"""vfio-igd beside the vectors: emulated registers, mirrors, legacy mode."""

from dataclasses import replace

import pytest

from fwsim.errors import FwsimError
from fwsim.hypervisor.qemu import versions as igd
from fwsim.hypervisor.qemu.versions import Emulated, LegacyFacts

OLD, MIDDLE, TEN, NEXT = (igd.version(name) for name in ("5.0", "9.1", "10.0", "next"))


@pytest.mark.parametrize("text", ["2.6", "8", "ten", "8.2.1.4", "", "-1.0", "10.0 "])
def test_what_is_no_release(text):
    with pytest.raises(FwsimError, match="no such QEMU release"):
        igd.version(text)


@pytest.mark.parametrize(
    ("profile", "row"),
    [("2.7", OLD), ("8.2", OLD), ("9.0.4", OLD), ("9.1", MIDDLE), ("9.2.3", MIDDLE), ("10.0.2", TEN), ("11.1", TEN),
     ("next", NEXT)],
)  # fmt: skip
def test_a_release_has_the_newest_row_that_is_not_newer(profile, row):
    assert igd.version(profile) is row


def test_only_next_patches_the_shadow_and_neither_new_one_traps():
    assert [row.patches_shadow for row in (OLD, MIDDLE, TEN, NEXT)] == [False, False, False, True]
    assert [row.traps_iobar for row in (OLD, MIDDLE, TEN, NEXT)] == [True, True, False, False]
    assert len(igd.zeroed_indices(NEXT, 9, 0x2C1)) == 0


@pytest.mark.parametrize(
    ("row", "gen", "legacy", "gms", "offsets"),
    [
        (OLD, 8, False, 0, [0x50, 0xFC]),
        (OLD, 8, True, 0, [0x50, 0x5C, 0xFC]),
        (MIDDLE, 9, False, 0, [0xFC]),
        (MIDDLE, 11, True, 0, [0x50, 0xC0, 0xFC]),
        (TEN, 9, False, 0, [0x5C, 0xFC]),
        (TEN, 9, False, 2, [0x50, 0x5C, 0xFC]),
        (NEXT, 12, True, 0, [0xC0, 0xFC]),
        (NEXT, -1, False, 0, [0xFC]),
    ],
)
def test_emulated_registers(row, gen, legacy, gms, offsets):
    found = igd.emulated_registers(row, gen, legacy=legacy, opregion=True, x_igd_gms=gms)
    assert [register.offset for register in found] == offsets
    assert all(register.writable == (register.offset != 0x50) for register in found)


def test_nothing_new_without_an_opregion_region():
    assert igd.emulated_registers(NEXT, 9, legacy=False, opregion=False, x_igd_gms=2) == []
    assert igd.emulated_registers(OLD, 6, legacy=False, opregion=False) == [Emulated(0x50, 4, False)]


def test_bar0_mirrors():
    assert igd.bar0_mirrors(OLD, 11) == []
    assert igd.bar0_mirrors(MIDDLE, 11) == [(0x1080C0, 8, 0xC0)]
    assert igd.bar0_mirrors(MIDDLE, 11, at_slot_2=False) == []
    assert igd.bar0_mirrors(TEN, 6) == [(0x1080C0, 4, 0x5C)]
    assert igd.bar0_mirrors(TEN, 12, x_igd_gms=1) == [(0x1080C0, 8, 0xC0), (0x108040, 2, 0x50)]
    assert igd.bar0_mirrors(TEN, -1) == []


GOOD = LegacyFacts(gen=6, gmch=0x208)


@pytest.mark.parametrize("row", [OLD, MIDDLE, TEN, NEXT])
def test_a_sandy_bridge_at_slot_2_of_a_pc_is_legacy_everywhere(row):
    assert igd.legacy_refusal(row, GOOD) == ""


@pytest.mark.parametrize(
    ("row", "change", "word"),
    [
        (OLD, {"gen": 7}, "generation"),
        (MIDDLE, {"gen": -1}, "generation"),
        (TEN, {"gen": 11}, "generation"),
        (OLD, {"machine": "q35"}, "1f.0"),
        (TEN, {"machine": "q35"}, "i440fx"),
        (OLD, {"slot_2": False}, "00:02.0"),
        (TEN, {"rom": False}, "ROM"),
        (OLD, {"hotplugged": True}, "hotplugged"),
        (OLD, {"kernel_regions": False}, "kernel"),
        (OLD, {"vga_region": False}, "VGA"),
        (TEN, {"gmch": 0x20A}, "VGA is disabled"),
        (TEN, {"option": "off"}, "x-igd-legacy-mode"),
        (OLD, {"vga_class": False}, "VGA class"),
    ],
)
def test_why_legacy_mode_does_not_come_up(row, change, word):
    assert word in igd.legacy_refusal(row, replace(GOOD, **change))


def test_old_versions_accept_a_disabled_vga_without_the_region():
    assert igd.legacy_refusal(OLD, replace(GOOD, gmch=0x20A, vga_region=False)) == ""
