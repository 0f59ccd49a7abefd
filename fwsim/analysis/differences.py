"""The differences of two aligned runs are gathered in few groups: other values at one place, accesses that only one
made.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from fwsim.analysis.compared import Compared, Indices, Mask, other_values
from fwsim.trace.describe import enum_name, rows
from fwsim.trace.event import Space

Row = dict[str, object]
_PLACES = 4
_DELTAS = 4
_LOW = np.uint64((1 << 32) - 1)


class Group(Struct):
    """Differences of one kind, in one line: ``count`` events, the first and the last of each side."""

    kind: str
    """value: both did it, with other values. a, b: only that run did it."""
    count: int
    a: Row | None = None
    b: Row | None = None
    last_a: Row | None = None
    last_b: Row | None = None
    delta: int | None = None
    """What is added to each value of A to make B's, modulo 2^32, where it is the same for all."""
    times: int = 1
    """How many stretches of accesses that only one run made begin and end alike."""
    what: dict[str, int] = field(default_factory=dict)
    """Of those accesses, how many of which kind."""
    places: list[Row] = field(default_factory=list)
    """The first of them, and where in the code others are, a few."""


Found = list[tuple[int, Group]]
"""Each group with its place: an index of the events of A."""


class Pair(Struct):
    """The events compared, A's and B's; for each the other's index (-1: none), and what only lengthens a wait."""

    left: Compared
    right: Compared
    match: Indices
    back: Indices
    longer_left: Mask
    longer_right: Mask

    def values(self) -> Found:
        """What both did with other values: by place and address, GTT entries of one place together."""
        pairs = other_values(self.left, self.right, self.match)
        a, b = self.left.at(pairs), self.right.at(self.match[pairs])
        found: Found = []
        for members in _moved_alike(_grouped(_signatures(a)), a, b):
            one, two = a[members], b[members]
            deltas = (two["value"] - one["value"]) & _LOW
            group = Group("value", len(members), delta=int(deltas[0]) if (deltas == deltas[0]).all() else None)
            group.a, group.last_a = rows(one[[0, -1]])
            group.b, group.last_b = rows(two[[0, -1]])
            found.append((int(pairs[members[0]]), group))
        return found

    def alone(self) -> Found:
        """What only one of them did, stretch by stretch; stretches that begin and end alike together."""
        found = self._alone("a", self.left, (self.match < 0) & ~self.longer_left, np.arange(len(self.left)))
        before = np.maximum.accumulate(np.concatenate(([-1], self.back))) + 1 if len(self.back) else self.back
        return found + self._alone("b", self.right, (self.back < 0) & ~self.longer_right, before)

    def _alone(self, kind: str, side: Compared, mask: Mask, at: Indices) -> Found:
        edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.view(np.int8), [0]))))
        starts, ends = edges[::2], edges[1::2]
        if not len(starts):
            return []
        first, last = _signatures(side.at(starts)), _signatures(side.at(ends - 1))
        found: Found = []
        for members in _grouped(first * np.uint64(3) + last):
            start, end = int(starts[members[0]]), int(ends[members[0]])
            total = int((ends[members] - starts[members]).sum())
            events = side.at(slice(start, end))
            one, two = rows(events[:1])[0], rows(events[-1:])[0]
            group = Group(kind, total, times=len(members), what=_what(events))
            group.places = _places(events)
            if kind == "a":
                group.a, group.last_a = one, two
            else:
                group.b, group.last_b = one, two
            found.append((int(at[start]), group))
        return found


def _moved_alike(groups: list[Indices], a: NDArray[np.void], b: NDArray[np.void]) -> list[Indices]:
    """GTT writes of one place apart by what is added to them, where that is one of a few numbers."""
    found: list[Indices] = []
    for members in groups:
        deltas = (b["value"][members] - a["value"][members]) & _LOW
        known = np.unique(deltas)
        if a["space"][members[0]] == int(Space.GTT) and 1 < len(known) <= _DELTAS:
            found += [members[deltas == delta] for delta in known]
        else:
            found.append(members)
    return found


def _signatures(events: NDArray[np.void]) -> NDArray[np.uint64]:
    """By what differences are put together: who, where in the code, space, operation, the address but in the GTT."""
    word = np.uint64
    sign = (events["cs"].astype(word) << word(40)) ^ events["ip"]
    for column in ("actor", "space", "op"):
        sign = sign * word(0x9E3779B97F4A7C15) + events[column].astype(word)
    inside = np.where(events["space"] == int(Space.GTT), word(0), events["address"])
    sign = (sign ^ inside) * word(0x9E3779B97F4A7C15)
    mixed: NDArray[np.uint64] = sign ^ (sign >> word(29))
    return mixed


def _grouped(signs: NDArray[np.uint64]) -> list[Indices]:
    """Indices of equal signs, a list for each sign."""
    if not len(signs):
        return []
    order = np.argsort(signs, kind="stable")
    cuts = np.flatnonzero(np.diff(signs[order])) + 1
    return list(np.split(order, cuts))


def _what(events: NDArray[np.void]) -> dict[str, int]:
    names = zip(events["space"].tolist(), events["op"].tolist(), strict=True)
    counts = Counter(f"{enum_name('space', space)} {enum_name('op', op)}" for space, op in names)
    return dict(counts.most_common())


def _places(events: NDArray[np.void]) -> list[Row]:
    """The first event of each of the first few (place, address)."""
    signs = _signatures(events[: 1 << 12])
    _, first = np.unique(signs, return_index=True)
    return rows(events[np.sort(first)[:_PLACES]])
