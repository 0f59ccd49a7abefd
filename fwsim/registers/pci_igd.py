"""The graphics device's PCI configuration registers (00:02.0)."""

# ruff: noqa: N801 (the manuals' own register names)

from fwsim.registers.core import RESERVED, Field, Register
from fwsim.registers.gms import GGMS as GGMS_RULE
from fwsim.registers.gms import GMS as GMS_RULE

_PCI = "PCI Local Bus Specification 3.0, 6.1"
_CONFIG = "Linux i915 intel_pci_config.h"
_DRM = "Linux include/drm/intel/i915_drm.h"


class VID(Register, at=0x00, width=2, space="pci", function="igd", access="ro", reset=0x8086, source=_PCI):
    """Vendor id: 8086."""

    VENDOR = Field(15, 0, "vendor", values={0x8086: "Intel"})


class DID(Register, at=0x02, width=2, space="pci", function="igd", access="ro", reset=None, source=_PCI):
    """Device id; a vBIOS compares it with the list in its PCIR."""

    DEVICE = Field(15, 0, "device id")


class PCICMD(Register, at=0x04, width=2, space="pci", function="igd", source=_PCI, gaps=RESERVED):
    """Command: which accesses the device answers and makes."""

    INTDIS = Field(10, 10, "INTx disabled")
    MASTER = Field(2, 2, "may do DMA")
    MEMORY = Field(1, 1, "answers memory accesses")
    IO = Field(0, 0, "answers port accesses")


class PCISTS(
    Register, at=0x06, width=2, space="pci", function="igd", access="ro", reset=0x0090, source=_PCI, gaps=RESERVED
):
    """Status."""

    CAPABILITIES = Field(4, 4, "has a capability list")
    INTX = Field(3, 3, "INTx asserted")
    FAST = Field(7, 7, "fast back-to-back capable")


class RID(Register, at=0x08, width=1, space="pci", function="igd", access="ro", reset=None, source=_PCI):
    """Revision id (the stepping)."""

    REVISION = Field(7, 0, "revision")


class CLASS(Register, at=0x09, width=3, space="pci", function="igd", access="ro", reset=0x030000, source=_PCI):
    """Class code: 030000 VGA, 038000 another display controller (GGC bit 1 set)."""

    BASE = Field(23, 16, "base class", values={3: "display controller"})
    SUB = Field(15, 8, "sub-class", values={0: "VGA compatible", 0x80: "other"})
    INTERFACE = Field(7, 0, "programming interface")


class HDR(Register, at=0x0E, width=1, space="pci", function="igd", access="ro", source=_PCI):
    """Header type."""

    MULTI = Field(7, 7, "multi-function device")
    LAYOUT = Field(6, 0, "header layout", values={0: "ordinary device"})


class GMADR_GEN2(Register, at=0x10, gen="2", name="GMADR", space="pci", function="igd", source=_CONFIG, gaps=RESERVED):
    """BAR0 of gen 2: the aperture."""

    BASE = Field(31, 26, "aperture base", address=True)
    PREFETCH = Field(3, 3, "prefetchable", access="ro")
    TYPE = Field(2, 1, "memory type", access="ro", values={0: "32-bit", 2: "64-bit"})
    SPACE = Field(0, 0, "address space", access="ro", values={0: "memory", 1: "ports"})


class MMADR_GEN2(Register, at=0x14, gen="2", name="MMADR", space="pci", function="igd", source=_CONFIG, gaps=RESERVED):
    """BAR1 of gen 2: registers, with the GTT at +0x10000."""

    BASE = Field(31, 19, "register base", address=True)
    TYPE = Field(2, 1, "memory type", access="ro", values={0: "32-bit", 2: "64-bit"})
    SPACE = Field(0, 0, "address space", access="ro", values={0: "memory", 1: "ports"})


class MMADR(Register, at=0x10, gen="3", space="pci", function="igd", source=_CONFIG, gaps=RESERVED):
    """BAR0 of gen 3: 512 KiB of registers."""

    BASE = Field(31, 19, "register base", address=True)
    TYPE = Field(2, 1, "memory type", access="ro", values={0: "32-bit", 2: "64-bit"})
    SPACE = Field(0, 0, "address space", access="ro", values={0: "memory", 1: "ports"})


