"""QEMU up to 9.2 moves GTT entries that are written by the port pair: all alike, by guest base minus host base.

Source: QEMU hw/vfio/igd.c up to 9.2, vfio_igd_quirk_data_write and its latch.
"""

from itertools import count
from typing import Any

import numpy as np

from fwsim.devices.igd import layout as g
from fwsim.native import R_HYP, R_IGD, callback, u32s, u64s

_next = count().__next__
S_LATCH = _next()  # QEMU's own copy of the index port; all ones: none
S_LIMIT = _next()  # first index that is left alone
S_WIDE = _next()  # 1: 64-bit entries by QEMU's reckoning of the generation
S_HOST_BASE = _next()  # host BDSM, rounded down to 1 MiB
S_BDSM_AT = _next()  # address of the guest's emulated BDSM, uint32 or two of them
S_BDSM_WIDE = _next()  # 1: it is 64 bits wide
SHIFT_WORDS = _next()
NO_LATCH = 0xFFFFFFFFFFFFFFFF


@callback("u64(u64, u64, u64, u64)")
def shift(root: int, value: int, offset: int, index: int) -> Any:
    """The dword that reaches the device: at index 4n+1 below the limit it is moved, whatever it is.

    The high dword of a 64-bit entry becomes 0. Where the guest's base is still 0, QEMU kills the guest.
    """
    words = u64s(u64s(root)[R_HYP])
    latch = words[S_LATCH]
    if index == np.uint64(NO_LATCH) or latch % np.uint64(4) != np.uint64(1) or latch >= words[S_LIMIT]:
        return np.uint64(value)
    if words[S_WIDE] and latch % np.uint64(8) != np.uint64(1):
        return np.uint64(0)
    base = np.uint64(u32s(words[S_BDSM_AT])[0])
    if words[S_BDSM_WIDE]:
        base |= np.uint64(u32s(words[S_BDSM_AT])[1]) << np.uint64(32)
    if base == np.uint64(0):
        u64s(u64s(root)[R_IGD])[g.G_REFUSED] = np.uint64(1)
        return np.uint64(value)
    return (np.uint64(value) - words[S_HOST_BASE] + base) & np.uint64(0xFFFFFFFF)


@callback("void(u64, u64, u64, u64)")
def latch(root: int, port: int, written: int, value: int) -> None:
    """The index is QEMU's own copy: a write of the index port sets it, everything else on the pair forgets it."""
    words = u64s(u64s(root)[R_HYP])
    words[S_LATCH] = np.uint64(value) if written and port == np.uint64(0) else np.uint64(NO_LATCH)
