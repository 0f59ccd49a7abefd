"""What the host's vfio-pci and PCI core print about the device. Source: Linux drivers/vfio/pci, drivers/vfio,
drivers/pci/rom.c, pci.c and setup-res.c, read in 6.1 and master; older words where they differ.
"""

from __future__ import annotations

from fwsim.diagnose.messages.row import BDF, Row

_WHO = "Linux"
_ROM = rf"vfio-pci {BDF}: Invalid PCI ROM header signature: expecting 0xaa55, got 0x"

ROWS = (
    Row(
        "vfio-igd-regions", _WHO, "Failed to setup Intel IGD regions",
        rf"vfio-pci {BDF}: Failed to setup Intel IGD regions", "fatal",
        "vfio-pci offers no OpRegion and no bridges: QEMU gets nothing to set legacy mode up from",
        "the OpRegion's signature is wrong or it cannot be mapped; older kernels say so too where the firmware "
        "wrote no address (ASLS 0), or 00:00.0 or 00:1f.0 is not Intel's (VMD)", "igd-regions",
        "vfio_pci.c, vfio_pci_init, since 4.6; vfio_pci_igd.c",
    ),
    Row(
        "rom-signature-0000", _WHO, "Invalid PCI ROM header signature", _ROM + r"0000\b", "note",
        "the device's own ROM reads 0000: harmless where romfile= gives one",
        "an IGD has no ROM of its own; the kernel shows the copy at C0000, and a UEFI host has none there", "romfile",
        "drivers/pci/rom.c, pci_get_rom_size",
    ),
    Row(
        "rom-signature-ffff", _WHO, "Invalid PCI ROM header signature", _ROM + r"ffff\b", "note",
        "the device's own ROM reads ffff: harmless where romfile= gives one",
        "nothing answers at C0000, as on a UEFI host, or the device sleeps", "romfile",
        "drivers/pci/rom.c, pci_get_rom_size",
    ),
    Row(
        "rom-signature-other", _WHO, "Invalid PCI ROM header signature",
        _ROM + r"(?!0000|ffff)(?P<value>[0-9a-f]{4})\b", "note", "the device's own ROM begins {value}: harmless "
        "where romfile= gives one", "an IGD has no ROM of its own; the kernel shows what lies at C0000, and with "
        "UEFI that is no ROM. Never take a dump of it for romfile=", "romfile", "drivers/pci/rom.c, pci_get_rom_size",
    ),
    Row(
        "rom-data-signature", _WHO, "Invalid PCI ROM data signature",
        rf"vfio-pci {BDF}: Invalid PCI ROM data signature: .* got (?P<value>0x\w+)", "warning",
        "the device's own ROM has no PCIR ({value})", "the copy at C0000 is cut or overwritten", "romfile",
        "drivers/pci/rom.c",
    ),
    Row(
        "rom-no-more", _WHO, "No more image in the PCI ROM", rf"vfio-pci {BDF}: No more image in the PCI ROM", "note",
        "the device's own ROM ends early", "the copy at C0000 shrank its length when it ran", "",
        "drivers/pci/rom.c since 4.12",
    ),
    Row(
        "vfio-cant-reserve", _WHO, "can't reserve",
        rf"vfio-pci {BDF}: BAR (?P<bar>\d)[^:]*: can't reserve \[(?P<range>[^\]]+)\]", "fatal",
        "vfio-pci cannot take BAR {bar} ({range})", "another driver of the host holds it: its framebuffer (efifb, "
        "simplefb, vesafb; BOOTFB in /proc/iomem)", "sysfb", "drivers/pci/pci.c, __pci_request_region",
    ),
    Row(
        "vfio-power", _WHO, "power state",
        rf"{BDF}: (?:can't|[Uu]nable to|[Rr]efused to) change power state(?: from (?P<old>\S+))?", "fatal",
        "the device does not change its power state", "it does not answer: the host's power management switched it "
        "off, or a reset left it dead", "idle-d3", "drivers/pci/pci.c; the words changed in 5.5",
    ),
    Row(
        "vfio-restore-bars", _WHO, "reset recovery - restoring BARs",
        rf"vfio-pci {BDF}: vfio_bar_restore: reset recovery", "note",
        "the device was reset behind the guest's back; its BARs are written anew",
        "its state is lost: a guest's driver has to begin again", "", "vfio_pci_config.c",
    ),
    Row(
        "vfio-ecap-hidden", _WHO, "hiding ecap", r"hiding ecap 0x(?P<ecap>[0-9a-f]+)@0x(?P<at>[0-9a-f]+)", None,
        "an extended capability is hidden from the guest", "", "", "vfio_pci_config.c: harmless, PASID (1b) and its "
        "like",
    ),
    Row(
        "vfio-config-conflict", _WHO, "PCI config conflict", rf"{BDF}.*PCI config conflict", "note",
        "two capabilities of the device overlap", "harmless: the kernel shows the first", "", "vfio_pci_config.c",
    ),
    Row(
        "vfio-device-request", _WHO, "Relaying device request to user",
        rf"vfio-pci {BDF}: Relaying device request to user \(#(?P<count>\d+)\)", "warning",
        "the host asks for the device back while a VM has it", "a driver was bound, or the device was removed, "
        "while the VM ran", "not-bound", "vfio_pci_core.c",
    ),
    Row(
        "vfio-in-use", _WHO, "blocked until device is released", rf"vfio-pci {BDF}: Device is currently in use",
        "warning", "unbinding waits: a VM has the device", "", "not-bound", "drivers/vfio/vfio.c",
    ),
    Row(
        "vfio-no-ir", _WHO, "No interrupt remapping", r"No interrupt remapping(?: for device)? support", "fatal",
        "vfio refuses the device: there is no interrupt remapping", "the firmware or the chipset has none, or it is "
        "switched off", "unsafe-interrupts", "vfio_iommu_type1.c",
    ),
    Row(
        "vfio-memlock", _WHO, "RLIMIT_MEMLOCK", r"RLIMIT_MEMLOCK \((?P<limit>\d+)\) exceeded", "fatal",
        "the guest's memory cannot be pinned: the locked-memory limit is {limit} bytes",
        "all of the guest's RAM is pinned for DMA", "memlock", "vfio_iommu_type1.c",
    ),
    Row(
        "vfio-denylist", _WHO, "driver probing disallowed", r"exists in vfio-pci (?:device )?(?:deny|black)list",
        "fatal", "vfio-pci refuses this device id", "it is on the kernel's list", "", "vfio_pci.c",
    ),
    Row(
        "vfio-sriov-pf", _WHO, "Cannot bind to PF with SR-IOV enabled", rf"vfio-pci {BDF}: Cannot bind to PF",
        "fatal", "vfio-pci refuses 00:02.0: virtual functions are enabled on it",
        "the host's i915 split the device (SR-IOV)", "sriov-off", "vfio_pci_core.c",
    ),
    Row(
        "vfio-probe-refused", _WHO, "probe of 0000:00:02",
        rf"vfio-pci: probe of {BDF} failed with error (?P<code>-\d+)", "fatal",
        "vfio-pci did not take the device (error {code})", "-22: the IOMMU is off, or the device is in a group with "
        "a bridge; -16: another driver has it", "iommu-on", "drivers/base/dd.c",
    ),
    Row(
        "vfio-probe-driver", _WHO, "probe with driver ",
        rf"{BDF}: probe with driver vfio-pci failed with error (?P<code>-\d+)", "fatal",
        "vfio-pci did not take the device (error {code})", "-22: the IOMMU is off, or the device is in a group with "
        "a bridge; -16: another driver has it", "iommu-on", "drivers/base/dd.c, later kernels",
    ),
    Row(
        "vfio-runtime-resume", _WHO, "runtime resume failed",
        rf"vfio-pci {BDF}: (?:vfio: )?runtime resume failed (?P<code>-?\d+)", "fatal",
        "the device does not wake up (error {code})", "the host's power management put it to sleep", "idle-d3",
        "vfio_pci_core.c since 6.0",
    ),
    Row(
        "vfio-user-level", _WHO, "vfio_pci: add [8086:", r"add \[8086:(?P<device>[0-9a-f]{4})\[", None,
        "vfio-pci was told to take 8086:{device}", "", "", "vfio_pci.c, vfio_pci_fill_ids",
    ),
    Row(
        "vfio-nointx", _WHO, "Masking broken INTx support", rf"vfio-pci {BDF}: Masking broken INTx", "note",
        "the device has no usable INTx", "", "", "vfio_pci_core.c",
    ),
    Row(
        "pci-rom-disabled", _WHO, "can't claim", rf"{BDF}: BAR 6[^:]*: can't (?:claim|assign)", "note",
        "the ROM BAR has no address", "an IGD has no ROM of its own", "", "drivers/pci/setup-res.c",
    ),
    Row(
        "vfio-flr-timeout", _WHO, "FLR",
        rf"vfio-pci {BDF}: (?:not ready \d+ms after FLR|timed out waiting for pending transaction)", "warning",
        "the device does not come back from its reset", "a function-level reset of a device that still draws",
        "idle-d3", "drivers/pci/pci.c",
    ),
)  # fmt: skip
