"""Ports and registers of a display adapter other than the IGD are answered by native code that others do without."""

from typing import Any

import numpy as np

from fwsim.cpu.around_access import enter_memory
from fwsim.devices.adapters import bar_read, bar_write
from fwsim.devices.vga.dispi import dispi_in, dispi_out
from fwsim.native import BAR_ADAPTER, BAR_ROLE, PORT_DISPI, R_BAR_BASES, R_PORTS, callback, u8s, u64s
from fwsim.trace.event import Op, Space
from fwsim.trace.progress import IN_MMIO, seen
from fwsim.trace.record import record

_READ, _WRITE, _MMIO = int(Op.READ), int(Op.WRITE), int(Space.MMIO)
CELL_ROOT, CELL_ROLE, CELL_BASE = 0, 1, 2
"""What a BAR's callbacks are given the address of: the root's address, the BAR's Role and its base."""


@callback("u64(u64, u32, i32, u64)")
def adapter_in(root: int, port: int, size: int, unused: int) -> Any:
    """IN from a PORT_DISPI or PORT_BAR port; time, event and progress are the caller's."""
    words = u64s(root)
    if u8s(words[R_PORTS])[port & 0xFFFF] == PORT_DISPI:
        return np.uint64(dispi_in(root, port, size))
    bases = u64s(words[R_BAR_BASES])
    return np.uint64(bar_read(root, bases[BAR_ROLE], port - bases[BAR_ADAPTER], size))


@callback("u64(u64, u32, i32, u32)")
def adapter_out(root: int, port: int, size: int, value: int) -> Any:
    """OUT to such a port."""
    words = u64s(root)
    if u8s(words[R_PORTS])[port & 0xFFFF] == PORT_DISPI:
        dispi_out(root, port, size, value)
    else:
        bases = u64s(words[R_BAR_BASES])
        bar_write(root, bases[BAR_ROLE], port - bases[BAR_ADAPTER], size, value)
    return np.uint64(0)


@callback("u64(u64, u64, u32, u64)")
def adapter_read(uc: Any, offset: int, size: int, cell: int) -> Any:
    """A register BAR of a display device other than the IGD; ``cell``: CELL_* words."""
    words = u64s(cell)
    enter_memory(words[CELL_ROOT], words[CELL_BASE] + np.uint64(offset), size, 0)
    value = np.uint64(bar_read(words[CELL_ROOT], words[CELL_ROLE], offset, size))
    value = record(words[CELL_ROOT], _MMIO, _READ, size, offset, value, value, 0)
    seen(words[CELL_ROOT], IN_MMIO | offset, value, False)
    return value


@callback("void(u64, u64, u32, u64, u64)")
def adapter_write(uc: Any, offset: int, size: int, value: int, cell: int) -> None:
    """The same, written."""
    words = u64s(cell)
    enter_memory(words[CELL_ROOT], words[CELL_BASE] + np.uint64(offset), size, 1)
    record(words[CELL_ROOT], _MMIO, _WRITE, size, offset, value, value, 0)
    seen(words[CELL_ROOT], IN_MMIO | offset, value, False)
    bar_write(words[CELL_ROOT], words[CELL_ROLE], offset, size, value)
