"""The Bochs display interface against QEMU's standard-vga document and Bochs's vbe.h."""

import pytest
from vga_rig import Rig, bar2_read, bar2_write, dispi_in, dispi_out

from fwsim.devices.vga.render import render
from fwsim.devices.vga.state import Vga
from fwsim.units import MIB

ID, XRES, YRES, BPP, ENABLE, BANK, VIRT_WIDTH, VIRT_HEIGHT, X_OFFSET, Y_OFFSET, MEMORY = range(11)


class Dispi(Rig):
    def __init__(self) -> None:
        super().__init__(Vga(vram_size=16 * MIB, dispi=True))

    def get(self, index: int) -> int:
        dispi_out(self.root, 0x1CE, 2, index)
        return int(dispi_in(self.root, 0x1CF, 2))

    def put(self, index: int, value: int) -> None:
        dispi_out(self.root, 0x1CE, 2, index)
        dispi_out(self.root, 0x1CF, 2, value)

    def mode(self, width: int, height: int, bpp: int, flags: int = 0) -> None:
        self.put(ENABLE, 0)
        self.put(XRES, width)
        self.put(YRES, height)
        self.put(BPP, bpp)
        self.put(ENABLE, 1 | flags)


@pytest.fixture
def rig() -> Dispi:
    return Dispi()


def test_the_id_takes_the_known_versions_only(rig):
    assert rig.get(ID) == 0xB0C5
    for version in range(0xB0C0, 0xB0C6):
        rig.put(ID, version)
        assert rig.get(ID) == version
    rig.put(ID, 0x1234)
    assert rig.get(ID) == 0xB0C5


def test_memory_in_units_of_64k_is_read_only(rig):
    assert rig.get(MEMORY) == 256
    rig.put(MEMORY, 1)
    assert rig.get(MEMORY) == 256


def test_capabilities_are_read_through_the_resolution_registers(rig):
    rig.put(XRES, 640)
    rig.put(ENABLE, 2)
    assert rig.get(XRES) >= 1600
    assert rig.get(BPP) == 32
    rig.put(ENABLE, 0)
    assert rig.get(XRES) == 640


def test_enabling_sets_the_virtual_screen(rig):
    rig.put(X_OFFSET, 5)
    rig.mode(1024, 768, 32)
    assert rig.get(VIRT_WIDTH) == 1024
    assert rig.get(VIRT_HEIGHT) == 16 * MIB // 4096
    assert (rig.get(X_OFFSET), rig.get(Y_OFFSET)) == (0, 0)
    rig.put(VIRT_WIDTH, 2048)
    assert rig.get(VIRT_WIDTH) == 2048
    assert rig.get(VIRT_HEIGHT) == 16 * MIB // 8192
    rig.put(VIRT_WIDTH, 8)  # never narrower than the visible part
    assert rig.get(VIRT_WIDTH) == 1024


def test_enabling_clears_unless_told_not_to(rig):
    rig.vga.vram[1000] = 0xFF
    rig.mode(640, 480, 8, 0x80)
    assert rig.vga.vram[1000] == 0xFF
    rig.mode(640, 480, 8)
    assert rig.vga.vram[1000] == 0


def test_the_bank_moves_the_64k_window(rig):
    rig.out(0x3C2, 0x67)
    rig.mode(640, 480, 32)
    rig.put(BANK, 3)
    rig.write(0xA0010, 0x11223344, 4)
    rig.write(0xA8000, 0x55)
    assert list(rig.vga.vram[0x30010:0x30014]) == [0x44, 0x33, 0x22, 0x11]
    assert rig.vga.vram[0x38000] == 0x55
    assert rig.read(0xA0011, 2) == 0x2233
    rig.put(BANK, 0x105)  # 256 banks: the rest of the number is cut off
    assert rig.get(BANK) == 5
    rig.put(ENABLE, 0)
    assert rig.get(BANK) == 0


