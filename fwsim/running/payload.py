"""A boot loader's part is played once a mode is set: the test card, in the form of pixels that the mode wants.

The card shows what goes wrong: a wrong stride shears grid and circle, a page out of place breaks a line, swapped
channels turn the bars and the lettered ramps, a wrong size loses the border or a corner.
"""

from functools import lru_cache
from itertools import pairwise

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
FieldSize = tuple[int, int]
"""A colour's number of bits and lowest bit, as VBE gives them."""

_BARS = (
    (255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0), (255, 0, 255), (255, 0, 0), (0, 0, 255), (0, 0, 0)
)  # fmt: skip
_CORNERS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255))
_FIELD, _GRID, _LINE = (44, 48, 60), (92, 98, 116), (235, 235, 235)

# Glyphs of 5 by 7 dots, drawn for this card: one row a number, leftmost dot in bit 4.
_GLYPHS: dict[str, tuple[int, ...]] = {
    "0": (14, 17, 19, 21, 25, 17, 14), "1": (4, 12, 4, 4, 4, 4, 14), "2": (14, 17, 1, 6, 8, 16, 31),
    "3": (30, 1, 1, 14, 1, 1, 30), "4": (2, 6, 10, 18, 31, 2, 2), "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14), "7": (31, 1, 2, 4, 8, 8, 8), "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12), "x": (0, 0, 17, 10, 4, 10, 17), "F": (31, 16, 16, 30, 16, 16, 16),
    "W": (17, 17, 17, 21, 21, 27, 17), "S": (15, 16, 16, 14, 1, 1, 30), "I": (14, 4, 4, 4, 4, 4, 14),
    "M": (17, 27, 21, 21, 17, 17, 17), "R": (30, 17, 17, 30, 20, 18, 17), "G": (14, 17, 16, 23, 17, 17, 15),
    "B": (30, 17, 17, 30, 17, 17, 30), " ": (0, 0, 0, 0, 0, 0, 0),
}  # fmt: skip


class ModeLayout(Struct, frozen=True):
    """A linear mode: ``pitch`` in bytes, ``base`` its physical address; ``fields`` for red, green and blue.

    Fields of no bits at all stand for the usual ones of ``bpp``.
    """

    width: int
    height: int
    pitch: int
    bpp: int
    base: int = 0
    fields: tuple[FieldSize, ...] = ()


