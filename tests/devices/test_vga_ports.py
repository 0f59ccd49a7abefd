"""Ports 3B0-3DF against the IBM VGA manual and FreeVGA."""

import pytest
from vga_rig import Rig

from fwsim.devices.vga.state import KIND_CIRRUS, KIND_IGD, V_DAC_BITS, Vga
from fwsim.units import MIB

LINE = 31_778  # ns; 31.469 kHz


@pytest.fixture
def rig() -> Rig:
    made = Rig()
    made.out(0x3C2, 0x67)
    return made


def test_a_word_write_is_index_then_data(rig):
    rig.out(0x3D4, 0x5A0E, 2)
    assert rig.inp(0x3D4) == 0x0E
    assert rig.inp(0x3D5) == 0x5A
    assert rig.inp(0x3D4, 2) == 0x5A0E


@pytest.mark.parametrize(
    ("index_port", "index"), [(0x3CE, 0x18), (0x3C4, 0x20), (0x3D4, 0x19), (0x3D4, 0xFF), (0x3CE, 0x10), (0x3C4, 7)]
)
def test_indices_past_the_standard_ones_read_back(rig, index_port, index):
    rig.out(index_port, 0xA500 | index, 2)
    rig.out(index_port, 0)
    rig.out(index_port, index)
    assert rig.inp(index_port + 1) == 0xA5


def test_crtc_0_to_7_are_protected_by_bit_7_of_11h_but_for_line_compare(rig):
    rig.crtc(0x00, 0x5F)
    rig.crtc(0x07, 0x1F)
    rig.crtc(0x11, 0x8E)
    rig.crtc(0x00, 0x11)
    rig.crtc(0x07, 0x00)
    rig.crtc(0x08, 0x22)
    assert rig.vga.crtc[0x00] == 0x5F
    assert rig.vga.crtc[0x07] == 0x0F
    assert rig.vga.crtc[0x08] == 0x22


def test_miscellaneous_bit_0_moves_crtc_and_status_to_3bx(rig):
    rig.crtc(0x0A, 0x0D)
    assert rig.inp(0x3B5) == 0xFF
    rig.out(0x3C2, 0x66)
    assert rig.inp(0x3D5) == 0xFF
    assert rig.inp(0x3B5) == 0x0D
    assert rig.inp(0x3BA) != 0xFF


def test_reading_3da_resets_the_attribute_flip_flop(rig):
    rig.inp(0x3DA)
    rig.out(0x3C0, 0x11)
    rig.inp(0x3DA)
    rig.out(0x3C0, 0x10)
    rig.out(0x3C0, 0x4C)
    assert rig.vga.attr[0x10] == 0x4C
    assert rig.vga.attr[0x11] == 0
    rig.out(0x3C0, 0x10)
    assert rig.inp(0x3C1) == 0x4C


def test_palette_registers_take_writes_only_while_the_cpu_owns_them(rig):
    rig.attr(0x03, 0x15)
    rig.attr(0x23, 0x2A)  # bit 5: the display owns the palette
    rig.attr(0x32, 0x0F)  # but not the registers from 10h on
    assert rig.vga.attr[0x03] == 0x15
    assert rig.vga.attr[0x12] == 0x0F


def test_retraces_by_virtual_time(rig):
    rig.at_time(100 * LINE + 1000)  # in the middle of a visible line
    assert rig.inp(0x3DA) & 9 == 0
    rig.at_time(100 * LINE + 30_000)  # past dot 640 of 800
    assert rig.inp(0x3DA) & 9 == 1
    rig.at_time(485 * LINE + 1000)  # below the picture, before the sync pulse
    assert rig.inp(0x3DA) & 9 == 1
    rig.at_time(490 * LINE + 1000)
    assert rig.inp(0x3DA) & 9 == 9
    rig.at_time((525 + 490) * LINE + 1000)  # one frame later: 60 Hz
    assert rig.inp(0x3DA) & 9 == 9


