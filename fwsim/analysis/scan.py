"""The backward search through recorded steps finds, natively, which earlier instruction wrote a register or a byte."""

from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.analysis.isa import AnyStep, isa_of
from fwsim.analysis.step import Access, Code, Demand
from fwsim.cpu.moves import Move
from fwsim.cpu.steps_words import WRITE
from fwsim.native import address_of, callback, native, u32s, u64s

_EMPTY = np.zeros(0, np.int64)
_NONE = (1 << 64) - 1

# --- the words of the block that ``_previous`` is given: addresses, counts and widths ---------------------------------
_next = count().__next__
W_STEPS = _next()  # steps of the window
W_IDS = _next()  # int32[steps]: the kind of each one's instruction
W_MASKS = _next()  # uint64[kinds][W_PLACES]: what of each register such an instruction writes
W_PLACES = _next()
W_REGS = _next()  # uint32 or uint64[steps][W_WIDE]: the registers before each step
W_WIDE = _next()
W_REG_BYTES = _next()  # 4 or 8
W_MEM = _next()  # int64[steps + 1]: the first memory write of each
W_AT = _next()  # uint64: where each memory write begins
W_SIZES = _next()  # uint64: its bytes
W_LIVE = _next()  # uint64[W_PLACES]: the bits of each register that are searched for
W_SOME = _next()  # uint64[W_PLACES]: room for those registers' numbers
W_WANTED = _next()  # uint64[W_WANTED_COUNT], rising: the bytes that are searched for
W_WANTED_COUNT = _next()
WORDS = _next()


@callback("u64(u64, u64, u64, u64, u64, u64, u64, u64)")
def _kinds(steps: Any, addresses: Any, lows: Any, highs: Any, table: Any, slots: Any, ids: Any, firsts: Any) -> Any:
    """Number each step's instruction, the same for the same bytes at the same place; how many there are.

    ``addresses``, ``lows`` and ``highs`` are uint64[steps]; ``table`` uint32[slots] of zeros, more than steps, a power
    of two; ``ids`` (int32[steps]) gets the numbers, ``firsts`` (int64[steps]) the first step of each.
    """
    address, low, high = u64s(addresses), u64s(lows), u64s(highs)
    held, numbers, first = u32s(table), u32s(ids), u64s(firsts)
    known = np.uint64(0)
    for step in range(steps):
        key = (address[step] * np.uint64(0x9E3779B97F4A7C15)) ^ (low[step] * np.uint64(0xC2B2AE3D27D4EB4F)) ^ high[step]
        slot = (key ^ (key >> np.uint64(31))) & (slots - np.uint64(1))
        while held[slot]:
            other = first[held[slot] - np.uint32(1)]
            if address[other] == address[step] and low[other] == low[step] and high[other] == high[step]:
                break
            slot = (slot + np.uint64(1)) & (slots - np.uint64(1))
        if not held[slot]:
            first[known] = step
            known += np.uint64(1)
            held[slot] = np.uint32(known)
        numbers[step] = held[slot] - np.uint32(1)
    return known


@native
def _first_from(wanted: Any, count: Any, start: Any) -> Any:
    """The index of the first of ``count`` rising words that is not below ``start``."""
    low, high = np.uint64(0), np.uint64(count)
    while low < high:
        middle = (low + high) >> np.uint64(1)
        if wanted[middle] < start:
            low = middle + np.uint64(1)
        else:
            high = middle
    return low


@native
def _register(words: Any, step: Any, register: Any) -> Any:
    at = step * words[W_WIDE] + register
    if words[W_REG_BYTES] == np.uint64(4):
        return np.uint64(u32s(words[W_REGS])[at])
    return u64s(words[W_REGS])[at]


@callback("u64(u64, u64)")
def _previous(below: Any, block: Any) -> Any:
    """The last step before ``below`` that writes a live bit of a register (or changes it), or a wanted byte.

    ``block`` holds the W_ words; all ones where there is no such step.
    """
    words = u64s(block)
    ids, masks, live, some = u32s(words[W_IDS]), u64s(words[W_MASKS]), u64s(words[W_LIVE]), u64s(words[W_SOME])
    mem, starts, sizes, wanted = u64s(words[W_MEM]), u64s(words[W_AT]), u64s(words[W_SIZES]), u64s(words[W_WANTED])
    wanteds = words[W_WANTED_COUNT]
    count = np.uint64(0)
    for register in range(words[W_PLACES]):
        if live[register]:
            some[count] = register
            count += np.uint64(1)
    step = np.uint64(below)
    while step:
        step -= np.uint64(1)
        for at in range(count):
            register = some[at]
            if live[register] & masks[np.uint64(ids[step]) * words[W_PLACES] + register]:
                return step
            if register < words[W_WIDE] and step + np.uint64(1) < words[W_STEPS]:
                changed = _register(words, step, register) ^ _register(words, step + np.uint64(1), register)
                if live[register] & changed:
                    return step
        if wanteds:
            for access in range(mem[step], mem[step + np.uint64(1)]):
                start = starts[access]
                end = start + sizes[access]
                if start <= wanted[wanteds - np.uint64(1)] and end > wanted[0]:
                    first = _first_from(wanted, wanteds, start)
                    if first < wanteds and wanted[first] < end:
                        return step
    return np.uint64(0xFFFFFFFFFFFFFFFF)


