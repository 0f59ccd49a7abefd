"""The configuration bus as native code sees it: from an ECAM address to a register, by CF8 and CFC or by a window.

Every function has a block of TABLES rows of DWORDS 32-bit words. A flat table leads from bus<<8 | device<<3 | function
to the number of the function's block (its *slot*); number 0 is the block of what is not there: it reads all ones and
takes nothing (master abort), so that nobody has to ask.

Where several own functions of one bus (P_ROUTED), Python is asked first who gets an access, and a note tells it behind
the access: who, in what form, and by which way.
"""

from itertools import count
from typing import Any

import numpy as np

from fwsim.devices.config_traps import VIA_PORTS
from fwsim.native import (
    R_PCI,
    TRAP_PCI_OWNER_READ,
    TRAP_PCI_OWNER_WRITE,
    TRAP_PCI_ROUTE,
    TRAP_PCI_WRITE,
    callback,
    inlined,
    native,
    trap,
    u16s,
    u32s,
    u64s,
)
from fwsim.trace.event import Actor, Flag, Op, Space
from fwsim.trace.progress import IN_PCI, seen
from fwsim.trace.record import record, record_as

DWORDS = 1024
"""Of a function's configuration space (PCI Express: 4 KiB)."""
ROUTES = 1 << 16
_next = count().__next__
T_VALUE = _next()  # the device's own
T_WRITABLE = _next()  # bits that a write changes
T_CLEAR = _next()  # bits that writing 1 clears
T_EMULATED = _next()  # bits that software answers in the device's place
T_ANSWER = _next()  # what it answers
T_ANSWER_WRITABLE = _next()  # bits of that which a write changes
T_ASK = _next()  # what Python is asked: ASK_* bits
TABLES = _next()
ASK_WRITTEN, ASK_OWNER = 1, 2
"""Tell of each write to this dword; and ask the function's owner in the tables' place."""
_next = count().__next__
P_ADDRESS = _next()  # what CF8 holds
P_ROUTES = _next()  # address of uint16[ROUTES]: the slot of each bus<<8 | devfn
P_BLOCKS = _next()  # address of uint64s: the address of each slot's block
P_ECAM = _next()  # guest-physical address of the configuration window
P_ECAM_SIZE = _next()  # its bytes; 0: there is none
P_LEFT = _next()  # where the window was before it moved or went off, on a routed bus
P_LEFT_SIZE = _next()  # its bytes; 0: nowhere
P_ROUTED = _next()  # 1: Python says who gets each access, and it is noted
P_WHO = _next()  # of the access that was routed last: who has it
P_NOTE = _next()  # and its note: form | flags << 8
PCI_WORDS = _next()
_TABLE = 4 * DWORDS
_READ, _WRITE = int(Op.READ), int(Op.WRITE)
_NOTE, _HYPERVISOR = int(Op.NOTE), int(Actor.HYPERVISOR)
_PORT, _PCI = int(Space.PORT), int(Space.PCI)
_EMULATED, _INDEXED = int(Flag.EMULATED), int(Flag.INDEXED)


@native
def _mask(size: int) -> Any:
    return (np.uint64(1) << np.uint64(8 * size)) - np.uint64(1)


@inlined
def _slot(pci: Any, at: int) -> Any:
    """The slot that answers ECAM address ``at``; 0: nothing does."""
    return np.uint64(u16s(pci[P_ROUTES])[(np.uint64(at) >> np.uint64(12)) & np.uint64(ROUTES - 1)])


@inlined
def _table(dword: int, table: int) -> Any:
    """One table's word for the dword whose T_VALUE lies at address ``dword``."""
    return np.uint64(u32s(dword + np.uint64(_TABLE * table))[0])


@inlined
def _put(dword: int, table: int, value: int) -> None:
    u32s(dword + np.uint64(_TABLE * table))[0] = np.uint32(value)


@native
def _routed(root: int, slot: int, at: int, way: int) -> Any:
    """The slot that an access by ``way`` reaches: ``slot``, unless the bus is routed."""
    pci = u64s(u64s(root)[R_PCI])
    if pci[P_ROUTED] == np.uint64(0):
        return np.uint64(slot)
    return np.uint64(trap(root, TRAP_PCI_ROUTE, at, way, 0))


@inlined
def _nobody(pci: Any) -> None:
    """The access that comes next is by CFC, and CF8 selects nothing."""
    pci[P_WHO] = np.uint64(0)
    pci[P_NOTE] = np.uint64(_INDEXED << 8)


@native
def _noted(root: int, at: int, size: int) -> None:
    """Behind an access of a routed bus: who has it."""
    pci = u64s(u64s(root)[R_PCI])
    if pci[P_ROUTED]:
        note = pci[P_NOTE]
        form, flags = note & np.uint64(0xFF), note >> np.uint64(8)
        record_as(root, _HYPERVISOR, _PCI, _NOTE, size, at, pci[P_WHO], form, flags)


@native
def _config_in(root: int, slot: int, at: int, size: int) -> Any:
    """A configuration read of a slot, recorded at ECAM address ``at``, which lies with its ``size`` in one dword."""
    dword = u64s(u64s(u64s(root)[R_PCI])[P_BLOCKS])[slot] + (at & np.uint64(0xFFC))
    shift = (at & np.uint64(3)) * np.uint64(8)
    flags = 0
    if _table(dword, T_ASK) & np.uint64(ASK_OWNER):
        value = np.uint64(trap(root, TRAP_PCI_OWNER_READ, at, size, 0)) & _mask(size)
        real = value
        flags = _EMULATED
    else:
        held = _table(dword, T_VALUE)
        emulated = _table(dword, T_EMULATED)
        answer = (held & ~emulated) | (_table(dword, T_ANSWER) & emulated)
        value = (answer >> shift) & _mask(size)
        real = (held >> shift) & _mask(size)
        if (emulated >> shift) & _mask(size):
            flags = _EMULATED
    value = record(root, _PCI, _READ, size, at, value, real, flags)
    _noted(root, at, size)
    seen(root, np.uint64(IN_PCI) | at, value, False)
    return value


