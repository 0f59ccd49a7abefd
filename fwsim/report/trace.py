"""Events are shown, selected chunk by chunk, as a table or one JSON document, so that the first come at once."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from fwsim.registers.database import leaf_name, name_of
from fwsim.trace.describe import COLUMNS, HEADING, enum_name, line, rows
from fwsim.trace.event import GSI, Actor, Op, Space

if TYPE_CHECKING:
    from fwsim.report.arm_names import ArmNames

Events = NDArray[np.void]
Names = Callable[[int, int], str]
"""What a register is called, from (space, address); "" where nobody knows."""
Told = Callable[[tuple[int, ...]], str]
"""An event in words, from its values in the order of ``COLUMNS``; "" for one that its fields tell of."""
_IGD = 0x10  # 00:02.0 as device << 3 | function
_NAMED = (Space.PORT, Space.PCI, Space.MMIO)
_FIRST_TEST, _GROWTH, _LAST_TEST = 1 << 12, 4, 1 << 20
"""How many events are tested at once: few, so that the first come at once, then ever more, for a test has its price."""
_CHUNK = 1 << 16


def select(
    events: Events,
    test: Callable[[Events], NDArray[np.bool_]] | None = None,
    first: int | None = None,
    last: int | None = None,
) -> Iterator[Events]:
    """The events ``test`` holds for, in order, in chunks; only the ``first`` or the ``last`` of them, where given.

    Reads ``events`` from the front for ``first``, from the back for ``last``, and stops soon after it has them.
    """
    chunks = _found(events, test, backwards=last is not None)
    left = next((number for number in (first, last) if number is not None), len(events))
    kept = []
    while left > 0 and (found := next(chunks, None)) is not None:
        if last is None:
            yield found[:left]
        else:
            kept.append(found[-left:])
        left -= len(found)
    yield from reversed(kept)


def _found(events: Events, test: Callable[[Events], NDArray[np.bool_]] | None, *, backwards: bool) -> Iterator[Events]:
    """Chunk after chunk, each in order, from the front or from the back."""
    done, size = 0, _FIRST_TEST
    while done < len(events):
        end = min(done + size, len(events))
        tested = events[len(events) - end : len(events) - done] if backwards else events[done:end]
        mask = None if test is None else test(tested)
        starts = range(0, len(tested), _CHUNK)
        for start in reversed(starts) if backwards else starts:
            chunk = tested[start : start + _CHUNK]
            found = chunk if mask is None else chunk[mask[start : start + _CHUNK]]
            if len(found):
                yield found
        done, size = end, min(_GROWTH * size, _LAST_TEST)


def names_for(cpu: str | None, *, igd: bool = True, arm: "ArmNames | None" = None) -> Names:
    """The register database as a ``Names``, for the host's ``cpu`` (None: any). ``igd``: 00:02.0 is the IGD.

    ``arm``: those of an Arm guest's run, which has none of that.
    """
    if arm is not None:
        return arm

    def name(space: int, address: int) -> str:
        if space not in _NAMED or (not igd and (space == Space.MMIO or (space, address >> 12) == (Space.PCI, _IGD))):
            return ""
        found = name_of(enum_name("space", space), address, cpu)
        if found is None:
            return ""
        return found.name if found.address == address else f"{found.name}+{address - found.address}"

    return name


def table_lines(chunks: Iterator[Events], names: Names | None = None, told: Told | None = None) -> Iterator[str]:
    """A heading, and one line for each event; says so when there is none. ``told`` says an event in words, or ""."""
    yield HEADING
    any_event = False
    for chunk in chunks:
        for record in chunk[list(COLUMNS)].tolist():
            any_event = True
            yield line(record, _name(record, names) if names else "", told(record) if told else "")
    if not any_event:
        yield "no events"


def _name(record: tuple[int, ...], names: Names) -> str:
    """What is at an event's address; of an interrupt that is called, what its leaf is for."""
    space, op, address, value = (record[COLUMNS.index(name)] for name in ("space", "op", "address", "value"))
    if space != Space.INTERRUPT:
        return names(space, address)
    if op not in (Op.CALL, Op.RETURN):
        return wire_text(record[COLUMNS.index("actor")], op, address, value)
    leaf = leaf_name(address, value & 0xFFFF) if op == Op.CALL else ""
    return f"({leaf})" if leaf else ""


def wire_text(actor: int, op: int, address: int, value: int) -> str:
    """What happened on an interrupt's wire."""
    if op == Op.WRITE and actor == Actor.HYPERVISOR:
        return "(injected)" if value else "(taken back)"
    if op == Op.WRITE:
        return "(message)" if address >= GSI + 0x100 else "(asserted)" if value else "(deasserted)"
    if actor == Actor.HYPERVISOR:
        return "(masked)" if value else "(unmasked)"
    return "(end of interrupt)"


def json_lines(chunks: Iterator[Events], recorded: int) -> Iterator[str]:
    """One JSON document, ``{"recorded": N, "events": [...]}``, an event a line."""
    yield f'{{"recorded": {recorded}, "events": ['
    comma = ""
    for chunk in chunks:
        for row in rows(chunk):
            yield comma + msgspec.json.encode(row).decode()
            comma = ","
    yield "]}"
