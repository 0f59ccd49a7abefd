"""Two runs are compared by what their code did, aligned so that longer waits shift nothing: where they part, and what
differs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from fwsim.analysis.align import align
from fwsim.analysis.differences import Group, Pair, Row, clocks
from fwsim.analysis.sides import different_facts, open_side
from fwsim.trace.describe import rows
from fwsim.trace.event import Actor, Flag, Op, Space

Mask = NDArray[np.bool_]
Indices = NDArray[np.int64]
BEFORE = 5
_PERIODS = 12
"""Accesses that one round of a wait is made of, at most."""
_DELAYS = (0x80, 0xE0, 0xED, 0x500)
"""Ports that are written for the time it takes."""


class Diff(Struct):
    """Two runs beside each other."""

    a: str
    b: str
    cpu: str | None
    same: bool
    identical: bool
    """Byte for byte."""
    itself: bool
    """It is one run, named twice."""
    events: tuple[int, int]
    matched: int
    """Events of A that B has as well, waits folded; their values may differ."""
    by_place: bool
    """Whether instructions are told apart; False where the two runs' code lies elsewhere."""
    causes: list[tuple[str, object, object]]
    """Fields of the scenario, the ROM and the version that differ."""
    results: list[tuple[str, object, object]]
    """What came of the runs, where it differs."""
    first: Group | None = None
    before: list[Row] = field(default_factory=list)
    instead: Row | None = None
    """What the run does there that does not do what the other does first."""
    groups: list[Group] = field(default_factory=list)
    faults: tuple[int, int] = (0, 0)
    folded: tuple[int, int] = (0, 0)
    """Accesses left out as repetition in waits and delay loops."""
    notes: list[str] = field(default_factory=list)


def diff(path_a: Path, path_b: Path) -> Diff:
    """Compare the runs at ``path_a`` and ``path_b``. Raises FwsimError when one is none."""
    a, b = open_side(path_a), open_side(path_b)
    causes, results, notes = different_facts(a, b)
    total = (len(a.events), len(b.events))
    result = Diff(
        a=str(path_a), b=str(path_b), cpu=a.cpu or b.cpu, same=False, identical=False,
        itself=path_a.samefile(path_b), events=total, matched=0, by_place=True, causes=causes, results=results,
        notes=notes,
    )  # fmt: skip
    if total[0] == total[1] and (result.itself or a.events.tobytes() == b.events.tobytes()):
        result.same = result.identical = True
        result.matched = total[0]
        return result
    result.faults = (_count_faults(a.events), _count_faults(b.events))
    _compare(a.events, b.events, result)
    result.same = not result.groups and result.faults[0] == result.faults[1]
    return result


def differences(a: NDArray[np.void], b: NDArray[np.void]) -> list[Group]:
    """What differs between two runs' events, in A's order, waits folded."""
    result = Diff("", "", None, same=False, identical=False, itself=False, events=(len(a), len(b)), matched=0,
                  by_place=True, causes=[], results=[])  # fmt: skip
    _compare(a, b, result)
    return result.groups


def _count_faults(events: NDArray[np.void]) -> int:
    return int(np.count_nonzero(events["space"] == int(Space.IOMMU)))


# --- what is compared ----------------------------------------------------------------------------------------------
def _compare(a: NDArray[np.void], b: NDArray[np.void], result: Diff) -> None:
    left, right = (_taken(events) for events in (a, b))
    result.by_place = _places_agree(left, right)
    kept_a, kept_b = _without_waits(left), _without_waits(right)
    result.folded = (len(left) - len(kept_a), len(right) - len(kept_b))
    left, right = left[kept_a], right[kept_b]
    keys_a, keys_b = (_keys(each, result.by_place).view(np.int64) for each in (left, right))
    match = align(keys_a, keys_b)
    back = _reverse(match, len(right))
    longer_a = _longer_waits(keys_a, left, match, back)
    longer_b = _longer_waits(keys_b, right, back, match)
    result.matched = int(np.count_nonzero(match >= 0))
    pair = Pair(left, right, match, back, longer_a, longer_b)
    found = sorted(pair.values() + pair.alone(), key=lambda each: each[0])
    result.groups = [group for _, group in found]
    own = [each for each in found if (each[1].a or each[1].b or {}).get("actor") == "rom"] or found
    if own:
        at, result.first = own[0]
        result.before = rows(left[max(0, at - BEFORE) : at])
        result.instead = _instead(result.first, left, right, match, at)


def _instead(first: Group, left: NDArray[np.void], right: NDArray[np.void], match: Indices, at: int) -> Row | None:
    if first.kind == "b":
        return next(iter(rows(left[at : at + 1])), None)
    before = match[:at][match[:at] >= 0]
    behind = int(before[-1]) + 1 if len(before) else 0
    return next(iter(rows(right[behind : behind + 1])), None) if first.kind == "a" else None


