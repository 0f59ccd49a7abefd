"""What do characters on a VGA look like, and which are they? Text modes: fonts in plane 2, attributes, cursor."""

import numpy as np
from numpy.typing import NDArray

from fwsim.devices.vga.linear import Picture, Pixels
from fwsim.devices.vga.state import Vga
from fwsim.devices.vga.timing import Raster, is_mono, plane_addresses, raster_of

_CP437_LOW = "\x00☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"


def _character(code: int) -> str:
    """The character code page 437 shows for ``code``; blanks for 00, 20 and FF."""
    if code in (0, 0x20, 0xFF):
        return " "
    if code < 0x20:
        return _CP437_LOW[code]
    return "⌂" if code == 0x7F else bytes([code]).decode("cp437")


def _rows(raster: Raster) -> int:
    return -(-raster.lines // raster.row_lines)


def _cells(vga: Vga, raster: Raster) -> tuple[NDArray[np.int64], Pixels]:
    """Counter values, (rows, columns), and the four planes' bytes, (rows, columns, 4), of each character shown."""
    rows = np.arange(_rows(raster), dtype=np.int64)[:, None]
    counter = raster.start + rows * raster.pitch + np.arange(raster.columns)
    return counter, vga.planes[plane_addresses(vga, counter, np.zeros_like(counter))]


def text_of(vga: Vga) -> list[str]:
    """The characters on the screen, one string a row, blanks at the right removed; code page 437."""
    _, cells = _cells(vga, raster_of(vga))
    return ["".join(_character(int(code)) for code in row).rstrip() for row in cells[:, :, 0]]


def _font_bases(vga: Vga) -> tuple[int, int]:
    """Plane 2 addresses of the fonts for attribute bit 3 set and clear (SR3: map A, then map B)."""
    select = int(vga.seq[3])
    map_a = (select >> 2 & 3) << 1 | (select >> 5 & 1)
    map_b = (select & 3) << 1 | (select >> 4 & 1)
    # Map numbers in order of the field: 0, 2, 4, 6 lie at 0, 16, 32, 48 KiB, the odd ones 8 KiB above.
    return map_a * 0x2000, map_b * 0x2000


def _glyphs(vga: Vga, cells: Pixels, raster: Raster) -> Pixels:
    """Lit dots: (rows, columns, cell lines, dots)."""
    codes, attributes = cells[:, :, 0].astype(np.int64), cells[:, :, 1].astype(np.int64)
    map_a, map_b = _font_bases(vga)
    base = np.where(attributes & 0x08, map_a, map_b) + codes * 32
    lines = np.arange(raster.cell_lines)
    patterns = vga.planes[(base[:, :, None] + lines) & 0xFFFF, 2]
    dots = np.unpackbits(patterns[..., None], axis=-1)
    if raster.dots == 9:
        ninth = np.zeros_like(dots[..., :1])
        if int(vga.attr[0x10]) & 0x04:  # line graphics: C0-DF repeat their eighth dot
            ninth = dots[..., 7:] * ((codes & 0xE0) == 0xC0).astype(np.uint8)[:, :, None, None]
        dots = np.concatenate([dots, ninth], axis=-1)
    return dots


def _underline(vga: Vga, dots: Pixels, attributes: NDArray[np.int64]) -> None:
    """Mono modes: attribute bits 2:0 = 1 underlines, on the line CR14 names."""
    line = int(vga.crtc[0x14]) & 0x1F
    if is_mono(vga) and line < dots.shape[2]:
        dots[:, :, line, :] |= ((attributes & 0x07) == 1).astype(np.uint8)[:, :, None]


def _cursor(vga: Vga, dots: Pixels, counter: NDArray[np.int64]) -> None:
    """The cursor is drawn as in the visible half of its blink."""
    first, last = int(vga.crtc[0x0A]), int(vga.crtc[0x0B])
    if first & 0x20:
        return
    position = int(vga.crtc[0x0E]) << 8 | int(vga.crtc[0x0F])
    where = np.argwhere(counter == position)
    if len(where):
        row, column = where[0]
        dots[row, column, first & 0x1F : (last & 0x1F) + 1, :] = 1


def render_text(vga: Vga, raster: Raster, colours: Pixels) -> Picture:
    """A text screen, with blinking characters in their visible half."""
    counter, cells = _cells(vga, raster)
    attributes = cells[:, :, 1].astype(np.int64)
    dots = _glyphs(vga, cells, raster)
    _underline(vga, dots, attributes)
    _cursor(vga, dots, counter)
    fore = attributes & 0x0F
    back = attributes >> 4 & (0x07 if int(vga.attr[0x10]) & 0x08 else 0x0F)
    index = np.where(dots, fore[:, :, None, None], back[:, :, None, None])
    rows, columns, lines, width = index.shape
    screen = index.transpose(0, 2, 1, 3).reshape(rows * lines, columns * width)
    rgb = colours[screen[: raster.lines // (2 if raster.doubled else 1)]]
    return Picture(f"text {columns}x{rows}", rgb.shape[1], rgb.shape[0], rgb)
