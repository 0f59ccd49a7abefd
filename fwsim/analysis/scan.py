"""The backward search through recorded steps finds, natively, which earlier instruction wrote a register or a byte."""

from __future__ import annotations

from bisect import bisect_left
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.analysis.isa import AnyStep, isa_of
from fwsim.analysis.step import Access, Code, Demand
from fwsim.cpu.steps import Steps as Recorded
from fwsim.cpu.steps_words import (
    ROW,
    S_COPIES,
    S_COPIES_MASK,
    S_LOG,
    S_LOG_COUNT,
    S_LOG_MASK,
    S_MEM,
    S_MEM_COUNT,
    S_MEM_MASK,
    S_NUMBER,
    S_STATE,
    S_STEP_MASK,
    S_STEPS,
    SPACING,
    WRITE,
)
from fwsim.native import address_of, callback, native, place, u32s, u64s

_next = count().__next__
# --- the words of a search's block -----------------------------------------------------------------------------------
_BLOCK = _next()  # the recorder's
_FIRST = _next()  # the first step kept, counted since reset
_END = _next()  # the last one and one
_MASKS = _next()  # for each instruction, the bits that it writes of each location but memory, and 1: they are known
_PLACES = _next()  # locations
_WIDE = _next()  # those of them that are registers recorded at each step
_LIVE = _next()  # the bits that are wanted of each,
_SOME = _next()  # room for the numbers of those of which any is,
_WANTED = _next()  # and addresses of bytes, rising,
_WANTED_COUNT = _next()  # as many
_WORDS = _next()

_KIND, _LOG, _MEM = (place(ROW, name) for name in ("kind", "log", "mem"))
_ROW_SIZE, _WRITE_WORDS = ROW.itemsize, WRITE.itemsize // 8
_WRITTEN_AT, _WRITTEN_SIZE = place(WRITE, "address"), place(WRITE, "size")
_CHUNK = 1 << 18


@native
def _row(words: Any, number: int) -> Any:
    """The row of a step, counted since reset."""
    return u32s(words[S_STEPS] + (np.uint64(number) & words[S_STEP_MASK]) * np.uint64(_ROW_SIZE))


@native
def _writes_wanted(words: Any, view: Any, begin: Any, end: int) -> Any:
    """Whether any memory write from number ``begin`` to ``end`` (modulo 2^32) has a wanted byte."""
    wanted, known = u64s(view[_WANTED]), view[_WANTED_COUNT]
    lowest, highest = wanted[0], wanted[known - np.uint64(1)]
    writes, mask = u64s(words[S_MEM]), words[S_MEM_MASK]
    each = begin
    while each != end:
        at = (np.uint64(each) & mask) * np.uint64(_WRITE_WORDS)
        start = writes[at + np.uint64(_WRITTEN_AT)]
        stop = start + writes[at + np.uint64(_WRITTEN_SIZE)]
        if start <= highest and stop > lowest:
            low, high = np.uint64(0), known
            while low < high:
                middle = (low + high) >> np.uint64(1)
                if wanted[middle] < start:
                    low = middle + np.uint64(1)
                else:
                    high = middle
            if low < known and wanted[low] < stop:
                return True
        each = np.uint32(each + np.uint32(1))
    return False


@callback("i64(u64, u64)")
def _previous(block: int, below: int) -> Any:
    """The last step before ``below`` that writes a live bit of a register (or changes it), or a wanted byte; -1.

    -2 - N for step N, whose instruction's masks have to be known first.
    """
    view = u64s(block)
    words = u64s(view[_BLOCK])
    live, some, masks, places, wide = (
        u64s(view[_LIVE]),
        u64s(view[_SOME]),
        u64s(view[_MASKS]),
        view[_PLACES],
        view[_WIDE],
    )
    registers = np.uint64(0)
    for register in range(places):
        if live[register] != np.uint64(0):
            some[registers] = np.uint64(register)
            registers += np.uint64(1)
    log, log_mask = u64s(words[S_LOG]), words[S_LOG_MASK]
    first, number = view[_FIRST], view[_FIRST] + np.uint64(below)
    if number < view[_END]:
        later_log, later_mem = np.uint32(_row(words, number)[_LOG]), np.uint32(_row(words, number)[_MEM])
    else:  # of the last step nobody knows what it changed: it has not run
        later_log, later_mem = np.uint32(words[S_LOG_COUNT]), np.uint32(words[S_MEM_COUNT])
    while number > first:
        number -= np.uint64(1)
        row = _row(words, number)
        here_log, here_mem = np.uint32(row[_LOG]), np.uint32(row[_MEM])
        if registers:
            kind = np.uint64(row[_KIND]) * (places + np.uint64(1))
            if masks[kind + places] == np.uint64(0):
                return np.int64(-2) - np.int64(number - first)
            for at in range(registers):
                register = some[at]
                if live[register] & masks[kind + register]:
                    return np.int64(number - first)
            each = here_log
            while each != later_log:
                entry = log[np.uint64(each) & log_mask]
                register = entry >> np.uint64(33)
                changed = entry & np.uint64((1 << 32) - 1)
                if entry & np.uint64(1 << 32):
                    changed = changed << np.uint64(32)
                if register < wide and live[register] & changed:
                    return np.int64(number - first)
                each = np.uint32(each + np.uint32(1))
        if view[_WANTED_COUNT] and here_mem != later_mem and _writes_wanted(words, view, here_mem, later_mem):
            return np.int64(number - first)
        later_log, later_mem = here_log, here_mem
    return np.int64(-1)