@lru_cache(maxsize=8)
def test_card(width: int, height: int) -> Rgb:
    """The card, (height, width, 3): the same pixels on every machine (integers only), read-only since it is shared."""
    card = np.empty((height, width, 3), np.uint8)
    card[:] = _FIELD
    unit = max(2, min(width, height) // 12)
    card[height // 2 % unit :: unit] = _GRID
    card[:, width // 2 % unit :: unit] = _GRID
    _checks(card, unit)
    _bars(card)
    _ramps(card)
    _circle(card, unit)
    _plate(card)
    _corners(card, unit)
    card.flags.writeable = False
    return card


test_card.__test__ = False  # type: ignore[attr-defined]  # its name makes pytest take it for a test


def _across(width: int) -> NDArray[np.int64]:
    """0 at the left edge to 255 at the right one."""
    return np.arange(width, dtype=np.int64) * 255 // max(1, width - 1)


def _bars(card: Rgb) -> None:
    """Eight colour bars."""
    height, width = card.shape[:2]
    left, right = width // 8, width - width // 8
    index = np.arange(right - left) * 8 // max(1, right - left)
    card[height * 2 // 12 : height * 5 // 12, left:right] = np.array(_BARS, np.uint8)[index]


def _ramps(card: Rgb) -> None:
    """A grey ramp, then red, green and blue ones with their letters."""
    height, width = card.shape[:2]
    left, right = width // 8, width - width // 8
    levels = _across(right - left).astype(np.uint8)
    card[height * 5 // 12 : height * 6 // 12, left:right] = levels[:, None]
    lines = [height * (12 + step) // 24 for step in range(4)]
    for channel, (top, bottom) in enumerate(pairwise(lines)):
        card[top:bottom, left:right] = 0
        card[top:bottom, left:right, channel] = levels
        scale = max(1, (bottom - top) // 10)
        _text(card, "RGB"[channel], left + 2 * scale, top + (bottom - top - 7 * scale) // 2, scale, _LINE)


def _circle(card: Rgb, unit: int) -> None:
    """A ring round the middle: an ellipse when pixels are not where they belong."""
    height, width = card.shape[:2]
    radius = min(width, height) * 11 // 24
    inner = radius - max(1, unit // 16)
    y = (2 * np.arange(height, dtype=np.int32) - height + 1) ** 2
    x = (2 * np.arange(width, dtype=np.int32) - width + 1) ** 2
    distance = y[:, None] + x
    card[(distance <= 4 * radius * radius) & (distance > 4 * inner * inner)] = _LINE


def _checks(card: Rgb, unit: int) -> None:
    """Squares of one-pixel patterns left and right: checks, columns, lines."""
    height, width = card.shape[:2]
    y, x = np.arange(unit)[:, None], np.arange(unit)
    patterns = ((x + y) % 2, x % 2 + 0 * y, y % 2 + 0 * x)
    top = height // 2 + unit
    for number, pattern in enumerate(patterns):
        for left in (unit // 4, width - unit // 4 - unit):
            place = card[top + number * unit : top + (number + 1) * unit, left : left + unit]
            place[:] = (pattern * 255)[: place.shape[0], : place.shape[1], None]


def _plate(card: Rgb) -> None:
    """The name and the resolution on black."""
    height, width = card.shape[:2]
    for text, line, parts in (("FWSIM", height * 17 // 24, 4), (f"{width}x{height}", height * 20 // 24, 3)):
        scale = max(1, min(width * parts // 8 // (6 * len(text)), height // 12 // 10))
        box_width, box_height = (6 * len(text) + 3) * scale, 11 * scale
        left, top = (width - box_width) // 2, line - box_height // 2
        if left < 0 or top < 0:
            continue
        card[top : top + box_height, left : left + box_width] = 0
        _text(card, text, left + 2 * scale, top + 2 * scale, scale, _LINE)


def _text(card: Rgb, text: str, left: int, top: int, scale: int, colour: tuple[int, int, int]) -> None:
    for number, letter in enumerate(text):
        rows = np.array(_GLYPHS[letter])[:, None] >> np.arange(4, -1, -1) & 1
        dots = np.kron(rows, np.ones((scale, scale), np.int64)).astype(np.bool_)
        x = left + 6 * scale * number
        place = card[max(0, top) : top + 7 * scale, x : x + 5 * scale]
        place[dots[: place.shape[0], : place.shape[1]]] = colour


def _corners(card: Rgb, unit: int) -> None:
    """A white border of one pixel, and a block of its own colour in each corner."""
    card[0], card[-1], card[:, 0], card[:, -1] = _LINE, _LINE, _LINE, _LINE
    near, far = slice(2, 2 + unit), slice(-2 - unit, -2)
    for (rows, columns), colour in zip(((near, near), (near, far), (far, near), (far, far)), _CORNERS, strict=True):
        card[rows, columns] = colour


def encode(rgb: Rgb, layout: ModeLayout, palette: Rgb | None = None) -> bytes:
    """``rgb`` as the bytes of ``layout``'s frame buffer, up to the last pixel of the last line.

    8 bits: the nearest of ``palette`` (256 rows of red, green, blue), the lowest index of equal ones. Bytes between
    lines are 0. A depth that is not 8, 15, 16, 24 or 32 has no linear form: no bytes.
    """
    if layout.bpp not in (8, 15, 16, 24, 32):
        return b""
    height, width = rgb.shape[:2]
    size = (layout.bpp + 7) // 8
    pitch = max(layout.pitch, width * size)
    buffer = np.zeros((height, pitch), np.uint8)
    pixels = buffer[:, : width * size]
    if layout.bpp == 8:
        pixels[:] = _nearest(rgb, np.zeros((256, 3), np.uint8) if palette is None else palette)
    else:
        _channels(rgb, pixels, size, _fields(layout))
    return buffer.tobytes()[: pitch * (height - 1) + width * size]


@lru_cache(maxsize=4)
def encoded_card(layout: ModeLayout, palette: bytes) -> bytes:
    """The test card as ``encode`` makes it; ``palette``: 768 bytes, none but for 8 bits a pixel."""
    colours = np.frombuffer(palette, np.uint8).reshape(-1, 3) if palette else None
    return encode(test_card(layout.width, layout.height), layout, colours)


def _fields(layout: ModeLayout) -> tuple[FieldSize, ...]:
    if len(layout.fields) == 3 and all(bits for bits, _ in layout.fields):
        return layout.fields
    return {15: ((5, 10), (5, 5), (5, 0)), 16: ((5, 11), (6, 5), (5, 0))}.get(layout.bpp, ((8, 16), (8, 8), (8, 0)))


def _channels(rgb: Rgb, pixels: Rgb, size: int, fields: tuple[FieldSize, ...]) -> None:
    """Put each channel's upper bits in its place. ``pixels``: one row of bytes a line."""
    height, width = rgb.shape[:2]
    if all(bits == 8 and at % 8 == 0 and at < 8 * size for bits, at in fields):
        for channel, (_, at) in enumerate(fields):
            pixels[:, at // 8 :: size] = rgb[:, :, channel]
        return
    words = np.zeros((height, width), np.uint32 if size > 2 else np.uint16)
    levels = np.arange(256, dtype=np.uint32)
    for channel, (bits, at) in enumerate(fields):
        table = (levels >> (8 - bits) if bits <= 8 else levels << (bits - 8)) << at
        words |= table.astype(words.dtype)[rgb[:, :, channel]]
    for byte in range(size):
        pixels[:, byte::size] = words >> words.dtype.type(8 * byte)


def _nearest(rgb: Rgb, palette: Rgb) -> Rgb:
    """The index of the palette colour nearest to each pixel, by the sum of squared differences."""
    red, green, blue = (rgb[:, :, channel].astype(np.uint32) for channel in range(3))
    packed = red << np.uint32(16) | green << np.uint32(8) | blue
    seen = np.zeros(1 << 24, np.bool_)
    seen[packed] = True
    used = np.flatnonzero(seen)
    colours = np.stack([used >> 16, used >> 8 & 255, used & 255], axis=-1).astype(np.int32)
    table = np.zeros(1 << 24, np.uint8)
    for start in range(0, len(used), 4096):
        part = colours[start : start + 4096, None, :] - palette.astype(np.int32)
        table[used[start : start + 4096]] = (part * part).sum(axis=2).argmin(axis=1)
    nearest: Rgb = table[packed]
    return nearest
