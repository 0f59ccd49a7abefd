"""Linear pixels of 8, 15, 16, 24 and 32 bits make a picture; every picture comes in the dataclass defined here."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


class Picture(Struct, frozen=True):
    """What a monitor shows: ``rgb`` is (height, width, 3), ``mode`` a short name such as ``text 80x25``."""

    mode: str
    width: int
    height: int
    rgb: Pixels


def blank(mode: str, width: int, height: int) -> Picture:
    """A black picture."""
    return Picture(mode, width, height, np.zeros((height, width, 3), np.uint8))


def widen(levels: Pixels, bits: int) -> Pixels:
    """Colour levels of ``bits`` bits, spread over 0 to 255 so that all ones is 255."""
    wide = levels.astype(np.uint32)
    return ((wide * 255 + ((1 << bits) - 1) // 2) // ((1 << bits) - 1)).astype(np.uint8)


def _fields(words: NDArray[np.uint16], red: tuple[int, int], green: tuple[int, int], blue: tuple[int, int]) -> Pixels:
    """Three colour fields, each (position, bits), of 16-bit pixels."""
    parts = [widen(((words >> at) & ((1 << bits) - 1)).astype(np.uint8), bits) for at, bits in (red, green, blue)]
    return np.stack(parts, axis=-1)


def linear_rgb(memory: Pixels, base: int, stride: int, width: int, height: int, bpp: int, palette: Pixels) -> Pixels:
    """``height`` lines of ``width`` pixels from byte ``base`` of ``memory``, ``stride`` bytes apart.

    ``bpp`` is 8 (through ``palette``, 256 rows of 8-bit red, green, blue), 15, 16, 24 or 32; blue is in the low bits.
    Addresses wrap at the end of ``memory``.
    """
    size = (bpp + 7) // 8
    starts = base + stride * np.arange(height, dtype=np.int64)
    at = (starts[:, None] + np.arange(width * size, dtype=np.int64)) % len(memory)
    lines = memory[at]
    if bpp == 8:
        colours: Pixels = np.take(palette, lines, axis=0)
        return colours
    if bpp in (15, 16):
        words = np.ascontiguousarray(lines).view("<u2")
        return _fields(words, (10, 5), (5, 5), (0, 5)) if bpp == 15 else _fields(words, (11, 5), (5, 6), (0, 5))
    return np.ascontiguousarray(lines.reshape(height, width, size)[:, :, 2::-1])
