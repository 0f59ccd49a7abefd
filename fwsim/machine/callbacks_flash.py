"""A flash chip's memory is answered by native code that only a machine with a chip to write to needs."""

from typing import Any

import numpy as np

from fwsim.cpu.around_access import enter_memory
from fwsim.devices.flash import F_BASE, F_COMMAND, F_ROOT, flash_load, flash_store
from fwsim.native import callback, u64s
from fwsim.trace.event import Op, Space
from fwsim.trace.progress import IN_MEMORY, seen
from fwsim.trace.record import record

_READ, _WRITE, _MEMORY = int(Op.READ), int(Op.WRITE), int(Space.MEMORY)
_ARRAY = 0xFF


@callback("u64(u64, u64, u32, u64)")
def flash_read(uc: Any, offset: int, size: int, block: int) -> Any:
    """The array, which is memory and is not recorded; or the status, which is a register."""
    words = u64s(block)
    value = np.uint64(flash_load(block, offset, size))
    if words[F_COMMAND] != np.uint64(_ARRAY):
        address = words[F_BASE] + np.uint64(offset)
        enter_memory(words[F_ROOT], address, size, 0)
        value = record(words[F_ROOT], _MEMORY, _READ, size, address, value, value, 0)
        seen(words[F_ROOT], IN_MEMORY | address, value, False)
    return value


@callback("void(u64, u64, u32, u64, u64)")
def flash_write(uc: Any, offset: int, size: int, value: int, block: int) -> None:
    """A cycle of a command."""
    words = u64s(block)
    address = words[F_BASE] + np.uint64(offset)
    enter_memory(words[F_ROOT], address, size, 1)
    record(words[F_ROOT], _MEMORY, _WRITE, size, address, value, value, 0)
    seen(words[F_ROOT], IN_MEMORY | address, value, False)
    flash_store(block, offset, size, value)
