"""The host bridge's PCI configuration registers (00:00.0) that graphics depends on."""

# ruff: noqa: N801 (the manuals' own register names)

from fwsim.registers.core import RESERVED, Field, Register
from fwsim.registers.gms import GGMS as GGMS_RULE
from fwsim.registers.gms import GMS as GMS_RULE

_PCI = "PCI Local Bus Specification 3.0, 6.1"
_QUIRK = "Linux arch/x86/kernel/early-quirks.c"
_DRM = "Linux include/drm/intel/i915_drm.h"
_SNB = "Intel 2nd gen Core datasheet vol2, 2.5"


class BRIDGE_ID(Register, at=0x00, space="pci", function="bridge", access="ro", reset=None, source=_PCI):
    """Vendor and device of the host bridge."""

    DEVICE = Field(31, 16, "device id")
    VENDOR = Field(15, 0, "vendor", values={0x8086: "Intel"})


class BRIDGE_RID(Register, at=0x08, width=1, space="pci", function="bridge", access="ro", reset=None, source=_PCI):
    """Revision of the host bridge; QEMU copies it from the host."""

    REVISION = Field(7, 0, "revision")


class BRIDGE_SUBSYS(Register, at=0x2C, space="pci", function="bridge", access="lock", reset=None, source=_PCI):
    """Subsystem ids of the host bridge; QEMU copies them from the host."""

    DEVICE = Field(31, 16, "subsystem id")
    VENDOR = Field(15, 0, "subsystem vendor")


class MCHBAR(Register, at=0x48, gen="4-", width=8, space="pci", function="bridge", source=_SNB, gaps=RESERVED):
    """Base of the memory controller's registers."""

    BASE = Field(38, 14, "register base", address=True)
    ENABLE = Field(0, 0, "decoded")


class BRIDGE_GMCH_CTRL_I830(
    Register, at=0x52, gen="830,845", name="GMCH_CTRL", width=2, space="pci", function="bridge", source=_QUIRK,
    gaps=RESERVED,
):  # fmt: skip
    """Graphics control of 830 and 845."""

    GMS = Field(6, 4, "stolen", rule=GMS_RULE["i830"])
    ENABLE = Field(2, 2, "graphics device", values={0: "enabled", 1: "disabled"})
    IVD = Field(1, 1, "VGA cycles", values={0: "answered", 1: "not answered"})


class BRIDGE_GMCH_CTRL(
    Register, at=0x52, gen="855,865,3-5", name="GMCH_CTRL", width=2, space="pci", function="bridge", source=_QUIRK,
    gaps=RESERVED,
):  # fmt: skip
    """Graphics control: how much memory is stolen. Crestline images read it here."""

    GGMS = Field(9, 8, "for the GTT", rule=GGMS_RULE["g33"], gen="G33")
    GGMS_G4X = Field(11, 8, "for the GTT", rule=GGMS_RULE["g4x"], gen="g4x,5")
    GMS = Field(7, 4, "stolen", rule=GMS_RULE["i855"])
    IVD = Field(1, 1, "VGA cycles", values={0: "answered", 1: "not answered"})


class BRIDGE_GGC_GEN6(
    Register,
    at=0x50,
    gen="6-7,!baytrail",
    name="GGC",
    width=2,
    space="pci",
    function="bridge",
    access="lock",
    reset=0x0209,
    source=f"{_SNB}; Haswell dump 0209",
    gaps=RESERVED,
):
    """Graphics control: a vBIOS takes the number of its GTT entries from here."""

    VAMEN = Field(14, 14, "versatile acceleration mode")
    GGMS = Field(9, 8, "for the GTT", rule=GGMS_RULE["gen6"])
    GMS = Field(7, 3, "stolen", rule=GMS_RULE["gen6"])
    IVD = Field(1, 1, "VGA cycles", values={0: "answered", 1: "not answered, class 0380"})
    LOCK = Field(0, 0, "locked until reset")


class BRIDGE_GGC(
    Register,
    at=0x50,
    gen="8-,!cherryview",
    name="GGC",
    width=2,
    space="pci",
    function="bridge",
    access="lock",
    reset=0x02C1,
    source=f"{_DRM}; ACRN's virtual bridge has 02c1",
    gaps=RESERVED,
):
    """Graphics control: a vBIOS takes the number of its GTT entries from here."""

    GMS_GEN8 = Field(15, 8, "stolen", rule=GMS_RULE["gen8"], gen="broadwell")
    GMS = Field(15, 8, "stolen", rule=GMS_RULE["gen9"], gen="9-")
    GGMS = Field(7, 6, "for the GTT", rule=GGMS_RULE["gen8"])
    VAMEN = Field(2, 2, "versatile acceleration mode")
    IVD = Field(1, 1, "VGA cycles", values={0: "answered", 1: "not answered, class 0380"})
    LOCK = Field(0, 0, "locked until reset")


class BRIDGE_DEVEN(
    Register, at=0x54, gen="4-", name="DEVEN", space="pci", function="bridge", reset=None, source=_SNB, gaps=RESERVED
):
    """Which of the processor's devices are enabled."""

    D3F0 = Field(5, 5, "device 3 enabled", gen="6-")
    D2F0 = Field(4, 4, "graphics enabled")
    D1F0 = Field(3, 1, "PCI Express ports enabled")
    D0F0 = Field(0, 0, "host bridge enabled", access="ro")


