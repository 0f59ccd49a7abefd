#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""This draws the ROM's 8x16 and 8x8 fonts and prints them as a NASM include.

The printable ASCII characters are drawn below as 5x7 cells, eight to a band; the box and block characters (code page
437) are computed from which of their four arms are single or double.

    python3 font.py > font.asm
"""

from collections.abc import Iterator

BANDS = """
.....|..#..|.#.#.|.#.#.|..#..|##..#|.##..|..#..
.....|..#..|.#.#.|.#.#.|.####|##..#|#..#.|..#..
.....|..#..|.#.#.|#####|#.#..|...#.|#.#..|.....
.....|..#..|.....|.#.#.|.###.|..#..|.#...|.....
.....|..#..|.....|#####|..#.#|.#...|#.#.#|.....
.....|.....|.....|.#.#.|####.|#..##|#..#.|.....
.....|..#..|.....|.#.#.|..#..|#..##|.##.#|.....

...#.|.#...|.....|.....|.....|.....|.....|....#
..#..|..#..|..#..|..#..|.....|.....|.....|....#
.#...|...#.|#.#.#|..#..|.....|.....|.....|...#.
.#...|...#.|.###.|#####|.....|#####|.....|..#..
.#...|...#.|#.#.#|..#..|.##..|.....|.....|.#...
..#..|..#..|..#..|..#..|..#..|.....|.##..|#....
...#.|.#...|.....|.....|.#...|.....|.##..|#....

.###.|..#..|.###.|#####|...#.|#####|..##.|#####
#...#|.##..|#...#|...#.|..##.|#....|.#...|....#
#..##|..#..|....#|..#..|.#.#.|####.|#....|...#.
#.#.#|..#..|...#.|...#.|#..#.|....#|####.|..#..
##..#|..#..|..#..|....#|#####|....#|#...#|..#..
#...#|..#..|.#...|#...#|...#.|#...#|#...#|.#...
.###.|.###.|#####|.###.|...#.|.###.|.###.|.#...

.###.|.###.|.....|.....|...#.|.....|.#...|.###.
#...#|#...#|.##..|.##..|..#..|.....|..#..|#...#
#...#|#...#|.##..|.##..|.#...|#####|...#.|....#
.###.|.####|.....|.....|#....|.....|....#|...#.
#...#|....#|.##..|.##..|.#...|#####|...#.|..#..
#...#|...#.|.##..|..#..|..#..|.....|..#..|.....
.###.|.##..|.....|.#...|...#.|.....|.#...|..#..

.###.|.###.|####.|.###.|####.|#####|#####|.###.
#...#|#...#|#...#|#...#|#...#|#....|#....|#...#
#.###|#...#|#...#|#....|#...#|#....|#....|#....
#.#.#|#####|####.|#....|#...#|####.|####.|#.###
#.###|#...#|#...#|#....|#...#|#....|#....|#...#
#....|#...#|#...#|#...#|#...#|#....|#....|#...#
.####|#...#|####.|.###.|####.|#####|#....|.####

#...#|.###.|..###|#...#|#....|#...#|#...#|.###.
#...#|..#..|...#.|#..#.|#....|##.##|##..#|#...#
#...#|..#..|...#.|#.#..|#....|#.#.#|##..#|#...#
#####|..#..|...#.|##...|#....|#.#.#|#.#.#|#...#
#...#|..#..|...#.|#.#..|#....|#...#|#..##|#...#
#...#|..#..|#..#.|#..#.|#....|#...#|#..##|#...#
#...#|.###.|.##..|#...#|#####|#...#|#...#|.###.

####.|.###.|####.|.####|#####|#...#|#...#|#...#
#...#|#...#|#...#|#....|..#..|#...#|#...#|#...#
#...#|#...#|#...#|#....|..#..|#...#|#...#|#...#
####.|#...#|####.|.###.|..#..|#...#|#...#|#.#.#
#....|#.#.#|#.#..|....#|..#..|#...#|#...#|#.#.#
#....|#..#.|#..#.|....#|..#..|#...#|.#.#.|##.##
#....|.##.#|#...#|####.|..#..|.###.|..#..|#...#

