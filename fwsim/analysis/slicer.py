"""A slice of one machine's recorded steps holds all that a value depends on, window by window backwards."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fwsim.analysis.again import Window
from fwsim.analysis.flow import MEMORY, Flow, of_output
from fwsim.analysis.nodes import Node, Slice
from fwsim.analysis.scan import Steps
from fwsim.analysis.work import Work

Before = Callable[[int], Window | None]
"""The window of steps that ends at a step's number; None where there is none."""


class Slicer:
    """Slices one machine's steps, window by window backwards. ``events`` are that machine's own."""

    def __init__(self, window: Window, before: Before, bits: int = 0) -> None:
        self._steps = Steps(window.first, window.steps, window.writes)
        self._windows = {window.first: self._steps}
        self._before = before
        self.events: NDArray[np.void] = window.events

    # --- where to begin ---------------------------------------------------------------------------------------------
    def of_event(self, seq: int, mask: int = 0xFFFFFFFF) -> Slice | None:
        """The value that event ``seq`` gave to a device; None where no code of the guest made it."""
        at = self._find(seq)
        if at is None:
            return None
        steps, index = at
        step = steps.step(index)
        if step is None:
            return None
        work = Work(self, steps, index)
        node = work.node(index, "event", of_output(step, mask), int(self.events[seq - 1]["value"]), mask)
        node.event = seq
        return work.run(node.key)

    def of_read(self, seq: int) -> Slice | None:
        """What event ``seq``, a read, gave: the device's own, or what code had stored there."""
        at = self._find(seq)
        if at is None:
            return None
        steps, index = at
        work = Work(self, steps, index)
        node = work.read(index, seq, (1 << 8 * int(self.events[seq - 1]["width"])) - 1)
        return work.run(node.key)

    def of_bytes(self, address: int, size: int) -> Slice:
        """What lies at ``address`` at the end of the window."""
        steps = self._steps
        work = Work(self, steps, len(steps))
        top = Node(-1 << 62, "memory", "held", place=address, size=size, mask=(1 << 8 * size) - 1)
        work.slice.nodes[top.key] = top
        work.want(top.key, [(MEMORY + address + at, 0xFF) for at in range(size)], set())
        return work.run(top.key)

    def of_register(self, seq: int, number: int, mask: int) -> Slice | None:
        """Bits of a register at the instruction of event ``seq``."""
        at = self._find(seq)
        if at is None:
            return None
        steps, index = at
        work = Work(self, steps, index)
        node = work.node(index, "event", Flow("read", [(number, mask)]), int(steps.regs[index][number]), mask)
        node.event = seq
        return work.run(node.key)

    def _find(self, seq: int) -> tuple[Steps, int] | None:
        steps: Steps | None = self._steps
        while steps is not None and len(steps):
            if int(steps.seq[0]) < seq or steps.first == 0:
                index = steps.of_event(seq)
                return (steps, index) if index >= 0 else None
            steps = self.earlier(steps)
        return None

    def earlier(self, steps: Steps) -> Steps | None:
        """The window before ``steps``; None where it begins at reset."""
        if steps.first <= 0:
            return None
        known = next((each for each in self._windows.values() if each.first + len(each) == steps.first), None)
        if known is None:
            window = self._before(steps.first)
            if window is None or not len(window.steps):
                return None
            known = Steps(window.first, window.steps, window.writes)
            self._windows[known.first] = known
        return known

    def place_of(self, key: int) -> tuple[Steps, int]:
        """The window with step ``key``, and its index there."""
        steps: Steps | None = self._steps
        while steps is not None and steps.first > key:
            steps = self.earlier(steps)
        assert steps is not None
        return steps, key - steps.first

    # --- inputs -----------------------------------------------------------------------------------------------------
    def inputs_between(self, low: int, high: int) -> NDArray[np.void]:
        """The events with ``low`` < seq <= ``high``."""
        return self.events[low:high]
