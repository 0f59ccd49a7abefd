"""The frame buffer compression registers of all generations."""

# ruff: noqa: N801 (the driver's own register names)

from fwsim.registers.core import RESERVED, At, Field, Register, by_gen, each

_FBC = "Linux i915 display/intel_fbc_regs.h"
_LIMIT = {0: "1:1", 1: "2:1", 2: "4:1"}


def _dpfc(offset: int, gen: str = "5-,!vlv") -> dict[str, At]:
    """A register of the compressor: one, from gen 13 on one for each of two pipes, 0x40 apart."""
    old = {"5-,!vlv": "5-12,!vlv", "9-": "9-12", "geminilake,10-": "geminilake,10-12"}[gen]
    return by_gen({old: 0x43200 + offset, "13-": each(0x43200 + offset, 0x40, "AB")})


class FBC_CFB_BASE(Register, at={"2-3,965": 0x3200}, source=_FBC):
    """Physical address of the compressed buffer, before G4x."""

    ADDRESS = Field(31, 0, "4 KiB aligned", address=True)


class FBC_LL_BASE(Register, at={"2-3,965": 0x3204}, source=_FBC):
    """Physical address of the line lengths."""

    ADDRESS = Field(31, 0, "4 KiB aligned", address=True)


class FBC_CONTROL(Register, at={"2-3,965": 0x3208}, source=_FBC, gaps=RESERVED):
    """Compression before G4x."""

    ENABLE = Field(31, 31, "on")
    PERIODIC = Field(30, 30, "again and again")
    INTERVAL = Field(29, 16, "interval", unit="frames")
    STOP = Field(15, 15, "stop when memory changes")
    UNCOMPRESSIBLE = Field(14, 14, "lines that do not compress are marked", gen="3-4")
    C3_IDLE = Field(13, 13, "idle in C3", gen="945")
    STRIDE = Field(12, 5, "stride")
    FENCE = Field(3, 0, "fence")


class FBC_COMMAND(Register, at={"2-3,965": 0x320C}, source=_FBC, gaps=RESERVED):
    """Compress now."""

    COMPRESS = Field(0, 0, "compress")


class FBC_STATUS(Register, at={"2-3,965": 0x3210}, source=_FBC, gaps=RESERVED):
    """State of compression before G4x."""

    COMPRESSING = Field(31, 31, "under way")
    COMPRESSED = Field(30, 30, "done")
    MODIFIED = Field(29, 29, "memory has changed")
    LINE = Field(10, 0, "line")


class FBC_CONTROL2(Register, at={"965": 0x3214}, source=_FBC, gaps=RESERVED):
    """Compression of the 965, second register."""

    FENCE_DOUBLE = Field(4, 4, "fence is double buffered")
    IDLE = Field(3, 2, "idle", values={0: "at once", 1: "full", 2: "line", 3: "debug"})
    CPU_FENCE = Field(1, 1, "processor's fence")
    PLANE = Field(0, 0, "plane", values={0: "A", 1: "B"})


class FBC_FENCE_OFF(Register, at={"965": 0x3218}, source=_FBC):
    """First line within the fence."""

    OFFSET = Field(31, 0, "line")


class FBC_MOD_NUM(Register, at={"965": 0x3220}, source=_FBC):
    """How many changes there may be."""

    NUMBER = Field(31, 1, "changes")
    VALID = Field(0, 0, "valid")


class FBC_TAG(Register, at={"2-3,965": each(0x3300, 4, 49)}, source=_FBC):
    """State of 16 lines, two bits a line: 0 modified, 1 uncompressed, 2 does not compress, 3 compressed."""

    TAGS = Field(31, 0, "two bits a line")


class DPFC_CB_BASE(Register, at=by_gen({"g4x": 0x3200, **_dpfc(0x0)}), source=_FBC, gaps=RESERVED):
    """Where the compressed buffer lies in stolen memory."""

    OFFSET = Field(27, 12, "offset in stolen memory", address=True)


class DPFC_CONTROL(Register, at=by_gen({"g4x": 0x3208}), source=_FBC, gaps=RESERVED):
    """Compression of G4x."""

    ENABLE = Field(31, 31, "on")
    PLANE = Field(30, 30, "plane", values={0: "A", 1: "B"})
    FENCE_ENABLE = Field(29, 29, "processor's fence")
    PERSISTENT = Field(25, 25, "persistent mode")
    SR_ENABLE = Field(10, 10, "in self-refresh")
    SR_EXIT = Field(9, 9, "self-refresh is not left")
    LIMIT = Field(7, 6, "ratio wanted", values=_LIMIT)
    FENCE = Field(3, 0, "fence")


