"""What QEMU's vfio-igd prints, by release. Source of all: QEMU hw/vfio/igd.c, read in 7.2, 9.2, 10.0.13 and 10.2.2."""

from __future__ import annotations

from fwsim.diagnose.messages.row import Row

_WHO = "QEMU"
_OFF = "legacy mode is off: the guest gets no VGA ranges, no BDSM and no OpRegion of its own"
_TO_92 = "hw/vfio/igd.c, 2.7 to 9.2"
_MDEV = r"IGD device [0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12} (?P<words>.*legacy mode.*)"
_NO_MDEV = r"(?<!IGD device [0-9a-f-]{36} )"
"""A mediated device is named by its UUID."""

ROWS = (
    Row(
        "qemu-legacy-mdev", _WHO, "legacy mode", _MDEV, "note",
        "QEMU tries legacy mode on a mediated device (GVT-g), and gives it up: harmless",
        "it does so for each Intel display at 00:02.0 of the guest; a mediated device needs none of it", "mdev-slot",
        _TO_92,
    ),
    Row(
        "qemu-legacy-vga", _WHO, "failed to enable VGA access, legacy mode disabled",
        _NO_MDEV + "failed to enable VGA access", "fatal", _OFF,
        "legacy mode needs the VGA ranges, and the kernel did not give them to QEMU", "vga-region", _TO_92,
    ),
    Row(
        "qemu-vga-access", _WHO, "Unable to enable VGA access", r"", "fatal", _OFF,
        "legacy mode needs the VGA ranges, and the kernel did not give them to QEMU", "vga-region",
        "hw/vfio/igd.c since 10.0",
    ),
    Row(
        "qemu-legacy-1f", _WHO, "cannot support legacy mode due to existing",
        _NO_MDEV + r"cannot support legacy mode due to existing devices at address 1f\.0", "fatal", _OFF,
        "another device is at 1f.0 of the guest, where the LPC bridge has to be: q35 has its own there", "legacy-igd",
        _TO_92,
    ),
    Row(
        "qemu-lpc-1f", _WHO, "Cannot create LPC bridge due to existing device at 1f.0", r"", "fatal",
        "the guest gets no LPC bridge with the host's id: a vBIOS of Skylake or later does not go on",
        "another device is at 1f.0 of the guest: q35 has its own there", "legacy-igd", "hw/vfio/igd.c since 10.0",
    ),
    Row(
        "qemu-legacy-generation", _WHO, "is unsupported in legacy mode",
        _NO_MDEV + r"is unsupported in legacy mode, try SandyBridge or newer", "fatal", _OFF,
        "this release of QEMU does not know the device's id, or it is older than gen 6. Older releases took every "
        "unknown id for generation 8: what worked with them may stop with an update", "qemu-newer",
        "hw/vfio/igd.c, 2.7 to 10.0",
    ),
    Row(
        "qemu-legacy-no-rom", _WHO, "has no ROM, legacy mode disabled",
        _NO_MDEV + "has no ROM", "fatal", _OFF,
        "legacy mode wants a ROM, and the device has none that the kernel can read: with UEFI there is no copy at "
        "C0000", "romfile", _TO_92,
    ),
    Row(
        "qemu-no-rom", _WHO, "Device has no ROM", r"Device has no ROM\b", "fatal", _OFF,
        "legacy mode was asked for and wants a ROM, and there is none: with UEFI there is no copy at C0000",
        "romfile", "hw/vfio/igd.c since 10.0",
    ),
    Row(
        "qemu-legacy-hotplug", _WHO, "hotplugged, ROM disabled", r"hotplugged, ROM disabled, legacy mode disabled",
        "fatal", _OFF, "the device was added while the VM ran", "no-hotplug", _TO_92,
    ),
    Row(
        "qemu-opregion-hotplug", _WHO, "OpRegion is not supported",
        r"IGD.*OpRegion is not supported on hotplugged device", "warning",
        "the guest gets no OpRegion: its driver finds no VBT", "the device was added while the VM ran", "no-hotplug",
        "hw/vfio/igd.c: an error in 10.0, a warning since 10.1",
    ),
    Row(
        "qemu-lpc-hotplug", _WHO, "IGD LPC is not supported on hotplugged device", r"", "warning",
        "the guest gets no LPC bridge with the host's id", "the device was added while the VM ran", "no-hotplug",
        "hw/vfio/igd.c since 10.0",
    ),
    Row(
        "qemu-legacy-region", _WHO, "access,legacy mode disabled",
        _NO_MDEV + r"does not support (?P<what>OpRegion|host bridge|LPC bridge) access,legacy mode disabled",
        "fatal", _OFF, "the kernel offers no {what} region: vfio-pci was built without VFIO_PCI_IGD, or the host's "
        "firmware wrote no OpRegion, or 00:00.0 and 00:1f.0 are not Intel's", "igd-regions", _TO_92,
    ),
    Row(
        "qemu-region-kernel", _WHO, "access is not supported by kernel",
        r"IGD (?P<what>LPC bridge|host bridge) access is not supported by kernel", "fatal",
        "the guest's bridges do not get the host's ids: no {what} region",
        "vfio-pci was built without VFIO_PCI_IGD, or that bridge is not where an Intel host has it", "igd-regions",
        "hw/vfio/igd.c since 10.0",
    ),
    Row(
        "qemu-no-opregion", _WHO, "IGD OpRegion feature",
        r"(?:does not supports?|support requested) (?:requested )?IGD OpRegion", "fatal",
        "the device does not come up: an OpRegion was asked for, and the kernel offers none",
        "the host's firmware wrote no OpRegion address (ASLS), or vfio-pci was built without VFIO_PCI_IGD",
        "igd-regions", "hw/vfio/pci.c and igd.c, 2.7 to 10.0",
    ),
    Row(
        "qemu-opregion-read", _WHO, "failed to read IGD OpRegion", r"", "fatal",
        "the guest gets no OpRegion: reading the host's failed", "the kernel could not map it, or it is cut off",
        "igd-regions", "hw/vfio/igd.c, all releases",
    ),
    Row(
        "qemu-legacy-lpc", _WHO, "failed to create LPC bridge", r"failed to create LPC bridge, legacy mode disabled",
        "fatal", _OFF, "the host's LPC bridge could not be copied to 1f.0", "igd-regions", _TO_92,
    ),
    Row(
        "qemu-legacy-bridge", _WHO, "failed to modify host bridge",
        r"failed to modify host bridge, legacy mode disabled", "fatal", _OFF,
        "the host bridge's ids could not be copied", "igd-regions", _TO_92,
    ),
    Row(
        "qemu-bridges-failed", _WHO, " for IGD", r"Failed to (?:create/)?modify (?P<what>LPC|host) bridge for IGD",
        "fatal", "the guest's {what} bridge does not get the host's ids", "the host's could not be read",
        "igd-regions", "hw/vfio/igd.c since 10.0",
    ),
    Row(
        "qemu-copy-failed", _WHO, "IGD copy failed", r"IGD copy failed: (?P<why>.{1,40})", "fatal",
        "the guest's bridges do not get the host's ids: {why}", "reading the host's bridge by vfio failed",
        "igd-regions", "hw/vfio/igd.c, all releases",
    ),
    Row(
        "qemu-host-bridge", _WHO, "Can't find host bridge", r"", "fatal", _OFF,
        "the machine has no 00:00.0 on the device's bus", "legacy-igd", "hw/vfio/igd.c, all releases",
    ),
    Row(
        "qemu-legacy-disabled", _WHO, "IGD legacy mode disabled", r"IGD legacy mode disabled(?! if)", "fatal", _OFF,
        "the line before says which of its conditions was not met", "legacy-igd", "hw/vfio/igd.c, all releases",
    ),
    Row(
        "qemu-not-i440fx", _WHO, "Machine is not i440fx",
        r"Machine is not i440fx(?: or|,) assigned BDF is not 00:02\.0", "fatal",
        "the device does not come up: legacy mode was asked for", "legacy mode wants machine pc (i440fx), the "
        "device at 00:02.0 of the guest, and a generation from 6 to 9", "legacy-igd",
        "hw/vfio/igd.c since 10.0; the generation since 10.1",
    ),
    Row(
        "qemu-legacy-on", _WHO, "IGD legacy mode enabled", r"", None, "legacy mode is on", "", "",
        "hw/vfio/igd.c since 10.0",
    ),
    Row(
        "qemu-opregion-on", _WHO, "OpRegion detected on Intel display", r"Intel display (?P<device>[0-9a-f]{1,4})",
        None, "the guest gets an OpRegion", "", "", "hw/vfio/igd.c since 10.1",
    ),
    Row(
        "qemu-gtt-before-bdsm", _WHO, "attempted to program IGD GTT before", r"", "fatal",
        "QEMU stopped: the ROM wrote a GTT entry while the guest's BDSM was 0",
        "the guest's firmware reserved no stolen memory: a SeaBIOS older than 1.10, an OVMF without VfioIgdPkg, or "
        "the device is not at 00:02.0", "guest-firmware", "hw/vfio/igd.c, 2.7 to 9.2",
    ),
    Row(
        "qemu-gms-value", _WHO, "Unsupported IGD GMS value", r"GMS value (?P<value>0x[0-9a-f]+)", "fatal",
        "x-igd-gms={value} is not taken: the guest gets no stolen memory",
        "this release knows the codes to 0x10 before gen 9", "gms", "hw/vfio/igd.c, 2.8 to 9.2",
    ),
    Row(
        "qemu-gms-range", _WHO, "x-igd-gms", r"'x-igd-gms' expects (?P<range>\S.{2,30})", "fatal",
        "x-igd-gms is not taken: this generation has {range}", "the code is none of the generation's", "gms",
        "hw/vfio/igd.c since 10.0",
    ),
    Row(
        "qemu-gms-device", _WHO, "x-igd-gms is not supported on this device", r"", "warning",
        "x-igd-gms is left aside on this device", "its stolen memory is not announced that way", "gms",
        "hw/vfio/igd.c since 10.1",
    ),
    Row(
        "qemu-command-register", _WHO, "PCI command register",
        r"IGD device .{0,80} failed to (?P<what>read|write|restore) PCI command register", "warning",
        "QEMU could not clear the host's GTT: its command register could not be {what}",
        "the device does not answer: it is in D3, or it was reset", "idle-d3", "hw/vfio/igd.c, 2.7 to 9.2",
    ),
    Row(
        "qemu-lpc-address", _WHO, "VFIO dummy ISA/LPC bridge must have address 1f.0", r"", "fatal",
        "the VM does not start: vfio-pci-igd-lpc-bridge is at another address than 1f.0", "a vBIOS looks there only",
        "legacy-igd", "hw/vfio/igd.c, all releases",
    ),
    Row(
        "qemu-bad-size", _WHO, "igd: unsupported read size", r"", "warning", "the guest read BDSM in an odd width",
        "QEMU stops there", "", "hw/vfio/igd.c, 9.2",
    ),
)  # fmt: skip
