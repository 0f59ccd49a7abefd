"""What ends a wait that does not end, tried out: the loop is run again with one bit of its input turned over.

From a snapshot in the middle of the wait, each bit of the input's last answer is turned in a run of its own. A bit is
*tested* when turning it makes the code go where the waiting loop never goes; the answer that *releases* the loop is the
one with which the code gets furthest. So this is read from what the code does, not guessed from the register's name.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fwsim.cpu.core import Core
from fwsim.environment.interface import Environment
from fwsim.environment.wait.limits import LOOK, LOOK_CODE
from fwsim.environment.wait.waiting import TAIL, Wait, waited_for
from fwsim.machine.common import Common
from fwsim.native import (
    R_CODE,
    R_CODE_LIMIT,
    R_FORCED,
    R_FORCED_AND,
    R_FORCED_LEFT,
    R_FORCED_OR,
    R_NOVEL_SEQ,
    R_STALE_LIMIT,
    R_WAIT_LIMIT,
    R_WAITS,
)
from fwsim.trace.answer import TICKS
from fwsim.trace.event import Space
from fwsim.trace.recorder import Recorder

CHUNK = 1 << 16
"""Events looked at together, going back to where a wait began."""
_ALL = (1 << 64) - 1
_MIX_CODE, _MIX_ADDRESS, _MIX_VALUE = (
    np.uint64(each) for each in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
)


class Tried(Protocol):
    """A loop that runs code, stopped in a wait: what trials ask of it."""

    machine: Common
    cpu: Core
    environment: Environment

    def snapshot(self) -> Any:
        """Everything that what follows needs."""
        ...

    def restore(self, snapshot: Any) -> None:
        """Go back to a snapshot."""
        ...

    def try_on(self) -> None:
        """Run on until something ends it; nothing is kept of how."""
        ...


class Release(Struct, frozen=True):
    """A wait, the bits of its input that the code tests, the answer that ends it (None: no answer tried does).

    ``since_seq`` and ``since_ns`` are the event from which on nothing new happened.
    """

    wait: Wait
    tested: int = 0
    answer: int | None = None
    since_seq: int = 0
    since_ns: int = 0

    def text(self, name: str) -> str:
        """The story in a sentence or two, ``name`` being what a person calls the input."""
        if self.wait.last is None:
            return f"waits at {self.wait.cs:04x}:{self.wait.ip:04x}, reading nothing"
        parts = [f"waits for {name}, which keeps reading {self.wait.last:#x}"]
        if self.tested:
            parts.append(f"tests {_bits(self.tested)}")
        if self.answer is not None:
            change = self.answer ^ self.wait.last
            parts.append(f"would go on with {_bits(change)} turned over ({self.answer:#x})")
        elif self.wait.space in ("port", "mmio"):
            parts.append("no single answer ends it")
        parts.append(f"since event {self.since_seq} at {self.since_ns / 1e6:.3f} ms")
        return "; ".join(parts)


def _bits(mask: int) -> str:
    numbers = [number for number in range(64) if mask >> number & 1]
    if len(numbers) > 8:
        return f"bits {mask:#x}"
    return f"bit {numbers[0]}" if len(numbers) == 1 else "bits " + ", ".join(str(number) for number in numbers)


def investigate(loop: Tried) -> Release:
    """Find out what the code, stopped in a wait, waits for. The loop is afterwards as it was before."""
    machine = loop.machine
    wait = waited_for(machine.recorder.tail(TAIL))
    since = _quiet_from(machine.recorder, int(machine.root[R_NOVEL_SEQ]))
    first = machine.recorder.read(max(0, since - 1), max(1, since))
    found = Release(wait, since_seq=since, since_ns=int(first[0]["time_ns"]) if len(first) else 0)
    if wait.space not in ("port", "mmio") or wait.last is None:
        return found
    trials = _Trials(loop, wait)
    try:
        tested, answer = trials.turn_bits()
    finally:
        trials.back()
    return Release(wait, tested, answer, found.since_seq, found.since_ns)


def _quiet_from(recorder: Recorder, since: int) -> int:
    """The first event from which on only the loop's own accesses and the timer's ticks follow; ``since`` at most.

    The timer's first tick is an access never seen before, but no step forward of the ROM's.
    """
    tail = recorder.tail(TAIL)
    tail = tail[~_is_tick(tail)]
    if not len(tail):
        return since
    places, answers = _places(tail), _answers(tail)
    distinct = np.unique(np.stack([places, answers]), axis=1)[0]
    moving = distinct[:-1][distinct[1:] == distinct[:-1]]  # places with more than one value, such as a clock
    while since > 1:
        chunk = recorder.read(max(0, since - CHUNK), since)
        if not len(chunk):
            break
        at = _places(chunk)
        old = _is_tick(chunk) | np.isin(_answers(chunk), answers) | np.isin(at, moving)
        if not old.all():
            last = int(np.flatnonzero(~old)[-1])
            return min(since, int(chunk[last]["seq"]) + 1)
        since = int(chunk[0]["seq"])
    return since


def _is_tick(events: NDArray[np.void]) -> NDArray[np.bool_]:
    ticks: NDArray[np.bool_] = (events["space"] == int(Space.INTERRUPT)) & np.isin(events["address"], TICKS)
    return ticks


def _places(events: NDArray[np.void]) -> NDArray[np.uint64]:
    """A number for who accessed what: instruction, space, kind and address."""
    code = events["cs"].astype(np.uint64) << np.uint64(32) | events["ip"].astype(np.uint64)
    kind = events["space"].astype(np.uint64) << np.uint64(8) | events["op"].astype(np.uint64)
    address = events["address"].astype(np.uint64)
    mixed: NDArray[np.uint64] = (code * _MIX_CODE) ^ (address * _MIX_ADDRESS) ^ (kind << np.uint64(48))
    return mixed


def _answers(events: NDArray[np.void]) -> NDArray[np.uint64]:
    """A number for who accessed what with which value."""
    return _places(events) ^ (events["value"].astype(np.uint64) + np.uint64(1)) * _MIX_VALUE


class _Trials:
    """Runs from one snapshot with the input answered otherwise."""

    def __init__(self, tried: Tried, wait: Wait) -> None:
        self.tried = tried
        self.wait = wait
        self.start = tried.snapshot()
        self.width = 32 if wait.space == "mmio" else 8 * max(1, _width(tried.machine.recorder, wait))
        self.loop = self._run(_ALL, 0)

    def back(self) -> None:
        """Leave everything as it was found."""
        self.tried.restore(self.start)

    def turn_bits(self) -> tuple[int, int | None]:
        """The bits that are tested one by one, and the answer that gets furthest."""
        last = self.wait.last or 0
        tested, best, furthest = 0, None, 0
        for number in range(self.width):
            answer = last ^ 1 << number
            new = len(self._run(0, answer) - self.loop)
            if new:
                tested |= 1 << number
                if new > furthest:
                    best, furthest = answer, new
        if best is not None:
            return tested | self._needed(best), best
        for answer in ((1 << self.width) - 1, 0):
            if self._run(0, answer) - self.loop:
                least = self._fewest(last, answer)
                return least ^ last | self._needed(least), least
        return 0, None

    def _needed(self, answer: int) -> int:
        """The bits of a releasing ``answer`` that may not be otherwise: turned over, the code waits on."""
        return sum(1 << number for number in range(self.width) if not self._run(0, answer ^ 1 << number) - self.loop)

    def _fewest(self, last: int, answer: int) -> int:
        """``answer`` with every bit put back that it does not need to be turned."""
        for number in range(self.width):
            bit = 1 << number
            if (last ^ answer) & bit and self._run(0, answer ^ bit) - self.loop:
                answer ^= bit
        return answer

    def _run(self, keep: int, answer: int) -> set[int]:
        """The blocks that run when the input reads ``value & keep | answer`` once, then as it does."""
        tried, root = self.tried, self.tried.machine.root
        with tried.cpu.blocks_seen() as seen:
            tried.restore(self.start)
            force(root, self.wait, keep, answer, 1)
            root[R_WAITS] = 0
            root[R_WAIT_LIMIT] = root[R_STALE_LIMIT] = LOOK
            root[R_CODE_LIMIT] = int(root[R_CODE]) + LOOK_CODE
            tried.try_on()
        return seen


def _width(recorder: Recorder, wait: Wait) -> int:
    tail = recorder.tail(TAIL)
    same = tail[(tail["space"] == int(Space.PORT)) & (tail["address"] == wait.address) & (tail["ip"] == wait.ip)]
    return int(same[-1]["width"]) if len(same) else 1


def force(root: NDArray[np.uint64], wait: Wait, keep: int, answer: int, times: int) -> None:
    """Answer the next ``times`` reads of the wait's input with ``value & keep | answer``."""
    space = int(Space[wait.space.upper()])
    root[R_FORCED] = (space << 32 | wait.address) + 1
    root[R_FORCED_AND] = np.uint64(keep)
    root[R_FORCED_OR] = answer
    root[R_FORCED_LEFT] = times
