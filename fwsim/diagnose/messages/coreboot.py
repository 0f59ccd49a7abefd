"""What coreboot prints on its console about a vBIOS and its VBT. Source: coreboot src/device/pci_rom.c,
src/device/oprom, src/drivers/intel/gma, read at f0f9118.
"""

from __future__ import annotations

from fwsim.diagnose.messages.row import Row

_WHO = "coreboot"

ROWS = (
    Row(
        "coreboot-version", _WHO, "coreboot-",
        r"coreboot-(?P<version>\S+) .*(?:ramstage|romstage|bootblock) starting", None, "coreboot {version}", "", "",
        "src/console/init.c",
    ),
    Row(
        "coreboot-rom-run", _WHO, "VGA Option ROM was run", r"", None, "the vBIOS ran", "", "",
        "src/device/pci_device.c",
    ),
    Row(
        "coreboot-rom-not-run", _WHO, "Not running VGA Option ROM", r"", "warning", "coreboot does not run the vBIOS",
        "its build has VGA_ROM_RUN off, or a wake from S3", "coreboot-run-rom", "src/device/pci_device.c",
    ),
    Row(
        "coreboot-rom-calling", _WHO, "Calling Option ROM...", r"", None, "coreboot calls the ROM", "", "",
        "src/device/oprom/realmode/x86.c",
    ),
    Row(
        "coreboot-rom-returned", _WHO, "... Option ROM returned.", r"", None, "the ROM came back", "", "",
        "src/device/oprom/realmode/x86.c",
    ),
    Row(
        "coreboot-rom-signature", _WHO, "expansion ROM header signature",
        r"Incorrect expansion ROM header signature (?P<value>[0-9a-f]{4})", "fatal",
        "what coreboot takes for a ROM begins {value}", "the file in CBFS is no option ROM, or the ROM BAR shows "
        "nothing", "coreboot-vbios-id", "src/device/pci_rom.c",
    ),
    Row(
        "coreboot-rom-id", _WHO, "ID mismatch: vendor ID",
        r"ID mismatch: vendor ID (?P<vendor>[0-9a-f]{4}), device ID (?P<device>[0-9a-f]{4})", "fatal",
        "the ROM is of {vendor}:{device}: coreboot does not take it", "its PCIR names another device",
        "coreboot-vbios-id", "src/device/pci_rom.c",
    ),
    Row(
        "coreboot-rom-remap", _WHO, "VGA_BIOS_ID should be", r"VGA_BIOS_ID should be the remapped PCI ID", "warning",
        "the ROM's name in CBFS has another id than the device", "", "coreboot-vbios-id", "src/device/pci_rom.c",
    ),
    Row(
        "coreboot-rom-class", _WHO, "Class Code mismatch ROM",
        r"Class Code mismatch ROM (?P<rom>[0-9a-f]+), dev (?P<dev>[0-9a-f]+)", "note",
        "the ROM's class {rom} is not the device's {dev}", "", "", "src/device/pci_rom.c",
    ),
    Row(
        "coreboot-oprom-exception", _WHO, "while executing option rom",
        r"exception (?P<number>\d+) while executing option rom", "fatal", "the ROM ended in exception {number}",
        "it jumped where there is no code, or read what is not there", "vbios-run", "src/device/oprom/realmode/x86.c",
    ),
    Row(
        "coreboot-int15", _WHO, "Unknown INT15 function", r"Unknown INT15 function (?P<leaf>[0-9a-fA-F]{4})",
        "warning", "the ROM asked INT 15h AX={leaf}, and coreboot has no answer",
        "some images loop until they get one", "int15-leaf", "src/drivers/intel/gma/int15.c",
    ),
    Row(
        "coreboot-soft-int", _WHO, "Unsupported software interrupt",
        r"Unsupported software interrupt #(?P<number>0x[0-9a-f]+) eax (?P<eax>0x[0-9a-f]+)", "warning",
        "the ROM called INT {number} ({eax}), and coreboot has no handler", "", "int15-leaf",
        "src/device/oprom/realmode/x86.c",
    ),
    Row(
        "coreboot-int10", _WHO, "Unknown INT10 function", r"Unknown INT10 function (?P<leaf>[0-9a-fA-F]{4})", "note",
        "the ROM asked INT 10h AX={leaf}", "", "", "src/device/oprom",
    ),
    Row(
        "coreboot-pcibios", _WHO, "UNSUPPORTED PCIBIOS FUNCTION",
        r"UNSUPPORTED PCIBIOS FUNCTION (?P<leaf>0x[0-9a-f]+)", "warning", "the ROM called PCI BIOS {leaf}", "",
        "vbios-run", "src/device/oprom",
    ),
    Row(
        "coreboot-vbe", _WHO, "Could not set VBE graphics mode", r"VBE Warning: Could not set VBE graphics mode",
        "warning", "the ROM refused the mode", "", "vbios-run", "src/device/oprom/realmode/x86.c",
    ),
    Row(
        "coreboot-vbe-error", _WHO, "Error from VGA BIOS in", r"Error from VGA BIOS in (?P<where>\w+)", "warning",
        "the ROM refused {where}", "", "vbios-run", "src/device/oprom/realmode/x86.c",
    ),
    Row(
        "coreboot-vbt-missing", _WHO, "VBT couldn't be found", r"GMA: VBT couldn't be found", "fatal",
        "coreboot finds no VBT: the OpRegion stays empty", "no data.vbt in CBFS, and no vBIOS", "coreboot-vbt",
        "src/drivers/intel/gma/opregion.c",
    ),
    Row(
        "coreboot-vbt-signature", _WHO, "signature in VBT data file", r"Missing/invalid signature in VBT data file",
        "fatal", "data.vbt in CBFS is no VBT", "", "coreboot-vbt", "src/drivers/intel/gma/opregion.c",
    ),
    Row(
        "coreboot-vbios-buggy", _WHO, "VBIOS found", r"GMA: (?P<how>Buggy|Broken) VBIOS found", "warning",
        "the vBIOS is odd ({how})", "its VBT is not where its header says", "coreboot-vbt",
        "src/drivers/intel/gma/opregion.c",
    ),
    Row(
        "coreboot-opregion-cbmem", _WHO, "add IGD OpRegion to CBMEM", r"Failed to add IGD OpRegion to CBMEM", "fatal",
        "coreboot has no room for the OpRegion", "", "", "src/drivers/intel/gma/opregion.c",
    ),
    Row(
        "coreboot-opregion-none", _WHO, "Failed to find IGD OpRegion", r"GMA: Failed to find IGD OpRegion", "warning",
        "coreboot finds no OpRegion at wake-up", "", "", "src/drivers/intel/gma/opregion.c",
    ),
    Row(
        "coreboot-vbt", _WHO, "Found valid VBT", r"GMA: Found valid VBT in (?P<where>CBFS|VBIOS|legacy area)", None,
        "the VBT is from {where}", "", "", "src/drivers/intel/gma/opregion.c",
    ),
    Row(
        "coreboot-gt-timeout", _WHO, "GT init timeout", r"", "warning", "the render engine does not come up", "", "",
        "src/northbridge/intel",
    ),
)  # fmt: skip
