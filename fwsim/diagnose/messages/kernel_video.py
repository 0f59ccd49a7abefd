"""What the kernel's VGA arbiter, framebuffers and intel-gtt print. Source: Linux drivers/pci/vgaarb.c, drivers/video,
drivers/firmware/sysfb.c, drivers/char/agp/intel-gtt.c, arch/x86/kernel/early-quirks.c, read in 6.1.
"""

from __future__ import annotations

from fwsim.diagnose.messages.row import BDF, Row

_WHO = "Linux"

ROWS = (
    Row(
        "vgaarb-decodes", _WHO, "VGA decodes",
        rf"{BDF}: vgaarb: (?:changed VGA decodes|VGA decodes changed): .*owns=(?P<owns>[a-z+]+)", None,
        "the IGD owns {owns} of VGA", "", "", "vgaarb.c; the words changed in 6.6",
    ),
    Row(
        "vgaarb-boot", _WHO, "as boot VGA device", rf"{BDF}: vgaarb: setting as boot VGA device", None,
        "the IGD is the boot VGA device", "", "", "vgaarb.c",
    ),
    Row(
        "vgaarb-boot-other", _WHO, "as boot VGA device",
        r"(?P<other>[0-9a-f]{4}:(?!00:02\.)[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]): vgaarb: setting as boot VGA device",
        "note", "{other} is the boot VGA device, not the IGD", "the VGA ranges are that device's: legacy mode of an "
        "IGD that is not primary in the firmware's setup has none", "ivd", "vgaarb.c",
    ),
    Row(
        "vgaarb-none", _WHO, "owns=none", rf"{BDF}: vgaarb: VGA device added: .*owns=none", "note",
        "the IGD decodes no VGA ranges on the host", "another card is primary, or the firmware disabled VGA on it "
        "(GGC.IVD)", "ivd", "vgaarb.c",
    ),
    Row(
        "vga-console-off", _WHO, "deactivate vga console", r"vgaarb: deactivate vga console", None,
        "the kernel's VGA console gave the device up", "", "", "vgaarb.c",
    ),
    Row(
        "host-framebuffer", _WHO, "framebuffer",
        r"\b(?P<driver>efifb|vesafb|simplefb|simpledrm|efidrm|vesadrm)\b.*(?:framebuffer at|mode is|fb0:"
        r"|Initialized)", None, "the host has a framebuffer of its firmware ({driver})", "", "",
        "drivers/video/fbdev/efifb.c and its like",
    ),
    Row(
        "host-bootfb", _WHO, "BOOTFB", r"(?P<range>[0-9a-f]{8,16}-[0-9a-f]{8,16}) : BOOTFB", "warning",
        "the host's framebuffer holds {range} (BOOTFB)", "QEMU cannot map the aperture while it does: writes to "
        "region 2 fail with EBUSY", "sysfb", "/proc/iomem; drivers/firmware/sysfb_simplefb.c since 5.15",
    ),
    Row(
        "shadow-gtt", _WHO, "no shadow GTT", r"BIOS has allocated no shadow GTT; disabling IOMMU for graphics",
        "fatal", "the host's kernel switched the IOMMU off for graphics: the IGD cannot be assigned",
        "Ironlake wants a second GTT in stolen memory for VT-d, and the firmware allocated none (GGMS)", "shadow-gtt",
        "drivers/iommu/intel/iommu.c, quirk_calpella_no_shadow_gtt",
    ),
    Row(
        "gfx-iommu-off", _WHO, "Disabling IOMMU for graphics", r"Disabling IOMMU for graphics on this chipset",
        "fatal", "the host's kernel switched the IOMMU off for graphics: the IGD cannot be assigned",
        "VT-d of this chipset (G4x, GM45) corrupts graphics", "no-vtd-gfx",
        "drivers/iommu/intel/iommu.c, quirk_iommu_igfx",
    ),
    Row(
        "gtt-failed", _WHO, "failed to enable the GTT",
        r"failed to enable the GTT: (?P<what>\w+)=(?P<value>[0-9a-f]+)", "fatal",
        "the GTT cannot be switched on ({what} {value})", "the firmware locked or left out its memory",
        "firmware-stolen", "intel-gtt.c, intel_enable_gtt",
    ),
    Row(
        "gtt-no-stolen", _WHO, "no pre-allocated video memory detected", r"", "fatal",
        "the driver finds no stolen memory", "GGC says that nothing is set aside: firmware's setup, or the guest's "
        "bridge reads 0", "firmware-stolen", "intel-gtt.c, gens 2 to 5",
    ),
    Row(
        "early-stolen", _WHO, "Reserving Intel graphics", r"Reserving Intel graphics (?:stolen )?memory at", None,
        "the kernel reserves stolen memory", "", "", "early-quirks.c",
    ),
    Row(
        "rom-shadowed", _WHO, "shadowed ROM",
        rf"pci {BDF}: Video device with shadowed ROM(?: at \[mem (?P<range>[^\]]+)\])?", None,
        "the host has a copy of the ROM", "", "", "arch/x86/pci/fixup.c",
    ),
    Row(
        "efi-boot", _WHO, "efi: EFI v", r"efi: EFI v(?P<version>[\d.]+)", None, "booted by UEFI {version}", "", "",
        "drivers/firmware/efi",
    ),
)  # fmt: skip
