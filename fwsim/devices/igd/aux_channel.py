"""A DisplayPort AUX channel ends in a sink: its DPCD, a link that trains, and an EDID over I2C.

Sources: VESA DisplayPort 1.2, 2.7 (AUX transactions and their replies), 2.9.3 (DPCD) and 3.5.1.2 (link training);
Intel PRM, DDI_AUX_CTL and DDI_AUX_DATA.
"""

from typing import Any

import numpy as np

from fwsim.devices.igd.layout import (
    DPCD_SIZE,
    G_SINKS,
    S_DEFERRED,
    S_DEFERS,
    S_DPCD,
    S_EDID,
    S_EDID_SIZE,
    S_OFFSET,
    S_PRE,
    S_SWING,
    SINK_WORDS,
)
from fwsim.native import R_IGD, native, u8s, u64s

_SEND, _DONE, _TIMEOUT = 1 << 31, 1 << 30, 1 << 28
_LANES, _PATTERN, _LANE_SET, _STATUS, _ALIGNED, _IN_SYNC, _ADJUST, _POWER = (
    0x101, 0x102, 0x103, 0x202, 0x204, 0x205, 0x206, 0x600,
)  # fmt: skip
_LAST_LANE_SET = 0x106
_NACK, _DEFER, _I2C_NACK, _I2C_DEFER = 0x10, 0x20, 0x40, 0x80
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
    if sink[S_DEFERRED] < sink[S_DEFERS]:
        sink[S_DEFERRED] += np.uint64(1)
        _put(regs, number, 0, _DEFER if request & np.uint32(8) else _I2C_DEFER)
        return held | np.uint32(_DONE | 1 << 20)
    sink[S_DEFERRED] = np.uint64(0)
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
        if np.uint64(_PATTERN) <= at <= np.uint64(_LAST_LANE_SET):
            _train(sink, dpcd)
        elif at == np.uint64(_POWER) and dpcd[at] & np.uint8(3) == np.uint8(2):
            dpcd[_STATUS] = dpcd[_STATUS + 1] = dpcd[_ALIGNED] = dpcd[_IN_SYNC] = np.uint8(0)
    _put(regs, number, 0, 0)
    return np.uint32(1)


@native
def _train(sink: Any, dpcd: Any) -> None:
    """A training pattern comes, or its level changes: pattern 1 locks the clocks, 2 to 4 equalise.

    None (0) leaves the link as it is. A lane whose level is too low asks for more.
    """
    pattern = dpcd[_PATTERN] & np.uint8(3)
    if pattern == np.uint8(0):
        return
    lanes = dpcd[_LANES] & np.uint8(0x1F)
    swing, pre = np.uint8(min(sink[S_SWING], np.uint64(3))), np.uint8(0)
    if pattern > np.uint8(1):
        pre = np.uint8(sink[S_PRE])
    whole = np.uint8(1)
    for pair in range(2):
        status = np.uint8(0)
        for side in range(2):
            if lanes > np.uint8(2 * pair + side):
                lane = _lane(sink, dpcd[_LANE_SET + 2 * pair + side], pattern)
                status |= lane << np.uint8(4 * side)
                if lane != np.uint8(7):
                    whole = np.uint8(0)
        dpcd[_STATUS + pair] = status
        dpcd[_ADJUST + pair] = (swing | pre << np.uint8(2)) * np.uint8(0x11)
    dpcd[_ALIGNED] = whole
    dpcd[_IN_SYNC] = whole


@native
def _lane(sink: Any, level: int, pattern: int) -> Any:
    """Status of a lane driven at ``level`` (TRAINING_LANE_SET): clock recovered, equalised, symbols locked."""
    if np.uint64(level & np.uint8(3)) < sink[S_SWING]:
        return np.uint8(0)
    if pattern == np.uint8(1) or np.uint64(level >> np.uint8(3) & np.uint8(3)) < sink[S_PRE]:
        return np.uint8(1)
    return np.uint8(7)


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
