"""The last instructions are recorded natively: registers, code bytes, memory writes.

Two rings of fixed size, written by callbacks at every instruction and memory write; nothing else of a run changes.
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
from fwsim.cpu.steps_arm import ARM_STEP, arm_step
from fwsim.cpu.steps_words import (
    S_COUNT,
    S_GDT,
    S_GDT_ID,
    S_GDT_PTR,
    S_IDS,
    S_LOW,
    S_MEM,
    S_MEM_COUNT,
    S_MEM_MASK,
    S_PTRS,
    S_REAL_CS,
    S_ROOT,
    S_START,
    S_STEP_MASK,
    S_STEPS,
    S_UNTIL,
    S_VALUES,
    S_WORDS,
    WRITE,
    memory_written,
)
from fwsim.native import R_FN_READ, R_RAM, R_SEQ, R_UC, address_of, call, callback, native, place, u16s, u32s, u64s

STEP = np.dtype(
    [
        ("address", "<u8"),  # linear
        ("mem", "<u8"),  # writes recorded before this instruction's
        ("code", "u1", 16),  # zero where it lies outside RAM
        ("regs", "<u4", 8),  # EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI, before it
        ("flags", "<u4"),
        ("seq", "<u4"),  # events recorded before it
        ("cs", "<u2"),
        ("size", "<u2"),
        ("ds", "<u2"),
        ("es", "<u2"),
        ("ss", "<u2"),
        ("protected", "<u2"),  # 0 real mode, or its segments still; 1, 2 protected mode with 16, 32-bit code
    ]
)
LONG_STEP = np.dtype(
    [
        ("address", "<u8"),
        ("mem", "<u8"),
        ("code", "u1", 16),
        ("regs", "<u8", 16),  # RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15, before it
        ("flags", "<u4"),
        ("seq", "<u4"),
        ("cs", "<u2"),
        ("size", "<u2"),
        ("ds", "<u2"),  # the segments are flat: zero
        ("es", "<u2"),
        ("ss", "<u2"),
        ("protected", "<u2"),  # 3: 64-bit code
        ("rest", "<u4"),  # steps begin at whole words
    ]
)
"""STEP of an engine in long mode."""
LONG = 3
_A0000, _C0000 = 0xA0000, 0xC0000
_SIZE = STEP.itemsize
_ADDRESS, _MEM, _REGS, _FLAGS, _SEQ = (place(STEP, name) for name in ("address", "mem", "regs", "flags", "seq"))
_CODE = place(STEP, "code") // 8  # sixteen bytes, written as two words
_CS, _LENGTH, _DS, _PROTECTED = (place(STEP, name) for name in ("cs", "size", "ds", "protected"))
_REGISTERS = len(STEP_REGISTERS)
_OF_EFLAGS, _OF_CS, _OF_DS, _OF_CR0 = (STEP_REGISTERS.index(name) for name in ("eflags", "cs", "ds", "cr0"))


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


@callback("void(u64, u64, u32, u64)")
def _step(uc: Any, address: int, size: int, block: int) -> None:
    """Before an instruction."""
    words = u64s(block)
    number = words[S_COUNT]
    words[S_COUNT] = number + np.uint64(1)
    if number >= words[S_UNTIL]:
        return
    root = u64s(words[S_ROOT])
    at = words[S_STEPS] + (number & words[S_STEP_MASK]) * np.uint64(_SIZE)
    wide = u64s(at)
    wide[_ADDRESS] = np.uint64(address)
    wide[_MEM] = words[S_MEM_COUNT]
    linear = np.uint64(address)
    if linear < np.uint64(_A0000 - 16) or (linear >= np.uint64(_C0000) and linear + np.uint64(16) <= words[S_LOW]):
        code = u64s(root[R_RAM] + linear)
        wide[_CODE] = code[0]
        wide[_CODE + 1] = code[1]
    else:
        wide[_CODE] = np.uint64(0)
        wide[_CODE + 1] = np.uint64(0)
    call(root[R_FN_READ], root[R_UC], words[S_IDS], words[S_PTRS], _REGISTERS)
    values = u64s(words[S_VALUES])
    half = u32s(at)
    for register in range(8):
        half[_REGS + register] = np.uint32(values[register])
    half[_FLAGS] = np.uint32(values[_OF_EFLAGS])
    half[_SEQ] = np.uint32(root[R_SEQ])
    short = u16s(at)
    short[_CS] = np.uint16(values[_OF_CS])
    short[_LENGTH] = np.uint16(size)
    for segment in range(3):  # DS, ES, SS
        short[_DS + segment] = np.uint16(values[_OF_DS + segment])
    short[_PROTECTED] = np.uint16(_mode(block, values[_OF_CS], values[_OF_CR0]))


_LONG_SIZE = LONG_STEP.itemsize
_LONG_ADDRESS, _LONG_MEM, _LONG_REGS = (place(LONG_STEP, name) for name in ("address", "mem", "regs"))
_LONG_FLAGS, _LONG_SEQ = place(LONG_STEP, "flags"), place(LONG_STEP, "seq")
_LONG_CODE = place(LONG_STEP, "code") // 8
_LONG_CS, _LONG_LENGTH, _LONG_PROTECTED = (place(LONG_STEP, name) for name in ("cs", "size", "protected"))
_WIDE_REGISTERS = len(LONG_STEP_REGISTERS)


@callback("void(u64, u64, u32, u64)")
def _long_step(uc: Any, address: int, size: int, block: int) -> None:
    """Before an instruction of 64-bit code."""
    words = u64s(block)
    number = words[S_COUNT]
    words[S_COUNT] = number + np.uint64(1)
    if number >= words[S_UNTIL]:
        return
    root = u64s(words[S_ROOT])
    at = words[S_STEPS] + (number & words[S_STEP_MASK]) * np.uint64(_LONG_SIZE)
    wide = u64s(at)
    wide[_LONG_ADDRESS] = np.uint64(address)
    wide[_LONG_MEM] = words[S_MEM_COUNT]
    linear = np.uint64(address)
    held = linear < np.uint64(_A0000 - 16) or (linear >= np.uint64(_C0000) and linear + np.uint64(16) <= words[S_LOW])
    for half in range(2):
        wide[_LONG_CODE + half] = u64s(root[R_RAM] + linear)[half] if held else np.uint64(0)
    call(root[R_FN_READ], root[R_UC], words[S_IDS], words[S_PTRS], _WIDE_REGISTERS)
    values = u64s(words[S_VALUES])
    for register in range(16):
        wide[_LONG_REGS + register] = values[register]
    half_words = u32s(at)
    half_words[_LONG_FLAGS] = np.uint32(values[16])
    half_words[_LONG_SEQ] = np.uint32(root[R_SEQ])
    short = u16s(at)
    for field in range(_LONG_PROTECTED - _LONG_CS):
        short[_LONG_CS + field] = np.uint16(0)
    short[_LONG_CS] = np.uint16(values[17])
    short[_LONG_LENGTH] = np.uint16(size)
    short[_LONG_PROTECTED] = np.uint16(LONG)


def _of(engine: Core) -> tuple[np.dtype[np.void], Sequence[str], int]:
    """What an engine's step is: its row, the registers that are read for it, the native callback."""
    if engine.arch == "arm64":
        return ARM_STEP, ARM_REGISTERS, arm_step.address
    if isinstance(engine, Engine) and engine.wide:
        return LONG_STEP, LONG_STEP_REGISTERS, _long_step.address
    return STEP, STEP_REGISTERS, _step.address


