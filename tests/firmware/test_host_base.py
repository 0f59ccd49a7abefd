"""EVE's IGD driver: the guest's stolen memory at the host's base, and the answer where that cannot be."""

import pytest
from msgspec.structs import replace

from fwsim.firmware.host_base import STOLEN_BASE, gsm_size, least_ram, place
from fwsim.firmware.ovmf.pages import PageAllocator
from fwsim.firmware.request import Bar, Function, Host, Request

MIB, GIB = 1 << 20, 1 << 30
BARS = (Bar(0, 16 * MIB, "mem", True), Bar(2, 256 * MIB, "pref", True), Bar(4, 64, "io"))
TIGERLAKE = Function(0x10, 0x8086, 0x9A49, 0x030000, BARS, ggc=0xFEC1)  # 60 MiB of data, 8 MiB of GTT
# real-world: a gen 11 host's GSM at 4c000000, DSM at 4c800000 (60 MiB)
REQUEST = Request(
    machine="q35", ram=6 * GIB, functions=(TIGERLAKE,), opregion_size=0x2000, host=Host(bdsm=0x4C800000, gen=12)
)
WHERE = "SetupStolenMemory: 0000:00:02.0: "


def test_identity_with_the_gtt_memory_below_it():
    out = place(REQUEST)
    assert out.bdsm == {0x10: 0x4C800000}
    assert out.bdsm_register == {0x10: 0xC0}
    assert out.reserved == [(0x4C000000, 8 * MIB)]
    assert (0x4C000000, 0x50400000, "RESERVED") in out.e820
    assert out.log[1:] == [
        f"{WHERE}stolen memory at host base 0x4C000000 (size 0x4400000): Success",
        f"{WHERE}BDSM @ 0x4C800000, DSM 60 MB, GSM 0x800000 below",
    ]
    assert not out.notes


def test_before_gen_11_no_gtt_memory_is_reserved():
    igd = replace(TIGERLAKE, device=0x0126, ggc=0x0209, bars=BARS)
    out = place(replace(REQUEST, functions=(igd,), host=Host(bdsm=0x40000000, gen=6)))
    assert out.bdsm == {0x10: 0x40000000}
    assert out.bdsm_register == {0x10: 0x5C}
    assert out.bdsm_size == {0x10: 32 * MIB}
    assert not out.reserved


@pytest.mark.parametrize(("ggc", "size"), [(0xFE01, 0), (0xFE41, 2), (0xFE81, 4), (0xFEC1, 8)])
def test_gtt_memory_by_ggms(ggc, size):
    assert gsm_size(ggc) == size * MIB


def test_ram_that_does_not_reach_the_base():
    out = place(replace(REQUEST, host=Host(bdsm=0x90000000, gen=12)))
    assert out.bdsm[0x10] % MIB == 0
    assert out.bdsm[0x10] + 60 * MIB <= 0x80000000
    assert out.log[1].endswith("(size 0x4400000): Not Found")
    assert "NOT at the host base" in out.log[2]
    assert out.notes == [
        "guest RAM below 4 GiB ends at 0x80000000, the host's 0x8f800000-0x93bfffff is not in it: "
        f"give the guest {least_ram('', 'q35', REQUEST.cpu, 0x8F800000, 0x93C00000) >> 20} to 2815 MiB of RAM"
    ]


def test_the_ram_that_the_note_asks_for_is_enough_and_least():
    least = least_ram("", "q35", REQUEST.cpu, 0x8F800000, 0x93C00000)
    host = Host(bdsm=0x90000000, gen=12)
    assert place(replace(REQUEST, ram=least, host=host)).bdsm == {0x10: 0x90000000}
    assert place(replace(REQUEST, ram=least - MIB, host=host)).bdsm != {0x10: 0x90000000}


def test_a_base_that_only_pc_can_reach():
    out = place(replace(REQUEST, host=Host(bdsm=0xC0000000, gen=12)))
    assert "machine pc has up to 0xe0000000" in out.notes[0]


def test_a_bar_at_the_base_is_named():
    bars = (Bar(0, 16 * MIB, "mem", False), Bar(2, 256 * MIB, "pref", False))
    out = place(replace(REQUEST, functions=(replace(TIGERLAKE, bars=bars),), host=Host(bdsm=0xC1000000, gen=12)))
    taken = out.bars[0x10, 2]
    assert f"is taken: BAR2 of 00:02.0 is at {taken:#x}-{taken + 256 * MIB - 1:#x}" in out.notes[0]
    assert not any(start <= out.bdsm[0x10] < start + 256 * MIB for start in out.bars.values())


def test_a_base_in_memory_that_the_firmware_uses():
    out = place(replace(REQUEST, host=Host(bdsm=0x7B000000, gen=12)))
    assert "the firmware itself uses part of it" in out.notes[0]


@pytest.mark.parametrize("raw", [b"", b"\0\0\x80\x4c", bytes(9)])
def test_a_file_that_is_not_eight_bytes_does_not_count(raw):
    out = place(replace(REQUEST, fw_cfg={STOLEN_BASE: raw}))
    assert "at host base" not in "".join(out.log)
    assert "the driver does not know" in out.notes[0]
    assert out.bdsm[0x10] != 0x4C800000


def test_the_file_wins_over_the_register():
    out = place(replace(REQUEST, fw_cfg={STOLEN_BASE: (0x50000000).to_bytes(8, "little")}))
    assert out.bdsm == {0x10: 0x50000000}


def test_no_opregion_file_no_placement():
    out = place(replace(REQUEST, opregion_size=None))
    assert not out.bdsm
    assert not out.asls


def test_pages_at_an_address():
    pages = PageAllocator([(0x1000, 0x3000), (0x3000, 0x5000)])
    assert not pages.allocate_at(0x4000, 0x2000)
    assert pages.allocate_at(0x2000, 0x2000)  # across two free runs that touch
    assert not pages.allocate_at(0x3000, 0x1000)
    assert pages.free == [(0x1000, 0x2000), (0x4000, 0x5000)]
