"""Characters on a VGA are drawn, and read back: text modes with fonts in plane 2, attributes, cursor."""

import numpy as np
from numpy.typing import NDArray

from fwsim.devices.vga.linear import Picture, Pixels
from fwsim.devices.vga.state import Vga
from fwsim.devices.vga.timing import Raster, is_mono, line_counters, plane_addresses, raster_of

Marks = NDArray[np.bool_]
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


def _font_rows(vga: Vga, cells: Pixels, at: NDArray[np.intp], within: NDArray[np.int64]) -> Pixels:
    """The byte of its font that each character shows on each scan line, leftmost dot in bit 7: (lines, columns)."""
    map_a, map_b = _font_bases(vga)
    base = np.where(cells[:, :, 1] & 0x08, map_a, map_b) + cells[:, :, 0] * np.int64(32)
    shown: Pixels = vga.planes[(base[at] + within) & 0xFFFF, 2]
    return shown


def _underlined(vga: Vga, attributes: Pixels, within: NDArray[np.int64]) -> Marks:
    """Mono modes: attribute bits 2:0 = 1 underlines, on the line CR14 names."""
    found: Marks = ((attributes & 0x07) == 1) & (within == int(vga.crtc[0x14]) & 0x1F)
    return found


def _cursor(vga: Vga, counter: NDArray[np.int64], within: NDArray[np.int64]) -> Marks:
    """Where the cursor is, drawn as in the visible half of its blink; CR0A bit 5 turns it off."""
    first, last = int(vga.crtc[0x0A]), int(vga.crtc[0x0B]) & 0x1F
    position = int(vga.crtc[0x0E]) << 8 | int(vga.crtc[0x0F])
    shown = (within >= first & 0x1F) & (within <= last) & (not first & 0x20)
    found: Marks = (counter == position) & shown
    return found


def _ninth(vga: Vga, codes: Pixels, rows: Pixels) -> Marks:
    """Where the ninth dot is lit: with line graphics C0-DF repeat their eighth."""
    if not int(vga.attr[0x10]) & 0x04:
        return np.zeros(rows.shape, np.bool_)
    found: Marks = ((codes & 0xE0) == 0xC0) & (rows & 1 != 0)
    return found


def _drawn(vga: Vga, keys: NDArray[np.uint32], dots: int, colours: Pixels) -> Pixels:
    """A character's dots on one scan line for each of ``keys``, (keys, dots, 3): see ``render_text``."""
    attributes = (keys >> np.uint32(8)).astype(np.uint8)
    lit = np.unpackbits(keys.astype(np.uint8)[:, None], axis=1)
    if dots == 9:
        lit = np.concatenate([lit, (keys >> np.uint32(16)).astype(np.uint8)[:, None]], axis=1)
    fore = attributes & 0x0F
    back = attributes >> 4 & (0x07 if int(vga.attr[0x10]) & 0x08 else 0x0F)
    found: Pixels = colours[np.where(lit, fore[:, None], back[:, None])]
    return found


def _panning(vga: Vga, dots: int) -> int:
    """Dots the picture moves to the left (AR13): with nine-dot characters 8 is none and 0 is one."""
    pan = int(vga.attr[0x13])
    if dots == 8:
        return pan & 7
    return pan + 1 if pan < 8 else 0


def render_text(vga: Vga, raster: Raster, colours: Pixels) -> Picture:
    """A text screen, with blinking characters in their visible half.

    What a character shows on a scan line is drawn once: it is known by its font's byte, its attribute (from bit 8 on)
    and its ninth dot (bit 16), of which a screen has few that differ.
    """
    start, line = line_counters(raster, raster.lines)
    repeated = 2 if raster.doubled else 1
    left = _panning(vga, raster.dots)
    starts, at = np.unique(start[::repeated], return_inverse=True)
    counter = starts[:, None] + np.arange(raster.columns + (left > 0))
    within = line[::repeated, None]
    cells = _cells(vga, counter)
    codes, attributes = cells[:, :, 0], cells[:, :, 1]
    rows = _font_rows(vga, cells, at, within)
    ninth = _ninth(vga, codes[at], rows) if raster.dots == 9 else np.zeros(rows.shape, np.bool_)
    full = _cursor(vga, counter[at], within)
    if is_mono(vga):
        full |= _underlined(vga, attributes[at], within)
    keys = rows | attributes.astype(np.uint32)[at] << np.uint32(8) | ninth.astype(np.uint32) << np.uint32(16)
    keys[full] |= np.uint32(0x100FF)
    seen = np.zeros(1 << 17, np.bool_)
    seen[keys] = True
    kinds = np.flatnonzero(seen).astype(np.uint32)
    number = np.zeros(1 << 17, np.uint32)
    number[kinds] = np.arange(kinds.size, dtype=np.uint32)
    height, width = len(keys), raster.columns * raster.dots
    drawn = _drawn(vga, kinds, raster.dots, colours).reshape(kinds.size, -1)
    rgb = drawn.take(number[keys], axis=0).reshape(height, -1, 3)[:, left : left + width]
    count = -(-raster.lines // raster.row_lines)
    return Picture(f"text {raster.columns}x{count}", width, height, np.ascontiguousarray(rgb))
