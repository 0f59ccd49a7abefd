"""Boot services for memory: pages, pools, the map, and bytes moved about; one service a function.

Source: UEFI Specification 2.10, 7.2 and 7.5; edk2 MdeModulePkg/Core/Dxe/Mem.
"""

from __future__ import annotations

import binascii

from fwsim.cpu.moves import Move
from fwsim.environment.uefi.uefi import Call, Uefi
from fwsim.environment.uefi.words import BUFFER_TOO_SMALL, INVALID_PARAMETER, MEMORY_TYPES, SUCCESS

DESCRIPTOR = 48
"""Bytes of a memory descriptor, as edk2 gives it (sizeof is 40)."""
_CACHES = 0xF
"""Uncacheable, write combining, write through, write back: what RAM can be."""
_RUNTIME = 1 << 63
_RUNTIME_TYPES = (MEMORY_TYPES.index("RTCode"), MEMORY_TYPES.index("RTData"))
_R8 = 8
"""The register that a third argument is in."""
_PIECE = 16 << 20
"""Bytes that are moved at once: as much as is asked for may be there or not."""


def allocate_pages(uefi: Uefi, call: Call) -> int:
    """AllocatePages(how, type, pages, address)."""
    at = call[3]
    status, base = uefi.memory.allocate_pages(call[0], call[1], call[2], uefi.number(at))
    if not status:
        uefi.put(at, base)
        uefi.show_page_0()
    return status


def free_pages(uefi: Uefi, call: Call) -> int:
    """FreePages(address, pages)."""
    status = uefi.memory.free_pages(call[0], call[1])
    uefi.show_page_0()
    return status


def memory_map(uefi: Uefi) -> bytes:
    """The map as descriptors."""
    machine = uefi.machine
    rows = uefi.memory.map(machine.low, machine.high)
    return b"".join(
        kind.to_bytes(8, "little") + start.to_bytes(8, "little") + bytes(8)
        + ((end - start) // 4096).to_bytes(8, "little")
        + (_CACHES | (_RUNTIME if kind in _RUNTIME_TYPES else 0)).to_bytes(8, "little") + bytes(DESCRIPTOR - 40)
        for start, end, kind in rows
    )  # fmt: skip


def get_memory_map(uefi: Uefi, call: Call) -> int:
    """GetMemoryMap(size, map, key, descriptor size, version)."""
    if not call[0]:
        return INVALID_PARAMETER
    data, room = memory_map(uefi), uefi.number(call[0])
    uefi.put(call[0], len(data))
    uefi.put(call[3], DESCRIPTOR)
    uefi.put(call[4], 1, 4)
    if room < len(data):
        return BUFFER_TOO_SMALL
    if not call[1]:
        return INVALID_PARAMETER
    uefi.write(call[1], data)
    uefi.put(call[2], uefi.memory.key)
    return SUCCESS


def allocate_pool(uefi: Uefi, call: Call) -> int:
    """AllocatePool(type, size, buffer)."""
    if not call[2]:
        return INVALID_PARAMETER
    status, base = uefi.memory.allocate_pool(call[0], call[1])
    if not status:
        uefi.put(call[2], base)
    return status


def free_pool(uefi: Uefi, call: Call) -> int:
    """FreePool(buffer)."""
    return uefi.memory.free_pool(call[0])


def copy_mem(uefi: Uefi, call: Call) -> int:
    """CopyMem(to, from, bytes)."""
    to, start, count = call[0], call[1], call[2]
    places = range(0, count, _PIECE)
    for at in places if to <= start else reversed(places):
        size, before = min(_PIECE, count - at), uefi.seq
        data = uefi.cpu.read(start + at, size)
        uefi.write(to + at, data, *(uefi.moved.origin(start + at, size, before) if uefi.moved else ()))
    return SUCCESS


def set_mem(uefi: Uefi, call: Call) -> int:
    """SetMem(buffer, bytes, value)."""
    to, count, value = call[0], call[1], bytes([call[2] & 0xFF])
    for at in range(0, count, _PIECE):
        uefi.write(to + at, value * min(_PIECE, count - at), Move("register", _R8, 1, fill=True))
    return SUCCESS


def calculate_crc32(uefi: Uefi, call: Call) -> int:
    """CalculateCrc32(data, bytes, crc)."""
    at, count, found = call[0], call[1], 0
    if not at or not count or not call[2]:
        return INVALID_PARAMETER
    for first in range(0, count, _PIECE):
        found = binascii.crc32(uefi.cpu.read(at + first, min(_PIECE, count - first)), found)
    uefi.put(call[2], found, 4)
    return SUCCESS


ANSWERS = {
    "AllocatePages": allocate_pages, "FreePages": free_pages, "GetMemoryMap": get_memory_map,
    "AllocatePool": allocate_pool, "FreePool": free_pool, "CalculateCrc32": calculate_crc32, "CopyMem": copy_mem,
    "SetMem": set_mem,
}  # fmt: skip
"""Service to function."""
