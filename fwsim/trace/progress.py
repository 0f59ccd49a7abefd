"""Code still gets somewhere, or it waits for ever: native code tells the two by what it has not seen before."""

from typing import Any

import numpy as np

from fwsim.native import (
    NOVEL_SLOTS,
    R_CLOCKED,
    R_CS,
    R_FORCED,
    R_FORCED_AND,
    R_FORCED_LEFT,
    R_FORCED_OR,
    R_IP,
    R_NOVEL,
    R_NOVEL_SEQ,
    R_SEQ,
    R_STALE_LIMIT,
    R_WAIT_LIMIT,
    R_WAITS,
    STOP_STALE,
    fixed,
    inlined,
    native,
    stop,
    u64s,
)
from fwsim.trace.event import Space

IN_MEMORY, IN_PCI, IN_MMIO, IN_GTT, IN_INTERRUPT = (
    int(space) << 32 for space in (Space.MEMORY, Space.PCI, Space.MMIO, Space.GTT, Space.INTERRUPT)
)
"""What an access is to ``seen`` and ``forced``: its space above its address; a port is its number alone."""
IN_TSC = 1 << 40
"""The time stamp counter, which has no address: above every space."""


@inlined
def looked_up(root: int, what: int, value: int) -> Any:
    """What an access is in the table, and what the table has in its place: two words.

    The table is larger than the nearest cache. Asked for before the device acts, its word has come when it is needed.
    """
    words = u64s(root)
    key = (np.uint64(what) * np.uint64(0x9E3779B97F4A7C15)) ^ (
        (words[R_IP] << np.uint64(17)) + np.uint64(value) * np.uint64(0xC2B2AE3D27D4EB4F) + words[R_CS]
    )
    key ^= key >> np.uint64(29)
    return key, u64s(words[R_NOVEL])[key % np.uint64(NOVEL_SLOTS)]


@inlined
def seen_here(root: int, what: int, entry: Any, clock: bool) -> None:
    """``seen``, copied into its caller, with what it looked up before: on the way of most accesses."""
    words = u64s(root)
    key, known = entry
    if clock:
        words[R_CLOCKED] = np.uint64(1)
    elif known != key:
        u64s(words[R_NOVEL])[key % np.uint64(NOVEL_SLOTS)] = key
        words[R_WAITS] = np.uint64(0)
        words[R_CLOCKED] = np.uint64(0)
        words[R_NOVEL_SEQ] = words[R_SEQ]
        return
    waits = words[R_WAITS] + np.uint64(1)
    words[R_WAITS] = waits
    limit = words[R_WAIT_LIMIT] if words[R_CLOCKED] == np.uint64(0) else words[R_STALE_LIMIT]
    if waits >= limit:
        stop(root, STOP_STALE, np.uint64(what))


@fixed("void(u64, u64, u64, u64)")
def seen(root: Any, what: Any, value: Any, clock: Any) -> None:
    """After an access: is the code still getting anywhere?

    An access never seen before (same instruction, same place, same value) is progress. Inputs that are clocks change by
    themselves and are none. Long without progress is a wait that will not end: sooner where no clock is read at all.
    """
    seen_here(root, what, looked_up(root, what, value), clock)


@native
def forced(root: int, what: int, value: int) -> Any:
    """What a read gives instead of ``value`` while reads of ``what`` (space << 32 | address) are answered for it."""
    words = u64s(root)
    if words[R_FORCED] != np.uint64(what) + np.uint64(1) or words[R_FORCED_LEFT] == np.uint64(0):
        return np.uint64(value)
    words[R_FORCED_LEFT] -= np.uint64(1)
    return (np.uint64(value) & words[R_FORCED_AND]) | words[R_FORCED_OR]
