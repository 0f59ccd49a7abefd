"""The CRTC registers describe a raster: characters and lines, start, pitch, and how addresses are formed.

Source: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem"; FreeVGA, "CRT Controller Registers".
"""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fwsim.devices.vga.state import V_MISC, Vga


class Raster(Struct, frozen=True):
    """The displayed part of a frame, in characters and scan lines; addresses count characters (bytes of one plane)."""

    columns: int
    lines: int  # visible scan lines, doubling included
    cell_lines: int  # scan lines of one row, from CR09
    doubled: bool  # every line is shown twice (CR09 bit 7)
    dots: int  # dots in one character clock
    start: int
    pitch: int  # added to the address after each row
    pan_rows: int  # CR08 bits 4:0
    split: int  # line compare: from the line after it on, the address is 0

    @property
    def row_lines(self) -> int:
        """Scan lines before the address moves on by ``pitch``."""
        return self.cell_lines * (2 if self.doubled else 1)


def raster_of(vga: Vga) -> Raster:
    """The raster the registers now describe."""
    crtc = [int(value) for value in vga.crtc[:0x19]]
    overflow = crtc[7]
    lines = (crtc[0x12] | (overflow & 0x02) << 7 | (overflow & 0x40) << 3) + 1
    split = crtc[0x18] | (overflow & 0x10) << 4 | (crtc[9] & 0x40) << 3
    if crtc[0x17] & 0x04:  # the line counter runs at half speed
        lines, split = lines * 2, split * 2
    return Raster(
        columns=crtc[1] + 1,
        lines=lines,
        cell_lines=(crtc[9] & 0x1F) + 1,
        doubled=bool(crtc[9] & 0x80),
        dots=8 if int(vga.seq[1]) & 1 else 9,
        start=crtc[0x0C] << 8 | crtc[0x0D],
        pitch=crtc[0x13] * 2,
        pan_rows=crtc[8] & 0x1F,
        split=split,
    )


def plane_addresses(vga: Vga, counter: NDArray[np.int64], row_line: NDArray[np.int64]) -> NDArray[np.int64]:
    """Plane addresses for values of the character counter and of the line within the row.

    Byte, word or dword mode, and the CGA and Hercules substitutions of CR17 bits 0 and 1.
    """
    cr14, cr17 = int(vga.crtc[0x14]), int(vga.crtc[0x17])
    if cr14 & 0x40:
        address = (counter << 2 & 0xFFFC) | (counter >> 14 & 3)
    elif not cr17 & 0x40:
        wrap = 15 if cr17 & 0x20 else 13
        address = (counter << 1 & 0xFFFE) | (counter >> wrap & 1)
    else:
        address = counter & 0xFFFF
    if not cr17 & 0x01:
        address = (address & ~0x2000) | (row_line & 1) << 13
    if not cr17 & 0x02:
        address = (address & ~0x4000) | (row_line >> 1 & 1) << 14
    return address


def line_counters(raster: Raster, lines: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each of ``lines`` scan lines: the counter at its left edge, and the line within its row."""
    line = np.arange(lines, dtype=np.int64)
    after = line > raster.split
    shown = np.where(after, line - raster.split - 1, line)
    step = 2 if raster.doubled else 1
    within = shown // step + np.where(after, 0, raster.pan_rows)
    row = within // raster.cell_lines
    counter = np.where(after, 0, raster.start) + row * raster.pitch
    return counter, within % raster.cell_lines


def is_mono(vga: Vga) -> bool:
    """Whether the CRTC answers at 3B4 (miscellaneous bit 0 clear): the monochrome modes 7 and 0Fh."""
    return not vga.word(V_MISC) & 1
