"""What starts code on a machine and answers it: a BIOS, a reset vector, UEFI's boot services, a debugger, a benchmark.

An environment sets up registers and memory, has the slice loop run the code (``slices.Slices.start``), and is asked by
the loop what two of the code's stops mean. Everything else that a stop can mean is the machine's own, and the loop's.
"""

from abc import ABC, abstractmethod
from enum import Enum, auto
from typing import Any, ClassVar

from msgspec import Struct

from fwsim.cpu.exceptions import Event
from fwsim.trace.event import Actor


class Halt(Enum):
    """What a HLT means to the environment that started the code."""

    RETURNED = auto()
    """The code came back to who had started it."""
    ANSWERED = auto()
    """The code asked for something and has been answered: it goes on behind the HLT."""
    TICKED = auto()
    """The same, but only the timer asked: the code itself did nothing."""
    WAITS = auto()
    """The HLT is the code's own: it waits for an interrupt."""
    ASKS_AGAIN = auto()
    """The code was answered, and asks the same for ever: nothing else that is new happens (``Environment.asked``)."""


class Question(Struct, frozen=True):
    """An interrupt by which code asks the BIOS: with these registers, from CS:IP. ``answered``: somebody knows it."""

    vector: int
    ax: int
    bx: int
    cx: int
    dx: int
    cs: int
    ip: int
    answered: bool = False

    @property
    def key(self) -> tuple[int, int, int, int]:
        """What makes it the same question: the leaf, and who asks."""
        return self.vector, self.ax, self.cs, self.ip


class Environment(ABC):
    """Starts code, and answers where it stops. An environment of code that never halts needs no more than this."""

    runs: ClassVar[Actor] = Actor.ROM
    """Whose the events are while the code runs,"""
    answers: ClassVar[Actor] = Actor.FIRMWARE
    """and whose before and after."""

    computes: ClassVar[bool] = False
    """Whether its code works for long without an access: then that alone does not make a loop a wait for the timer."""

    @abstractmethod
    def at_hlt(self) -> Halt:
        """The CPU is just behind a HLT."""

    @abstractmethod
    def at_exception(self, event: Event) -> str:
        """Why an exception that the code raised is its end; "": the handler that its tables name takes it."""

    def asked(self) -> list[Question]:
        """The questions that the code asks for ever, the last one first; none while it gets somewhere."""
        return []

    def answer(self, question: Question, registers: dict[str, int] | None, rounds: int = 0) -> None:
        """Answer its leaf with these registers from now on (None: as ever). Counting begins anew.

        ``rounds`` of one question then make it endless; 0: as many as ever.
        """
        assert not self.asked(), "who is asked also says how it is answered"

    def let_be(self, questions: list[Question]) -> None:
        """These may be asked as often as the code likes."""
        assert not self.asked(), "who is asked also says how it is answered"

    def snapshot(self) -> Any:
        """What it keeps outside the machine that matters to what comes next."""
        return None

    def restore(self, state: Any) -> None:
        """Go back to a state that ``snapshot`` gave."""
        assert state is None
