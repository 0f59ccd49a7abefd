"""Who answered configuration space in a run is counted from its notes, each behind the access that it tells of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.devices.config_traps import AS_CONFIG, AS_MMIO, HYPERVISOR, NOBODY
from fwsim.firmware.request import format_bdf
from fwsim.hypervisor.config_space import CONVENTIONAL, ConfigDesign
from fwsim.machine.built import Built
from fwsim.machine.config_space import WINDOW_NOTE
from fwsim.machine.decode import decoded
from fwsim.memory.ranges import Range
from fwsim.results.summary import NOTHING, ConfigAnswer, ConfigServer, ConfigSpace, ConfigWindow
from fwsim.trace.event import Actor, Flag, Op, Space

_SLICE = 1 << 20
_FORMS = {AS_CONFIG: "config request", AS_MMIO: "MMIO"}
PORTS, WINDOW, EXTENDED, LEFT = "CF8/CFC", "ECAM", "ECAM 100h-FFFh", "ECAM, left"
"""The ways, as a summary names them."""
_Key = tuple[str, int, int, int]
"""Way, function (-1: none there), who, form."""


def config_space(built: Built) -> ConfigSpace | None:
    """The part of the summary; None where nobody asks who answers."""
    design = built.config_design
    if design is None:
        return None
    found = ConfigSpace(
        design=design.name, title=design.title, cause=design.cause, remedy=design.remedy, lacks=design.lacks
    )  # fmt: skip
    found.servers = [
        ConfigServer(name=each.name, functions=[format_bdf(bdf) for bdf in each.functions]) for each in design.parties
    ]
    there = {each.devfn for each in built.machine.functions}
    counts: dict[_Key, list[int]] = {}
    for note, read in _notes(built):
        if note["width"] == WINDOW_NOTE:
            found.windows.append(_window(built, note))
        else:
            _count(counts, note, read, there)
    found.answers = [_answer(design, key, row) for key, row in sorted(counts.items())]
    return found


def _notes(built: Built) -> Iterator[tuple[NDArray[np.void], bool]]:
    """Each note, and whether the access before it was a read."""
    recorder = built.machine.recorder
    for first in range(0, recorder.count, _SLICE):
        part = recorder.read(max(0, first - 1), min(first + _SLICE, recorder.count))
        mine = (part["space"] == int(Space.PCI)) & (part["op"] == int(Op.NOTE))
        mine &= part["actor"] == int(Actor.HYPERVISOR)
        if first:
            mine[0] = False
        for at in np.flatnonzero(mine).tolist():
            yield part[at], bool(at and part[at - 1]["op"] == int(Op.READ))


def _count(counts: dict[_Key, list[int]], note: Any, read: bool, there: Iterable[int]) -> None:
    address, flags = int(note["address"]), int(note["flags"])
    bdf, who, form = address >> 12, int(note["value"]), int(note["aux"])
    if flags & Flag.INDEXED:
        way = PORTS
    elif flags & Flag.FAULTED:
        way = LEFT
    else:
        way = EXTENDED if address & 0xFFF >= CONVENTIONAL else WINDOW
    row = counts.setdefault((way, bdf if bdf in there else -1, who, form), [0, 0, 0])
    row[0 if read else 1] += 1
    row[2] += bool(flags & Flag.UNHANDLED)


def _answer(design: ConfigDesign, key: _Key, row: list[int]) -> ConfigAnswer:
    way, bdf, who, form = key
    name = "nobody" if who == NOBODY else design.parties[who - HYPERVISOR].name
    return ConfigAnswer(
        way=way, function=NOTHING if bdf < 0 else format_bdf(bdf), who=name, form=_FORMS.get(form, ""),
        reads=row[0], writes=row[1], lost=row[2],
    )  # fmt: skip


def _window(built: Built, note: Any) -> ConfigWindow:
    """One move of the window, and what of it lies behind RAM and directly mapped BARs."""
    machine, value, size = built.machine, int(note["value"]), int(note["aux"])
    start, flags = value & ~1, int(note["flags"])
    found = ConfigWindow(seq=int(note["seq"]), start=start, size=size, state="on" if value & 1 else "off")
    found.told = not flags & Flag.UNHANDLED
    if flags & Flag.REWRITTEN:
        found.state = "locked"
    if found.state == "off":
        return found
    for memory in (Range(0, machine.low), Range(1 << 32, (1 << 32) + machine.high)):
        found.ram += max(0, min(start + size, memory.end) - max(start, memory.start))
    trapped = machine.windows.trapped
    for (slot, index), bar, at in decoded(machine.pci, machine.functions):
        direct = trapped is not None and slot in trapped.direct
        if direct and bar.kind != "io" and Range(start, start + size).overlaps(at, bar.size):
            function = next(each for each in machine.functions if each.slot == slot)
            found.bars.append(f"{format_bdf(function.devfn)} BAR{index}")
    return found
