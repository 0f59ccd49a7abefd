"""The words of the block that a recorder of steps is given: each CPU's own callback, and the one of memory writes.

A word's number is counted where it is named.
"""

from itertools import count
from typing import Any

import numpy as np

from fwsim.native import callback, place, u64s

WRITE = np.dtype([("address", "<u8"), ("value", "<u8"), ("size", "<u8")])
_next = count().__next__
S_ROOT = _next()
S_STEPS = _next()
S_STEP_MASK = _next()
S_COUNT = _next()
S_MEM = _next()
S_MEM_MASK = _next()
S_MEM_COUNT = _next()
S_IDS = _next()
S_PTRS = _next()
S_VALUES = _next()
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
