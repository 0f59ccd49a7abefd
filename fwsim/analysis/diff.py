"""Two runs are compared by what their code did, aligned so that longer waits shift nothing: where they part, and what
differs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from fwsim.analysis.align import align
from fwsim.analysis.compared import PERIODS, Compared, Indices, Mask, anywhere, compared
from fwsim.analysis.differences import Group, Pair, Row
from fwsim.analysis.sides import different_facts, open_side
from fwsim.trace.describe import rows
from fwsim.trace.event import Space

BEFORE = 5
_CHUNK = 1 << 18


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
    if total[0] == total[1] and (result.itself or _identical(a.events, b.events)):
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


def _identical(a: NDArray[np.void], b: NDArray[np.void]) -> bool:
    """Whether two runs of as many events are the same, byte for byte."""
    starts = range(0, len(a), _CHUNK)
    return all(a[start : start + _CHUNK].tobytes() == b[start : start + _CHUNK].tobytes() for start in starts)


def _count_faults(events: NDArray[np.void]) -> int:
    return int(np.count_nonzero(events["space"] == int(Space.IOMMU)))


# --- what is compared ----------------------------------------------------------------------------------------------
def _compare(a: NDArray[np.void], b: NDArray[np.void], result: Diff) -> None:
    left, right = compared(a), compared(b)
    result.by_place = _places_agree(left, right)
    if not result.by_place:
        anywhere(left)
        anywhere(right)
    result.folded = (left.folded, right.folded)
    keys_a, keys_b = (each.keys.view(np.int64) for each in (left, right))
    match = align(keys_a, keys_b)
    back = _reverse(match, len(right))
    longer_a = _longer_waits(keys_a, left.quiet, match, back)
    longer_b = _longer_waits(keys_b, right.quiet, back, match)
    result.matched = int(np.count_nonzero(match >= 0))
    pair = Pair(left, right, match, back, longer_a, longer_b)
    found = sorted(pair.values() + pair.alone(), key=lambda each: each[0])
    result.groups = [group for _, group in found]
    own = [each for each in found if (each[1].a or each[1].b or {}).get("actor") == "rom"] or found
    if own:
        at, result.first = own[0]
        result.before = rows(left.at(slice(max(0, at - BEFORE), at)))
        result.instead = _instead(result.first, left, right, match, at)


def _instead(first: Group, left: Compared, right: Compared, match: Indices, at: int) -> Row | None:
    if first.kind == "b":
        return next(iter(rows(left.at(slice(at, at + 1)))), None)
    before = match[:at][match[:at] >= 0]
    behind = int(before[-1]) + 1 if len(before) else 0
    return next(iter(rows(right.at(slice(behind, behind + 1)))), None) if first.kind == "a" else None


def _places_agree(a: Compared, b: Compared) -> bool:
    """Whether both runs' code is the same: half of what its instructions did was done by the same ones in both."""
    return 2 * len(np.intersect1d(a.own, b.own, assume_unique=True)) >= min(len(a.own), len(b.own))


# --- waits ---------------------------------------------------------------------------------------------------------
def _longer_waits(keys: Indices, quiet: Mask, mine: Indices, other: Indices) -> Mask:
    """Events that only make a wait longer than the other run's: a read matched there is matched with its last round.

    ``mine``: for each event the one of the other run, ``other`` the reverse; both are changed.
    """
    ignored = np.zeros(len(keys), bool)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (mine < 0).view(np.int8), [0]))))
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if end - start > PERIODS or not quiet[start:end].all() or len(set(keys[start:end].tolist())) < end - start:
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
