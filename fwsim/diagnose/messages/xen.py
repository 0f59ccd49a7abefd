"""What Xen, its toolstack and hvmloader print. Source: Xen drivers/passthrough/vtd (iommu.c, dmar.c, quirks.c), tools
libs/light/libxl_pci.c, libxl_dm.c and firmware/hvmloader, read at 4.23-dev. VT-d faults are read by
``fwsim.trace.log_lines``.
"""

from __future__ import annotations

from fwsim.diagnose.messages.row import Row

_WHO = "Xen"

ROWS = (
    Row(
        "xen-dmesg", _WHO, "(XEN) Xen version", r"Xen version (?P<version>[\d.]+)", None, "Xen {version}", "", "",
        "xen/drivers/char/console.c",
    ),
    Row(
        "xen-igfx-off", _WHO, "disabling IGD VT-d engine",
        r"(?P<why>passed iommu=no-igfx option|firmware did not enable IGD for VT properly); disabling IGD VT-d"
        r" engine", "fatal", "Xen leaves the IGD's VT-d off: it cannot be assigned", "{why}", "xen-igfx",
        "vtd/iommu.c, iommu_enable_translation",
    ),
    Row(
        "xen-rmrr-incorrect", _WHO, "RMRR [", r"RMRR \[(?P<start>[0-9a-f]+), ?(?P<end>[0-9a-f]+)\] is incorrect",
        "warning", "the RMRR {start}-{end} is none", "", "firmware-update", "vtd/dmar.c",
    ),
    Row(
        "xen-rmrr", _WHO, "RMRR: [", r"RMRR: \[(?P<start>[0-9a-f]+), ?(?P<end>[0-9a-f]+)\]", None, "an RMRR", "", "",
        "vtd/dmar.c",
    ),
    Row(
        "xen-rmrr-overlap", _WHO, "Overlapping RMRRs", r"", "warning", "two RMRRs overlap", "", "firmware-update",
        "vtd/dmar.c",
    ),
    Row(
        "xen-rmrr-shared", _WHO, "with shared RMRR",
        r"It's (?P<how>\w+) to assign (?P<bdf>\S+) with shared RMRR at (?P<at>[0-9a-f]+)", "warning",
        "Xen's word for assigning the IGD with the RMRR {at}: {how}", "its stolen memory is in an RMRR", "rdm",
        "vtd/iommu.c, intel_iommu_assign_device",
    ),
    Row(
        "xen-rmrr-map", _WHO, "cannot map reserved region",
        r"cannot map reserved region \[(?P<start>[0-9a-f]+),(?P<end>[0-9a-f]+)\]: (?P<code>-\d+)", "fatal",
        "Xen cannot map the RMRR {start}-{end} into the guest ({code})", "the guest's RAM lies there", "rdm",
        "vtd/iommu.c",
    ),
    Row(
        "xen-rmrr-failed", _WHO, "RMRR mapping failed", r"", "warning", "Xen cannot map an RMRR", "", "rdm",
        "vtd/iommu.c",
    ),
    Row(
        "xen-iommu-off", _WHO, "Disabling VT-d", r"Failed to parse ACPI DMAR\.\s+Disabling VT-d", "fatal",
        "Xen switched VT-d off", "the firmware's DMAR table cannot be read", "firmware-update", "vtd/dmar.c",
    ),
    Row(
        "xen-no-iommu", _WHO, "I/O virtualisation disabled", r"", "fatal", "Xen has no VT-d",
        "it is off in the firmware's setup, or iommu=0 is on Xen's command line", "iommu-on",
        "drivers/passthrough/iommu.c",
    ),
    Row(
        "xen-iommu-on", _WHO, "I/O virtualisation enabled", r"", None, "Xen has VT-d", "", "",
        "drivers/passthrough/iommu.c",
    ),
    Row(
        "xen-cmpxchg16b", _WHO, "no CMPXCHG16B support", r"", "fatal", "Xen switched VT-d off: no CMPXCHG16B", "", "",
        "vtd/iommu.c",
    ),
    Row(
        "xl-rdm-conflict", _WHO, "RDM conflict at", r"(?P<how>Ignoring )?RDM conflict at (?P<at>0x[0-9a-f]+)",
        "fatal", "the guest's RAM lies where the RMRR {at} has to be",
        "rdm=strict refuses that; relaxed lets the guest go on", "rdm", "libxl_dm.c",
    ),
    Row(
        "xl-gfx-kind", _WHO, "gfx_passthru_kind",
        r"(?:unable to detect required|invalid value for) gfx_passthru_kind", "fatal",
        "xl does not take the device for an IGD", "its id is none that xl knows", "gfx-passthru", "libxl_dm.c",
    ),
    Row(
        "xl-not-assignable", _WHO, "is not assignable", r"PCI device (?P<at>\S+) is not assignable", "fatal",
        "xl does not give {at} to the guest", "it is bound to a driver of dom0", "pciback", "libxl_pci.c",
    ),
    Row(
        "xl-pciback", _WHO, "pciback driver", r"Looks like pciback driver (?:is )?not loaded", "fatal",
        "xen-pciback is not loaded in dom0", "", "pciback", "libxl_pci.c",
    ),
    Row(
        "xl-assign", _WHO, "xc_assign_device failed", r"", "fatal", "Xen refuses the device",
        "VT-d is off, or another guest has it", "pciback", "libxl_pci.c",
    ),
    Row(
        "xen-fault-line", _WHO, "Request device [",
        r"DMAR: ?\[DMA (?:Read|Write)\] Request device \[[0-9a-f]{4}:", None,
        "Xen's words for a refused access", "", "", "vtd/iommu.c, iommu_page_fault_do_one",
    ),
    Row(
        "xen-pt-igd-off", "QEMU", "igd-passthru", r"Need to enable igd-passthru if you're trying to passthrough IGD",
        "fatal", "Xen's device model refuses 00:02.0: gfx_passthru is not on", "the toolstack did not say that the "
        "device is a display: it is of class 0380, or gfx_passthru was left out", "gfx-passthru",
        "QEMU hw/xen/xen_pt.c, xen_pt_realize",
    ),
    Row(
        "xen-pt-no-vbios", "QEMU", "Can't get VBIOS", r"VGA: Can't get VBIOS", "fatal",
        "Xen's device model finds no vBIOS of the IGD", "the host's kernel shows no ROM: with UEFI there is no copy "
        "at C0000", "gop-in-guest", "QEMU hw/xen/xen_pt_graphics.c, xen_pt_setup_vga",
    ),
    Row(
        "xen-pt-copied-vbios", "QEMU", "Unable to get host VBIOS from sysfs", r"", "note",
        "Xen's device model copies what lies at C0000 of the host as the vBIOS", "the host's kernel shows no ROM. "
        "On a UEFI host no vBIOS lies there: the guest's driver has to bring the screen up by itself", "gop-in-guest",
        "Xen's own QEMU patches: xen_pt_setup_vga",
    ),
    Row(
        "hvmloader-no-space", "hvmloader", "no space for",
        r"pci dev (?P<at>\S+) bar (?P<bar>\w+) size (?P<size>\S+): no space for", "fatal",
        "hvmloader finds no room for BAR {bar} of {at}", "the hole below 4 GiB is too small for the aperture",
        "mmio-hole", "hvmloader/pci.c",
    ),
    Row(
        "hvmloader-relocating", "hvmloader", "Relocating 0x", r"Relocating 0x(?P<pages>[0-9a-f]+) pages", None,
        "hvmloader moves RAM", "", "", "hvmloader/pci.c",
    ),
    Row(
        "hvmloader-vgabios", "hvmloader", "passthroughed gfx", r"Loading VGABIOS of passthroughed gfx", None,
        "hvmloader copies the ROM from C0000", "", "", "hvmloader/rombios.c",
    ),
)  # fmt: skip
