"""The I/O APIC and the local APIC of a PC with one CPU: redirection, remote IRR, ends of interrupt, priorities.

Sources: Intel 82093AA data sheet (IOREGSEL, IOWIN, the redirection table's bits); Intel ICH9 data sheet 13.5.3 (the
EOI register at offset 40h); Intel SDM vol. 3, chapter 11 (local APIC: registers 11.4.1, priorities 11.8.3, EOI and
its broadcast 11.8.5, spurious vector 11.9, messages 11.11). SeaBIOS src/fw/smp.c for what the firmware leaves:
enabled, LINT0 passes the 8259A's interrupts. Not modelled: inter-processor interrupts, x2APIC.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fwsim.devices.apic_timer import CURRENT, DIVIDE, INITIAL, LVT, ApicTimer

IOAPIC_BASE, LAPIC_BASE = 0xFEC00000, 0xFEE00000
PINS = 24
MASKED, LEVEL, REMOTE_IRR = 1 << 16, 1 << 15, 1 << 14
_READ_ONLY = REMOTE_IRR | 1 << 12
_EXT_INT, _NMI_LIKE = 7, (2, 4, 5)
ID, VERSION, TPR, PPR, EOI, LDR, DFR, SVR = 0x20, 0x30, 0x80, 0xA0, 0xB0, 0xD0, 0xE0, 0xF0
ISR, TMR, IRR, LINT0 = 0x100, 0x180, 0x200, 0x350
_STORED = {TPR: 0xFF, LDR: 0xFF000000, DFR: 0xF0000000, SVR: 0x1FF, ID: 0xFF000000}
_LVT = range(0x330, 0x380, 0x10)
_TIMER = (LVT, INITIAL, CURRENT, DIVIDE)


class Lapic:
    """The CPU's local APIC. ``ended`` is told the vector of each level-triggered interrupt that is over."""

    def __init__(self) -> None:
        self.registers = {SVR: 0x1FF, DFR: 0xFFFFFFFF, LINT0: 0x700} | {at: MASKED for at in _LVT if at != LINT0}
        self.irr = self.isr = self.tmr = 0
        self.timer = ApicTimer()
        self.ended: Callable[[int], None] = lambda vector: None
        self.changed: Callable[[], None] = lambda: None
        self.clock: Callable[[], int] = lambda: 0
        """Virtual time in ns; to ask takes some."""

    @property
    def enabled(self) -> bool:
        """SVR bit 8."""
        return bool(self.registers[SVR] & 0x100)

    @property
    def passes_pic(self) -> bool:
        """Whether the 8259A's INTR reaches the CPU: LINT0 as ExtINT, not masked, or no APIC at all."""
        lint = self.registers[LINT0]
        return not self.enabled or (not lint & MASKED and lint >> 8 & 7 == _EXT_INT)

    def accept(self, vector: int, level: bool) -> bool:
        """Take a fixed interrupt; False where the APIC is off or the vector is one that it refuses (0 to 15)."""
        if not self.enabled or vector < 16:
            return False
        self.irr |= 1 << vector
        self.tmr = self.tmr | 1 << vector if level else self.tmr & ~(1 << vector)
        return True

    def _priority(self) -> int:
        """PPR: the higher class of the task's priority and of what is in service."""
        task, served = self.registers.get(TPR, 0), max(self.isr.bit_length() - 1, 0)
        return task if task >> 4 >= served >> 4 else served & 0xF0

    def request(self) -> int | None:
        """The vector that is delivered next; None where priorities keep it, or none is asked for."""
        vector = self.irr.bit_length() - 1
        return vector if self.enabled and vector >= 0 and vector >> 4 > self._priority() >> 4 else None

    def acknowledge(self, vector: int) -> None:
        """The CPU takes it."""
        self.irr &= ~(1 << vector)
        self.isr |= 1 << vector

    def read(self, offset: int) -> int:
        """A register's dword."""
        at = offset & 0xFF0
        for base, bits in ((ISR, self.isr), (TMR, self.tmr), (IRR, self.irr)):
            if base <= at < base + 0x80:
                return bits >> 2 * (at - base) & 0xFFFFFFFF
        if at == VERSION:
            return 0x00050014
        if at in _TIMER:
            return self.timer.read(at, self.clock())
        return self._priority() if at == PPR else self.registers.get(at, 0)

    def write(self, offset: int, value: int) -> None:
        """A register's dword; EOI ends what has the highest priority."""
        at = offset & 0xFF0
        if at == EOI:
            vector = self.isr.bit_length() - 1
            if vector >= 0:
                self.isr &= ~(1 << vector)
                if self.tmr >> vector & 1:
                    self.ended(vector)
        elif at in _STORED:
            self.registers[at] = value & _STORED[at] | (0x0FFFFFFF if at == DFR else 0)
        elif at in _TIMER:
            self.timer.write(at, value, self.clock())
        elif at in _LVT:
            self.registers[at] = value & 0x1F7FF
        self.changed()

    def snapshot(self) -> object:
        """Everything."""
        return dict(self.registers), self.irr, self.isr, self.tmr, self.timer.snapshot()

    def restore(self, state: Any) -> None:
        """Go back to it."""
        registers, self.irr, self.isr, self.tmr, timer = state
        self.registers = dict(registers)
        self.timer.restore(timer)


