"""What is kept of each step, natively: its instruction's number, and the registers that changed since the one before.

A step's row is four words of 32 bits; instructions are kept once, and register changes in a log of their own: two to
four times as many steps as with whole registers and code bytes of each in the same memory. Every array but that of the
instructions is a ring. A word of the block is counted where it is named.
"""

from itertools import count
from typing import Any

import numpy as np

from fwsim.native import R_SEQ, callback, native, place, u32s, u64s

WRITE = np.dtype([("address", "<u8"), ("value", "<u8"), ("size", "<u8")])
"""A memory write."""
ROW = np.dtype([("kind", "<u4"), ("log", "<u4"), ("seq", "<u4"), ("mem", "<u4")])
"""A step: which instruction; and before it: entries of the log, events, memory writes. Counts since reset, modulo 2^32.
"""
KIND = np.dtype([("address", "<u8"), ("code", "u1", 16), ("cs", "<u2"), ("size", "<u2"), ("protected", "<u2"),
                 ("rest", "<u2")])  # fmt: skip
"""An instruction: linear address; code bytes, zero where it lies outside RAM; CS; its size in bytes; ``protected``: 0
real mode, or its segments still; 1, 2 protected mode with 16, 32-bit code; 3 64-bit code. AArch64's: address and word.
"""
SPACING = 256
"""Steps from one copy of all registers to the next."""
_next = count().__next__
S_ROOT = _next()
S_STEPS = _next()  # ROW
S_STEP_MASK = _next()
S_COUNT = _next()
S_MEM = _next()  # WRITE
S_MEM_MASK = _next()
S_MEM_COUNT = _next()
S_LOG = _next()  # a word for each half of a register that changed: its number << 32 | old ^ new
S_LOG_MASK = _next()
S_LOG_COUNT = _next()
S_KINDS = _next()  # KIND
S_KINDS_SIZE = _next()
S_KINDS_COUNT = _next()
S_KINDS_FROM = _next()  # the step from which on the numbers of instructions are those of S_KINDS
S_SLOTS = _next()  # hash table of numbers + 1, 32 bits each
S_SLOTS_MASK = _next()
S_COPIES = _next()  # all registers, each SPACING steps
S_COPIES_MASK = _next()
S_STATE = _next()  # the registers before the last step
S_IDS = _next()
S_PTRS = _next()
S_VALUES = _next()
S_NUMBER = _next()  # registers that are read
S_LOW = _next()
S_UNTIL = _next()
S_REAL_CS = _next()
S_GDT_ID = _next()
S_GDT_PTR = _next()
S_GDT = _next()
S_START = _next()  # of the RAM that R_RAM leads to; it ends at S_LOW
S_WORDS = _next()
_WRITTEN_AT, _WRITTEN, _WRITTEN_SIZE = (place(WRITE, name) for name in ("address", "value", "size"))
_WRITE_SIZE = WRITE.itemsize
_KIND, _LOG, _SEQ, _MEM = (place(ROW, name) for name in ("kind", "log", "seq", "mem"))
_ROW_SIZE = ROW.itemsize
_ADDRESS = place(KIND, "address")
_CODE = place(KIND, "code") // 8  # sixteen bytes, compared as two words
_HEAD = 3  # CS, size and ``protected`` in one word
_KIND_WORDS = KIND.itemsize // 8
_LOW_HALF = (1 << 32) - 1


@native
def _kind_of(words: Any, address: int, low: int, high: int, head: int) -> Any:
    """The number of an instruction; all begin anew where there is room for no more."""
    kinds, slots, mask = u64s(words[S_KINDS]), u32s(words[S_SLOTS]), words[S_SLOTS_MASK]
    slot = np.uint64(address) & mask  # neighbours lie side by side: a ROM's loop stays in the cache
    while slots[slot]:
        number = np.uint64(slots[slot]) - np.uint64(1)
        at = number * np.uint64(_KIND_WORDS)
        if (
            kinds[at + np.uint64(_ADDRESS)] == address
            and kinds[at + np.uint64(_CODE)] == low
            and kinds[at + np.uint64(_CODE + 1)] == high
            and kinds[at + np.uint64(_HEAD)] == head
        ):
            return number
        slot = (slot + np.uint64(1)) & mask
    number = words[S_KINDS_COUNT]
    if number >= words[S_KINDS_SIZE]:
        for each in range(mask + np.uint64(1)):
            slots[each] = np.uint32(0)
        number, slot = np.uint64(0), np.uint64(address) & mask
        words[S_KINDS_FROM] = words[S_COUNT] - np.uint64(1)
    words[S_KINDS_COUNT] = number + np.uint64(1)
    slots[slot] = np.uint32(number + np.uint64(1))
    at = number * np.uint64(_KIND_WORDS)
    kinds[at + np.uint64(_ADDRESS)] = address
    kinds[at + np.uint64(_CODE)] = low
    kinds[at + np.uint64(_CODE + 1)] = high
    kinds[at + np.uint64(_HEAD)] = head
    return number


@native
def record(block: int, address: int, low: int, high: int, head: int) -> None:
    """Keep a step, its registers read: S_COUNT has it already. ``low``, ``high``: its code bytes; ``head``: CS, size,
    and how protected it is, 16 bits each.
    """
    words = u64s(block)
    number = words[S_COUNT] - np.uint64(1)
    values, state, size = u64s(words[S_VALUES]), u64s(words[S_STATE]), words[S_NUMBER]
    log, logged, mask = u64s(words[S_LOG]), words[S_LOG_COUNT], words[S_LOG_MASK]
    for register in range(size):
        changed = values[register] ^ state[register]
        if changed == np.uint64(0):
            continue
        state[register] = values[register]
        half = np.uint64(register) << np.uint64(33)
        if changed & np.uint64(_LOW_HALF):
            log[logged & mask] = half | (changed & np.uint64(_LOW_HALF))
            logged += np.uint64(1)
        if changed >> np.uint64(32):
            log[logged & mask] = half | np.uint64(1 << 32) | (changed >> np.uint64(32))
            logged += np.uint64(1)
    words[S_LOG_COUNT] = logged
    if number & np.uint64(SPACING - 1) == np.uint64(0):
        copy = ((number // np.uint64(SPACING)) & words[S_COPIES_MASK]) * size
        copies = u64s(words[S_COPIES])
        for register in range(size):
            copies[copy + register] = state[register]
    row = u32s(words[S_STEPS] + (number & words[S_STEP_MASK]) * np.uint64(_ROW_SIZE))
    row[_KIND] = np.uint32(_kind_of(words, np.uint64(address), np.uint64(low), np.uint64(high), np.uint64(head)))
    row[_LOG] = np.uint32(logged)
    row[_SEQ] = np.uint32(u64s(words[S_ROOT])[R_SEQ])
    row[_MEM] = np.uint32(words[S_MEM_COUNT])


@callback("void(u64, i32, u64, i32, i64, u64)")
def memory_written(uc: Any, kind: int, address: int, size: int, value: int, block: int) -> None:
    """At a memory write."""
    words = u64s(block)
    if words[S_COUNT] > words[S_UNTIL]:
        return
    number = words[S_MEM_COUNT]
    words[S_MEM_COUNT] = number + np.uint64(1)
    at = words[S_MEM] + (number & words[S_MEM_MASK]) * np.uint64(_WRITE_SIZE)
    wide = u64s(at)
    wide[_WRITTEN_AT] = np.uint64(address)
    wide[_WRITTEN] = np.uint64(value)
    wide[_WRITTEN_SIZE] = np.uint64(size)
