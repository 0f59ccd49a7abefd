"""QEMU's SMBIOS structures and their entry point, as firmware gets them with no -smbios given.

Types 1, 3, 4, 16, 17, 19, 32 and 127; type 0 is the firmware's own. Sources: DMTF DSP0134 2.8 and 3.0 for the fields;
QEMU hw/smbios/smbios.c for what is in them; every byte compared with QEMU 7.2's machine types 6.1, 7.0 and 7.2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache

from msgspec import Struct

from fwsim.memory.e820 import E820Type
from fwsim.memory.ramsplit import qemu_e820

_TITLES = {
    "pc": ("Standard PC (i440FX + PIIX, 1996)", "pc-i440fx"),
    "q35": ("Standard PC (Q35 + ICH9, 2009)", "pc-q35"),
}
_MAKER = "QEMU"
_NEWEST = (11, 1)
_DIMM = 16 << 30
_ONE_SOCKET, _LARGE_DIMMS = (6, 2), (9, 1)
_SMBIOS3 = ((8, 1), (9, 0))
"""Between these releases the entry point was SMBIOS 3.0's, with six bytes more for each processor."""
_UNSET, _OTHER, _UNKNOWN = 0xFFFF, 1, 2
_NO_ERRORS = 0xFFFE
_ARRAY = 0x1000
"""The handle of the memory array, which devices and ranges name."""
_KIB, _MIB = 1 << 10, 1 << 20
_SIZE_ELSEWHERE = 0x7FFF
_CAPACITY_ELSEWHERE = 0x80000000
QEMU64 = (0x00060FB1, 0x078BFBFD)
"""EAX and EDX of CPUID 1 of QEMU's default model (asked of 7.2)."""


class Smbios(Struct, frozen=True):
    """`etc/smbios/smbios-tables` and `etc/smbios/smbios-anchor`; checksums and the address are the firmware's to fill.

    SeaBIOS src/fw/biostables.c (smbios_romfile_setup) and OVMF's SmbiosPlatformDxe do.
    """

    tables: bytes
    anchor: bytes


