"""A PE image of a driver is laid into memory: sections, and relocations counted against their directory.

lief reads the headers; it finds no relocations in images whose directory is there (seen in real GOP drivers), so the
blocks are walked where its count and the directory's disagree. Source: PE Format (Microsoft), "The .reloc Section".
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from fwsim.errors import FwsimError

MACHINES = {0x8664: "x64", 0x014C: "ia32"}
_OTHERS = {0xAA64: "aarch64", 0x01C2: "arm", 0x0200: "ia64", 0x0EBC: "EFI byte code", 0x5064: "riscv64"}
_DIR64, _HIGHLOW, _NONE = 10, 3, 0
_LARGEST = 64 << 20


@dataclass(frozen=True)
class Pe:
    """An image as it lies in memory before relocation: ``size`` bytes, made for ``base``, entered at ``entry``."""

    machine: str
    base: int
    size: int
    entry: int
    subsystem: int
    memory: bytes
    relocations: tuple[tuple[int, int], ...]
    """(offset, bytes of the address there)."""

    def at(self, address: int) -> bytes:
        """The image as it is at ``address``."""
        data, shift = bytearray(self.memory), address - self.base
        for offset, width in self.relocations:
            value = int.from_bytes(data[offset : offset + width], "little") + shift
            data[offset : offset + width] = (value & (1 << 8 * width) - 1).to_bytes(width, "little")
        return bytes(data)


def load(raw: bytes, name: str) -> Pe:
    """The PE image in ``raw``. Raises FwsimError for what is none, is for another machine, or points past its end."""
    import lief

    lief.logging.disable()
    at = int.from_bytes(raw[0x3C:0x40], "little") if raw[:2] == b"MZ" else 0
    if raw[at : at + 4] != b"PE\0\0":
        raise FwsimError("not a PE image", where=name, found=raw[:4].hex(" ") or "nothing", expected="MZ ... PE",
                         hint="an EFI driver is a .efi file, or an image of code type 3 in an option ROM")  # fmt: skip
    machine = int.from_bytes(raw[at + 4 : at + 6], "little")
    if machine not in MACHINES:
        raise FwsimError("a driver for another machine", where=name, found=_OTHERS.get(machine, f"{machine:#06x}"),
                         expected="x64 or ia32", hint="take the driver that was built for a PC")  # fmt: skip
    binary = lief.PE.parse(io.BytesIO(raw))
    if not isinstance(binary, lief.PE.Binary):
        raise FwsimError("the PE headers cannot be read", where=name, found=f"{len(raw)} bytes",
                         expected="a whole image", hint="the file may be cut short")  # fmt: skip
    header = binary.optional_header
    size = header.sizeof_image
    if not 0 < size <= _LARGEST:
        raise FwsimError("an image of that size is no driver", where=name, found=f"{size:#x} bytes",
                         expected=f"1 to {_LARGEST:#x}")  # fmt: skip
    memory = bytearray(size)
    head = min(header.sizeof_headers, size, len(raw))
    memory[:head] = raw[:head]
    for section in binary.sections:
        start, length = (
            section.pointerto_raw_data,
            min(section.sizeof_raw_data, section.virtual_size or section.sizeof_raw_data),
        )
        if start + length > len(raw) or section.virtual_address + length > size:
            raise FwsimError("a section lies past the end of the image", where=f"{name}, {section.name!s}",
                             found=f"{start:#x}+{length:#x} to {section.virtual_address:#x}",
                             expected=f"inside {len(raw):#x} bytes, and of {size:#x} in memory",
                             hint="the file may be cut short")  # fmt: skip
        memory[section.virtual_address : section.virtual_address + length] = raw[start : start + length]
    entry = header.addressof_entrypoint
    if entry >= size:
        raise FwsimError("the entry lies past the end of the image", where=name, found=f"{entry:#x}",
                         expected=f"below {size:#x}")  # fmt: skip
    directory = binary.data_directory(lief.PE.DataDirectory.TYPES.BASE_RELOCATION_TABLE)
    fixes = _relocations(bytes(memory), directory.rva, directory.size, name) if directory else ()
    return Pe(MACHINES[machine], header.imagebase, size, entry, int(header.subsystem), bytes(memory), fixes)


def _relocations(memory: bytes, start: int, size: int, name: str) -> tuple[tuple[int, int], ...]:
    """Every place to relocate, block by block."""
    found: list[tuple[int, int]] = []
    end = min(start + size, len(memory))
    while start + 8 <= end:
        page = int.from_bytes(memory[start : start + 4], "little")
        length = int.from_bytes(memory[start + 4 : start + 8], "little")
        if length < 8:
            break
        for at in range(start + 8, min(start + length, end) - 1, 2):
            word = int.from_bytes(memory[at : at + 2], "little")
            kind, offset = word >> 12, page + (word & 0xFFF)
            if kind == _NONE:
                continue
            width = {_DIR64: 8, _HIGHLOW: 4}.get(kind, 0)
            if not width or offset + width > len(memory):
                raise FwsimError("a relocation that cannot be made", where=name, found=f"type {kind} at {offset:#x}",
                                 expected=f"DIR64 or HIGHLOW below {len(memory):#x}",
                                 hint="the image is damaged")  # fmt: skip
            found.append((offset, width))
        start += length
    return tuple(found)
