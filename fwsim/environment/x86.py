"""How an x86's code is interrupted: by the timer through the PIC, by its own exceptions and by INTs.

What native code cannot do by itself is done here, between two slices. Each method gives the ending that it comes to,
and None where the code goes on.
"""

from typing import Any

from fwsim.cpu.core import CpuFaultError
from fwsim.cpu.exceptions import TRIPLE, Event, deliver, describe
from fwsim.devices.timers import C_RELOAD, PF_IRQ0, PIT_HZ
from fwsim.environment.ending import Ending
from fwsim.environment.interface import Environment
from fwsim.environment.wait.limits import SLOW_FAULTS
from fwsim.machine.machine import Machine
from fwsim.native import R_IRQ_TIME, R_RETRY, R_STEP, R_TIME, R_TIMER_TIME
from fwsim.trace.event import Actor, Flag, Op, Space

IF = 0x200
_ICW1, _WIRED, _ICW4 = 0x11, (0x04, 0x02), 0x01
_SECOND = 1_000_000_000


class X86:
    """The machine's x86. ``faults`` counts exceptions, and INTs in protected mode, of the run that goes on."""

    def __init__(self, machine: Machine, environment: Environment) -> None:
        self._machine = machine
        self._root = machine.root
        self._cpu = machine.engine
        self._environment = environment
        assert machine.interrupts is not None
        self.interrupts = machine.interrupts
        self.faults = 0

    def snapshot(self) -> Any:
        """What is not the machine's."""
        return self.faults

    def restore(self, state: Any) -> None:
        """Go back to it."""
        self.faults = state

    # --- where it stands -------------------------------------------------------------------------------------------
    def where(self) -> tuple[int, int]:
        """CS and IP, in the full width."""
        return self._cpu.get("cs"), self._cpu.ip

    def own(self, length: int) -> tuple[int, int]:
        """CS:IP of the instruction of ``length`` bytes that the CPU is just behind."""
        cs, ip = self.where()
        width = 64 if self._cpu.long else 32 if self._cpu.protected else 16
        return cs, ip - length & (1 << width) - 1

    @property
    def interruptible(self) -> bool:
        """Whether IF is set."""
        return bool(self._cpu.get("eflags") & IF)

    def jumps_to_itself(self) -> bool:
        """Whether the next instruction is a JMP to itself."""
        code = self._cpu.read(self._cpu.linear_ip(), 5)
        return code[:2] == b"\xeb\xfe" or code[:3] == b"\xe9\xfd\xff" or code == b"\xe9\xfb\xff\xff\xff"

    # --- the timer -------------------------------------------------------------------------------------------------
    def arm_timer(self) -> None:
        """Counter 0 raises IRQ0 from now on, as a PC's firmware leaves it."""
        self._machine.platform[PF_IRQ0] = 1
        self._root[R_IRQ_TIME] = int(self._root[R_TIME]) + self._period()

    def _period(self) -> int:
        return int(self._machine.platform[C_RELOAD]) * _SECOND // PIT_HZ

    def _tick_after(self, due: int, now: int) -> int:
        """When the timer's first interrupt after ``now`` is due, one having been at ``due``."""
        period = self._period()
        return due + ((now - due) // period + 1) * period

    def skip_to_tick(self) -> Ending | None:
        """Nothing happens until the timer's next interrupt: let it be that time."""
        self._root[R_TIME] = max(int(self._root[R_TIME]), int(self._root[R_IRQ_TIME]))
        return self.deliver_due()

    def deliver_due(self) -> Ending | None:
        """IRQ0, when its time has come and IF is set; with IF clear it stays pending until a later look."""
        root, pic = self._root, self.interrupts.pic
        now, due = int(root[R_TIME]), int(root[R_IRQ_TIME])
        if now < due:
            return None
        if self.interrupts.armed:
            return self._deliver_any()
        masked = bool(pic.chips[0].mask & 1)
        if not masked and not self.interruptible:
            root[R_IRQ_TIME] = now + int(root[R_RETRY])
            return None
        root[R_IRQ_TIME] = self._tick_after(due, now)
        if masked:
            return None
        pic.pulse(0)
        return self._take()

    def _deliver_any(self) -> Ending | None:
        """The same, where more than the timer may interrupt."""
        root, interrupts = self._root, self.interrupts
        interrupts.due()
        now, due = int(root[R_TIME]), int(root[R_TIMER_TIME])
        if now >= due:
            root[R_TIMER_TIME] = self._tick_after(due, now)
            interrupts.pic.pulse(0)
        ending = self._take() if self.interruptible else None
        interrupts.settle(int(root[R_RETRY]))
        return ending

    def _take(self) -> Ending | None:
        """The vector that the controllers give now, if any."""
        vector = self.interrupts.take()
        if vector is None:
            return None
        where = self.where()
        self._record(Actor.DEVICE, vector, (0, 0), 0, 0)
        if deliver(self._cpu, Event(vector, external=True)):
            return None
        return Ending("invalid", *where, f"{TRIPLE}: no handler for interrupt {vector:02x}h")

    def program_controllers(self, vectors: tuple[int, int], masks: tuple[int, int]) -> None:
        """Both 8259A as firmware programs them: edges, cascaded, no automatic EOI; nothing is in service or asked."""
        for number, port in enumerate((0x20, 0xA0)):
            self.interrupts.pic.write(port, 1, _ICW1)
            for word in (vectors[number], _WIRED[number], _ICW4, masks[number]):
                self.interrupts.pic.write(port + 1, 1, word)

    def end_of_interrupt(self, line: int) -> None:
        """A BIOS's handler is done with ``line``."""
        self.interrupts.pic.end(line)

    # --- exceptions and INTs ---------------------------------------------------------------------------------------
    def fault(self, vector: int) -> Ending | None:
        """An exception, or an INT that native code leaves to Python."""
        software, error = self._cpu.inner.exception()
        if not software:
            return self._exception(Event(vector, error))
        before = self._cpu.read(self._cpu.linear_ip() - 1, 1)
        where = self.own(1 if (vector, before) in ((3, b"\xcc"), (4, b"\xce")) else 2)
        root, cpu = self._root, self._cpu
        root[R_TIME] += root[R_STEP]
        packed = sum((cpu.get(name) & 0xFFFF) << 16 * i for i, name in enumerate(("ax", "bx", "cx", "dx")))
        self._record(self._environment.runs, vector, where, packed, 0)
        return self._enter(Event(vector, software=True), f"INT {vector:02x}h", where)

    def cannot_go_on(self, fault: CpuFaultError) -> Ending | None:
        """What the engine refuses to execute: an invalid opcode is an exception, everything else the end."""
        if fault.invalid_opcode:
            return self._exception(Event(6))
        return Ending("invalid", *self.where(), f"{fault}{self._bytes(0)}: linear {self._cpu.linear_ip():#x}")

    def _exception(self, event: Event) -> Ending | None:
        """A CPU exception goes to the code's own handler; where the environment says there is none it is the end."""
        where, text = self.where(), describe(event.vector) + self._bytes(event.vector)
        self._cpu.inner.forget_exception()
        refused = self._environment.at_exception(event)
        if refused:
            return Ending("invalid", *where, f"{text}: {refused}")
        self._record(self._environment.runs, event.vector, where, event.error, int(Flag.FAULTED))
        return self._enter(event, text, where)

    def _enter(self, event: Event, text: str, where: tuple[int, int]) -> Ending | None:
        self.faults += 1
        if self.faults > SLOW_FAULTS:
            return Ending("hung", *where, f"{text} again and again")
        if deliver(self._cpu, event):
            return None
        return Ending("invalid", *where, f"{TRIPLE}: {text}, and no handler can be entered")

    def _bytes(self, vector: int) -> str:
        """What an invalid opcode is made of."""
        if not self._cpu.protected and self._cpu.get("eip") > 0xFFFF:
            return ", past the end of the code segment"
        if vector != 6:
            return ""
        code = self._cpu.read(self._cpu.linear_ip(), 4)
        return ", open bus or erased flash: FF FF FF FF" if code == b"\xff" * 4 else f", {code.hex(' ').upper()}"

    def _record(self, actor: Actor, vector: int, where: tuple[int, int], value: int, flags: int) -> None:
        time = int(self._root[R_TIME])
        cs, ip = where
        self._machine.recorder.append(
            (time, ip, vector, value, value, cs & 0xFFFF, flags, actor, Space.INTERRUPT, Op.CALL, 2)
        )
