"""What i915 and xe print about memory and display, on a host or in a guest. Source: Linux drivers/gpu/drm/i915, read in
6.1, with the words of other releases: the driver's prefix changed often, the text behind it seldom.
"""

from __future__ import annotations

from fwsim.diagnose.messages.row import Row

_WHO = "i915"
_MEM = r"\[(?:mem )?0x(?P<start>[0-9a-f]+) ?- ?0x(?P<end>[0-9a-f]+)[^\]]*\]"

ROWS = (
    Row(
        "i915-stolen-conflict", _WHO, "conflict detected with stolen region",
        rf"conflict detected with stolen region: {_MEM}", "fatal", "stolen memory {start}-{end} conflicts with the "
        "memory map: the driver does not use it", "the firmware's map (e820) does not reserve that range as one: "
        "another entry lies across it, or the range is the host's, read in a guest. Fault errors on a pipe are its "
        "consequence: the screen that the firmware left is there", "reserve-stolen",
        "gem/i915_gem_stolen.c, adjust_stolen",
    ),
    Row(
        "i915-stolen-reserved-outside", _WHO, "outside stolen memory",
        r"[Ss]tolen reserved area \[(?:mem )?(?P<range>[^\]]+)\] outside stolen memory \[(?:mem"
        r" )?(?P<stolen>[^\]]+)\]", "fatal", "the reserved part of stolen memory, {range}, lies outside stolen "
        "memory {stolen}", "STOLEN_RESERVED is a register of the device, and the guest reads the host's; BDSM is "
        "the guest's", "same-base", "gem/i915_gem_stolen.c, i915_gem_init_stolen, since 3.19",
    ),
    Row(
        "i915-inconsistent-reservation", _WHO, "inconsistent reservation",
        r"inconsistent reservation \S+ \+ \S+; ignoring", "warning",
        "the reserved part of stolen memory is left aside", "STOLEN_RESERVED says something that cannot be",
        "same-base", "gem/i915_gem_stolen.c",
    ),
    Row(
        "i915-pipe-fault", _WHO, "Fault errors on pipe",
        r"Fault errors on pipe (?P<pipe>[A-D]):? (?P<bits>0x[0-9a-f]+)", "warning",
        "pipe {pipe} read memory that it may not ({bits})", "a plane still shows an address that the IOMMU or the "
        "GTT does not give: the firmware's screen, after the driver took its memory away", "reserve-stolen",
        "i915_irq.c, gen8_de_irq_handler",
    ),
    Row(
        "i915-stolen-no-use", _WHO, "disabling use of stolen memory",
        r"(?P<who>DMAR|iGVT-g) active, disabling use of stolen memory", "note",
        "the driver leaves stolen memory aside ({who})", "harmless: VT-d of this generation, or a mediated device",
        "", "gem/i915_gem_stolen.c",
    ),
    Row(
        "i915-no-stolen-room", _WHO, "not enough stolen space", r"not enough stolen space for (?P<what>\w+)",
        "warning", "stolen memory is too small for {what}", "", "gms", "gt/intel_rc6.c",
    ),
    Row(
        "i915-opregion-none", _WHO, "ACPI OpRegion not supported", r"", "warning",
        "the driver finds no OpRegion: ASLS is 0", "in a guest nobody handed one over: legacy mode is off, or "
        "x-igd-opregion is", "opregion", "display/intel_opregion.c, with drm.debug",
    ),
    Row(
        "i915-opregion-signature", _WHO, "opregion signature mismatch", r"", "fatal",
        "where ASLS points is no OpRegion", "the guest reads the host's address, or the firmware's copy was written "
        "over", "opregion", "display/intel_opregion.c, with drm.debug",
    ),
    Row(
        "i915-no-vbt", _WHO, "Failed to find VBIOS tables", r"Failed to find VBIOS tables \(VBT\)", "fatal",
        "the driver finds no VBT: it guesses which ports there are",
        "no OpRegion, and no ROM with a VBT: a guest without legacy mode, or with a ROM that has none", "opregion",
        "display/intel_bios.c",
    ),
    Row(
        "i915-vbt-invalid", _WHO, "Invalid VBT in ACPI OpRegion",
        r"Invalid VBT in ACPI OpRegion \((?P<where>[^)]+)\)", "warning", "the OpRegion's VBT is not valid ({where})",
        "a copy that is cut: RVDA points at the host, or past 8 KiB", "opregion",
        "display/intel_opregion.c, with drm.debug",
    ),
    Row(
        "i915-edp-link", _WHO, "failed to retrieve link info", r"failed to retrieve link info, disabling eDP",
        "fatal", "the panel does not answer, and the driver gives it up",
        "the VBT names an eDP that is not there, or its power was not switched on", "vbt-port", "display/intel_dp.c",
    ),
    Row(
        "i915-edid-none", _WHO, "EDID",
        r"(?:EDID is invalid|EDID checksum is invalid|No EDID found|probed .*EDID.*none)", "note",
        "a monitor's EDID cannot be read", "no cable, or another port than the VBT says", "vbt-port",
        "drivers/gpu/drm/drm_edid.c",
    ),
    Row(
        "i915-link-training", _WHO, "raining failed", r"[Ll]ink [Tt]raining failed", "warning",
        "a DisplayPort link does not come up", "the cable, or buffers that the VBT of another board sets", "vbt-port",
        "display/intel_dp_link_training.c",
    ),
    Row(
        "i915-underrun", _WHO, "FIFO underrun", r"(?:pipe|transcoder) (?P<pipe>[A-D]) FIFO underrun", "note",
        "pipe {pipe} ran out of data", "memory bandwidth or watermarks; after a fault flood its consequence", "",
        "display/intel_fifo_underrun.c",
    ),
    Row(
        "i915-flip-timeout", _WHO, "flip_done timed out", r"flip_done timed out", "warning",
        "a pipe does not finish a frame", "its vertical blank does not come: the pipe is off, or its interrupts are "
        "not delivered", "interrupts", "drm_atomic_helper.c",
    ),
    Row(
        "i915-mmio-lost", _WHO, "Lost access to MMIO BAR", r"", "fatal", "the device's registers read all ones",
        "it is in D3 or off the bus: the host put it to sleep, or a reset left it dead", "idle-d3",
        "intel_uncore.c since 5.18",
    ),
    Row(
        "i915-mmio-dead", _WHO, "MMIO access returns", r"non-operational; MMIO access returns 0xFFFFFFFF", "fatal",
        "the device's registers read all ones when the driver begins", "it is in D3 or off the bus, its BAR0 is not "
        "decoded, or its virtual function was taken away on the host", "idle-d3", "intel_uncore.c since 5.18",
    ),
    Row(
        "i915-forcewake", _WHO, "forcewake", r"timed out waiting for forcewake ack (?P<what>request|to clear)",
        "fatal", "the render engine does not wake up", "the device is in D3, or its RC6 context lies in memory that "
        "it may not read", "idle-d3", "intel_uncore.c",
    ),
    Row(
        "i915-hang", _WHO, "GPU HANG", r"GPU HANG: ecode (?P<code>[0-9a-f:]+)", "warning",
        "the render engine hangs ({code})", "with DMA faults beside it their consequence", "", "i915_gpu_error.c",
    ),
    Row(
        "i915-wedged", _WHO, "declaring it wedged", r"[Ff]ailed to initialize GPU, declaring it wedged", "fatal",
        "the render engine does not start", "the lines before say why: firmware, WOPCM, or memory that it may not "
        "read", "", "gt/intel_gt.c",
    ),
    Row(
        "i915-probe-failed", _WHO, "Device initialization failed", r"Device initialization failed \((?P<code>-\d+)\)",
        "fatal", "the driver gives the device up ({code})", "the lines before say why", "", "i915_driver.c",
    ),
    Row(
        "i915-probe-error", _WHO, "i915: probe of", r"i915: probe of (?P<at>\S+) failed with error (?P<code>-\d+)",
        "fatal", "the driver gives {at} up (error {code})", "the lines before say why", "", "drivers/base/dd.c",
    ),
    Row(
        "i915-probe-driver", _WHO, "probe with driver ",
        r"(?P<at>[0-9a-f:.]{7,12}): probe with driver (?P<driver>i915|xe) failed with error (?P<code>-\d+)", "fatal",
        "{driver} gives {at} up (error {code})", "the lines before say why", "", "drivers/base/dd.c, later kernels",
    ),
    Row(
        "i915-not-supported", _WHO, "not properly supported",
        r"graphics device (?P<device>[0-9a-f]{4}) is not properly supported", "fatal",
        "this kernel's i915 leaves {device} aside", "it is older than the device", "force-probe", "i915_pci.c",
    ),
    Row(
        "i915-vtd-active", _WHO, "VT-d active for gfx access", r"", None, "the driver's accesses go by an IOMMU", "",
        "", "gt/intel_ggtt.c",
    ),
    Row(
        "i915-ggtt-map", _WHO, "map the ggtt page table", r"[Ff]ailed to map the (?:ggtt|gtt) page table", "fatal",
        "the driver cannot map the GTT", "BAR0 is not where the device says, or smaller: the guest's firmware "
        "placed it badly", "bars", "gt/intel_ggtt.c",
    ),
    Row(
        "i915-gmadr-size", _WHO, "Unknown GMADR size", r"Unknown GMADR size \((?P<size>\w+)\)", "fatal",
        "the aperture has an odd size ({size})", "BAR2 could not be placed", "bars", "gt/intel_ggtt.c",
    ),
    Row(
        "i915-registers-map", _WHO, "failed to map registers", r"", "fatal", "the driver cannot map the registers",
        "BAR0 has no address", "bars", "intel_uncore.c",
    ),
    Row(
        "i915-bridge", _WHO, "bridge device not found", r"", "fatal", "the driver finds no 00:00.0",
        "the guest's machine has no host bridge at 00:00.0", "legacy-igd", "i915_driver.c",
    ),
    Row(
        "i915-no-pch", _WHO, "No PCH found", r"", "warning", "the driver knows no PCH: no port of the PCH comes up",
        "the guest has no LPC bridge with an Intel PCH's id at 1f.0", "lpc", "intel_pch.c, with drm.debug",
    ),
    Row(
        "i915-memory-info", _WHO, "couldn't get memory information", r"", "note",
        "the driver cannot read the memory controller", "harmless: in a guest, and on some chipsets, it is not shown",
        "", "intel_dram.c",
    ),
    Row(
        "i915-gvt-guc", _WHO, "Graphics virtualization is not yet supported", r"", "note",
        "GVT-g is off: GuC submission is on", "", "", "intel_gvt.c",
    ),
    Row(
        "i915-mst-vgpu", _WHO, "Virtual GPU for Intel GVT-g detected", r"", None,
        "the guest has a mediated device (GVT-g)", "", "", "i915_vgpu.c",
    ),
    Row(
        "i915-initialized", _WHO, "[drm] Initialized", r"\[drm\] Initialized (?P<driver>i915|xe) ", None,
        "{driver} came up", "", "", "drm_drv.c",
    ),
    Row(
        "i915-ring-faults", _WHO, "Unexpected fault", r"Unexpected fault\b", "note",
        "the engine met a GTT entry that is not valid", "", "", "gt/intel_gt.c, with drm.debug",
    ),
)  # fmt: skip
