"""Events are shown, selected chunk by chunk, as a table or one JSON document, so that the first come at once."""

from collections.abc import Callable, Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from fwsim.registers.database import name_of
from fwsim.trace.describe import COLUMNS, HEADING, enum_name, line, rows
from fwsim.trace.event import Space

Events = NDArray[np.void]
Names = Callable[[int, int], str]
"""What a register is called, from (space, address); "" where nobody knows."""
_IGD = 0x10  # 00:02.0 as device << 3 | function
_NAMED = (Space.PORT, Space.PCI, Space.MMIO)
_FIRST_CHUNK = 1 << 12
_CHUNK = 1 << 16


def select(
    events: Events,
    test: Callable[[Events], NDArray[np.bool_]] | None = None,
    first: int | None = None,
    last: int | None = None,
) -> Iterator[Events]:
    """The events ``test`` holds for, in order, in chunks; only the ``first`` or the ``last`` of them, where given.

    Reads no more of ``events`` than it must: from the front for ``first``, from the back for ``last``.
    """
    if last is not None:
        yield from reversed(list(_backwards(events, test, last)))
        return
    left = len(events) if first is None else first
    start, size = 0, _FIRST_CHUNK
    while start < len(events) and left > 0:
        found = _matching(events[start : start + size], test)[:left]
        left -= len(found)
        start += size
        size = _CHUNK
        if len(found):
            yield found


def _backwards(events: Events, test: Callable[[Events], NDArray[np.bool_]] | None, left: int) -> Iterator[Events]:
    end = len(events)
    while end > 0 and left > 0:
        found = _matching(events[max(0, end - _CHUNK) : end], test)
        found = found[max(0, len(found) - left) :]
        left -= len(found)
        end -= _CHUNK
        if len(found):
            yield found


def _matching(chunk: Events, test: Callable[[Events], NDArray[np.bool_]] | None) -> Events:
    return chunk if test is None else chunk[test(chunk)]


def names_for(cpu: str | None, *, igd: bool = True) -> Names:
    """The register database as a ``Names``, for the host's ``cpu`` (None: any). ``igd``: 00:02.0 is the IGD."""

    def name(space: int, address: int) -> str:
        if space not in _NAMED or (not igd and (space == Space.MMIO or (space, address >> 12) == (Space.PCI, _IGD))):
            return ""
        found = name_of(enum_name("space", space), address, cpu)
        if found is None:
            return ""
        return found.name if found.address == address else f"{found.name}+{address - found.address}"

    return name


def table_lines(chunks: Iterator[Events], names: Names | None = None) -> Iterator[str]:
    """A heading, and one line for each event; says so when there is none."""
    space, address = COLUMNS.index("space"), COLUMNS.index("address")
    yield HEADING
    any_event = False
    for chunk in chunks:
        for record in chunk[list(COLUMNS)].tolist():
            any_event = True
            yield line(record, names(record[space], record[address]) if names else "")
    if not any_event:
        yield "no events"


def json_lines(chunks: Iterator[Events], recorded: int) -> Iterator[str]:
    """One JSON document, ``{"recorded": N, "events": [...]}``, an event a line."""
    yield f'{{"recorded": {recorded}, "events": ['
    comma = ""
    for chunk in chunks:
        for row in rows(chunk):
            yield comma + msgspec.json.encode(row).decode()
            comma = ","
    yield "]}"
