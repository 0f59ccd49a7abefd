"""A data block of repeated structures is read by a table: where its entries are, how many, and what each field says."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from fwsim.rom.bdb_fields import Bits, Decoded, Grid, Value, read_rows


class Part(Struct, frozen=True):
    """``size`` bytes at byte ``at`` of an entry that ``read`` makes values of, one for each of ``names``."""

    names: tuple[str, ...]
    at: int
    size: int
    read: Callable[[bytes], tuple[Value, ...]]
    since: int = 0
    until: int = 0xFFFF


class Lane(Struct, frozen=True):
    """``width`` bits for each entry, packed one after another from byte ``at`` of the block, entry 0 lowest."""

    name: str
    at: int
    width: int
    since: int = 0
    until: int = 0xFFFF
    values: tuple[str, ...] = ()

    def get(self, raw: bytes, index: int) -> Value:
        """Entry ``index``'s value, in words where there are words for it."""
        low = self.width * index
        first, last = self.at + low // 8, self.at + (low + self.width - 1) // 8
        value = int.from_bytes(raw[first : last + 1], "little") >> low % 8 & (1 << self.width) - 1
        return self.values[value] if value < len(self.values) else value


class Repeat(Struct, frozen=True):
    """Entries of ``size`` bytes from byte ``at`` of a block on, up to ``count``, of BDB ``since`` to ``until``.

    ``size_at`` is the byte that holds the size instead. ``counted`` is the (offset, size) of the number that says how
    many entries there are; ``tail`` are bytes at the block's end that belong to no entry. ``of_panels``: an entry is a
    panel's, and the one in use is marked. ``turned``: a field a line, for structures too wide for a line.
    """

    title: str
    fields: tuple[Bits | Part, ...]
    size: int
    at: int = 0
    count: int = 256
    size_at: int | None = None
    counted: tuple[int, int] | None = None
    tail: int = 0
    since: int = 0
    until: int = 0xFFFF
    of_panels: bool = False
    turned: bool = False

    def grid(self, raw: bytes, version: int, panel: int | None) -> Grid:
        """The entries of ``raw`` that are whole; ``panel`` is the number of the panel in use."""
        size = self.size if self.size_at is None else raw[self.size_at] if self.size_at < len(raw) else 0
        room = (len(raw) - self.tail - self.at) // size if size else 0
        count = min(room, self.count)
        if self.counted is not None:
            place, width = self.counted
            count = min(count, int.from_bytes(raw[place : place + width], "little"))
        entries = [raw[self.at + index * size : self.at + (index + 1) * size] for index in range(count)]
        kept = [each for each in self.fields if each.since <= version <= each.until and each.at + each.size <= size]
        values = {entry: _values(entry, kept) for entry in set(entries)}  # most entries of a table are alike
        rows = tuple((index, *values[entry]) for index, entry in enumerate(entries))
        columns = ("panel" if self.of_panels else "", *(name for each in kept for name in _names(each)))
        if self.turned:
            return Grid(self.title, ("", *(str(row[0]) for row in rows)), tuple(zip(columns, *rows, strict=True))[1:])
        return Grid(self.title, columns, rows, panel if self.of_panels else None)


class Chain(Struct, frozen=True):
    """Tables that follow each other from a block's start, one for each of ``titles`` while there are bytes.

    Each begins with ``header`` bytes: the entry size is byte ``size_at``, the number of entries at ``counted``
    (offset, size).
    """

    titles: tuple[str, ...]
    fields: tuple[Bits | Part, ...]
    header: int
    size_at: int
    counted: tuple[int, int]

    def grids(self, raw: bytes, version: int) -> tuple[Grid, ...]:
        """A grid for each table that has entries."""
        grids: list[Grid] = []
        for title in self.titles:
            if len(raw) < self.header:
                break
            table = Repeat(title, self.fields, 0, self.header, size_at=self.size_at, counted=self.counted)
            grids.append(table.grid(raw, version, None))
            place, width = self.counted
            count = int.from_bytes(raw[place : place + width], "little")
            raw = raw[self.header + count * raw[self.size_at] :]
        return tuple(grid for grid in grids if grid.rows)


class Lanes(Struct, frozen=True):
    """Fields of ``count`` entries that lie field by field, not entry by entry."""

    title: str
    fields: tuple[Lane, ...]
    count: int
    of_panels: bool = True

    def grid(self, raw: bytes, version: int, panel: int | None) -> Grid:
        """One row for each entry, of the fields that BDB ``version`` has and ``raw`` has room for; none without any."""
        kept = [
            lane
            for lane in self.fields
            if lane.since <= version <= lane.until and lane.at + (self.count * lane.width + 7) // 8 <= len(raw)
        ]
        rows = tuple((index, *(lane.get(raw, index) for lane in kept)) for index in range(self.count if kept else 0))
        columns = ("panel" if self.of_panels else "", *(lane.name for lane in kept))
        return Grid(self.title, columns, rows, panel if self.of_panels else None)


class Layout(Struct, frozen=True):
    """What a data block holds: single fields up to byte ``end``, then repeated structures, then tables in a chain.

    It is the form of BDB versions ``since`` to ``until``; of blocks of ``size`` bytes, where that is not 0.
    """

    rows: tuple[Bits, ...] = ()
    end: int = 0
    repeats: tuple[Repeat | Lanes, ...] = ()
    chain: Chain | None = None
    since: int = 0
    until: int = 0xFFFF
    size: int = 0

    def fits(self, raw: bytes, version: int) -> bool:
        """Whether ``raw`` of BDB ``version`` has this form."""
        return self.since <= version <= self.until and self.size in (0, len(raw))

    def decode(self, raw: bytes, version: int, panel: int | None) -> Decoded:
        """What ``raw`` of BDB ``version`` says; ``panel`` is the number of the panel in use."""
        grids: list[Grid] = []
        for each in self.repeats:
            if isinstance(each, Lanes) or each.since <= version <= each.until:
                grids.append(each.grid(raw, version, panel))
        if self.chain is not None:
            grids += self.chain.grids(raw, version)
        rows = read_rows(raw[: self.end], self.rows, version) if self.rows else ()
        return Decoded(rows, tuple(grid for grid in grids if grid.rows))


def _names(each: Bits | Part) -> tuple[str, ...]:
    return each.names if isinstance(each, Part) else (each.name,)


def _values(entry: bytes, fields: Iterable[Bits | Part]) -> tuple[Value, ...]:
    values: list[Value] = []
    for each in fields:
        if isinstance(each, Part):
            values += each.read(entry[each.at : each.at + each.size])
        else:
            value = each.get(entry)
            values.append(each.text(value) if each.values or each.members or each.hexadecimal else value * each.scale)
    return tuple(values)
