"""A program runs on an Arm guest's machine as a kernel would: entered by Xen, answered by PSCI and nobody else.

Sources: Xen xen/arch/arm/vpsci.c, xen/include/asm-arm/psci.h (function ids); Arm DEN 0022D (PSCI).
"""

from __future__ import annotations

from typing import Any

from fwsim.cpu.core import CpuFaultError
from fwsim.cpu.exceptions import Event
from fwsim.environment.ending import Ending
from fwsim.environment.interface import Environment, Halt
from fwsim.environment.slices import Slices
from fwsim.machine.arm import DATA_ABORT, ArmMachine
from fwsim.machine.built_arm import ArmBuilt
from fwsim.native import R_TIME
from fwsim.trace.event import Actor, Flag, Op, Space

UNDEFINED, SVC, PREFETCH_ABORT, SMC = 1, 2, 3, 13
"""The engine's numbers (Unicorn's EXCP_UDEF, EXCP_SWI, EXCP_PREFETCH_ABORT, EXCP_SMC). Without EL2 an HVC is
undefined to it (2.1.4), and PC is on it; behind an SMC it has gone on.
"""
_NAMES = {
    UNDEFINED: "undefined instruction", SVC: "SVC", PREFETCH_ABORT: "prefetch abort", DATA_ABORT: "data abort",
}  # fmt: skip
_HVC, _CALL_MASK = 0xD4000002, 0xFFE0001F
_B_SELF = 0x14000000
_CLASS, _LONG = 26, 1 << 25
_SYNDROMES = {UNDEFINED: 0, SVC: 0x15 << _CLASS, PREFETCH_ABORT: 0x21 << _CLASS, DATA_ABORT: 0x25 << _CLASS}
"""ESR_EL1's exception class: unknown, SVC, aborts taken from the same level (Arm ARM DDI 0487, D17.2.37)."""
_EXTERNAL, _WNR = 0x10, 1 << 6
"""Of a data abort: a synchronous external abort, as Xen injects it (xen/arch/arm/traps.c, inject_abt64_exception)."""
_VERSION, _CPU_OFF, _SYSTEM_OFF, _SYSTEM_RESET = 0x84000000, 0x84000002, 0x84000008, 0x84000009
_PSCI_1_1, _NOT_SUPPORTED = 0x10001, (1 << 64) - 1
_ENDLESS = 1000
"""Exceptions without anything else between: the handler makes them itself."""


