"""Pictures against what the manual says each mode shows; every expected pixel is worked out by hand."""

import numpy as np
from vga_rig import Rig

from fwsim.devices.vga.linear import linear_rgb
from fwsim.devices.vga.render import render
from fwsim.devices.vga.state import KIND_CIRRUS, Vga
from fwsim.devices.vga.text import text_of
from fwsim.units import MIB

LEFT_BAR = bytes([0x80] * 16)


def _colours(rig: Rig) -> None:
    """The DAC entries the tests use: index n is (n, 0, 3Fh - n)."""
    for index in range(64):
        rig.colour(index, index, 0, 0x3F - index)


def _rgb(index: int) -> tuple[int, int, int]:
    """The eight-bit colour of entry ``index``: 3Fh is 255, rounded."""
    return (round(index * 255 / 63), 0, round((63 - index) * 255 / 63))


def _text_rig() -> Rig:
    rig = Rig()
    rig.set_mode(0x03)
    _colours(rig)
    rig.load_font(0x41, LEFT_BAR)
    rig.load_font(0xC4, bytes([0] * 7 + [0xFF] + [0] * 8))
    return rig


def test_mode_3_is_720_by_400_with_glyphs_colours_and_attributes():
    rig = _text_rig()
    rig.crtc(0x0A, 0x20)  # cursor off
    for cell in range(2000):
        rig.write(0xB8000 + 2 * cell, 0x0720, 2)
    rig.write(0xB8000 + 2 * (80 + 2), 0x1E41, 2)  # yellow on blue, row 1, column 2
    picture = render(rig.vga)
    assert (picture.mode, picture.width, picture.height) == ("text 80x25", 720, 400)
    assert picture.rgb.shape == (400, 720, 3)
    cell = picture.rgb[16:32, 18:27]
    assert {tuple(int(v) for v in dot) for dot in cell[:, 0]} == {_rgb(0x3E)}  # attribute 0Eh: palette register 3Eh
    assert {tuple(int(v) for v in dot) for dot in cell[:, 1:].reshape(-1, 3)} == {_rgb(0x01)}
    assert tuple(picture.rgb[0, 0]) == _rgb(0)


def test_line_graphics_reach_into_the_ninth_dot_and_others_do_not():
    rig = _text_rig()
    rig.crtc(0x0A, 0x20)
    rig.load_font(0x42, bytes([0xFF] * 16))
    rig.write(0xB8000, 0x0742_07C4, 4)
    line = render(rig.vga).rgb[7]
    assert tuple(line[8]) == _rgb(7)
    assert tuple(line[9]) == _rgb(7)
    assert tuple(line[17]) == _rgb(0)


def test_attribute_bit_7_is_bright_background_without_blink():
    rig = _text_rig()
    rig.crtc(0x0A, 0x20)
    rig.write(0xB8000, 0xC020, 2)
    assert tuple(render(rig.vga).rgb[0, 0]) == _rgb(4)
    rig.attr(0x30, 0x04)
    assert tuple(render(rig.vga).rgb[0, 0]) == _rgb(0x3C)


def test_the_cursor_covers_its_scan_lines_at_its_cell():
    rig = _text_rig()
    for cell in range(2000):
        rig.write(0xB8000 + 2 * cell, 0x0720, 2)
    rig.crtc(0x0E, 0x00)
    rig.crtc(0x0F, 81)
    lit = np.argwhere(render(rig.vga).rgb[:, :, 0] == _rgb(7)[0])
    assert {int(row) for row in lit[:, 0]} == {16 + 13, 16 + 14}
    assert (int(lit[:, 1].min()), int(lit[:, 1].max())) == (9, 17)


def test_the_second_font_serves_attribute_bit_3():
    rig = _text_rig()
    rig.load_font(0x41, bytes([0x01] * 16), at=0x4000)
    rig.seq(3, 0x04)  # map A = 1 (16 KiB) for bit 3 set, map B = 0
    rig.write(0xB8000, 0x0F41_0741, 4)
    line = render(rig.vga).rgb[0]
    assert tuple(line[0]) == _rgb(7)
    assert tuple(line[9]) == _rgb(0)
    assert tuple(line[9 + 7]) == _rgb(0x3F)


