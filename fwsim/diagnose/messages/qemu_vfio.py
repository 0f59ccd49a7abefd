"""What QEMU's vfio and its PCI core print about an assigned device. Source: QEMU hw/vfio/pci.c, region.c, container.c,
common.c, helpers.c and hw/pci/pci.c, read in 7.2, 10.0.13 and 10.2.2.
"""

from __future__ import annotations

from fwsim.diagnose.messages.row import Row

_WHO = "QEMU"
_REGION = (
    r"vfio_region_(?P<way>read|write)\((?P<name>[^:]{0,40}(?::[^:]{1,40}){0,3}):region(?P<region>\d{1,2})\+"
    r"[^)]{1,60}\) failed: "
)

ROWS = (
    Row(
        "qemu-no-vga-region", _WHO, "failed getting region info for VGA region", r"VGA region index 8", "fatal",
        "the kernel offers QEMU no VGA ranges of this device", "vfio-pci was built without VGA support "
        "(CONFIG_VFIO_PCI_VGA), or disable_vga=1 is set, or another driver of the host owns the VGA ranges",
        "vga-region", "hw/vfio/pci.c, vfio_populate_vga, since 2.7",
    ),
    Row(
        "qemu-vga-mdev", _WHO, "unexpected VGA info",
        r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}: unexpected VGA info, flags", "fatal",
        "the VM does not start: x-vga=on on a mediated device (GVT-g)", "it has no VGA ranges", "mdev-x-vga",
        "hw/vfio/pci.c, vfio_populate_vga",
    ),
    Row(
        "qemu-vga-unexpected", _WHO, "unexpected VGA info",
        r"(?<![0-9a-f]-[0-9a-f]{12}: )unexpected VGA info, flags", "fatal",
        "the kernel's VGA region is not what QEMU takes", "a kernel of another make", "vga-region",
        "hw/vfio/pci.c, vfio_populate_vga",
    ),
    Row(
        "qemu-x-vga", _WHO, "requested feature x-vga", r"device does not support requested feature x-vga", "fatal",
        "the VM does not start: x-vga=on, and the kernel offers no VGA ranges",
        "vfio-pci was built without VGA support, or disable_vga=1 is set, or the device is a mediated one",
        "vga-region", "hw/vfio/pci.c since 2.7",
    ),
    Row(
        "vfio-failed-ebusy-framebuffer", _WHO, ") failed: ",
        _REGION.replace(r"\d{1,2}", "2") + r"(?:Device or resource|Resource) busy", "fatal",
        "QEMU cannot reach the aperture (region 2) of {name}: EBUSY",
        "the host's framebuffer holds the BAR: efifb, simplefb, vesafb or sysfb (BOOTFB in /proc/iomem)", "sysfb",
        "hw/vfio/region.c; Linux vfio_pci_rdwr.c, vfio_pci_core_setup_barmap",
    ),
    Row(
        "vfio-failed-ebusy", _WHO, ") failed: ",
        _REGION.replace(r"\d{1,2}", r"(?!2\+)\d{1,2}") + r"(?:Device or resource|Resource) busy", "fatal",
        "QEMU cannot reach region {region} of {name}: EBUSY", "another driver of the host holds that BAR", "sysfb",
        "hw/vfio/region.c; Linux vfio_pci_rdwr.c, vfio_pci_core_setup_barmap",
    ),
    Row(
        "vfio-failed-efault", _WHO, ") failed: ", _REGION + r"Bad address", "warning",
        "a {way} of region {region} of {name} was refused: EFAULT", "a mediated device (GVT-g) answers so for a "
        "register that it does not emulate; the access had no effect", "mediated-device",
        "hw/vfio/region.c; Linux i915/gvt/kvmgt.c, intel_vgpu_rw",
    ),
    Row(
        "vfio-failed-enomem", _WHO, ") failed: ", _REGION + r"(?:Cannot allocate|Out of) memory", "fatal",
        "QEMU cannot reach region {region} of {name}: ENOMEM", "the kernel could not map the BAR: memory decoding "
        "is off, or the device is in D3", "idle-d3", "hw/vfio/region.c; Linux vfio_pci_rdwr.c",
    ),
    Row(
        "vfio-failed-eio", _WHO, ") failed: ", _REGION + r"(?:Input/output|I/O) error", "fatal",
        "QEMU cannot reach region {region} of {name}: EIO", "memory decoding is off, or the device is in D3: since "
        "Linux 5.8 the kernel refuses the access then", "idle-d3", "hw/vfio/region.c; Linux vfio_pci_rdwr.c, "
        "do_io_rw",
    ),
    Row(
        "vfio-failed-einval", _WHO, ") failed: ", _REGION + r"Invalid argument", "warning",
        "a {way} of region {region} of {name} was refused: EINVAL", "it lies outside the region, or the region is "
        "read-only (OpRegion, bridges)", "", "hw/vfio/region.c; Linux vfio_pci_igd.c",
    ),
    Row(
        "vfio-failed-enodev", _WHO, ") failed: ", _REGION + r"No such device", "fatal",
        "region {region} of {name} is gone: ENODEV", "the device left the host, or the host's driver took it back",
        "idle-d3", "hw/vfio/region.c",
    ),
    Row(
        "vfio-config-failed", _WHO, "vfio_pci_",
        r"vfio_pci_(?P<way>read|write)_config\([^)]{1,80}\) failed: (?P<why>.{1,40})", "warning",
        "a {way} of the device's configuration space failed: {why}",
        "the device does not answer: it is in D3, or it was reset", "idle-d3", "hw/vfio/pci.c",
    ),
    Row(
        "vfio-vga-failed", _WHO, "vfio_vga_", r"vfio_vga_(?P<way>read|write)\([^)]{1,60}\) failed: (?P<why>.{1,40})",
        "warning", "a {way} of the VGA ranges failed: {why}", "the VGA arbiter of the host gave them to another "
        "device", "vga-region", "hw/vfio/pci.c",
    ),
    Row(
        "qemu-rom-unreadable", _WHO, "Cannot read device rom at",
        r"Cannot read device rom at (?:vfio )?" + r"(?P<bdf>\S*?\d\d\.[0-7])", "warning",
        "the kernel gives QEMU no ROM of the device", "an IGD has no ROM of its own: with UEFI nothing is at C0000, "
        "with a CSM the copy there may be cut", "romfile", "hw/vfio/pci.c, all releases",
    ),
    Row(
        "qemu-rom-read-error", _WHO, "reading device ROM", r"Error reading device ROM: (?P<why>.{1,40})", "warning",
        "reading the device's ROM failed: {why}", "an IGD has no ROM of its own", "romfile", "hw/vfio/pci.c",
    ),
    Row(
        "qemu-no-property", _WHO, "not found", r"Property '(?:vfio-pci(?:-nohotplug)?)?\.(?P<name>[\w-]+)' not found",
        "fatal", "the VM does not start: this QEMU's vfio-pci has no property {name}",
        "it is mistyped, newer than this QEMU, or the word of another tool (legacy-igd and pcie are Proxmox's)",
        "property", "qom/object.c, object_property_find_err",
    ),
    Row(
        "qemu-slot-taken", _WHO, " not available for vfio-pci",
        r"PCI: slot (?P<slot>\d+) function (?P<function>\d) not available for vfio-pci, (?P<why>reserved|in use by "
        r"[\w.-]+(?:,id=[\w.-]+)?)", "fatal",
        "the VM does not start: slot {slot} of the guest, where the IGD is to be, is taken: {why}",
        "two devices were given the same address, or the tool placed its own there before the IGD's was set",
        "free-slot", "hw/pci/pci.c, do_pci_register_device",
    ),
    Row(
        "qemu-romfile-missing", _WHO, "romfile", r"failed to find romfile \"(?P<file>[^\"]{1,120})\"", "fatal",
        "the VM does not start: romfile {file} is not there", "the path is wrong, or the VM's user may not read it",
        "romfile", "hw/pci/pci.c, pci_add_option_rom",
    ),
    Row(
        "qemu-romfile-empty", _WHO, "romfile", r"romfile \"(?P<file>[^\"]{1,120})\" is empty", "fatal",
        "the VM does not start: romfile {file} is empty", "the dump failed: an IGD's ROM cannot be read from the "
        "device on a UEFI host", "romfile", "hw/pci/pci.c, pci_add_option_rom",
    ),
    Row(
        "qemu-romfile-large", _WHO, "romfile",
        r"romfile \"(?P<file>[^\"]{1,120})\" (?:too large|\(\d+ bytes\) is too large)", "fatal",
        "the VM does not start: romfile {file} is too large", "it is a whole flash image, or larger than romsize=",
        "romfile", "hw/pci/pci.c, pci_add_option_rom",
    ),
    Row(
        "qemu-romfile-load", _WHO, "romfile", r"failed to load romfile \"(?P<file>[^\"]{1,120})\"", "fatal",
        "the VM does not start: romfile {file} cannot be read", "the VM's user may not read it (AppArmor, "
        "permissions)", "romfile", "hw/pci/pci.c, pci_add_option_rom",
    ),
    Row(
        "qemu-bar-mmap", _WHO, "Performance may be slow",
        r"Failed to mmap (?P<bdf>\S*?[0-9a-f]{2}\.[0-7]) BAR (?P<bar>\d)", "warning",
        "BAR {bar} cannot be mapped into the guest: each access goes by QEMU",
        "another driver of the host holds a part of it: its framebuffer", "sysfb", "hw/vfio/pci.c since 2.10",
    ),
    Row(
        "qemu-stuck-power", _WHO, "Unable to power on device", r"stuck in D(?P<state>\d)", "fatal",
        "the device does not leave D{state}", "power management of the host put it there", "idle-d3", "hw/vfio/pci.c",
    ),
    Row(
        "qemu-no-reset", _WHO, "no available reset mechanism",
        r"Cannot reset device (?P<bdf>[0-9a-f:.]+), no available", "note", "the device is not reset between guests",
        "an IGD before gen 9 has no function-level reset: what the host's driver left in it stays", "",
        "hw/vfio/pci.c",
    ),
    Row(
        "qemu-group-viable", _WHO, "is not viable", r"group (?P<group>\d+) is not viable", "fatal",
        "the VM does not start: group {group} has a device with a driver of the host",
        "every device of the IOMMU group must be bound to vfio-pci or to none", "bind-group", "hw/vfio/container.c",
    ),
    Row(
        "qemu-group-device", _WHO, "error getting device from group",
        r"error getting device from group (?P<group>\d+): (?P<why>.{1,60})", "fatal",
        "the VM does not start: no device of group {group}: {why}", "the device is bound to another driver, or in "
        "use by another VM", "not-bound", "hw/vfio/container.c",
    ),
    Row(
        "qemu-group-open", _WHO, "/dev/vfio/",
        r"(?:failed to open|Could not open '?)(?P<file> ?/dev/vfio/\w+)'?: (?P<why>.{1,40})", "fatal",
        "the VM does not start: {file}: {why}", "the device is not bound to vfio-pci, or the VM's user may not open "
        "it", "not-bound", "hw/vfio/container.c",
    ),
    Row(
        "qemu-no-group", _WHO, "no iommu_group found", r"", "fatal",
        "the VM does not start: the device has no IOMMU group", "VT-d is off: in the firmware's setup, or "
        "intel_iommu=on is missing", "iommu-on", "hw/vfio/container.c since 2.8",
    ),
    Row(
        "qemu-no-host-device", _WHO, "no such host device", r"", "fatal",
        "the VM does not start: that host device is not there", "the address in the configuration is another "
        "machine's, or the firmware switched the IGD off", "igd-enabled", "hw/vfio/pci.c",
    ),
    Row(
        "qemu-iommu-set", _WHO, "ailed to set iommu for container",
        r"ailed to set iommu for container: (?P<why>.{1,50})", "fatal",
        "the VM does not start: the IOMMU refuses the device: {why}",
        "the kernel refuses a device with an RMRR, or interrupt remapping is off", "rmrr", "hw/vfio/container.c",
    ),
    Row(
        "qemu-group-container", _WHO, "ailed to set group container",
        r"ailed to set group container: (?P<why>.{1,50})", "fatal",
        "the VM does not start: the IOMMU refuses the group: {why}",
        "since Linux 6.6 the kernel refuses here a group with an RMRR", "rmrr", "hw/vfio/container.c",
    ),
    Row(
        "qemu-dma-map", _WHO, "dma_map(", r"vfio\w*_dma_map\([^)]{1,120}\) = (?P<code>-\d+)", "warning",
        "a range of the guest's memory is not mapped for the device ({code})",
        "another device's BAR, or the locked-memory limit: DMA there is refused", "memlock", "hw/vfio/common.c",
    ),
    Row(
        "qemu-hot-reset-group", _WHO, "which is not owned",
        r"Cannot reset device (?P<bdf>[0-9a-f:.]+), depends on group", "note",
        "the device is not reset: another group belongs to its reset", "", "", "hw/vfio/container.c",
    ),
    Row(
        "qemu-display-mode", _WHO, "known) display method", r"device doesn't support any \(known\) display method",
        "fatal", "the VM does not start: display=on is of mediated devices",
        "an assigned IGD shows its picture on its own port", "display-off", "hw/vfio/display.c",
    ),
    Row(
        "qemu-denylist-rom", _WHO, "system instability",
        r"Device at (?P<bdf>\S+) is known to cause system instability", "note", "QEMU leaves the device's ROM aside",
        "it is on QEMU's list", "", "hw/vfio/pci.c",
    ),
)  # fmt: skip
