"""A GTT write goes from the guest to the device, through the hypervisor's policy where there is one."""

from typing import Any

import numpy as np

from fwsim.devices.igd import layout as g
from fwsim.devices.igd.access import gtt_load, gtt_store
from fwsim.native import (
    R_IGD,
    STOP_ABORT,
    TRAP_GTT_FIRST,
    TRAP_GTT_POLICY,
    call,
    inlined,
    native,
    stop,
    trap,
    u8s,
    u32s,
    u64s,
)
from fwsim.trace.event import Actor, Flag, Op, Space
from fwsim.trace.record import record, record_as, record_here

_WRITE, _GTT, _HYPERVISOR = int(Op.WRITE), int(Space.GTT), int(Actor.HYPERVISOR)
_REWRITTEN, _FAULTED, _UNHANDLED = int(Flag.REWRITTEN), int(Flag.FAULTED), int(Flag.UNHANDLED)
NO_INDEX = np.uint64(0xFFFFFFFFFFFFFFFF)
"""The index of a write that did not come by the port pair; what a refused write is recorded as."""


@inlined
def _asked(root: int, igd: Any, value: int, offset: int, index: int) -> Any:
    """The policy's answer: ``value`` is a dword, or the whole entry where the policy wants that."""
    if igd[g.G_POLICY] == np.uint64(g.POLICY_PYTHON):
        return trap(root, TRAP_GTT_POLICY, value, offset, index)
    return call(igd[g.G_POLICY], root, value, offset, index)


@native
def _whole(root: int, igd: Any, value: int, offset: int, index: int) -> Any:
    """The dword to store where the policy judges whole entries, anew at each write of either half.

    What the guest wrote is kept. Where the other half was judged with a stale half, it is put right, as an event of the
    hypervisor's.
    """
    number = np.uint64(offset) >> np.uint64(2)
    raw = u32s(igd[g.G_RAW])
    raw[number] = np.uint32(value)
    if igd[g.G_PTE_WIDTH] != np.uint64(8):
        return _asked(root, igd, np.uint64(value), offset, index)
    even = number & ~np.uint64(1)
    entry = np.uint64(raw[even]) | (np.uint64(raw[even | np.uint64(1)]) << np.uint64(32))
    given = _asked(root, igd, entry, even << np.uint64(2), index)
    if igd[g.G_REFUSED]:
        return NO_INDEX
    own = number & np.uint64(1)
    low, high = given & np.uint64(0xFFFFFFFF), given >> np.uint64(32)
    other = high if own == np.uint64(0) else low
    other_at = (number ^ np.uint64(1)) << np.uint64(2)
    if gtt_load(root, other_at) != other:
        gtt_store(root, other_at, other)
        before = np.uint64(raw[number ^ np.uint64(1)])
        record_as(root, _HYPERVISOR, _GTT, _WRITE, 4, other_at, other, before, _REWRITTEN)
    return low if own == np.uint64(0) else high


@inlined
def gtt_write(root: int, offset: int, value: int, index: int, flags: int) -> None:
    """A GTT dword on its way to the device: ``index`` as in the index port, or all ones for a write through BAR0."""
    words = u64s(root)
    igd = u64s(words[R_IGD])
    if np.uint64(offset) >= igd[g.G_GTT_SIZE]:
        record(root, _GTT, _WRITE, 4, offset, value, value, flags | _UNHANDLED)
        return
    written = np.uint64(value)
    refused = False
    if igd[g.G_POLICY]:
        if igd[g.G_POLICY_WHOLE]:
            written = _whole(root, igd, value, offset, index)
        else:
            written = _asked(root, igd, value, offset, index)
        refused = igd[g.G_REFUSED] != np.uint64(0)
    if igd[g.G_OWNER]:
        shown = NO_INDEX if refused else written
        if igd[g.G_WRITES] == np.uint64(0) or refused:
            trap(root, TRAP_GTT_FIRST, np.uint64(offset) | np.uint64(1), value, shown)
        igd[g.G_WRITES] += np.uint64(1)
        if not refused:
            u8s(igd[g.G_TOUCHED])[np.uint64(offset) >> igd[g.G_PTE_SHIFT]] = np.uint8(1)
        igd[g.G_LAST_INDEX] = np.uint64(offset) | np.uint64(1)
        igd[g.G_LAST_VALUE] = np.uint64(value)
        igd[g.G_LAST_WRITTEN] = shown
    if refused:
        record(root, _GTT, _WRITE, 4, offset, value, value, flags | _FAULTED)
        stop(root, STOP_ABORT, 0)
        return
    if written != np.uint64(value):
        flags |= _REWRITTEN
        if igd[g.G_OWNER]:
            igd[g.G_REWRITTEN] += np.uint64(1)
    record_here(root, _GTT, _WRITE, 4, offset, written, value, flags)
    gtt_store(root, offset, written)
