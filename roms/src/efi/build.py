#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The EFI drivers are compiled, linked and packed: alone as PE, as an option ROM, and behind our video BIOS.

python3 build.py writes ids.h, and igd-assignment.efi, igd-policy.efi, igd-gop.efi, igd-gop.rom and igd-combined.rom to
../..; with FOLDER the last five go there.
Needs fwsim, and ziglang of exactly the version in pyproject.toml: another one's code differs.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import ids
from uefi_firmware import efi_compressor

HERE = Path(__file__).resolve().parent
ROMS = HERE.parents[1]
ASSIGNMENT = ("assignment.c",)
POLICY = ("policy.c",)
GOP = ("gop.c", "graphics.c", "modes.c", "ddc.c", "pipe.c")
COMPILE = (
    "clang", "--target=x86_64-unknown-windows", "-std=c17", "-Os", "-Wall", "-Wextra", "-Werror",
    "-Wno-unused-parameter", "-Wno-parentheses", "-ffreestanding", "-fshort-wchar", "-fno-stack-protector",
    "-mno-red-zone", "-mno-stack-arg-probe", "-mno-implicit-float", "-nostdinc", "-c",
)  # fmt: skip
LINK = (
    "lld-link", "/subsystem:efi_boot_service_driver", "/entry:efi_main", "/nodefaultlib", "/timestamp:0", "/align:32",
    "/filealign:32", "/driver",
)  # fmt: skip
BLOCK, PCIR, LAST = 512, 0x1C, 0x80
CODE_BIOS, CODE_EFI = 0, 3


def zig(*arguments: str) -> None:
    """Runs one of the tools in ziglang; its caches stay out of the sources."""
    subprocess.run([sys.executable, "-m", "ziglang", *arguments], cwd=HERE, check=True)


def driver(sources: tuple[str, ...]) -> bytes:
    """The PE image of a driver."""
    with tempfile.TemporaryDirectory() as folder:
        objects = [str(Path(folder) / f"{source}.o") for source in sources]
        for source, made in zip(sources, objects, strict=True):
            zig(*COMPILE, source, "-o", made)
        out = Path(folder) / "driver.efi"
        zig(*LINK, f"/out:{out}", *objects)
        return out.read_bytes()


def image(pe: bytes, *, compressed: bool, last: bool) -> bytes:
    """An option ROM image of code type 3 (UEFI 2.10, 14.4.2; PCI Firmware 3.0, 5.1.2): header, PCIR, ids, driver."""
    devices = b"".join(each.to_bytes(2, "little") for each in ids.ids()) + bytes(2)
    at = PCIR + 0x1C + len(devices) + 7 & ~7
    body = efi_compressor.EfiCompress(pe, len(pe)) if compressed else pe
    blocks = -(-(at + len(body)) // BLOCK)
    header = (
        b"\x55\xaa" + blocks.to_bytes(2, "little") + (0x0EF1).to_bytes(4, "little") + (11).to_bytes(2, "little")
        + (0x8664).to_bytes(2, "little") + compressed.to_bytes(2, "little") + bytes(8) + at.to_bytes(2, "little")
        + PCIR.to_bytes(2, "little")
    )  # fmt: skip
    pcir = (
        b"PCIR" + (0x8086).to_bytes(2, "little") + ids.ids()[0].to_bytes(2, "little") + (0x1C).to_bytes(2, "little")
        + (0x1C).to_bytes(2, "little") + b"\x03" + bytes((0, 0, 3)) + blocks.to_bytes(2, "little") + bytes(2)
        + bytes((CODE_EFI, LAST if last else 0)) + bytes(6)
    )  # fmt: skip
    return ((header.ljust(PCIR, b"\0") + pcir + devices).ljust(at, b"\0") + body).ljust(blocks * BLOCK, b"\0")


def followed(bios: bytes) -> bytes:
    """Our video BIOS, no longer the last image of its ROM: the indicator and the byte that evens the sum change."""
    data = bytearray(bios)
    indicator = int.from_bytes(data[0x18:0x1A], "little") + 0x15
    data[indicator] &= ~LAST
    data[6] = data[6] - sum(data) & 0xFF
    return bytes(data)


def main() -> None:
    """Builds everything."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROMS
    if out == ROMS:
        (HERE / "ids.h").write_text(ids.listing())
    assignment, policy, gop = driver(ASSIGNMENT), driver(POLICY), driver(GOP)
    bios = (ROMS / "igd-vbios.rom").read_bytes()
    (out / "igd-assignment.efi").write_bytes(assignment)
    (out / "igd-policy.efi").write_bytes(policy)
    (out / "igd-gop.efi").write_bytes(gop)
    (out / "igd-gop.rom").write_bytes(
        image(assignment, compressed=False, last=False) + image(gop, compressed=True, last=True)
    )
    (out / "igd-combined.rom").write_bytes(
        followed(bios) + image(assignment, compressed=True, last=False) + image(gop, compressed=False, last=True)
    )


if __name__ == "__main__":
    main()