@callback("void(u64, u64, u64)")
def _state(block: int, at: int, out: int) -> None:
    """All registers before step ``at``: those before a later one, and what was changed on the way to it undone."""
    view = u64s(block)
    words, found = u64s(view[_BLOCK]), u64s(out)
    number, size = view[_FIRST] + np.uint64(at), words[S_NUMBER]
    later = (number + np.uint64(SPACING - 1)) & ~np.uint64(SPACING - 1)
    known, logged = u64s(words[S_STATE]), np.uint32(words[S_LOG_COUNT])
    if later < view[_END]:
        copy = (later // np.uint64(SPACING)) & words[S_COPIES_MASK]
        known = u64s(words[S_COPIES] + copy * size * np.uint64(8))
        logged = np.uint32(_row(words, later)[_LOG])
    for register in range(size):
        found[register] = known[register]
    log, mask = u64s(words[S_LOG]), words[S_LOG_MASK]
    each = np.uint32(_row(words, number)[_LOG])
    while each != logged:
        entry = log[np.uint64(each) & mask]
        changed = entry & np.uint64((1 << 32) - 1)
        if entry & np.uint64(1 << 32):
            changed = changed << np.uint64(32)
        found[entry >> np.uint64(33)] ^= changed
        each = np.uint32(each + np.uint32(1))


class Steps:
    """A window of recorded steps, decoded as far as needed. ``first``: the number of its first step since reset."""

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self.first = recorded.first()
        self._count = max(0, recorded.end - self.first)
        self.isa = isa_of(recorded)
        self._decoded: dict[int, Code | None] = {}
        self._last: tuple[int, AnyStep | None] = (-1, None)
        self._state: NDArray[np.uint64] = np.zeros(len(recorded.registers), np.uint64)
        self._jumps: dict[int, tuple[int, list[Demand]] | None] = {}
        self._masks: NDArray[np.uint64] = np.zeros((max(1, recorded.known), self.isa.places + 1), np.uint64)
        self._live: NDArray[np.uint64] = np.zeros(self.isa.places, np.uint64)
        self._some: NDArray[np.uint64] = np.zeros(self.isa.places, np.uint64)
        self._block: NDArray[np.uint64] = np.zeros(_WORDS, np.uint64)
        for word, value in (
            (_BLOCK, address_of(recorded.block)), (_FIRST, self.first), (_END, self.first + self._count),
            (_MASKS, address_of(self._masks)), (_PLACES, self.isa.places), (_WIDE, self.isa.general),
            (_LIVE, address_of(self._live)), (_SOME, address_of(self._some)),
        ):  # fmt: skip
            self._block[word] = value

    def __len__(self) -> int:
        return self._count

    def _row(self, at: int) -> np.void:
        rows = self._recorded.rows
        found: np.void = rows[(self.first + at) % len(rows)]
        return found

    def code(self, at: int) -> np.void:
        """The instruction of step ``at`` of this window, as it was recorded (a KIND)."""
        found: np.void = self._recorded.kinds[self._row(at)["kind"]]
        return found

    def address(self, at: int) -> int:
        """Where step ``at`` stands."""
        return int(self.code(at)["address"])

    def seq(self, at: int) -> int:
        """The events before step ``at``."""
        return int(self._row(at)["seq"])

    def at_address(self, address: int) -> NDArray[np.int64]:
        """The steps that stand at ``address``, rising."""
        known = self._recorded.kinds["address"][: self._recorded.known] == address
        rows = self._recorded.rows["kind"]
        found = [np.zeros(0, np.int64)]
        for start in range(self.first, self.first + self._count, _CHUNK):
            size = min(_CHUNK, self.first + self._count - start)
            kinds = rows.take(np.arange(start, start + size), mode="wrap")
            found.append(np.flatnonzero(known[kinds]) + (start - self.first))
        return np.concatenate(found)

    def decoded(self, at: int) -> Code | None:
        """The instruction of step ``at``; None for what is none (or lies where no code is kept)."""
        kind = int(self._row(at)["kind"])
        if kind not in self._decoded:
            self._decoded[kind] = self.isa.decoded(self._recorded.kinds[kind])
        return self._decoded[kind]

    def step(self, at: int) -> AnyStep | None:
        """Step ``at`` with what it accessed; None where it is no instruction."""
        if self._last[0] == at:
            return self._last[1]
        code = self.decoded(at)
        self._last = (at, None if code is None else self._step(at, code))
        return self._last[1]

    def _step(self, at: int, code: Code) -> AnyStep:
        moves = self._recorded.moves.get(self.first + at, [])
        return self.isa.step(code, self.code(at), self._registers(at), self.after(at), self._written(at), moves)

    def _written(self, at: int) -> list[Access]:
        """What step ``at`` wrote in memory."""
        writes, begin = self._recorded.writes, int(self._row(at)["mem"])
        end = int(self._row(at + 1)["mem"]) if at + 1 < self._count else int(self._recorded.block[S_MEM_COUNT])
        rows = (writes[(begin + each) % len(writes)] for each in range((end - begin) % (1 << 32)))
        return [
            Access(int(each["address"]), int(each["size"]), int(each["value"]) & (1 << 8 * int(each["size"])) - 1)
            for each in rows
        ]

    def undone(self, at: int) -> bool:
        """Whether step ``at`` ended in an exception that kept it from being done."""
        code = self.decoded(at)
        if code is None or at + 1 >= self._count:
            return False
        return self.isa.undone(code, self.address(at), self.address(at + 1))

    def jump(self, at: int) -> tuple[int, list[Demand]] | None:
        """Where step ``at``, a conditional jump, goes, and what it looks at; None for another instruction."""
        kind = int(self._row(at)["kind"])
        if kind not in self._jumps:
            code = self.decoded(at)
            self._jumps[kind] = None if code is None else self.isa.jump(code, self.address(at))
        return self._jumps[kind]

    def masks(self, at: int) -> list[int]:
        """What of each register, and whether the flags, step ``at`` writes."""
        kind = int(self._row(at)["kind"])
        if not self._masks[kind, -1]:
            code = self.decoded(at)
            if code is not None:
                self._masks[kind, :-1] = self.isa.masks(code, self._recorded.kinds[kind])
            self._masks[kind, -1] = 1
        found: list[int] = self._masks[kind, :-1].tolist()
        return found

    def _registers(self, at: int) -> list[int]:
        """All that was recorded before step ``at``, in the order of the recorder's ``registers``."""
        _state(address_of(self._block), at, address_of(self._state))
        found: list[int] = self._state.tolist()
        return found

    def regs(self, at: int) -> list[int]:
        """The general registers before step ``at``."""
        return self._registers(at)[: self.isa.general]

    def after(self, at: int) -> list[int]:
        """The general registers after step ``at``; before it for the window's last one, which has not run."""
        return self.regs(min(at + 1, self._count - 1))

    def previous(self, below: int, live: list[int], wanted: list[int]) -> int:
        """The last step before ``below`` that writes any of the ``live`` register bits or the ``wanted`` bytes; -1."""
        self._live[:] = live
        places = np.array(sorted(wanted), np.uint64)
        self._block[_WANTED], self._block[_WANTED_COUNT] = address_of(places), len(places)
        found = int(_previous(address_of(self._block), below))
        while found < -1:
            self.masks(-2 - found)
            found = int(_previous(address_of(self._block), -1 - found))
        return found

    def of_event(self, seq: int) -> int:
        """The step during which event ``seq`` was recorded; -1 where it is not in this window."""
        at = bisect_left(range(self._count), seq, key=self.seq) - 1
        return at if at >= 0 and self.seq(0) < seq else -1
