"""What i915 and xe print about their microcontrollers: GuC, HuC, WOPCM, DMC. Source: Linux drivers/gpu/drm/i915/gt/uc,
display/intel_dmc.c, drivers/gpu/drm/xe, read in 6.1; a prefix such as ``GT0: GuC:`` came later.
"""

from __future__ import annotations

from fwsim.diagnose.messages.row import Row

_WHO = "i915"
_STOLEN = (
    "GuC's private memory (WOPCM) lies in the reserved part of stolen memory; in a guest that register is the host's"
)

ROWS = (
    Row(
        "guc-wopcm", _WHO, "WOPCM",
        r"(?:Unsuccessful WOPCM partitioning|Failed to init uC WOPCM registers|WOPCM: (?:invalid GuC region|no space"
        r" for))", "fatal", "GuC's private memory cannot be set up", _STOLEN, "guc-off",
        "gt/uc/intel_uc.c, intel_wopcm.c",
    ),
    Row(
        "guc-wopcm-register", _WHO, "GUC_WOPCM",
        r"(?P<register>DMA_GUC_WOPCM_OFFSET|GUC_WOPCM_SIZE)\(0x[0-9a-f]+\)=(?P<value>0x[0-9a-f]+)", "warning",
        "{register} is {value}, and locked", "somebody programmed it before: the host's driver or firmware. It "
        "changes only by a reset of the whole device", "guc-off", "gt/uc/intel_uc.c",
    ),
    Row(
        "guc-load-failed", _WHO, "GuC load failed", r"GuC load failed: status(?: = |: )(?P<status>.{1,40})", "fatal",
        "GuC does not start ({status})", _STOLEN, "guc-off", "gt/uc/intel_guc_fw.c",
    ),
    Row(
        "guc-init-failed", _WHO, "initialization failed", r"GuC initialization failed (?P<code>\S+)", "fatal",
        "GuC does not start ({code})", _STOLEN, "guc-off", "gt/uc/intel_uc.c",
    ),
    Row(
        "guc-uninitialized", _WHO, "GuC is uninitialized", r"", "fatal",
        "the driver goes on without GuC, or not at all", "the lines before say why", "guc-off", "gt/uc/intel_uc.c",
    ),
    Row(
        "guc-uc-failed", _WHO, "Enabling uc failed", r"Enabling uc failed \((?P<code>-?\d+)\)", "fatal",
        "GuC and HuC do not start ({code})", _STOLEN, "guc-off", "gt/intel_gt.c",
    ),
    Row(
        "guc-signature", _WHO, "firmware signature verification failed",
        r"GuC firmware signature verification failed", "fatal", "GuC refuses its firmware",
        "it cannot read it: the memory it is copied from is not the guest's", "guc-off", "gt/uc/intel_guc_fw.c",
    ),
    Row(
        "guc-top-reserve", _WHO, "top of GGTT for GuC", r"Failed to reserve top of GGTT for GuC", "warning",
        "GuC's window in the GTT is taken", "", "guc-off", "gt/intel_ggtt.c",
    ),
    Row(
        "uc-fetch", _WHO, "fetch failed with error",
        r"(?P<what>GuC|HuC|GSC) firmware (?P<file>\S+): fetch failed with error (?P<code>\S+)", "warning",
        "{what}'s firmware {file} is not installed ({code})", "the guest lacks linux-firmware, or its initramfs does",
        "linux-firmware", "gt/uc/intel_uc_fw.c",
    ),
    Row(
        "uc-load", _WHO, "Failed to load", r"Failed to load (?P<what>GuC|HuC) firmware", "fatal",
        "{what}'s firmware is not loaded", _STOLEN, "guc-off", "gt/uc/intel_uc_fw.c",
    ),
    Row(
        "uc-dma", _WHO, "fw failed, DMA_CTRL", r"DMA for (?P<what>\w+) fw failed, DMA_CTRL=(?P<value>\S+)", "fatal",
        "{what}'s firmware is not copied ({value})", "the engine cannot read the memory it is in", "guc-off",
        "gt/uc/intel_uc_fw.c",
    ),
    Row(
        "huc-auth", _WHO, "HuC", r"HuC: (?:Authentication failed|GuC did not ack Auth request|Firmware not verified)",
        "note", "HuC does not run: some video codecs are missing", "GuC did not take it", "", "gt/uc/intel_huc.c",
    ),
    Row(
        "dmc-missing", _WHO, "DMC firmware",
        r"(?:Failed to load DMC firmware|Failed to load firmware)\D+(?P<file>i915/\S+_dmc\S*?\.bin)", "note",
        "{file} is not installed: no deep power saving", "harmless for a picture", "linux-firmware",
        "display/intel_dmc.c",
    ),
    Row(
        "dmc-loaded", _WHO, "Finished loading DMC firmware", r"Finished loading DMC firmware (?P<file>\S+)", None,
        "{file} runs", "", "", "display/intel_dmc.c",
    ),
    Row(
        "guc-running", _WHO, "GuC firmware i915/", r"GuC firmware (?P<file>i915/\S+) version (?P<version>[\d.]+)",
        None, "GuC {version} runs", "", "", "gt/uc/intel_uc.c",
    ),
    Row(
        "xe-stolen", "xe", "stolen",
        r"xe 0000:\S+ .*(?:[Nn]o stolen memory|Initialized stolen memory support with (?P<size>\d+))", None,
        "xe's stolen memory", "", "", "drivers/gpu/drm/xe/xe_ttm_stolen_mgr.c, with drm.debug",
    ),
)  # fmt: skip
