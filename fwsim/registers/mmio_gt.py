"""The memory-side registers: GTT control, fences, tiling, the mirrors of stolen memory, engines."""

# ruff: noqa: N801 (the manuals' own register names)

from fwsim.registers.core import RESERVED, Array, Field, Register, at_each, by_gen, each
from fwsim.registers.gms import GGMS as GGMS_RULE
from fwsim.registers.gms import GMS as GMS_RULE
from fwsim.registers.places import I915

_GT = "Linux i915 gt/intel_gt_regs.h"
_STOLEN = "Linux i915 gem/i915_gem_stolen.c"
_AGP = "Linux drivers/char/agp/intel-agp.h"
_EVE = "lf-edge/eve#6432: gen 12 guests cross-check it"


class PGTBL_CTL(Register, at={"2-5": 0x2020}, reset=None, source=f"{I915}, {_AGP}", gaps=RESERVED):
    """Where the GTT lies in memory, and how large it is; a Crestline vBIOS writes the end of stolen memory - 512K."""

    BASE = Field(31, 12, "GTT in memory", address=True)
    BASE_HIGH = Field(7, 4, "bits 35:32 of its address", gen="4-5")
    SIZE = Field(
        3, 1, "GTT size", gen="G33,4-5", values={0: "512 KiB", 1: "256 KiB", 2: "128 KiB", 3: "1 MiB", 4: "2 MiB",
                                                 5: "1.5 MiB"}
    )  # fmt: skip
    ENABLE = Field(0, 0, "GTT on")


class PGTBL_ER(Register, at={"2-5": 0x2024}, access="w1c", source=f"{I915} PGTBL_ER"):
    """Why the GTT could not be used: invalid entries and who met them."""

    ERRORS = Field(31, 0, "error bits, laid out by part")


class PGTBL_CTL2(Register, at={"4": 0x20C4}, source=f"{_AGP} I965_PGETBL_CTL2", gaps=RESERVED):
    """Second GTT (per process)."""

    SIZE = Field(3, 1, "size", values={0: "512 KiB", 1: "256 KiB", 2: "128 KiB", 3: "1 MiB", 4: "2 MiB", 5: "1.5 MiB"})
    ENABLE = Field(0, 0, "second GTT on")


class GFX_FLSH_CNTL(Register, at={"3-5": 0x2170}, source=f"{_AGP} I915_IFPADDR and GFX_FLSH_CNTL", gaps=RESERVED):
    """Flush of writes to the GTT: reading or writing it waits until they have arrived."""

    FLUSH = Field(0, 0, "flush")


class GFX_FLSH_CNTL_GEN6(Register, at={"6-": 0x101008}, name="GFX_FLSH_CNTL", source=f"{_GT} GFX_FLSH_CNTL_GEN6",
                         gaps=RESERVED):  # fmt: skip
    """Flush of the translation cache after writes to the GTT."""

    FLUSH = Field(0, 0, "flush")


class TILECTL(Register, at={"6-": 0x101000}, source=I915, gaps=RESERVED):
    """How the processor's accesses through the GTT are tiled."""

    BACKSNOOP = Field(3, 3, "back-snoop off")
    PREFETCH = Field(2, 2, "translation prefetch off")
    TLBPF = Field(1, 1, "prefetch policy")
    SWIZZLE = Field(0, 0, "bit 6 swizzled in tiles")


class FENCE_GEN2(Register, at={"2": each(0x2000, 4, 8)}, name="FENCE", source=I915, gaps=RESERVED):
    """A tiled range of the aperture (gen 2)."""

    START = Field(26, 19, "range starts", address=True)
    TILING = Field(12, 12, "tiling", values={0: "X", 1: "Y"})
    SIZE = Field(10, 8, "size: 512 KiB times two to this")
    PITCH = Field(6, 4, "pitch: two to this in tiles")
    VALID = Field(0, 0, "fence on")


_GEN3 = Array(tuple((str(n), (0x2000 if n < 8 else 0x3000) + 4 * (n & 7)) for n in range(16)))


class FENCE_GEN3(Register, at=by_gen({"915": each(0x2000, 4, 8), "945,G33": _GEN3}), name="FENCE", source=I915,
                 gaps=RESERVED):  # fmt: skip
    """A tiled range of the aperture (gen 3)."""

    START = Field(27, 20, "range starts", address=True)
    TILING = Field(12, 12, "tiling", values={0: "X", 1: "Y"})
    SIZE = Field(10, 8, "size: 1 MiB times two to this")
    PITCH = Field(6, 4, "pitch: two to this in tiles")
    VALID = Field(0, 0, "fence on")


