"""An AArch64 step is recorded natively: its address and word, X0 to X30, SP and NZCV before it."""

from typing import Any

import numpy as np

from fwsim.cpu.steps_words import S_COUNT, S_IDS, S_LOW, S_NUMBER, S_PTRS, S_ROOT, S_START, S_UNTIL, record
from fwsim.native import R_FN_READ, R_RAM, R_UC, call, callback, u32s, u64s


@callback("void(u64, u64, u32, u64)")
def arm_step(uc: Any, address: int, size: int, block: int) -> None:
    """Before an instruction."""
    words = u64s(block)
    number = words[S_COUNT]
    words[S_COUNT] = number + np.uint64(1)
    if number >= words[S_UNTIL]:
        return
    root = u64s(words[S_ROOT])
    here = np.uint64(address)
    held = here >= words[S_START] and here < words[S_LOW]
    word = np.uint64(u32s(root[R_RAM] + here)[0]) if held else np.uint64(0)
    call(root[R_FN_READ], root[R_UC], words[S_IDS], words[S_PTRS], words[S_NUMBER])
    record(np.uint64(block), here, word, np.uint64(0), np.uint64(0))
