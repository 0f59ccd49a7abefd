"""Registers as real vBIOS images leave them; pixels put in memory byte by byte, the picture told by hand."""

import numpy as np
import pytest

from fwsim.devices.igd import planes
from fwsim.devices.igd.device import Igd
from fwsim.devices.igd.scanout import HATCH, pixel_places, scan
from fwsim.devices.vga.state import KIND_IGD, V_DAC_BITS, Vga
from fwsim.native import address_of
from fwsim.registers.families import family

PAGE = 4096
ON = 1 << 31
BGRX = ON | 6 << 26


class Rig:
    """A hand-made IGD: registers put in by number, ``memory`` (what DMA reaches) at bus address ``bus``."""

    def __init__(self, cpu="sandybridge", size=4 << 20, bus=0x7DA00000, gtt=2 << 20):
        self.igd = Igd(family(cpu), {}, gtt)
        self.vga = Vga(KIND_IGD)
        self.memory = np.zeros(size + PAGE, np.uint8)
        self.start = -address_of(self.memory) % PAGE
        self.bus = bus

    @property
    def bytes(self):
        return self.memory[self.start : self.start + len(self.memory) - PAGE]

    def put(self, **registers):
        """``at_70180=...``"""
        for name, value in registers.items():
            self.igd.mmio[int(name[3:], 16) >> 2] = value

    def map(self, page, target, host=None):
        """GTT entry ``page`` points at bus address ``target``; ``host``: offset in memory, None: DMA finds nothing."""
        self.entry(page, target | 1)
        self.igd.pages[page] = 0 if host is None else address_of(self.memory) + self.start + host

    def entry(self, page, value):
        if self.igd.family.pte_width == 8:
            self.igd.gtt[2 * page : 2 * page + 2] = value & 0xFFFFFFFF, value >> 32
        else:
            self.igd.gtt[page] = value

    def map_all(self, pages):
        for page in range(pages):
            self.map(page, self.bus + page * PAGE, page * PAGE)


def plane(rig, width, height, stride, control=BGRX):
    """Pipe A with its primary plane, as gen 6 images program it for 118h."""
    size = (width - 1) << 16 | (height - 1)
    rig.put(at_41000=ON, at_70008=ON, at_6001C=size, at_70180=control, at_70188=stride)


def test_one_megapixel_of_32_bits():
    rig = Rig()
    rig.map_all(768)
    plane(rig, 1024, 768, 4096)
    rig.bytes[:4] = 0x11, 0x22, 0x33, 0x44  # blue, green, red, nothing
    rig.bytes[767 * 4096 + 1023 * 4 : 768 * 4096] = 0xAA, 0xBB, 0xCC, 0
    shown = scan(rig.igd, rig.vga)
    assert (shown.source, shown.width, shown.height, shown.stride, shown.base) == ("plane", 1024, 768, 4096, 0)
    assert shown.format == "XRGB8888"
    assert shown.mode == "plane A 1024x768 XRGB8888"
    assert shown.rgb.shape == (768, 1024, 3)
    assert shown.rgb[0, 0].tolist() == [0x33, 0x22, 0x11]
    assert shown.rgb[767, 1023].tolist() == [0xCC, 0xBB, 0xAA]
    assert not shown.rgb[0, 1:].any()
    assert (shown.refused, shown.invalid, shown.unreadable_pages) == ([], [], 0)


