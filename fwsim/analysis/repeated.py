"""A ROM run more than once is compared with its first run: on the host, in a guest after it, in a guest after that.

What is compared is the last run's: from the call of its init on, with the calls. Which of the ROM's reads had another
answer is what steers it; where none had, what differs came from its own memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace as with_fields
from numpy.typing import NDArray

from fwsim.analysis.diff import differences
from fwsim.analysis.differences import Row
from fwsim.machine.build import lights
from fwsim.results.summary import Summary
from fwsim.rom.chain import load
from fwsim.running.earlier import ROM_BASE
from fwsim.running.pipeline import assemble, begin
from fwsim.scenario.model import Firmware, Scenario
from fwsim.trace.event import Actor, Flag, Op, Space

_INIT = ROM_BASE + 3


class Way(Struct, frozen=True):
    """One way to come to a run: who ran the ROM ``before``, what ``reset`` came between, what the guest is given.

    ``posts`` 2: init is called again, on the code in memory as its first call left it.
    """

    who: str
    before: tuple[str, ...] = ()
    reset: str = "none"
    source: str = "file"
    posts: int = 1

    def scenario(self, base: Scenario) -> Scenario:
        """``base`` run this way."""
        rom = with_fields(base.rom, source=self.source, before=self.before, reset=self.reset, posts=self.posts)
        if self.who == "guest":
            return with_fields(base, rom=rom)
        none = with_fields(base.hypervisor, kind="none", profile="")
        return with_fields(base, rom=rom, hypervisor=none, firmware=Firmware(kind="none"))


def _ways() -> tuple[Way, ...]:
    """The host's, then the guest's: the first of each is what the others of it are compared with."""
    resets = ("none", "flr")
    host = [Way("host"), *(Way("host", reset=each, posts=2) for each in resets)]
    host += [Way("host", ("host",), each) for each in resets]
    guest = [Way("guest")]
    for earlier in (("host",), ("host", "guest")):
        guest += [Way("guest", earlier, each, source) for source in ("file", "shadow") for each in resets]
    return (*host, *guest)


WAYS = _ways()


class Steer(Struct, frozen=True):
    """Reads of one place that were answered otherwise: what the first run read there first, and what this one."""

    space: str
    address: int
    first: int
    again: int


class Once(Struct):
    """One run, and what is other in it than in the first of its kind. Registers are offsets in BAR0.

    ``picture``: what is wrong with the screens or the calls, "" where each is whole. ``same``: but for clocks and
    waits its accesses are the first's, value for value. ``parted``: the first access that is other, and ``how``: value,
    a (made by the first run alone) or b (made by this one alone).
    """

    way: Way
    ending: str
    detail: str
    lights: str
    events: int
    gtt_writes: int
    gtt_rewritten: int
    faults: int
    picture: str
    same: bool = True
    added: list[int] = field(default_factory=list)
    """Written by this run alone."""
    missing: list[int] = field(default_factory=list)
    """Written by the first run alone."""
    other: list[int] = field(default_factory=list)
    """Given other values, or as many more or less times."""
    steers: list[Steer] = field(default_factory=list)
    parted: Row | None = None
    how: str = ""


def repeated(base: Scenario, ways: Sequence[Way] = WAYS) -> list[Once]:
    """``base`` run in each of these ways; the first of the host's and of the guest's is compared with nothing.

    Raises FwsimError for what cannot be run.
    """
    firsts: dict[str, NDArray[np.void]] = {}
    found: list[Once] = []
    for way in ways:
        once, events = _run(way, way.scenario(base))
        first = firsts.setdefault(way.who, events)
        if first is not events:
            _compare(once, first, events)
        found.append(once)
    return found


def _run(way: Way, scenario: Scenario) -> tuple[Once, NDArray[np.void]]:
    run = begin(assemble(scenario, load(scenario.rom.file)))
    try:
        run.post()
        lit = lights(run.built)
        run.calls()
        run.pictures()
        summary = run.summary()
        recorder = run.built.machine.recorder
        events = _last_post(recorder.read(0, recorder.count))
    finally:
        run.close()
    writes = _is(events, Space.GTT, Op.WRITE)
    rewritten = writes & (events["flags"] & int(Flag.REWRITTEN) != 0)
    once = Once(
        way, summary.stop.reason, summary.stop.detail, lit, len(events), int(writes.sum()), int(rewritten.sum()),
        summary.iommu.faults, _wrong(summary),
    )  # fmt: skip
    return once, events


def _last_post(events: NDArray[np.void]) -> NDArray[np.void]:
    """The events from the last call of init on; all where it was never called."""
    calls = np.flatnonzero((events["space"] == int(Space.MEMORY)) & (events["op"] == int(Op.CALL))
                           & (events["address"] == _INIT))  # fmt: skip
    last: NDArray[np.void] = events[calls[-1] :] if len(calls) else events
    return last


def _wrong(summary: Summary) -> str:
    """What a person at the screen would miss; "" for nothing."""
    refused = [f"{call.ax:04x}h refused" for call in summary.calls if not call.ok]
    seen = [check.detail for check in summary.failed if check.id == "screens-complete"]
    return "; ".join([*refused, *seen]) or ("" if summary.display else "no picture")


def _is(events: NDArray[np.void], space: Space, op: Op) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = (
        (events["actor"] == int(Actor.ROM)) & (events["space"] == int(space)) & (events["op"] == int(op))
    )  # fmt: skip
    return mask


def _compare(once: Once, first: NDArray[np.void], events: NDArray[np.void]) -> None:
    before, now = _written(first), _written(events)
    once.added = sorted(now.keys() - before.keys())
    once.missing = sorted(before.keys() - now.keys())
    once.other = sorted(at for at in now.keys() & before.keys() if now[at] != before[at])
    groups = [group for group in differences(first, events) if "rom" in _actors(group.a, group.b)]
    once.same = not groups
    if groups:
        once.parted, once.how = groups[0].a or groups[0].b, groups[0].kind
    for group in groups:
        if group.kind == "value" and group.a and group.b and group.a["op"] == "read":
            one, two = (int(str(row["value"])) for row in (group.a, group.b))
            once.steers.append(Steer(str(group.a["space"]), int(str(group.a["address"])), one, two))


def _actors(*rows: Row | None) -> set[object]:
    return {row["actor"] for row in rows if row}


def _written(events: NDArray[np.void]) -> dict[int, tuple[int, ...]]:
    """Each register of BAR0 that the ROM wrote, with the values in their order."""
    found: dict[int, list[int]] = {}
    rows = events[_is(events, Space.MMIO, Op.WRITE)]
    for address, value in zip(rows["address"].tolist(), rows["value"].tolist(), strict=True):
        found.setdefault(address, []).append(value)
    return {address: tuple(values) for address, values in found.items()}