def _taken(events: NDArray[np.void]) -> NDArray[np.void]:
    """What is compared: not the timer's ticks, DMA faults, or the index half of an index/data pair."""
    space, op, address = events["space"], events["op"], events["address"]
    drop = space == int(Space.IOMMU)
    drop |= (space == int(Space.INTERRUPT)) & np.isin(address, (0x08, 0x1C))
    written = (space == int(Space.PORT)) & (op == int(Op.WRITE))
    drop |= written & (address >= 0xCF8) & (address < 0xCFC)
    data = events["flags"][1:] & int(Flag.INDEXED) != 0
    index = events["value"][:-1] & np.uint64(0xFFFFFFFC)
    drop[:-1] |= written[:-1] & data & (index == events["address"][1:])
    taken: NDArray[np.void] = events[~drop]
    return taken


def _keys(events: NDArray[np.void], by_place: bool) -> NDArray[np.uint64]:
    """What was done, whatever the value: who, where in the code, in which space, how, at which address."""
    kind = (events["actor"].astype(np.uint64) << np.uint64(24)) | (events["space"].astype(np.uint64) << np.uint64(16))
    kind |= (events["op"].astype(np.uint64) << np.uint64(8)) | events["width"].astype(np.uint64)
    key = _mixed(kind) ^ events["address"]
    if by_place:
        key = _mixed(key) ^ ((events["cs"].astype(np.uint64) << np.uint64(40)) ^ events["ip"])
    return _mixed(key)


def _mixed(key: NDArray[np.uint64]) -> NDArray[np.uint64]:
    key = key * np.uint64(0x9E3779B97F4A7C15)
    return key ^ (key >> np.uint64(31))


def _places_agree(a: NDArray[np.void], b: NDArray[np.void]) -> bool:
    """Whether both runs' code is the same: half of what its instructions did was done by the same ones in both."""
    left, right = (np.unique(_keys(events[events["actor"] == int(Actor.ROM)], True)) for events in (a, b))
    return 2 * len(np.intersect1d(left, right, assume_unique=True)) >= min(len(left), len(right))


# --- waits ---------------------------------------------------------------------------------------------------------
def _quiet(events: NDArray[np.void]) -> Mask:
    """Accesses a wait is made of: reads, and writes that only take time."""
    quiet: Mask = events["op"] == int(Op.READ)
    quiet |= (events["space"] == int(Space.PORT)) & np.isin(events["address"], _DELAYS)
    return quiet


def _without_waits(events: NDArray[np.void]) -> Indices:
    """Indices of the events that stay when of a few reads, again and again with the same answers, one round is kept."""
    kept = np.arange(len(events))
    changing = np.where(clocks(events), np.uint64(0), events["value"])  # what a FIFO gives is no wait
    keys, quiet = _mixed(_keys(events, True) ^ changing), _quiet(events)
    for period in range(1, _PERIODS + 1):
        if len(kept) <= period:
            break
        now, still = keys[kept], quiet[kept]
        again = (now[period:] == now[:-period]) & still[period:] & still[:-period]
        edges = np.flatnonzero(np.diff(np.concatenate(([0], again.view(np.int8), [0]))))
        starts, lengths = edges[::2], edges[1::2] - edges[::2]
        dropped = lengths // period * period
        marks = np.zeros(len(kept) + 1, np.int64)
        np.add.at(marks, starts, 1)
        np.add.at(marks, starts + dropped, -1)
        kept = kept[np.cumsum(marks[:-1]) == 0]
    return kept


def _longer_waits(keys: Indices, events: NDArray[np.void], mine: Indices, other: Indices) -> Mask:
    """Events that only make a wait longer than the other run's: a read matched there is matched with its last round.

    ``mine``: for each event the one of the other run, ``other`` the reverse; both are changed.
    """
    ignored, quiet = np.zeros(len(keys), bool), _quiet(events)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (mine < 0).view(np.int8), [0]))))
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if end - start > _PERIODS or not quiet[start:end].all() or len(set(keys[start:end].tolist())) < end - start:
            continue
        if start and keys[end - 1] == keys[start - 1]:
            partner = int(mine[start - 1])
            mine[start - 1], mine[end - 1], other[partner] = -1, partner, end - 1
            ignored[start - 1 : end - 1] = True
        elif end < len(keys) and keys[start] == keys[end]:
            ignored[start:end] = True
    return ignored


def _reverse(match: Indices, size: int) -> Indices:
    back = np.full(size, -1, np.int64)
    found = np.flatnonzero(match >= 0)
    back[match[found]] = found
    return back