def test_stride_surface_and_linear_offset():
    rig = Rig()
    rig.map_all(300)
    plane(rig, 640, 480, 2560 + 64)
    rig.put(at_7019C=0x3000 | 0x4, at_70184=0x1008)
    rig.bytes[0x4008 + 2624 * 7 + 4 * 5] = 0xFF
    shown = scan(rig.igd, rig.vga)
    assert shown.base == 0x4008
    assert np.argwhere(shown.rgb).tolist() == [[7, 5, 2]]
    assert shown.invalid == [page * PAGE for page in range(300, (0x4008 + 2624 * 479 + 2559) // PAGE + 1)]


def test_pages_in_any_order():
    rig = Rig()
    for page in range(4):
        rig.map(page, rig.bus + (3 - page) * PAGE, (3 - page) * PAGE)
        rig.bytes[page * PAGE : (page + 1) * PAGE] = page + 1
    plane(rig, 1024, 4, 4096)
    assert scan(rig.igd, rig.vga).rgb[:, 0, 0].tolist() == [4, 3, 2, 1]


def test_refused_pages_are_hatched_and_named_with_their_bus_address():
    rig = Rig()
    rig.map_all(8)
    rig.bytes[:] = 0xFF
    rig.map(2, 0xDBA02000)
    rig.map(5, 0x4_DBA05000 & 0xFFFFF000 | 4 << 4)  # gen 6: address bits 35:32 in entry bits 7:4
    rig.entry(6, rig.bus)  # valid bit clear
    rig.igd.pages[6] = 0
    plane(rig, 1024, 8, 4096)
    shown = scan(rig.igd, rig.vga)
    assert shown.refused == [(0x2000, 0xDBA02000), (0x5000, 0x4_DBA05000)]
    assert shown.invalid == [0x6000]
    assert shown.unreadable_pages == 3
    assert {tuple(colour) for colour in shown.rgb[2].tolist()} == set(HATCH)
    assert shown.rgb[2, 0].tolist() != shown.rgb[2, 8].tolist()
    assert not shown.rgb[6].any()
    assert (shown.rgb[[0, 1, 3, 4, 7]] == 255).all()


def test_only_pages_with_pixels_are_read():
    rig = Rig()
    rig.map(0, 0xDBA00000)
    rig.map(4, 0xDBA04000)
    plane(rig, 16, 2, 0x4000)
    shown = scan(rig.igd, rig.vga)
    assert [page for page, _ in shown.refused] == [0, 0x4000]
    assert shown.invalid == []


@pytest.mark.parametrize(
    ("code", "data", "colours"),
    [
        (5, b"\x00\xf8\xe0\x07\x1f\x00", [(255, 0, 0), (0, 255, 0), (0, 0, 255)]),
        (4, b"\x00\x7c\xe0\x03\x1f\x80", [(255, 0, 0), (0, 255, 0), (0, 0, 255)]),
        (14, b"\xff\x00\x00\x00\x00\xfe\x00\x00\x00\x00\xfd\xff", [(255, 0, 0), (0, 254, 0), (0, 0, 253)]),
        (10, b"\x00\x00\xf0\x3f\x00\xfc\x0f\x00\xff\x03\x00\x00", [(255, 0, 0), (0, 255, 0), (0, 0, 255)]),
    ],
)
def test_formats(code, data, colours):
    rig = Rig()
    rig.map_all(1)
    plane(rig, 3, 1, 64, ON | code << 26)
    rig.bytes[: len(data)] = list(data)
    assert [tuple(pixel) for pixel in scan(rig.igd, rig.vga).rgb[0].tolist()] == colours


def test_indexed_pixels_take_the_pipes_palette_or_else_the_dac():
    rig = Rig()
    rig.map_all(1)
    plane(rig, 2, 1, 64, ON | 2 << 26)
    rig.bytes[:2] = 0, 200
    rig.vga.block[V_DAC_BITS] = 8
    rig.vga.dac[200] = 1, 2, 3
    assert scan(rig.igd, rig.vga).rgb[0, 1].tolist() == [1, 2, 3]
    assert scan(rig.igd, rig.vga).format == "C8"
    rig.igd.mmio[(0x4A000 >> 2) + 200] = 0x00C86432
    assert scan(rig.igd, rig.vga).rgb[0].tolist() == [[0, 0, 0], [0xC8, 0x64, 0x32]]


def x_tiled(pitch, x, y):
    """Intel PRM: an X tile is 512 bytes by 8 lines, tiles row after row."""
    return (y // 8) * (pitch // 512) * 4096 + (x // 512) * 4096 + (y % 8) * 512 + x % 512


def y_tiled(pitch, x, y):
    """Intel PRM: a Y tile is 128 bytes by 32 lines, in columns of 16 bytes."""
    return (y // 32) * (pitch // 128) * 4096 + (x // 128) * 4096 + (x % 128 // 16) * 512 + (y % 32) * 16 + x % 16


@pytest.mark.parametrize(("tiling", "rule"), [(planes.X_TILED, x_tiled), (planes.Y_TILED, y_tiled)])
def test_tiles_byte_by_byte(tiling, rule):
    rows, columns = pixel_places(tiling, 2048, 4, 3, 5, 200, 90)
    for y in range(0, 90, 7):
        for x in range(0, 200, 3):
            assert rows[y] + columns[x] == rule(2048, 4 * (x + 3), y + 5)


def test_x_tiled_plane():
    rig = Rig()
    rig.map_all(40)
    plane(rig, 256, 16, 1024, BGRX | 1 << 10)
    rig.put(at_70184=0x9999)  # the linear offset does not count here
    for x, y in [(0, 0), (200, 3), (130, 12)]:
        rig.bytes[x_tiled(1024, 4 * x, y) + 1] = 0x80
    shown = scan(rig.igd, rig.vga)
    assert sorted((x, y) for y, x, _ in np.argwhere(shown.rgb).tolist()) == [(0, 0), (130, 12), (200, 3)]
    assert shown.format == "XRGB8888 X-tiled"
    assert shown.unreadable_pages == 0


def test_tiles_are_pages():
    rig = Rig()
    rig.map_all(4)
    rig.map(1, 0xDBA01000)
    plane(rig, 256, 16, 1024, BGRX | 1 << 10)
    shown = scan(rig.igd, rig.vga)
    lost = shown.rgb.any(axis=2)
    assert lost[:8, 128:].all()
    assert lost.sum() == 8 * 128


def test_haswell_pans_by_line_and_column():
    rig = Rig("haswell")
    rig.map_all(16)
    plane(rig, 8, 4, 256)
    rig.put(at_701A4=3 << 16 | 2, at_70184=0x5000)
    rig.bytes[256 * 3 + 4 * 2] = 9
    shown = scan(rig.igd, rig.vga)
    assert shown.rgb[0, 0].tolist() == [0, 0, 9]
    assert shown.base == 256 * 3 + 8


@pytest.mark.parametrize(("code", "data", "stride"), [(0x4, [1, 2, 3, 0], 64), (0xE, [0x1F, 0], 32), (0xC, [7], 16)])
def test_skylake_counts_its_stride_in_64_bytes(code, data, stride):
    rig = Rig("skylake", gtt=8 << 20)
    rig.map_all(480)
    rig.put(at_41000=ON, at_70008=ON, at_6001C=639 << 16 | 479, at_70190=479 << 16 | 639)
    rig.put(at_70180=ON | code << 24, at_70188=stride)
    rig.vga.block[V_DAC_BITS] = 8
    rig.vga.dac[7] = 40, 50, 60
    rig.bytes[stride * 64 * 10 : stride * 64 * 10 + len(data)] = data
    shown = scan(rig.igd, rig.vga)
    assert shown.stride == stride * 64
    assert shown.rgb[10, 0].tolist() == {0x4: [3, 2, 1], 0xE: [0, 0, 255], 0xC: [40, 50, 60]}[code]
    assert shown.unreadable_pages == 0


def test_skylake_planes_have_a_place_and_a_size():
    rig = Rig("skylake", gtt=8 << 20)
    rig.map_all(16)
    rig.bytes[:] = 0xFF
    rig.put(at_41000=ON, at_7F008=ON, at_6001C=99 << 16 | 49, at_70190=9 << 16 | 19, at_7018C=5 << 16 | 90)
    rig.put(at_70180=ON | 4 << 24 | 1 << 20, at_70188=2)
    shown = scan(rig.igd, rig.vga)
    assert shown.rgb.shape == (50, 100, 3)
    assert (shown.rgb[5:15, 90:] == 255).all()
    assert shown.rgb.any(axis=2).sum() == 10 * 10
    assert shown.format == "XBGR8888"


def test_a_64_bit_entry_past_4_gib():
    rig = Rig("skylake", gtt=8 << 20)
    rig.map(0, 0x12_3456_7000)
    rig.put(at_41000=ON, at_70008=ON, at_6001C=0, at_70190=0, at_70180=ON | 4 << 24, at_70188=1)
    assert scan(rig.igd, rig.vga).refused == [(0, 0x12_3456_7000)]


@pytest.mark.parametrize(("cpu", "base"), [("965", 0), ("baytrail", 0x180000), ("cherryview", 0x180000)])
def test_older_display_blocks(cpu, base):
    rig = Rig(cpu, gtt=(512 << 10) if cpu == "965" else 2 << 20)
    rig.map_all(2)
    rig.bytes[4] = 77
    size = 63 << 16 | 3
    places = {0x71400: ON, 0x70008: ON, 0x6001C: size, 0x70180: BGRX, 0x70188: 256}
    rig.put(**{f"at_{base + at:x}": value for at, value in places.items()})
    shown = scan(rig.igd, rig.vga)
    assert (shown.source, shown.width, shown.height) == ("plane", 64, 4)
    assert shown.rgb[0, 1].tolist() == [0, 0, 77]


def test_855_has_one_address_register_and_planes_on_either_pipe():
    rig = Rig("855", gtt=128 << 10)
    rig.map_all(2)
    rig.bytes[0x10] = 77
    rig.put(at_71400=ON, at_71008=ON, at_6101C=31 << 16 | 1, at_70180=BGRX | 1 << 24, at_70188=128, at_70184=0x10)
    shown = scan(rig.igd, rig.vga)
    assert (shown.mode, shown.base) == ("plane B 32x2 XRGB8888", 0x10)
    assert shown.rgb[0, 0].tolist() == [0, 0, 77]


def test_the_vga_is_shown_until_it_is_disabled():
    rig = Rig()
    plane(rig, 64, 64, 256)
    rig.put(at_41000=0)
    rig.vga.crtc[1] = 79  # eighty columns: somebody has programmed it
    assert scan(rig.igd, rig.vga).source == "vga"


def test_a_vga_that_nobody_has_programmed_shows_nothing():
    """GOP drivers from Haswell on leave VGACNTRL as reset left it."""
    rig = Rig()
    plane(rig, 64, 64, 256)
    rig.put(at_41000=0)
    assert scan(rig.igd, rig.vga).source == "plane"


@pytest.mark.parametrize("off", ["at_70008", "at_70180"])
def test_nothing_is_scanned_out_without_plane_or_pipe(off):
    rig = Rig()
    plane(rig, 64, 64, 256)
    rig.put(**{off: 0})
    shown = scan(rig.igd, rig.vga)
    assert shown.source == "off"
    assert shown.unreadable_pages == 0
    assert not shown.rgb.any()


def test_an_unknown_format_is_black_and_named():
    rig = Rig()
    rig.map_all(4)
    plane(rig, 64, 4, 256, ON | 12 << 26)
    shown = scan(rig.igd, rig.vga)
    assert shown.format == "unknown (DSPCNTR format 0xc)"
    assert not shown.rgb.any()


def test_a_surface_past_the_gtt():
    rig = Rig()
    plane(rig, 1024, 2, 4096)
    rig.put(at_7019C=0xFFFFF000)
    shown = scan(rig.igd, rig.vga)
    assert shown.invalid == [0xFFFFF000, 0x1_0000_0000]
    assert not shown.rgb.any()
