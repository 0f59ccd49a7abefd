"""Behind the IOSF sideband of Bay Trail and Cherryview lie other units' registers, reached by message.

Source: Linux i915 vlv_iosf_sb_reg.h: 182100h starts a message (opcode 23:16, unit 15:8, busy bit 0), 182104h is the
data, 182108h the register. Even opcodes read, odd ones write. Images start messages without setting the busy bit.

Meteor Lake's PHYs are reached by a message bus in the same way (Linux i915 display/intel_cx0_phy_regs.h).
"""

from typing import Any

import numpy as np

from fwsim.devices.igd.layout import (
    G_SIDEBAND,
    G_UNIT_COUNT,
    G_UNITS,
    SIDEBAND_SLOTS,
    U_KEY,
    U_MASK,
    U_SHIFT,
    U_SOURCE,
    UNIT_WORDS,
)
from fwsim.native import R_IGD, native, u64s

_READ, _WRITE = 3, 2
_READ_ANSWER, _WRITE_ANSWER = 1 << 31 | 4 << 27, 1 << 31 | 5 << 27
PUNIT = 4 << 32
"""Key of the power unit's register 0."""


@native
def _slot(table: Any, key: int) -> Any:
    """Where ``key`` is kept, or the free slot for it (an open hash table that is never full)."""
    slot = (key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(52)
    while table[np.uint64(2) * slot] != np.uint64(0) and table[np.uint64(2) * slot] != key + np.uint64(1):
        slot = (slot + np.uint64(1)) & np.uint64(SIDEBAND_SLOTS - 1)
    return slot


@native
def unit_read(igd: Any, key: int) -> Any:
    """A unit's register, with the status bits that follow others; 0 where nothing was ever written."""
    table = u64s(igd[G_SIDEBAND])
    value = table[np.uint64(2) * _slot(table, key) + np.uint64(1)]
    units = u64s(igd[G_UNITS])
    for i in range(igd[G_UNIT_COUNT]):
        at = np.uint64(i) * np.uint64(UNIT_WORDS)
        if units[at + np.uint64(U_KEY)] == key:
            mask = units[at + np.uint64(U_MASK)]
            source = table[np.uint64(2) * _slot(table, units[at + np.uint64(U_SOURCE)]) + np.uint64(1)]
            value = (value & ~mask) | ((source << units[at + np.uint64(U_SHIFT)]) & mask)
    return value


@native
def unit_write(igd: Any, key: int, value: int) -> None:
    """Store a unit's register."""
    table = u64s(igd[G_SIDEBAND])
    slot = _slot(table, key)
    table[np.uint64(2) * slot] = key + np.uint64(1)
    table[np.uint64(2) * slot + np.uint64(1)] = np.uint64(value)


@native
def sideband_send(root: int, regs: Any, number: int, value: int) -> Any:
    """The doorbell dword ``number`` of ``regs`` is written. Returns what it reads then: the message is over."""
    igd = u64s(u64s(root)[R_IGD])
    unit = np.uint64((value >> np.uint32(8)) & np.uint32(0xFF))
    key = (unit << np.uint64(32)) | np.uint64(regs[number + np.uint64(2)])
    if value & np.uint32(1 << 16):
        unit_write(igd, key, regs[number + np.uint64(1)])
    else:
        regs[number + np.uint64(1)] = np.uint32(unit_read(igd, key))
    return value & ~np.uint32(1)


@native
def message_send(root: int, unit: int, regs: Any, number: int, value: int) -> Any:
    """The message dword ``number`` of ``regs`` is written: command 30:27, data 23:16, register 11:0 of PHY ``unit``.

    Returns what it reads then: it is neither under way nor a reset. The answer, two dwords further, is there where
    there is one: an uncommitted write (1) has none.
    """
    over = value & ~np.uint32(1 << 31 | 1 << 15)
    if not value & np.uint32(1 << 31):
        return over
    igd = u64s(u64s(root)[R_IGD])
    key = (np.uint64(unit) << np.uint64(32)) | np.uint64(value & np.uint32(0xFFF))
    command = (value >> np.uint32(27)) & np.uint32(0xF)
    answer = number + np.uint64(2)
    if command == np.uint32(_READ):
        held = np.uint32(unit_read(igd, key)) & np.uint32(0xFF)
        regs[answer] = np.uint32(_READ_ANSWER) | (held << np.uint32(16))
        return over
    unit_write(igd, key, (value >> np.uint32(16)) & np.uint32(0xFF))
    if command == np.uint32(_WRITE):
        regs[answer] = np.uint32(_WRITE_ANSWER)
    return over
