"""A0000-BFFFF against the IBM VGA manual's tables of memory maps, chains, read and write modes."""

import numpy as np
import pytest
from vga_rig import Rig

from fwsim.devices.vga.state import KIND_CIRRUS, KIND_IGD, V_PAGE_COUNT, V_PAGES, V_USED, Vga
from fwsim.native import address_of
from fwsim.units import MIB


@pytest.fixture
def planar() -> Rig:
    rig = Rig()
    rig.set_mode(0x12)
    return rig


@pytest.mark.parametrize(
    ("select", "inside", "outside"),
    [
        (0, [0xA0000, 0xAFFFF, 0xB0000, 0xBFFFF], []),
        (1, [0xA0000, 0xAFFFF], [0xB0000, 0xB8000, 0xBFFFF]),
        (2, [0xB0000, 0xB7FFF], [0xA0000, 0xAFFFF, 0xB8000]),
        (3, [0xB8000, 0xBFFFF], [0xA0000, 0xB0000, 0xB7FFF]),
    ],
)
def test_memory_map_select(planar, select, inside, outside):
    planar.gfx(6, select << 2 | 1)
    for address in inside:
        planar.write(address, 0x5A)
        assert planar.read(address) == 0x5A
    for address in outside:
        planar.write(address, 0x5A)
        assert planar.read(address) == 0xFF


def test_each_map_starts_at_plane_address_0(planar):
    for select, base in ((1, 0xA0000), (2, 0xB0000), (3, 0xB8000)):
        planar.gfx(6, select << 2 | 1)
        planar.write(base, select)
        assert planar.vga.planes[0, 0] == select


def test_without_ram_enable_the_bus_is_open(planar):
    planar.out(0x3C2, 0xE1)
    planar.write(0xA0000, 0)
    assert planar.read(0xA0000, 4) == 0xFFFFFFFF


def test_map_mask_chooses_the_planes_written(planar):
    planar.seq(2, 0b0101)
    planar.write(0xA0003, 0xFF)
    assert list(planar.vga.planes[3]) == [0xFF, 0, 0xFF, 0]


def test_read_map_select(planar):
    planar.vga.planes[9] = (1, 2, 3, 4)
    for plane in range(4):
        planar.gfx(4, plane)
        assert planar.read(0xA0009) == plane + 1


def test_a_wide_access_is_as_many_bytes(planar):
    planar.write(0xA0010, 0x8877665544332211, 8)
    assert list(planar.vga.planes[0x10:0x18, 1]) == [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]
    assert planar.read(0xA0011, 2) == 0x3322


# Write mode 0 by hand: data 0xA5, latches F0 0F CC 33.
LATCHES = (0xF0, 0x0F, 0xCC, 0x33)


def _with_latches(rig: Rig) -> None:
    rig.vga.planes[0] = LATCHES
    rig.read(0xA0000)


@pytest.mark.parametrize(
    ("registers", "expected"),
    [
        ({}, (0xA5, 0xA5, 0xA5, 0xA5)),
        ({3: 0x04}, (0x5A, 0x5A, 0x5A, 0x5A)),  # rotated right by four
        ({3: 0x01}, (0xD2, 0xD2, 0xD2, 0xD2)),  # by one
        ({3: 0x08}, (0xA0, 0x05, 0x84, 0x21)),  # AND with the latches
        ({3: 0x10}, (0xF5, 0xAF, 0xED, 0xB7)),  # OR
        ({3: 0x18}, (0x55, 0xAA, 0x69, 0x96)),  # XOR
        ({0: 0b0010, 1: 0b0011}, (0x00, 0xFF, 0xA5, 0xA5)),  # set/reset for planes 0 and 1
        ({8: 0x0F}, (0xF5, 0x05, 0xC5, 0x35)),  # bit mask: the upper four bits from the latches
        ({0: 0b1000, 1: 0b1111, 8: 0x80, 3: 0x10}, (0xF0, 0x0F, 0xCC, 0xB3)),
    ],
)
def test_write_mode_0(planar, registers, expected):
    _with_latches(planar)
    for index, value in registers.items():
        planar.gfx(index, value)
    planar.write(0xA0100, 0xA5)
    assert tuple(planar.vga.planes[0x100]) == expected


def test_write_mode_1_copies_the_latches(planar):
    _with_latches(planar)
    planar.gfx(5, 1)
    planar.gfx(8, 0)
    planar.seq(2, 0b0110)
    planar.write(0xA0100, 0xA5)
    assert tuple(planar.vga.planes[0x100]) == (0, 0x0F, 0xCC, 0)


