"""The parts that a machine is made of, laid out for native code, and how each of them keeps its state."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fwsim.cpu.engine import Engine
from fwsim.devices.adapters import Adapter
from fwsim.devices.igd.device import Igd
from fwsim.devices.pci import PciBus
from fwsim.devices.platform import PortDevice
from fwsim.devices.timers import new_platform
from fwsim.devices.vga.state import KIND_IGD, V_PAGE_COUNT, V_PAGES, V_USED, Vga
from fwsim.hypervisor.interface import GttPolicy
from fwsim.machine.plugged import Plugged
from fwsim.memory.ram import PAGE, Ram
from fwsim.native import (
    BAR_WORDS,
    IPS_SLOTS,
    IPS_WORDS,
    NOVEL_SLOTS,
    R_BAR_BASES,
    R_CODE_LIMIT,
    R_CODE_NEXT,
    R_EV_CAP,
    R_EV_LIMIT,
    R_EV_NEXT,
    R_EVENTS,
    R_IDLE_LIMIT,
    R_IGD,
    R_IPS,
    R_IRQ_TIME,
    R_LATCH,
    R_NOVEL,
    R_PCI,
    R_PLATFORM,
    R_PORTS,
    R_RETRY,
    R_SEQ,
    R_STALE_LIMIT,
    R_STEP,
    R_TIME_LIMIT,
    R_TIMER_TIME,
    R_VGA,
    R_WAIT_LIMIT,
    ROOT_WORDS,
    address_of,
)
from fwsim.scenario.model import Scenario
from fwsim.trace.recorder import Recorder

STEP_NS = 1000
"""Virtual time of one port or register access, INT or RDTSC: about what an I/O cycle takes."""
WAIT_LIMIT, STALE_LIMIT = 1 << 20, 1 << 22
IDLE_LIMIT = 1 << 24
"""Code bytes without an access before the machine looks for an interrupt to deliver."""
RETRY_NS = 10_000
"""Virtual time until a due interrupt is looked at again that IF = 0 kept waiting: an option ROM seldom sets IF."""
NEVER = (1 << 64) - 1
Trap = Callable[[int, int, int, int], int]


class Part(Protocol):
    """Something with a state: what a snapshot of the machine asks, and puts back."""

    def snapshot(self) -> Any:
        """Everything of it that matters to what comes next; what it does later does not change the answer."""
        ...

    def restore(self, state: Any) -> None:
        """Go back to a state that ``snapshot`` gave."""
        ...


class Arrays:
    """Native arrays as one part."""

    def __init__(self, arrays: Sequence[NDArray[Any]]) -> None:
        self._arrays = arrays

    def snapshot(self) -> list[NDArray[Any]]:
        """A copy of each."""
        return [array.copy() for array in self._arrays]

    def restore(self, state: list[NDArray[Any]]) -> None:
        """The copies' contents, in place: native code holds the arrays' addresses."""
        for array, saved in zip(self._arrays, state, strict=True):
            array[...] = saved


class Root:
    """The root block as a part, but for the words that say where the recorder stands: those are the recorder's."""

    _RECORDERS = (R_EVENTS, R_EV_NEXT, R_EV_CAP, R_SEQ)

    def __init__(self, words: NDArray[np.uint64]) -> None:
        self._words = words

    def snapshot(self) -> NDArray[np.uint64]:
        """A copy of every other word."""
        words = self._words.copy()
        words[list(self._RECORDERS)] = 0
        return words

    def restore(self, state: NDArray[np.uint64]) -> None:
        """Every other word as it was."""
        own = self._words[list(self._RECORDERS)]
        self._words[:] = state
        self._words[list(self._RECORDERS)] = own


