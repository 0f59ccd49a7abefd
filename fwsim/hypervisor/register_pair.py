"""A register pair by which a hypervisor tells a guest's driver what hardware hides is a design, in no product.

Proposed by Paolo Bonzini on qemu-devel and xen-devel, 2 July 2014: a pair "in a BAR, in configuration space, in the
low VGA ports at 0x3c0-0x3df, wherever", and "one bit that is known-zero on all hardware". Nobody at Intel named such a
place. The ones here are assumed free: no register is known to be there (``fwsim.registers``); the registers are in the
page that GVT-g later took for the same end (Linux drivers/gpu/drm/i915/i915_pvinfo.h, VGT_PVINFO_PAGE 78000h).
"""

from __future__ import annotations

from enum import IntEnum

PRESENT = 1 << 31
CONFIG = 0xD8
"""00:02.0: the address, PRESENT in it; the data are 4 further."""
PORT = 0x3DB
"""The address, a byte; the data are the dword behind it. An open port reads FFh, so it is 8xh that says it is there."""
PORT_PRESENT, PORT_MASK = 0x80, 0x0F
REGISTERS = 0x78F00
"""BAR0, and the I/O BAR's index and data ports: PRESENT, and then each fact in a dword of its own."""


class Fact(IntEnum):
    """What is told at which address: a dword each, 0 for what is not known; higher addresses are 0."""

    PCH = 0
    """Device << 16 | vendor of the host's 00:1f.0."""
    HOST_BRIDGE = 1
    """The same of its 00:00.0."""
    GGC = 2
    """GGC as the guest is to take it, for its own stolen memory."""
    BDSM = 3
    """Where the guest's stolen memory is, lower half; 0 where none was placed."""
    BDSM_HIGH = 4