def test_write_mode_2_paints_the_colour_in_the_low_bits(planar):
    _with_latches(planar)
    planar.gfx(5, 2)
    planar.gfx(8, 0x3C)
    planar.write(0xA0100, 0xF6)  # colour 6: planes 1 and 2
    assert tuple(planar.vga.planes[0x100]) == (0xC0, 0x3F, 0xFC, 0x03)


def test_write_mode_3_masks_with_the_rotated_data(planar):
    _with_latches(planar)
    planar.gfx(5, 3)
    planar.gfx(0, 0b0101)
    planar.gfx(3, 0x04)
    planar.gfx(8, 0xF8)
    planar.write(0xA0100, 0xF0)  # rotated by four: 0F; with the bit mask: 08
    assert tuple(planar.vga.planes[0x100]) == (0xF8, 0x07, 0xCC, 0x33)


def test_read_mode_1_compares_colours(planar):
    planar.vga.planes[0] = (0b11001100, 0b10101010, 0b11110000, 0b00000000)
    planar.gfx(5, 8)
    planar.gfx(2, 0b0111)
    planar.gfx(7, 0b1111)
    assert planar.read(0xA0000) == 0b10000000  # all of planes 0, 1, 2 set and 3 clear
    planar.gfx(7, 0b0011)
    assert planar.read(0xA0000) == 0b10001000
    planar.gfx(7, 0)
    assert planar.read(0xA0000) == 0xFF


def test_text_lands_in_planes_0_and_1_at_even_addresses():
    rig = Rig()
    rig.set_mode(0x03)
    rig.write(0xB8000, 0x1F41, 2)  # white on blue A
    rig.write(0xB8002, 0x42)
    rig.write(0xB8FA1, 0x70)
    assert list(rig.vga.planes[0]) == [0x41, 0x1F, 0, 0]
    assert list(rig.vga.planes[1]) == [0, 0, 0, 0]
    assert list(rig.vga.planes[2]) == [0x42, 0, 0, 0]
    assert list(rig.vga.planes[0xFA0]) == [0, 0x70, 0, 0]
    assert rig.read(0xB8000, 4) == 0x00421F41
    assert rig.read(0xB0000) == 0xFF


def test_odd_even_in_the_128k_map_takes_a16_for_a0():
    rig = Rig()
    rig.set_mode(0x03)
    rig.gfx(6, 0x02)
    rig.write(0xA0004, 0x11)
    rig.write(0xB0004, 0x22)
    assert rig.vga.planes[4, 0] == 0x11
    assert rig.vga.planes[5, 0] == 0x22


def test_fonts_load_into_plane_2_in_flat_addresses():
    rig = Rig()
    rig.set_mode(0x03)
    rig.load_font(0x41, bytes(range(16)))
    assert list(rig.vga.planes[0x41 * 32 : 0x41 * 32 + 16, 2]) == list(range(16))
    assert not rig.vga.planes[:, (0, 1, 3)].any()


def test_chain_4_puts_each_pixel_into_the_plane_of_its_low_bits():
    rig = Rig()
    rig.set_mode(0x13)
    rig.write(0xA0000, 0x04030201, 4)
    rig.write(0xA0007, 0x88)
    assert list(rig.vga.planes[0]) == [1, 2, 3, 4]
    assert list(rig.vga.planes[4]) == [0, 0, 0, 0x88]
    assert not rig.vga.planes[1].any()
    assert rig.read(0xA0004, 4) == 0x88000000
    rig.seq(2, 0b0001)  # the map mask still counts
    rig.write(0xA0008, 0xFFFFFFFF, 4)
    assert list(rig.vga.planes[8]) == [0xFF, 0, 0, 0]


def test_cirrus_bank_steps_of_16k_and_two_windows():
    rig = Rig(Vga(KIND_CIRRUS, 4 * MIB))
    rig.out(0x3C2, 0x67)
    rig.gfx(6, 5)
    rig.seq(7, 0x11)  # extended 8-bit mode
    rig.gfx(0x0B, 0x20)
    rig.gfx(0x09, 3)
    rig.write(0xA0001, 0xAB)
    rig.write(0xA8001, 0xCD)
    assert rig.vga.vram[3 * 0x4000 + 1] == 0xAB
    assert rig.vga.vram[3 * 0x4000 + 0x8001] == 0xCD
    rig.gfx(0x0B, 0x21)
    rig.gfx(0x0A, 0x40)  # the second window has its own bank: 1 MiB
    rig.write(0xA8001, 0xEF)
    assert rig.vga.vram[MIB + 1] == 0xEF
    rig.gfx(0x0B, 0x00)  # 4 KiB steps
    assert rig.read(0xA0000 + 0x9001) == 0xAB


