"""What Xen knows of a guest's MMCONFIG: told by the device model at each change, never told, or known by itself.

Source: xen-devel in March 2018, "[RFC PATCH 07/12] hvmloader: allocate MMCONFIG area in the MMIO hole", A. Gerasimenko:
I. a notification (XEN_DMOP_mmcfg_location_change there; dm_op.h has none), with address, size as a number of buses,
enabled or not, and for the future segment and bus range; II. the chipset, or PCIEXBAR alone, emulated in Xen. Decoding
is that of xen/arch/x86/hvm/io.c, vpci_mmcfg_decode_addr.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fwsim.devices.ecam import Window

Knows = Literal["told", "outdated", "hypervisor"]
"""Design I, design I with a device model that does not tell, design II."""
BUS = 1 << 20
_FUNCTION = 1 << 12


class Mmcfg(Struct, frozen=True):
    """One notification: ``address`` of bus ``first_bus``, the number of ``buses``, the segment."""

    address: int
    buses: int
    enabled: bool = True
    segment: int = 0
    first_bus: int = 0

    def decode(self, address: int) -> tuple[int, int] | None:
        """(SBDF, register) of a guest-physical address; None outside."""
        at = address - self.address
        if not self.enabled or not 0 <= at < self.buses * BUS:
            return None
        return self.segment << 16 | (at // _FUNCTION) + (self.first_bus << 8), at % _FUNCTION


def known(knows: Knows, window: Window | None) -> Mmcfg | None:
    """What Xen knows while PCIEXBAR puts the window there; None: it takes none of it for configuration space."""
    if window is None or knows == "outdated":
        return None
    start, size = window
    return Mmcfg(start, size // BUS)
