"""Native code records an event straight into the memory-mapped window of ``events.npy``.

What is recorded is what the reader gets: an access returns the value its event has. That is where a replay answers.
"""

from typing import Any

import numpy as np

from fwsim.native import (
    R_ACTOR,
    R_CS,
    R_EV_CAP,
    R_EV_LIMIT,
    R_EV_NEXT,
    R_EVENTS,
    R_IP,
    R_REPLAY,
    R_ROM_END,
    R_SEQ,
    R_TIME,
    STOP_EVENTS,
    TRAP_EVENTS_FULL,
    fixed,
    stop,
    trap,
    u8s,
    u16s,
    u64s,
)
from fwsim.trace.answer import answered
from fwsim.trace.event import EVENT, Actor
from fwsim.trace.fields import (
    E_ACTOR,
    E_ADDRESS,
    E_AUX,
    E_CS,
    E_FLAGS,
    E_IP,
    E_OP,
    E_SEQ,
    E_SPACE,
    E_TIME,
    E_VALUE,
    E_WIDTH,
)

_SIZE = EVENT.itemsize
_ROMS = 0xC000
"""The segment from which on option ROMs lie, to R_ROM_END."""
_ROM, _FIRMWARE = int(Actor.ROM), int(Actor.FIRMWARE)


@fixed("u64(u64, u64, u64, u64, u64, u64, u64, u64, u64)")
def record_as(
    root: Any, actor: Any, space: Any, op: Any, width: Any, address: Any, value: Any, aux: Any, flags: Any
) -> Any:
    """Append one event, at the current virtual time and CS:IP, and return its value: what a reader gets.

    ``seq`` is written last: a torn record is never read.
    """
    words = u64s(root)
    if words[R_EV_NEXT] >= words[R_EV_CAP]:
        trap(root, TRAP_EVENTS_FULL, 0, 0, 0)
        if words[R_EV_NEXT] >= words[R_EV_CAP]:
            return value
    at = words[R_EVENTS] + words[R_EV_NEXT] * np.uint64(_SIZE)
    words[R_EV_NEXT] += np.uint64(1)
    wide = u64s(at)
    wide[E_TIME] = words[R_TIME]
    wide[E_IP] = words[R_IP]
    wide[E_ADDRESS] = address
    wide[E_VALUE] = value
    wide[E_AUX] = aux
    half = u16s(at)
    half[E_CS] = np.uint16(words[R_CS])
    half[E_FLAGS] = np.uint16(flags)
    byte = u8s(at)
    byte[E_ACTOR] = np.uint8(actor)
    byte[E_SPACE] = np.uint8(space)
    byte[E_OP] = np.uint8(op)
    byte[E_WIDTH] = np.uint8(width)
    words[R_SEQ] += np.uint64(1)
    wide[E_SEQ] = words[R_SEQ]
    if words[R_SEQ] >= words[R_EV_LIMIT]:  # in a replay always: the limit is 0, so that nobody else asks for it
        if words[R_REPLAY]:
            return answered(root, at)
        stop(root, STOP_EVENTS, 0)
    return value


@fixed("u64(u64, u64, u64, u64, u64, u64, u64, u64)")
def record(root: Any, space: Any, op: Any, width: Any, address: Any, value: Any, aux: Any, flags: Any) -> Any:
    """Append one event of the actor whose code is running, and return its value."""
    words = u64s(root)
    actor = words[R_ACTOR]
    if words[R_CS] < words[R_ROM_END] and words[R_CS] >= np.uint64(_ROMS) and actor == np.uint64(_FIRMWARE):
        actor = np.uint64(_ROM)
    return record_as(root, actor, space, op, width, address, value, aux, flags)
