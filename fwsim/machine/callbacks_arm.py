"""The native callbacks of an Arm machine: each instruction, each exception, and memory that Python answers for."""

from itertools import count
from typing import Any

import numpy as np

from fwsim.cpu.around_access import enter_memory
from fwsim.native import (
    R_CS,
    R_IP,
    STOP_FAULT,
    TRAP_REGION_READ,
    TRAP_REGION_WRITE,
    callback,
    native,
    stop,
    trap,
    u64s,
)
from fwsim.trace.event import Op, Space
from fwsim.trace.progress import IN_MEMORY, seen
from fwsim.trace.record import record

_next = count().__next__
G_ROOT = _next()
G_BASE = _next()  # guest-physical address of the region
_MEMORY, _READ, _WRITE = int(Space.MEMORY), int(Op.READ), int(Op.WRITE)


@native
def _lanes(size: int) -> Any:
    return np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - 8 * size)


@callback("void(u64, u64, u32, u64)")
def instruction(uc: Any, address: int, size: int, root: int) -> None:
    """Before each instruction: which one makes the accesses that follow."""
    words = u64s(root)
    words[R_CS] = np.uint64(0)
    words[R_IP] = np.uint64(address)


@callback("void(u64, u32, u64)")
def exception(uc: Any, number: int, root: int) -> None:
    """An exception, by the engine's number of it: Python's to deliver."""
    stop(root, STOP_FAULT, np.uint64(number))


@callback("u64(u64, u64, u32, u64)")
def region_read(uc: Any, offset: int, size: int, block: int) -> Any:
    """Memory that Python answers for, read."""
    root, address = u64s(block)[G_ROOT], u64s(block)[G_BASE] + np.uint64(offset)
    enter_memory(root, address, size, 0)
    value = trap(root, TRAP_REGION_READ, address, size, 0) & _lanes(size)
    value = record(root, _MEMORY, _READ, size, address, value, value, 0)
    seen(root, np.uint64(IN_MEMORY) | address, value, False)
    return value


@callback("void(u64, u64, u32, u64, u64)")
def region_write(uc: Any, offset: int, size: int, value: int, block: int) -> None:
    """Memory that Python answers for, written."""
    root, address = u64s(block)[G_ROOT], u64s(block)[G_BASE] + np.uint64(offset)
    enter_memory(root, address, size, 1)
    data = np.uint64(value) & _lanes(size)
    record(root, _MEMORY, _WRITE, size, address, data, data, 0)
    seen(root, np.uint64(IN_MEMORY) | address, data, False)
    trap(root, TRAP_REGION_WRITE, address, size, data)