class Ioapic:
    """24 pins. ``ended`` is told each pin whose level-triggered interrupt is over."""

    def __init__(self, lapic: Lapic) -> None:
        self._lapic = lapic
        self.entries = [MASKED] * PINS
        self.lines = 0
        self.select = self.id = 0
        self.ended: Callable[[int], None] = lambda pin: None
        self.changed: Callable[[], None] = lambda: None
        lapic.ended = self.end

    def drive(self, pin: int, level: bool) -> None:
        """Set an input."""
        rises = level and not self.lines >> pin & 1
        self.lines = self.lines | 1 << pin if level else self.lines & ~(1 << pin)
        if level and (rises or self.entries[pin] & LEVEL):
            self._send(pin)

    def _send(self, pin: int) -> None:
        """An entry that is open sends its vector; a level once, until its end."""
        entry = self.entries[pin]
        level = bool(entry & LEVEL)
        mode = entry >> 8 & 7
        if entry & MASKED or (level and entry & REMOTE_IRR) or mode == _EXT_INT or mode in _NMI_LIKE:
            return
        if self._lapic.accept(entry & 0xFF, level) and level:
            self.entries[pin] |= REMOTE_IRR

    def end(self, vector: int) -> None:
        """The local APIC's EOI message, or the EOI register: of every level entry with this vector."""
        for pin, entry in enumerate(self.entries):
            if entry & 0xFF == vector and entry & LEVEL and entry & REMOTE_IRR:
                self.entries[pin] &= ~REMOTE_IRR
                self.ended(pin)
                if self.lines >> pin & 1:
                    self._send(pin)

    def waiting(self, pin: int) -> str:
        """Why a request on ``pin`` does not reach the CPU; "" where nothing of this chip keeps it."""
        entry = self.entries[pin]
        if entry & MASKED:
            return f"GSI {pin} is masked in the I/O APIC (redirection entry {pin}, bit 16)"
        if entry & REMOTE_IRR:
            return f"GSI {pin} was sent and its remote IRR is set: its handler wrote no EOI"
        return ""

    def read(self, offset: int) -> int:
        """IOREGSEL, or by IOWIN the register that it selects."""
        if offset == 0x00:
            return self.select
        if offset != 0x10:
            return 0
        if self.select in (0, 2):
            return self.id
        if self.select == 1:
            return (PINS - 1) << 16 | 0x20
        at = self.select - 0x10
        if not 0 <= at < 2 * PINS:
            return 0
        return self.entries[at >> 1] >> 32 * (at & 1) & 0xFFFFFFFF

    def write(self, offset: int, value: int) -> None:
        """IOREGSEL, the selected register, or the EOI register at 40h."""
        at = self.select - 0x10
        if offset == 0x00:
            self.select = value & 0xFF
        elif offset == 0x40:
            self.end(value & 0xFF)
        elif offset == 0x10 and self.select == 0:
            self.id = value & 0x0F000000
        elif offset == 0x10 and 0 <= at < 2 * PINS:
            self._set_entry(at >> 1, at & 1, value)
        self.changed()

    def _set_entry(self, pin: int, high: int, value: int) -> None:
        """Half of an entry: delivery status and remote IRR are read-only; an edge forgets remote IRR."""
        old = self.entries[pin]
        if high:
            self.entries[pin] = old & 0xFFFFFFFF | (value & 0xFF000000) << 32
            return
        low = value & 0x1FFFF & ~_READ_ONLY | old & _READ_ONLY
        if not low & LEVEL:
            low &= ~REMOTE_IRR
        self.entries[pin] = old & ~0xFFFFFFFF | low
        if self.lines >> pin & 1 and low & LEVEL:
            self._send(pin)

    def snapshot(self) -> object:
        """Everything."""
        return list(self.entries), self.lines, self.select, self.id

    def restore(self, state: Any) -> None:
        """Go back to it."""
        entries, self.lines, self.select, self.id = state
        self.entries = list(entries)
