"""Parts of a configuration window that others own are answered by native code that other machines do without."""

from typing import Any

import numpy as np

from fwsim.cpu.around_access import enter_memory
from fwsim.devices.bus import config_in, config_out
from fwsim.native import callback, u64s

CELL_ROOT, CELL_START, CELL_FIRST, CELL_WAY = range(4)
"""What a part's callbacks are given the address of: the root's address, the part's own, the ECAM address of its first
byte, and the way by which its accesses come (a VIA_* of the bus)."""


@callback("u64(u64, u64, u32, u64)")
def part_read(uc: Any, offset: int, size: int, cell: int) -> Any:
    """A part of the window, or of where it was, read: the engine makes aligned bytes, words and dwords of all."""
    words = u64s(cell)
    enter_memory(words[CELL_ROOT], words[CELL_START] + np.uint64(offset), size, 0)
    return np.uint64(config_in(words[CELL_ROOT], words[CELL_FIRST] + np.uint64(offset), size, words[CELL_WAY]))


@callback("void(u64, u64, u32, u64, u64)")
def part_write(uc: Any, offset: int, size: int, value: int, cell: int) -> None:
    """The same, written."""
    words = u64s(cell)
    enter_memory(words[CELL_ROOT], words[CELL_START] + np.uint64(offset), size, 1)
    ones = (np.uint64(1) << np.uint64(8 * size)) - np.uint64(1)
    at = words[CELL_FIRST] + np.uint64(offset)
    config_out(words[CELL_ROOT], at, size, np.uint64(value) & ones, words[CELL_WAY])