@native
def _config_out(root: int, slot: int, at: int, size: int, value: int) -> None:
    """A configuration write, likewise. Writable bits change, W1C bits clear, emulated bits stay software."""
    dword = u64s(u64s(u64s(root)[R_PCI])[P_BLOCKS])[slot] + (at & np.uint64(0xFFC))
    ask = _table(dword, T_ASK)
    if ask & np.uint64(ASK_OWNER):
        record(root, _PCI, _WRITE, size, at, value, value, _EMULATED)
        _noted(root, at, size)
        seen(root, np.uint64(IN_PCI) | at, value, False)
        trap(root, TRAP_PCI_OWNER_WRITE, at, size, value)
        return
    shift = (at & np.uint64(3)) * np.uint64(8)
    lanes = _mask(size) << shift
    data = (np.uint64(value) & _mask(size)) << shift
    held = _table(dword, T_VALUE)
    emulated = _table(dword, T_EMULATED)
    answer = _table(dword, T_ANSWER)
    old = (held & ~emulated) | (answer & emulated)
    change = lanes & ~emulated & _table(dword, T_WRITABLE)
    clear = lanes & ~emulated & _table(dword, T_CLEAR) & data
    held = ((held & ~change) | (data & change)) & ~clear
    _put(dword, T_VALUE, held)
    flags = 0
    if emulated & lanes:
        flags = _EMULATED
        change = lanes & emulated & _table(dword, T_ANSWER_WRITABLE)
        answer = (answer & ~change) | (data & change)
        _put(dword, T_ANSWER, answer)
    record(root, _PCI, _WRITE, size, at, value, value, flags)
    _noted(root, at, size)
    seen(root, np.uint64(IN_PCI) | at, value, False)
    if ask:
        new = (held & ~emulated) | (answer & emulated)
        place = (slot << np.uint64(12)) | (at & np.uint64(0xFFC))
        trap(root, TRAP_PCI_WRITE, place, old | (new << np.uint64(32)), (old & ~lanes) | data)


@native
def config_in(root: int, at: int, size: int, way: int) -> Any:
    """A configuration read at ECAM address ``at``, within one dword, by ``way``: all ones where nothing answers."""
    slot = _routed(root, _slot(u64s(u64s(root)[R_PCI]), at), at, way)
    return _config_in(root, slot, np.uint64(at), size)


@native
def config_out(root: int, at: int, size: int, value: int, way: int) -> None:
    """A configuration write at ECAM address ``at``, within one dword, by ``way``: dropped where nothing answers."""
    slot = _routed(root, _slot(u64s(u64s(root)[R_PCI]), at), at, way)
    _config_out(root, slot, np.uint64(at), size, value)


# --- CF8 and CFC ---------------------------------------------------------------------------------------------------


@native
def pci_address_out(root: int, port: int, size: int, value: int) -> None:
    """OUT to CF8: a dword is the address register; anything narrower is not the mechanism's (PCI 3.0, 3.2.2.3.2)."""
    pci = u64s(u64s(root)[R_PCI])
    if size == 4 and port == 0xCF8:
        pci[P_ADDRESS] = np.uint64(value)
    record(root, _PORT, _WRITE, size, port, value, value, 0)


@native
def pci_address_in(root: int, port: int, size: int) -> Any:
    """IN from CF8."""
    pci = u64s(u64s(root)[R_PCI])
    value = (pci[P_ADDRESS] >> np.uint64(8 * (port - 0xCF8))) & _mask(size)
    return record(root, _PORT, _READ, size, port, value, value, 0)


@inlined
def _selected(address: int, port: int) -> Any:
    """The ECAM address that CF8's ``address`` and a data port select: bits 30:24 select nothing.

    Source: QEMU hw/pci/pci_host.c, pci_dev_find_by_addr (the bus number is 8 bits) and pci_data_read (offsets to FFh).
    """
    offset = (address & np.uint64(0xFC)) | np.uint64(port & 3)
    return ((address & np.uint64(0xFFFF00)) << np.uint64(4)) | offset


@native
def pci_data_in(root: int, port: int, size: int) -> Any:
    """IN from CFC-CFF: a configuration read, recorded as such. Without bit 31 of CF8 nothing answers."""
    pci = u64s(u64s(root)[R_PCI])
    address = pci[P_ADDRESS]
    at = _selected(address, port)
    if address >> np.uint64(31):
        return config_in(root, at, size, VIA_PORTS)
    _nobody(pci)
    return _config_in(root, np.uint64(0), at, size)


@native
def pci_data_out(root: int, port: int, size: int, value: int) -> None:
    """OUT to CFC-CFF: a configuration write."""
    pci = u64s(u64s(root)[R_PCI])
    address = pci[P_ADDRESS]
    at = _selected(address, port)
    if address >> np.uint64(31):
        config_out(root, at, size, value, VIA_PORTS)
    else:
        _nobody(pci)
        _config_out(root, np.uint64(0), at, size, value)


# --- for callers in Python -----------------------------------------------------------------------------------------


@callback("void(u64, u64, i32, u32)")
def config_write(root: int, at: int, size: int, value: int) -> None:
    """``config_out`` for callers in Python."""
    config_out(root, at, size, value, VIA_PORTS)


@callback("u64(u64, u64, i32)")
def config_read(root: int, at: int, size: int) -> Any:
    """``config_in`` for callers in Python."""
    return np.uint64(config_in(root, at, size, VIA_PORTS))
