"""The e820 memory map tells the guest about each address; the rules here keep it sorted and whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

from fwsim.memory.ranges import U64

HOLE = 0xFFFFFFFF
"""Type that removes instead of adding (SeaBIOS src/e820map.c)."""
MAX_ENTRIES = 128


class E820Type(IntEnum):
    """Address types of ACPI's table of memory ranges."""

    RAM = 1
    RESERVED = 2
    ACPI = 3
    NVS = 4
    UNUSABLE = 5


_RAM = E820Type.RAM.value
_NAMES = {kind.value: kind.name for kind in E820Type}


class E820Entry(NamedTuple):
    """One entry: ``size`` bytes from ``start``. The sum wraps at 64 bits, as in the firmware."""

    start: int
    size: int
    type: int

    @property
    def end(self) -> int:
        """First address behind the entry, modulo 2**64."""
        return (self.start + self.size) & U64

    @property
    def name(self) -> str:
        """The type's name, or UNKNOWN."""
        return _NAMES.get(self.type, "UNKNOWN")


class E820Map:
    """A sorted map without overlaps, kept by SeaBIOS's rules: the newest entry wins, touching equal types merge.

    ``dropped`` counts entries that found the table full (128), which the firmware drops with a warning.
    """

    __slots__ = ("dropped", "entries")

    def __init__(self, entries: Iterable[tuple[int, int, int]] = ()) -> None:
        """Add each (start, size, type) in turn."""
        self.entries: list[E820Entry] = []
        self.dropped = 0
        for start, size, kind in entries:
            self.add(start, size, kind)

    def __iter__(self) -> Iterator[E820Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def _insert(self, at: int, start: int, size: int, kind: int) -> None:
        if len(self.entries) >= MAX_ENTRIES:
            self.dropped += 1
        else:
            self.entries.insert(at, E820Entry(start, size & U64, kind))

    def _make_room(self, start: int, end: int, kind: int) -> tuple[int, int]:
        """Index for an entry at ``start``, and its start after merging with what lies before; splits what it enters."""
        entries = self.entries
        for at, (first, size, old) in enumerate(entries):
            last = (first + size) & U64
            if start > last:
                continue
            if start <= first:
                return at, start
            if kind == old:
                return at, first
            entries[at] = E820Entry(first, start - first, old)
            if last > end:
                self._insert(at + 1, end, last - end, old)
            return at + 1, start
        return len(entries), start

    def add(self, start: int, size: int, kind: int) -> None:
        """Give ``size`` bytes from ``start`` the type ``kind``; no bytes, no change. ``HOLE`` removes them."""
        if not size:
            return
        end = (start + size) & U64
        at, merged = self._make_room(start, end, kind)
        size += start - merged
        entries = self.entries
        while at < len(entries) and end >= entries[at].start:
            first, length, old = entries[at]
            last = (first + length) & U64
            if end >= last:
                del entries[at]
                continue
            if kind == old:
                size += (last - end) & U64
                del entries[at]
            else:
                entries[at] = E820Entry(end, (last - end) & U64, old)
            break
        if kind != HOLE:
            self._insert(at, merged, size, kind)

    def remove(self, start: int, size: int) -> None:
        """Take ``size`` bytes from ``start`` out of the map."""
        self.add(start, size, HOLE)

    def is_used(self, start: int, size: int) -> bool:
        """Whether any entry, of whatever type, lies in ``size`` bytes from ``start``."""
        return any(start + size > entry.start and start < entry.start + entry.size for entry in self.entries)

    def type_at(self, address: int) -> int | None:
        """The type at ``address``, or None where the map says nothing."""
        for entry in self.entries:
            if entry.start <= address < entry.start + entry.size:
                return entry.type
        return None

    def ram_below_4g(self) -> int:
        """End of the highest RAM entry that starts below 4 GiB (SeaBIOS's RamSize); 0 without one."""
        ends = [(start + size) & U64 for start, size, kind in self.entries if kind == _RAM and start < 1 << 32]
        return max(ends, default=0)

    def ram_over_4g(self) -> int:
        """Bytes from 4 GiB to the end of the highest RAM entry that starts there (RamSizeOver4G); 0 without one."""
        ends = [(start + size) & U64 for start, size, kind in self.entries if kind == _RAM and start >= 1 << 32]
        return max(ends) - (1 << 32) if ends else 0

    def rows(self) -> list[tuple[int, int, str]]:
        """(start, end, type name) for each entry, in order."""
        return [(start, (start + size) & U64, _NAMES.get(kind, "UNKNOWN")) for start, size, kind in self.entries]