def test_igd_window_goes_through_the_page_table():
    backing = np.zeros(0x40000, np.uint8)
    table = np.array([address_of(backing) + 0x1000 * page for page in range(0x20)], np.uint64)
    table[0x11] = 0
    rig = Rig(Vga(KIND_IGD))
    rig.vga.block[V_PAGES] = address_of(table)
    rig.vga.block[V_PAGE_COUNT] = len(table)
    rig.set_mode(0x13)
    rig.gfx(0x11, 1)
    rig.gfx(0x10, 1)
    rig.write(0xA0004, 0x44332211, 4)
    rig.write(0xAFFFE, 0xBEEF, 2)
    assert list(backing[0x10004:0x10008]) == [0x11, 0x22, 0x33, 0x44]
    assert list(backing[0x1FFFE:0x20000]) == [0xEF, 0xBE]
    assert rig.read(0xA0005, 2) == 0x3322
    rig.write(0xA1000, 0x12345678, 4)  # nothing is behind this page
    assert rig.read(0xA1000, 4) == 0xFFFFFFFF
    rig.gfx(0x11, 2)  # past the table
    assert rig.read(0xA0000) == 0xFF
    rig.gfx(0x10, 0)
    rig.write(0xA0000, 0x99)
    assert rig.vga.planes[0, 0] == 0x99


# --- many writes at once ---------------------------------------------------------------------------------------------
def test_a_fill_goes_to_the_planes_of_the_map_mask(planar):
    planar.seq(2, 0b1010)
    planar.fill(0xA0010, 0x2211, 2, 3)
    assert list(planar.vga.planes[0xF:0x17, 1]) == [0, 0x11, 0x22, 0x11, 0x22, 0x11, 0x22, 0]
    assert list(planar.vga.planes[0xF:0x17, 3]) == [0, 0x11, 0x22, 0x11, 0x22, 0x11, 0x22, 0]
    assert not planar.vga.planes[:, (0, 2)].any()


def test_a_fill_changes_banks_in_the_middle_of_the_window_and_planes_follow_it():
    rig = Rig(Vga(KIND_CIRRUS, 4 * MIB))
    rig.out(0x3C2, 0x67)
    rig.gfx(6, 1)
    rig.seq(7, 0x11)
    rig.gfx(0x0B, 0x01)  # two banks, 4 KiB steps
    rig.gfx(0x09, 0x10)
    rig.gfx(0x0A, 0x40)
    rig.fill(0xA7FF8, 0x44332211, 4, 4)
    assert bytes(rig.vga.vram[0x17FF4:0x18004]) == bytes(4) + bytes.fromhex("1122334411223344") + bytes(4)
    assert bytes(rig.vga.vram[0x40000:0x4000C]) == bytes.fromhex("1122334411223344") + bytes(4)
    assert rig.vga.vram.astype(bool).sum() == 16


@pytest.mark.parametrize(("width", "data"), [(1, "11"), (2, "1122"), (4, "11223344")])
def test_a_fill_goes_page_by_page_through_the_table_and_tells_which_it_used(width, data):
    backing = np.zeros(0x40000, np.uint8)
    table = np.array([address_of(backing) + 0x1000 * page for page in range(0x20)], np.uint64)
    table[0x11], table[0x12] = 0, address_of(backing)
    used = np.zeros(len(table), np.uint8)
    rig = Rig(Vga(KIND_IGD))
    for word, value in ((V_PAGES, address_of(table)), (V_PAGE_COUNT, len(table)), (V_USED, address_of(used))):
        rig.vga.block[word] = value
    rig.gfx(0x11, 1)
    rig.gfx(0x10, 1)
    rig.fill(0xA0FF8, 0x44332211, width, 0x1010 // width)
    assert bytes(backing[0x10FF4:0x11000]) == bytes(4) + bytes.fromhex(data) * (8 // width)
    assert bytes(backing[:12]) == bytes.fromhex(data) * (8 // width) + bytes(4)
    assert backing.astype(bool).sum() == 16
    assert list(np.flatnonzero(used)) == [0x10, 0x11, 0x12]


def test_snapshot_and_restore_bring_everything_back():
    rig = Rig()
    rig.set_mode(0x12)
    rig.write(0xA1234, 0x77)
    rig.colour(5, 1, 2, 3)
    kept = rig.vga.snapshot()
    rig.set_mode(0x13)
    rig.write(0xA0000, 0xFFFFFFFF, 4)
    rig.colour(5, 9, 9, 9)
    rig.vga.restore(kept)
    assert list(rig.vga.planes[0x1234]) == [0x77] * 4
    assert not rig.vga.planes[0].any()
    assert list(rig.vga.dac[5]) == [1, 2, 3]
    assert rig.inp(0x3CC) == 0xE3
