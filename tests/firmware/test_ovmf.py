"""OVMF beside the vectors: its windows, what stops it, its drivers' rules and its page allocator."""

import pytest
from msgspec.structs import replace

from fwsim.errors import FwsimError
from fwsim.firmware import ovmf
from fwsim.firmware.cpu_models import guest_cpu
from fwsim.firmware.ovmf.igd import family_of
from fwsim.firmware.ovmf.pages import PageAllocator
from fwsim.firmware.ovmf.versions import VERSIONS, version_row
from fwsim.firmware.ovmf.window import aperture
from fwsim.firmware.ovmf_options import OvmfOptions
from fwsim.firmware.request import Bar, Cpu, Function, Request

MIB, GIB = 1 << 20, 1 << 30
IGD = Function(
    0x10, 0x8086, 0x0166, 0x030000,
    (Bar(0, 4 * MIB, "mem", True), Bar(2, 256 * MIB, "pref", True), Bar(4, 64, "io")), ggc=0x208,
)  # fmt: skip
REQUEST = Request(
    functions=(IGD,), opregion_size=0x2000, bdsm_file=(64 * MIB).to_bytes(8, "little"),
    cpu=guest_cpu("qemu64", accel="tcg"),
)  # fmt: skip


def test_the_new_driver_reads_the_size_from_ggc_and_that_of_2018_the_file():
    new, old = ovmf.place(REQUEST), ovmf.place(replace(REQUEST, options=OvmfOptions(driver="gvt")))
    assert new.bdsm == {0x10: 0x7C500000}
    assert old.bdsm == {0x10: 0x77B00000}
    assert new.asls == old.asls == {0x10: 0x7F7E8000}
    assert (0x7C500000, 0x7E500000, "RESERVED") in new.e820


def test_without_a_driver_places_bars_only():
    out = ovmf.place(replace(REQUEST, options=OvmfOptions(driver="none")))
    assert not out.asls
    assert out.bars[0x10, 2] == 0xE000000000


def test_with_untrusted_address_bits_uses_the_classic_window():
    out = ovmf.place(replace(REQUEST, ram=6 * GIB, cpu=Cpu("GenuineIntel", 40)))
    assert out.bars[0x10, 2] == 0x800000000


def test_newer_versions_have_their_ecam_at_e0000000():
    out = ovmf.place(replace(REQUEST, machine="q35", version="2025.02"))
    assert out.windows["mem32"] == (0x80000000, 0xE0000000)
    assert (0xE0000000, 0xF0000000, "RESERVED") in out.e820


def test_refuses_what_it_has_no_rules_for():
    with pytest.raises(FwsimError, match="OVMF version"):
        ovmf.place(replace(REQUEST, version="1999"))
    with pytest.raises(FwsimError, match="no such machine"):
        ovmf.place(replace(REQUEST, machine="virt"))
    with pytest.raises(FwsimError, match="asserts"):
        aperture("q35", 0xE0001000, version_row("2026.08"))


def test_families_of_the_driver_table():
    assert family_of(0x0126).gms == "gen6"
    assert family_of(0x9A49).bdsm_register == 0xC0
    assert family_of(0x7D55).bdsm_register == 0
    assert family_of(0x2A42) is None


def test_page_allocator_prefers_its_bin_then_below_all_bins_then_anywhere():
    free = [(0x100000, 0x200000), (0x300000, 0x304000), (0x310000, 0x314000)]
    pages = PageAllocator(free, {"NVS": (0x300000, 0x304000), "Reserved": (0x304000, 0x310000)})
    assert pages.allocate("NVS", 0x3001) == 0x300000
    assert pages.allocate("NVS", 0x1000) == 0x1FF000
    assert pages.allocate("Reserved", 0x1000, limit=0x200000) == 0x1FE000
    assert PageAllocator([(0x310000, 0x314000)], {"NVS": (0x300000, 0x304000)}).allocate("NVS", 0x1000) == 0x313000
    assert pages.allocate("NVS", 16 * MIB) is None


@pytest.mark.parametrize(("cpus", "below"), [(1, 0x818000), (9, 0x818000), (10, 0xA18000)])
def test_the_bins_move_by_2_mib_where_the_stacks_reach_the_page_tables(cpus, below):
    """As booted with 2022.11 on q35 with 4 GiB: nine CPUs leave one page above the page tables."""
    cpu = guest_cpu("qemu64", count=cpus, accel="tcg")
    out = ovmf.place(replace(REQUEST, machine="q35", ram=4 * GIB, cpu=cpu))
    assert out.asls == {0x10: 2 * GIB - below}


def test_pages_of_1_gib_are_for_builds_that_use_them():
    """As booted on q35 with 4 GiB: 46 address bits take 257 MiB of tables in pages of 2 MiB, and 1 GiB lies below."""
    igd = replace(IGD, device=0x1912, ggc=0x2000)
    request = replace(REQUEST, functions=(igd,), ram=4 * GIB, machine="q35", cpu=Cpu("GenuineIntel", 46))
    below = {version: GIB - ovmf.place(replace(request, version=version)).bdsm[0x10] for version in VERSIONS}
    assert below == {"2022.11": 0x14200000, "2022.11-2M": 0x4200000, "2025.02": 0x4200000, "2026.08": 0x4200000}


def test_without_long_mode_nothing_starts():
    out = ovmf.place(replace(REQUEST, cpu=guest_cpu("qemu32", accel="tcg")))
    assert "no long mode" in out.boot
    assert not out.bars
    assert not out.asls


def test_the_least_ram_grows_with_the_page_tables():
    small = ovmf.place(replace(REQUEST, ram=128 * MIB))
    wide = ovmf.place(replace(REQUEST, ram=128 * MIB, cpu=Cpu("GenuineIntel", 46)))
    assert small.boot == "ok"
    assert "its usual layout needs" in wide.boot


@pytest.mark.parametrize("driver", ["vfioigd", "gvt"])
def test_an_empty_opregion_file_is_not_none(driver):
    """IgdAssignmentDxe: of no bytes, EFI_PROTOCOL_ERROR for all it would do."""
    request = replace(REQUEST, opregion_size=0, options=OvmfOptions(driver=driver))
    out = ovmf.place(request)
    assert (out.asls, out.bdsm, out.log) == ({}, {}, ["IgdAssignmentEntry: etc/igd-opregion: zero size"])
    if driver == "vfioigd":
        assert "EFI_PROTOCOL_ERROR" in ovmf.OVMF.why_none(request, IGD, out)
        assert "without etc" in ovmf.OVMF.why_none(replace(request, opregion_size=None), IGD, out)


def test_aligned_allocation_gives_the_spare_back():
    pages = PageAllocator([(0x100000, 0x500000)])
    assert pages.allocate_aligned("Reserved", MIB, MIB) == 0x400000
    assert sorted(pages.free) == [(0x100000, 0x301000), (0x301000, 0x400000)]
