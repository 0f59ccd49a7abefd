"""An AArch64 step is recorded natively: its address and word, X0 to X30, SP and NZCV before it."""

from typing import Any

import numpy as np

from fwsim.cpu.arm import STEP_REGISTERS
from fwsim.cpu.steps_words import (
    S_COUNT,
    S_IDS,
    S_LOW,
    S_MEM_COUNT,
    S_PTRS,
    S_ROOT,
    S_START,
    S_STEP_MASK,
    S_STEPS,
    S_UNTIL,
    S_VALUES,
)
from fwsim.native import R_FN_READ, R_RAM, R_SEQ, R_UC, call, callback, place, u32s, u64s

ARM_STEP = np.dtype(
    [
        ("address", "<u8"),  # guest-physical
        ("mem", "<u8"),  # writes recorded before this instruction's
        ("regs", "<u8", 32),  # X0 to X30, SP, before it
        ("flags", "<u4"),  # NZCV, N in bit 31
        ("seq", "<u4"),  # events recorded before it
        ("word", "<u4"),  # zero where it lies outside RAM
        ("rest", "<u4"),  # steps begin at whole words
    ]
)
_SIZE = ARM_STEP.itemsize
_ADDRESS, _MEM, _REGS, _FLAGS, _SEQ, _WORD = (place(ARM_STEP, name) for name in ("address", "mem", "regs", "flags",
                                                                                   "seq", "word"))  # fmt: skip
_GENERAL = len(STEP_REGISTERS) - 1


@callback("void(u64, u64, u32, u64)")
def arm_step(uc: Any, address: int, size: int, block: int) -> None:
    """Before an instruction."""
    words = u64s(block)
    number = words[S_COUNT]
    words[S_COUNT] = number + np.uint64(1)
    if number >= words[S_UNTIL]:
        return
    root = u64s(words[S_ROOT])
    at = words[S_STEPS] + (number & words[S_STEP_MASK]) * np.uint64(_SIZE)
    wide, half = u64s(at), u32s(at)
    here = np.uint64(address)
    wide[_ADDRESS] = here
    wide[_MEM] = words[S_MEM_COUNT]
    held = here >= words[S_START] and here < words[S_LOW]
    half[_WORD] = u32s(root[R_RAM] + here)[0] if held else np.uint32(0)
    call(root[R_FN_READ], root[R_UC], words[S_IDS], words[S_PTRS], _GENERAL + 1)
    values = u64s(words[S_VALUES])
    for register in range(_GENERAL):
        wide[_REGS + register] = values[register]
    half[_FLAGS] = np.uint32(values[_GENERAL])
    half[_SEQ] = np.uint32(root[R_SEQ])
