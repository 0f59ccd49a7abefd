"""The GTT entries that a run left, where each leads, and what became of DMA through it, by the events alone.

Entries are kept as runs in which every column grows by a fixed step: 66,048 of them in a row are one line.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fwsim.report.html.facts import PAGE, Events, Facts
from fwsim.trace.event import Actor, Flag, Op, Space

CLASSES = ("guest_stolen", "host_stolen", "guest_ram", "unmapped", "bar", "invalid")
GUEST_STOLEN, HOST_STOLEN, GUEST_RAM, UNMAPPED, BAR, INVALID = range(len(CLASSES))
WORDS = {
    "guest_stolen": "the guest's stolen memory", "host_stolen": "the host's stolen memory",
    "guest_ram": "RAM that the guest uses", "unmapped": "nothing that is mapped",
    "bar": "a BAR, which is no memory", "invalid": "nowhere: the entry is not valid",
}  # fmt: skip
MOST_RUNS = 5000
_SLICE = 1 << 20
_LOW = np.uint64(0xFFFFFFFF)


class Entries(Struct, dict=True):
    """The entries that the guest's ROM wrote, one element each, by number; ``page`` is the bus address.

    ``was`` is what the ROM wrote, ``value`` what the device holds. ``reads`` and ``writes`` count refused DMA.
    """

    number: NDArray[np.int64]
    value: NDArray[np.uint64]
    was: NDArray[np.uint64]
    page: NDArray[np.uint64]
    kind: NDArray[np.int64]
    mapped: NDArray[np.bool_]
    seq: NDArray[np.int64]
    place: NDArray[np.int64]
    reads: NDArray[np.int64]
    writes: NDArray[np.int64]

    @cached_property
    def runs(self) -> list[list[Any]]:
        """[count, first values, steps] of number, value and was (low, high dword), page number, kind, mapped, ..."""
        table = np.stack([
            self.number, *_halves(self.value), *_halves(self.was), (self.page >> np.uint64(12)).astype(np.int64),
            self.kind, self.mapped.astype(np.int64), self.seq, self.place, self.reads, self.writes,
        ], axis=1)  # fmt: skip
        return linear_runs(table, fixed=(6, 7, 9))


def _halves(values: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return (values & _LOW).astype(np.int64), (values >> np.uint64(32)).astype(np.int64)


def linear_runs(table: NDArray[np.int64], fixed: tuple[int, ...] = ()) -> list[list[Any]]:
    """The rows of ``table`` as [count, first row, step]: row i of a run is first + i * step.

    The columns ``fixed`` do not change within a run. More than ``MOST_RUNS`` + 1 are not looked for.
    """
    runs: list[list[Any]] = []
    step = np.diff(table, axis=0)
    walls = np.flatnonzero((step[:, list(fixed)] != 0).any(axis=1))
    turns = np.flatnonzero((np.diff(step, axis=0) != 0).any(axis=1)) + 1  # step[turn] is not step[turn - 1]
    at = 0
    while at < len(table) and len(runs) <= MOST_RUNS:
        last = len(table) - 1
        for cuts in (walls[np.searchsorted(walls, at) :], turns[np.searchsorted(turns, at + 1) :]):
            last = min(last, int(cuts[0])) if len(cuts) else last
        runs.append([last - at + 1, table[at].tolist(), step[at].tolist() if last > at else [0] * table.shape[1]])
        at = last + 1
    return runs


def entries(facts: Facts) -> Entries:
    """The GTT as the run's events left it, as far as the guest's ROM wrote it."""
    writes = _gtt_writes(facts.events)
    width, fmt = (facts.scenario.host.family.pte_width, facts.scenario.host.family.pte_format) if facts.scenario else (
        4, None)  # fmt: skip
    address = writes["address"].astype(np.int64)
    order = np.argsort(address, kind="stable")
    last = np.append(np.diff(address[order]) != 0, True) if len(order) else np.zeros(0, bool)
    final = writes[order[last]]  # the last write of each dword, by address
    dword = final["address"].astype(np.int64) // 4
    per = width // 4
    number, first = np.unique(dword // per, return_index=True)
    value, was = np.zeros(len(number), np.uint64), np.zeros(len(number), np.uint64)
    for half in range(per):
        chosen = dword % per == half
        at = np.searchsorted(number, dword[chosen] // per)
        shift = np.uint64(32 * half)
        value[at] |= (final["value"][chosen] & _LOW) << shift
        was[at] |= (final["aux"][chosen] & _LOW) << shift
    page = value & np.uint64(0xFFFFF000)
    if fmt is not None:
        page = (value & np.uint64(fmt.low_mask)) | ((value & np.uint64(fmt.high_mask)) << np.uint64(fmt.high_shift))
    kind, mapped = _kinds(facts, value, page)
    reads, wrote = _refused(facts.events, page, kind)
    place = (final["cs"][first].astype(np.int64) << 32) | final["ip"][first].astype(np.int64)
    seq = final["seq"][first].astype(np.int64)
    return Entries(number, value, was, page, kind, mapped, seq, place, reads, wrote)


def _gtt_writes(events: Events) -> Events:
    """What the ROM wrote and the device took, in order."""
    found = []
    for first in range(0, len(events), _SLICE):
        part = events[first : first + _SLICE]
        chosen = (part["space"] == Space.GTT) & (part["op"] == Op.WRITE) & (part["actor"] == Actor.ROM)
        found.append(np.array(part[chosen & (part["flags"] & int(Flag.FAULTED) == 0)]))
    return np.concatenate(found) if found else np.array(events[:0])


def _kinds(
    facts: Facts, value: NDArray[np.uint64], page: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """What each entry points at (the order is that of ``gtt.targets`` in the summary), and whether it is mapped."""

    def inside(start: int, end: int) -> NDArray[np.bool_]:
        return (page >= np.uint64(start)) & (page < np.uint64(max(start, end)))

    valid = (value & np.uint64(1)) != 0
    if facts.on_host:
        return np.where(valid, GUEST_STOLEN, INVALID), valid
    ram, bar = np.zeros(len(page), bool), np.zeros(len(page), bool)
    for start, end in facts.ram:
        ram |= inside(start, end)
    for _, start, end in facts.bars:
        bar |= inside(start, end)
    kind = np.where(ram, GUEST_RAM, np.where(bar, BAR, UNMAPPED))
    kind[inside(*facts.host_stolen)] = HOST_STOLEN
    kind[inside(*facts.guest_stolen)] = GUEST_STOLEN
    kind[~valid] = INVALID
    return kind, (ram | bar) & valid


def _refused(
    events: Events, page: NDArray[np.uint64], kind: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How often the IOMMU refused a read, and a write, of each entry's page."""
    counts = []
    for op in (Op.READ, Op.WRITE):
        address, count = fault_pages(events, op)
        found = np.zeros(len(page), np.int64)
        if len(address):
            at = np.searchsorted(address, page).clip(max=len(address) - 1)
            hit = (address[at] == page) & (kind != INVALID)
            found[hit] = count[at[hit]]
        counts.append(found)
    return counts[0], counts[1]


def fault_pages(events: Events, op: Op) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The pages that DMA of this kind was refused for, ascending, and how often each."""
    found = []
    for first in range(0, len(events), _SLICE):
        part = events[first : first + _SLICE]
        chosen = part["address"][(part["space"] == Space.IOMMU) & (part["op"] == op)]
        found.append(chosen & np.uint64(~(PAGE - 1) & (1 << 64) - 1))
    pages, count = np.unique(np.concatenate(found) if found else np.zeros(0, np.uint64), return_counts=True)
    return pages, count.astype(np.int64)
