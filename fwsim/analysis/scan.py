"""The backward search through recorded steps finds, natively, which earlier instruction wrote a register or a byte."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.analysis.isa import AnyStep, isa_of
from fwsim.analysis.step import Access, Code, Demand
from fwsim.cpu.moves import Move
from fwsim.cpu.steps_words import WRITE
from fwsim.native import kept

_EMPTY = np.zeros(0, np.int64)


@kept
def _kinds(address: Any, low: Any, high: Any) -> Any:
    """A number for each step's instruction, the same for the same bytes at the same place; and the first of each."""
    count = len(address)
    slots = 1
    while slots < 2 * count + 2:
        slots *= 2
    table = np.full(slots, -1, np.int64)
    ids = np.empty(count, np.int32)
    first = np.empty(count, np.int64)
    known = 0
    for step in range(count):
        key = (address[step] * np.uint64(0x9E3779B97F4A7C15)) ^ (low[step] * np.uint64(0xC2B2AE3D27D4EB4F)) ^ high[step]
        slot = np.int64((key ^ (key >> np.uint64(31))) & np.uint64(slots - 1))
        while True:
            held = table[slot]
            if held < 0:
                table[slot] = known
                first[known] = step
                ids[step] = known
                known += 1
                break
            other = first[held]
            if address[other] == address[step] and low[other] == low[step] and high[other] == high[step]:
                ids[step] = held
                break
            slot = (slot + 1) & (slots - 1)
    return ids, first[:known]


@kept
def _previous(
    below: int, ids: Any, masks: Any, regs: Any, mem: Any, places: Any, sizes: Any, live: Any, wanted: Any
) -> int:
    """The last step before ``below`` that writes a live bit of a register (or changes it), or a wanted byte; -1."""
    wide = regs.shape[1]
    some = np.empty(len(live), np.int64)
    count = 0
    for register in range(len(live)):
        if live[register] != 0:
            some[count] = register
            count += 1
    lowest = wanted[0] if len(wanted) else 0
    highest = wanted[-1] if len(wanted) else -1
    last = len(ids) - 1
    for step in range(below - 1, -1, -1):
        if count:
            kind = ids[step]
            for at in range(count):
                register = some[at]
                if live[register] & masks[kind, register]:
                    return step
                known = register < wide and step < last
                if known and live[register] & (regs[step, register] ^ regs[step + 1, register]):
                    return step
        if len(wanted):
            for access in range(mem[step], mem[step + 1]):
                start, end = places[access], places[access] + sizes[access]
                if start <= highest and end > lowest:
                    first = np.searchsorted(wanted, start)
                    if first < len(wanted) and wanted[first] < end:
                        return step
    return -1


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
        self._ids, self._samples = _kinds(self.address, *self.isa.keys(steps))
        self._decoded: dict[int, Code | None] = {}
        self._last: tuple[int, AnyStep | None] = (-1, None)
        self.regs: NDArray[np.unsignedinteger[Any]] = np.ascontiguousarray(steps["regs"])
        self.mem: NDArray[np.int64] = np.append(steps["mem"].astype(np.int64), len(writes))
        self.seq: NDArray[np.uint32] = np.ascontiguousarray(steps["seq"])
        self.writes = writes if len(writes) else np.zeros(0, WRITE)
        self._places = self.writes["address"].astype(np.int64)
        self._sizes = self.writes["size"].astype(np.int64)
        self._masks: NDArray[np.uint64] = np.zeros((max(1, len(self._samples)), self.isa.places), np.uint64)
        for kind in range(len(self._samples)):
            sample = int(self._samples[kind])
            found = self.decoded(sample)
            if found is not None:
                self._masks[kind] = self.isa.masks(found, self.rows[sample])

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
        places = np.array(sorted(wanted), np.int64) if wanted else _EMPTY
        return int(
            _previous(
                below, self._ids, self._masks, self.regs, self.mem, self._places, self._sizes,
                np.array(live, np.uint64), places,
            )
        )  # fmt: skip

    def of_event(self, seq: int) -> int:
        """The step during which event ``seq`` was recorded; -1 where it is not in this window."""
        at = int(np.searchsorted(self.seq, seq)) - 1
        return at if at >= 0 and int(self.seq[0]) < seq else -1
