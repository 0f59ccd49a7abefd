"""The regions that vfio-pci adds for an Intel display, and every error on the way, in the kernel's order.

Source: Linux drivers/vfio/pci/vfio_pci_igd.c (vfio_pci_igd_opregion_init, vfio_pci_igd_cfg_init, vfio_pci_igd_init) and
vfio_pci.c (vfio_pci_open_device). The OpRegion comes first, then the host bridge's configuration space, then the LPC
bridge's; the first error ends it, and what came before stays. ENODEV leaves the device usable with what there is; any
other closes it again, with a line in the kernel's log, and the open fails with that error.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from fwsim.hypervisor.interface import Assignment, Device, Regions
from fwsim.hypervisor.vfio.opregion import OpRegionView

INTEL = 0x8086
DISPLAY, HOST_BRIDGE_CLASS, ISA_BRIDGE_CLASS = 0x03, 0x060000, 0x060100
KERNEL_LINE = "vfio-pci 0000:00:02.0: Failed to setup Intel IGD regions"
WORDS = {"ENODEV": "No such device", "EINVAL": "Invalid argument"}
"""What strerror says."""
GROUP = 1
"""The IOMMU group that QEMU names: assumed, 00:00.0 has 0."""


class Neighbour(Struct, frozen=True):
    """A function of the host that the kernel looks at: its vendor, and its class with the programming interface."""

    vendor: int
    class_code: int


def regions(
    vendor: int, class_code: int, opregion: OpRegionView, at_00: Neighbour | None, at_1f: Neighbour | None
) -> Regions:  # fmt: skip
    """What the kernel makes of a host: ``opregion`` as it finds it, and what is at 0000:00:00.0 and 0000:00:1f.0."""
    if vendor != INTEL or class_code >> 16 != DISPLAY:
        return Regions(errno="ENODEV", at="no Intel display")
    if opregion.errno:
        return Regions(errno=opregion.errno, at="the OpRegion")
    found = Regions(opregion=True, asls=opregion.config_asls)
    if error := _wrong(at_00, HOST_BRIDGE_CLASS):
        return replace(found, errno=error, at="0000:00:00.0")
    if error := _wrong(at_1f, ISA_BRIDGE_CLASS):
        return replace(found, host=True, errno=error, at="0000:00:1f.0")
    return replace(found, host=True, lpc=True)


def _wrong(found: Neighbour | None, class_code: int) -> str:
    if found is None:
        return "ENODEV"
    return "" if (found.vendor, found.class_code) == (INTEL, class_code) else "EINVAL"


def not_opened(device: Device) -> Assignment:
    """What comes of a device that the kernel closes again: nothing, in the kernel's words and in QEMU's
    (hw/vfio/container.c, vfio_device_get)."""
    found = device.regions
    words = f"vfio 0000:00:02.0: error getting device from group {GROUP}: {WORDS[found.errno]}"
    field = {"the OpRegion": "host.opregion", "0000:00:1f.0": "host.lpc_class"}.get(found.at, "")
    return Assignment(
        own_bdsm=False, opregion=False, vga=False, refusal=f"the kernel does not open it: {found.errno} for {found.at}",
        error=words, error_field=field, messages=[f"error: {KERNEL_LINE}", f"error: {words}"],
    )  # fmt: skip
