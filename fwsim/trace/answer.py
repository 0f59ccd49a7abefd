"""A record answers in the devices' place: each access is held against the next recorded one, and gets its value.

The devices' models run underneath and take every write: what is no event, such as video memory, is theirs to answer.
"""

from itertools import count
from typing import Any

import numpy as np

from fwsim.native import R_REPLAY, STOP_REPLAY, TRAP_REPLAY, callback, fixed, stop, trap, u8s, u16s, u64s
from fwsim.trace.event import EVENT, Actor, Op, Space
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
    E_VALUE,
    E_WIDTH,
)

_next = count().__next__
P_EVENTS = _next()  # address of the record
P_COUNT = _next()  # events in it
P_NEXT = _next()  # the first that was not compared yet
P_SPACES = _next()  # bit n: accesses of space n are in the record; others are the models' own
P_STATE = _next()  # a REPLAY_* value
P_MATCHED = _next()  # accesses that were as recorded
P_MOVED = _next()  # of those, made by an instruction elsewhere
P_MOVED_FIRST = _next()  # 1 + the first such event's index in the record; 0: none
P_OTHER = _next()  # reads that the models would have answered otherwise
P_OTHER_FIRST = _next()  # 1 + the first such event's index in the record; 0: none
P_OTHER_VALUE = _next()  # what the model would have answered there
P_SEQ = _next()  # seq of the replay's own event that the record does not have
REPLAY_WORDS = _next()
REPLAY_GOES_ON, REPLAY_DIFFERS, REPLAY_AT_END = range(3)
TICKS = (0x08, 0x1C)
"""Interrupts of the timer: they come when their time has come, and are nothing the code did."""

_SIZE = EVENT.itemsize
_FIRMWARE, _INTERRUPT = int(Actor.FIRMWARE), int(Space.INTERRUPT)
_READ, _WRITE, _CALL = int(Op.READ), int(Op.WRITE), int(Op.CALL)
_TICK, _TICK_USER = TICKS
_SPACES = len(Space)


@fixed("bool(u64, u64)")
def _compared(replay: Any, event: Any) -> Any:
    """Whether this event is something the code did, or was answered, in a space that is recorded."""
    byte = u8s(event)
    if byte[E_ACTOR] > _FIRMWARE or byte[E_SPACE] >= _SPACES:
        return False
    if not (u64s(replay)[P_SPACES] >> np.uint64(byte[E_SPACE])) & np.uint64(1):
        return False
    vector = u64s(event)[E_ADDRESS]
    return byte[E_SPACE] != _INTERRUPT or (vector != np.uint64(_TICK) and vector != np.uint64(_TICK_USER))


@fixed("bool(u64, u64)")
def _same(event: Any, recorded: Any) -> Any:
    """Whether the code did the same: space, operation, width, address, and what it wrote (before a rewrite)."""
    mine, theirs = u8s(event), u8s(recorded)
    if mine[E_SPACE] != theirs[E_SPACE] or mine[E_OP] != theirs[E_OP] or mine[E_WIDTH] != theirs[E_WIDTH]:
        return False
    if u64s(event)[E_ADDRESS] != u64s(recorded)[E_ADDRESS]:
        return False
    if mine[E_OP] == _WRITE:
        return u64s(event)[E_AUX] == u64s(recorded)[E_AUX]
    return mine[E_OP] != _CALL or u64s(event)[E_VALUE] == u64s(recorded)[E_VALUE]


@fixed("u64(u64, u64)")
def answered(root: Any, event: Any) -> Any:
    """What the record answers to the access whose event was just written at this address.

    An access that the record does not have stops the engine; it, and those after it, get the models' answers.
    """
    replay = u64s(u64s(root)[R_REPLAY])
    mine = u64s(event)
    if replay[P_STATE] != np.uint64(REPLAY_GOES_ON) or not _compared(u64s(root)[R_REPLAY], event):
        return mine[E_VALUE]
    number = replay[P_NEXT]
    at = replay[P_EVENTS] + number * np.uint64(_SIZE)
    while number < replay[P_COUNT] and not _compared(u64s(root)[R_REPLAY], at):
        number += np.uint64(1)
        at += np.uint64(_SIZE)
    replay[P_NEXT] = number
    if number >= replay[P_COUNT] or not _same(event, at):
        replay[P_STATE] = np.uint64(REPLAY_DIFFERS if number < replay[P_COUNT] else REPLAY_AT_END)
        replay[P_SEQ] = mine[E_SEQ]
        trap(root, TRAP_REPLAY, 0, 0, 0)
        stop(root, STOP_REPLAY, 0)
        return mine[E_VALUE]
    replay[P_NEXT] = number + np.uint64(1)
    replay[P_MATCHED] += np.uint64(1)
    theirs = u64s(at)
    known = theirs[E_IP] != np.uint64(0) or u16s(at)[E_CS] != 0  # records from elsewhere have no CS:IP
    if known and (mine[E_IP] != theirs[E_IP] or u16s(event)[E_CS] != u16s(at)[E_CS]):
        replay[P_MOVED] += np.uint64(1)
        if replay[P_MOVED_FIRST] == np.uint64(0):
            replay[P_MOVED_FIRST] = number + np.uint64(1)
    if u8s(event)[E_OP] == _WRITE or u8s(event)[E_OP] == _CALL:
        return mine[E_VALUE]
    if mine[E_VALUE] != theirs[E_VALUE]:
        replay[P_OTHER] += np.uint64(1)
        if replay[P_OTHER_FIRST] == np.uint64(0):
            replay[P_OTHER_FIRST] = number + np.uint64(1)
            replay[P_OTHER_VALUE] = mine[E_VALUE]
        mine[E_VALUE] = theirs[E_VALUE]
        mine[E_AUX] = theirs[E_AUX]
        u16s(event)[E_FLAGS] = u16s(at)[E_FLAGS]
    return mine[E_VALUE]


@callback("u64(u64, u64)")
def answer(root: int, event: int) -> Any:
    """``answered``, for an event that Python has written."""
    return answered(root, event)
