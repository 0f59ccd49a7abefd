"""The trap layer moves an entry that points into the host's stolen memory to the same offset in the guest's."""

from itertools import count
from typing import Any

import numpy as np

from fwsim.devices.igd import layout as g
from fwsim.native import R_HYP, R_IGD, callback, u32s, u64s

_next = count().__next__
M_HOST_BASE = _next()  # host BDSM
M_HOST_SIZE = _next()  # bytes of the host's stolen memory
M_GUEST_SIZE = _next()  # bytes of the guest's
M_BDSM_AT = _next()  # address of the guest's BDSM, uint32 or two of them; 0: the guest has none of its own
M_BDSM_WIDE = _next()  # 1: it is 64 bits wide
MOVE_WORDS = _next()


@callback("u64(u64, u64, u64, u64)")
def move(root: int, entry: int, offset: int, index: int) -> Any:
    """The entry that reaches the device. What is not valid, points elsewhere, or would fall past the end, stays."""
    words = u64s(u64s(root)[R_HYP])
    igd = u64s(u64s(root)[R_IGD])
    if words[M_BDSM_AT] == np.uint64(0) or np.uint64(entry) & np.uint64(1) == np.uint64(0):
        return np.uint64(entry)
    base = np.uint64(u32s(words[M_BDSM_AT])[0])
    if words[M_BDSM_WIDE]:
        base |= np.uint64(u32s(words[M_BDSM_AT])[1]) << np.uint64(32)
    base &= ~np.uint64(0xFFFFF)
    low, high, shift = igd[g.G_LOW_MASK], igd[g.G_HIGH_MASK], igd[g.G_HIGH_SHIFT]
    target = (np.uint64(entry) & low) | ((np.uint64(entry) & high) << shift)
    inside = target - words[M_HOST_BASE]
    if base == np.uint64(0) or target < words[M_HOST_BASE]:
        return np.uint64(entry)
    if inside >= words[M_HOST_SIZE] or inside >= words[M_GUEST_SIZE]:
        return np.uint64(entry)
    moved = base + inside
    return (np.uint64(entry) & ~(low | high)) | (moved & low) | ((moved >> shift) & high)
