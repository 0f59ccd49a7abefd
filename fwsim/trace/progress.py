"""Is the code still getting anywhere? What tells a wait that will end from one that will not."""

import numpy as np
from numba import njit

from fwsim.native import (
    NOVEL_SLOTS,
    R_CLOCKED,
    R_CS,
    R_IP,
    R_NOVEL,
    R_STALE_LIMIT,
    R_WAIT_LIMIT,
    R_WAITS,
    STOP_STALE,
    stop,
    u64s,
)


@njit
def seen(root: int, what: int, value: int, clock: bool) -> None:
    """After an access: is the code still getting anywhere?

    An access never seen before (same instruction, same place, same value) is progress. Inputs that are clocks change by
    themselves and are none. Long without progress is a wait that will not end: sooner where no clock is read at all.
    """
    words = u64s(root)
    words[R_WAITS] += np.uint64(1)
    if clock:
        if words[R_CLOCKED] == np.uint64(0):
            words[R_CLOCKED] = np.uint64(1)
    else:
        key = (np.uint64(what) * np.uint64(0x9E3779B97F4A7C15)) ^ (
            (words[R_IP] << np.uint64(17)) + np.uint64(value) * np.uint64(0xC2B2AE3D27D4EB4F) + words[R_CS]
        )
        key ^= key >> np.uint64(29)
        table = u64s(words[R_NOVEL])
        slot = key % np.uint64(NOVEL_SLOTS)
        if table[slot] != key:
            table[slot] = key
            words[R_WAITS] = np.uint64(0)
            words[R_CLOCKED] = np.uint64(0)
            return
    limit = words[R_WAIT_LIMIT] if words[R_CLOCKED] == np.uint64(0) else words[R_STALE_LIMIT]
    if words[R_WAITS] >= limit:
        stop(root, STOP_STALE, what)
