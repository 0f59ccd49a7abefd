"""Code that runs against a record: every read gets the recorded answer, until the two part."""

import ctypes
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fwsim.environment.bios.asked import NEVER
from fwsim.environment.bios.context import CARRY
from fwsim.environment.bios.session import Session
from fwsim.environment.ending import Ending
from fwsim.environment.slices import Slices
from fwsim.environment.x86 import X86
from fwsim.machine.built import Built
from fwsim.native import (
    R_EV_LIMIT,
    R_REPLAY,
    R_STALE_LIMIT,
    R_TIME,
    R_TIME_LIMIT,
    R_WAIT_LIMIT,
    TRAP_REPLAY,
    address_of,
)
from fwsim.trace import answer as p
from fwsim.trace.event import EVENT, Actor, Flag, Op, Space

_NEVER = (1 << 64) - 1
_REGISTERS = ("ax", "bx", "cx", "dx")
_FAILED = 0x86
_LOGGED = "not as recorded"


class Record(Struct, frozen=True):
    """What a replay is held against: ``events`` from ``start`` on, of the spaces in the bit mask ``spaces``."""

    events: NDArray[np.void]
    start: int
    spaces: int

    @property
    def compared(self) -> NDArray[np.bool_]:
        """Which events a replay has to match: what code did and was answered, from ``start`` on."""
        events = self.events
        known = [space for space in range(len(Space)) if self.spaces >> space & 1]
        mask: NDArray[np.bool_] = (events["actor"] <= int(Actor.FIRMWARE)) & np.isin(events["space"], known)
        mask &= ~((events["space"] == int(Space.INTERRUPT)) & np.isin(events["address"], p.TICKS))
        mask[: self.start] = False
        return mask


def as_record(events: NDArray[np.void], first: int = 0) -> Record:
    """A run's record begins at the call into the ROM; before it, the firmware placed things.

    One without such a call is from elsewhere: of the spaces that it has no event in, it knows nothing. ``first``: the
    seq to begin at, where something else came before the ROM.
    """
    begin = int(np.searchsorted(events["seq"], first))
    called = (events["space"] == int(Space.MEMORY)) & (events["op"] == int(Op.CALL))
    if called.any():
        return Record(events, max(begin, int(np.flatnonzero(called)[0])), (1 << len(Space)) - 1)
    spaces = 0
    for space in np.unique(events["space"][events["actor"] <= int(Actor.FIRMWARE)]).tolist():
        spaces |= 1 << space if space < len(Space) else 0
    return Record(events, begin, spaces)


class ReplaySession(Session):
    """A session on a machine whose devices answer from ``record``."""

    def __init__(self, built: Built, record: Record) -> None:
        super().__init__(built)
        self.record = record
        machine, root = built.machine, built.machine.root
        self.placement = machine.recorder.read(0, machine.recorder.count)
        self.diverged: NDArray[np.void] = np.zeros(0, EVENT)
        """The access that the record does not have, once it came, and the CPU before it."""
        self.registers: dict[str, int] = {}
        self._events = np.ascontiguousarray(record.events)
        self.words: NDArray[np.uint64] = np.zeros(p.REPLAY_WORDS, np.uint64)
        self.words[p.P_EVENTS] = address_of(self._events)
        self.words[p.P_COUNT] = len(record.events)
        self.words[p.P_NEXT] = record.start
        self.words[p.P_SPACES] = record.spaces
        root[R_REPLAY] = address_of(self.words)
        root[R_EV_LIMIT] = 0
        root[R_WAIT_LIMIT] = root[R_STALE_LIMIT] = _NEVER  # as long as it is recorded, it is no hang
        self.bios.repeats.rounds = self.bios.repeats.counted = NEVER
        machine.recorder.listener = self._appended
        machine.watchers[TRAP_REPLAY] = self._look
        self.slices = ReplaySlices(built, self)

    def snapshot(self) -> Any:
        """How far the record was followed, and the firmware's own."""
        return super().snapshot(), self.words.copy(), self.diverged, self.registers

    def restore(self, state: Any) -> None:
        """Go back to it."""
        own, words, self.diverged, self.registers = state
        super().restore(own)
        self.words[:] = words

    def _look(self, a: int, b: int, c: int) -> int:
        """The CPU as the access that is not recorded finds it."""
        self.registers = self.cpu.registers()
        return 0

    def _appended(self, address: int) -> None:
        """An event from Python: an INT's answer is the record's as well, as far as it has it."""
        window = np.frombuffer(memoryview((ctypes.c_uint8 * EVENT.itemsize).from_address(address)), EVENT)
        own = int(window["value"][0])
        recorded = int(p.answer(address_of(self.machine.root), address))
        if recorded == own or window["op"][0] != int(Op.RETURN):
            return
        context = self.bios.context
        for number, name in enumerate(_REGISTERS):
            context.set(name, recorded >> 16 * number & 0xFFFF)
        failed = bool(int(window["flags"][0]) & Flag.UNHANDLED) or recorded >> 8 & 0xFF == _FAILED
        context.flag(CARRY, failed)


class ReplaySlices(Slices):
    """The loop, as far as the record goes."""

    def __init__(self, built: Built, session: ReplaySession) -> None:
        super().__init__(built, session, X86(built.machine, session))
        self.session, self.words = session, session.words

    def slice(self) -> Ending | None:
        """As ever, until the two part."""
        ending = super().slice()
        if self.words[p.P_STATE] == p.REPLAY_GOES_ON:
            return ending
        return self._parted()

    def stopped(self, reason: int) -> Ending:
        """As ever, or where the two part."""
        return self._parted() if self.words[p.P_STATE] != p.REPLAY_GOES_ON else super().stopped(reason)

    def over_budget(self) -> Ending | None:
        """The record bounds the events; time that Python lets pass is bounded as ever."""
        return super().over_budget() if self.machine.root[R_TIME] >= self.machine.root[R_TIME_LIMIT] else None

    def helped(self, ending: Ending) -> bool:
        """Nobody tries other answers than the recorded ones."""
        return False

    def _parted(self) -> Ending:
        """Keep the access that the record does not have; the rest of its block did not happen."""
        recorder, count = self.machine.recorder, int(self.words[p.P_SEQ])
        if not len(self.session.diverged):
            self.session.diverged = recorder.read(count - 1, count)
            recorder.rewind(count)
        event = self.session.diverged[0]
        return Ending("error", int(event["cs"]), int(event["ip"]), f"replay: {_LOGGED}")
