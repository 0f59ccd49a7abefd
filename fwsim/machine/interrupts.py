"""Interrupts from the IGD to the CPU: its pin or its message, what the hypervisor does to it, routing, controllers.

It costs nothing until code enables an interrupt of the IGD or the local APIC's timer: only then is R_LOOK_TIME set, by
which native code looks here at each vertical blank, and when that timer is due. Until then the board's timer's
interrupt is the only one.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from fwsim.devices import msi
from fwsim.devices.apic import IOAPIC_BASE, LAPIC_BASE, Ioapic, Lapic
from fwsim.devices.i8259 import Pic
from fwsim.devices.igd.interrupts import Pending
from fwsim.devices.pirq import GUESTS, HOST, Route
from fwsim.machine.common import NEVER
from fwsim.machine.parts import Parts
from fwsim.memory.ram import PAGE
from fwsim.native import (
    R_ACTOR,
    R_CODE_NEXT,
    R_IRQ_TIME,
    R_LOOK_TIME,
    R_STEP,
    R_TIME,
    R_TIMER_TIME,
    TRAP_IRQ,
    address_of,
)
from fwsim.trace.event import GSI, IRQ, PIN, Actor, Op, Space

_ARMED = NEVER - 1
"""R_LOOK_TIME where something waits to be delivered, but no vertical blank is expected."""
_INTX_OFF, _COMMAND, _STATUS_PENDING = 0x400, 0x04, 1 << 19
_PIRQS = (0x60, 0x68)
NOWHERE = Route(None, None)


class Interrupts:
    """The machine's interrupt controllers, and the IGD's way to them where there is one."""

    ports: tuple[int, ...] = ()

    def __init__(self, machine: Parts, pic: Pic) -> None:
        self.machine, self.root, self.pic = machine, machine.root, pic
        self.lapic = Lapic()
        self.lapic.clock = self._clock
        self.ioapic = Ioapic(self.lapic)
        self.line = machine.design.line(self._inject, self._note_mask)
        self.lost: Counter[str] = Counter()
        self.messages = 0
        self.sent = 0
        self._slot = self._pin = self._devfn = 0
        self._pending: Pending | None = None
        self._asserted = False
        self._injected = False
        self._route = NOWHERE
        self._next: int | None = None
        guest = machine.scenario.guest.machine
        self._router = HOST if machine.design.on_host else GUESTS.get(guest, HOST)
        pic.changed = self.lapic.changed = self.ioapic.changed = self._controllers_changed
        pic.ended = self._irq_ended
        self.ioapic.ended = self._pin_ended
        machine.engine.map_python(IOAPIC_BASE, PAGE, self.ioapic.read, self.ioapic.write)
        machine.engine.map_python(LAPIC_BASE, PAGE, self.lapic.read, self.lapic.write)

    def attach(self, slot: int, devfn: int) -> None:
        """Wire the machine's IGD, the function in ``slot``, to them."""
        igd, pci = self.machine.igd, self.machine.pci
        assert igd is not None
        self._slot, self._devfn = slot, devfn

        def look(offset: int) -> int:
            from fwsim.machine.callbacks_irq import register_now

            return int(register_now(address_of(self.root), offset))

        self._pending = Pending(igd, look)
        self.machine.watchers[TRAP_IRQ] = self._register_written
        capability = msi.find(self._read)
        told = {_COMMAND}
        if capability:
            for at, width, writable in msi.layout(self._read(capability + 2, 2)):
                self._open(slot, capability + at, width, writable)
                told.add(capability + at & ~3)
        for offset in sorted(told):
            pci.on_write(slot, offset, self._config_written)
        if pci.answers(self._router.bdf):
            bridge = pci.slot(self._router.bdf)
            for offset in _PIRQS if len(self._router.registers) > 4 else _PIRQS[:1]:
                pci.on_write(bridge, offset, self._config_written)
                if self.machine.design.on_host:
                    self._open(bridge, offset, 4, 0x8F8F8F8F)

    def _open(self, slot: int, offset: int, width: int, writable: int) -> None:
        """The device's register at ``offset`` takes writes of these bits; what it holds stays."""
        pci = self.machine.pci
        row, shift = pci.writable[slot], 8 * (offset & 3)
        row[offset >> 2] = int(row[offset >> 2]) | (writable & (1 << 8 * width) - 1) << shift

    # --- configuration space ---------------------------------------------------------------------------------------
    def _read(self, offset: int, width: int) -> int:
        return self.machine.pci.seen_by_guest(self._slot, offset, width)

    def _byte(self, bdf: int, offset: int) -> int:
        pci = self.machine.pci
        return pci.seen_by_guest(pci.slot(bdf), offset, 1) if pci.answers(bdf) else 0x80

    def _register_written(self, a: int, b: int, c: int) -> int:
        self.update()
        return 0

    def _config_written(self, offset: int, old: int, new: int) -> None:
        if old != new:
            self.update()

    def route(self) -> Route:
        """Where the IGD's pin leads now."""
        pin = self._read(0x3D, 1)
        if not self._slot or not 1 <= pin <= 4:
            return NOWHERE
        return self._router.route(self._devfn >> 3, pin - 1, self._byte)

    # --- the device's side -----------------------------------------------------------------------------------------
    def update(self, *, blank: bool = False) -> None:
        """Something changed that interrupts depend on; ``blank``: a vertical blank has begun."""
        pending = self._pending
        if pending is None:
            return
        if blank:
            pending.latch()
        else:
            pending.follow()
        level = pending.asserted
        if level != self._asserted:
            self._asserted = level
            self._record(Actor.DEVICE, Op.WRITE, PIN + self._read(0x3D, 1), int(level))
            self._show_status(level)
            if level and (message := msi.message(self._read)):
                self._send(message)
        elif level and blank:
            self.line.asks_again()
        self._drive()
        self._next = pending.next_blank(int(self.root[R_TIME]))
        self._schedule()

    def _show_status(self, level: bool) -> None:
        """Status bit 3: interrupt pending, whatever DisINTx says (PCI Local Bus 3.0, 6.2.3)."""
        row = self.machine.pci.value[self._slot]
        row[1] = int(row[1]) & ~_STATUS_PENDING & 0xFFFFFFFF | (_STATUS_PENDING if level else 0)

    def _drive(self) -> None:
        """The pin, unless a message goes out in its place or the command register switches it off."""
        off = bool(self._read(_COMMAND, 2) & _INTX_OFF) or msi.message(self._read) is not None
        level = self._asserted and not off
        if level != self.line.level:
            self.line.drive(level)
        route = self.route()
        if route != self._route:
            injected = self._injected
            if injected:
                self._set(self._route, False)
            self._route = route
            if injected:
                self._set(route, True)

    def _send(self, message: msi.Message) -> None:
        self._record(Actor.DEVICE, Op.WRITE, message.address, message.data, 4)
        self.sent += 1
        if not message.reaches_cpu:
            self.lost[f"the MSI address {message.address:#x} is no local APIC's (FEE00000h)"] += 1
        elif not self.lapic.accept(message.data & 0xFF, False):
            self.lost["the local APIC took no MSI: it is off (SVR bit 8), or the vector is below 16"] += 1
        else:
            self.messages += 1

    # --- the guest's line ------------------------------------------------------------------------------------------
    def _inject(self, level: bool) -> None:
        self._injected = level
        if self._route == NOWHERE:
            self._route = self.route()
        if self.line.masked or not level:
            self._record(Actor.HYPERVISOR, Op.WRITE, self._wire(self._route), int(level))
        self._set(self._route, level)

    def _set(self, route: Route, level: bool) -> None:
        if route.irq is not None:
            self.pic.drive(route.irq, level)
        if route.gsi is not None:
            self.ioapic.drive(route.gsi, level)

    @staticmethod
    def _wire(route: Route) -> int:
        """The guest's line as events name it."""
        if route.irq is not None:
            return IRQ + route.irq
        return GSI + (route.gsi or 0)

    def _note_mask(self, masked: bool) -> None:
        self._record(Actor.HYPERVISOR, Op.NOTE, PIN + self._read(0x3D, 1), int(masked))

    def _irq_ended(self, irq: int) -> None:
        if irq == self._route.irq and self._pending is not None:
            self._record(self._code, Op.NOTE, IRQ + irq, 0)
            self.line.ended()

    def _pin_ended(self, pin: int) -> None:
        if pin == self._route.gsi and self._pending is not None:
            self._record(self._code, Op.NOTE, GSI + pin, 0)
            self.line.ended()

    @property
    def _code(self) -> int:
        return int(self.root[R_ACTOR])

    def _record(self, actor: int, op: Op, address: int, value: int, width: int = 1) -> None:
        time = int(self.root[R_TIME])
        self.machine.recorder.append((time, 0, address, value, value, 0, 0, actor, Space.INTERRUPT, op, width))

    # --- the CPU's side --------------------------------------------------------------------------------------------
    @property
    def asks(self) -> bool:
        """Whether the CPU's INTR is up."""
        return self.lapic.request() is not None or (self.lapic.passes_pic and self.pic.asks)

    def take(self) -> int | None:
        """INTA: the vector that the CPU enters; None where nothing asks."""
        vector = self.lapic.request()
        if vector is not None:
            self.lapic.acknowledge(vector)
            return vector
        return self.pic.acknowledge()[0] if self.lapic.passes_pic and self.pic.asks else None

    @property
    def armed(self) -> bool:
        """Whether more than the timer counts."""
        return bool(self.root[R_LOOK_TIME])

    def isa(self, irq: int, level: bool) -> None:
        """Drive the line of an ISA device: the 8259A's input and the I/O APIC's pin of the same number."""
        self._record(Actor.DEVICE, Op.WRITE, IRQ + irq, int(level))
        self._set(Route(irq, irq), level)
        self._controllers_changed()

    def due(self) -> None:
        """Virtual time has come to a moment at which the device, or the local APIC's timer, may ask."""
        now, timer = int(self.root[R_TIME]), self.lapic.timer
        if timer.expired(now):
            self.lapic.accept(timer.vector, False)
        if self._next is not None and now >= self._next:
            self.update(blank=True)

    def _clock(self) -> int:
        """The time, for a register that shows it: an access takes a step, as everywhere."""
        self.root[R_TIME] += self.root[R_STEP]
        return int(self.root[R_TIME])

    def _soonest(self) -> int | None:
        """The next moment at which something asks that is not the timer of the board."""
        times = [each for each in (self._next, self.lapic.timer.next) if each is not None]
        return min(times) if times else None

    def _controllers_changed(self) -> None:
        if self.armed or self.asks or self.lapic.timer.next is not None:
            self._schedule()

    def _schedule(self) -> None:
        """When native code looks again: at once where the CPU may be interrupted, else at the next blank or tick."""
        root = self.root
        soonest = self._soonest()
        if not self.armed:
            if soonest is None and not self.asks:
                return
            root[R_TIMER_TIME] = root[R_IRQ_TIME]
        asks = self.asks
        look = soonest if soonest is not None else (_ARMED if asks else 0)
        root[R_LOOK_TIME] = look
        root[R_IRQ_TIME] = root[R_TIME] if asks else min(int(root[R_TIMER_TIME]), look or NEVER)
        if asks:
            root[R_CODE_NEXT] = 0

    def settle(self, retry: int) -> None:
        """What could be delivered has been: when to look again, for what waits after ``retry`` ns."""
        self._schedule()
        if self.asks:
            self.root[R_IRQ_TIME] = int(self.root[R_TIME]) + retry

    # --- what came of it -------------------------------------------------------------------------------------------
    @property
    def kind(self) -> str:
        """How the IGD interrupts: by its pin (intx), by messages (msi), or not at all."""
        return "msi" if self.sent else "intx" if self.line.counts.fired else "none"

    @property
    def stuck(self) -> str:
        """Why what the IGD asks for does not reach the CPU at the end; "" where it does, or nothing is asked."""
        if self._asserted and not self.line.level and msi.message(self._read) is None:
            return "the command register's bit 10 (interrupt disable) keeps the pin down"
        if not self._injected:
            return ""
        route = self._route
        if route == NOWHERE:
            return "the pin's PIRQ leads to no IRQ: the chipset's routing register is off"
        reasons = []
        if route.irq is not None:
            passes = "" if self.lapic.passes_pic else "the local APIC's LINT0 is masked: the 8259A cannot interrupt"
            reasons.append(self.pic.waiting(route.irq) or passes)
        if route.gsi is not None:
            reasons.append(self.ioapic.waiting(route.gsi))
        if not all(reasons):
            return ""
        served = [reason for reason in reasons if "is masked in" not in reason]
        return "; ".join(served or reasons)

    # --- a part of the machine -------------------------------------------------------------------------------------
    def read(self, port: int, width: int) -> int:
        """No port leads here."""
        return 0

    def write(self, port: int, width: int, value: int) -> None:
        """No port leads here."""

    def snapshot(self) -> object:
        """Everything, but for the 8259As, which are a device of their own."""
        own = self._asserted, self._injected, self._route, self._next, self.messages, self.sent, Counter(self.lost)
        return own, self.lapic.snapshot(), self.ioapic.snapshot(), self.line.snapshot()

    def restore(self, state: Any) -> None:
        """Go back to it."""
        own, lapic, ioapic, line = state
        self._asserted, self._injected, self._route, self._next, self.messages, self.sent, lost = own
        self.lost = Counter(lost)
        self.lapic.restore(lapic)
        self.ioapic.restore(ioapic)
        self.line.restore(line)
