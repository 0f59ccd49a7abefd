"""What QEMU's vfio and vfio-igd print about an IGD, by release."""

from __future__ import annotations

from fwsim.diagnose.messages.row import Row

ROWS = (
    Row(
        "qemu-no-vga-region", "QEMU", "VGA region", r"failed getting region info for VGA region index 8", "warning",
        "the kernel offers QEMU no VGA ranges of this device",
        "vfio-pci was built without VGA support (CONFIG_VFIO_PCI_VGA), or disable_vga=1 is set, or another driver of the "
        "host owns the VGA ranges",
        "vga-region", "QEMU hw/vfio/pci.c, vfio_populate_vga, since 2.7",
    ),
    Row(
        "qemu-legacy-vga", "QEMU", "legacy mode disabled", r"failed to enable VGA access, legacy mode disabled", "fatal",
        "legacy mode is off: the guest gets no VGA ranges, no BDSM and no OpRegion of its own",
        "legacy mode needs the VGA ranges, and the kernel did not give them",
        "vga-region", "QEMU hw/vfio/igd.c, 2.7 to 9.2",
    ),
)  # fmt: skip