def smbios_bytes(machine: str, low: int, high: int, cpus: int, release: tuple[int, ...]) -> int:
    """Bytes of `etc/smbios/smbios-tables`. ``low`` and ``high`` bytes of RAM below and above 4 GiB."""
    # A structure is as long whatever sizes stand in it: how many modules and ranges there are is all that counts.
    return _length(machine, -(-(low + high) // _DIMM), bool(high), cpus, release)


@lru_cache(maxsize=256)
def _length(machine: str, dimms: int, high: bool, cpus: int, release: tuple[int, ...]) -> int:
    ram = dimms * _DIMM
    e820 = qemu_e820(_MIB if high else ram, ram - _MIB if high else 0, amd=False, kvm=False)
    return len(smbios(machine, e820, cpus, release).tables)


def smbios(
    machine: str, e820: Sequence[tuple[int, int, int]], cpus: int, release: tuple[int, ...],
    uuid: bytes = bytes(16), cpuid: tuple[int, int] = QEMU64,
) -> Smbios:  # fmt: skip
    """The structures of ``machine`` "pc" or "q35" with the RAM of ``e820``, (start, size, type).

    CPUs are cores of one socket from machine type 6.2 on, before sockets each. ``uuid``: 16 bytes as RFC 4122 has them;
    ``cpuid``: EAX and EDX of leaf 1.
    """
    wide = _SMBIOS3[0] <= release < _SMBIOS3[1]
    ram = [(start, size) for start, size, kind in e820 if kind == E820Type.RAM]
    structures = [*_system(machine, release, uuid)]
    sockets, cores = (1, cpus) if release >= _ONE_SOCKET else (cpus, 1)
    model = _model(machine, release)
    structures += (_processor(number, cores, cpuid, model, wide) for number in range(sockets))
    structures += _memory(ram, large=release >= _LARGE_DIMMS)
    structures.append(_structure(32, 0x2000, bytes(7)))
    structures.append(_structure(127, 0x7F00, b""))
    tables = b"".join(structures)
    anchor = _anchor3(len(tables)) if wide else _anchor(tables, structures)
    return Smbios(tables, anchor)


def _structure(kind: int, handle: int, fields: bytes, *strings: str) -> bytes:
    """Header, formatted part, the strings that it counts from 1, and the two zeros that end it."""
    texts = b"".join(each.encode() + b"\0" for each in strings) or b"\0"
    return struct.pack("<BBH", kind, 4 + len(fields), handle) + fields + texts + b"\0"


def _model(machine: str, release: tuple[int, ...]) -> str:
    return f"{_TITLES[machine][1]}-{'.'.join(map(str, release[:2] if len(release) > 1 else _NEWEST))}"


def _system(machine: str, release: tuple[int, ...], uuid: bytes) -> Iterator[bytes]:
    """System and chassis. The first three fields of the uuid are little-endian (DSP0134 7.2.1)."""
    model = _model(machine, release)
    swapped = uuid[3::-1] + uuid[5:3:-1] + uuid[7:5:-1] + uuid[8:]
    wake_up = 6  # the power switch
    system = struct.pack("<4B16s3B", 1, 2, 3, 0, swapped, wake_up, 0, 0)
    yield _structure(1, 0x0100, system, _MAKER, _TITLES[machine][0], model)
    safe, security = 3, 2
    chassis = struct.pack("<9BI5B", 1, _OTHER, 2, 0, 0, safe, safe, safe, security, 0, 0, 0, 0, 0, 0)
    yield _structure(3, 0x0300, chassis, _MAKER, model)


def _processor(number: int, cores: int, cpuid: tuple[int, int], model: str, wide: bool) -> bytes:
    """One socket of ``cores`` cores with a thread each, 2000 MHz."""
    central, enabled, unknown_features = 3, 0x41, _UNKNOWN
    few = min(cores, 0xFF)
    fields = struct.pack(
        "<4BII2B3H2B3H6BHH", 1, central, _OTHER, 2, *cpuid, 3, 0, 0, 2000, 2000, enabled, _OTHER,
        _UNSET, _UNSET, _UNSET, 0, 0, 0, few, few, few, unknown_features, _OTHER,
    )  # fmt: skip
    if wide:
        fields += struct.pack("<3H", cores, cores, cores)
    return _structure(4, 0x0400 + number, fields, f"CPU {number}", _MAKER, model)


def _memory(ram: Sequence[tuple[int, int]], large: bool) -> Iterator[bytes]:
    """The array, its modules (of 16 GiB, or one of all where they are ``large``), and the ranges that it answers."""
    total = sum(size for _, size in ram)
    dimms = 1 if large else -(-total // _DIMM)
    system_board, system_memory, multi_bit_ecc = 1, 3, 6
    small = total // _KIB < _CAPACITY_ELSEWHERE
    yield _structure(16, _ARRAY, struct.pack(
        "<3BIHHQ", system_board, system_memory, multi_bit_ecc, total // _KIB if small else _CAPACITY_ELSEWHERE,
        _NO_ERRORS, dimms, 0 if small else total,
    ))  # fmt: skip
    for number in range(dimms):
        size = (total if large else min(_DIMM, total - number * _DIMM)) // _MIB
        dimm, of_ram, other_detail = 9, 7, 2
        fields = struct.pack(
            "<5H4BBHH4BBIHHHH", _ARRAY, _NO_ERRORS, _UNSET, _UNSET, min(size, _SIZE_ELSEWHERE), dimm, 0, 1, 0, of_ram,
            other_detail, 0, 2, 0, 0, 0, 0, size if size >= _SIZE_ELSEWHERE else 0, 0, 0, 0, 0,
        )  # fmt: skip
        yield _structure(17, 0x1100 + number, fields, f"DIMM {number}", _MAKER)
    for number, (start, size) in enumerate(ram):
        first, last = start // _KIB, (start + size - 1) // _KIB
        fits = last < _UNSET << 16
        places = (first, last, 0, 0) if fits else (0xFFFFFFFF, 0xFFFFFFFF, start, start + size - 1)
        fields = struct.pack("<IIHBQQ", *places[:2], _ARRAY, 1, *places[2:])
        yield _structure(19, 0x1300 + number, fields)


def _anchor(tables: bytes, structures: Sequence[bytes]) -> bytes:
    """The 2.8 entry point (DSP0134 5.2.1)."""
    largest = max(map(len, structures))
    return struct.pack(
        "<4sBBBBHB5s5sBHIHB", b"_SM_", 0, 31, 2, 8, largest, 0, bytes(5), b"_DMI_", 0, len(tables), 0,
        len(structures), 0x28,
    )  # fmt: skip


def _anchor3(size: int) -> bytes:
    """The 3.0 entry point (DSP0134 5.2.2)."""
    return struct.pack("<5sBBBBBBBIQ", b"_SM3_", 0, 24, 3, 0, 0, 1, 0, size, 0)
