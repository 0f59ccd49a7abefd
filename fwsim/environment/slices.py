"""The loop that runs code: a slice in the engine, then whatever stopped it is seen to, until there is an end.

It asks the environment what a HLT and an exception mean, and knows nothing else of who started the code.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from fwsim.cpu.core import CpuFaultError
from fwsim.environment.ending import Ending
from fwsim.environment.interface import Environment, Halt
from fwsim.environment.processor import Processor, Runnable
from fwsim.environment.wait.assist import Assist
from fwsim.environment.wait.limits import IDLE_ROUNDS, SPIN_WEIGHT, TICK_CODE, TICKS
from fwsim.machine.common import IDLE_LIMIT
from fwsim.native import (
    R_ACTOR,
    R_CODE,
    R_CODE_LIMIT,
    R_CODE_MARK,
    R_CODE_NEXT,
    R_EV_LIMIT,
    R_IDLE_LIMIT,
    R_SEQ,
    R_STOP_A,
    R_TIME,
    R_TIME_LIMIT,
    R_WAITS,
    R_WATCH_MODES,
    STOP_ABORT,
    STOP_CODE,
    STOP_EVENTS,
    STOP_FAULT,
    STOP_IDLE,
    STOP_IRQ,
    STOP_MODE,
    STOP_NONE,
    STOP_PLACE,
    STOP_RESET,
    STOP_SPIN,
    STOP_STALE,
    STOP_TIME,
)

_BUDGETS = {
    STOP_EVENTS: "events: budget.events reached",
    STOP_CODE: "code: budget.code executed code bytes",
    STOP_TIME: "time: budget.time of virtual time",
}


class _Waiting(Struct):
    """Rounds in a row in which nothing new happened, accesses without anything new at the last of them, and whether
    the code seems to wait for the timer.
    """

    idle: int = 0
    waits: int = 0
    for_tick: bool = False

    def look(self, waits: int) -> None:
        """A slice is over: more than the timer's own INT 1Ch means that something happened."""
        if not self.waits <= waits <= self.waits + 4:
            self.idle, self.for_tick = 0, False
        self.waits = waits


class Snapshot(Struct, frozen=True):
    """Code in the middle of its run, between two slices, or between two runs: everything that what follows needs."""

    built: Any
    environment: Any
    cpu: Any
    assist: Any
    waiting: _Waiting
    ended: Ending | None


