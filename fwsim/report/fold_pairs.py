"""Two events that are one access become one: an index and the data behind it, CF8 and its configuration access."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fwsim.trace.describe import COLUMNS, enum_name
from fwsim.trace.event import Flag, Space

Events = NDArray[np.void]
Record = tuple[int, ...]
"""An event's values in the order of ``COLUMNS``."""
_PORT, _PCI, _MMIO, _GTT = int(Space.PORT), int(Space.PCI), int(Space.MMIO), int(Space.GTT)
_READ, _WRITE = 0, 1
_INDEXED = int(Flag.INDEXED)
_CONFIG = 0xCF8
_INDEX_PORTS = {0x3C4: "seq", 0x3CE: "gfx", 0x3D4: "crtc", 0x3B4: "crtc", 0x70: "cmos"}
_ATTRIBUTE = 0x3C0
_STATUS = (0x3DA, 0x3BA)
_FIXED_PORTS = 0x400
"""Below are the ports of the PC itself; the I/O BAR is above."""
_PLACES = {number: enum_name("space", number) for number in range(256)}


class Access(NamedTuple):
    """One access: its first event, how many events it stands for, and what was reached.

    ``space`` is an event's space by name, or ``seq``, ``gfx``, ``crtc``, ``attr``, ``cmos``: ``address`` is the index.
    """

    first: Record
    n: int
    space: str
    op: int
    address: int
    value: int
    aux: int
    flags: int
    time_ns: int


def accesses(chunks: Iterator[Events]) -> Iterator[Access]:
    """Every event of ``chunks`` in one access each, in order; no more than one event is held back."""
    pairs = _Pairs()
    columns = list(COLUMNS)
    for chunk in chunks:
        for record in chunk[columns].tolist():
            yield from pairs.feed(record)
    if pairs.held is not None:
        yield plain(pairs.held)


def plain(record: Record) -> Access:
    """One event as the access it is by itself."""
    _seq, time_ns, _actor, _cs, _ip, space, op, _width, address, value, aux, flags = record
    return Access(record, 1, _PLACES[space], op, address, value, aux, flags, time_ns)


class _Pairs:
    """The index written last, until the access behind it comes, and what each VGA index is."""

    def __init__(self) -> None:
        self.held: Record | None = None
        self.index: dict[str, int] = {}
        self.attribute_index: bool | None = None  # whether 3C0 takes an index next; None: nobody knows

    def feed(self, record: Record) -> Iterator[Access]:
        held, self.held = self.held, None
        if held is not None:
            made = self._pair(held, record)
            if made is not None:
                yield made
                return
            yield plain(held)
        space, op, address = record[5], record[6], record[8]
        if space != _PORT:
            yield plain(record)
        elif op == _WRITE and self._holds(record):
            self.held = record
        else:
            if op == _READ and address in _STATUS:
                self.attribute_index = True
            yield self._alone(record)

    def _holds(self, record: Record) -> bool:
        """Whether a write to a port sets an index; the index is kept for the accesses after the next one."""
        width, address, value = record[7], record[8], record[9]
        if address in _INDEX_PORTS and width == 1:
            self.index[_INDEX_PORTS[address]] = value & (0x7F if address == 0x70 else 0xFF)
            return True
        if address == _ATTRIBUTE and width == 1 and self.attribute_index is not None:
            was, self.attribute_index = self.attribute_index, not self.attribute_index
            if was:
                self.index["attr"] = value & 0x1F
            return was
        return width == 4 and (address == _CONFIG or (address >= _FIXED_PORTS and address % 8 == 0))

    def _pair(self, held: Record, record: Record) -> Access | None:
        """The access that ``record`` makes through the index that ``held`` wrote; None when it is another's."""
        port, index = held[8], held[9]
        space, op, address, value, flags = record[5], record[6], record[8], record[9], record[11]
        if space == _PORT:
            if port == _ATTRIBUTE:
                if op == _WRITE and address == _ATTRIBUTE:
                    self.attribute_index = True
                elif op != _READ or address != _ATTRIBUTE + 1:
                    return None
                return _through(held, record, "attr", index & 0x1F)
            kind = _INDEX_PORTS.get(port)
            return _through(held, record, kind, self.index[kind]) if kind and address == port + 1 else None
        if port == _CONFIG:
            reached = (index >> 8 & 0xFFFF) << 12 | (index & 0xFC)
            return _through(held, record, "pci", address) if space == _PCI and address & ~3 == reached else None
        if flags & _INDEXED and ((space == _MMIO and index == address) or (space == _GTT and index == address | 1)):
            return Access(held, 2, _PLACES[space], op, address, value, record[10], flags, record[1])
        return None

    def _alone(self, record: Record) -> Access:
        """A port access without an index write before it: a word at an index port, or data behind an older index."""
        op, width, port, value = record[6], record[7], record[8], record[9]
        if op == _WRITE and width == 2 and port in _INDEX_PORTS:
            kind = _INDEX_PORTS[port]
            self.index[kind] = value & 0xFF
            return Access(record, 1, kind, op, value & 0xFF, value >> 8, record[10] >> 8, record[11], record[1])
        kind = _INDEX_PORTS.get(port - 1, "") if width == 1 else ""
        if port == _ATTRIBUTE + 1 and op == _READ:
            kind = "attr"
        if kind in self.index:
            return plain(record)._replace(space=kind, address=self.index[kind])
        return plain(record)


def _through(held: Record, record: Record, space: str, address: int) -> Access:
    return Access(held, 2, space, record[6], address, record[9], record[10], record[11], record[1])