#...#|#...#|#####|.###.|#....|.###.|..#..|.....
#...#|#...#|....#|.#...|#....|...#.|.#.#.|.....
.#.#.|.#.#.|...#.|.#...|.#...|...#.|#...#|.....
..#..|..#..|..#..|.#...|..#..|...#.|.....|.....
.#.#.|..#..|.#...|.#...|...#.|...#.|.....|.....
#...#|..#..|#....|.#...|....#|...#.|.....|.....
#...#|..#..|#####|.###.|....#|.###.|.....|#####

.#...|.....|#....|.....|....#|.....|..##.|.....
..#..|.....|#....|.....|....#|.....|.#..#|.####
...#.|.###.|####.|.###.|.####|.###.|.#...|#...#
.....|....#|#...#|#....|#...#|#...#|####.|#...#
.....|.####|#...#|#....|#...#|#####|.#...|.####
.....|#...#|#...#|#...#|#...#|#....|.#...|....#
.....|.####|####.|.###.|.####|.####|.#...|.###.

#....|..#..|...#.|#....|.##..|.....|.....|.....
#....|.....|.....|#....|..#..|.....|.....|.....
####.|.##..|..##.|#..#.|..#..|##.#.|####.|.###.
#...#|..#..|...#.|#.#..|..#..|#.#.#|#...#|#...#
#...#|..#..|...#.|##...|..#..|#.#.#|#...#|#...#
#...#|..#..|#..#.|#.#..|..#..|#.#.#|#...#|#...#
#...#|.###.|.##..|#..#.|.###.|#...#|#...#|.###.

.....|.....|.....|.....|.#...|.....|.....|.....
####.|.####|.....|.....|.#...|.....|.....|.....
#...#|#...#|#.##.|.####|####.|#...#|#...#|#...#
#...#|#...#|##..#|#....|.#...|#...#|#...#|#.#.#
####.|.####|#....|.###.|.#...|#...#|#...#|#.#.#
#....|....#|#....|....#|.#..#|#..##|.#.#.|#.#.#
#....|....#|#....|####.|..##.|.##.#|..#..|.#.#.

