"""The BIOS behind the stubs: the dispatcher of services, given answers, PMM and the tick."""

from abc import ABC, abstractmethod
from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from fwsim.environment.bios import segment
from fwsim.environment.bios.asked import Repeats
from fwsim.environment.bios.clock import tick
from fwsim.environment.bios.context import CARRY, Context
from fwsim.environment.bios.pmm import Pmm, PmmState
from fwsim.environment.bios.services import Service, find, unknown
from fwsim.environment.interface import Question
from fwsim.native import R_NOVEL_SEQ, R_TIME
from fwsim.registers.leaves import HOOKS
from fwsim.trace.event import Actor, Flag, Op, Space
from fwsim.trace.recorder import Recorder

_TICK = segment.ENTRIES[0x08]
_ENDS = (
    segment.ENTRIES[0x08] + 3, segment.ENTRIES[0x02], segment.ENTRIES[0x09], segment.ENTRIES[0x0E], segment.IRQ_LOW,
    segment.IRQ_HIGH,
)  # fmt: skip
"""Stubs at which an interrupt has nothing left to do."""
_VECTORS = {at: vector for vector, at in segment.ENTRIES.items() if at not in (_TICK, *_ENDS)}
_RETURNED = int(Actor.FIRMWARE), int(Space.INTERRUPT), int(Op.RETURN), 2
"""The end of an event: who, where, what, and how wide."""


class BiosState(Struct, frozen=True):
    """What the firmware keeps outside the guest's memory; ``pmm`` None where there is none."""

    pmm: PmmState | None
    unknown: dict[tuple[int, int], int]
    helped: dict[int, tuple[dict[str, int], int]]
    repeats: Repeats


class Answers(ABC):
    """The services of one machine, whoever's they are. ``unknown`` counts the leaves nobody knew, by (vector, AX).

    ``helped``: INT 15h leaves (AX) that are answered only to help the ROM: registers, and how often they were given.
    """

    ignored: ClassVar[tuple[int, ...]] = ()
    """Vectors of which a leaf that has no service is nothing unknown."""

    def __init__(self, context: Context, recorder: Recorder) -> None:
        self.context = context
        self.recorder = recorder
        self.unknown: dict[tuple[int, int], int] = {}
        self.helped: dict[int, tuple[dict[str, int], int]] = {}
        self.repeats = Repeats()

    @abstractmethod
    def find(self, vector: int, ax: int) -> Service | None:
        """The service for ``vector`` with ``ax``; None: nobody knows it."""

    @abstractmethod
    def refuse(self, vector: int) -> None:
        """Answer a leaf that nobody knows."""

    def snapshot(self) -> BiosState:
        """For a snapshot."""
        return BiosState(None, dict(self.unknown), dict(self.helped), self.repeats.snapshot())

    def restore(self, state: BiosState) -> None:
        """Go back to it."""
        self.unknown, self.helped = dict(state.unknown), dict(state.helped)
        self.repeats.restore(state.repeats)

    def serve(self, vector: int, caller: tuple[int, int]) -> None:
        """Answer INT ``vector``, made at ``caller`` (CS:IP), whose frame is on the stack."""
        c = self.context
        ax, bx, cx, dx = c.cpu.abcd()
        flags, answered = 0, True
        service = self.find(vector, ax)
        if vector == 0x15 and ax in self.helped:
            registers, times = self.helped[ax]
            self.helped[ax] = registers, times + 1
            flags = int(Flag.ASSISTED)
            self._given(registers)
        elif vector == 0x15 and ax in c.int15:
            self._given(c.int15[ax])
        elif service:
            service(c)
        elif vector not in self.ignored:
            flags = int(Flag.UNHANDLED)
            answered = False
            self.unknown[vector, ax] = self.unknown.get((vector, ax), 0) + 1
            self.refuse(vector)
        if not answered or (vector == 0x15 and ax >> 8 in HOOKS):
            asked = Question(vector, ax, bx, cx, dx, *caller, answered)
            self.repeats.look(asked, c.words[R_NOVEL_SEQ], self.recorder.count)
        self._record(vector, flags)
        self.repeats.seq = self.recorder.count

    def _given(self, answer: dict[str, int]) -> None:
        """An answer from the scenario: registers, and CF (clear unless ``cf`` says otherwise)."""
        for name, value in answer.items():
            if name != "carry":
                self.context.set(name, value)
        self.context.flag(CARRY, bool(answer.get("carry", 0)))

    def _record(self, vector: int, flags: int) -> None:
        c = self.context
        ax, bx, cx, dx = c.cpu.abcd()
        value = ax | bx << 16 | cx << 32 | dx << 48
        self.recorder.append((c.words[R_TIME], 0, vector, value, value, 0, flags, *_RETURNED))

    def unknown_leaves(self) -> list[tuple[int, int, int]]:
        """(vector, AX, count) of every leaf nobody knew."""
        return [(vector, ax, count) for (vector, ax), count in sorted(self.unknown.items())]


class Bios(Answers):
    """SeaBIOS's services, and what lies behind its other stubs."""

    ignored = (0x05, 0x10)
    """Before a video BIOS is there, INT 10h does nothing."""

    def __init__(self, context: Context, recorder: Recorder, pmm: Pmm) -> None:
        super().__init__(context, recorder)
        self.pmm = pmm
        context.kept = pmm.kept

    def find(self, vector: int, ax: int) -> Service | None:
        """SeaBIOS's."""
        return find(self.context, vector, ax)

    def refuse(self, vector: int) -> None:
        """As SeaBIOS does."""
        unknown(self.context, vector)

    def snapshot(self) -> BiosState:
        """For a snapshot."""
        return replace(super().snapshot(), pmm=self.pmm.snapshot())

    def restore(self, state: BiosState) -> None:
        """Go back to it."""
        assert state.pmm is not None
        self.pmm.restore(state.pmm)
        super().restore(state)

    def answers(self, offset: int, caller: tuple[int, int] = (0, 0)) -> bool:
        """Handle a HLT at F000:``offset``, after an INT at ``caller`` (CS:IP); False when no stub is there."""
        if (vector := _VECTORS.get(offset)) is not None:
            self.serve(vector, caller)
            return True
        if offset == _TICK:
            tick(self.context)
            return True
        if offset in _ENDS:
            return True  # end of interrupt
        if offset == segment.PMM_ENTRY:
            self._pmm()
            return True
        if offset == segment.PNP_ENTRY:
            self.context.set("ax", 0x82)  # function not supported (Plug and Play BIOS 1.0a, appendix C)
            return True
        return False

    def _pmm(self) -> None:
        """PMM by far call: DX:AX = what it answers."""
        c, result = self.context, self.pmm.call(self.context)
        c.set("dx", result >> 16)
        c.set("ax", result & 0xFFFF)