class Steps:
    """A window of recorded steps, decoded as far as needed. ``first``: the number of its first step since reset.

    ``moves``: what the steps that are services did, by their numbers since reset.
    """

    def __init__(
        self, first: int, steps: NDArray[np.void], writes: NDArray[np.void], moves: dict[int, list[Move]] | None = None
    ) -> None:
        self.first = first
        self._moves = moves or {}
        self.rows = steps
        self.isa = isa_of(steps)
        self.address: NDArray[np.uint64] = np.ascontiguousarray(steps["address"])
        self._ids, self._samples = _numbered(self.address, *self.isa.keys(steps))
        self._decoded: dict[int, Code | None] = {}
        self._last: tuple[int, AnyStep | None] = (-1, None)
        self.regs: NDArray[np.unsignedinteger[Any]] = np.ascontiguousarray(steps["regs"])
        self.mem: NDArray[np.int64] = np.append(steps["mem"].astype(np.int64), len(writes))
        self.seq: NDArray[np.uint32] = np.ascontiguousarray(steps["seq"])
        self.writes = writes if len(writes) else np.zeros(0, WRITE)
        self._places = np.ascontiguousarray(self.writes["address"])
        self._sizes = np.ascontiguousarray(self.writes["size"])
        self._masks: NDArray[np.uint64] = np.zeros((max(1, len(self._samples)), self.isa.places), np.uint64)
        for kind in range(len(self._samples)):
            sample = int(self._samples[kind])
            found = self.decoded(sample)
            if found is not None:
                self._masks[kind] = self.isa.masks(found, self.rows[sample])

        self._words = np.zeros(WORDS, np.uint64)
        for word, array in (
            (W_IDS, self._ids), (W_MASKS, self._masks), (W_REGS, self.regs), (W_MEM, self.mem), (W_AT, self._places),
            (W_SIZES, self._sizes),
        ):  # fmt: skip
            self._words[word] = address_of(array)
        self._words[W_STEPS], self._words[W_WIDE] = self.regs.shape
        self._words[W_REG_BYTES] = self.regs.itemsize

    def __len__(self) -> int:
        return len(self.rows)

    def decoded(self, at: int) -> Code | None:
        """The instruction of step ``at`` of this window; None for what is none (or lies where no code is kept)."""
        kind = int(self._ids[at])
        if kind not in self._decoded:
            self._decoded[kind] = self.isa.decoded(self.rows[at])
        return self._decoded[kind]

    def step(self, at: int) -> AnyStep | None:
        """Step ``at`` with what it accessed; None where it is no instruction."""
        if self._last[0] == at:
            return self._last[1]
        code = self.decoded(at)
        self._last = (at, None if code is None else self._step(at, code))
        return self._last[1]

    def _step(self, at: int, code: Code) -> AnyStep:
        writes = [
            Access(int(each["address"]), int(each["size"]), int(each["value"]) & (1 << 8 * int(each["size"])) - 1)
            for each in self.writes[self.mem[at] : self.mem[at + 1]]
        ]
        moves = self._moves.get(self.first + at, [])
        return self.isa.step(code, self.rows[at], self.regs[at].tolist(), self.after(at), writes, moves)

    def undone(self, at: int) -> bool:
        """Whether step ``at`` ended in an exception that kept it from being done."""
        code = self.decoded(at)
        if code is None or at + 1 >= len(self.rows):
            return False
        return self.isa.undone(code, int(self.address[at]), int(self.address[at + 1]))

    def jump(self, at: int) -> tuple[int, list[Demand]] | None:
        """Where step ``at``, a conditional jump, goes, and what it looks at; None for another instruction."""
        code = self.decoded(at)
        return None if code is None else self.isa.jump(code, int(self.address[at]))

    def masks(self, at: int) -> list[int]:
        """What of each register, and whether the flags, step ``at`` writes."""
        found: list[int] = self._masks[self._ids[at]].tolist()
        return found

    def after(self, at: int) -> list[int]:
        """The registers after step ``at``; before it for the window's last one, which has not run."""
        found: list[int] = self.regs[min(at + 1, len(self.rows) - 1)].tolist()
        return found

    def previous(self, below: int, live: list[int], wanted: list[int]) -> int:
        """The last step before ``below`` that writes any of the ``live`` register bits or the ``wanted`` bytes; -1."""
        lives, places = np.array(live, np.uint64), np.array(sorted(wanted), np.uint64)
        some = np.zeros_like(lives)
        words = self._words.copy()
        words[W_PLACES], words[W_LIVE], words[W_SOME] = len(live), address_of(lives), address_of(some)
        words[W_WANTED], words[W_WANTED_COUNT] = address_of(places), len(places)
        found = int(_previous(max(0, below), address_of(words)))
        return -1 if found == _NONE else found

    def of_event(self, seq: int) -> int:
        """The step during which event ``seq`` was recorded; -1 where it is not in this window."""
        at = int(np.searchsorted(self.seq, seq)) - 1
        return at if at >= 0 and int(self.seq[0]) < seq else -1


def _numbered(
    address: NDArray[np.uint64], low: NDArray[np.uint64], high: NDArray[np.uint64]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The number of each step's instruction, and the first step of each number."""
    steps, slots = len(address), 1 << (2 * len(address) + 2).bit_length()
    columns = [np.ascontiguousarray(each, np.uint64) for each in (address, low, high)]
    table, ids, first = np.zeros(slots, np.uint32), np.empty(steps, np.int32), np.empty(steps, np.int64)
    places = [address_of(each) for each in columns]
    known = int(_kinds(steps, *places, address_of(table), slots, address_of(ids), address_of(first)))
    return ids, first[:known]
