"""REP STOS into the VGA window is done at one stroke: the engine makes a block and an access of each of its rounds.

A mode set clears the screen so, 240,000 rounds and a third of its time. The code cannot tell, nor can whoever looks at
the run: as many rounds are done as would pass without a closer look at a block (a budget, an interrupt, a wait), each
counted as the block of code that it is, and none of them is an event or takes virtual time. Where anything else comes
into it - backwards, TF, paging, 64-bit code, an address that is not aligned - the engine does them.
"""

from typing import Any

import numpy as np

from fwsim.devices.vga.window import vga_fill
from fwsim.native import (
    I_CR0,
    I_EFLAGS,
    R_AT_CS,
    R_CODE,
    R_CODE_NEXT,
    R_FILLS,
    R_FN_FILL,
    R_FN_LOOK,
    R_FN_READ,
    R_GENERAL,
    R_IDS_INT,
    R_INT_VALUES,
    R_LOOKED,
    R_PTRS_INT,
    R_RAM,
    R_STOP,
    R_UC,
    STOP_NONE,
    call,
    callback,
    native,
    u8s,
    u32s,
    u64s,
)

_START, _END = 0xA0000, 0xC0000
_REP, _OPERAND, _ADDRESS = 0xF3, 0x66, 0x67
_STOSB = 0xAA
_TF, _DF, _PG = 0x100, 0x400, 1 << 31
_BIG, _LONG = 1 << 22, 1 << 21
_A, _C, _DI = 0, 1, 7
"""Of R_GENERAL."""
_SEGMENT, _BASE, _FLAGS = 24, 8, 20
"""Bytes of a segment register in the engine, and where in it those are (cpu/inner.py); ES comes before CS."""


@native
def fill(root: int, address: int, size: int) -> None:
    """At the entry of a block of ``size`` bytes: if it is REP STOS into the window, all rounds that can be done now."""
    words = u64s(root)
    at = np.uint64(address)
    if at + np.uint64(4) > words[R_FILLS] or (at + np.uint64(4) > np.uint64(_START) and at < np.uint64(_END)):
        return
    code = u8s(words[R_RAM] + at)
    if code[size - 1] & np.uint8(0xFE) == np.uint8(_STOSB) and code[0] & np.uint8(0x62) == np.uint8(0x62):
        call(words[R_FN_FILL], root, address, size, 0)


@callback("void(u64, u64, u64, u64)")
def filled(root: int, address: int, size: int, unused: int) -> None:
    """R_FN_FILL: the same, where RAM has what may be it. The engine reads what is executed: PAM may show other memory.

    Called by its address, for the sake of all blocks that are none: what is copied into their way costs them registers.
    """
    words = u64s(root)
    if words[R_FN_LOOK] == np.uint64(0) or words[R_STOP] != np.uint64(STOP_NONE):
        return
    looked = np.uint64(root) + np.uint64(8 * R_LOOKED)
    if call(words[R_FN_LOOK], words[R_UC], address, looked, size) & np.uint64(0xFFFFFFFF):
        return
    code = u8s(looked)
    repeated, operand, other = False, False, False
    narrow = False
    for number in range(np.int64(size) - 1):
        byte = code[number]
        repeated |= byte == np.uint8(_REP)
        operand |= byte == np.uint8(_OPERAND)
        narrow |= byte == np.uint8(_ADDRESS)
        other |= byte != np.uint8(_REP) and byte != np.uint8(_OPERAND) and byte != np.uint8(_ADDRESS)
    opcode = np.int64(code[np.int64(size) - 1])
    if other or not repeated or opcode & 0xFE != _STOSB:
        return
    call(words[R_FN_READ], words[R_UC], words[R_IDS_INT], words[R_PTRS_INT], I_EFLAGS + 1)
    values = u64s(words[R_INT_VALUES])
    kind = u32s(words[R_AT_CS] + np.uint64(_FLAGS))[0]
    if values[I_CR0] & np.uint64(_PG) or values[I_EFLAGS] & np.uint64(_TF | _DF) or kind & np.uint32(_LONG):
        return
    big = kind & np.uint32(_BIG) != np.uint32(0)
    width = 1 if opcode == _STOSB else (4 if big != operand else 2)
    _do(root, size, width, big != narrow)


@native
def _do(root: int, size: int, width: int, wide: Any) -> None:
    """``wide``: addresses have 32 bits."""
    words = u64s(root)
    general = u64s(words[R_GENERAL])
    mask = np.uint64(0xFFFFFFFF if wide else 0xFFFF)
    count, to = general[_C] & mask, general[_DI] & mask
    base = u64s(words[R_AT_CS] - np.uint64(_SEGMENT - _BASE))[0]
    linear = (base + to) & np.uint64(0xFFFFFFFF)
    step = np.uint64(width)
    if linear < np.uint64(_START) or linear >= np.uint64(_END) or linear & (step - np.uint64(1)):
        return
    if words[R_CODE_NEXT] <= words[R_CODE]:
        return
    unseen = (words[R_CODE_NEXT] - np.uint64(1) - words[R_CODE]) // np.uint64(size)
    rounds = min(count, unseen, (np.uint64(_END) - linear) // step, (mask + np.uint64(1) - to) // step)
    if rounds == np.uint64(0):
        return
    vga_fill(root, linear - np.uint64(_START), width, general[_A], rounds)
    upper = np.uint64(0) if wide else ~np.uint64(0xFFFF)
    general[_C] = (general[_C] & upper) | (count - rounds)
    general[_DI] = (general[_DI] & upper) | ((to + rounds * step) & mask)
    words[R_CODE] += rounds * np.uint64(size)
