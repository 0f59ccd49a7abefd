"""Events are counted in bins, lane by lane, over sequence and virtual time, with what to know of them.

The finest bins are kept; the page adds them up for what it shows, so that ten million events take no more room than
a hundred thousand.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.report.arm_names import ArmNames
from fwsim.report.html.facts import Events, Facts
from fwsim.report.trace import names_for
from fwsim.trace.describe import COLUMNS, line
from fwsim.trace.event import Actor, Flag, Op, Space

BINS = 8192
LISTED = 4000
"""A run of so many events has them all on the page, one line each."""
MOST_MARKS = 120
_EACH = 3
"""Marks of one kind: the first ones."""
LANES = (
    ("calls", "calls, interrupts"), ("pci", "configuration"), ("port", "ports"), ("mmio", "registers"), ("gtt", "GTT"),
    ("memory", "memory"), ("changed", "changed on the way"), ("iommu", "DMA refused"),
    ("unhandled", "no model answers"),
)  # fmt: skip
_NAMES = [name for name, _ in LANES]
_OF_SPACE: dict[int, str] = {
    Space.PORT: "port", Space.MEMORY: "memory", Space.PCI: "pci", Space.MMIO: "mmio", Space.GTT: "gtt",
    Space.IOMMU: "iommu", Space.INTERRUPT: "calls", Space.EFI: "calls",
}  # fmt: skip
_CHANGED, _UNHANDLED = _NAMES.index("changed"), _NAMES.index("unhandled")
_SLICE = 1 << 20
Counts = NDArray[np.int64]


def timeline(facts: Facts) -> dict[str, Any]:
    """Bins by sequence and by time, the marks, and every event's line where there are few."""
    events = facts.events
    total = len(events)
    if not total:
        return {"total": 0, "lanes": [], "seq": [], "time": [], "marks": [], "lines": [], "end": 0, "bins": 1}
    end = max(1, int(events["time_ns"][-1]))
    bins = min(BINS, total)
    by_seq, by_time, marked = _count(events, bins, end)
    used = [number for number in range(len(LANES)) if by_seq[number].any()]
    arm = ArmNames(events, facts.scenario, facts.summary) if facts.arm and facts.scenario else None
    names = names_for(facts.scenario.host.cpu if facts.scenario else None, igd=facts.graphics, arm=arm)
    told = arm.told if arm else _fields_tell
    return {
        "total": total, "end": end, "bins": bins, "lanes": [LANES[number] for number in used],
        "seq": [_packed(by_seq[number]) for number in used], "time": [_packed(by_time[number]) for number in used],
        "marks": [_marked(events[at], names, told) for at in sorted(marked)],
        "lines": [line(record, _name(record, names), told(record)) for record in events[list(COLUMNS)].tolist()]
        if total <= LISTED else [],
        "times": (events["time_ns"] // 1000).tolist() if total <= LISTED else [],
    }  # fmt: skip


def _count(events: Events, bins: int, end: int) -> tuple[Counts, Counts, set[int]]:
    by_seq, by_time = np.zeros((len(LANES), bins), np.int64), np.zeros((len(LANES), bins), np.int64)
    lane_of = np.zeros(256, np.int64)
    for space, name in _OF_SPACE.items():
        lane_of[int(space)] = _NAMES.index(name)
    marked: dict[tuple[int, ...], int] = {}
    at: set[int] = {0, len(events) - 1}
    for first in range(0, len(events), _SLICE):
        part = events[first : first + _SLICE]
        flags = np.array(part["flags"])
        lane = lane_of[part["space"]]
        seq = (np.arange(first, first + len(part), dtype=np.int64) * bins) // len(events)
        time = np.minimum((part["time_ns"].astype(np.float64) * (bins / end)).astype(np.int64), bins - 1)
        for counts, where in ((by_seq, seq), (by_time, time)):
            counts += np.bincount(lane * bins + where, minlength=counts.size)[: counts.size].reshape(counts.shape)
            for number, flag in ((_CHANGED, Flag.REWRITTEN), (_UNHANDLED, Flag.UNHANDLED)):
                chosen = where[flags & int(flag) != 0]
                counts[number] += np.bincount(chosen, minlength=bins)[:bins]
        _mark(part, first, marked, at)
    return by_seq, by_time, at


def _mark(part: Events, first: int, seen: dict[tuple[int, ...], int], at: set[int]) -> None:
    """Find the events to point at: calls, notes, the first of each kind, what the firmware placed, what was refused."""
    chosen = (part["op"] >= Op.CALL) | (part["space"] == Space.PCI) | (part["flags"] & int(Flag.FAULTED) != 0)
    chosen |= (part["space"] == Space.GTT) | (part["flags"] & int(Flag.UNHANDLED) != 0)
    where = np.flatnonzero(chosen)
    keys = np.stack([part[name][where].astype(np.int64) for name in ("actor", "space", "op", "flags")], axis=1)
    own = np.isin(part["space"][where], (Space.PCI, Space.INTERRUPT, Space.MEMORY))
    place = np.where(own, part["address"][where].astype(np.int64) & 0xFFFFFFFF, 0)
    table = np.column_stack([keys, place])
    _, index = np.unique(table, axis=0, return_index=True)
    calls = np.flatnonzero((table[:, 2] == Op.CALL) & (table[:, 0] == Actor.FIRMWARE))[:MOST_MARKS]
    for nth in np.unique(np.concatenate([index, calls])).tolist():
        key = tuple(table[nth].tolist())
        if len(at) < MOST_MARKS and seen.get(key, 0) < (MOST_MARKS if key[2] == Op.CALL else 1):
            seen[key] = seen.get(key, 0) + 1
            at.add(first + int(where[nth]))


def _fields_tell(record: tuple[int, ...]) -> str:
    """Every event by its fields."""
    return ""


def _marked(record: np.void, names: Any, told: Any) -> list[Any]:
    """[seq, time, lane, words] of one event."""
    values: tuple[int, ...] = tuple(record[name].item() for name in COLUMNS)
    lane = _OF_SPACE.get(values[5], "calls")
    return [values[0], values[1], lane, line(values, _name(values, names), told(values))]


def _name(record: tuple[int, ...], names: Any) -> str:
    return str(names(record[5], record[8]))


def _packed(counts: Counts) -> list[int]:
    """Counts with each row of zeros as one negative number, its length."""
    edges = np.flatnonzero(np.diff(np.concatenate([[1], counts != 0, [1]]).astype(np.int8)))
    out: list[int] = []
    at = 0
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        out += [*counts[at:start].tolist(), start - stop]
        at = stop
    return [*out, *counts[at:].tolist()]