def test_four_bit_modes_stay_planar_and_bank_the_planes(rig):
    rig.set_mode(0x12)
    rig.mode(1024, 768, 4)
    rig.put(BANK, 1)
    rig.write(0xA0000, 0x80)
    assert list(rig.vga.vram[0x40000:0x40004]) == [0x80] * 4
    rig.colour(0x3F, 0x3F, 0x3F, 0x3F)
    picture = render(rig.vga)
    assert picture.mode == "dispi 1024x768x4"
    assert tuple(picture.rgb[512, 0]) == (255, 255, 255)  # plane byte 64 KiB is line 512 at 128 bytes a line


@pytest.mark.parametrize(
    ("bpp", "pixel"), [(15, b"\x00\x7c"), (16, b"\x00\xf8"), (24, b"\x00\x00\xff"), (32, b"\x00\x00\xff\x00")]
)
def test_pictures_of_direct_colour(rig, bpp, pixel):
    rig.mode(800, 600, bpp)
    at = (7 * 800 + 9) * len(pixel)
    rig.vga.vram[at : at + len(pixel)] = list(pixel)
    picture = render(rig.vga)
    assert (picture.mode, picture.width, picture.height) == (f"dispi 800x600x{bpp}", 800, 600)
    assert tuple(picture.rgb[7, 9]) == (255, 0, 0)
    assert int(picture.rgb.sum()) == 255


def test_offsets_pan_within_the_virtual_screen(rig):
    rig.mode(640, 480, 32)
    rig.put(VIRT_WIDTH, 1024)
    rig.put(X_OFFSET, 3)
    rig.put(Y_OFFSET, 2)
    rig.vga.vram[(2 * 1024 + 3) * 4] = 0xFF
    assert tuple(render(rig.vga).rgb[0, 0]) == (0, 0, 255)


def test_the_eight_bit_dac_is_a_flag_of_the_enable_register(rig):
    rig.mode(640, 480, 8, 0x20)
    rig.colour(0, 0xC7, 0x01, 0x80)
    assert tuple(render(rig.vga).rgb[0, 0]) == (0xC7, 0x01, 0x80)
    rig.mode(640, 480, 8)
    rig.colour(0, 0xFF, 0, 0)
    assert tuple(render(rig.vga).rgb[0, 0]) == (255, 0, 0)


def test_impossible_geometry_is_cut_to_memory(rig):
    rig.mode(16000, 12000, 32)
    assert rig.get(YRES) == 16 * MIB // (16000 * 4)
    rig.mode(641, 480, 7)
    assert rig.get(XRES) == 640
    assert rig.get(BPP) == 8


def test_the_data_port_is_at_1d0_too_and_1ce_takes_both_halves(rig):
    dispi_out(rig.root, 0x1CE, 4, 0x0320_0001)
    assert int(dispi_in(rig.root, 0x1D0, 2)) == 0x320
    assert int(dispi_in(rig.root, 0x1CE, 2)) == XRES


def test_bar2_holds_edid_ports_and_registers(rig):
    rig.vga.set_monitor(bytes([0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0x1A, 0x76]) + bytes(118))
    assert int(bar2_read(rig.root, 0, 8)) == 0x00FFFFFFFFFFFF00
    assert int(bar2_read(rig.root, 8, 2)) == 0x761A
    assert int(bar2_read(rig.root, 0x500, 2)) == 0xB0C5
    bar2_write(rig.root, 0x502, 2, 1280)
    assert rig.get(XRES) == 1280
    assert int(bar2_read(rig.root, 0x502, 4)) == 1280
    bar2_write(rig.root, 0x40C - 0x0A, 1, 0x67)  # 402h: port 3C2
    assert int(bar2_read(rig.root, 0x40C, 1)) == 0x67  # port 3CC
    assert int(bar2_read(rig.root, 0x604, 4)) == 0x1E1E1E1E
    rig.vga.set_monitor(None)
    assert int(bar2_read(rig.root, 0, 4)) == 0


def test_without_the_interface_the_ports_are_open():
    rig = Rig()
    assert int(dispi_in(rig.root, 0x1CF, 2)) == 0xFFFF


def test_reset_turns_the_interface_off(rig):
    rig.mode(640, 480, 32)
    rig.put(ID, 0xB0C0)
    rig.vga.reset()
    assert rig.get(ENABLE) == 0
    assert rig.get(ID) == 0xB0C5
