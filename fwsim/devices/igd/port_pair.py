"""The I/O BAR's index and data ports reach every register and GTT entry; a hypervisor may listen to them."""

from typing import Any

import numpy as np

from fwsim.devices.igd import layout as g
from fwsim.devices.igd.access import gtt_load, is_clock, mmio_read, mmio_write
from fwsim.devices.igd.gtt_path import gtt_write
from fwsim.native import R_IGD, call, inlined, native, u64s
from fwsim.trace.event import Flag, Op, Space
from fwsim.trace.progress import IN_GTT, IN_MMIO, forced, looked_up, seen, seen_here
from fwsim.trace.record import record, record_here

_READ, _WRITE = int(Op.READ), int(Op.WRITE)
_PORT, _GTT, _MMIO = int(Space.PORT), int(Space.GTT), int(Space.MMIO)
_INDEXED, _ASSISTED, _UNHANDLED = int(Flag.INDEXED), int(Flag.ASSISTED), int(Flag.UNHANDLED)


@inlined
def iobar_out(root: int, port: int, base: int, size: int, value: int) -> None:
    """OUT to the I/O BAR: +0 is the index (bits 31:2 a byte offset, bit 0 the GTT, not the registers), +4 the data."""
    igd = u64s(u64s(root)[R_IGD])
    at = port - base
    if at == 0 and size == 4:
        igd[g.G_INDEX] = np.uint64(value)
        record_here(root, _PORT, _WRITE, size, port, value, value, 0)
    elif at == 4 and size == 4:
        index = igd[g.G_INDEX]
        offset = index & np.uint64(0xFFFFFFFC)
        if index & np.uint64(1):
            entry = looked_up(root, IN_GTT | offset, value)
            gtt_write(root, offset, value, index, _INDEXED)
            seen_here(root, IN_GTT | offset, entry, False)
        else:
            entry = looked_up(root, IN_MMIO | offset, value)
            record_here(root, _MMIO, _WRITE, 4, offset, value, value, _INDEXED)
            mmio_write(root, offset, value)
            seen_here(root, IN_MMIO | offset, entry, False)
    else:
        record(root, _PORT, _WRITE, size, port, value, value, _UNHANDLED)
        return
    if igd[g.G_PAIR]:
        call(igd[g.G_PAIR], root, at, 1, value)


@native
def iobar_in(root: int, port: int, base: int, size: int) -> Any:
    """IN from the I/O BAR."""
    igd = u64s(u64s(root)[R_IGD])
    at = port - base
    if igd[g.G_PAIR]:
        call(igd[g.G_PAIR], root, at, 0, 0)
    if at == 0 and size == 4:
        value = igd[g.G_INDEX]
        return record(root, _PORT, _READ, size, port, value, value, 0)
    if at == 4 and size == 4:
        index = igd[g.G_INDEX]
        offset = index & np.uint64(0xFFFFFFFC)
        if index & np.uint64(1):
            value = gtt_load(root, offset)
            value = record(root, _GTT, _READ, 4, offset, value, value, _INDEXED)
            seen(root, IN_GTT | offset, value, False)
        else:
            real = mmio_read(root, offset)
            value = forced(root, IN_MMIO | offset, real)
            flags = _INDEXED if value == real else _INDEXED | _ASSISTED
            value = record(root, _MMIO, _READ, 4, offset, value, real, flags)
            seen(root, IN_MMIO | offset, value, is_clock(igd, offset))
        return value
    value = (np.uint64(1) << np.uint64(8 * size)) - np.uint64(1)
    return record(root, _PORT, _READ, size, port, value, value, _UNHANDLED)