class GTTMMADR(
    Register, at=0x10, gen="4-", width=8, space="pci", function="igd", reset=4, source=_CONFIG, gaps=RESERVED
):
    """BAR0: registers in the first half, the GTT in the second."""

    BASE = Field(63, 19, "register base", address=True)
    PREFETCH = Field(3, 3, "prefetchable", access="ro")
    TYPE = Field(2, 1, "memory type", access="ro", values={0: "32-bit", 2: "64-bit"})
    SPACE = Field(0, 0, "address space", access="ro", values={0: "memory", 1: "ports"})


class GMADR(
    Register,
    at={"3": 0x18},
    space="pci",
    function="igd",
    reset=8,
    source=_CONFIG,
    gaps=RESERVED,
):
    """BAR2 of gen 3: the aperture."""

    BASE = Field(31, 27, "aperture base", address=True)
    PREFETCH = Field(3, 3, "prefetchable", access="ro")
    TYPE = Field(2, 1, "memory type", access="ro", values={0: "32-bit", 2: "64-bit"})
    SPACE = Field(0, 0, "address space", access="ro", values={0: "memory", 1: "ports"})


class GMADR64(
    Register,
    at=0x18,
    gen="4-,!meteorlake",
    name="GMADR",
    width=8,
    space="pci",
    function="igd",
    reset=0xC,
    source=_CONFIG,
    gaps=RESERVED,
):
    """BAR2: the aperture. A vBIOS takes the word at 0x1A as the upper half of its frame buffer's address."""

    BASE = Field(63, 27, "aperture base", address=True)
    PREFETCH = Field(3, 3, "prefetchable", access="ro")
    TYPE = Field(2, 1, "memory type", access="ro", values={0: "32-bit", 2: "64-bit"})
    SPACE = Field(0, 0, "address space", access="ro", values={0: "memory", 1: "ports"})


class LMEMBAR(
    Register,
    at={"meteorlake": 0x18},
    width=8,
    space="pci",
    function="igd",
    reset=0xC,
    source="Linux i915 gem/i915_gem_stolen.c",
    gaps=RESERVED,
):
    """BAR2 of Meteor Lake: a window on stolen memory, the data part at +8 MiB."""

    BASE = Field(63, 28, "window base", address=True)
    PREFETCH = Field(3, 3, "prefetchable", access="ro")
    TYPE = Field(2, 1, "memory type", access="ro", values={0: "32-bit", 2: "64-bit"})
    SPACE = Field(0, 0, "address space", access="ro", values={0: "memory", 1: "ports"})


class GTTADR(Register, at=0x1C, gen="3", space="pci", function="igd", source=_CONFIG, gaps=RESERVED):
    """BAR3 of gen 3: the GTT."""

    BASE = Field(31, 18, "GTT base", address=True)
    TYPE = Field(2, 1, "memory type", access="ro", values={0: "32-bit", 2: "64-bit"})
    SPACE = Field(0, 0, "address space", access="ro", values={0: "memory", 1: "ports"})


class IOBAR(
    Register,
    at={"855,865": 0x18, "3": 0x14, "4-,!meteorlake": 0x20},
    space="pci",
    function="igd",
    reset=1,
    source=f"{_CONFIG}; a Haswell dump shows f001",
    gaps=RESERVED,
):
    """The I/O BAR: index port at +0, data port at +4."""

    BASE = Field(15, 3, "port base", address=True)
    SPACE = Field(0, 0, "address space", access="ro", values={0: "memory", 1: "ports"})


class SUBSYS(Register, at=0x2C, space="pci", function="igd", access="lock", reset=None, source=_PCI):
    """Subsystem ids."""

    DEVICE = Field(31, 16, "subsystem id")
    VENDOR = Field(15, 0, "subsystem vendor")


class ROMADR(Register, at=0x30, space="pci", function="igd", access="ro", source=f"{_PCI}; reads 0 on real hosts"):
    """Expansion ROM base: the IGD has none, its image comes with the system firmware."""

    BASE = Field(31, 11, "ROM base", address=True)
    UNUSED = Field(10, 1, "reserved")
    ENABLE = Field(0, 0, "ROM decoded")


class CAPPTR(Register, at=0x34, width=1, space="pci", function="igd", access="ro", reset=0x90, source=_PCI):
    """Offset of the first capability."""

    POINTER = Field(7, 0, "first capability")


class INTRLINE(Register, at=0x3C, width=1, space="pci", function="igd", source=_PCI):
    """Interrupt line, as firmware assigned it."""

    LINE = Field(7, 0, "IRQ")


