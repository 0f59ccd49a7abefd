"""An IGD's screen is scanned out by its DMA: through the GTT, page by page, to the picture that it makes.

A page that DMA may not read cannot be shown: its pixels become a hatch of two dark reds (``HATCH``), so that a person
sees that it could not be read. An invalid GTT entry is no DMA fault: the display reads zeros there.
"""

import ctypes
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fwsim.devices.igd import planes
from fwsim.devices.igd.device import Igd
from fwsim.devices.igd.planes import Bits, Plane, Tiling
from fwsim.devices.vga.linear import Picture, Pixels, widen
from fwsim.devices.vga.render import dots_of, render
from fwsim.devices.vga.render import palette as dac_palette
from fwsim.devices.vga.state import Vga

PAGE = 4096
HATCH = ((96, 16, 24), (48, 8, 12))
"""Colours of pixels whose page DMA could not read: diagonal stripes of eight pixels."""
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Scan:
    """One picture as the display reads it. ``stride`` in bytes, ``base`` a graphics address.

    ``source`` is plane, vga (the legacy VGA, which has no stride nor base) or off. ``format`` is DRM's name of the
    pixel format, with the tiling when there is one. ``refused`` are the (graphics page address, bus address) that DMA
    could not read, in the order of their pages: the faults of one frame. ``invalid`` are the graphics page addresses
    whose GTT entry is not valid, or that lie past the GTT or the device's own memory. ``wanted``: the size of the VGA's
    mode, where its pipe takes another.
    """

    source: str
    mode: str
    width: int
    height: int
    rgb: Pixels = field(repr=False)
    stride: int = 0
    format: str = ""
    base: int = 0
    refused: list[tuple[int, int]] = field(default_factory=list)
    invalid: list[int] = field(default_factory=list)
    wanted: tuple[int, int] | None = None

    @property
    def unreadable_pages(self) -> int:
        """Pages of the frame that do not come from memory: refused ones and those without a valid entry."""
        return len(self.refused) + len(self.invalid)

    @property
    def picture(self) -> Picture:
        """The picture alone."""
        return Picture(self.mode, self.width, self.height, self.rgb)


def scan(igd: Igd, vga: Vga) -> Scan:
    """The frame that the monitor shows now: the legacy VGA, the plane that is on, or black.

    A VGA whose timing nobody has programmed since reset shows nothing, though no one has switched it off: GOP drivers
    from Haswell on do not. Nor does one whose pipe is off, whatever has been written to its ports.
    """
    pipe = planes.vga_pipe(igd.family, igd.register)
    if pipe is not None and vga.crtc.any():
        return _scan_vga(vga, planes.vga_source(igd.family, igd.register, pipe))
    plane = planes.active_plane(igd.family, igd.register)
    if plane is None:
        return Scan("off", "off", 640, 480, np.zeros((480, 640, 3), np.uint8), format="off")
    return _scan_plane(igd, vga, plane)