class FENCE_GEN4(Register, at={"4-5": each(0x3000, 8, 16)}, name="FENCE", width=8, source=I915, gaps=RESERVED):
    """A tiled range of the aperture (gens 4 and 5)."""

    END = Field(63, 44, "last page of the range, its number")
    START = Field(31, 12, "range starts", address=True)
    PITCH = Field(11, 2, "pitch", unit="x 128 bytes", plus=1)
    TILING = Field(1, 1, "tiling", values={0: "X", 1: "Y"})
    VALID = Field(0, 0, "fence on")


class FENCE(Register, at=by_gen({"6,vlv": each(0x100000, 8, 16), "7-,!vlv": each(0x100000, 8, 32)}), width=8,
            source=I915, gaps=RESERVED):  # fmt: skip
    """A tiled range of the aperture."""

    END = Field(63, 44, "last page of the range, its number")
    PITCH = Field(43, 32, "pitch", unit="x 128 bytes", plus=1)
    START = Field(31, 12, "range starts", address=True)
    TILING = Field(1, 1, "tiling", values={0: "X", 1: "Y"})
    VALID = Field(0, 0, "fence on")


class GGC_MMIO_GEN6(Register, at={"6-7": 0x108040}, name="GGC_MIRROR", access="ro", reset=None,
                    source=f"{_STOLEN} GGC", gaps=RESERVED):  # fmt: skip
    """Mirror of GGC (configuration 0x50)."""

    GGMS = Field(9, 8, "for the GTT", rule=GGMS_RULE["gen6"])
    GMS = Field(7, 3, "stolen", rule=GMS_RULE["gen6"])
    IVD = Field(1, 1, "VGA cycles", values={0: "answered", 1: "not answered"})
    LOCK = Field(0, 0, "locked until reset")


class GGC_MMIO(
    Register, at={"8-": 0x108040}, name="GGC_MIRROR", access="ro", reset=None, source=f"{_STOLEN} GGC", gaps=RESERVED
):
    """Mirror of GGC (configuration 0x50); what Meteor Lake's driver reads."""

    GMS_GEN8 = Field(15, 8, "stolen", rule=GMS_RULE["gen8"], gen="broadwell")
    GMS = Field(15, 8, "stolen", rule=GMS_RULE["gen9"], gen="9-")
    GMS_CHV = Field(7, 3, "stolen", rule=GMS_RULE["chv"], gen="cherryview")
    GGMS_CHV = Field(9, 8, "for the GTT", rule=GGMS_RULE["chv"], gen="cherryview")
    GGMS = Field(7, 6, "for the GTT", rule=GGMS_RULE["gen8"], gen="broadwell,9-")
    IVD = Field(1, 1, "VGA cycles", values={0: "answered", 1: "not answered"})
    LOCK = Field(0, 0, "locked until reset")


class DSMBASE(Register, at={"6-10": 0x1080C0}, access="ro", reset=None, source=f"{I915} GEN6_DSMBASE", gaps=RESERVED):
    """Mirror of BDSM: base of data stolen memory."""

    BASE = Field(31, 20, "stolen memory base", address=True)
    LOCK = Field(0, 0, "locked until reset")


class DSMBASE64(Register, at={"11-": 0x1080C0}, name="DSMBASE", width=8, access="ro", reset=None,
                source=f"{I915} GEN6_DSMBASE", gaps=RESERVED):  # fmt: skip
    """Mirror of BDSM, 64 bits wide."""

    BASE = Field(63, 20, "stolen memory base", address=True)
    LOCK = Field(0, 0, "locked until reset")


class GSMBASE(Register, at={"6-": 0x108100}, width=8, access="ro", reset=None,
              source=f"Linux i915 GEN6_GSMBASE; {_EVE}", gaps=RESERVED):  # fmt: skip
    """Base of GTT stolen memory: where the GTT itself lies."""

    BASE = Field(63, 20, "GTT stolen memory base", address=True)
    LOCK = Field(0, 0, "locked until reset")


