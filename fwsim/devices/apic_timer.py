"""The local APIC's timer: counts down at 1 GHz, once or over and over, and asks for its vector at the end.

Sources: Intel SDM vol. 3, 11.5.4 (LVT timer, initial and current count, divide configuration); QEMU hw/intc/apic.c
(apic_get_current_count, apic_next_timer) and hw/intc/apic_common.c: the bus clock is 1 GHz there, under KVM as well
(Linux arch/x86/kvm/lapic.c, APIC_BUS_CYCLE_NS). Not modelled: TSC deadlines.
"""

from __future__ import annotations

from typing import Any

MASKED, PERIODIC = 1 << 16, 1 << 17
LVT, INITIAL, CURRENT, DIVIDE = 0x320, 0x380, 0x390, 0x3E0
_DIVIDE_BITS = 0xB


class ApicTimer:
    """The counter; every method is told what time it is, in ns."""

    def __init__(self) -> None:
        self.lvt = MASKED
        self.divide = 0
        self.initial = 0
        self._loaded = 0
        self._told = 0

    @property
    def vector(self) -> int:
        """Of the local vector table's entry."""
        return self.lvt & 0xFF

    @property
    def _shift(self) -> int:
        return ((self.divide & 3 | self.divide >> 1 & 4) + 1) & 7

    def _elapsed(self, now: int) -> int:
        return now - self._loaded >> self._shift

    def read(self, at: int, now: int) -> int:
        """The register at offset ``at``."""
        if at == CURRENT:
            elapsed = self._elapsed(now)
            if self.lvt & PERIODIC:
                return self.initial - elapsed % (self.initial + 1) if self.initial else 0
            return max(self.initial - elapsed, 0)
        return {LVT: self.lvt, INITIAL: self.initial, DIVIDE: self.divide}[at]

    def write(self, at: int, value: int, now: int) -> None:
        """The register at offset ``at``: a count begins when it is written; the current one cannot be."""
        if at == INITIAL:
            self.initial, self._loaded, self._told = value, now, 0
        elif at == LVT:
            self.lvt = value & 0x310FF
        elif at == DIVIDE:
            self.divide = value & _DIVIDE_BITS

    @property
    def next(self) -> int | None:
        """When it asks for its vector the next time; None: never."""
        if self.lvt & MASKED or not self.initial or (self._told and not self.lvt & PERIODIC):
            return None
        return self._loaded + ((self._told + 1) * (self.initial + 1) << self._shift)

    def expired(self, now: int) -> bool:
        """Whether it asks: for all of the time up to ``now``, once."""
        due = self.next
        if due is None or now < due:
            return False
        self._told = self._elapsed(now) // (self.initial + 1)
        return True

    def snapshot(self) -> object:
        """Everything."""
        return self.lvt, self.divide, self.initial, self._loaded, self._told

    def restore(self, state: Any) -> None:
        """Go back to it."""
        self.lvt, self.divide, self.initial, self._loaded, self._told = state
