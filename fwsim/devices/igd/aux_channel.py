"""A DisplayPort AUX channel ends in a sink: its DPCD, a link that trains, and an EDID over I2C.

Sources: VESA DisplayPort 1.2, 2.7 (AUX transactions) and 2.9.3 (DPCD); Intel PRM, DDI_AUX_CTL and DDI_AUX_DATA.
"""

from typing import Any

import numpy as np

from fwsim.devices.igd.layout import DPCD_SIZE, G_SINKS, S_DPCD, S_EDID, S_EDID_SIZE, S_OFFSET, SINK_WORDS
from fwsim.native import R_IGD, native, u8s, u64s

_SEND, _DONE, _TIMEOUT = 1 << 31, 1 << 30, 1 << 28
_LANES, _PATTERN, _STATUS, _ALIGNED, _IN_SYNC, _POWER = 0x101, 0x102, 0x202, 0x204, 0x205, 0x600
_NACK, _I2C_NACK = 0x10, 0x40
_EDID_SLAVE, _SEGMENT_SLAVE = 0x50, 0x30


@native
def aux_send(root: int, channel: int, regs: Any, number: int, value: int) -> Any:
    """A message starts: dwords ``number`` + 1 on of ``regs`` hold it, highest byte first. Returns the control dword."""
    if not value & np.uint32(_SEND):
        return regs[number]
    igd = u64s(u64s(root)[R_IGD])
    sink = u64s(igd[G_SINKS] + np.uint64(8 * SINK_WORDS) * np.uint64(channel))
    held = regs[number] & ~np.uint32(_SEND | 0x1F << 20)
    size = (value >> np.uint32(20)) & np.uint32(0x1F)
    if sink[S_DPCD] == np.uint64(0) or size < np.uint32(3):
        return held | np.uint32(_DONE | _TIMEOUT)
    head = regs[number + np.uint64(1)]
    request = head >> np.uint32(28)
    address = np.uint64((head >> np.uint32(8)) & np.uint32(0xFFFFF))
    count = np.uint64((head & np.uint32(0xFF)) + np.uint32(1)) if size > np.uint32(3) else np.uint64(0)
    if count > np.uint64(16):
        count = np.uint64(16)
    if request == np.uint32(9):
        length = _native_read(sink, regs, number, address, count)
    elif request == np.uint32(8):
        length = _native_write(sink, regs, number, address, count)
    else:
        length = _i2c(sink, regs, number, request, address, count)
    return held | np.uint32(_DONE) | (np.uint32(length) << np.uint32(20))


@native
def _byte(regs: Any, number: int, index: int) -> Any:
    """Byte ``index`` of the message."""
    word = regs[number + np.uint64(1) + (np.uint64(index) >> np.uint64(2))]
    return (word >> (np.uint32(24) - np.uint32(8) * (np.uint32(index) & np.uint32(3)))) & np.uint32(0xFF)


@native
def _put(regs: Any, number: int, index: int, value: int) -> None:
    at = number + np.uint64(1) + (np.uint64(index) >> np.uint64(2))
    shift = np.uint32(24) - np.uint32(8) * (np.uint32(index) & np.uint32(3))
    regs[at] = (regs[at] & ~(np.uint32(0xFF) << shift)) | ((np.uint32(value) & np.uint32(0xFF)) << shift)


@native
def _native_read(sink: Any, regs: Any, number: int, address: int, count: int) -> Any:
    """Acknowledged with ``count`` bytes; registers that the sink has not read 0."""
    dpcd = u8s(sink[S_DPCD])
    _put(regs, number, 0, 0)
    for i in range(count):
        at = address + np.uint64(i)
        value = np.uint32(dpcd[at]) if at < np.uint64(DPCD_SIZE) else np.uint32(0)
        _put(regs, number, np.uint64(i) + np.uint64(1), value)
    return np.uint32(count) + np.uint32(1)


@native
def _native_write(sink: Any, regs: Any, number: int, address: int, count: int) -> Any:
    """Acknowledged; the sink's capabilities (below 100h) and status (200h-2FFh) keep their values."""
    dpcd = u8s(sink[S_DPCD])
    for i in range(count):
        at = address + np.uint64(i)
        if at < np.uint64(0x100) or np.uint64(0x200) <= at < np.uint64(0x300) or at >= np.uint64(DPCD_SIZE):
            continue
        dpcd[at] = np.uint8(_byte(regs, number, np.uint64(i) + np.uint64(4)))
        if at == np.uint64(_PATTERN):
            _train(dpcd)
        elif at == np.uint64(_POWER) and dpcd[at] & np.uint8(3) == np.uint8(2):
            _status(dpcd, np.uint8(0), np.uint8(0))
    _put(regs, number, 0, 0)
    return np.uint32(1)


@native
def _train(dpcd: Any) -> None:
    """A training pattern comes: pattern 1 locks the clocks, 2 to 4 equalise; none (0) leaves the link as it is."""
    pattern = dpcd[_PATTERN] & np.uint8(3)
    if pattern == np.uint8(1):
        _status(dpcd, np.uint8(1), np.uint8(0))
    elif pattern > np.uint8(1):
        _status(dpcd, np.uint8(7), np.uint8(1))


@native
def _status(dpcd: Any, lane: int, aligned: int) -> None:
    """Each lane in use has status ``lane``: clock recovered, equalised, symbols locked."""
    lanes = dpcd[_LANES] & np.uint8(0x1F)
    for pair in range(2):
        value = np.uint8(0)
        if lanes > np.uint8(2 * pair):
            value |= lane
        if lanes > np.uint8(2 * pair + 1):
            value |= lane << np.uint8(4)
        dpcd[_STATUS + pair] = value
    dpcd[_ALIGNED] = aligned
    dpcd[_IN_SYNC] = aligned


@native
def _i2c(sink: Any, regs: Any, number: int, request: int, address: int, count: int) -> Any:
    """I2C over AUX: the EDID at 50h, its segment pointer at 30h; other slaves do not acknowledge."""
    slave = address & np.uint64(0x7F)
    if slave == np.uint64(_SEGMENT_SLAVE):
        _put(regs, number, 0, 0)
        return np.uint32(1)
    if slave != np.uint64(_EDID_SLAVE) or sink[S_EDID_SIZE] == np.uint64(0):
        _put(regs, number, 0, _I2C_NACK)
        return np.uint32(1)
    if request & np.uint32(1) == np.uint32(0):
        if count:
            sink[S_OFFSET] = np.uint64(_byte(regs, number, 4))
        _put(regs, number, 0, 0)
        return np.uint32(1)
    edid = u8s(sink[S_EDID])
    _put(regs, number, 0, 0)
    for i in range(count):
        _put(regs, number, np.uint64(i) + np.uint64(1), np.uint32(edid[sink[S_OFFSET] & np.uint64(0xFF)]))
        sink[S_OFFSET] += np.uint64(1)
    return np.uint32(count) + np.uint32(1)
