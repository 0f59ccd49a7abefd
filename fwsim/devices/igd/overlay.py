"""Registers of BAR0 that a hypervisor answers itself, from the guest's configuration space, and that are written there.

Source: QEMU hw/vfio/pci-quirks.c, vfio_generic_quirk_mirror_write, and hw/vfio/igd.c of 9.2, vfio_igd_quirk_bdsm_write:
a write changes the register in configuration space, and never reaches the device.
"""

from typing import Any

import numpy as np

from fwsim.devices.igd import layout as g
from fwsim.native import R_IGD, native, u32s, u64s


@native
def overlaid(root: int, offset: int, value: int) -> Any:
    """What a read of the dword at ``offset`` by memory access gives, where the device itself answers ``value``."""
    igd = u64s(u64s(root)[R_IGD])
    rows = u64s(igd[g.G_OVERLAYS])
    for i in range(igd[g.G_OVERLAY_COUNT]):
        at = np.uint64(i) * np.uint64(g.OVERLAY_WORDS)
        if rows[at + np.uint64(g.O_OFFSET)] == np.uint64(offset):
            mask = rows[at + np.uint64(g.O_MASK)]
            held = np.uint64(u32s(rows[at + np.uint64(g.O_ANSWER)])[0])
            return (np.uint64(value) & ~mask) | (held & mask)
    return np.uint64(value)


@native
def overlaid_write(root: int, offset: int, value: int) -> Any:
    """Write the dword at ``offset``: the bits of it that the device still gets; 0 where none does."""
    igd = u64s(u64s(root)[R_IGD])
    rows = u64s(igd[g.G_OVERLAYS])
    for i in range(igd[g.G_OVERLAY_COUNT]):
        at = np.uint64(i) * np.uint64(g.OVERLAY_WORDS)
        if rows[at + np.uint64(g.O_OFFSET)] == np.uint64(offset):
            mask, taken = rows[at + np.uint64(g.O_MASK)], rows[at + np.uint64(g.O_WRITABLE)]
            held = u32s(rows[at + np.uint64(g.O_ANSWER)])
            held[0] = np.uint32((np.uint64(held[0]) & ~taken) | (np.uint64(value) & taken))
            return ~mask & np.uint64(0xFFFFFFFF)
    return np.uint64(0xFFFFFFFF)
