"""What does QEMU's Xen passthrough make of an IGD? The OpRegion's address, the bridge at 1f.0, what is copied.

Source: QEMU hw/xen/xen_pt_graphics.c, hw/pci-host/xen_igd_pt.c and its table of ISA bridges.
"""

from __future__ import annotations

from dataclasses import dataclass

OPREGION_PAGES = 3
HOST_BRIDGE_COPIES = ((0x08, 2), (0x2C, 2), (0x2E, 2), (0x50, 2), (0x52, 2), (0xA4, 4), (0xA8, 4))
"""(offset, width) of 00:00.0 that the guest reads from the host's bridge."""
REFUSED = "Need to enable igd-passthru if you're trying to passthrough IGD GFX"
_HASWELL = (
    0x0402, 0x0406, 0x040A, 0x0412, 0x0416, 0x041A, 0x041E, 0x0A06, 0x0A0E, 0x0A16, 0x0A1E, 0x0A26, 0x0A2E, 0x0D22,
    0x0D26,
)  # fmt: skip
_BROADWELL = (
    0x1602, 0x1606, 0x160E, 0x1612, 0x1616, 0x161E, 0x1622, 0x1626, 0x162A, 0x162B, 0x162D,
)  # fmt: skip
_BRIDGES = {gpu: (0x8C4E, 4) for gpu in _HASWELL} | {gpu: (0x9CC3, 3) for gpu in _BROADWELL} | {0x0A26: (0x8C4E, 6)}


@dataclass(frozen=True, slots=True)
class Mapping:
    """``pages`` pages of host memory shown to the guest, by page number."""

    guest_pfn: int
    host_pfn: int
    pages: int = OPREGION_PAGES


@dataclass(slots=True)
class AslsRegister:
    """Config 0xFC of a passed-through IGD: the first write maps the host's OpRegion, later ones are ignored."""

    host_asls: int
    value: int = 0
    map_works: bool = True

    def write(self, written: int) -> Mapping | None:
        """The mapping that the first write makes; None for a later one, or where mapping fails (it stays 0)."""
        if self.value or not self.map_works:
            return None
        self.value = (written & ~0xFFF) | (self.host_asls & 0xFFF)
        return Mapping(self.value >> 12, self.host_asls >> 12)


def isa_bridge(gpu_device_id: int) -> tuple[int, int] | None:
    """(device id, revision) of the Intel bridge made at 00:1f.0, or None for a GPU that the table does not list."""
    return _BRIDGES.get(gpu_device_id)
