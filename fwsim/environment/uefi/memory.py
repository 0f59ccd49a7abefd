"""Pages and pools of a UEFI guest: OVMF's allocator gives the pages, each with its type; freed memory is poisoned."""

from __future__ import annotations

from dataclasses import dataclass, field

from fwsim.environment.uefi.words import INVALID_PARAMETER, MEMORY_TYPES, NOT_FOUND, OUT_OF_RESOURCES, SUCCESS
from fwsim.firmware.ovmf.pages import FOUR_GIB, PAGE, PageAllocator
from fwsim.memory.ram import Ram

POISON = b"\xaf"
"""What freed memory holds (edk2 PcdDebugClearMemoryValue)."""
POOL_START, POOL_END = 0xA00000, 0x1500000
"""Where pools are: in what OVMF's own decompressed image takes, so that pages are the placement's."""
_ALIGN = 16


@dataclass
class Memory:
    """``taken`` maps the first address of pages to (bytes, type), ``pools`` a pool's address to (bytes, type)."""

    ram: Ram
    pages: PageAllocator
    taken: dict[int, tuple[int, int]] = field(default_factory=dict)
    pools: dict[int, tuple[int, int]] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)
    _next: int = POOL_START

    def allocate_pages(self, how: int, kind: int, count: int, wanted: int) -> tuple[int, int]:
        """(status, address). ``how`` 0: anywhere, 1: up to ``wanted``, 2: at ``wanted`` (UEFI 2.10, 7.2)."""
        if how > 2 or kind >= len(MEMORY_TYPES) or not count:
            return INVALID_PARAMETER, 0
        size, name = count * PAGE, MEMORY_TYPES[kind]
        if how == 2:
            if wanted % PAGE or not self.pages.allocate_at(wanted, size):
                return NOT_FOUND, 0
            base: int | None = wanted
        else:
            limit = min(FOUR_GIB, wanted + 1) if how == 1 else FOUR_GIB
            base = self.pages.allocate(name, size, limit // PAGE * PAGE)
        if base is None:
            return OUT_OF_RESOURCES, 0
        self.taken[base] = size, kind
        return SUCCESS, base

    def free_pages(self, base: int, count: int) -> int:
        """Give pages back: any part of what was taken at once."""
        end = base + count * PAGE
        for start, (size, kind) in self.taken.items():
            if start <= base and end <= start + size and count:
                del self.taken[start]
                if start < base:
                    self.taken[start] = base - start, kind
                if end < start + size:
                    self.taken[end] = start + size - end, kind
                self.pages.free.append((base, end))
                self._poison(base, end - base)
                return SUCCESS
        self.breaches.append(f"FreePages of {base:#x}, {count} pages, that were not allocated")
        return NOT_FOUND

    def allocate_pool(self, kind: int, size: int) -> tuple[int, int]:
        """(status, address)."""
        if kind >= len(MEMORY_TYPES):
            return INVALID_PARAMETER, 0
        room = -(-max(size, 1) // _ALIGN) * _ALIGN
        if self._next + room > POOL_END:
            status, base = self.allocate_pages(0, kind, -(-room // PAGE), 0)
            if status:
                return status, 0
        else:
            base, self._next = self._next, self._next + room
        self.pools[base] = size, kind
        return SUCCESS, base

    def free_pool(self, base: int) -> int:
        """Give a pool back."""
        found = self.pools.pop(base, None)
        if found is None:
            self.breaches.append(f"FreePool of {base:#x}, that was not allocated")
            return INVALID_PARAMETER
        if base in self.taken:
            size, _ = self.taken[base]
            return self.free_pages(base, size // PAGE)
        self._poison(base, found[0])
        return SUCCESS

    def _poison(self, start: int, size: int) -> None:
        if start + size <= self.ram.size:
            self.ram.write(start, POISON * size)

    def new(self, data: bytes, kind: int = 4) -> int:
        """A pool that holds ``data``."""
        _, base = self.allocate_pool(kind, len(data))
        self.ram.write(base, data)
        return base
