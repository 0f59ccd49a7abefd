"""What Proxmox VE itself says before QEMU is started: ``qm start``, a task's log, the journal.

Source: qemu-server src/PVE/QemuServer/PCI.pm (parse_hostpci_devices, prepare_pci_device, reserve_pci_usage), at
6223caf; pve-common src/PVE/SysFSTools.pm.
"""

from __future__ import annotations

from fwsim.diagnose.messages.row import BDF, Row

_WHO = "Proxmox"
_PCI = "qemu-server PCI.pm"
_REFUSED = "Proxmox does not start the VM: "

ROWS = (
    Row(
        "qm-legacy-vga", _WHO, "legacy IGD assignment", r"requires VGA mode to be 'none'", "fatal",
        _REFUSED + "legacy-igd=1 wants vga: none", "another display would be the guest's primary one", "emulated-vga",
        _PCI,
    ),
    Row(
        "qm-legacy-rombar", _WHO, "legacy IGD assignment", r"requires rombar to be enabled", "fatal",
        _REFUSED + "legacy-igd=1 and rombar=0", "legacy mode wants the guest's firmware to see the ROM", "rombar",
        _PCI,
    ),
    Row(
        "qm-legacy-other", _WHO, "legacy IGD assignment",
        r"is not compatible with (?P<what>x-vga|mdev|multifunction devices|alternate devices)", "fatal",
        _REFUSED + "legacy-igd=1 does not go with {what}", "", "legacy-igd", _PCI,
    ),
    Row(
        "qm-legacy-q35", _WHO, "legacy IGD assignment", r"is not compatible with q35", "fatal",
        _REFUSED + "legacy-igd=1 on a q35", "q35 has an ICH9 at 00:1f.0, where legacy mode puts its LPC bridge",
        "machine-pc", _PCI,
    ),
    Row(
        "qm-legacy-address", _WHO, "legacy IGD assignment", r"only works for devices on host bus 00:02\.0", "fatal",
        _REFUSED + "legacy-igd=1 is on another device than 00:02.0", "", "legacy-igd", _PCI,
    ),
    Row(
        "qm-legacy-twice", _WHO, "in legacy-igd mode", r"only one device can be assigned in legacy-igd mode", "fatal",
        _REFUSED + "two hostpci lines have legacy-igd=1", "", "legacy-igd", _PCI,
    ),
    Row(
        "qm-pcie-not-q35", _WHO, "machine model is not enabled", r"q35 machine model is not enabled", "fatal",
        _REFUSED + "pcie=1 without machine: q35", "an i440fx has no PCI Express ports", "pcie-off", _PCI,
    ),
    Row(
        "qm-no-iommu", _WHO, "cannot prepare PCI pass-through", r"IOMMU not present", "fatal",
        _REFUSED + "the host has no IOMMU", "VT-d is off: in the firmware's setup, or intel_iommu=on is missing",
        "iommu-on", _PCI,
    ),
    Row(
        "qm-no-device", _WHO, "no pci device info for device", rf"device '{BDF}'", "fatal",
        _REFUSED + "the host has no {bdf}", "the firmware switched the IGD off, or the device has left the bus",
        "igd-enabled", _PCI,
    ),
    Row(
        "qm-bind", _WHO, "to VFIO", rf"can't unbind/bind PCI group to VFIO '{BDF}'", "fatal",
        _REFUSED + "vfio-pci does not take {bdf}, or a device of its group",
        "a driver of the host does not let it go, or the group has a device that cannot be bound", "not-bound", _PCI,
    ),
    Row(
        "qm-in-use", _WHO, "already in use by VMID", rf"PCI device '{BDF}' already in use by VMID '(?P<vm>\d+)'",
        "fatal", _REFUSED + "VM {vm} has {bdf}", "one VM at a time can have it", "one-vm", _PCI,
    ),
    Row(
        "qm-no-reset", _WHO, "failed to reset PCI device", rf"failed to reset PCI device '{BDF}'", "note",
        "the device is not reset before the VM gets it", "harmless by itself: what the host's driver left in it stays",
        "", _PCI,
    ),
)  # fmt: skip
