#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The AArch64 guest programs are compiled and linked, each an ELF file to be loaded where it says.

python3 build.py writes arm-linux.elf and arm-careless.elf to ../..; with FOLDER they go there.
Needs ziglang of exactly the version in pyproject.toml: another one's code differs.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROMS = HERE.parents[1]
COMMON = ("start.S", "console.c", "tree.c")
PROGRAMS = {
    "arm-linux.elf": ("linux.c", "pci.c", "place.c", "show.c", "edu.c"),
    "arm-careless.elf": ("careless.c",),
}
ADDRESS = 0x40200000
"""The start of RAM and 2 MiB: QEMU's virt puts its device tree of 1 MiB below an ELF kernel if it fits there."""
COMPILE = (
    "clang", "--target=aarch64-unknown-none-elf", "-mcpu=cortex-a57", "-std=c17", "-Os", "-Wall", "-Wextra", "-Werror",
    "-ffreestanding", "-mgeneral-regs-only", "-mstrict-align", "-fno-stack-protector", "-fno-pic", "-fno-sanitize=all",
    "-fno-asynchronous-unwind-tables", "-fomit-frame-pointer", "-g0", "-nostdinc", "-c",
)  # fmt: skip
LINK = (
    "ld.lld", "-m", "aarch64elf", "-static", "--build-id=none", "--omagic", "--strip-all", "-e", "_start",
    f"-Ttext={ADDRESS:#x}",
)  # fmt: skip


def zig(*arguments: str) -> None:
    """Runs one of the tools in ziglang; its caches stay out of the sources."""
    subprocess.run([sys.executable, "-m", "ziglang", *arguments], cwd=HERE, check=True)


def program(sources: tuple[str, ...], out: Path) -> None:
    """Builds one program of its sources and what all have."""
    with tempfile.TemporaryDirectory() as folder:
        objects = [str(Path(folder) / f"{source}.o") for source in COMMON + sources]
        for source, made in zip(COMMON + sources, objects, strict=True):
            zig(*COMPILE, source, "-o", made)
        zig(*LINK, "-o", str(out), *objects)


def main() -> None:
    """Builds everything."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROMS
    for name, sources in PROGRAMS.items():
        program(sources, out / name)


if __name__ == "__main__":
    main()
