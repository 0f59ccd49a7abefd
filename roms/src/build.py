#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The ROM is made from its sources: this draws the fonts, finds the two checksum bytes, assembles.

python3 build.py writes font.asm, checksum.asm and ../igd-vbios.rom (needs nasm)
"""

import subprocess
from pathlib import Path

import font

HERE = Path(__file__).resolve().parent
ROM = HERE.parent / "igd-vbios.rom"
VBT = 0x300

CHECKSUMS = """\
; SPDX-License-Identifier: GPL-2.0-or-later
; Made by build.py: the byte that makes the sum of the image zero, and the VBT's own.
%define ROM_CHECKSUM 0x{rom:02X}
%define VBT_CHECKSUM 0x{vbt:02X}
"""


def assemble(rom: int, vbt: int) -> bytes:
    """Writes checksum.asm with these two bytes, assembles, and returns the image."""
    (HERE / "checksum.asm").write_text(CHECKSUMS.format(rom=rom, vbt=vbt))
    subprocess.run(["nasm", "-f", "bin", "-o", str(ROM), "igd-vbios.asm"], cwd=HERE, check=True)
    return ROM.read_bytes()


def main() -> None:
    """Builds everything."""
    (HERE / "font.asm").write_text(font.listing())
    image = assemble(0, 0)
    vbt = -sum(image[VBT : VBT + int.from_bytes(image[VBT + 24 : VBT + 26], "little")]) & 0xFF
    rom = -(sum(image) + vbt) & 0xFF
    assemble(rom, vbt)


if __name__ == "__main__":
    main()