class INTRPIN(Register, at=0x3D, width=1, space="pci", function="igd", access="ro", reset=1, source=_PCI):
    """Interrupt pin."""

    PIN = Field(7, 0, "pin", values={0: "none", 1: "INTA"})


class GMCH_CTRL(
    Register, at=0x52, gen="855,865,3-5", width=2, space="pci", function="igd", access="ro", source=_DRM, gaps=RESERVED
):
    """Graphics control, a read-only mirror of 00:00.0's."""

    GGMS = Field(9, 8, "for the GTT", rule=GGMS_RULE["g33"], gen="G33")
    GGMS_G4X = Field(11, 8, "for the GTT", rule=GGMS_RULE["g4x"], gen="g4x,5")
    GMS = Field(7, 4, "stolen", rule=GMS_RULE["i855"])
    IVD = Field(1, 1, "VGA cycles", values={0: "answered", 1: "not answered"})


class GGC_GEN6(
    Register,
    at=0x50,
    gen="6-7",
    name="GGC",
    width=2,
    space="pci",
    function="igd",
    access="ro",
    reset=0x0209,
    source=f"{_DRM}; Haswell dump 0209",
    gaps=RESERVED,
):
    """Graphics control, a read-only mirror of 00:00.0's: how much memory is stolen."""

    VAMEN = Field(14, 14, "versatile acceleration mode")
    GGMS = Field(9, 8, "for the GTT", rule=GGMS_RULE["gen6"])
    GMS = Field(7, 3, "stolen", rule=GMS_RULE["gen6"])
    IVD = Field(1, 1, "VGA cycles", values={0: "answered", 1: "not answered, class 0380"})
    LOCK = Field(0, 0, "locked until reset")


class GGC_CHV(
    Register,
    at=0x50,
    gen="cherryview",
    name="GGC",
    width=2,
    space="pci",
    function="igd",
    access="lock",
    source=_DRM,
    gaps=RESERVED,
):
    """Graphics control of Cherryview: fields where gen 6 has them, gen 8's GTT sizes."""

    GGMS = Field(9, 8, "for the GTT", rule=GGMS_RULE["chv"])
    GMS = Field(7, 3, "stolen", rule=GMS_RULE["chv"])
    IVD = Field(1, 1, "VGA cycles", values={0: "answered", 1: "not answered, class 0380"})
    LOCK = Field(0, 0, "locked until reset")


class GGC(
    Register,
    at=0x50,
    gen="8-,!cherryview",
    width=2,
    space="pci",
    function="igd",
    access="ro",
    source=_DRM,
    gaps=RESERVED,
):
    """Graphics control, a read-only mirror of 00:00.0's: how much memory is stolen."""

    GMS_GEN8 = Field(15, 8, "stolen", rule=GMS_RULE["gen8"], gen="broadwell")
    GMS = Field(15, 8, "stolen", rule=GMS_RULE["gen9"], gen="9-")
    GGMS = Field(7, 6, "for the GTT", rule=GGMS_RULE["gen8"])
    VAMEN = Field(2, 2, "versatile acceleration mode")
    IVD = Field(1, 1, "VGA cycles", values={0: "answered", 1: "not answered, class 0380"})
    LOCK = Field(0, 0, "locked until reset")


class DEVEN(Register, at=0x54, space="pci", function="igd", access="ro", reset=None, source=_CONFIG, gaps=RESERVED):
    """Which of the processor's devices are enabled, a mirror of 00:00.0's."""

    MCHBAR = Field(28, 28, "MCHBAR decoded", gen="3")
    D3F0 = Field(5, 5, "device 3 enabled", gen="6-")
    D2F0 = Field(4, 4, "device 2 function 0 enabled")
    D2F1 = Field(3, 3, "device 2 function 1 enabled", gen="3-4")
    D1F0 = Field(1, 1, "device 1 enabled")
    D0F0 = Field(0, 0, "device 0 enabled")


class BDSM(
    Register, at=0x5C, gen="3-10", space="pci", function="igd", access="lock", source=f"{_DRM} INTEL_BSM_MASK",
    gaps=RESERVED,
):  # fmt: skip
    """Base of data stolen memory. A vBIOS reads its upper word, at 0x5E."""

    BASE = Field(31, 20, "stolen memory base", address=True)
    LOCK = Field(0, 0, "locked until reset")


