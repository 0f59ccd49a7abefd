"""SeaBIOS hands out memory from its zones: first fit from the top, slack above each block usable again."""

from __future__ import annotations

from msgspec import Struct

from fwsim.memory.ranges import U32, align_down

MIN_ALIGN = 16
DETAIL_SIZE = 44
"""Bytes of the bookkeeping record that each tracked allocation takes from ZoneTmpHigh (SeaBIOS src/malloc.c)."""


class Record(Struct):
    """Bytes from ``start`` to ``end`` of which the first ``used`` are taken; the rest is slack."""

    start: int
    end: int
    used: int = 0


class Zone:
    """A list of records, highest first. All arithmetic is 32-bit, wrapping as in the firmware."""

    __slots__ = ("records",)

    def __init__(self) -> None:
        self.records: list[Record] = []

    def add(self, start: int, end: int) -> None:
        """Give the zone the bytes from ``start`` to ``end``; calls go from the highest range down."""
        self.records.append(Record(start, end))

    def take(self, size: int, align: int = MIN_ALIGN) -> int:
        """Address of ``size`` bytes on an ``align`` boundary, or 0 where no record has room."""
        for at, record in enumerate(self.records):
            base = align_down((record.end - size) & U32, align)
            if (record.start + record.used) & U32 <= base <= record.end:
                self.records.insert(at, Record(base, record.end, size))
                record.end = base
                return base
        return 0

    def give_back(self, address: int) -> None:
        """The taken bytes at ``address`` are free again: the record below ends where theirs did."""
        at = next(i for i, record in enumerate(self.records) if record.start == address)
        record = self.records.pop(at)
        if at < len(self.records) and self.records[at].end == record.start:
            self.records[at].end = record.end

    def free(self) -> list[tuple[int, int]]:
        """(start, end) of what is not taken, in the order in which it is looked at."""
        rows = ((record.start + record.used, record.end) for record in self.records)
        return [(start, end) for start, end in rows if start < end]

    def lowest(self) -> Record | None:
        """The record at the zone's bottom: what is left of its lowest range."""
        return self.records[-1] if self.records else None


class Memory:
    """ZoneHigh and ZoneTmpHigh together: an allocation also takes its bookkeeping from ZoneTmpHigh."""

    __slots__ = ("high", "tmp_high")

    def __init__(self) -> None:
        self.high = Zone()
        self.tmp_high = Zone()

    def add(self, zone: Zone, start: int, end: int) -> None:
        """Give ``zone`` a range, with its bookkeeping record."""
        zone.add(start, end)
        self.tmp_high.take(DETAIL_SIZE)

    def allocate(self, zone: Zone, size: int, align: int = MIN_ALIGN) -> int:
        """A tracked allocation of ``size`` (taken modulo 2**32) bytes; 0 when it fails or asks for nothing."""
        size &= U32
        address = zone.take(size, align) if size else 0
        if address:
            self.tmp_high.take(DETAIL_SIZE)
        return address
