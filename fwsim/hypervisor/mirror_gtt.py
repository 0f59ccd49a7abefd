"""A GTT write reaches the device where the mirror list has its dword; elsewhere the dword becomes 0: no page."""

from itertools import count
from typing import Any

import numpy as np

from fwsim.native import R_HYP, callback, u64s

_next = count().__next__
L_COUNT = _next()  # ranges that are listed
L_RANGES = _next()  # the first of them: first byte, byte behind the last


@callback("u64(u64, u64, u64, u64)")
def listed(root: int, value: int, offset: int, index: int) -> Any:
    """What reaches the device of ``value``, written to the GTT dword at byte ``offset``."""
    words = u64s(u64s(root)[R_HYP])
    for i in range(words[L_COUNT]):
        at = np.uint64(L_RANGES + 2 * i)
        if words[at] <= np.uint64(offset) < words[at + np.uint64(1)]:
            return np.uint64(value)
    return np.uint64(0)