class PCIEXBAR(Register, at=0x60, gen="4-", width=8, space="pci", function="bridge", source=_SNB, gaps=RESERVED):
    """Base of the memory-mapped configuration space (ECAM)."""

    BASE = Field(38, 26, "ECAM base", address=True)
    LENGTH = Field(2, 1, "size", values={0: "256 MiB", 1: "128 MiB", 2: "64 MiB"})
    ENABLE = Field(0, 0, "decoded")


class DRB3(Register, at=0x63, gen="830,845", width=1, space="pci", function="bridge", reset=None, source=_QUIRK):
    """End of the last row of DRAM: where stolen memory is counted down from on 830 and 845."""

    TOP = Field(7, 0, "MiB of DRAM", unit="MiB", scale=32)


class ESMRAMC(
    Register, at={"830": 0x91, "845": 0x9E}, width=1, space="pci", function="bridge", reset=None, source=_QUIRK
):
    """Extended SMRAM control: TSEG, taken off the top of memory before stolen memory."""

    OTHER = Field(7, 2, "other SMRAM controls")
    TSEG_SIZE = Field(1, 1, "TSEG size", values={0: "512 KiB", 1: "1 MiB"})
    TSEG = Field(0, 0, "TSEG enabled")


class TOUD(Register, at={"865": 0xC4}, width=2, space="pci", function="bridge", reset=None, source=_QUIRK):
    """Top of usable DRAM on the 865: stolen memory begins there."""

    TOP = Field(15, 0, "KiB", unit="KiB", scale=64)


class GBSM(Register, at={"G33,4-5": 0xA4}, space="pci", function="bridge", access="lock", reset=None,
           source="Intel 4 series datasheet, 5.1; Xen xen_igd_pt.c copies it", gaps=RESERVED):  # fmt: skip
    """Graphics base of stolen memory on the bridge, before it was called BDSM."""

    BASE = Field(31, 20, "stolen memory base", address=True)
    LOCK = Field(0, 0, "locked until reset")


class BGSM_G4X(Register, at={"G33,4-5": 0xA8}, name="BGSM", space="pci", function="bridge", access="lock", reset=None,
               source="Intel 4 series datasheet, 5.1; Xen xen_igd_pt.c copies it", gaps=RESERVED):  # fmt: skip
    """Base of GTT stolen memory on the bridge."""

    BASE = Field(31, 20, "GTT stolen memory base", address=True)
    LOCK = Field(0, 0, "locked until reset")


class TOLUD_GEN4(Register, at={"G33,4-5": 0xB0}, name="TOLUD", width=2, space="pci", function="bridge", access="lock",
                 reset=None, source="Intel 4 series datasheet, 5.1"):  # fmt: skip
    """Top of low usable DRAM."""

    TOP = Field(15, 4, "MiB", unit="MiB")
    UNUSED = Field(3, 1, "reserved")
    LOCK = Field(0, 0, "locked until reset")


class TOUUD(Register, at=0xA8, gen="6-,!vlv", width=8, space="pci", function="bridge", access="lock", reset=None,
            source=_SNB, gaps=RESERVED):  # fmt: skip
    """Top of upper usable DRAM, where memory above 4 GiB ends."""

    TOP = Field(38, 20, "end of memory", address=True)
    LOCK = Field(0, 0, "locked until reset")


class BRIDGE_BDSM(Register, at=0xB0, gen="6-,!vlv", name="BDSM", space="pci", function="bridge", access="lock",
                  reset=None, source=f"{_SNB}; Haswell dump cd200001", gaps=RESERVED):  # fmt: skip
    """Base of data stolen memory, the bridge's own copy."""

    BASE = Field(31, 20, "stolen memory base", address=True)
    LOCK = Field(0, 0, "locked until reset")


class BRIDGE_BGSM(Register, at=0xB4, gen="6-,!vlv", name="BGSM", space="pci", function="bridge", access="lock",
                  reset=None, source=f"{_SNB}; Haswell dump cd000001", gaps=RESERVED):  # fmt: skip
    """Base of GTT stolen memory: right below the data stolen memory."""

    BASE = Field(31, 20, "GTT stolen memory base", address=True)
    LOCK = Field(0, 0, "locked until reset")


class TSEGMB(Register, at=0xB8, gen="6-,!vlv", space="pci", function="bridge", access="lock", reset=None,
             source=f"{_SNB}; Haswell dump cc000001", gaps=RESERVED):  # fmt: skip
    """Base of TSEG: system management memory, below the GTT stolen memory."""

    BASE = Field(31, 20, "TSEG base", address=True)
    LOCK = Field(0, 0, "locked until reset")


class TOLUD(Register, at=0xBC, gen="6-,!vlv", space="pci", function="bridge", access="lock", reset=None,
            source=f"{_SNB}; Haswell dump cf200001", gaps=RESERVED):  # fmt: skip
    """Top of low usable DRAM: the end of data stolen memory."""

    TOP = Field(31, 20, "end of low memory", address=True)
    LOCK = Field(0, 0, "locked until reset")


class CAPID0_A(Register, at=0xE4, gen="6-,!vlv", space="pci", function="bridge", access="ro", reset=None, source=_SNB):
    """What the processor can do (fuses); bit meanings differ between generations."""

    FUSES = Field(31, 0, "capability fuses")
