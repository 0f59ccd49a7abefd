"""All that the page is made from is read from a run's folder, whatever state the run left it in; what is missing is
said.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from fwsim import __version__
from fwsim.errors import FwsimError
from fwsim.memory.arm_map import RAM0_BASE
from fwsim.memory.ramsplit import FOUR_GIB
from fwsim.results.folder import SCENARIO, SUMMARY, RunDir
from fwsim.results.summary import Summary
from fwsim.rules.run import stolen_size
from fwsim.scenario.model import Scenario
from fwsim.trace.event import EVENT, Actor, Flag, Op, Space

Events = NDArray[np.void]
Span = tuple[int, int]
PAGE = 4096
_IGD_CONFIG = 0x10000
_ASLS = 0xFC
_SLICE = 1 << 20


class Facts(Struct, dict=True):
    """One run: its files as far as they can be read, and ``notes`` on those that cannot.

    ``whole``: there is a summary. Without one it is made of what the events say, and its checks and screens are empty.
    """

    folder: RunDir
    summary: Summary
    scenario: Scenario | None
    events: Events
    whole: bool = True
    notes: list[str] = field(default_factory=list)
    label: str = ""

    @property
    def on_host(self) -> bool:
        """Whether the ROM ran on the host itself: no hypervisor, and no IOMMU."""
        return self.scenario is not None and self.scenario.hypervisor.design.on_host

    @property
    def arm(self) -> bool:
        """Whether it is an Arm guest's: a program instead of a ROM, no display."""
        named = self.scenario is not None and self.scenario.guest.on_arm
        return named or self.summary.code == "program"

    @property
    def graphics(self) -> bool:
        """Whether the display device is Intel's."""
        if self.arm:
            return False
        if self.scenario is None:
            return True
        vga = self.scenario.host.vga
        return vga == "igd" or (vga == "auto" and (self.summary.rom.intel or not self.whole))

    @cached_property
    def guest_stolen(self) -> Span:
        """The guest's stolen memory (on the host itself: the host's); empty where none was placed."""
        if self.on_host:
            return self.host_stolen
        base = self.summary.firmware.bdsm & ~1
        if not base or self.scenario is None or not self.graphics:
            return 0, 0
        return base, base + stolen_size(self.scenario, self.scenario.assignment)

    @cached_property
    def host_stolen(self) -> Span:
        """The host's stolen memory, by the scenario."""
        if self.scenario is None or not self.graphics:
            return 0, 0
        host = self.scenario.host
        return host.stolen_base, host.stolen_base + host.family.gms.decode(host.ggc)

    @cached_property
    def ram(self) -> list[Span]:
        """Where the device's DMA reaches the guest's RAM: all of it but the VGA window."""
        if self.scenario is None:
            return [(each.start, each.end) for each in self.summary.firmware.e820 if each.type == "RAM"]
        guest = self.scenario.guest
        if self.arm:
            return [(RAM0_BASE, RAM0_BASE + guest.ram)]
        low, high = self.scenario.hypervisor.design.ram_split(guest.machine, guest.ram)
        spans = [(0, min(0xA0000, low))]
        if low > 0xC0000:
            spans.append((0xC0000, low))
        if high:
            spans.append((FOUR_GIB, FOUR_GIB + high))
        return spans

    @cached_property
    def bars(self) -> list[tuple[str, int, int]]:
        """The display device's memory BARs as (name, start, end)."""
        placed = self.summary.firmware.bars
        if self.scenario is None or not self.graphics:
            return []
        return [
            (f"BAR{bar.index} {bar.role}", at, at + bar.size)
            for bar in self.scenario.host.family.bars
            if bar.kind != "io" and (at := placed.get(str(bar.index), 0))
        ]


def gather(folder: RunDir) -> Facts:
    """Everything in ``folder`` that can be read. Raises FwsimError when that is nothing at all."""
    notes: list[str] = []
    summary, scenario, events = None, None, np.zeros(0, EVENT)
    try:
        summary = folder.summary()
    except FwsimError as error:
        notes.append(_without(SUMMARY, error, "the run did not get to its end; what follows is told from its events"))
    try:
        scenario = folder.scenario()
    except FwsimError as error:
        notes.append(_without(SCENARIO, error, "nothing that depends on the machine is shown"))
    try:
        events = folder.events()
    except FwsimError as error:
        if summary is None:
            raise
        notes.append(_without("events", error, "there is no timeline, and no address map of single entries"))
    if summary is not None and summary.fwsim != __version__:
        notes.append(f"This run was made by fwsim {summary.fwsim}; this page by fwsim {__version__}.")
    if summary is not None and len(events) < summary.events and len(events):
        notes.append(f"events.npy was cut: {len(events):,} of {summary.events:,} events are there.")
    whole = summary is not None
    return Facts(folder, summary or recovered(events, scenario, folder.path), scenario, events, whole, notes)


def _without(what: str, error: FwsimError, then: str) -> str:
    found = f" ({error.found})" if error.found else ""
    return f"{what} could not be used: {error.what}{found}; {then}."


def recovered(events: Events, scenario: Scenario | None, path: Path) -> Summary:
    """What the events of a killed run tell of it: where the firmware put things, the GTT writes, the faults."""
    summary = Summary(scenario=scenario.name if scenario else path.name, events=len(events))
    if scenario:
        summary.firmware.kind, summary.rom.source = scenario.firmware.kind, scenario.rom.source
    if not len(events):
        return summary
    summary.virtual_ns = int(events["time_ns"][-1])
    for first in range(0, len(events), _SLICE):
        _count(events[first : first + _SLICE], summary)
    placed = events[:_SLICE]
    placed = placed[(placed["actor"] == Actor.FIRMWARE) & (placed["space"] == Space.PCI) & (placed["op"] == Op.WRITE)]
    register = scenario.host.family.bdsm_register if scenario else 0x5C
    for address, value in placed[["address", "value"]].tolist():
        if register and address == _IGD_CONFIG + register:
            summary.firmware.bdsm = value
        elif register and scenario and address == _IGD_CONFIG + register + 4 and scenario.host.family.bdsm_width == 8:
            summary.firmware.bdsm |= value << 32
        elif address == _IGD_CONFIG + _ASLS:
            summary.firmware.asls = value
    summary.firmware.bars = _bars(placed, scenario)
    return summary


def _count(part: Events, summary: Summary) -> None:
    written = (part["space"] == Space.GTT) & (part["op"] == Op.WRITE) & (part["actor"] == Actor.ROM)
    summary.gtt.writes += int(written.sum())
    summary.gtt.rewritten += int((written & (part["flags"] & int(Flag.REWRITTEN) != 0)).sum())
    refused = part[part["space"] == Space.IOMMU]
    summary.iommu.faults += len(refused)
    for reason, count in zip(*np.unique(refused["value"], return_counts=True), strict=True):
        key = str(int(reason))
        summary.iommu.by_reason[key] = summary.iommu.by_reason.get(key, 0) + int(count)


def _bars(placed: Events, scenario: Scenario | None) -> dict[str, int]:
    """The BARs of 00:02.0 by number, as the firmware's writes left them."""
    if scenario is None:
        return {}
    values = dict(placed[["address", "value"]].tolist())
    found = {}
    for bar in scenario.host.family.bars:
        low = values.get(_IGD_CONFIG + bar.offset)
        if low is not None:
            high = values.get(_IGD_CONFIG + bar.offset + 4, 0) if bar.is64 else 0
            found[str(bar.index)] = (low & (~3 if bar.kind == "io" else ~15)) | high << 32
    return found