class Parts:
    """What a machine of ``scenario`` consists of, its address map left out; the bus is empty.

    ``igd`` is None where another display device is in its place. ``vga``: the display answers the VGA ports and
    A0000-BFFFF; without it nothing does. ``trap`` answers what native code asks of Python. ``split``: RAM below and
    above 4 GiB, where the hypervisor was told otherwise than usual.
    """

    def __init__(
        self, scenario: Scenario, recorder_path: Path | None, igd: Igd | None, adapter: Adapter | None, trap: Trap, *,
        vga: bool, mode: str = "real", split: tuple[int, int] | None = None,
    ) -> None:  # fmt: skip
        self.scenario = scenario
        self.root: NDArray[np.uint64] = np.zeros(ROOT_WORDS, np.uint64)
        self._set_limits()
        self.recorder = Recorder(self.root, recorder_path)
        self.ram = Ram(scenario.guest.ram // PAGE * PAGE, "guest.ram")
        self.design = scenario.hypervisor.design
        low, self.high = split or self.design.ram_split(scenario.guest.machine, self.ram.size)
        end = self.design.ram_end(scenario.device, low)
        self.low, self.high = end // PAGE * PAGE, self.high + low - end
        self.igd = igd
        self.adapter = adapter
        self.vga = Vga(KIND_IGD) if igd else (adapter.make() if adapter else Vga())
        self.shows_vga = vga
        self.pci = PciBus()
        self.functions: list[Plugged] = []
        self.ports: NDArray[np.uint8] = np.zeros(65536, np.uint8)
        self.latch: NDArray[np.uint8] = np.zeros(65536, np.uint8)
        self.platform = new_platform()
        self.policy = GttPolicy()
        self.overlays: NDArray[np.uint64] = np.zeros(0, np.uint64)
        self.bar_bases: NDArray[np.uint64] = np.zeros(BAR_WORDS, np.uint64)
        self.novel: NDArray[np.uint64] = np.zeros(NOVEL_SLOTS, np.uint64)
        self.ips: NDArray[np.uint64] = np.zeros(IPS_WORDS * IPS_SLOTS, np.uint64)
        self.devices: list[PortDevice] = []
        self.extra: list[Ram] = []
        self.roms: dict[int, Ram] = {}
        """What lies behind a function's expansion ROM register, by its slot."""
        self.local: Ram | None = None
        self.watchers: dict[int, Any] = {}
        self._set_addresses()
        self.engine = Engine(self.root, trap, mode)

    def _set_limits(self) -> None:
        root, budget = self.root, self.scenario.budget
        root[R_STEP] = STEP_NS
        root[R_TIME_LIMIT] = budget.time_ns
        root[R_CODE_LIMIT] = budget.code
        root[R_EV_LIMIT] = budget.events
        root[R_IDLE_LIMIT] = IDLE_LIMIT
        root[R_CODE_NEXT] = min(budget.code, IDLE_LIMIT)
        root[R_RETRY] = RETRY_NS
        root[R_WAIT_LIMIT] = WAIT_LIMIT
        root[R_STALE_LIMIT] = STALE_LIMIT
        root[R_IRQ_TIME] = root[R_TIMER_TIME] = NEVER

    def _set_addresses(self) -> None:
        if self.igd:
            self.vga.block[V_PAGES] = address_of(self.igd.pages)
            self.vga.block[V_PAGE_COUNT] = self.igd.pages.size
            self.vga.block[V_USED] = address_of(self.igd.used)
        for word, array in (
            (R_PORTS, self.ports),
            (R_LATCH, self.latch),
            (R_PCI, self.pci.block),
            (R_PLATFORM, self.platform),
            (R_VGA, self.vga.block),
            (R_BAR_BASES, self.bar_bases),
            (R_NOVEL, self.novel),
            (R_IPS, self.ips),
        ):
            self.root[word] = address_of(array)
        self.root[R_IGD] = address_of(self.igd.block) if self.igd else 0

    def _parts(self) -> list[Part]:
        """Everything with a state but address map and CPU, which a machine puts before and behind."""
        arrays: list[NDArray[Any]] = [
            self.ports, self.latch, self.platform, self.bar_bases, self.novel, self.ips,
            *(self.igd.arrays() if self.igd else []), *([] if self.policy.words is None else [self.policy.words]),
        ]  # fmt: skip
        return [
            self.recorder, Root(self.root), Arrays(arrays), self.pci, self.ram, *self.extra,
            *([self.local] if self.local else []), self.vga, *self.devices,
        ]  # fmt: skip
