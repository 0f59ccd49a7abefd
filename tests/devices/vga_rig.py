"""A VGA on a bare root block, with the mode tables of the IBM VGA BIOS typed from the manual."""

import numpy as np
from native_code import load

from fwsim.devices import adapters
from fwsim.devices.vga import dispi, ports, window
from fwsim.devices.vga.state import Vga
from fwsim.native import R_TIME, R_VGA, ROOT_WORDS, address_of, callback

_vga_fill = window.vga_fill
_vga_in, _vga_out, _vga_read, _vga_write = ports.vga_in, ports.vga_out, window.vga_read, window.vga_write
_dispi_in, _dispi_out, _bar2_read, _bar2_write = dispi.dispi_in, dispi.dispi_out, dispi.bar2_read, dispi.bar2_write
_bar_read, _bar_write = adapters.bar_read, adapters.bar_write


@callback("u64(u64, i64, i64)")
def vga_in(root, port, width):
    return np.uint64(_vga_in(root, port, width))


@callback("void(u64, i64, i64, i64)")
def vga_out(root, port, width, value):
    _vga_out(root, port, width, value)


@callback("u64(u64, i64, i64)")
def vga_read(root, offset, width):
    return np.uint64(_vga_read(root, offset, width))


@callback("void(u64, i64, i64, u64)")
def vga_write(root, offset, width, value):
    _vga_write(root, offset, width, value)


@callback("void(u64, i64, i64, u64, i64)")
def vga_fill(root, offset, width, value, count):
    _vga_fill(root, offset, width, value, count)


@callback("u64(u64, i64, i64)")
def dispi_in(root, port, width):
    return np.uint64(_dispi_in(root, port, width))


@callback("void(u64, i64, i64, i64)")
def dispi_out(root, port, width, value):
    _dispi_out(root, port, width, value)


@callback("u64(u64, i64, i64)")
def bar2_read(root, offset, width):
    return np.uint64(_bar2_read(root, offset, width))


@callback("void(u64, i64, i64, u64)")
def bar2_write(root, offset, width, value):
    _bar2_write(root, offset, width, value)


@callback("u64(u64, i64, i64, i64)")
def bar_read(root, role, offset, width):
    return np.uint64(_bar_read(root, role, offset, width))


@callback("void(u64, i64, i64, i64, u64)")
def bar_write(root, role, offset, width, value):
    _bar_write(root, role, offset, width, value)


load(vga_in, vga_out, vga_read, vga_write, vga_fill, dispi_in, dispi_out, bar2_read, bar2_write, bar_read, bar_write)

# IBM PS/2 Video Subsystem, "Register values for modes": misc; SR1-4; CR0-18; GR0-8; AR0-13.
MODES = {
    0x03: (
        0x67,
        "00 03 00 02",
        "5F 4F 50 82 55 81 BF 1F 00 4F 0D 0E 00 00 00 00 9C 8E 8F 28 1F 96 B9 A3 FF",
        "00 00 00 00 00 10 0E 00 FF",
        "00 01 02 03 04 05 14 07 38 39 3A 3B 3C 3D 3E 3F 0C 00 0F 08",
    ),
    0x04: (
        0x63,
        "09 03 00 02",
        "2D 27 28 90 2B 80 BF 1F 00 C1 00 00 00 00 00 00 9C 8E 8F 14 00 96 B9 A2 FF",
        "00 00 00 00 00 30 0F 00 FF",
        "00 13 15 17 02 04 06 07 10 11 12 13 14 15 16 17 01 00 03 00",
    ),
    0x12: (
        0xE3,
        "01 0F 00 06",
        "5F 4F 50 82 54 80 0B 3E 00 40 00 00 00 00 00 00 EA 8C DF 28 00 E7 04 E3 FF",
        "00 00 00 00 00 00 05 0F FF",
        "00 01 02 03 04 05 14 07 38 39 3A 3B 3C 3D 3E 3F 01 00 0F 00",
    ),
    0x13: (
        0x63,
        "01 0F 00 0E",
        "5F 4F 50 82 54 80 BF 1F 00 41 00 00 00 00 00 00 9C 8E 8F 28 40 96 B9 A3 FF",
        "00 00 00 00 00 40 05 0F FF",
        "00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 41 00 0F 00",
    ),
}


class Rig:
    """Ports and window of one VGA, called as the native path calls them."""

    def __init__(self, vga: Vga | None = None) -> None:
        self.vga = vga or Vga()
        self._words = np.zeros(ROOT_WORDS, np.uint64)
        self._words[R_VGA] = address_of(self.vga.block)
        self.root = address_of(self._words)

    def at_time(self, nanoseconds: int) -> None:
        self._words[R_TIME] = nanoseconds

    def out(self, port: int, value: int, width: int = 1) -> None:
        vga_out(self.root, port, width, value)

    def inp(self, port: int, width: int = 1) -> int:
        return int(vga_in(self.root, port, width))

    def read(self, address: int, width: int = 1) -> int:
        return int(vga_read(self.root, address - 0xA0000, width))

    def write(self, address: int, value: int, width: int = 1) -> None:
        vga_write(self.root, address - 0xA0000, width, value)

    def fill(self, address: int, value: int, width: int, count: int) -> None:
        vga_fill(self.root, address - 0xA0000, width, value, count)

    def gfx(self, index: int, value: int) -> None:
        self.out(0x3CE, value << 8 | index, 2)

    def seq(self, index: int, value: int) -> None:
        self.out(0x3C4, value << 8 | index, 2)

    def crtc(self, index: int, value: int) -> None:
        self.out(0x3D4, value << 8 | index, 2)

    def attr(self, index: int, value: int) -> None:
        self.inp(0x3DA)
        self.out(0x3C0, index)
        self.out(0x3C0, value)

    def colour(self, index: int, red: int, green: int, blue: int) -> None:
        self.out(0x3C8, index)
        for level in (red, green, blue):
            self.out(0x3C9, level)

    def set_mode(self, mode: int) -> None:
        misc, *banks = MODES[mode]
        seq, crtc, gfx, attr = (bytes.fromhex(text) for text in banks)
        self.out(0x3C2, misc)
        self.seq(0, 3)
        for index, value in enumerate(seq):
            self.seq(index + 1, value)
        self.crtc(0x11, 0)
        for index, value in enumerate(crtc):
            self.crtc(index, value)
        for index, value in enumerate(gfx):
            self.gfx(index, value)
        for index, value in enumerate(attr):
            self.attr(index, value)
        self.attr(0x14, 0)
        self.inp(0x3DA)
        self.out(0x3C0, 0x20)

    def load_font(self, code: int, rows: bytes, at: int = 0) -> None:
        """Put a glyph into plane 2 as a BIOS does: flat addressing, map mask 4."""
        self.seq(2, 4)
        self.seq(4, 7)
        self.gfx(5, 0)
        self.gfx(6, 4)
        for line, value in enumerate(rows):
            self.write(0xA0000 + at + code * 32 + line, value)
        self.seq(2, 3)
        self.seq(4, 3)
        self.gfx(5, 0x10)
        self.gfx(6, 0x0E)
