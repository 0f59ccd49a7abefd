"""Xen's device model (QEMU's xen-pt) shows the IGD as it is, maps the host's OpRegion, and dresses up two bridges.

Source: QEMU hw/xen/xen_pt_graphics.c, hw/pci-host/xen_igd_pt.c and its table of ISA bridges.
"""

from __future__ import annotations

from collections.abc import Callable

from fwsim.exactness import Known
from fwsim.hypervisor.interface import (
    ASLS,
    HOST_BRIDGE,
    Assignment,
    Copied,
    Device,
    Hypervisor,
    Reaction,
    Register,
)
from fwsim.hypervisor.interrupts import Line, MaskedLine

_COPIES = tuple(
    Copied(offset, width)
    for offset, width in ((0x08, 2), (0x2C, 2), (0x2E, 2), (0x50, 2), (0x52, 2), (0xA4, 4), (0xA8, 4))
)
"""What the guest's 00:00.0 reads from the host's."""
_HASWELL = (
    0x0402, 0x0406, 0x040A, 0x0412, 0x0416, 0x041A, 0x041E, 0x0A06, 0x0A0E, 0x0A16, 0x0A1E, 0x0A26, 0x0A2E, 0x0D22,
    0x0D26,
)  # fmt: skip
_BROADWELL = (
    0x1602, 0x1606, 0x160E, 0x1612, 0x1616, 0x161E, 0x1622, 0x1626, 0x162A, 0x162B, 0x162D,
)  # fmt: skip
_OPREGION_PAGES = 3
_BRIDGES = {gpu: (0x8C4E, 4) for gpu in _HASWELL} | {gpu: (0x9CC3, 3) for gpu in _BROADWELL} | {0x0A26: (0x8C4E, 6)}
"""(device id, revision) of the bridge made at 00:1f.0, by the GPU's device id."""


class Xen(Hypervisor):
    """``xen``: BDSM and GGC are the host's, and nothing is placed for the guest.

    ASLS maps the host's OpRegion at its first write. fw_cfg is QEMU's: hvmloader reads none of it.
    """

    kind = "xen"

    @property
    def title(self) -> str:
        """As sentences name it."""
        return "Xen"

    @property
    def known(self) -> Known:
        """Nothing of it was held against a running Xen."""
        return Known("read", "QEMU hw/xen/xen_pt_graphics.c, hw/pci-host/xen_igd_pt.c")

    @property
    def story(self) -> str:
        """One sentence."""
        return "Xen's device model stands between: the guest reads the host's BDSM, and sees the host's own OpRegion."

    def line(self, inject: Callable[[bool], None], note: Callable[[bool], None]) -> Line:
        """Held until the guest's EOI (Xen xen/drivers/passthrough/x86/hvm.c: hvm_dirq_assist injects, __hvm_dpci_eoi
        takes it back and ends the host's with pirq_guest_eoi).
        """
        return MaskedLine(inject, note)

    def assign(self, device: Device) -> Assignment:
        """Everything passes but ASLS."""
        return Assignment(
            opregion=False, registers=[Register(ASLS, 4, watched=True)], copies={HOST_BRIDGE: _COPIES},
            lpc=_BRIDGES.get(device.device_id), own_bdsm=False,
        )  # fmt: skip

    def written(
        self, device: Device, bdf: int, offset: int, old: int, new: int, read: Callable[[int, int], int]
    ) -> Reaction | None:
        """The first write of ASLS maps the host's OpRegion there, at the offset in its page; later ones are ignored."""
        if old:
            return Reaction(value=old)
        return Reaction(value=new & ~0xFFF | device.asls & 0xFFF, opregion_at=new & ~0xFFF, pages=_OPREGION_PAGES)
