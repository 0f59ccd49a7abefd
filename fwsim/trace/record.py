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
    inlined,
    stop,
    trap,
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
_LAST = _SIZE // 8 - 1
"""The record's last word, which holds what is narrower than a word: each of them from this bit of it on."""
_CS_BIT, _FLAGS_BIT = (16 * number - 64 * _LAST for number in (E_CS, E_FLAGS))
_ACTOR_BIT, _SPACE_BIT, _OP_BIT, _WIDTH_BIT = (8 * number - 64 * _LAST for number in (E_ACTOR, E_SPACE, E_OP, E_WIDTH))
_ROMS = 0xC000
"""The segment from which on option ROMs lie, to R_ROM_END."""
_ROM, _FIRMWARE = int(Actor.ROM), int(Actor.FIRMWARE)


@inlined
def _full(root: int) -> Any:
    """Whether the next event has no place in the window, even after Python was asked for one.

    It is asked twice: the first time Ctrl-C may be what it hears of, and then no event is lost by that.
    """
    words = u64s(root)
    if words[R_EV_NEXT] < words[R_EV_CAP]:
        return False
    trap(root, TRAP_EVENTS_FULL, 0, 0, 0)
    if words[R_EV_NEXT] >= words[R_EV_CAP]:
        trap(root, TRAP_EVENTS_FULL, 0, 0, 0)
    return words[R_EV_NEXT] >= words[R_EV_CAP]


@inlined
def _at_limit(root: int, at: int, value: int) -> Any:
    """The value of the event at address ``at``. In a replay always here: the limit is 0, so that nobody else asks."""
    if u64s(root)[R_REPLAY]:
        return answered(root, at)
    stop(root, STOP_EVENTS, 0)
    return np.uint64(value)


@inlined
def _append(
    root: int, actor: int, space: int, op: int, width: int, address: int, value: int, aux: int, flags: int
) -> Any:
    words = u64s(root)
    if _full(root):
        return np.uint64(value)
    number = words[R_EV_NEXT]
    words[R_EV_NEXT] = number + np.uint64(1)
    at = words[R_EVENTS] + number * np.uint64(_SIZE)
    wide = u64s(at)
    wide[E_TIME] = words[R_TIME]
    wide[E_IP] = words[R_IP]
    wide[E_ADDRESS] = np.uint64(address)
    wide[E_VALUE] = np.uint64(value)
    wide[E_AUX] = np.uint64(aux)
    wide[_LAST] = (
        ((words[R_CS] & np.uint64(0xFFFF)) << np.uint64(_CS_BIT))
        | (np.uint64(flags) << np.uint64(_FLAGS_BIT))
        | (np.uint64(actor) << np.uint64(_ACTOR_BIT))
        | (np.uint64(space) << np.uint64(_SPACE_BIT))
        | (np.uint64(op) << np.uint64(_OP_BIT))
        | (np.uint64(width) << np.uint64(_WIDTH_BIT))
    )
    seq = words[R_SEQ] + np.uint64(1)
    words[R_SEQ] = seq
    wide[E_SEQ] = seq
    if seq >= words[R_EV_LIMIT]:
        return _at_limit(root, at, value)
    return np.uint64(value)


@fixed("u64(u64, u64, u64, u64, u64, u64, u64, u64, u64)")
def record_as(
    root: Any, actor: Any, space: Any, op: Any, width: Any, address: Any, value: Any, aux: Any, flags: Any
) -> Any:
    """Append one event, at the current virtual time and CS:IP, and return its value: what a reader gets.

    ``seq`` is written last: a torn record is never read.
    """
    return _append(root, actor, space, op, width, address, value, aux, flags)


@inlined
def record_here(root: int, space: int, op: int, width: int, address: int, value: int, aux: int, flags: int) -> Any:
    """``record``, copied into its caller: on the way of most accesses."""
    words = u64s(root)
    actor = words[R_ACTOR]
    if actor == np.uint64(_FIRMWARE) and words[R_CS] < words[R_ROM_END] and words[R_CS] >= np.uint64(_ROMS):
        actor = np.uint64(_ROM)
    return _append(root, actor, space, op, width, address, value, aux, flags)


@fixed("u64(u64, u64, u64, u64, u64, u64, u64, u64)")
def record(root: Any, space: Any, op: Any, width: Any, address: Any, value: Any, aux: Any, flags: Any) -> Any:
    """Append one event of the actor whose code is running, and return its value."""
    return record_here(root, space, op, width, address, value, aux, flags)
