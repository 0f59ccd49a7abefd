"""A PE image of a driver is laid into memory: sections, and relocations counted against their directory.

lief reads the headers; it finds no relocations in images whose directory is there (seen in real GOP drivers), so the
blocks are walked, and a count other than lief's is said. Source: PE Format (Microsoft), "The .reloc Section".
"""

from __future__ import annotations

import io
from typing import Any

from msgspec import Struct

from fwsim.errors import FwsimError

MACHINES = {0x8664: "x64"}
_OTHERS = {
    0x014C: "ia32", 0xAA64: "aarch64", 0x01C2: "arm", 0x0200: "ia64", 0x0EBC: "EFI byte code", 0x5064: "riscv64",
}  # fmt: skip
_DIR64, _HIGHLOW, _NONE = 10, 3, 0
_LARGEST = 64 << 20
_SUBSYSTEM = 0x5C
_MAGIC, _PE32_PLUS = 0x18, (0x20B).to_bytes(2, "little")
_LIEF_KINDS = (_DIR64, _HIGHLOW)


class Pe(Struct, frozen=True):
    """An image as it lies in memory before relocation: ``size`` bytes, made for ``base``, entered at ``entry``.

    ``note`` is what is odd about it, "" for nothing.
    """

    machine: str
    base: int
    size: int
    entry: int
    subsystem: int
    memory: bytes
    relocations: tuple[tuple[int, int], ...]
    """(offset, bytes of the address there)."""
    note: str = ""

    def at(self, address: int) -> bytes:
        """The image as it is at ``address``."""
        data, shift = bytearray(self.memory), address - self.base
        for offset, width in self.relocations:
            value = int.from_bytes(data[offset : offset + width], "little") + shift
            data[offset : offset + width] = (value & (1 << 8 * width) - 1).to_bytes(width, "little")
        return bytes(data)


def load(raw: bytes, name: str) -> Pe:
    """The PE image in ``raw``. Raises FwsimError for what is none, is for another machine, or points past its end."""
    machine = _machine(raw, name)
    binary = _headers(raw, name)
    header = binary.optional_header
    size = header.sizeof_image
    if not 0 < size <= _LARGEST:
        raise FwsimError("an image of that size is no driver", where=name, found=f"{size:#x} bytes",
                         expected=f"1 to {_LARGEST:#x}")  # fmt: skip
    head, announced = header.sizeof_headers, binary.header.numberof_sections
    if head > min(size, len(raw)) or announced != len(binary.sections):
        raise FwsimError("the headers are cut short", where=name, found=f"{len(raw):#x} bytes",
                         expected=f"{head:#x} bytes of headers, and {announced} sections",
                         hint="the file may be cut short")  # fmt: skip
    memory = bytearray(size)
    memory[:head] = raw[:head]
    for section in binary.sections:
        _lay(memory, raw, section, name)
    entry = header.addressof_entrypoint
    if entry >= size:
        raise FwsimError("the entry lies past the end of the image", where=name, found=f"{entry:#x}",
                         expected=f"below {size:#x}")  # fmt: skip
    fixes, note = _fixes(binary, bytes(memory), name)
    at = int.from_bytes(raw[0x3C:0x40], "little") + _SUBSYSTEM  # lief warns of numbers that it has no name for
    subsystem = int.from_bytes(raw[at : at + 2], "little")
    return Pe(machine, header.imagebase, size, entry, subsystem, bytes(memory), fixes, note)


def _machine(raw: bytes, name: str) -> str:
    """The machine's name. Raises FwsimError for none, and for another than a 64-bit PC's."""
    at = int.from_bytes(raw[0x3C:0x40], "little") if raw[:2] == b"MZ" else 0
    if raw[at : at + 4] != b"PE\0\0":
        raise FwsimError("not a PE image", where=name, found=raw[:4].hex(" ") or "nothing", expected="MZ ... PE",
                         hint="a driver is a .efi file, or an image of code type 3 in a ROM")  # fmt: skip
    machine = int.from_bytes(raw[at + 4 : at + 6], "little")
    if machine not in MACHINES:
        hint = "a 64-bit OVMF loads no 32-bit driver: take the one for x64" if machine == 0x014C else ""
        raise FwsimError("a driver for another machine", where=name, found=_OTHERS.get(machine, f"{machine:#06x}"),
                         expected="x64", hint=hint or "take the driver that was built for a PC")  # fmt: skip
    return MACHINES[machine]


def _headers(raw: bytes, name: str) -> Any:
    """lief's view of the image. Raises FwsimError where it has none."""
    import lief

    lief.logging.disable()
    try:
        binary = lief.PE.parse(io.BytesIO(raw))
    except Exception:  # whatever lief raises for headers that it cannot read
        binary = None
    at = int.from_bytes(raw[0x3C:0x40], "little") + _MAGIC
    if not isinstance(binary, lief.PE.Binary) or raw[at : at + 2] != _PE32_PLUS:
        raise FwsimError("the PE headers cannot be read", where=name, found=f"{len(raw)} bytes",
                         expected="a whole PE32+ image", hint="the file may be cut short")  # fmt: skip
    return binary


def _lay(memory: bytearray, raw: bytes, section: Any, name: str) -> None:
    """One section's bytes go to their place. Raises FwsimError for one that is not there."""
    start, at = section.pointerto_raw_data, section.virtual_address
    length = min(section.sizeof_raw_data, section.virtual_size or section.sizeof_raw_data)
    if start + length > len(raw) or at + length > len(memory):
        raise FwsimError("a section lies past the end of the image", where=f"{name}, {_shown(section.name)}",
                         found=f"{start:#x}+{length:#x} to {at:#x}",
                         expected=f"inside {len(raw):#x} bytes, and of {len(memory):#x} in memory",
                         hint="the file may be cut short")  # fmt: skip
    memory[at : at + length] = raw[start : start + length]


def _shown(name: Any) -> str:
    """A section's name as it may be printed: text, or bytes where lief can make no text of them."""
    text = name.decode("latin-1") if isinstance(name, bytes) else str(name)
    return "".join(each if each.isascii() and each.isprintable() else "?" for each in text) or "a section"


def _fixes(binary: Any, memory: bytes, name: str) -> tuple[tuple[tuple[int, int], ...], str]:
    """(every place to relocate, what lief counts otherwise)."""
    import lief

    directory = binary.data_directory(lief.PE.DataDirectory.TYPES.BASE_RELOCATION_TABLE)
    if not directory or not directory.rva:
        return (), ""
    fixes = _relocations(memory, directory.rva, directory.size, name)
    counted = sum(entry.data >> 12 in _LIEF_KINDS for block in binary.relocations for entry in block.entries)
    if counted == len(fixes):
        return fixes, ""
    return fixes, f"{name}: lief finds {counted} relocations, the directory has {len(fixes)}, which are made"


def _relocations(memory: bytes, start: int, size: int, name: str) -> tuple[tuple[int, int], ...]:
    """Every place to relocate, block by block."""
    found: list[tuple[int, int]] = []
    end = min(start + size, len(memory))
    while start + 8 <= end:
        page = int.from_bytes(memory[start : start + 4], "little")
        length = int.from_bytes(memory[start + 4 : start + 8], "little")
        if length < 8 or start + length > end:
            raise FwsimError("a block of relocations goes past their end", where=name, found=f"{length:#x} bytes",
                             expected=f"8 to {end - start:#x}", hint="the image is damaged")  # fmt: skip
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
