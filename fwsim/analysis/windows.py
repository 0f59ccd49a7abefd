"""One machine's recorded steps, window by window backwards, and the events they made."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fwsim.analysis.again import Window
from fwsim.analysis.nodes import Slice
from fwsim.analysis.scan import Steps
from fwsim.analysis.step import Demand

Before = Callable[[int], Window | None]
"""The window of steps that ends at a step's number; None where there is none."""


class Windows:
    """The last ``window`` of a machine's steps and, as they are asked for, those before it.

    ``events`` are that machine's own.
    """

    def __init__(self, window: Window, before: Before) -> None:
        self.last = window.steps
        self.events: NDArray[np.void] = window.events
        self.drivers = window.drivers
        self.choices: dict[tuple[int, int | None, tuple[Demand, ...]], Slice] = {}
        """What chose a step's value, by the step, the jump that led there, and what was asked of it."""
        self.branches: dict[int, tuple[int, list[Demand]] | None] = {}
        """The conditional jump that led to a step, and what it looked at."""
        self._known = {self.last.first: self.last}
        self._before = before

    def find(self, seq: int) -> tuple[Steps, int] | None:
        """The window with the step that made event ``seq``, and its index there; None where no step did."""
        steps: Steps | None = self.last
        while steps is not None and len(steps):
            if steps.seq(0) < seq or steps.first == 0:
                index = steps.of_event(seq)
                return (steps, index) if index >= 0 else None
            steps = self.earlier(steps)
        return None

    def earlier(self, steps: Steps) -> Steps | None:
        """The window before ``steps``; None where it begins at reset."""
        if steps.first <= 0:
            return None
        known = next((each for each in self._known.values() if each.first + len(each) == steps.first), None)
        if known is None:
            window = self._before(steps.first)
            if window is None:
                return None
            known = window.steps
            if not len(known):
                return None
            self._known[known.first] = known
        return known

    def place_of(self, key: int) -> tuple[Steps, int]:
        """The window with step ``key``, and its index there."""
        steps: Steps | None = self.last
        while steps is not None and steps.first > key:
            steps = self.earlier(steps)
        assert steps is not None
        return steps, key - steps.first

    def inputs_between(self, low: int, high: int) -> NDArray[np.void]:
        """The events with ``low`` < seq <= ``high``."""
        return self.events[low:high]
