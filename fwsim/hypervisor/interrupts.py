"""The way of a device's interrupt pin to the guest's: what a hypervisor does at its level and at the guest's EOI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct


class Counts(Struct):
    """``fired``: interrupts that the device's host took; ``injected`` into the guest; ``unmasked`` by an EOI;
    ``held``: the device asked while its pin was masked.
    """

    fired: int = 0
    injected: int = 0
    unmasked: int = 0
    held: int = 0


class Line:
    """The pin is the guest's own: its level is the guest's level, and an end of interrupt concerns nobody.

    ``inject(level)`` sets the guest's line; ``note(masked)`` tells the record that the pin was masked or unmasked.
    """

    def __init__(self, inject: Callable[[bool], None], note: Callable[[bool], None]) -> None:
        self.inject, self.note = inject, note
        self.counts = Counts()
        self.level = False
        self.masked = False

    def drive(self, level: bool) -> None:
        """The device's pin changed."""
        if level and not self.level:
            self.counts.fired += 1
            self.counts.injected += 1
        self.level = level
        self.inject(level)

    def asks_again(self) -> None:
        """The device has another event while its pin is up already."""

    def ended(self) -> None:
        """The guest wrote an end of interrupt for this line."""

    def snapshot(self) -> Any:
        """What matters to what comes next."""
        counts = self.counts
        return self.level, self.masked, (counts.fired, counts.injected, counts.unmasked, counts.held)

    def restore(self, state: Any) -> None:
        """Go back to it."""
        self.level, self.masked, counts = state
        self.counts = Counts(*counts)


class MaskedLine(Line):
    """A pin that fires once, until the guest's end of interrupt: vfio-pci's, and Xen's."""

    def drive(self, level: bool) -> None:
        """It rises and is not masked: it fires. It falls: the guest's line stays, its handler has not been yet."""
        rises = level and not self.level
        self.level = level
        if rises and self.masked:
            self.counts.held += 1
        elif rises:
            self._fire()

    def _fire(self) -> None:
        self.masked = True
        self.counts.fired += 1
        self.note(True)
        self.counts.injected += 1
        self.inject(True)

    def asks_again(self) -> None:
        """It is held to the one that is not over."""
        self.counts.held += self.masked

    def ended(self) -> None:
        """Resampling: the guest's line goes down and the pin is unmasked; a device that still asks fires again."""
        if not self.masked:
            return
        self.inject(False)
        self.masked = False
        self.counts.unmasked += 1
        self.note(False)
        if self.level:
            self._fire()
