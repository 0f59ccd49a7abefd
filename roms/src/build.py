#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The ROM is made from its sources: this draws the fonts, finds the two checksum bytes, assembles.

python3 build.py writes font.asm, checksum.asm, ../igd-vbios.rom and ../igd-vbios-pair.rom (needs nasm)
"""

import subprocess
from pathlib import Path

import font

HERE = Path(__file__).resolve().parent
ROM, WITH_PAIR = HERE.parent / "igd-vbios.rom", HERE.parent / "igd-vbios-pair.rom"
VBT = 0x300

CHECKSUMS = """\
; SPDX-License-Identifier: GPL-2.0-or-later
; Made by build.py: the bytes that make the sums of the images zero, and the VBT's own.
%ifdef PAIR
%define ROM_CHECKSUM 0x{pair:02X}
%else
%define ROM_CHECKSUM 0x{rom:02X}
%endif
%define VBT_CHECKSUM 0x{vbt:02X}
"""


def assemble(rom: int, pair: int, vbt: int) -> tuple[bytes, bytes]:
    """Writes checksum.asm with these bytes, assembles both, and returns the images."""
    (HERE / "checksum.asm").write_text(CHECKSUMS.format(rom=rom, pair=pair, vbt=vbt))
    for out, options in ((ROM, []), (WITH_PAIR, ["-dPAIR"])):
        subprocess.run(["nasm", "-f", "bin", *options, "-o", str(out), "igd-vbios.asm"], cwd=HERE, check=True)
    return ROM.read_bytes(), WITH_PAIR.read_bytes()


def main() -> None:
    """Builds everything."""
    (HERE / "font.asm").write_text(font.listing())
    images = assemble(0, 0, 0)
    image = images[0]
    vbt = -sum(image[VBT : VBT + int.from_bytes(image[VBT + 24 : VBT + 26], "little")]) & 0xFF
    rom, pair = (-(sum(each) + vbt) & 0xFF for each in images)
    assemble(rom, pair, vbt)


if __name__ == "__main__":
    main()