def _scan_vga(vga: Vga, source: tuple[int, int] | None) -> Scan:
    """The VGA's picture in its mode's own size; in the pipe's where that takes another: at the left top, and cut.

    That it begins there is assumed: no source says where a VGA lies in a pipe of another size.
    """
    shown, dots = render(vga), dots_of(vga)
    if source is None or source == dots:
        return Scan("vga", shown.mode, shown.width, shown.height, shown.rgb, format="vga")
    rgb = np.zeros((source[1], source[0], 3), np.uint8)
    whole = shown.rgb.repeat(max(1, dots[1] // shown.height), axis=0).repeat(max(1, dots[0] // shown.width), axis=1)
    part = whole[: source[1], : source[0]]
    rgb[: part.shape[0], : part.shape[1]] = part
    return Scan("vga", shown.mode, source[0], source[1], rgb, format="vga", wanted=dots)


def _scan_plane(igd: Igd, vga: Vga, plane: Plane) -> Scan:
    rgb = np.zeros((plane.height, plane.width, 3), np.uint8)
    left, top, width, height = plane.shown
    drawn = plane.format is not None and plane.tiling is not None
    name = plane.format.name if plane.format and drawn else f"unknown ({plane.note})"
    if plane.tiling and plane.tiling is not planes.LINEAR:
        name += f" {plane.tiling.name}"
    refused: list[tuple[int, int]] = []
    invalid: list[int] = []
    if plane.format and plane.tiling and width > 0 and height > 0:
        size = plane.format.size
        rows, columns = pixel_places(plane.tiling, plane.stride, size, plane.x, plane.y, width, height)
        frame = _Frame(igd, _touched(rows + plane.surface, columns, size))
        refused, invalid = frame.refused, frame.invalid
        rows += plane.surface - frame.start
        part = rgb[top : top + height, left : left + width]
        words = _words(frame.data, rows, columns, size, plane)
        if plane.format.channels is None:
            part[:] = np.take(_palette(igd, vga, plane.pipe), words, axis=0)
        else:
            for channel, bits in enumerate(plane.format.channels):
                part[:, :, channel] = _level(words, bits)
        if refused:
            _hatch(part, frame.lost, rows, columns)
    mode = f"plane {plane.pipe} {plane.width}x{plane.height} {name}"
    return Scan(
        "plane", mode, plane.width, plane.height, rgb, plane.stride, name, plane.base, refused, invalid
    )  # fmt: skip


def pixel_places(
    tiling: Tiling, stride: int, size: int, x: int, y: int, width: int, height: int
) -> tuple[Numbers, Numbers]:
    """Byte offsets in a surface: a pixel of the part at ``x``, ``y`` begins at ``rows[row] + columns[column]``.

    A tile is 4 KiB; X tiles hold their eight lines one after the other, Y tiles columns of 16 bytes by 32 lines
    (Intel PRM, "Memory Views", tiling). Address swizzling by bit 6 is not modelled.
    """
    lines = np.arange(y, y + height, dtype=np.int64)
    across = np.arange(x, x + width, dtype=np.int64) * size
    if tiling is planes.LINEAR:
        return lines * stride, across
    tile_row = lines // tiling.height * (tiling.height * stride)
    tile = across // tiling.width * PAGE
    if tiling is planes.X_TILED:
        return tile_row + lines % tiling.height * tiling.width, tile + across % tiling.width
    inside = across % tiling.width
    return tile_row + lines % tiling.height * 16, tile + inside // 16 * (16 * tiling.height) + inside % 16


def _touched(rows: Numbers, columns: Numbers, size: int) -> Numbers:
    """The numbers of the graphics pages that these pixels lie in, ascending."""
    step = planes.Y_TILED.width // size  # no tile is narrower
    samples = np.concatenate([columns[::step], columns[-1:] + size - 1])
    pages = (rows[:, None] + samples) // PAGE
    first = int(pages.min())
    seen = np.zeros(int(pages.max()) - first + 1, np.bool_)
    seen[pages - first] = True
    return np.flatnonzero(seen) + first


class _Frame:
    """The bytes of graphics pages ``needed``: ``data`` begins at graphics address ``start``; unreadable pages are 0.

    ``lost`` tells for each page of ``data`` whether DMA was refused there.
    """

    def __init__(self, igd: Igd, needed: Numbers) -> None:
        first = int(needed[0])
        self.start = first * PAGE
        self.data: Pixels = np.zeros((int(needed[-1]) - first + 1) * PAGE, np.uint8)
        self.lost: NDArray[np.bool_] = np.zeros(len(self.data) // PAGE, np.bool_)
        inside = needed[needed < igd.pages.size]
        igd.used[inside] = 1
        entries = igd.entries(inside)
        host = igd.pages[inside]
        valid = (entries & np.uint64(igd.family.pte_format.valid_mask)) != 0
        beyond = igd.local(entries) & (host == 0)
        gone = valid & (host == 0) & ~beyond
        buses = igd.targets(entries[gone])
        self.refused = [(int(page) * PAGE, int(bus)) for page, bus in zip(inside[gone], buses, strict=True)]
        self.invalid = [int(page) * PAGE for page in (*inside[~valid | beyond], *needed[len(inside) :])]
        self.lost[inside[gone] - first] = True
        held = valid & ~gone
        self._copy(inside[held] - first, host[held])

    def _copy(self, pages: Numbers, host: NDArray[np.uint64]) -> None:
        """Copy each page from its host address; neighbours on both sides go in one piece."""
        if not pages.size:
            return
        cut = (np.diff(pages) != 1) | (np.diff(host) != np.uint64(PAGE))
        starts = np.concatenate([[0], np.flatnonzero(cut) + 1, [pages.size]])
        target = self.data.ctypes.data
        for begin, end in pairwise(starts):
            ctypes.memmove(target + int(pages[begin]) * PAGE, int(host[begin]), int(end - begin) * PAGE)


def _words(data: Pixels, rows: Numbers, columns: Numbers, size: int, plane: Plane) -> NDArray[np.unsignedinteger]:
    """The pixels as numbers, (height, width)."""
    kind = np.dtype(f"<u{size}")
    if plane.tiling is planes.LINEAR:
        shape, strides = (len(rows), len(columns)), (plane.stride, size)
        return np.ndarray(shape, kind, data.data, int(rows[0] + columns[0]), strides)
    words: NDArray[np.unsignedinteger] = data.view(kind)[(rows[:, None] + columns) // size]
    return words


def _level(words: NDArray[np.unsignedinteger], bits: Bits) -> Pixels:
    """One colour of every pixel, 0 to 255."""
    at, count = bits
    levels = words >> words.dtype.type(at) & words.dtype.type((1 << count) - 1)
    if count >= 8:
        levels = levels >> levels.dtype.type(count - 8)
    else:
        levels = widen(np.arange(1 << count, dtype=np.uint8), count)[levels]
    return np.asarray(levels, np.uint8)


def _hatch(rgb: Pixels, lost: NDArray[np.bool_], rows: Numbers, columns: Numbers) -> None:
    """Put the hatch where a pixel's page was refused."""
    where = lost.take((rows[:, None] + columns) >> 12)
    height, width = where.shape
    stripes = np.array(HATCH, np.uint8)[np.arange(height + width - 1) // 8 % 2]
    for channel in range(3):
        diagonal = np.lib.stride_tricks.sliding_window_view(stripes[:, channel], width)
        np.copyto(rgb[:, :, channel], diagonal, where=where)


def _palette(igd: Igd, vga: Vga, pipe: str) -> Pixels:
    """The 256 colours of indexed pixels: the pipe's own where any is set, else what the VGA's DAC ports were given.

    On real hardware the DAC ports write the pipe's palette, so the two are one.
    """
    at = planes.palette_place(igd.family, pipe)
    if at is not None:
        words = igd.mmio[at >> 2 : (at >> 2) + 256]
        if words.any():
            return np.stack([words >> np.uint32(16), words >> np.uint32(8), words], axis=-1).astype(np.uint8)
    return dac_palette(vga)