class BDSM64(
    Register,
    at=0xC0,
    gen="11-,!meteorlake",
    name="BDSM",
    width=8,
    space="pci",
    function="igd",
    access="lock",
    source=f"{_DRM} INTEL_GEN11_BSM_DW0",
    gaps=RESERVED,
):
    """Base of data stolen memory, 64 bits wide from gen 11."""

    BASE = Field(63, 20, "stolen memory base", address=True)
    LOCK = Field(0, 0, "locked until reset")


class MSAC(
    Register,
    at=0x62,
    gen="3-",
    width=1,
    space="pci",
    function="igd",
    source="Intel PRM SNB vol1 part3, MSAC",
    gaps=RESERVED,
):
    """Size of the aperture: which bits of its BAR can be written."""

    SIZE = Field(
        7, 0, "aperture size", gen="9-", values={0: "128 MiB", 1: "256 MiB", 3: "512 MiB", 7: "1 GiB", 15: "2 GiB"}
    )
    LHSAS = Field(2, 1, "aperture size", gen="3-8", values={0: "128 MiB", 1: "256 MiB", 3: "512 MiB"})


class GCFGC(
    Register,
    at={"4": 0xF0},
    width=2,
    space="pci",
    function="igd",
    reset=None,
    source="Linux i915 display/intel_cdclk.c; Crestline images accept 1 and 2 in bits 12:8",
    gaps=RESERVED,
):
    """Graphics clock configuration: the core display clock that gen 4 images go by."""

    CORE = Field(12, 8, "core clock code")
    RENDER = Field(3, 0, "render clock code")


class HPLLCC(
    Register,
    at={"855": 0xC0},
    width=2,
    space="pci",
    function="igd",
    reset=None,
    source="Linux i915 i915_reg.h HPLLCC",
    gaps=RESERVED,
):
    """Host PLL clock control of the 855; the offset is BDSM's on gen 11."""

    CLOCK = Field(3, 0, "clock control code")


class GDRST(Register, at={"3-4": 0xC0}, width=1, space="pci", function="igd", source=f"{_CONFIG} I915_GDRST"):
    """Graphics reset; the offset is BDSM's on gen 11."""

    UNUSED = Field(7, 4, "reserved")
    DOMAIN = Field(3, 2, "what is reset", values={0: "everything", 1: "render", 3: "media"})
    STATUS = Field(1, 1, "reset in progress", access="ro")
    ENABLE = Field(0, 0, "reset now")


class SWSMI(Register, at=0xE0, width=2, space="pci", function="igd", source="Linux i915 intel_pci_config.h SWSCI"):
    """Software SMI: how old firmware is called."""

    SCRATCH = Field(15, 1, "scratch")
    TRIGGER = Field(0, 0, "raise the SMI")


class ASLE(Register, at=0xE4, space="pci", function="igd", source=_CONFIG):
    """ASL interrupt event: raised by ACPI code to tell the driver of a request in the OpRegion."""

    SCRATCH = Field(31, 8, "scratch")
    TRIGGER = Field(7, 0, "non-zero raises the interrupt")


class SWSCI(Register, at=0xE8, width=2, space="pci", function="igd", reset=0x8000, source=_CONFIG, gaps=RESERVED):
    """Software SCI: how the driver calls ACPI code through the OpRegion."""

    SCISEL = Field(15, 15, "event", values={0: "SMI", 1: "SCI"})
    GSSCIE = Field(0, 0, "raise it")


class BGSM_MIRROR(
    Register,
    at={"11-": 0xF0},
    name="BGSM",
    width=8,
    space="pci",
    function="igd",
    access="lock",
    source="lf-edge/eve#6407: guests of gen 12 read the host's GTT stolen base there",
    gaps=RESERVED,
):
    """Base of GTT stolen memory, as gen 12 guests read it."""

    BASE = Field(63, 20, "GTT stolen memory base", address=True)
    LOCK = Field(0, 0, "locked until reset")


class LBPC(Register, at=0xF4, gen="2-5", width=1, space="pci", function="igd", reset=0xFF, source=f"{_CONFIG} LBPC"):
    """Legacy backlight brightness; Crestline images write FF."""

    BRIGHTNESS = Field(7, 0, "brightness, 255 full")


class ASLS(Register, at=0xFC, gen="3-", space="pci", function="igd", source=f"{_CONFIG}; a Haswell dump has ca7f9018"):
    """Address of the OpRegion; need not be page aligned."""

    ADDRESS = Field(31, 0, "OpRegion", address=True)