def test_dac_steps_through_components_and_entries(rig):
    rig.out(0x3C8, 0xFF)
    for level in (1, 2, 0xFF, 4, 5, 6):
        rig.out(0x3C9, level)
    assert rig.inp(0x3C8) == 1
    assert rig.inp(0x3C7) == 0
    assert list(rig.vga.dac[0xFF]) == [1, 2, 0x3F]
    assert list(rig.vga.dac[0]) == [4, 5, 6]
    rig.out(0x3C7, 0xFF)
    assert rig.inp(0x3C7) == 3
    assert [rig.inp(0x3C9) for _ in range(6)] == [1, 2, 0x3F, 4, 5, 6]


def test_an_entry_changes_when_blue_is_written(rig):
    rig.colour(7, 1, 2, 3)
    rig.out(0x3C8, 7)
    rig.out(0x3C9, 0x3F)
    rig.out(0x3C9, 0x3F)
    assert list(rig.vga.dac[7]) == [1, 2, 3]


def test_an_eight_bit_dac_keeps_all_bits(rig):
    rig.vga.block[V_DAC_BITS] = 8
    rig.colour(1, 0xFF, 0x80, 0x41)
    assert list(rig.vga.dac[1]) == [0xFF, 0x80, 0x41]


def test_switch_sense_tells_a_monitor_by_the_dac_level(rig):
    rig.colour(0, 0x3F, 0x3F, 0x3F)
    assert rig.inp(0x3C2) & 0x10
    rig.colour(0, 4, 4, 4)
    assert not rig.inp(0x3C2) & 0x10
    rig.colour(0, 0x3F, 0x3F, 0x3F)
    rig.vga.set_monitor(None)
    assert not rig.inp(0x3C2) & 0x10


def test_22h_reads_the_latch_of_the_selected_plane(rig):
    rig.set_mode(0x12)
    rig.vga.planes[0] = (0x11, 0x22, 0x33, 0x44)
    rig.read(0xA0000)
    rig.gfx(4, 2)
    rig.out(0x3D4, 0x22)
    assert rig.inp(0x3D5) == 0x33


def test_nothing_answers_between_the_ports(rig):
    assert rig.inp(0x3D8) == 0xFF
    assert rig.inp(0x3CB) == 0xFF
    assert rig.inp(0x3BC) == 0xFF


def test_igd_pages_leave_the_other_graphics_registers_alone():
    rig = Rig(Vga(KIND_IGD))
    rig.gfx(0x10, 1)
    rig.gfx(0x11, 0x30)
    rig.out(0x3CE, 0x11)
    assert rig.inp(0x3CF) == 0x30


def test_cirrus_lock_reads_12h_when_open_and_0fh_when_not():
    rig = Rig(Vga(KIND_CIRRUS, 4 * MIB))
    rig.seq(6, 0x92)  # bits 7:5 and 3 do not matter
    assert rig.inp(0x3C5) == 0x12
    rig.seq(6, 0)
    assert rig.inp(0x3C5) == 0x0F


def test_cirrus_hidden_dac_is_behind_four_reads_of_the_pixel_mask():
    rig = Rig(Vga(KIND_CIRRUS, 4 * MIB))
    rig.out(0x3C6, 0xFF)
    for _ in range(4):
        assert rig.inp(0x3C6) == 0xFF
    rig.out(0x3C6, 0xE1)
    assert rig.inp(0x3C6) == 0xFF
    for _ in range(3):
        rig.inp(0x3C6)
    assert rig.inp(0x3C6) == 0xE1
    rig.inp(0x3C6)
    rig.inp(0x3C8)  # any other port starts the count again
    rig.out(0x3C6, 0x7F)
    assert rig.inp(0x3C6) == 0x7F


def test_cirrus_says_4_mib_and_gd5446():
    rig = Rig(Vga(KIND_CIRRUS, 4 * MIB))
    rig.out(0x3C2, 0x67)
    rig.out(0x3C4, 0x0F)
    assert rig.inp(0x3C5) & 0x98 == 0x98  # bits 4:3 = 3 and bank switching: 4 MiB
    rig.out(0x3D4, 0x27)
    assert rig.inp(0x3D5) == 0xB8
