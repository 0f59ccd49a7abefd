"""Registers that real images write and no public manual describes, and the workaround registers."""

# ruff: noqa: N801 (the driver's own register names)

from fwsim.registers.core import RESERVED, VLV_BASE, Array, Field, Register, each
from fwsim.registers.places import DISPLAY, I915

_SEEN = "seen in the POST of Ivy Bridge and Haswell images; no public description"
_CHICKEN = "undocumented chicken bits"


class DISPLAY_CHICKEN1(Register, at={"ilk": 0x42000}, source=f"{I915} ILK_DISPLAY_CHICKEN1", gaps=_CHICKEN):
    """Display workarounds."""

    FBCQ_OFF = Field(22, 22, "compression queue off", gen="5-6")
    STRETCH_OFF = Field(21, 20, "planes A and B: no stretched requests", gen="5-6")
    PRIMARY = Field(21, 20, "primary stretch", gen="ivybridge", values={0: "x8", 1: "x4", 2: "x2", 3: "x1"})
    SPRITE = Field(19, 18, "sprite stretch", gen="ivybridge", values={0: "x8", 1: "x4", 2: "x2", 3: "x1"})


class DISPLAY_CHICKEN2(Register, at={"ilk": 0x42004}, source=f"{I915} ILK_DISPLAY_CHICKEN2", gaps=_CHICKEN):
    """Display workarounds, second register."""

    SELECT_409 = Field(25, 25, "selects a stepping's fix")
    ARBITER = Field(22, 22, "arbiter gate")
    VSDP_FULL = Field(21, 21, "data packet FIFO full")


class DSPCLK_GATE_D_ILK(
    Register,
    at={"ilk": 0x42020},
    name="DSPCLK_GATE_D",
    source=f"{I915} ILK_DSPCLK_GATE_D",
    gaps="clock gates by stepping",
):
    """Display clock gates of the processor that are held open."""

    VRH = Field(28, 28, "VRH unit")
    COMPRESSION = Field(9, 7, "compression units")
    ARBITER = Field(5, 5, "arbiter")


class FUSE_STRAP3(
    Register, at={"hsw": 0x42020}, access="ro", reset=None, source=DISPLAY, gaps="fuses that are not described"
):
    """What is fused, third register."""

    REF_CLK = Field(1, 1, "reference clock selected")


class CHICKEN_PAR1_1(Register, at={"hsw,9-": 0x42080}, source=f"{I915} CHICKEN_PAR1_1", gaps=_CHICKEN):
    """Display workarounds of the memory side."""

    KVMR_A = Field(23, 23, "remote viewing of pipe A ignored")
    ARB_FILL = Field(22, 22, "arbiter fill", gen="skl")
    HASH = Field(15, 15, "compressed hash mode", gen="9-10")
    VBL_MASK = Field(15, 15, "vertical blank kept from a sleeping pipe", gen="hsw")
    ARB_IDLE = Field(14, 14, "planes' arbiter idle forced")
    PSR_WRAP = Field(3, 3, "self-refresh wrap fix", gen="9-10")
    PSR2 = Field(1, 1, "hardware tracking ignored", gen="9-")


class CHICKEN_PAR2_1(Register, at={"hsw,9-": 0x42090}, source=f"{I915} CHICKEN_PAR2_1", gaps=_CHICKEN):
    """Display workarounds of the memory side, second register."""

    KVM = Field(14, 14, "remote viewing change notification")


class CBR1(Register, at={"vlv": VLV_BASE + 0x70400}, source=f"{DISPLAY} CBR1_VLV", gaps=_CHICKEN):
    """Display workarounds of Bay Trail."""

    DEADLINE_OFF = Field(31, 31, "pending deadline off")
    PWM_MUX = Field(30, 30, "backlight clock selected")


class CBR4(Register, at={"cherryview": VLV_BASE + 0x70450}, source=f"{DISPLAY} CBR4_VLV", gaps=_CHICKEN):
    """PLL multipliers of Cherryview's pipes B and C."""

    PIPE_C = Field(29, 29, "pipe C's multiplier taken over")
    PIPE_B = Field(18, 18, "pipe B's multiplier taken over")


class UNK_9840(Register, at={"6-7,!vlv": 0x9840, "skl,apollolake": 0x9840}, source=_SEEN):
    """Memory-side register that images write."""

    DATA = Field(31, 0, "not described")