class STOLEN_RESERVED(
    Register,
    at={"6-10": 0x1082C0},
    access="ro",
    reset=None,
    source=f"{_STOLEN}; Comet Lake dump 7f700047",
    gaps=RESERVED,
):
    """What the hardware keeps for itself at the top of stolen memory."""

    BASE = Field(31, 20, "reserved part", address=True, gen="6,8-,vlv")
    BASE_IVB = Field(31, 18, "reserved part", address=True, gen="7,!vlv")
    SIZE_BDW = Field(8, 7, "size", gen="8-", values={0: "1 MiB", 1: "2 MiB", 2: "4 MiB", 3: "8 MiB"})
    SIZE_IVB = Field(5, 5, "size", gen="7,!vlv", values={0: "1 MiB", 1: "256 KiB"})
    SIZE = Field(5, 4, "size", gen="6,baytrail", values={0: "1 MiB", 1: "512 KiB", 2: "256 KiB", 3: "128 KiB"})
    ENABLE = Field(0, 0, "in use")


class STOLEN_RESERVED64(
    Register,
    at={"11-": 0x1082C0},
    name="STOLEN_RESERVED",
    width=8,
    access="ro",
    reset=None,
    source=f"{_STOLEN}; a gen 11 host's 50200087",
    gaps=RESERVED,
):
    """What the hardware keeps for itself at the top of stolen memory, 64 bits wide."""

    BASE = Field(63, 20, "reserved part", address=True)
    SIZE = Field(8, 7, "size", values={0: "1 MiB", 1: "2 MiB", 2: "4 MiB", 3: "8 MiB"})
    ENABLE = Field(0, 0, "in use")


class RC6_CTX_BASE(
    Register, at={"9-": 0xD48}, access="lock", reset=None, source=f"{_GT} RC6_CTX_BASE; {_EVE}", gaps=RESERVED
):
    """Where the context of the deep sleep state is kept: an address in stolen memory."""

    BASE = Field(31, 12, "context", address=True)
    LOCK = Field(0, 0, "locked until reset")


class DC8(Register, at={"12-": 0xDC8}, access="ro", reset=None, source=_EVE):
    """Read by gen 12 guests with the mirrors of stolen memory; its layout is not public."""

    ADDRESS = Field(31, 0, "an address in the host's stolen memory")


class ARB_MODE(Register, at={"6-7": 0x4030}, source=I915, gaps="write-enable bits in the upper half"):
    """Memory arbiter: swizzling of tiled memory."""

    ENABLES = Field(31, 16, "which lower bits are written")
    SWIZZLE_IVB = Field(5, 5, "swizzled", gen="7")
    SWIZZLE = Field(4, 4, "swizzled", gen="6")


class DCC(Register, at={"3-4": 0x10200}, source="Linux i915 intel_mchbar_regs.h DCC", reset=None, gaps=RESERVED):
    """DRAM channel control: what the driver works swizzling out from."""

    XOR_OFF = Field(10, 10, "channel XOR off")
    XOR_BIT = Field(9, 9, "channel XOR", values={0: "bit 11", 1: "bit 17"})
    MODE = Field(1, 0, "channels", values={0: "one", 1: "two, asymmetric", 2: "two, interleaved"})


class GDRST_GEN6(Register, at={"6-": 0x941C}, name="GDRST_MMIO", source=f"{_GT} GEN6_GDRST", gaps=RESERVED):
    """Reset of the engines; each bit clears itself."""

    VIDEO2 = Field(4, 4, "video enhancement", gen="hsw,9-10")
    BLITTER = Field(3, 3, "blitter", gen="6-10")
    MEDIA = Field(2, 2, "media", gen="6-10")
    ENGINES = Field(31, 2, "engines, one bit each", gen="11-")
    RENDER = Field(1, 1, "render")
    FULL = Field(0, 0, "everything")


class GFX_MODE(Register, at=by_gen({"6": 0x2520, "7-": 0x229C}), source=f"{_GT} GFX_MODE", gaps=RESERVED):
    """Render engine mode; the upper half enables writes to the lower."""

    ENABLES = Field(31, 16, "which lower bits are written")
    LISTS = Field(15, 15, "execution by lists", gen="8-")
    PPGTT = Field(9, 9, "per-process tables")


_RINGS = by_gen(
    {
        "2-3": at_each(R=0x2030),
        "4-5": at_each(R=0x2030, V=0x4030),
        "6-10": at_each(R=0x2030, V=0x12030, B=0x22030),
        "11-": at_each(R=0x2030, V=0x1C0030, B=0x22030),
    }
)


