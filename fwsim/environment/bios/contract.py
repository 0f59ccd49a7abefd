"""What a caller of option ROMs owes them, and what they owe it: the interface of the rules by which one calls.

A contract lays out memory, sets the registers, knows its own stubs and answers there. The session asks it; what differs
between callers is in a contract and in the data it is made from, nowhere else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from fwsim.devices.diskette import Diskette
from fwsim.environment.bios.bios import Answers
from fwsim.environment.bios.context import Context
from fwsim.environment.interface import Halt
from fwsim.environment.x86 import X86
from fwsim.firmware.callers import Caller
from fwsim.machine.built import Built


class Contract(ABC):
    """The rules of one caller on one machine. ``answers`` are its services; ``back`` is where its calls come back to.

    ``halted``: why the caller gave up on the code in the middle of it, "" where it did not; ``where``: at which CS:IP.
    """

    answers: Answers
    goes_on: ClassVar[bool] = False
    """Whether the caller goes on with its own work where it gave up on the code."""

    def __init__(self, built: Built, caller: Caller, x86: X86) -> None:
        self.built, self.caller, self.x86 = built, caller, x86
        self.machine = built.machine
        self.cpu, self.ram = built.machine.engine, built.machine.ram
        self.back = 0
        self.halted = ""
        self.where = 0, 0

    @abstractmethod
    def enter(self) -> None:
        """Its turn begins: lay out vectors, data area and stubs, set up timer and interrupt controllers."""

    def leave(self) -> None:
        """Its turn is over: take away what only it had."""
        self.halted = ""

    @abstractmethod
    def call(self, offset: int, bdf: int, base: int) -> None:
        """Set everything up for the far call of ``offset`` in the ROM at ``base``, for the function ``bdf``."""

    @abstractmethod
    def interrupt(self, vector: int, registers: dict[str, int]) -> None:
        """Set everything up for an INT ``vector`` made from outside, up to CS:IP in its handler."""

    def give_up(self, why: str, where: tuple[int, int]) -> None:
        """The code is not run on; the first reason counts."""
        if not self.halted:
            self.halted, self.where = why, where

    def boot(self, medium: Diskette) -> bool:
        """Set everything up for the boot sector of ``medium``; False: this caller boots none."""
        return False

    def after_init(self) -> Iterator[tuple[int, dict[str, int]]]:
        """The INTs that it makes once init has returned, in order; it is asked for the next when one has come back."""
        return iter(())

    @abstractmethod
    def at_hlt(self, at: int) -> Halt:
        """What the HLT at linear address ``at`` means; the CPU is just behind it, in real mode."""

    @abstractmethod
    def owns(self, address: int) -> bool:
        """Whether the linear ``address`` is in what it laid out as code."""

    def snapshot(self) -> Any:
        """What it keeps outside the machine."""
        return self.answers.snapshot(), self.back, self.halted, self.where

    def restore(self, state: Any) -> None:
        """Go back to it."""
        answers, self.back, self.halted, self.where = state
        self.answers.restore(answers)


def context(built: Built) -> Context:
    """What the services see of ``built``."""
    machine = built.machine
    return Context(
        machine.engine, machine.ram, machine.pci, machine.root, machine.low, machine.high,
        e820=built.placed.e820_entries, int15=machine.scenario.rom.answers(), post_e820=built.placed.post_entries,
        intel_vga=machine.igd is not None,
    )  # fmt: skip