class Slices:
    """Runs code on a built machine for ``environment``. After an end other than by returning, nothing more is run.

    ``between`` is called between two slices, where a snapshot may be taken.
    """

    def __init__(self, built: Runnable, environment: Environment, processor: Processor) -> None:
        self.built = built
        self.machine = built.machine
        self.cpu = built.machine.engine
        self.environment = environment
        self.processor = processor
        self.assist = Assist(built.machine)
        self.ended: Ending | None = None
        self.between: Callable[[], None] | None = None
        self._waiting = _Waiting()
        self._mode_told: Callable[[int, int], None] | None = None

    def watch_modes(self, told: Callable[[int, int], None] | None) -> None:
        """Tell ``told`` AX and BX of each INT 10h that sets a mode, before its handler runs; None: no longer.

        Native code sees the INT whoever's handler the IVT names; root words R_CS and R_IP say where it was made.
        """
        self._mode_told = told
        self.machine.root[R_WATCH_MODES] = told is not None

    def start(self) -> Ending:
        """Run from where the CPU stands to an end; the same one again where code has ended otherwise before."""
        if self.ended:
            return self.ended
        self._waiting = _Waiting()
        self.processor.faults = 0
        self.machine.root[R_ACTOR] = int(self.environment.runs)
        return self.resume()

    def start_inside(self) -> Ending:
        """Run from inside of a run that waits for the answer to a question: what was counted of it stays its own."""
        outer = self._waiting, self.processor.faults
        try:
            return self.start()
        finally:
            self._waiting, self.processor.faults = outer

    def resume(self) -> Ending:
        """Go on with the run in the middle of which the restored snapshot was taken."""
        while (ending := self.slice()) is None or self.helped(ending):
            if self.between:
                self.between()
        self.machine.root[R_ACTOR] = int(self.environment.answers)
        if ending.reason != "completed":
            self.ended = ending
        return ending

    def try_on(self) -> None:
        """Run on from a restored snapshot until something ends it, as a trial: nothing is kept of how it ended."""
        told, self._mode_told = self._mode_told, None
        try:
            while self.slice() is None:
                pass
        finally:
            self._mode_told = told

    def helped(self, ending: Ending) -> bool:
        """Whether the code goes on after all: a wait that is given the answer it asks for."""
        return self.assist.helps(self, ending)

    # --- snapshots -------------------------------------------------------------------------------------------------
    def snapshot(self) -> Snapshot:
        """Everything, between runs or, from ``between``, in the middle of one."""
        return Snapshot(
            self.built.snapshot(), self.environment.snapshot(), self.processor.snapshot(), self.assist.snapshot(),
            replace(self._waiting), self.ended,
        )  # fmt: skip

    def restore(self, snapshot: Snapshot) -> None:
        """Go back, or on, to it: the same calls, or ``resume``, give the same events, memory and endings again."""
        self.built.restore(snapshot.built)
        self.environment.restore(snapshot.environment)
        self.processor.restore(snapshot.cpu)
        self.assist.restore(snapshot.assist)
        self._waiting, self.ended = replace(snapshot.waiting), snapshot.ended

    # --- one slice -------------------------------------------------------------------------------------------------
    def slice(self) -> Ending | None:
        """Run until something stops the engine, and see to it; None: go on."""
        root = self.machine.words
        self._allow_code()
        try:
            reason = self.cpu.run()
        except CpuFaultError as fault:
            return self.processor.cannot_go_on(fault)
        self._waiting.look(root[R_WAITS])
        if reason == STOP_NONE:
            ending = self._stopped_at_hlt()
        elif reason == STOP_IRQ:
            ending = self.processor.deliver_due()
        elif reason in (STOP_IDLE, STOP_SPIN):
            ending = self._idle_tick(reason == STOP_SPIN)
        elif reason == STOP_PLACE:
            return self._end("completed", "")
        elif reason == STOP_RESET:
            return self._end("error", "the firmware reset the machine")
        elif reason == STOP_FAULT:
            ending = self.processor.fault(root[R_STOP_A])
        elif reason == STOP_MODE:
            ending = None
            if self._mode_told:
                self._mode_told(root[R_STOP_A] & 0xFFFF, root[R_STOP_A] >> 16)
        else:
            return self.stopped(reason)
        return ending or self.over_budget()

    def stopped(self, reason: int) -> Ending:
        """The ending that a STOP_* reason of native code is."""
        if reason == STOP_STALE:
            return self._end("hung", "")
        if reason == STOP_ABORT:
            return self._end("aborted", "")
        return self._end("budget", _BUDGETS[reason])

    def over_budget(self) -> Ending | None:
        """What Python lets happen between slices counts as well."""
        root = self.machine.words
        if root[R_TIME] >= root[R_TIME_LIMIT]:
            return self.stopped(STOP_TIME)
        return self.stopped(STOP_EVENTS) if root[R_SEQ] >= root[R_EV_LIMIT] else None

    def _end(self, reason: str, detail: str, where: tuple[int, int] | None = None) -> Ending:
        return Ending(reason, *(where or self.processor.where()), detail)

    def _allow_code(self) -> None:
        root = self.machine.words
        root[R_CODE_MARK] = code = root[R_CODE]
        root[R_IDLE_LIMIT] = limit = TICK_CODE if self._waiting.for_tick else IDLE_LIMIT
        root[R_CODE_NEXT] = min(code + limit, root[R_CODE_LIMIT])

    # --- waits -----------------------------------------------------------------------------------------------------
    def _stopped_at_hlt(self) -> Ending | None:
        """A HLT: the end of the run, a question that has been answered, or the code's own, until the next tick."""
        answer = self.environment.at_hlt()
        if answer is Halt.RETURNED:
            return self._end("completed", "")
        if answer is Halt.ASKS_AGAIN:
            return self._end("hung", "")
        if answer is not Halt.WAITS:
            self._waiting.idle += answer is Halt.TICKED
            return None
        if not self.processor.interruptible:
            return self._end("hung", "HLT with interrupts off: nothing will wake the CPU", self.processor.own(1))
        self._waiting.idle += 1
        if self._waiting.idle > TICKS:
            text = "HLT again and again: only the timer wakes the CPU, and nothing else happens"
            return self._end("hung", text, self.processor.own(1))
        return self.processor.skip_to_tick()

    def _idle_tick(self, spins: bool) -> Ending | None:
        """Code that makes no access waits for something in memory: only an interrupt can change that.

        ``spins``: in one short block. That is no work, unless a large memory is filled.
        """
        if self.processor.jumps_to_itself():
            return self._end("hung", "a jump to itself: the ROM gave up here")
        can_change = self.processor.interruptible
        self._waiting.idle += SPIN_WEIGHT if spins and self.environment.computes else 1
        self._waiting.for_tick = can_change and not self.environment.computes
        if self._waiting.idle > (TICKS if can_change or self.environment.computes else IDLE_ROUNDS):
            return self._end("hung", "a loop that reads no input")
        return self.processor.skip_to_tick() if can_change else None
