"""The registers that hold an address of the host, with whose driver reads each: a row a register, with its source."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fwsim.registers.variants import expand

Space = Literal["igd", "bridge", "mmio"]
"""igd, bridge: configuration of 00:02.0 and 00:00.0; mmio: the registers of the graphics device."""
Holds = Literal["stolen", "gsm", "reserved", "end", "gtt", "opregion", "sizes"]
"""Base of data stolen memory, of the GTT's; the reserved part; stolen memory's end; the GTT; OpRegion; no address."""

IMAGES = "the images of `fwsim rom list`, run here"
EARLY = "Linux arch/x86/kernel/early-quirks.c"
STOLEN = "Linux i915 gem/i915_gem_stolen.c"
RC6 = "Linux i915 gt/intel_rc6.c"
OPREGION = "Linux i915 display/intel_opregion.c"
AGP = "Linux drivers/char/agp/intel-gtt.c"
XE = "Linux xe xe_ttm_stolen_mgr.c"
BHYVE = "FreeBSD bhyve pci_gvt-d.c"
ACRN = "ACRN devicemodel pci_gvt"
EVE_6407, EVE_6432 = "lf-edge/eve#6407", "lf-edge/eve#6432"


class Reader(Struct, frozen=True):
    """Code in a guest that reads the register: what it is, on which generations, and who says so."""

    who: str
    gen: str
    source: str


class HostAddress(Struct, frozen=True):
    """One register. ``width`` in bytes, ``mask`` the bits of the address (or of the sizes), ``gen`` who has it."""

    name: str
    space: Space
    offset: int
    width: int
    mask: int
    gen: str
    holds: Holds
    readers: tuple[Reader, ...]
    source: str

    @property
    def families(self) -> frozenset[str]:
        """The host cpus that have it there."""
        return expand(self.gen)

    def read_by(self, cpu: str) -> tuple[Reader, ...]:
        """Who reads it on a host of this cpu."""
        return tuple(reader for reader in self.readers if cpu in expand(reader.gen))


_MIB32, _MIB64 = 0xFFF00000, 0xFFFFFFFFFFF00000

ROWS: tuple[HostAddress, ...] = (
    HostAddress(
        "BDSM", "igd", 0x5C, 4, _MIB32, "3-10", "stolen",
        (Reader("vBIOS, its upper word at 5Eh", "4-9", IMAGES), Reader("Linux, before i915", "3-10", EARLY),
         Reader("GOP", "6-10", BHYVE)),
        "Linux include/drm/intel/i915_drm.h INTEL_BSM",
    ),
    HostAddress(
        "BDSM", "igd", 0xC0, 8, _MIB64, "11-,!meteorlake", "stolen",
        (Reader("Linux, before i915", "11-", EARLY), Reader("GOP", "11-", BHYVE), Reader("Windows", "12-", EVE_6407)),
        "Linux include/drm/intel/i915_drm.h INTEL_GEN11_BSM_DW0",
    ),
    HostAddress(
        "BGSM", "igd", 0xF0, 8, _MIB64, "11-", "gsm", (Reader("Windows", "12-", EVE_6407),), EVE_6407,
    ),
    HostAddress(
        "GGC", "igd", 0x50, 2, 0xFFFF, "6-", "sizes",
        (Reader("vBIOS", "baytrail,cherryview", IMAGES), Reader("Linux, before i915", "6-", EARLY),
         Reader("OVMF's VfioIgdPkg", "6-", "tomitamoeko/VfioIgdPkg")),
        "Linux include/drm/intel/i915_drm.h SNB_GMCH_CTRL",
    ),
    HostAddress(
        "ASLS", "igd", 0xFC, 4, 0xFFFFFFFF, "3-", "opregion",
        (Reader("i915", "3-", OPREGION), Reader("Windows", "12-", "lf-edge/eve#5686")),
        "Linux i915 intel_pci_config.h ASLS",
    ),
    HostAddress(
        "BDSM of the bridge", "bridge", 0xB0, 4, _MIB32, "6-,!vlv", "stolen", (),
        "Intel 2nd gen Core datasheet vol2, 2.5",
    ),
    HostAddress(
        "BGSM of the bridge", "bridge", 0xB4, 4, _MIB32, "6-,!vlv", "gsm", (),
        "Intel 2nd gen Core datasheet vol2, 2.5",
    ),
    HostAddress(
        "TOLUD", "bridge", 0xBC, 4, _MIB32, "6-,!vlv", "end", (), "Intel 2nd gen Core datasheet vol2, 2.5",
    ),
    HostAddress(
        "PGTBL_CTL", "mmio", 0x2020, 4, 0xFFFFF000, "2-5", "gtt",
        (Reader("vBIOS", "965", IMAGES), Reader("Linux intel-gtt", "2-5", AGP), Reader("i915", "4-5", STOLEN)),
        "Linux drivers/char/agp/intel-agp.h I810_PGETBL_CTL",
    ),
    HostAddress(
        "GGC mirror", "mmio", 0x108040, 2, 0xFFFF, "6-", "sizes",
        (Reader("i915", "meteorlake", STOLEN), Reader("xe", "12-", XE)), "Linux i915 i915_reg.h GGC",
    ),
    HostAddress(
        "DSMBASE", "mmio", 0x1080C0, 4, _MIB32, "6-10", "stolen", (), "Linux i915 i915_reg.h GEN6_DSMBASE",
    ),
    HostAddress(
        "DSMBASE", "mmio", 0x1080C0, 8, _MIB64, "11-", "stolen",
        (Reader("Windows", "11-", ACRN), Reader("i915", "meteorlake", STOLEN), Reader("xe", "12-", XE)),
        "Linux i915 i915_reg.h GEN6_DSMBASE",
    ),
    HostAddress(
        "GSMBASE", "mmio", 0x108100, 8, _MIB64, "6-", "gsm",
        (Reader("i915", "meteorlake", "Linux i915 gt/intel_ggtt.c"), Reader("Windows", "12-", EVE_6407)),
        "Linux i915 i915_reg.h GEN6_GSMBASE",
    ),
    HostAddress(
        "STOLEN_RESERVED", "mmio", 0x1082C0, 4, _MIB32, "6-10", "reserved", (Reader("i915", "6-10", STOLEN),),
        f"{STOLEN} GEN6_STOLEN_RESERVED",
    ),
    HostAddress(
        "STOLEN_RESERVED", "mmio", 0x1082C0, 8, _MIB64, "11-", "reserved",
        (Reader("i915", "11-", STOLEN), Reader("Windows", "12-", EVE_6432)), f"{STOLEN} GEN6_STOLEN_RESERVED",
    ),
    HostAddress(
        "RC6_CTX_BASE", "mmio", 0xD48, 4, 0xFFFFF000, "9-", "reserved",
        (Reader("i915", "apollolake,geminilake", RC6), Reader("Windows", "12-", EVE_6432)), f"{RC6}, {EVE_6432}",
    ),
    HostAddress(
        "reserved-region pointer", "mmio", 0xDC8, 4, 0xFFFFF000, "12-", "reserved",
        (Reader("Windows", "12-", EVE_6432),), EVE_6432,
    ),
    HostAddress(
        "VLV_PCBR", "mmio", 0x182120, 4, 0xFFFFF000, "vlv", "reserved", (Reader("i915", "vlv", RC6),), RC6,
    ),
)  # fmt: skip
"""Every register known to hold an address of the host, configuration space first."""


def rows_for(cpu: str) -> tuple[HostAddress, ...]:
    """The rows that a host of this cpu has."""
    return tuple(row for row in ROWS if cpu in row.families)