def test_smooth_scrolling_moves_text_by_dots_and_lines():
    rig = _text_rig()
    rig.crtc(0x0A, 0x20)
    rig.write(0xB8000 + 2 * 81, 0x0741, 2)  # row 1, column 1: its left bar is at x = 9, y = 16 to 31
    rig.crtc(0x08, 3)  # three lines up
    rig.attr(0x33, 1)  # nine-dot panning 1: two dots to the left
    lit = np.argwhere(render(rig.vga).rgb[:, :, 0] == _rgb(7)[0])
    assert (int(lit[:, 0].min()), int(lit[:, 0].max())) == (13, 28)
    assert {int(column) for column in lit[:, 1]} == {7}


def test_text_of_reads_the_screen_from_its_start_address():
    rig = _text_rig()
    for cell, code in enumerate(b"Hello, world"):
        rig.write(0xB8000 + 2 * (80 * 3 + cell), 0x0700 | code, 2)
    assert text_of(rig.vga)[3] == "Hello, world"
    assert len(text_of(rig.vga)) == 25
    rig.crtc(0x0D, 240)
    assert text_of(rig.vga)[0] == "Hello, world"
    rig.write(0xB8000 + 2 * 240, 0x07DB, 2)
    assert text_of(rig.vga)[0] == "█ello, world"


def test_mode_12h_makes_one_colour_of_four_planes():
    rig = Rig()
    rig.set_mode(0x12)
    _colours(rig)
    rig.vga.planes[80 * 2 + 1] = (0x80, 0x40, 0x80, 0x01)
    picture = render(rig.vga)
    assert (picture.mode, picture.width, picture.height) == ("planar 640x480", 640, 480)
    assert tuple(picture.rgb[2, 8]) == _rgb(5)  # planes 0 and 2
    assert tuple(picture.rgb[2, 9]) == _rgb(2)
    assert tuple(picture.rgb[2, 15]) == _rgb(0x38)  # colour 8: palette register 38h
    assert tuple(picture.rgb[2, 10]) == _rgb(0)


def test_the_split_screen_starts_over_at_address_0():
    rig = Rig()
    rig.set_mode(0x12)
    _colours(rig)
    rig.crtc(0x0C, 0x50)
    rig.vga.planes[0] = (0xFF, 0, 0, 0)
    rig.crtc(0x18, 99)  # line compare 99: line 100 shows address 0
    rig.crtc(0x07, 0x2E)
    rig.crtc(0x09, 0x00)
    picture = render(rig.vga)
    assert tuple(picture.rgb[100, 0]) == _rgb(1)
    assert tuple(picture.rgb[99, 0]) == _rgb(0)


def test_mode_13h_is_320_by_200_bytes():
    rig = Rig()
    rig.set_mode(0x13)
    for index in range(256):
        rig.colour(index, index >> 2, 0, 0)
    for x, value in ((0, 4), (1, 8), (319, 252)):
        rig.write(0xA0000 + 320 * 199 + x, value)
    picture = render(rig.vga)
    assert (picture.mode, picture.width, picture.height) == ("256-colour 320x200", 320, 200)
    assert [int(picture.rgb[199, x, 0]) for x in (0, 1, 2, 319)] == [round(n * 255 / 63) for n in (1, 2, 0, 63)]


def test_mode_x_shows_unchained_planes_in_byte_mode():
    rig = Rig()
    rig.set_mode(0x13)
    for index in range(256):
        rig.colour(index, index >> 2, 0, 0)
    rig.seq(4, 0x06)
    rig.crtc(0x14, 0x00)
    rig.crtc(0x17, 0xE3)
    rig.seq(2, 0b0100)
    rig.write(0xA0000 + 80 + 3, 0xFC)  # line 1, x = 3 * 4 + 2
    picture = render(rig.vga)
    assert int(picture.rgb[1, 14, 0]) == 255
    assert int(picture.rgb.sum()) == 255