class ILK_DPFC_CONTROL(Register, at=_dpfc(0x8), source=_FBC, gaps=RESERVED):
    """Compression from Ironlake on."""

    ENABLE = Field(31, 31, "on")
    PLANE = Field(30, 30, "plane", gen="5-6", values={0: "A", 1: "B"})
    PLANE_IVB = Field(30, 29, "plane", gen="ivybridge", values={0: "A", 1: "B", 2: "C"})
    FENCE_ENABLE = Field(29, 29, "processor's fence", gen="5-6")
    FENCE_ENABLE_IVB = Field(28, 28, "processor's fence", gen="7-")
    PERSISTENT = Field(25, 25, "persistent mode", gen="5-6")
    FALSE_COLOR = Field(10, 10, "false colour", gen="7-")
    LIMIT = Field(7, 6, "ratio wanted", values=_LIMIT)
    FENCE = Field(3, 0, "fence", gen="5")


class DPFC_RECOMP_CTL(Register, at=by_gen({"g4x": 0x320C, **_dpfc(0xC)}), source=_FBC, gaps=RESERVED):
    """When lines are compressed again."""

    STALL = Field(27, 27, "stalls")
    WATERMARK = Field(26, 16, "stall watermark")
    TIMER = Field(5, 0, "timer")


class DPFC_STATUS(Register, at=by_gen({"g4x": 0x3210, **_dpfc(0x10)}), source=_FBC, gaps=RESERVED):
    """Segments that are compressed."""

    INVALID = Field(26, 16, "segments made invalid")
    COMPRESSED = Field(10, 0, "segments compressed")


class DPFC_STATUS2(Register, at=by_gen({"g4x": 0x3214, **_dpfc(0x14)}), source=_FBC, gaps=RESERVED):
    """Segments that are compressed, from Ivy Bridge on."""

    COMPRESSED = Field(11, 0, "segments compressed")


class DPFC_FENCE_YOFF(Register, at=by_gen({"g4x": 0x3218, **_dpfc(0x18)}), source=_FBC):
    """First line within the fence."""

    LINE = Field(31, 0, "line")


class DPFC_CHICKEN(
    Register, at=by_gen({"g4x": 0x3224, **_dpfc(0x24)}), source=f"{_FBC} DPFC_CHICKEN, ILK_DPFC_CHICKEN",
    gaps="undocumented chicken bits",
):  # fmt: skip
    """Workarounds of compression."""

    HT_MODIFY = Field(31, 31, "host writes count", gen="g4x,5-6")
    NUKE = Field(23, 23, "any change starts anew", gen="8-,!vlv")
    DUMMY_PIXEL = Field(14, 14, "dummy pixel", gen="geminilake,10-")
    SLB = Field(13, 13, "buffer made invalid", gen="11-")
    NO_DUMMY0 = Field(8, 8, "no dummy 0", gen="7-,!vlv")


class GLK_FBC_STRIDE(Register, at=_dpfc(0x28, "geminilake,10-"), source=_FBC, gaps=RESERVED):
    """Stride of the compressed buffer."""

    OVERRIDE = Field(15, 15, "as programmed")
    STRIDE = Field(14, 0, "stride")


class ILK_FBC_RT_BASE(Register, at={"5-6": 0x2128}, source=_FBC, gaps="address of the render target"):
    """Render target that is watched."""

    FRONT = Field(1, 1, "front buffer", gen="6")
    VALID = Field(0, 0, "valid")


class SNB_DPFC_CTL_SA(Register, at={"6-,!vlv": 0x100100}, source=_FBC, gaps=RESERVED):
    """Processor's writes that are watched."""

    ENABLE = Field(29, 29, "on")
    FENCE = Field(4, 0, "fence")


class SNB_DPFC_CPU_FENCE_OFFSET(Register, at={"6-,!vlv": 0x100104}, source=_FBC):
    """First line within that fence."""

    LINE = Field(31, 0, "line")


class IVB_FBC_RT_BASE(Register, at={"ivybridge,hsw": 0x7020}, source=f"{_FBC}; no public fields"):
    """Render target that is watched."""

    DATA = Field(31, 0, "not described")


class MSG_FBC_REND_STATE(
    Register, at=by_gen({"ivybridge,hsw,9-12": 0x50380, "13-": each(0x50380, 4, "AB")}), source=_FBC, gaps=RESERVED
):
    """What the driver says of the frame buffer."""

    NUKE = Field(2, 2, "start anew")
    CLEAN = Field(1, 1, "caches are clean")
