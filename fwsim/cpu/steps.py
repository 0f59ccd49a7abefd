"""The last instructions are recorded natively: registers, code bytes, memory writes.

Rings of fixed size, written by callbacks at every instruction and memory write; nothing else of a run changes.
A service that is answered outside of the engine is a step as well, the HLT at its entry: ``stored`` and ``moved`` tell
what it did.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.cpu.arm import STEP_REGISTERS as ARM_REGISTERS
from fwsim.cpu.core import Core
from fwsim.cpu.engine import LONG_STEP_REGISTERS, STEP_REGISTERS, Engine
from fwsim.cpu.moves import Move
from fwsim.cpu.steps_arm import arm_step
from fwsim.cpu.steps_words import (
    KIND,
    ROW,
    S_COPIES,
    S_COPIES_MASK,
    S_COUNT,
    S_GDT,
    S_GDT_ID,
    S_GDT_PTR,
    S_IDS,
    S_KINDS,
    S_KINDS_COUNT,
    S_KINDS_FROM,
    S_KINDS_SIZE,
    S_LOG,
    S_LOG_COUNT,
    S_LOG_MASK,
    S_LOW,
    S_MEM,
    S_MEM_COUNT,
    S_MEM_MASK,
    S_NUMBER,
    S_PTRS,
    S_REAL_CS,
    S_ROOT,
    S_SLOTS,
    S_SLOTS_MASK,
    S_START,
    S_STATE,
    S_STEP_MASK,
    S_STEPS,
    S_UNTIL,
    S_VALUES,
    S_WORDS,
    SPACING,
    WRITE,
    memory_written,
    record,
)
from fwsim.native import R_FN_READ, R_RAM, R_UC, address_of, call, callback, native, u64s

LONG = 3
"""An instruction's ``protected`` in 64-bit code."""
_A0000, _C0000 = 0xA0000, 0xC0000
_OF_CS, _OF_CR0 = (STEP_REGISTERS.index(name) for name in ("cs", "cr0"))
_OF_LONG_CS = LONG_STEP_REGISTERS.index("cs")
_MOST_KINDS = 1 << 20


@native
def _mode(block: int, cs: int, cr0: int) -> Any:
    """The step's ``protected``: protected mode begins with the segments of real mode, until a far jump."""
    words = u64s(block)
    if cr0 & np.uint64(1) == np.uint64(0):
        words[S_REAL_CS] = np.uint64(cs)
        return 0
    if np.uint64(cs) == words[S_REAL_CS]:
        return 0
    root = u64s(words[S_ROOT])
    call(root[R_FN_READ], root[R_UC], words[S_GDT_ID], words[S_GDT_PTR], 1)
    at = u64s(words[S_GDT])[1] + (np.uint64(cs) & ~np.uint64(7))
    if at >= np.uint64(_A0000 - 8) and (at < np.uint64(_C0000) or at + np.uint64(8) > words[S_LOW]):
        return 2
    descriptor = u64s(root[R_RAM] + at)[0]
    return 2 if (descriptor >> np.uint64(54)) & np.uint64(1) else 1


@native
def _held(words: Any, linear: int) -> Any:
    """Whether sixteen bytes at ``linear`` lie in RAM."""
    below = linear < np.uint64(_A0000 - 16)
    return below or (linear >= np.uint64(_C0000) and linear + np.uint64(16) <= words[S_LOW])


@callback("void(u64, u64, u32, u64)")
def _step(uc: Any, address: int, size: int, block: int) -> None:
    """Before an instruction."""
    words = u64s(block)
    number = words[S_COUNT]
    words[S_COUNT] = number + np.uint64(1)
    if number >= words[S_UNTIL]:
        return
    root = u64s(words[S_ROOT])
    linear, low, high = np.uint64(address), np.uint64(0), np.uint64(0)
    if _held(words, linear):
        code = u64s(root[R_RAM] + linear)
        low, high = code[0], code[1]
    call(root[R_FN_READ], root[R_UC], words[S_IDS], words[S_PTRS], words[S_NUMBER])
    values = u64s(words[S_VALUES])
    cs = values[_OF_CS] & np.uint64(0xFFFF)
    mode = np.uint64(_mode(np.uint64(block), values[_OF_CS], values[_OF_CR0]))
    head = cs | ((np.uint64(size) & np.uint64(0xFFFF)) << np.uint64(16)) | (mode << np.uint64(32))
    record(np.uint64(block), linear, low, high, head)


@callback("void(u64, u64, u32, u64)")
def _long_step(uc: Any, address: int, size: int, block: int) -> None:
    """Before an instruction of 64-bit code."""
    words = u64s(block)
    number = words[S_COUNT]
    words[S_COUNT] = number + np.uint64(1)
    if number >= words[S_UNTIL]:
        return
    root = u64s(words[S_ROOT])
    linear, low, high = np.uint64(address), np.uint64(0), np.uint64(0)
    if _held(words, linear):
        code = u64s(root[R_RAM] + linear)
        low, high = code[0], code[1]
    call(root[R_FN_READ], root[R_UC], words[S_IDS], words[S_PTRS], words[S_NUMBER])
    cs = u64s(words[S_VALUES])[_OF_LONG_CS] & np.uint64(0xFFFF)
    head = cs | ((np.uint64(size) & np.uint64(0xFFFF)) << np.uint64(16)) | np.uint64(LONG << 32)
    record(np.uint64(block), linear, low, high, head)