class Arm:
    """The machine's AArch64: what interrupts it. ``faults`` counts the exceptions of the run that goes on."""

    interruptible = False
    """No interrupt controller is here: nothing would wake the CPU."""

    def __init__(self, machine: ArmMachine) -> None:
        self._machine, self._cpu = machine, machine.engine
        self.faults = 0

    def snapshot(self) -> Any:
        """What is not the machine's."""
        return self.faults

    def restore(self, state: Any) -> None:
        """Go back to it."""
        self.faults = state

    def where(self) -> tuple[int, int]:
        """0 and PC."""
        return 0, self._cpu.ip

    def own(self, length: int) -> tuple[int, int]:
        """The place of the instruction that the CPU is just behind."""
        return 0, self._cpu.ip - 4

    def jumps_to_itself(self) -> bool:
        """Whether the next instruction is a branch to itself."""
        return self._word(self._cpu.ip) == _B_SELF

    def skip_to_tick(self) -> Ending | None:
        """There is no timer."""
        return None

    def deliver_due(self) -> Ending | None:
        """Nothing ever is."""
        return None

    def fault(self, vector: int) -> Ending | None:
        """A call of PSCI's, or an exception that goes to the code's own vectors."""
        at = self._cpu.ip
        word = self._word(at)
        if vector == UNDEFINED and word is not None and word & _CALL_MASK == _HVC:
            return self._psci(at)
        if vector == SMC:
            return self._psci(at - 4)
        if vector == SVC:
            number = (self._word(at - 4) or 0) >> 5 & 0xFFFF
            return self._take(SVC, f"SVC #{number:#x}", at - 4, at, 0, number)
        if vector == DATA_ABORT:
            self._machine.undo()
            return self._abort(at)
        text = _NAMES.get(vector, f"exception {vector} of the engine's")
        if word is not None and vector == UNDEFINED:
            text += f" {word:08x}"
        return self._take(vector, text, at, at, 0)

    def cannot_go_on(self, fault: CpuFaultError) -> Ending | None:
        """An access to where nothing is ends in a data abort; code where nothing is, is the end."""
        at = self._cpu.ip
        if fault.nothing_there:
            return self._abort(at)
        if fault.invalid_opcode:
            return self._take(UNDEFINED, f"undefined instruction {self._word(at) or 0:08x}", at, at, 0)
        if fault.nothing_to_run:
            return self._take(PREFETCH_ABORT, f"{fault}: {at:#x}", at, at, at)
        return Ending("invalid", 0, at, f"{fault} at {at:#x}")

    def _abort(self, at: int) -> Ending | None:
        address, write = self._machine.aborted
        text = f"data abort: {'write to' if write else 'read of'} {address:#x}, where nothing answers"
        return self._take(DATA_ABORT, text, at, at, address, _EXTERNAL | (_WNR if write else 0))

    def _take(self, vector: int, text: str, at: int, back: int, address: int, more: int = 0) -> Ending | None:
        self.faults += 1
        self._record(vector, at, address)
        if self.faults > _ENDLESS:
            return Ending("hung", 0, at, f"{text}, again and again")
        if self._cpu.take_exception(_SYNDROMES.get(vector, 0) | _LONG | more, address, back):
            return None
        return Ending("invalid", 0, at, f"{text}; VBAR_EL1 is 0: the program has no exception vectors")

    def _psci(self, at: int) -> Ending | None:
        cpu = self._cpu
        function = cpu.get("x0") & 0xFFFFFFFF
        self._record(function, at, 0, call=True)
        if function in (_SYSTEM_OFF, _CPU_OFF):
            return Ending("completed", 0, at, "PSCI SYSTEM_OFF" if function == _SYSTEM_OFF else "PSCI CPU_OFF")
        if function == _SYSTEM_RESET:
            return Ending("error", 0, at, "PSCI SYSTEM_RESET: the guest reset itself")
        cpu.set("x0", _PSCI_1_1 if function == _VERSION else _NOT_SUPPORTED)
        cpu.set("pc", at + 4)
        return None

    def _word(self, at: int) -> int | None:
        machine = self._machine
        if not machine.base <= at <= machine.base + machine.ram.size - 4:
            return None
        return machine.ram.word(at - machine.base, 4)

    def _record(self, number: int, at: int, value: int, call: bool = False) -> None:
        flags = 0 if call else int(Flag.FAULTED)
        time = int(self._machine.root[R_TIME])
        self._machine.recorder.append(
            (time, at, number, value, value, 0, flags, Actor.GUEST, Space.INTERRUPT, Op.CALL, 8)
        )


class Program(Environment):
    """A guest's program on ``built``. ``slices`` is the loop that runs it.

    Where it first waits for an interrupt (WFI), devices that are to be attached later are attached, and it goes on;
    where it waits again, nothing will wake it.
    """

    runs = Actor.GUEST
    answers = Actor.HYPERVISOR
    computes = True

    def __init__(self, built: ArmBuilt) -> None:
        self.built, self.machine = built, built.machine
        self.slices = Slices(built, self, Arm(built.machine))
        self._waited = False

    def start(self) -> Ending:
        """Enter the program and run it to its end."""
        self.machine.engine.enter(self.built.entry, self.built.tree_at)
        return self.slices.start()

    def at_hlt(self) -> Halt:
        """WFI: the moment when whoever runs the host attaches a device."""
        if self._waited:
            return Halt.RETURNED
        self._waited = True
        self.built.attach_late()
        return Halt.ANSWERED

    def at_exception(self, event: Event) -> str:
        """Each is the program's own to handle."""
        return ""

    def unknown_leaves(self) -> list[tuple[int, int, int]]:
        """None: there are no INTs."""
        return []

    def snapshot(self) -> Any:
        """Whether it has waited."""
        return self._waited

    def restore(self, state: Any) -> None:
        """Go back to it."""
        self._waited = state