.....|.....|.....|...#.|..#..|.#...|.....|.....
.....|#...#|.....|..#..|..#..|..#..|.....|..#..
#...#|#...#|#####|..#..|..#..|..#..|.#...|.#.#.
.#.#.|#...#|...#.|.#...|..#..|...#.|#.#.#|#...#
..#..|.####|..#..|..#..|..#..|..#..|...#.|#...#
.#.#.|....#|.#...|..#..|..#..|..#..|.....|#####
#...#|.###.|#####|...#.|..#..|.#...|.....|.....
"""

# The pixels of each of the five columns of a cell, among the eight of a character: stems are two wide, and one column
# stays free between characters. The middle one is narrow (NARROW) where something stands right of it across a gap.
COLUMNS = (0b11000000, 0b01100000, 0b00011000, 0b00001100, 0b00000110)
NARROW = 0b00010000

# Code page 437 B3..DA: weight (0 none, 1 single, 2 double) of the arms up, down, left, right.
ARMS = (
    "1100 1110 1120 2210 0210 0120 2220 2200 0220 2020 2010 1020 0110 1001 1011 0111 1101 0011 1111 1102 "
    "2201 2002 0202 2022 0222 2202 0022 2222 1022 2011 0122 0211 2001 1002 0102 0201 2211 1122 1010 0101"
)

HALVES = {0xDC: (8, 16, 0xFF), 0xDD: (0, 16, 0xF0), 0xDE: (0, 16, 0x0F), 0xDF: (0, 8, 0xFF), 0xDB: (0, 16, 0xFF)}
SHADES = {0xB0: (0x22, 0x88), 0xB1: (0x55, 0xAA), 0xB2: (0xDD, 0x77)}


def cells() -> Iterator[list[str]]:
    """The seven rows of each character from 20h to 7Fh."""
    for band in BANDS.strip().split("\n\n"):
        rows = [line.split("|") for line in band.splitlines()]
        for column in range(8):
            yield [row[column] for row in rows]


def widen(row: str) -> int:
    """One row of five cells as eight pixels (bit 7 left); neighbouring columns touch."""
    bits = 0
    for cell, pixels in enumerate(COLUMNS):
        if row[cell] == "#":
            bits |= NARROW if cell == 2 and row[3:] == ".#" else pixels
    return bits


def tall(rows: list[str]) -> bytes:
    """A 5x7 cell as an 8x16 character: each row twice, one blank row above and one below."""
    return bytes([0, *(widen(row) for row in rows for _ in range(2)), 0])


def small(rows: list[str]) -> bytes:
    """A 5x7 cell as an 8x8 character."""
    return bytes([*(widen(row) for row in rows), 0])


def box(arms: str, height: int) -> bytes:
    """A box-drawing character of 8 x height pixels from the weights of its arms: up, down, left, right.

    A double arm is a band whose middle is carved out once all bands are drawn. A single arm runs to the middle; where
    it ends at a double line, to the near side of that, or to the far side in a corner.
    """
    x, y = 3, height // 2 - 1
    high, wide = (2 if height == 16 else 1), 1  # half the height of a level band, half the width of an upright one
    weights = [int(arm) for arm in arms]
    pixels = [[False] * 8 for _ in range(height)]

    def draw(arm: int, half: int, reach: int, value: bool) -> None:
        spans = (range(y + 1 + reach), range(y - reach, height), range(x + 1 + reach), range(x - reach, 8))
        for along in spans[arm]:
            for across in range(-half, half + 1):
                row, column = (along, x + across) if arm < 2 else (y + across, along)
                pixels[row][column] = value

    def reach(arm: int) -> int:
        crossing = weights[2:] if arm < 2 else weights[:2]
        if 2 not in crossing or (weights[arm] == 1 and weights[arm ^ 1]):
            return 0
        band = high if arm < 2 else wide
        return -band if weights[arm] == 1 and crossing == [2, 2] else band

    for arm in range(4):
        if weights[arm] == 2:
            draw(arm, wide if arm < 2 else high, reach(arm), True)
    for arm in range(4):
        if weights[arm] == 2:
            draw(arm, 0 if arm < 2 else high - 1, 0, False)
    for arm in range(4):
        if weights[arm] == 1:
            draw(arm, 0, reach(arm), True)
    return bytes(sum(0x80 >> column for column in range(8) if line[column]) for line in pixels)


def other(code: int, height: int) -> bytes:
    """A character outside ASCII: shade, block, box line, or blank."""
    if code in SHADES:
        return bytes(SHADES[code][y & 1] for y in range(height))
    if code in HALVES:
        first, last, bits = HALVES[code]
        scale = 16 // height
        return bytes(bits if first // scale <= y < last // scale else 0 for y in range(height))
    if 0xB3 <= code <= 0xDA:
        return box(ARMS[5 * (code - 0xB3) :][:4], height)
    if code in (0x04, 0x07, 0xFE):
        return bytes(0x3C if height // 4 < y < height * 3 // 4 else 0 for y in range(height))
    return bytes(height)


def fonts() -> tuple[list[bytes], list[bytes]]:
    """256 characters of 16 rows, and 256 of 8."""
    ascii_cells = dict(enumerate(cells(), 0x20))
    high = [tall(ascii_cells[c]) if c in ascii_cells else other(c, 16) for c in range(256)]
    low = [small(ascii_cells[c]) if c in ascii_cells else other(c, 8) for c in range(256)]
    return high, low


def listing() -> str:
    """The NASM include with both fonts."""
    lines = [
        "; SPDX-License-Identifier: GPL-2.0-or-later",
        "; The two fonts. Made by font.py: change that, not this.",
    ]
    for name, font in zip(("font16", "font8"), fonts(), strict=True):
        lines += ["", f"{name}:"]
        for code, rows in enumerate(font):
            shown = chr(code) if 0x20 < code < 0x7F and code != 0x5C else ""  # a backslash would continue the line
            lines.append("        db " + ",".join(f"0x{row:02x}" for row in rows) + f" ; {code:02x} {shown}".rstrip())
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(listing(), end="")
