"""What the addresses of an Arm guest's run are called: registers of its UART, of its functions, and of their BARs.

Source: Arm DDI 0183 (PL011), 3.2.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fwsim.errors import FwsimError
from fwsim.memory.arm_map import PL011_BASE, PL011_SIZE
from fwsim.report.vpci import short_bdf, vpci_of
from fwsim.results.folder import RunDir
from fwsim.results.summary import AssignedFunction, Summary
from fwsim.scenario.host_bars import HostBarText, all_host_bars
from fwsim.scenario.model import Scenario
from fwsim.trace.arm import HEADER_END, header_register
from fwsim.trace.event import Actor, Op, Space
from fwsim.units import short_size

_UART = {
    0x00: "UARTDR", 0x04: "UARTRSR", 0x18: "UARTFR", 0x20: "UARTILPR", 0x24: "UARTIBRD", 0x28: "UARTFBRD",
    0x2C: "UARTLCR_H", 0x30: "UARTCR", 0x34: "UARTIFLS", 0x38: "UARTIMSC", 0x3C: "UARTRIS", 0x40: "UARTMIS",
    0x44: "UARTICR", 0x48: "UARTDMACR",
}  # fmt: skip
_PCI, _MEMORY = int(Space.PCI), int(Space.MEMORY)
Events = NDArray[np.void]


class ArmNames:
    """Names of one run's addresses: ``names(space, address)``, "" where nobody knows one.

    ``events`` tell what stage 2 mapped where; a place that had two BARs has the later one's name.
    """

    def __init__(self, events: Events, scenario: Scenario, summary: Summary | None = None) -> None:
        found = vpci_of(summary) if summary is not None else None
        self._functions = {_devfn(each.guest): each for each in found.functions if each.guest} if found else {}
        self._host = _bars_of(scenario)
        self._spans = self._mapped(events)
        self._starts = [start for start, _, _ in self._spans]
        self._known = lru_cache(1 << 14)(self._name)

    def __call__(self, space: int, address: int) -> str:
        """What is at ``address`` of ``space``."""
        return self._known(space, address) if space in (_PCI, _MEMORY) else ""

    def _name(self, space: int, address: int) -> str:
        if space == _PCI:
            return self._register(address)
        if PL011_BASE <= address < PL011_BASE + PL011_SIZE:
            return _UART.get(address - PL011_BASE, f"UART+{address - PL011_BASE:#x}")
        at = bisect_right(self._starts, address) - 1
        if at < 0 or address >= self._spans[at][1]:
            return ""
        start, _, host = self._spans[at]
        return self._of_host(host + address - start)

    def _register(self, address: int) -> str:
        """A register of a function's header, and whose the function is on the host where that is elsewhere."""
        function = self._functions.get(address >> 12 & 0xFFFF)
        name, byte = header_register(address & 0xFFF, function is not None and function.bridge)
        return " ".join(filter(None, (name + (f"+{byte}" if byte else ""), _of(function))))

    def registers(self) -> Iterator[tuple[str, int, str, int]]:
        """(space, address, register, byte) of every byte of the functions' headers."""
        for place, function in self._functions.items():
            for offset in range(HEADER_END):
                name, byte = header_register(offset, function.bridge)
                if name:
                    yield "pci", place << 12 | offset, name, byte

    def _of_host(self, address: int) -> str:
        """``0b:00.0 BAR0+0x98``."""
        for name, bar in self._host:
            if bar.address <= address < bar.end:
                past = address - bar.address
                return f"{name} BAR{bar.index}" + (f"+{past:#x}" if past else "")
        return ""

    def _mapped(self, events: Events) -> list[tuple[int, int, int]]:
        """(start, end, host's address) of everything that stage 2 ever mapped, by address; none over another."""
        chosen = (events["actor"] == Actor.HYPERVISOR) & (events["space"] == Space.MEMORY) & (events["op"] == Op.NOTE)
        spans: list[tuple[int, int, int]] = []
        for event in events[chosen & (events["value"] != 0)]:
            start, host, size = int(event["address"]), int(event["value"]), int(event["aux"])
            end = start + size
            spans = [piece for span in spans for piece in _without(span, start, end)] + [(start, end, host)]
        return sorted(spans)

    def told(self, record: tuple[int, ...]) -> str:
        """A change of stage 2, or refused DMA, in words; "" for any other event.

        ``record`` has an event's values in the order of ``COLUMNS``.
        """
        actor, space, op, address, value, size = record[2], record[5], record[6], *record[8:11]
        if space == Space.IOMMU:
            return f"the SMMU refuses {stream_text(value)} a {'write' if op == Op.WRITE else 'read'} at {address:#x}"
        if (actor, space, op) != (Actor.HYPERVISOR, Space.MEMORY, Op.NOTE):
            return ""
        if not value:
            return f"stage 2 unmaps {address:#x}-{address + size - 1:#x}"
        whose = self._of_host(value)
        return f"stage 2 maps {short_size(size)} at {address:#x} to {value:#x}{f', {whose}' if whose else ''}"


def _bars_of(scenario: Scenario) -> list[tuple[str, HostBarText]]:
    rows = scenario.host_function
    found = zip(rows, all_host_bars(rows), strict=True)
    return [(short_bdf(row.slot), bar) for row, bars in found for bar in bars if bar.kind != "io"]


def _without(span: tuple[int, int, int], start: int, end: int) -> list[tuple[int, int, int]]:
    """What is left of ``span`` where something else is from ``start`` to ``end``."""
    first, last, host = span
    pieces = (first, min(last, start)), (max(first, end), last)
    return [(low, high, host + low - first) for low, high in pieces if low < high]


def stream_text(stream: int) -> str:
    """A function of segment 0 by its stream id, which is its requester id where a host's map is one to one."""
    return f"{stream >> 8 & 0xFF:02x}:{stream >> 3 & 31:02x}.{stream & 7}"


def _devfn(name: str) -> int:
    """bus << 8 | device << 3 | function of "0000:08:00.0"."""
    bus, _, rest = short_bdf(name).partition(":")
    device, _, function = rest.partition(".")
    return int(bus, 16) << 8 | int(device, 16) << 3 | int(function)


def _of(function: AssignedFunction | None) -> str:
    if function is None or not function.host or function.host == function.guest:
        return ""
    return f"(host's {short_bdf(function.host)})"


def arm_names(folder: RunDir, events: Events) -> ArmNames | None:
    """The names of the run in ``folder``; None where it is no Arm guest's, or has no scenario."""
    try:
        scenario = folder.scenario()
    except FwsimError:
        return None
    if not scenario.guest.on_arm:
        return None
    try:
        return ArmNames(events, scenario, folder.summary())
    except FwsimError:
        return ArmNames(events, scenario)