def _ring(step: int) -> dict[str, int | Array]:
    """A ring register, ``step`` bytes after the ring's first."""
    return {
        gen: Array(tuple((label, address + step) for label, address in rings.members))
        for gen, rings in _RINGS.items()
        if isinstance(rings, Array)
    }


class RING_TAIL(Register, at=_ring(0), source="Linux i915 gt/intel_engine_regs.h RING_TAIL", gaps=RESERVED):
    """End of a command ring's contents: R render, V video, B blitter."""

    TAIL = Field(20, 3, "offset", address=True)


class RING_HEAD(Register, at=_ring(4), source="Linux i915 gt/intel_engine_regs.h RING_HEAD", gaps=RESERVED):
    """What the engine has read up to."""

    WRAPS = Field(31, 21, "times wrapped")
    HEAD = Field(20, 2, "offset", address=True)
    WAIT = Field(1, 1, "waiting", access="ro")


class RING_START(Register, at=_ring(8), source="Linux i915 gt/intel_engine_regs.h RING_START", gaps=RESERVED):
    """Where a command ring lies."""

    START = Field(31, 12, "graphics address", address=True)


class RING_CTL(Register, at=_ring(12), source="Linux i915 gt/intel_engine_regs.h RING_CTL", gaps=RESERVED):
    """Command ring's size and enable."""

    PAGES = Field(20, 12, "pages", plus=1, unit="pages")
    WAIT = Field(11, 11, "waiting for an event", access="ro")
    REPORT = Field(2, 1, "head reports")
    ENABLE = Field(0, 0, "ring on")


class HWS_PGA(Register, at=by_gen({"2-6": 0x2080, "7-": 0x4080}), source=f"{_GT} HWS_PGA", gaps=RESERVED):
    """Where the hardware status page lies."""

    ADDRESS = Field(31, 12, "address (physical before G33)", address=True)
    HIGH = Field(7, 4, "bits 35:32", gen="4")


class INSTPM(Register, at={"3-": 0x20C0}, source=I915, gaps=RESERVED):
    """Command parser power management; the upper half enables writes to the lower from gen 4."""

    ENABLES = Field(31, 16, "which lower bits are written", gen="4-")
    SELF = Field(12, 12, "self-refresh", gen="915")
    AGPBUSY = Field(11, 11, "interrupts wake", gen="3")
    TLB = Field(9, 9, "translation cache emptied", gen="6-")
    ORDER = Field(7, 7, "order forced", gen="6-")
    SYNC = Field(5, 5, "synchronous flush")


class MI_MODE(Register, at={"4-": 0x209C}, source=f"{_GT} MI_MODE", gaps=RESERVED):
    """Command parser mode; the upper half enables writes to the lower."""

    ENABLES = Field(31, 16, "which lower bits are written")
    TIMER = Field(14, 14, "asynchronous flip performance")
    STOP = Field(8, 8, "ring stopped")
    IDLE = Field(9, 9, "parser is idle", access="ro")


class FORCEWAKE(Register, at={"6": 0xA18C}, source=f"{_GT} FORCEWAKE", gaps=RESERVED):
    """Keeps the render engine awake while its registers are used."""

    WAKE = Field(0, 0, "stay awake")


class FORCEWAKE_MT(
    Register, at=by_gen({"7-8,!vlv": 0xA188, "9-": at_each(MEDIA=0xA270, RENDER=0xA278, GT=0xA188), "vlv": 0x1300B0}),
    source=f"{_GT} FORCEWAKE_MT",
):  # fmt: skip
    """Keeps an engine awake, one bit a client; the upper half enables writes to the lower."""

    ENABLES = Field(31, 16, "which lower bits are written")
    CLIENTS = Field(15, 0, "clients that want it awake")


class FORCEWAKE_ACK(
    Register,
    at=by_gen(
        {"6": 0x130090, "ivybridge": 0x130040, "vlv": 0x1300B4, "hsw": 0x130044,
         "9-": at_each(MEDIA=0xD88, RENDER=0xD84, GT=0x130044)}
    ),
    access="ro", source=f"{_GT} FORCEWAKE_ACK", gaps=RESERVED,
):  # fmt: skip
    """The engine is awake, one bit a client."""

    CLIENTS = Field(15, 0, "clients it is awake for")


class TIMESTAMP(Register, at={"4-": 0x2358}, width=8, access="ro", source="Linux i915 GEN4_TIMESTAMP"):
    """Render engine's clock."""

    TIME = Field(63, 0, "ticks")
