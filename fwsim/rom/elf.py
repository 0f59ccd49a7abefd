"""An ELF program for AArch64: its entry, and the bytes of each segment that is loaded.

Source: ELF for the Arm 64-bit Architecture (AAELF64); System V ABI, chapter 5 (program loading).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from fwsim.errors import FwsimError
from fwsim.rom.chain import read_file

_EXPECTED = "an AArch64 ELF executable"
_HINT = "roms/arm-linux.elf is one; an Image or a bare binary has no addresses of its own"
_MOST = 1 << 30


@dataclass(frozen=True)
class Program:
    """``segments``: (guest-physical address, bytes), zeroes behind what the file has; ``sha256`` of the file."""

    entry: int
    segments: tuple[tuple[int, bytes], ...]
    sha256: str
    size: int


def program(file: str, where: str) -> Program:
    """The program in ``file``. Raises FwsimError, naming ``where``, for what is no AArch64 executable."""
    data = read_file(file, expected=_EXPECTED)
    return parse(data, f"{where}: {file}")


def parse(data: bytes, where: str) -> Program:
    """The program that ``data`` is. Raises FwsimError for what is none."""
    import lief

    if data[:4] != b"\x7fELF":
        found = "55 AA: an option ROM" if data[:2] == b"\x55\xaa" else "MZ" if data[:2] == b"MZ" else "no ELF header"
        raise FwsimError("not a program that can be run", where=where, found=found, expected=_EXPECTED, hint=_HINT)
    machine = int.from_bytes(data[18:20], "little")
    if data[4] != 2 or data[5] != 1 or machine != 183:
        bits = {1: "32-bit", 2: "64-bit"}.get(data[4], "ELF")
        name = _MACHINES.get(machine, f"e_machine {machine}")
        raise FwsimError(
            "the program is for another CPU", where=where, found=f"{bits} {name}", expected=_EXPECTED,
            hint="build it with aarch64-linux-gnu-gcc, or clang --target=aarch64-none-elf",
        )  # fmt: skip
    lief.logging.disable()
    binary = lief.ELF.parse(list(data))
    if binary is None:
        raise FwsimError("not a whole ELF file", where=where, found=f"{len(data)} bytes", expected=_EXPECTED)
    segments = []
    for segment in binary.segments:
        if segment.type != lief.ELF.Segment.TYPE.LOAD or not segment.virtual_size:
            continue
        if segment.virtual_size > _MOST or segment.file_offset + segment.physical_size > len(data):
            raise FwsimError(
                "a segment that the file does not have", where=where, expected=_EXPECTED,
                found=f"{segment.virtual_size:#x} bytes for {segment.physical_address:#x}, the file has {len(data):#x}",
            )  # fmt: skip
        content = data[segment.file_offset : segment.file_offset + segment.physical_size]
        segments.append((segment.physical_address, content.ljust(segment.virtual_size, b"\0")))
    if not segments:
        raise FwsimError("nothing in the program is loaded", where=where, found="no PT_LOAD", expected=_EXPECTED)
    return Program(binary.entrypoint, tuple(segments), sha256(data).hexdigest(), len(data))


_MACHINES = {
    3: "x86 (i386)", 8: "MIPS", 20: "PowerPC", 21: "PowerPC64", 40: "Arm (AArch32)", 62: "x86-64", 243: "RISC-V",
}  # fmt: skip
"""e_machine of programs that a user may name by mistake."""
    3: "x86 (i386)",
    8: "MIPS",
    20: "PowerPC",
    21: "PowerPC64",
    40: "Arm (AArch32)",
    62: "x86-64",
    243: "RISC-V",
}