def test_cga_mode_4_interleaves_lines_and_packs_two_bits():
    rig = Rig()
    rig.set_mode(0x04)
    _colours(rig)
    rig.write(0xB8000, 0b00_01_10_11)
    rig.write(0xB8001, 0b11_00_00_00)
    rig.write(0xBA000, 0b10_00_00_00)  # the odd lines lie 8 KiB above
    rig.write(0xB8050, 0b01_00_00_00)  # line 2
    picture = render(rig.vga)
    assert (picture.mode, picture.width, picture.height) == ("cga 320x200", 320, 200)
    assert [tuple(int(v) for v in dot) for dot in picture.rgb[0, :5]] == [
        _rgb(0),
        _rgb(0x13),
        _rgb(0x15),
        _rgb(0x17),
        _rgb(0x17),
    ]
    assert tuple(picture.rgb[1, 0]) == _rgb(0x15)
    assert tuple(picture.rgb[2, 0]) == _rgb(0x13)


def test_256_colour_panning_counts_in_half_pixels():
    rig = Rig()
    rig.set_mode(0x13)
    rig.colour(9, 0x3F, 0, 0)
    rig.write(0xA0003, 9)
    rig.attr(0x33, 4)
    assert int(render(rig.vga).rgb[0, 1, 0]) == 255


def test_a_blanked_screen_is_black():
    rig = Rig()
    rig.set_mode(0x12)
    _colours(rig)
    rig.seq(1, 0x21)
    picture = render(rig.vga)
    assert (picture.mode, picture.width, picture.height) == ("blank", 640, 480)
    assert not picture.rgb.any()


def test_the_pixel_mask_and_colour_select_reach_the_dac():
    rig = Rig()
    rig.set_mode(0x12)
    for index in range(256):
        rig.colour(index, index >> 2, 0, 0)
    rig.attr(0x34, 0x0C)  # P7 and P6 of every index
    assert int(render(rig.vga).rgb[0, 0, 0]) == round(48 * 255 / 63)
    rig.attr(0x30, 0x81)
    rig.attr(0x34, 0x0A)  # and now P5 and P4 too: A0h
    assert int(render(rig.vga).rgb[0, 0, 0]) == round(40 * 255 / 63)
    rig.out(0x3C6, 0x7F)
    assert int(render(rig.vga).rgb[0, 0, 0]) == round(8 * 255 / 63)


def test_linear_pixels_of_every_depth():
    palette = np.zeros((256, 3), np.uint8)
    palette[7] = (1, 2, 3)

    def one(data: bytes, bpp: int) -> tuple[int, ...]:
        memory = np.frombuffer(data.ljust(16, b"\0"), np.uint8)
        return tuple(int(value) for value in linear_rgb(memory, 0, len(data), 1, 1, bpp, palette)[0, 0])

    assert one(b"\x07", 8) == (1, 2, 3)
    assert one((0x1F << 10).to_bytes(2, "little"), 15) == (255, 0, 0)
    assert one((0x1F << 11 | 0x3F << 5).to_bytes(2, "little"), 16) == (255, 255, 0)
    assert one((0x10).to_bytes(2, "little"), 16) == (0, 0, round(16 * 255 / 31))
    assert one(bytes([3, 2, 1]), 24) == (1, 2, 3)
    assert one(bytes([3, 2, 1, 99]), 32) == (1, 2, 3)


def test_a_cirrus_extended_mode_has_its_own_start_and_pitch():
    rig = Rig(Vga(KIND_CIRRUS, 4 * MIB))
    rig.set_mode(0x12)
    rig.seq(7, 0x17)
    for _ in range(4):
        rig.inp(0x3C6)
    rig.out(0x3C6, 0xC1)  # 5:6:5
    rig.crtc(0x13, 0xA0)  # 1280 bytes
    rig.crtc(0x1B, 0x23)  # start address bit 16
    rig.vga.vram[0x10000 * 4 + 1280 * 3 + 2 : 0x10000 * 4 + 1280 * 3 + 4] = (0x00, 0xF8)
    picture = render(rig.vga)
    assert (picture.mode, picture.width, picture.height) == ("cirrus 640x480x16", 640, 480)
    assert tuple(picture.rgb[3, 1]) == (255, 0, 0)
    assert int(picture.rgb.sum()) == 255
