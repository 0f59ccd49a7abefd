"""Pages and pools of a UEFI guest: OVMF's allocator gives the pages, each with its type; freed memory is poisoned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct, field

from fwsim.environment.uefi.words import INVALID_PARAMETER, MEMORY_TYPES, NOT_FOUND, OUT_OF_RESOURCES, SUCCESS
from fwsim.firmware.ovmf.pages import FOUR_GIB, PAGE, PageAllocator
from fwsim.memory.ram import Ram

POISON = b"\xaf"
"""What freed memory holds (edk2 PcdDebugClearMemoryValue)."""
POOL_START, POOL_END = 0xA00000, 0x1500000
"""Where pools are: in what OVMF's own decompressed image takes, so that pages are the placement's."""
_ALIGN = 16
_FREE, _BS_DATA = MEMORY_TYPES.index("Free"), MEMORY_TYPES.index("BSData")
_RUNTIME = MEMORY_TYPES.index("RTCode"), MEMORY_TYPES.index("RTData")
_E820 = {"RESERVED": 0, "ACPI": MEMORY_TYPES.index("ACPIReclaim"), "NVS": MEMORY_TYPES.index("NVS")}


class NoRoomError(Exception):
    """No pool is left for what a service has to hand out."""


class Memory(Struct):
    """``taken`` maps the first address of pages to (bytes, type), ``pools`` a pool's address to (bytes, type).

    ``freed`` are addresses that were given back, to tell what is freed twice from what never was allocated; ``key`` is
    the memory map's, another after each change. ``breach`` is told what code must not do.
    """

    ram: Ram
    pages: PageAllocator
    breach: Callable[[str, int], None]
    taken: dict[int, tuple[int, int]] = field(default_factory=dict)
    pools: dict[int, tuple[int, int]] = field(default_factory=dict)
    freed: set[int] = field(default_factory=set)
    key: int = 1
    _next: int = POOL_START

    def snapshot(self) -> Any:
        """Everything but the bytes, which are the machine's."""
        return list(self.pages.free), dict(self.taken), dict(self.pools), set(self.freed), self.key, self._next

    def restore(self, state: Any) -> None:
        """Go back to it."""
        free, taken, pools, freed, self.key, self._next = state
        self.pages.free, self.taken, self.pools, self.freed = list(free), dict(taken), dict(pools), set(freed)

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
        self.key += 1
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
                self.key += 1
                self.freed.add(base)
                return SUCCESS
        why = "for the second time" if base in self.freed else "that were not allocated"
        self.breach(f"FreePages of {base:#x}, {count} pages, {why}", base)
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
        self.freed.discard(base)
        return SUCCESS, base

    def free_pool(self, base: int) -> int:
        """Give a pool back."""
        found = self.pools.pop(base, None)
        if found is None:
            why = "for the second time" if base in self.freed else "that was not allocated"
            self.breach(f"FreePool of {base:#x}, {why}", base)
            return INVALID_PARAMETER
        self.freed.add(base)
        if base in self.taken:
            size, _ = self.taken[base]
            return self.free_pages(base, size // PAGE)
        self._poison(base, found[0])
        return SUCCESS

    def _poison(self, start: int, size: int) -> None:
        if start + size <= self.ram.size:
            self.ram.write(start, POISON * size)

    def new(self, data: bytes, kind: int = _BS_DATA) -> int:
        """A pool that holds ``data``. Raises NoRoomError where there is none left."""
        status, base = self.allocate_pool(kind, len(data))
        if status:
            raise NoRoomError
        self.ram.write(base, data)
        return base

    def claim(self, rows: list[tuple[int, int, str]]) -> None:
        """Take what a placement has made of free memory: its ranges of e820 that are not RAM."""
        for start, end, name in rows:
            kind = _E820.get(name)
            if kind is not None and self.pages.allocate_at(start, end - start):
                self.taken[start] = end - start, kind

    def kept(self) -> list[tuple[int, int, str]]:
        """(start, bytes, e820's type) of the pages that stay taken when the operating system comes."""
        names = {kind: name for name, kind in _E820.items()} | dict.fromkeys(_RUNTIME, "RESERVED")
        return [(start, size, names[kind]) for start, (size, kind) in self.taken.items() if kind in names]

    def kept_at(self, base: int) -> int:
        """Bytes that stay taken from ``base`` on; 0 where nobody took them there."""
        return next((size for start, size, _ in self.kept() if start == base), 0)

    def map(self, low: int, high: int) -> list[tuple[int, int, int]]:
        """(start, end, type) of all memory, in order: what was handed out, what is free, and the firmware's own.

        ``low`` and ``high`` are the bytes of RAM below and above 4 GiB.
        """
        rows = [(start, start + size, kind) for start, (size, kind) in self.taken.items()]
        rows += [(start, end, _FREE) for start, end in self.pages.free]
        at = 0
        for start, end, _ in [*sorted(rows), (low, low, 0)]:
            if at < start:
                rows.append((at, start, _BS_DATA))
            at = max(at, end)
        rows += [(FOUR_GIB, FOUR_GIB + high, _FREE)] if high else []
        return sorted(rows)
