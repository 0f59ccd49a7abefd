"""Reads text off a picture with the font in the ROM's own file: what a person would see, not what memory holds."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SMILE_16 = bytes.fromhex("00007e81a58181bd9981817e00000000")
SMILE_8 = bytes.fromhex("7e81a581bd99817e")
"""Character 01h of IBM's 8x16 and 8x8 fonts, which every VGA BIOS carries."""


def read_png(path: Path) -> NDArray[np.uint8]:
    """The pixels, (height, width, 3)."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def font_of(rom: bytes, lines: int) -> dict[bytes, str]:
    """Glyph to printable character, of the ROM's font with ``lines`` rows a character."""
    start = rom.index(SMILE_16 if lines == 16 else SMILE_8) - lines
    codes = range(0x7E, 0x1F, -1)
    return {rom[start + lines * code : start + lines * (code + 1)]: chr(code) for code in codes}


def read_text(rgb: NDArray[np.uint8], font: dict[bytes, str], cell: int = 8) -> list[str]:
    """The rows of characters, each ``cell`` dots wide (the ninth is not looked at), light on dark; ? for no glyph.

    A dot is lit when its red or green is: text in any colour but blue, on black or blue.
    """
    lines = len(next(iter(font)))
    lit = (rgb[:, :, :2] > 100).any(axis=2)
    rows, columns = lit.shape[0] // lines, lit.shape[1] // cell
    cells = lit[: rows * lines, : columns * cell].reshape(rows, lines, columns, cell)[..., :8]
    packed = np.packbits(cells, axis=-1)[..., 0].transpose(0, 2, 1)
    return ["".join(font.get(glyph.tobytes(), "?") for glyph in row).rstrip(" ?") for row in packed]