def _of(engine: Core) -> tuple[Sequence[str], int]:
    """What a step of an engine is made of: the registers that are read for it, the native callback."""
    if engine.arch == "arm64":
        return ARM_REGISTERS, arm_step.address
    if isinstance(engine, Engine) and engine.wide:
        return LONG_STEP_REGISTERS, _long_step.address
    return STEP_REGISTERS, _step.address


class Steps:
    """The last ``capacity`` instructions of an engine (a power of two), ``until`` so many have run in all.

    ``start`` and ``low``: where RAM begins, and ends below 4 GiB. Fewer are kept where they changed more than two
    registers each, or wrote memory more often than every second time.
    """

    def __init__(
        self, engine: Core, low: int, capacity: int = 1 << 20, until: int = (1 << 63) - 1, start: int = 0
    ) -> None:
        self.arch = engine.arch
        self.registers, step = _of(engine)
        """The names of what ``state`` gives."""
        self.moves: dict[int, list[Move]] = {}
        """What the steps that are services did, by the step's number."""
        most = min(_MOST_KINDS, capacity)
        number = len(self.registers)
        self.rows: NDArray[np.void] = np.empty(capacity, ROW)
        self.writes: NDArray[np.void] = np.empty(capacity // 2, WRITE)
        self.kinds: NDArray[np.void] = np.empty(most, KIND)
        """The instructions, by their numbers; as many as ``known``."""
        log, slots = np.empty(2 * capacity, np.uint64), np.zeros(2 * most, np.uint32)
        copies, state = np.empty((max(1, capacity // SPACING), number), np.uint64), np.zeros(number, np.uint64)
        ids, pointers, values = engine.register_batch(self.registers)
        self._keep = [ids, pointers, values, log, slots, copies, state]
        self.block: NDArray[np.uint64] = np.zeros(S_WORDS, np.uint64)
        for word, value in (
            (S_ROOT, address_of(engine.root)), (S_STEPS, address_of(self.rows)), (S_STEP_MASK, capacity - 1),
            (S_MEM, address_of(self.writes)), (S_MEM_MASK, len(self.writes) - 1), (S_LOG, address_of(log)),
            (S_LOG_MASK, len(log) - 1), (S_KINDS, address_of(self.kinds)), (S_KINDS_SIZE, most),
            (S_SLOTS, address_of(slots)), (S_SLOTS_MASK, len(slots) - 1), (S_COPIES, address_of(copies)),
            (S_COPIES_MASK, len(copies) - 1), (S_STATE, address_of(state)), (S_NUMBER, number),
            (S_IDS, address_of(ids)), (S_PTRS, address_of(pointers)), (S_VALUES, address_of(values)),
            (S_START, start), (S_LOW, low), (S_UNTIL, until),
        ):  # fmt: skip
            self.block[word] = value
        if isinstance(engine, Engine) and not engine.wide:
            self._put_table(engine)
        engine.watch_steps(step, memory_written.address, address_of(self.block))

    def _put_table(self, engine: Core) -> None:
        """What reads the GDT, which says how wide code is."""
        ids, pointers, values = engine.register_batch(("gdtr",), words=3)
        self._keep += [ids, pointers, values]
        for word, array in ((S_GDT_ID, ids), (S_GDT_PTR, pointers), (S_GDT, values)):
            self.block[word] = address_of(array)

    @property
    def count(self) -> int:
        """Instructions executed since it was attached."""
        return int(self.block[S_COUNT])

    # --- services --------------------------------------------------------------------------------------------------
    def stored(self, move: Move, length: int) -> None:
        """The last step, a service, stored ``length`` bytes at ``move.to``, made of what ``move`` says."""
        block = self.block
        if not 0 < int(block[S_COUNT]) <= int(block[S_UNTIL]) or not length:
            return
        number = int(block[S_MEM_COUNT])
        block[S_MEM_COUNT] += np.uint64(1)
        self.writes[number % len(self.writes)] = (move.to, 0, length)
        self.moved(move)

    def moved(self, move: Move) -> None:
        """The last step, a service, did that."""
        self.moves.setdefault(self.count - 1, []).append(move)

    # --- what was kept ---------------------------------------------------------------------------------------------
    @property
    def known(self) -> int:
        """How many instructions ``kinds`` has."""
        return int(self.block[S_KINDS_COUNT])

    @property
    def end(self) -> int:
        """The number of the last instruction kept, and one."""
        return min(self.count, int(self.block[S_UNTIL]))

    def first(self) -> int:
        """The number of the first instruction that is kept whole: nothing of it, or after it, was overwritten."""
        block, end = self.block, self.end
        low, high = max(0, end - len(self.rows), int(block[S_KINDS_FROM])), end
        mem, log = int(block[S_MEM_COUNT]), int(block[S_LOG_COUNT])
        room = int(block[S_LOG_MASK]) + 1
        while low < high:  # what was written since only shrinks towards the end
            middle = (low + high) // 2
            row = self.rows[middle % len(self.rows)]
            if (mem - int(row["mem"])) % (1 << 32) <= len(self.writes) and (log - int(row["log"])) % (1 << 32) <= room:
                high = middle
            else:
                low = middle + 1
        return low
