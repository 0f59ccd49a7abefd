"""A ROM's code under a BIOS: far calls into the ROM, INTs from outside, and the services that it asks for.

By which rules is its caller's to say (``contract.Contract``); where several call the ROM, one after the other, each has
its turn.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from fwsim.cpu.exceptions import Event, handler
from fwsim.devices.diskette import Diskette
from fwsim.environment.bios.bios import Answers
from fwsim.environment.bios.contract import Contract
from fwsim.environment.bios.contracts import contract
from fwsim.environment.bios.seabios import BOOT_SECTOR
from fwsim.environment.ending import Ending
from fwsim.environment.interface import Environment, Halt, Question
from fwsim.environment.slices import Slices
from fwsim.environment.x86 import X86
from fwsim.firmware.callers import Caller
from fwsim.machine.built import Built
from fwsim.native import R_TIME
from fwsim.scenario.options import allocator_of
from fwsim.trace.event import Op, Space


class SessionState(Struct, frozen=True):
    """Whose turn it is, and what each caller keeps outside the guest's memory."""

    turn: int
    callers: tuple[Any, ...]


class Session(Environment):
    """The BIOS of a built machine. ``slices`` is the loop that runs what is called, ``turn`` whose turn it is."""

    def __init__(self, built: Built) -> None:
        self.built = built
        self.machine = built.machine
        self.cpu = built.machine.engine
        x86 = X86(built.machine, self)
        self.slices = Slices(built, self, x86)
        row, options = allocator_of(built.machine.scenario.firmware)
        callers = row.callers(built.machine.scenario.firmware.version, options)
        self._contracts = [contract(built, caller, x86) for caller in callers]
        self.turn = 0
        self.contract.enter()

    @property
    def contract(self) -> Contract:
        """The rules of the caller whose turn it is."""
        return self._contracts[self.turn]

    @property
    def callers(self) -> list[Caller]:
        """Who calls the ROM, in order."""
        return [each.caller for each in self._contracts]

    @property
    def bios(self) -> Answers:
        """The services of the caller whose turn it is."""
        return self.contract.answers

    # --- entry points ----------------------------------------------------------------------------------------------
    def next_caller(self) -> None:
        """The next one's turn begins."""
        self.contract.leave()
        self.turn += 1
        self.contract.enter()
        self.cpu.flush_code()

    @property
    def gave_up(self) -> bool:
        """Whether the caller gave the code up in the middle, and goes on without it."""
        return bool(self.contract.halted) and self.contract.goes_on

    def call_init(self, bdf: int) -> Ending:
        """The init of the ROM at C0000, and what its caller does once it has returned."""
        ending = self.call_rom(3, bdf)
        if ending.reason == "completed":
            for vector, registers in self.contract.after_init():
                ending = self.interrupt(vector, registers)
                if ending.reason != "completed":
                    break
        return ending

    def call_rom(self, offset: int, bdf: int, base: int = 0xC0000) -> Ending:
        """Far call to ``offset`` of the ROM at ``base``, by its caller's rules."""
        self.contract.call(offset, bdf, base)
        self._note(Space.MEMORY, Op.CALL, base + offset, bdf)
        return self._run()

    def interrupt(self, vector: int, registers: dict[str, int]) -> Ending:
        """INT ``vector`` with these registers, made from outside."""
        self.contract.interrupt(vector, registers)
        packed = sum(_word(registers, name) << 16 * i for i, name in enumerate("abcd"))
        self._note(Space.INTERRUPT, Op.CALL, vector, packed)
        return self._run()

    def boot(self, medium: Diskette) -> Ending:
        """Start the first sector of ``medium``, which is in drive A from now on."""
        if not self.contract.boot(medium):
            self.slices.ended = Ending("error", 0, 0, f"{self.contract.caller.title} boots no disk: it has no payload")
            return self.slices.ended
        self._note(Space.MEMORY, Op.CALL, BOOT_SECTOR, 0)
        return self._run()

    def _run(self) -> Ending:
        """Run until the code comes back to its caller, or its caller gives it up."""
        ending = self.slices.start()
        if why := self.contract.halted:
            ending = self.slices.ended = Ending("error", *self.contract.where, f"{self.contract.caller.title}: {why}")
        return ending

    def _note(self, space: Space, op: Op, address: int, value: int) -> None:
        time = int(self.machine.root[R_TIME])
        self.machine.recorder.append((time, 0, address, value, value, 0, 0, self.answers, space, op, 2))

    # --- what the loop asks ----------------------------------------------------------------------------------------
    def at_hlt(self) -> Halt:
        """One of the caller's stubs, which is answered, or the one that ends the call; else the ROM's own."""
        get = self.cpu.get
        if self.cpu.protected:
            return Halt.WAITS
        found = self.contract.at_hlt((get("cs") << 4) + (get("eip") - 1 & 0xFFFF))
        return Halt.ASKS_AGAIN if found is Halt.ANSWERED and self.asked() else found

    def asked(self) -> list[Question]:
        """What the BIOS is asked for ever."""
        return self.bios.repeats.endless()

    def answer(self, question: Question, registers: dict[str, int] | None, rounds: int = 0) -> None:
        """As ``rom.int15`` would."""
        if registers is not None:
            self.bios.helped[question.ax] = registers, 0
        if rounds:
            self.bios.repeats.rounds = self.bios.repeats.counted = rounds
        self.bios.repeats.asked.clear()

    def let_be(self, questions: list[Question]) -> None:
        """These are not counted any more."""
        self.bios.repeats.let_be |= {each.key for each in questions}

    def at_exception(self, event: Event) -> str:
        """In real mode a vector that leads to our own code is as good as none."""
        if self.cpu.protected:
            return ""
        target = handler(self.cpu, event.vector)
        return "no handler is installed" if target is not None and self.owns(target) else ""

    def owns(self, address: int) -> bool:
        """Whether the linear ``address`` is in the code of the caller whose turn it is."""
        return self.contract.owns(address)

    def memory_map(self) -> list[tuple[int, int, int]]:
        """(start, size, type) as INT 15h E820 gives it now."""
        return self.bios.context.memory_map()

    def unknown_leaves(self) -> list[tuple[int, int, int]]:
        """Interrupts that nobody knows: (vector, AX, how often)."""
        found: dict[tuple[int, int], int] = {}
        for each in self._contracts:
            for vector, ax, count in each.answers.unknown_leaves():
                found[vector, ax] = found.get((vector, ax), 0) + count
        return [(vector, ax, count) for (vector, ax), count in sorted(found.items())]

    def snapshot(self) -> Any:
        """The callers' own."""
        return SessionState(self.turn, tuple(each.snapshot() for each in self._contracts))

    def restore(self, state: Any) -> None:
        """Go back to it."""
        self.turn = state.turn
        for each, own in zip(self._contracts, state.callers, strict=True):
            each.restore(own)


def _word(registers: dict[str, int], letter: str) -> int:
    """AX, BX, CX or DX of these registers, whichever way they name it."""
    return registers.get(f"{letter}x", registers.get(f"e{letter}x", 0)) & 0xFFFF