class Steps:
    """The last ``capacity`` instructions of an engine (a power of two), ``until`` so many have run in all.

    ``start`` and ``low``: where RAM begins, and ends below 4 GiB.
    """

    def __init__(
        self, engine: Core, low: int, capacity: int = 1 << 20, until: int = (1 << 63) - 1, start: int = 0
    ) -> None:
        self._engine = engine
        row, names, step = _of(engine)
        self.moves: dict[int, list[Move]] = {}
        """What the steps that are services did, by the step's number."""
        self._steps: NDArray[np.void] = np.empty(capacity, row)
        self._writes: NDArray[np.void] = np.empty(2 * capacity, WRITE)
        ids, pointers, values = engine.register_batch(names)
        self._keep = [ids, pointers, values]
        self._block: NDArray[np.uint64] = np.zeros(S_WORDS, np.uint64)
        for word, value in (
            (S_ROOT, address_of(engine.root)), (S_STEPS, address_of(self._steps)), (S_STEP_MASK, capacity - 1),
            (S_MEM, address_of(self._writes)), (S_MEM_MASK, 2 * capacity - 1), (S_IDS, address_of(ids)),
            (S_PTRS, address_of(pointers)), (S_VALUES, address_of(values)), (S_START, start), (S_LOW, low),
            (S_UNTIL, until),
        ):  # fmt: skip
            self._block[word] = value
        if row == STEP:
            self._put_table(engine)
        engine.watch_steps(step, memory_written.address, address_of(self._block))

    def _put_table(self, engine: Core) -> None:
        """What reads the GDT, which says how wide code is."""
        ids, pointers, values = engine.register_batch(("gdtr",), words=3)
        self._keep += [ids, pointers, values]
        for word, array in ((S_GDT_ID, ids), (S_GDT_PTR, pointers), (S_GDT, values)):
            self._block[word] = address_of(array)

    @property
    def count(self) -> int:
        """Instructions executed since it was attached."""
        return int(self._block[S_COUNT])

    # --- services --------------------------------------------------------------------------------------------------
    def stored(self, move: Move, length: int) -> None:
        """The last step, a service, stored ``length`` bytes at ``move.to``, made of what ``move`` says."""
        block = self._block
        if not 0 < int(block[S_COUNT]) <= int(block[S_UNTIL]) or not length:
            return
        number = int(block[S_MEM_COUNT])
        block[S_MEM_COUNT] += np.uint64(1)
        self._writes[number % len(self._writes)] = (move.to, 0, length)
        self.moved(move)

    def moved(self, move: Move) -> None:
        """The last step, a service, did that."""
        self.moves.setdefault(self.count - 1, []).append(move)

    def window(self) -> tuple[int, NDArray[np.void], NDArray[np.void]]:
        """The number of the first instruction kept, the kept ones in order, and their memory writes.

        ``mem`` of each is an index into these. Instructions whose writes were overwritten are left out.
        """
        end = min(self.count, int(self._block[S_UNTIL]))
        first = max(0, end - len(self._steps))
        steps = _unrolled(self._steps, first, end)
        mem_end = int(self._block[S_MEM_COUNT])
        mem_first = max(0, mem_end - len(self._writes))
        skip = int(np.searchsorted(steps["mem"], mem_first))
        steps = steps[skip:].copy()
        start = int(steps["mem"][0]) if len(steps) else mem_end
        steps["mem"] -= np.uint64(start)
        return first + skip, steps, _unrolled(self._writes, start, mem_end)


def _unrolled(ring: NDArray[np.void], first: int, end: int) -> NDArray[np.void]:
    size = len(ring)
    if end - first <= 0:
        return ring[:0]
    start, stop = first % size, (end - 1) % size + 1
    return ring[start:stop] if start < stop else np.concatenate((ring[start:], ring[:stop]))
