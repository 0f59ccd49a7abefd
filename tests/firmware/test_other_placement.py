"""hvmloader, bhyve, ACRN and crosvm beside the vectors."""

import pytest
from msgspec.structs import replace

from fwsim.errors import FwsimError
from fwsim.firmware import acrn, bhyve, crosvm, hvmloader
from fwsim.firmware.request import Bar, Cpu, Function, Host, Request, format_bdf, parse_bdf
from fwsim.firmware.seabios import optionrom

MIB, GIB = 1 << 20, 1 << 30
IGD = Function(
    0x10, 0x8086, 0x0166, 0x030000,
    (Bar(0, 4 * MIB, "mem", True), Bar(2, 256 * MIB, "pref", True), Bar(4, 64, "io")), ggc=0x208,
)  # fmt: skip
REQUEST = Request(functions=(IGD,), opregion_size=0x2000, bdsm_file=(64 * MIB).to_bytes(8, "little"))


def test_hvmloader_leaves_a_bar_without_room_unassigned():
    ports = tuple(Bar(n, 0x2000, "io") for n in range(3))
    out = hvmloader.place(replace(REQUEST, functions=(replace(IGD, bars=ports),)))
    assert [key for key in out.bars] == [(0x10, 0), (0x10, 1)]
    assert out.warnings == ["pci dev 02:0 bar 18 size 2000: no space for resource!"]


def test_hvmloader_sends_a_2g_bar_high_without_counting_it():
    bars = (Bar(0, 4 * MIB, "mem", True), Bar(2, 2 * GIB, "pref", True))
    out = hvmloader.place(replace(REQUEST, functions=(replace(IGD, bars=bars),)))
    assert out.bars == {(0x10, 2): 0x100000000, (0x10, 0): 0xF0000000}


def test_hvmloader_does_not_take_a_placed_2g_bar_of_32_bits_off_its_total():
    low = Function(0x18, 0x10DE, 1, 0x030200, (Bar(0, 2 * GIB, "mem"),))
    igd = replace(IGD, bars=(Bar(0, 4 * MIB, "mem", True),))
    assert hvmloader.place(replace(REQUEST, functions=(igd,))).bars == {(0x10, 0): 0xF0000000}
    out = hvmloader.place(replace(REQUEST, functions=(igd, low)))
    assert (0x18, 0) not in out.bars  # 80000000-FC000000 is too short
    assert out.bars[0x10, 0] == 0x100000000  # 2 GiB are still missing, so what can go high does


def test_hvmloader_keeps_the_alignment_of_a_bar_that_does_not_fit_above_ram():
    huge = Function(0x18, 0x10DE, 1, 0x030200, (Bar(0, 64 * GIB, "pref", True), Bar(2, 2 * GIB, "pref", True)))
    out = hvmloader.place(replace(REQUEST, functions=(huge,), cpu=Cpu(phys_bits=36)))
    assert not out.bars  # the cursor is at 64 GiB, the end of 36 bits
    assert hvmloader.place(replace(REQUEST, functions=(huge,), cpu=Cpu(phys_bits=37))).bars == {
        (0x18, 0): 0x1000000000
    }  # fmt: skip


def test_hvmloader_maps_its_acpi_tables_and_the_opregion_as_a_guest_prints_them():
    """The rows of an IGD's guest on xen-devel (C. Zmudzinski, 2022-03-31), whose tables end one page earlier."""
    upper = [row for row in hvmloader.place(REQUEST).e820 if row[0] >= 0xFC000000]
    assert upper == [
        (0xFC000000, 0xFC00B000, "NVS"), (0xFC00B000, 0xFDFFC000, "RESERVED"),
        (0xFDFFC000, 0xFDFFF000, "NVS"), (0xFDFFF000, 0x100000000, "RESERVED"),
    ]  # fmt: skip


def test_hvmloader_lets_the_primary_vga_decode_ports():
    vga = Function(0x20, 0x1234, 0x1111, 0x030000, (Bar(0, 16 * MIB, "pref"),))
    igd = replace(IGD, bars=(Bar(0, 4 * MIB, "mem", True),))
    assert hvmloader.place(replace(REQUEST, functions=(igd,))).command == {0x10: 7}
    out = hvmloader.place(replace(REQUEST, functions=(igd, vga)))
    assert out.command == {0x10: 6, 0x20: 7}  # the emulated one is primary, wherever it is
    assert out.asls  # but the IGD was met first


def test_hvmloader_is_for_the_i440fx():
    with pytest.raises(FwsimError, match="i440fx only"):
        hvmloader.place(replace(REQUEST, machine="q35"))


def test_bhyve_takes_stolen_memory_first_and_warns_where_it_moves_it():
    host = Host(bdsm=0x8C000000, bdsm_size=64 * MIB, asls=0x7A000018, gen=9)
    out = bhyve.place(replace(REQUEST, host=host))
    assert (out.bdsm, out.asls) == ({0x10: 0x7C000000}, {0x10: 0x7A000018})
    assert out.warnings == [
        "Warning: Unable to reuse host address of Graphics Stolen Memory. GPU passthrough might not work properly. "
        "(0x7c000000 instead of 0x8c000000)"
    ]
    assert (0x7A000018, 0x7A002018, "NVS") in out.e820
    wide = bhyve.place(replace(REQUEST, host=replace(host, gen=11)))
    assert wide.bdsm_register == {0x10: 0xC0}


def test_bhyve_without_room_does_not_start_the_guest():
    """pci_gvt-d.c: gvt_d_init fails, and with it the device and the guest."""
    host = Host(bdsm=0x8C000000, bdsm_size=4 * GIB, asls=0x7A000018, gen=9)
    out = bhyve.place(replace(REQUEST, host=host))
    assert not out.asls
    assert out.boot.startswith("gvt_d_setup_gsm: Unable to add Graphics Stolen Memory to E820 table (hpa 0x8c000000")
    assert out.warnings[1] == "gvt_d_init: Unable to setup Graphics Stolen Memory"


def test_acrn_abandons_the_set_up_for_a_size_it_does_not_know():
    out = acrn.place(replace(REQUEST, functions=(replace(IGD, ggc=0x11C1),)))
    assert not out.asls
    assert "abandoned" in out.warnings[0]


def test_acrn_reserves_opregion_and_stolen_memory_in_one_entry():
    host = Host(bdsm=0x8C000000, bdsm_raw=0x8C000001, asls=0x7A000018, gen=9)
    out = acrn.place(replace(REQUEST, functions=(replace(IGD, ggc=0x2C1),), host=host))
    assert (0x7BFFB000, 0x80000000, "RESERVED") in out.e820
    assert out.asls == {0x10: 0x7BFFB018}


def test_crosvm_shows_no_stolen_memory():
    out = crosvm.place(REQUEST)
    assert not out.bdsm
    assert 0xD0000000 <= out.asls[0x10] < 0xF4000000


def test_bdf_text_there_and_back():
    assert format_bdf(parse_bdf("0000:01:1f.7")) == "01:1f.7"
    with pytest.raises(FwsimError, match="not a PCI address"):
        parse_bdf("slot two")


def test_a_rom_of_no_length_is_refused():
    assert not optionrom.judge_header(0xAA55, 0, 0).accepted
