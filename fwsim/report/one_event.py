"""One event is shown with every column, the register it reached with its fields, and the events around it."""

from collections.abc import Iterator

import numpy as np

from fwsim.errors import FwsimError
from fwsim.registers.core import Decoded, decode
from fwsim.registers.database import name_of
from fwsim.report.arm_names import ArmNames
from fwsim.report.trace import Events, names_for
from fwsim.trace.describe import COLUMNS, HEADING, line, rows

_AROUND = 3
_MOVED = ("read", "write")


def find(events: Events, number: int, where: str) -> int:
    """The place of the event whose ``seq`` is ``number``. Raises FwsimError when there is none."""
    count = len(events)
    if 0 < number <= count and int(events[number - 1]["seq"]) == number:
        return number - 1
    if count and int(events[0]["seq"]) <= number <= int(events[-1]["seq"]):
        place = int(np.searchsorted(events["seq"], number))
        if int(events[place]["seq"]) == number:
            return place
    numbers = f", {int(events[0]['seq'])} to {int(events[-1]['seq'])}" if count else ""
    raise FwsimError(
        "no such event", where=f"{where}, --event", found=str(number),
        expected=f"one of its {count} events{numbers}" if count else "events; this run has none",
        hint="fwsim trace show RUN --last 5" if count else "the run was stopped before its first event",
    )  # fmt: skip


def event_document(
    events: Events, number: int, cpu: str | None, where: str, *, igd: bool = True, arm: ArmNames | None = None
) -> dict[str, object]:
    """The event for --json, its register, its fields, and its neighbours."""
    place = find(events, number, where)
    event = rows(events[place : place + 1])[0]
    record = events[place : place + 1][list(COLUMNS)].tolist()[0]
    return {
        "event": event,
        "register": names_for(cpu, igd=igd, arm=arm)(record[5], record[8]) or None,
        "fields": [field._asdict() for field in (_fields(event, cpu, igd) if arm is None else [])],
        "before": rows(events[max(0, place - _AROUND) : place]),
        "after": rows(events[place + 1 : place + 1 + _AROUND]),
    }


def event_lines(
    events: Events, number: int, cpu: str | None, where: str, *, igd: bool = True, arm: ArmNames | None = None
) -> Iterator[str]:
    """The event and its neighbours a line each, ``>`` before it; below it what it is, field by field."""
    place = find(events, number, where)
    names = names_for(cpu, igd=igd, arm=arm)
    yield " " + HEADING
    for at in range(max(0, place - _AROUND), min(len(events), place + 1 + _AROUND)):
        record = events[at : at + 1][list(COLUMNS)].tolist()[0]
        yield (">" if at == place else " ") + line(record, names(record[5], record[8]), arm.told(record) if arm else "")
    event = rows(events[place : place + 1])[0]
    yield ""
    for column in COLUMNS:
        value = event[column]
        if isinstance(value, list):
            yield f"{column:>10}  {' '.join(value) or 'none'}"
        elif isinstance(value, int) and column not in ("seq", "time_ns", "width"):
            yield f"{column:>10}  {value:#x}"
        else:
            yield f"{column:>10}  {value}"
    fields = _fields(event, cpu, igd) if arm is None else []
    if fields:
        yield ""
        record = events[place : place + 1][list(COLUMNS)].tolist()[0]
        yield f"  {names(record[5], record[8])}"
        for field in fields:
            yield f"{field.bits:>10}  {field.field} = {field.value:#x}: {field.meaning}"


def _fields(event: dict[str, object], cpu: str | None, igd: bool) -> list[Decoded]:
    space, address, value = str(event["space"]), int(str(event["address"])), int(str(event["value"]))
    if event["op"] not in _MOVED or space not in ("port", "pci", "mmio"):
        return []
    found = name_of(space, address, cpu)
    if found is None or (not igd and found.register.function == "igd") or (not igd and space == "mmio"):
        return []
    low = 8 * (address - found.address)
    moved = range(low, low + 8 * int(str(event["width"])))
    return [row for row in decode(found, value << low) if any(int(bit) in moved for bit in row.bits.split(":"))]
