"""What the kernel's Intel IOMMU prints besides faults. Source: Linux drivers/iommu/intel/iommu.c, dmar.c,
irq_remapping.c, read in 6.1; the prefix was ``IOMMU:``, ``dmar:`` and ``Intel-IOMMU:`` before 4.2, ``DMAR:`` since.
Faults are read by ``fwsim.trace.log_lines``.
"""

from __future__ import annotations

from fwsim.diagnose.messages.row import BDF, Row

_WHO = "Linux"

ROWS = (
    Row(
        "rmrr-ineligible", _WHO, "platform RMRR requirement",
        rf"{BDF}: (?:DMAR: )?Device is ineligible for IOMMU domain attach due to platform RMRR requirement", "fatal",
        "the kernel refuses to assign the IGD: its firmware keeps an RMRR for it",
        "from 3.16 on a device with an RMRR is refused, the IGD excepted since 3.17 (4.2 for those that use it "
        "while booting): this kernel is a vendor's or takes it for another device", "rmrr",
        "iommu.c, intel_iommu_attach_device",
    ),
    Row(
        "rmrr-direct", _WHO, "a 1:1 IOMMU mapping",
        rf"{BDF}: Firmware has requested this device have a 1:1 IOMMU mapping", "fatal",
        "the kernel refuses to assign the device: its firmware keeps an RMRR for it",
        "since 6.6 a group with an RMRR that is not relaxed is not given to user space; an IGD's is", "rmrr",
        "drivers/iommu/iommu.c, __iommu_device_set_domain, 6.12",
    ),
    Row(
        "rmrr-bad", _WHO, "bad RMRR", r"Your BIOS is broken; bad RMRR \[(?P<range>[^\]]+)\]", "warning",
        "the firmware's RMRR {range} is none", "it lies in no reserved memory", "firmware-update",
        "iommu.c, arch_rmrr_sanity_check",
    ),
    Row(
        "rmrr-device-broken", _WHO, "RMRR entry for device", r"RMRR entry for device (?P<device>\S+) is broken",
        "note", "the RMRR of {device} is odd; the kernel mends it", "", "", "dmar.c",
    ),
    Row(
        "rmrr-line", _WHO, "RMRR base:", r"RMRR base: (?P<start>0x[0-9a-f]+) end: (?P<end>0x[0-9a-f]+)", None,
        "an RMRR", "", "", "dmar.c",
    ),
    Row(
        "iommu-width", _WHO, "Host address width", r"Host address width (?P<bits>\d+)", None, "{bits} address bits",
        "", "", "dmar.c",
    ),
    Row(
        "iommu-enabled", _WHO, "IOMMU", r"(?:DMAR|Intel-IOMMU): (?:IOMMU )?enabled", None, "VT-d is on", "", "",
        "iommu.c",
    ),
    Row(
        "iommu-disabled", _WHO, "IOMMU disabled", r"(?:DMAR: IOMMU|Intel-IOMMU:) disabled", "fatal",
        "VT-d is switched off", "intel_iommu=off is on the kernel's command line", "iommu-on", "iommu.c",
    ),
    Row(
        "iommu-igfx-off", _WHO, "isable GFX device mapping", r"(?:DMAR|Intel-IOMMU): [Dd]isable GFX device mapping",
        "fatal", "VT-d leaves the IGD alone: it cannot be assigned",
        "intel_iommu=igfx_off is on the kernel's command line", "igfx-on", "iommu.c",
    ),
    Row(
        "iommu-none", _WHO, "No DMAR devices found", r"", "fatal", "the host has no VT-d for its devices",
        "VT-d is off in the firmware's setup", "iommu-on", "dmar.c",
    ),
    Row(
        "iommu-parse", _WHO, "Parse DMAR table failure", r"", "fatal", "the firmware's DMAR table cannot be read", "",
        "firmware-update", "dmar.c",
    ),
    Row(
        "iommu-zero", _WHO, "DMAR reported at address",
        r"DMAR reported at address (?P<at>[0-9a-f]+)(?P<why> returns all ones)?", "fatal",
        "the IGD's IOMMU at {at} does not answer", "the firmware says where, and nothing is there: the IGD is off, "
        "or VT-d half set up", "firmware-update", "dmar.c, warn_invalid_dmar",
    ),
    Row(
        "iommu-no-width", _WHO, "No supported address widths", r"", "fatal", "an IOMMU is not used", "",
        "firmware-update", "dmar.c",
    ),
    Row(
        "iommu-azalia", _WHO, "isabled on azalia", r"", "note", "VT-d is off for the audio device",
        "harmless for the IGD", "", "iommu.c, vtd_isoch, to 2.6.38",
    ),
    Row(
        "iommu-isoch", _WHO, "ISOCH DMAR unit", r"DMA routed to ISOCH DMAR unit", "note",
        "VT-d of the audio device is off", "harmless for the IGD", "", "iommu.c, check_tylersburg_isoch",
    ),
    Row(
        "iommu-skip-gfx", _WHO, "Skip IOMMU disabling for graphics", r"", "note",
        "VT-d of graphics stays on against the kernel's rule", "", "", "iommu.c",
    ),
    Row(
        "iommu-write-buffer", _WHO, "Forcing write-buffer flush capability", r"", "note",
        "a chipset's erratum is worked around", "", "", "iommu.c",
    ),
    Row(
        "iommu-passthrough", _WHO, "Default domain type", r"Default domain type: (?P<type>Passthrough|Translated)",
        None, "the host's own devices: {type}", "", "", "drivers/iommu/iommu.c since 5.6",
    ),
    Row(
        "iommu-group", _WHO, "to iommu group", rf"{BDF}: [Aa]dding to iommu group (?P<group>\d+)", None,
        "the IGD is in group {group}", "", "", "drivers/iommu/iommu.c",
    ),
    Row(
        "iommu-unit-fault", _WHO, "failed to enable fault, interrupt", r"", "warning",
        "faults of an IOMMU are not told", "", "", "dmar.c",
    ),
    Row(
        "iommu-pte-set", _WHO, "DMA PTE for vPFN", r"DMA PTE for vPFN 0x[0-9a-f]+ already set", "warning",
        "two mappings of one guest page", "a kernel bug", "", "iommu.c",
    ),
    Row(
        "iommu-width-short", _WHO, "is not sufficient for the mapped address",
        r"iommu width \((?P<bits>\d+)\) is not sufficient", "fatal",
        "the guest's memory reaches past the IOMMU's {bits} bits", "a BAR or RAM of the guest lies too high: its "
        "cpu model says more address bits than the host has", "phys-bits", "iommu.c",
    ),
    Row(
        "iommu-invalidation", _WHO, "VT-d detected Invalidation", r"VT-d detected Invalidation (?P<what>\S+) Error",
        "warning", "the IOMMU's queue has an error ({what})", "", "", "dmar.c since 5.17",
    ),
    Row(
        "ir-off", _WHO, "Failed to enable irq remapping", r"", "warning", "interrupt remapping is off",
        "vfio refuses devices then, unless told not to", "unsafe-interrupts", "irq_remapping.c",
    ),
    Row(
        "ir-not-enabled", _WHO, "Not enabling interrupt remapping", r"", "warning", "interrupt remapping is off", "",
        "unsafe-interrupts", "irq_remapping.c",
    ),
    Row(
        "ir-enabled", _WHO, "Enabled IRQ remapping", r"Enabled IRQ remapping in (?P<mode>\w+) mode", None,
        "interrupt remapping is on", "", "", "irq_remapping.c",
    ),
    Row(
        "fault-suppressed", _WHO, "callbacks suppressed", r"dmar_fault: (?P<count>\d+) callbacks suppressed", None,
        "{count} more faults", "", "", "lib/ratelimit.c",
    ),
)  # fmt: skip
