"""What OVMF and its IGD drivers print to the debug port. Source: tomitamoeko/VfioIgdPkg IgdAssignmentDxe and
PlatformGopPolicy, read at 067328d; edk2 OvmfPkg and MdeModulePkg/Bus/Pci/PciBusDxe. ``%r`` is a status in words.
"""

from __future__ import annotations

from fwsim.diagnose.messages.row import Row

_WHO = "OVMF"
_PKG = "VfioIgdPkg IgdAssignment.c"

ROWS = (
    Row(
        "igdpkg-opregion", _WHO, "OpRegion @ 0x",
        r"(?P<step>\w+): .{0,60}: OpRegion @ (?P<base>0x[0-9A-Fa-f]+) size (?P<size>0x[0-9A-Fa-f]+)", None,
        "the guest's OpRegion is at {base}", "", "", _PKG,
    ),
    Row(
        "igdpkg-stolen", _WHO, "stolen memory @ 0x",
        r"(?P<step>\w+): .{0,60}: stolen memory @ (?P<base>0x[0-9A-Fa-f]+), size (?P<size>\d+) ?MB", None,
        "the guest's stolen memory is at {base}, {size} MB", "", "", _PKG,
    ),
    Row(
        "igdpkg-stolen-failed", _WHO, "stolen memory",
        r"(?P<step>\w+): .{0,80}failed to allocate stolen memory: (?P<status>.{1,40})", "fatal",
        "OVMF finds no room for stolen memory ({status}): BDSM stays 0",
        "too little RAM of the guest below 4 GiB, or {step} ran too late", "memory", _PKG,
    ),
    Row(
        "igdpkg-stolen-write", _WHO, "failed to write stolen memory address",
        r"failed to write stolen memory address: (?P<status>.{1,40})", "fatal", "BDSM cannot be written ({status})",
        "the device does not answer", "idle-d3", _PKG,
    ),
    Row(
        "igdpkg-opregion-failed", _WHO, "failed to allocate OpRegion",
        r"failed to allocate OpRegion: (?P<status>.{1,40})", "fatal",
        "OVMF finds no room for the OpRegion ({status}): ASLS stays 0", "", "memory", _PKG,
    ),
    Row(
        "igdpkg-opregion-write", _WHO, "failed to write OpRegion address",
        r"failed to write OpRegion address: (?P<status>.{1,40})", "fatal", "ASLS cannot be written ({status})",
        "the device does not answer", "idle-d3", _PKG,
    ),
    Row(
        "igdpkg-opregion-zero", _WHO, "etc/igd-opregion: zero size", r"", "fatal",
        "the OpRegion that QEMU hands over is empty", "", "igd-regions", _PKG,
    ),
    Row(
        "igdpkg-not-found", _WHO, "GetIgdPrivateData",
        r"GetIgdPrivateData: (?!D(?!evice Error))(?P<status>.{1,40})", "fatal",
        "VfioIgdPkg does not know this device ({status})", "its list of ids is older than the device", "newer-igdpkg",
        _PKG,
    ),
    Row(
        "igdpkg-pci", _WHO, "InitPciInfo", r"InitPciInfo \(PciIo@[0-9A-F]+\): (?P<status>.{1,40})", "warning",
        "VfioIgdPkg cannot read a device ({status})", "", "", _PKG,
    ),
    Row(
        "igdpkg-device", _WHO, "Flag: ",
        r"GetIgdPrivateData: Device: (?P<device>[0-9A-Fa-f]+), Flag: (?P<flags>[0-9A-Fa-f]+)", None,
        "VfioIgdPkg knows {device}", "", "", "VfioIgdPkg IgdPrivate.c",
    ),
    Row(
        "igdpkg-setup-zero", _WHO, "Get BDSM at address", r"Get BDSM at address: 0x0\b", "fatal",
        "the guest's stolen memory was not set up: this build of the IGD driver takes BDSM for the place, and reads 0",
        "it asks for the very address that the register holds, as where QEMU passes the host's; QEMU that answers "
        "BDSM itself shows 0, and no memory is free there (\"Not Found\")", "igdpkg-places",
        "IgdAssignmentDxe of before VfioIgdPkg: the line, and the one with BDSM @ where the register is the host's",
    ),
    Row(
        "igdpkg-setup", _WHO, "SetupVmBDSM",
        r"SetupVmBDSM\b(?!.*Not Found).{0,80}(?:fail|error|Out of Resources|Device Error)", "fatal",
        "the guest's stolen memory was not set up", "OVMF's IGD driver failed: no room below 4 GiB, or QEMU offers "
        "no size", "memory", "IgdAssignmentDxe of before VfioIgdPkg",
    ),
    Row(
        "i915ovmf-fwcfg", _WHO, "SetupFwcfgStuff", r"i915: SetupFwcfgStuff (?:Error|returns) (?P<code>-?[1-9]\d*)",
        "fatal", "i915ovmf.rom finds neither OpRegion nor the size of stolen memory (error {code})",
        "QEMU hands both over in legacy mode only, or by options", "opregion", "i915ovmfPkg i915ovmf.c",
    ),
    Row(
        "i915ovmf-no-size", _WHO, "BdsmSize not found", r"", "warning",
        "i915ovmf.rom is told no size of stolen memory: it sets none up", "QEMU up to 9.2 hands it over in legacy "
        "mode only", "legacy-igd", "i915ovmfPkg i915ovmf.c, SetupFwcfgStuff",
    ),
    Row(
        "i915ovmf-vbt", _WHO, "VBT info: ", r"Port (?P<port>[^A-K]) VBT info: ", "fatal",
        "i915ovmf.rom reads a VBT that is none: it names a port {port}",
        "what it takes for the VBT is other memory: no OpRegion was handed over, or it lies elsewhere", "opregion",
        "i915ovmfPkg i915_display.c",
    ),
    Row(
        "i915ovmf-no-port", _WHO, "Port not connected", r"i915\b.*: ?.*Port not connected", "note",
        "i915ovmf.rom finds no monitor at a port that the VBT names", "harmless for a port that has none", "",
        "i915ovmfPkg i915_display.c",
    ),
    Row(
        "gop-signature", _WHO, "Invalid OpRegion signature", r"", "fatal", "the GOP driver finds no OpRegion",
        "ASLS points elsewhere: QEMU handed none over", "opregion", "VfioIgdPkg PlatformGopPolicy.c",
    ),
    Row(
        "gop-vbt-size", _WHO, "VBT Header reports larger size",
        r"VBT Header reports larger size \((?P<size>0x[0-9a-fA-F]+)\)", "fatal",
        "the VBT ({size} bytes) does not fit the OpRegion", "", "opregion", "VfioIgdPkg PlatformGopPolicy.c",
    ),
    Row(
        "gop-version", _WHO, "Unsupported OpRegion version", r"Unsupported OpRegion version (?P<version>[\d.]+)",
        "fatal", "the GOP driver does not take OpRegion {version}", "", "opregion", "VfioIgdPkg PlatformGopPolicy.c",
    ),
    Row(
        "gop-vbt", _WHO, "VBT Version", r"VBT Version (?P<version>\d+) size (?P<size>0x[0-9a-fA-F]+)", None,
        "the GOP driver has VBT {version}", "", "", "VfioIgdPkg PlatformGopPolicy.c",
    ),
    Row(
        "ovmf-option-rom", _WHO, "Process Option ROM",
        r"Process Option ROM: BAR Base/Length = (?P<base>[0-9A-Fa-f]+)/(?P<size>[0-9A-Fa-f]+)", None,
        "OVMF reads a ROM of {size} bytes", "", "", "PciBusDxe PciOptionRomSupport.c",
    ),
    Row(
        "ovmf-rom-denied", _WHO, "DxeImageVerificationLib",
        r"Image is (?:not )?signed .*(?:forbidden by DBX|not found in DB/DBX|not allowed by DB)", "warning",
        "Secure Boot refuses a driver: the ROM's, where it is the IGD's",
        "it is not signed by a key that the guest's OVMF knows", "secure-boot", "SecurityPkg DxeImageVerificationLib",
    ),
    Row(
        "ovmf-out-of-resources", _WHO, "NotifyPhase(AllocateResources)",
        r"AllocateResources\) - (?P<status>Out of Resources)", "fatal", "OVMF finds no room for the BARs",
        "the 64-bit window is too small", "pci-mmio64", "PciBusDxe PciLib.c",
    ),
)  # fmt: skip
