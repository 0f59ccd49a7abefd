"""A monitor's EDID comes over two bit-banged wires from a DDC slave at 50h, whose state is one word for native code.

Source: VESA E-DDC 1.2, section 2 (I2C start, stop, acknowledge; a current-address read returns the next byte).
"""

from typing import Any

import numpy as np

from fwsim.devices.vga.state import V_EDID, V_I2C
from fwsim.native import native, u8s

# The state word: bit 0 clock, bit 1 data as the master drives it, bit 2 data as the slave drives it (0: released),
# bits 7:4 phase, 11:8 bit count, 19:12 shift register, 27:20 offset of the next byte.
_IDLE, _ADDRESS, _WRITE, _READ, _IGNORE = range(5)
_SLAVE = 0x50


@native
def _pack(clock: int, data: int, low: int, phase: int, count: int, shift: int, offset: int) -> Any:
    lines = clock | (data << 1) | (low << 2)
    return np.uint64(lines | (phase << 4) | (count << 8) | ((shift & 0xFF) << 12) | ((offset & 0xFF) << 20))


@native
def _byte(words: Any, offset: int) -> Any:
    """Byte ``offset`` of the EDID; offsets past the block repeat it."""
    return np.int64(u8s(words[V_EDID])[offset & 0x7F])


@native
def _rise(phase: int, count: int, shift: int, data: int) -> Any:
    """The shift register after a rising clock: a bit of the master's is sampled on the first eight."""
    return ((shift << 1) | data) & 0xFF if phase in (_ADDRESS, _WRITE) and count < 8 else shift


@native
def i2c_set(words: Any, clock: int, data: int) -> Any:
    """The master's two lines (1: released, 0: pulled low). Returns the data line as everybody sees it."""
    state: Any = np.int64(words[V_I2C])
    was_clock, was_data = state & 1, (state >> 1) & 1
    low, phase, count = (state >> 2) & 1, (state >> 4) & 15, (state >> 8) & 15
    shift, offset = (state >> 12) & 0xFF, (state >> 20) & 0xFF
    if words[V_EDID] == np.uint64(0):
        phase = low = 0
    elif was_clock and clock and was_data != data:  # data moves while the clock is high: start, or stop
        phase, count, low = (_IDLE if data else _ADDRESS), 0, 0
    elif not was_clock and clock:
        shift = _rise(phase, count, shift, data)
        if phase == _READ and count == 8 and data:  # the master does not acknowledge: it wants no more
            phase = _IDLE
        count = min(count + 1, 9)
    elif was_clock and not clock:
        low = 0
        if count == 9:
            count = 0
            if phase == _ADDRESS:
                phase = _READ if shift & 1 else _WRITE
            if phase == _READ:
                shift = _byte(words, offset)
                offset = (offset + 1) & 0xFF
        elif count == 8:
            if phase == _ADDRESS and shift >> 1 != _SLAVE:
                phase = _IGNORE
            elif phase == _WRITE:
                offset = shift
            low = 1 if phase in (_ADDRESS, _WRITE) else 0
        if phase == _READ and count < 8:
            low = 0 if (shift >> (7 - count)) & 1 else 1
    words[V_I2C] = _pack(clock, data, low, phase, count, shift, offset)
    return 0 if low else data