class UNK_6C01C(Register, at={"hsw": 0x6C01C}, source=_SEEN):
    """Port PHY register that Haswell images write."""

    DATA = Field(31, 0, "not described")


class UNK_E4F(Register, at={"ilk": each(0xE4F00, 4, 10)}, source=_SEEN):
    """PCH DisplayPort buffer settings that images write."""

    DATA = Field(31, 0, "not described")


class UNK_EC(
    Register,
    at={"ilk": Array(tuple((f"{offset:03X}", 0xEC000 + offset) for half in (0, 0x400)
                           for offset in range(half + 8, half + 0x60, 0x18)))},
    source=_SEEN,
):  # fmt: skip
    """PCH port buffer trims that images write."""

    DATA = Field(31, 0, "not described")


class UNK_FCC(Register, at={"ilk": each(0xFCC00, 12, 4)}, source=_SEEN):
    """PCH link trims that images write."""

    DATA = Field(31, 0, "not described")


class UNK_FD034(Register, at={"ilk": 0xFD034}, source=_SEEN):
    """PCH link trim that images write."""

    DATA = Field(31, 0, "not described")


class HDPORT_STATE(
    Register, at={"12-": 0x45050, "skl": 0x45050}, source="Linux i915 display/intel_hti_regs.h; Skylake images read it",
    gaps=RESERVED,
):  # fmt: skip
    """Ports that the hardware itself drives for a debugger (HTI)."""

    DPLL_USED = Field(15, 12, "PLLs in use, a bit each", gen="12-")
    DDI_E = Field(9, 9, "PHY E in use", gen="12-")
    DDI_D = Field(7, 7, "PHY D in use", gen="12-")
    DDI_C = Field(5, 5, "PHY C in use", gen="12-")
    DDI_B = Field(3, 3, "PHY B in use", gen="12-")
    DDI_A = Field(1, 1, "PHY A in use", gen="12-")
    ENABLED = Field(0, 0, "on", gen="12-")


class MI_ARB_STATE(Register, at={"3-4": 0x20E4}, source=f"{I915} MI_ARB_STATE", gaps="arbiter's settings"):
    """How the memory arbiter favours the display; a bit is written with its mask in the upper half."""

    MASK = Field(31, 16, "which of the lower bits are written")
    RENDER_TLB = Field(15, 15, "render translations come last")
    ISOCH_WAIT = Field(14, 14, "isochronous requests wait for the GTT")
    GRANT = Field(13, 12, "display's requests in a row", values={0: "8", 1: "4", 2: "2", 3: "0"})
    C3_LP_WRITE = Field(11, 11, "writes let the processor stay in C3")
    ASYNC_FLIP = Field(10, 10, "asynchronous flips are acknowledged at once")
    NO_DUAL = Field(9, 9, "no dual data phase")
    NO_SNOOP = Field(8, 8, "no cache snoops")
    SLICE = Field(7, 5, "time slice", values={0: "1", 1: "2", 2: "4", 3: "6", 4: "8", 5: "10", 6: "14", 7: "16"})
    GRACE = Field(4, 4, "grace of low priority", values={0: "4 KiB", 1: "8 KiB"})
    DISPLAY_TRICKLE = Field(2, 2, "display's trickle feed off")
    PRIORITY = Field(0, 0, "display first served", values={0: "A", 1: "B"})


class CACHE_MODE_0(Register, at={"3-6": 0x2120}, source="Linux i915 gt/intel_gt_regs.h CACHE_MODE_0",
                   gaps="modes by generation"):  # fmt: skip
    """Render cache's modes; a bit is written with its mask in the upper half."""

    MASK = Field(31, 16, "which of the lower bits are written")


class UNK_6C00C(Register, at={"skl": 0x6C00C}, source="seen in the POST of Skylake images; no public description"):
    """PHY register that Skylake images touch."""

    DATA = Field(31, 0, "not described")


class UNK_70184(
    Register, at={"9": 0x70184}, source="seen in the POST of Skylake to Apollo Lake images; no public description"
):
    """Where DSPLINOFF was before gen 9; images still write it."""

    DATA = Field(31, 0, "not described")


class DSPCCNTR_GEN4(
    Register,
    at={"965": 0x72180},
    name="DSPCNTR_C",
    source="seen in the POST of 965 images; no public description there",
):
    """Control of the third plane, which the 965 has on either pipe."""

    DATA = Field(31, 0, "as DSPCNTR, as far as is known")
