"""How does a record answer in the devices' place? Each access is held against the next recorded one, gets its value.

The devices' models run underneath and take every write: what is no event, such as video memory, is theirs to answer.
"""

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from fwsim.native import R_REPLAY, STOP_REPLAY, TRAP_REPLAY, callback, fixed, stop, trap, u8s, u16s, u64s
from fwsim.trace.event import EVENT, Actor, Op, Space

(
    P_EVENTS,  # address of the record
    P_COUNT,  # events in it
    P_NEXT,  # the first that was not compared yet
    P_SPACES,  # bit n: accesses of space n are in the record; others are the models' own
    P_STATE,  # a REPLAY_* value
    P_MATCHED,  # accesses that were as recorded
    P_MOVED,  # of those, made by an instruction elsewhere
    P_MOVED_FIRST,  # 1 + the first such event's index in the record; 0: none
    P_OTHER,  # reads that the models would have answered otherwise
    P_OTHER_FIRST,  # 1 + the first such event's index in the record; 0: none
    P_OTHER_VALUE,  # what the model would have answered there
    P_SEQ,  # seq of the replay's own event that the record does not have
    REPLAY_WORDS,
) = range(13)
REPLAY_GOES_ON, REPLAY_DIFFERS, REPLAY_AT_END = range(3)
TICKS = (0x08, 0x1C)
"""Interrupts of the timer: they come when their time has come, and are nothing the code did."""

_SIZE = EVENT.itemsize
_FIRMWARE, _INTERRUPT = int(Actor.FIRMWARE), int(Space.INTERRUPT)
_READ, _WRITE, _CALL = int(Op.READ), int(Op.WRITE), int(Op.CALL)
_TICK, _TICK_USER = TICKS
_SPACES = len(Space)


@intrinsic
def _compared(typingctx: Any, replay: Any, event: Any) -> Any:
    """Whether this event is something the code did, or was answered, in a space that is recorded."""
    return fixed(_is_compared, 2, types.boolean)


def _is_compared(replay: Any, event: Any) -> Any:
    byte = u8s(event)
    if byte[52] > _FIRMWARE or byte[53] >= _SPACES:
        return False
    if not (u64s(replay)[P_SPACES] >> np.uint64(byte[53])) & np.uint64(1):
        return False
    vector = u64s(event)[3]
    return byte[53] != _INTERRUPT or (vector != np.uint64(_TICK) and vector != np.uint64(_TICK_USER))


@intrinsic
def _same(typingctx: Any, event: Any, recorded: Any) -> Any:
    """Whether the code did the same: space, operation, width, address, and what it wrote (before a rewrite)."""
    return fixed(_is_same, 2, types.boolean)


def _is_same(event: Any, recorded: Any) -> Any:
    mine, theirs = u8s(event), u8s(recorded)
    if mine[53] != theirs[53] or mine[54] != theirs[54] or mine[55] != theirs[55]:
        return False
    if u64s(event)[3] != u64s(recorded)[3]:
        return False
    if mine[54] == _WRITE:
        return u64s(event)[5] == u64s(recorded)[5]
    return mine[54] != _CALL or u64s(event)[4] == u64s(recorded)[4]


def _answered(root: Any, event: Any) -> Any:
    replay = u64s(u64s(root)[R_REPLAY])
    mine = u64s(event)
    if replay[P_STATE] != np.uint64(REPLAY_GOES_ON) or not _compared(u64s(root)[R_REPLAY], event):
        return mine[4]
    number = replay[P_NEXT]
    at = replay[P_EVENTS] + number * np.uint64(_SIZE)
    while number < replay[P_COUNT] and not _compared(u64s(root)[R_REPLAY], at):
        number += np.uint64(1)
        at += np.uint64(_SIZE)
    replay[P_NEXT] = number
    if number >= replay[P_COUNT] or not _same(event, at):
        replay[P_STATE] = np.uint64(REPLAY_DIFFERS if number < replay[P_COUNT] else REPLAY_AT_END)
        replay[P_SEQ] = mine[0]
        trap(root, TRAP_REPLAY, 0, 0, 0)
        stop(root, STOP_REPLAY, 0)
        return mine[4]
    replay[P_NEXT] = number + np.uint64(1)
    replay[P_MATCHED] += np.uint64(1)
    theirs = u64s(at)
    known = theirs[2] != np.uint64(0) or u16s(at)[24] != 0  # records from elsewhere have no CS:IP
    if known and (mine[2] != theirs[2] or u16s(event)[24] != u16s(at)[24]):
        replay[P_MOVED] += np.uint64(1)
        if replay[P_MOVED_FIRST] == np.uint64(0):
            replay[P_MOVED_FIRST] = number + np.uint64(1)
    if u8s(event)[54] == _WRITE or u8s(event)[54] == _CALL:
        return mine[4]
    if mine[4] != theirs[4]:
        replay[P_OTHER] += np.uint64(1)
        if replay[P_OTHER_FIRST] == np.uint64(0):
            replay[P_OTHER_FIRST] = number + np.uint64(1)
            replay[P_OTHER_VALUE] = mine[4]
        mine[4] = theirs[4]
        mine[5] = theirs[5]
        u16s(event)[25] = u16s(at)[25]
    return mine[4]


@intrinsic
def answered(typingctx: Any, root: Any, event: Any) -> Any:
    """What the record answers to the access whose event was just written at this address.

    An access that the record does not have stops the engine; it, and those after it, get the models' answers.
    """
    return fixed(_answered, 2, types.uint64)


@callback(types.uint64(types.uint64, types.uint64))
def answer(root: int, event: int) -> Any:
    """``answered``, for an event that Python has written."""
    return answered(root, event)
