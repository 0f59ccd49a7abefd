"""What every machine has, whatever its CPU: the root block, events, RAM, a configuration bus, and a state to keep."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fwsim.cpu.core import Core
from fwsim.devices.pci import PciBus
from fwsim.memory.ram import PAGE, Ram
from fwsim.native import (
    IPS_SLOTS,
    IPS_WORDS,
    NOVEL_SLOTS,
    R_ACTOR,
    R_CODE_LIMIT,
    R_CODE_NEXT,
    R_EV_CAP,
    R_EV_LIMIT,
    R_EV_NEXT,
    R_EVENTS,
    R_IDLE_LIMIT,
    R_IPS,
    R_IRQ_TIME,
    R_NOVEL,
    R_PCI,
    R_RETRY,
    R_SEQ,
    R_STALE_LIMIT,
    R_STEP,
    R_TIME_LIMIT,
    R_TIMER_TIME,
    R_WAIT_LIMIT,
    ROOT_WORDS,
    address_of,
)
from fwsim.scenario.model import Scenario
from fwsim.trace.event import Actor
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


class Common:
    """The parts of a machine of ``scenario`` that do not depend on its CPU; the bus is empty. ``engine`` is the CPU."""

    engine: Core

    def __init__(self, scenario: Scenario, recorder_path: Path | None) -> None:
        self.scenario = scenario
        self.root: NDArray[np.uint64] = np.zeros(ROOT_WORDS, np.uint64)
        self.words = self.root.data
        """The root block, its words plain numbers."""
        self._set_limits()
        self.recorder = Recorder(self.root, recorder_path)
        self.ram = Ram(scenario.guest.ram // PAGE * PAGE, "guest.ram")
        self.design = scenario.hypervisor.design
        self.pci = PciBus()
        self.novel: NDArray[np.uint64] = np.zeros(NOVEL_SLOTS, np.uint64)
        self.ips: NDArray[np.uint64] = np.zeros(IPS_WORDS * IPS_SLOTS, np.uint64)
        self.extra: list[Ram] = []
        self.watchers: dict[int, Any] = {}
        for word, array in ((R_PCI, self.pci.block), (R_NOVEL, self.novel), (R_IPS, self.ips)):
            self.root[word] = address_of(array)

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

    def release(self) -> None:
        """Give the memory back that the guest, and who stands around it, ever touched: the run is over."""
        for memory in (self.ram, *self.extra):
            memory.release()

    @contextmanager
    def acting(self, actor: Actor) -> Iterator[None]:
        """Record what happens meanwhile as done by ``actor``."""
        before = self.root[R_ACTOR]
        self.root[R_ACTOR] = int(actor)
        try:
            yield
        finally:
            self.root[R_ACTOR] = before
