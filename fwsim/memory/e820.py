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
        return E820Type(self.type).name if self.type in E820Type._value2member_map_ else "UNKNOWN"


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
        for at, entry in enumerate(entries):
            if start > entry.end:
                continue
            if start <= entry.start:
                return at, start
            if kind == entry.type:
                return at, entry.start
            entries[at] = E820Entry(entry.start, start - entry.start, entry.type)
            if entry.end > end:
                self._insert(at + 1, end, entry.end - end, entry.type)
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
            entry = entries[at]
            if end >= entry.end:
                del entries[at]
                continue
            tail = E820Entry(end, (entry.end - end) & U64, entry.type)
            if kind == entry.type:
                size += tail.size
                del entries[at]
            else:
                entries[at] = tail
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
        return max((e.end for e in self.entries if e.type == E820Type.RAM and e.start < 1 << 32), default=0)

    def ram_over_4g(self) -> int:
        """Bytes from 4 GiB to the end of the highest RAM entry that starts there (RamSizeOver4G); 0 without one."""
        ends = (e.end - (1 << 32) for e in self.entries if e.type == E820Type.RAM and e.start >= 1 << 32)
        return max(ends, default=0)

    def rows(self) -> list[tuple[int, int, str]]:
        """(start, end, type name) for each entry, in order."""
        return [(entry.start, entry.end, entry.name) for entry in self.entries]
