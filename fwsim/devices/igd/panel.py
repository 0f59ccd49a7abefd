"""The panel power sequencer runs in virtual time: PP_STATUS by PP_CONTROL and the delays that were programmed.

Source: Intel PRM, display: PP_STATUS bit 31 on, 29:28 sequence, 27 cycle delay, 3:0 state; PP_ON_DELAYS and
PP_OFF_DELAYS 28:16 in units of 100 us; PP_DIVISOR 4:0, or PP_CONTROL 8:4, in units of 100 ms, plus one.
"""

from typing import Any

import numpy as np

from fwsim.devices.igd.layout import G_STATE
from fwsim.native import R_IGD, R_TIME, native, u64s

_ON, _UP, _DOWN, _CYCLE, _IDLE_ON = 1 << 31, 1 << 28, 2 << 28, 1 << 27, 8
_UNIT_NS, _CYCLE_NS = 100_000, 100_000_000


@native
def _delay(register: int) -> Any:
    return np.uint64((register >> np.uint32(16)) & np.uint32(0x1FFF)) * np.uint64(_UNIT_NS)


@native
def panel_control(root: int, panel: int, regs: Any, number: int, old: int, cycle: int) -> None:
    """PP_CONTROL (dword ``number`` of ``regs``) was written; it held ``old``. State: end of sequence, of cycle.

    ``cycle`` is the power cycle delay, in units of 100 ms, plus one.
    """
    new = regs[number]
    if (old ^ new) & np.uint32(1) == np.uint32(0):
        return
    words = u64s(root)
    state = u64s(u64s(words[R_IGD])[G_STATE] + np.uint64(16) * np.uint64(panel))
    now = words[R_TIME]
    if new & np.uint32(1):
        start = now if now > state[1] else state[1]
        state[0] = start + _delay(regs[number + np.uint64(1)])
    else:
        state[0] = now + _delay(regs[number + np.uint64(2)])
        state[1] = state[0]
        if cycle > np.uint32(1):
            state[1] += (np.uint64(cycle) - np.uint64(1)) * np.uint64(_CYCLE_NS)


@native
def panel_status(root: int, panel: int, control: int) -> Any:
    """What PP_STATUS reads now."""
    words = u64s(root)
    state = u64s(u64s(words[R_IGD])[G_STATE] + np.uint64(16) * np.uint64(panel))
    now = words[R_TIME]
    if control & np.uint32(1):
        if now >= state[0]:
            return np.uint32(_ON | _IDLE_ON)
        return np.uint32(_CYCLE) if now < state[1] else np.uint32(_UP)
    if now < state[0]:
        return np.uint32(_ON | _DOWN)
    return np.uint32(_CYCLE) if now < state[1] else np.uint32(0)
