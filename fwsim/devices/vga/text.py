"""Characters on a VGA are drawn, and read back: text modes with fonts in plane 2, attributes, cursor."""

import numpy as np
from numpy.typing import NDArray

from fwsim.devices.vga.linear import Picture, Pixels
from fwsim.devices.vga.state import Vga
from fwsim.devices.vga.timing import Raster, is_mono, line_counters, plane_addresses, raster_of

_CP437_LOW = "\x00☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"


def _character(code: int) -> str:
    """The character code page 437 shows for ``code``; blanks for 00, 20 and FF."""
    if code in (0, 0x20, 0xFF):
        return " "
    if code < 0x20:
        return _CP437_LOW[code]
    return "⌂" if code == 0x7F else bytes([code]).decode("cp437")


def _cells(vga: Vga, counter: NDArray[np.int64]) -> Pixels:
    """The four planes' bytes of the characters at these counter values: one more axis, of 4."""
    return vga.planes[plane_addresses(vga, counter, np.zeros_like(counter))]


def text_of(vga: Vga) -> list[str]:
    """The characters on the screen, one string a row, blanks at the right removed; code page 437."""
    raster = raster_of(vga)
    rows = np.arange(-(-raster.lines // raster.row_lines), dtype=np.int64)[:, None]
    cells = _cells(vga, raster.start + rows * raster.pitch + np.arange(raster.columns))
    return ["".join(_character(int(code)) for code in row).rstrip() for row in cells[:, :, 0]]


def _font_bases(vga: Vga) -> tuple[int, int]:
    """Plane 2 addresses of the fonts for attribute bit 3 set and clear (SR3: map A, then map B)."""
    select = int(vga.seq[3])
    map_a = (select >> 2 & 3) << 1 | (select >> 5 & 1)
    map_b = (select & 3) << 1 | (select >> 4 & 1)
    # Map numbers in order of the field: 0, 2, 4, 6 lie at 0, 16, 32, 48 KiB, the odd ones 8 KiB above.
    return map_a * 0x2000, map_b * 0x2000


def _glyphs(vga: Vga, cells: Pixels, within: NDArray[np.int64], dots: int) -> Pixels:
    """Lit dots of each scan line: (lines, columns, dots)."""
    codes, attributes = cells[:, :, 0].astype(np.int64), cells[:, :, 1].astype(np.int64)
    map_a, map_b = _font_bases(vga)
    base = np.where(attributes & 0x08, map_a, map_b) + codes * 32
    lit = np.unpackbits(vga.planes[(base + within) & 0xFFFF, 2][..., None], axis=-1)
    if dots == 9:
        ninth = np.zeros_like(lit[..., :1])
        if int(vga.attr[0x10]) & 0x04:  # line graphics: C0-DF repeat their eighth dot
            ninth = lit[..., 7:] * ((codes & 0xE0) == 0xC0).astype(np.uint8)[..., None]
        lit = np.concatenate([lit, ninth], axis=-1)
    return lit


def _underline(vga: Vga, lit: Pixels, attributes: NDArray[np.int64], within: NDArray[np.int64]) -> None:
    """Mono modes: attribute bits 2:0 = 1 underlines, on the line CR14 names."""
    if is_mono(vga):
        lit[((attributes & 0x07) == 1) & (within == int(vga.crtc[0x14]) & 0x1F)] = 1


def _cursor(vga: Vga, lit: Pixels, counter: NDArray[np.int64], within: NDArray[np.int64]) -> None:
    """The cursor is drawn as in the visible half of its blink; CR0A bit 5 turns it off."""
    first, last = int(vga.crtc[0x0A]), int(vga.crtc[0x0B]) & 0x1F
    if not first & 0x20:
        position = int(vga.crtc[0x0E]) << 8 | int(vga.crtc[0x0F])
        lit[(counter == position) & (within >= first & 0x1F) & (within <= last)] = 1


def _panning(vga: Vga, dots: int) -> int:
    """Dots the picture moves to the left (AR13): with nine-dot characters 8 is none and 0 is one."""
    pan = int(vga.attr[0x13])
    if dots == 8:
        return pan & 7
    return pan + 1 if pan < 8 else 0


def render_text(vga: Vga, raster: Raster, colours: Pixels) -> Picture:
    """A text screen, with blinking characters in their visible half."""
    start, line = line_counters(raster, raster.lines)
    repeated = 2 if raster.doubled else 1
    counter = start[::repeated, None] + np.arange(raster.columns + 1)
    within = line[::repeated, None]
    cells = _cells(vga, counter)
    attributes = cells[:, :, 1].astype(np.int64)
    lit = _glyphs(vga, cells, within, raster.dots)
    _underline(vga, lit, attributes, within)
    _cursor(vga, lit, counter, within)
    fore = attributes & 0x0F
    back = attributes >> 4 & (0x07 if int(vga.attr[0x10]) & 0x08 else 0x0F)
    index = np.where(lit, fore[..., None], back[..., None])
    height, left = index.shape[0], _panning(vga, raster.dots)
    rgb = colours[index.reshape(height, -1)[:, left : left + raster.columns * raster.dots]]
    rows = -(-raster.lines // raster.row_lines)
    return Picture(f"text {raster.columns}x{rows}", rgb.shape[1], height, rgb)
