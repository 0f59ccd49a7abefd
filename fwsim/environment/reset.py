"""Real firmware runs from the reset vector: nobody answers it but the machine, and every HLT is its own."""

from __future__ import annotations

from typing import Any

from fwsim.cpu.exceptions import Event
from fwsim.environment.ending import Ending
from fwsim.environment.interface import Environment, Halt
from fwsim.environment.slices import Slices
from fwsim.environment.x86 import X86
from fwsim.machine.built import Built
from fwsim.memory.e820 import E820Type
from fwsim.native import R_TIME
from fwsim.trace.event import Actor, Op, Space

BOOT_SECTOR = 0x7C00
_STUB = 0x600
"""Where a call that is made from outside comes back to: a HLT in memory that is a boot loader's."""
_BUFFER = 0x610
_STACK = 0x7BFA
_CARRY = 1
_SMAP = 0x534D4150


class Reset(Environment):
    """A machine that was switched on. ``slices`` is the loop that runs it."""

    runs = Actor.FIRMWARE

    def __init__(self, built: Built) -> None:
        self.built = built
        self.machine = built.machine
        self.cpu = built.machine.engine
        x86 = X86(built.machine, self)
        self.slices = Slices(built, self, x86)
        x86.arm_timer()
        self._stub = 0

    # --- the way to the boot sector --------------------------------------------------------------------------------
    def power_on(self) -> Ending:
        """Run until the firmware enters a boot sector at 0000:7C00: completed."""
        self.cpu.stop_at(BOOT_SECTOR)
        ending = self.slices.start()
        self.cpu.stop_nowhere()
        return ending

    def boot(self) -> Ending:
        """Let the boot sector that was about to be entered run: completed where it returns to the firmware.

        The firmware's code that it returns to serves other calls, too: the stack tells which it is.
        """
        cpu, ram = self.cpu, self.machine.ram
        segment, pointer = cpu.get("ss"), cpu.get("esp") & 0xFFFF
        at = (segment << 4) + pointer
        back = (ram.word(at + 2, 2) << 4) + ram.word(at, 2)
        cpu.stop_at(back, lambda: (cpu.get("ss"), cpu.get("esp") & 0xFFFF) == (segment, pointer + 4))
        ending = self.slices.start()
        cpu.stop_nowhere()
        return ending

    # --- calls from outside ----------------------------------------------------------------------------------------
    def interrupt(self, vector: int, registers: dict[str, int]) -> Ending:
        """INT ``vector`` with these registers, made in a boot loader's place; what it was about to run stays."""
        cpu, ram = self.cpu, self.machine.ram
        if self.slices.ended:
            return self.slices.ended
        held = ram.read(_STUB, 1)
        ram.write(_STUB, b"\xf4")
        cpu.flush_code()
        for name, value in (("ds", 0), ("es", 0), ("ss", 0), ("esp", _STACK)):
            cpu.set(name, value)
        for name, value in registers.items():
            cpu.set(name, value)
        for at, value in ((_STACK, _STUB), (_STACK + 2, 0), (_STACK + 4, 0x0202)):
            ram.put(at, value, 2)
        cpu.set("eflags", 0x2)
        packed = sum((registers.get(name, 0) & 0xFFFF) << 16 * i for i, name in enumerate(("ax", "bx", "cx", "dx")))
        self.machine.recorder.append(
            (int(self.machine.root[R_TIME]), 0, vector, packed, packed, 0, 0, Actor.HOST, Space.INTERRUPT, Op.CALL, 2)
        )
        cpu.set("cs", ram.word(4 * vector + 2, 2))
        cpu.set("eip", ram.word(4 * vector, 2))
        self._stub = _STUB + 1
        ending = self.slices.start()
        self._stub = 0
        ram.write(_STUB, held)
        cpu.flush_code()
        return ending

    def memory_map(self) -> list[tuple[int, int, int]]:
        """(start, size, type) as the firmware's INT 15h E820 gives it; what the CPU was about to do stays."""
        before, found, continuation = self.cpu.snapshot(), [], 0
        held = self.machine.ram.read(_BUFFER, 20)
        while True:
            asked = {"eax": 0xE820, "ebx": continuation, "ecx": 20, "edx": _SMAP, "es": 0, "edi": _BUFFER}
            ending = self.interrupt(0x15, asked)
            if ending.reason != "completed" or self.cpu.get("eax") != _SMAP or self.cpu.get("eflags") & _CARRY:
                break
            ram = self.machine.ram
            found.append((ram.word(_BUFFER, 8), ram.word(_BUFFER + 8, 8), ram.word(_BUFFER + 16, 4)))
            continuation = self.cpu.get("ebx")
            if not continuation or len(found) > 256:
                break
        self.machine.ram.write(_BUFFER, held)
        self.cpu.restore(before)
        return [(start, size, kind) for start, size, kind in found if kind in set(E820Type)]

    def unknown_leaves(self) -> list[tuple[int, int, int]]:
        """None: the firmware answers for itself."""
        return []

    # --- what the loop asks ----------------------------------------------------------------------------------------
    def at_hlt(self) -> Halt:
        """The firmware's own, but for the one that a call from outside returns to."""
        if self._stub and (self.cpu.get("cs"), self.cpu.get("eip")) == (0, self._stub):
            return Halt.RETURNED
        return Halt.WAITS

    def at_exception(self, event: Event) -> str:
        """Each is the firmware's to handle."""
        return ""

    def snapshot(self) -> Any:
        """Where a call from outside returns to."""
        return self._stub

    def restore(self, state: Any) -> None:
        """Go back to it."""
        self._stub = state
