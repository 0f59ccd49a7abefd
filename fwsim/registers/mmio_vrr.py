"""The transcoder registers of variable refresh rates (VRR, CMRR), of DisplayPort 2 and of test patterns."""

# ruff: noqa: N801 (the driver's own register names)

from fwsim.registers.core import RESERVED, Field, Register, at_each
from fwsim.registers.places import I915, Places, pipes, transcoders

_VRR = "Linux i915 display/intel_vrr_regs.h"


def _trans(base: int) -> Places:
    return pipes(base, "12-")


class TRANS_VRR_CTL(Register, at=_trans(0x60420), source=_VRR, gaps=RESERVED):
    """Variable refresh rate of a transcoder; i915 uses it from gen 12 on."""

    ENABLE = Field(31, 31, "on")
    IGNORE_SHIFT = Field(30, 30, "longest shift ignored")
    FLIP_LINE = Field(29, 29, "flip line on")
    CMRR = Field(27, 27, "fixed average rate", gen="13-")
    PIPELINE_FULL = Field(10, 3, "pipeline full", gen="12", unit="lines")
    OVERRIDE = Field(0, 0, "pipeline full taken from here", gen="12")
    GUARDBAND = Field(15, 0, "guard band", gen="13-", unit="lines")


class TRANS_VRR_VMAX(Register, at=_trans(0x60424), source=_VRR, gaps=RESERVED):
    """Longest frame."""

    VMAX = Field(19, 0, "frame", unit="lines", plus=1)


class TRANS_VRR_VMAXSHIFT(Register, at=_trans(0x60428), source=_VRR, gaps=RESERVED):
    """How fast the longest frame may change."""

    DECREMENT = Field(29, 16, "less")
    INCREMENT = Field(12, 0, "more")


class TRANS_VRR_STATUS(Register, at=_trans(0x6042C), source=_VRR, gaps=RESERVED):
    """State of the variable refresh machine."""

    VMAX_REACHED = Field(31, 31, "longest frame reached")
    NO_FLIP = Field(30, 30, "no flip up to the boundary")
    FLIP_BEFORE = Field(29, 29, "flip before the boundary")
    NO_FLIP_FRAME = Field(28, 28, "frame without a flip")
    LIVE = Field(27, 27, "on now")
    SERVICED = Field(26, 26, "flips served")
    STATE = Field(
        22,
        20,
        "state",
        values={0: "idle", 1: "waits for the boundary", 2: "waits for the frame", 3: "waits for a flip",
                4: "pipeline fills", 5: "active", 6: "ordinary blank"},
    )  # fmt: skip


class TRANS_VRR_VMIN(Register, at=_trans(0x60434), source=_VRR, gaps=RESERVED):
    """Shortest frame."""

    VMIN = Field(15, 0, "frame", unit="lines", plus=1)


class TRANS_VRR_FLIPLINE(Register, at=_trans(0x60438), source=_VRR, gaps=RESERVED):
    """Line at which a flip is taken."""

    LINE = Field(19, 0, "flip line", unit="lines", plus=1)


class TRANS_VRR_STATUS2(Register, at=_trans(0x6043C), source=_VRR, gaps=RESERVED):
    """The line that is counted now."""

    LINE = Field(19, 0, "line")


class TRANS_VRR_VTOTAL_PREV(Register, at=_trans(0x60480), source=_VRR, gaps=RESERVED):
    """The frame before."""

    BEFORE = Field(31, 31, "flip before the boundary")
    AFTER = Field(30, 30, "flip after the boundary")
    AFTER_BUFFER = Field(29, 29, "flip after the double buffer point")
    LINES = Field(19, 0, "frame", unit="lines")


class TRANS_VRR_VSYNC(Register, at=_trans(0x60078), source=_VRR, gaps=RESERVED):
    """Where the vertical sync lies, counted from the frame's end."""

    END = Field(28, 16, "sync's end", unit="lines")
    START = Field(12, 0, "sync's start", unit="lines")


class TRANS_PUSH(Register, at=_trans(0x60A70), source=_VRR, gaps=RESERVED):
    """The driver's word that a frame may end."""

    ENABLE = Field(31, 31, "on")
    SEND = Field(30, 30, "send; clears by itself")


class TRANS_CMRR_M_LO(Register, at=_trans(0x604F0), source=_VRR):
    """Fixed average refresh rate: M, lower part."""

    M = Field(31, 0, "lower 32 bits")


class TRANS_CMRR_M_HI(Register, at=_trans(0x604F4), source=_VRR):
    """Fixed average refresh rate: M, upper part."""

    M = Field(31, 0, "upper bits")


class TRANS_CMRR_N_LO(Register, at=_trans(0x604F8), source=_VRR):
    """Fixed average refresh rate: N, lower part."""

    N = Field(31, 0, "lower 32 bits")


class TRANS_CMRR_N_HI(Register, at=_trans(0x604FC), source=_VRR):
    """Fixed average refresh rate: N, upper part."""

    N = Field(31, 0, "upper bits")


class TRANS_SET_CONTEXT_LATENCY(Register, at=_trans(0x6007C), source=I915, gaps=RESERVED):
    """Lines between the vertical active's end and the delayed blank."""

    LATENCY = Field(15, 0, "latency", unit="lines")


class TRANS_EXITLINE(
    Register, at=_trans(0x60018), source="Linux i915 display/intel_psr_regs.h TRANS_EXITLINE", gaps=RESERVED
):
    """Line before which the shallowest sleep state is left."""

    ENABLE = Field(31, 31, "on")
    LINE = Field(12, 0, "exit line")


class TRANS_SPACE(Register, at=transcoders(0x60024, "9-", dsi=True), source="igt's register list; no public fields"):
    """Space between the two pictures of a stereo frame."""

    DATA = Field(31, 0, "not described")


class TRANS_DDI_FUNC_CTL2(
    Register, at=transcoders(0x60404, "11-", dsi=True), source=f"{I915} TRANS_DDI_FUNC_CTL2", gaps=RESERVED
):
    """Port synchronisation of a transcoder."""

    ENABLE = Field(4, 4, "port sync on")
    MASTER = Field(2, 0, "master", values={0: "eDP", 1: "A", 2: "B", 3: "C", 4: "D"})


class DDI_DP_COMP_CTL(Register, at=_trans(0x605F0), source=f"{I915} DDI_DP_COMP_CTL", gaps=RESERVED):
    """Compliance test pattern of a transcoder."""

    ENABLE = Field(31, 31, "on")
    PATTERN = Field(
        30,
        28,
        "pattern",
        values={0: "D10.2", 1: "scrambled 0", 2: "PRBS7", 3: "80-bit custom", 4: "HBR2", 5: "scrambled 1"},
    )
    RESET = Field(7, 0, "HBR2 scrambler reset")


class DDI_DP_COMP_PAT(
    Register,
    at={"12-": at_each(**{f"{pipe}{word}": 0x605F4 + 0x1000 * number + 4 * word
                          for number, pipe in enumerate("ABCD") for word in range(3)})},
    source=f"{I915} DDI_DP_COMP_PAT",
):  # fmt: skip
    """The 80 bits of the custom test pattern."""

    PATTERN = Field(31, 0, "part of the pattern")


class TRANS_DP2_CTL(Register, at=_trans(0x600A0), source=f"{I915} TRANS_DP2_CTL", gaps=RESERVED):
    """DisplayPort 2 of a transcoder."""

    CODING = Field(31, 31, "128b/132b coding")
    REPLAY = Field(30, 30, "panel replay")
    DEBUG = Field(23, 23, "debug")


class TRANS_DP2_VFREQHIGH(Register, at=_trans(0x600A4), source=f"{I915} TRANS_DP2_VFREQHIGH", gaps=RESERVED):
    """Pixel clock of a DisplayPort 2 stream in Hz, upper part."""

    CLOCK = Field(31, 8, "pixel clock, bits 47:24")


class TRANS_DP2_VFREQLOW(Register, at=_trans(0x600A8), source=f"{I915} TRANS_DP2_VFREQLOW"):
    """Pixel clock of a DisplayPort 2 stream in Hz, lower part."""

    CLOCK = Field(31, 0, "pixel clock, lower bits")


class TRANS_CMTG_CHICKEN(Register, at={"13-": 0x6FA90}, source=f"{I915} TRANS_CMTG_CHICKEN", gaps="chicken bits"):
    """Workarounds of the common timing generator."""

    DPT_CLOCK = Field(1, 1, "page table clock gating off")


class CHICKEN_TRANS(
    Register,
    at={
        "hsw,9-11": at_each(A=0x420C0, B=0x420C4, C=0x420C8, EDP=0x420CC),
        "12-,!meteorlake": at_each(A=0x420C0, B=0x420C4, C=0x420C8, EDP=0x420CC, D=0x420D8),
        "meteorlake": at_each(A=0x604E0, B=0x614E0, C=0x624E0, D=0x634E0),
    },
    source=f"{I915} CHICKEN_TRANS, MTL_CHICKEN_TRANS",
    gaps="undocumented chicken bits",
):
    """Workarounds of a transcoder."""

    DELAYED_BLANK = Field(31, 31, "vertical blank with delay", gen="12-")
    VBL_UNMASK = Field(30, 30, "vertical blank reaches a sleeping pipe", gen="9-")
    FRAME_START = Field(28, 27, "frame start delay", unit="lines", plus=1)
    VSC_SOFTWARE = Field(25, 25, "stream packet by software", gen="geminilake")
    FEC_STALL = Field(23, 23, "error correction stall off")
    TRAIN_OVERRIDE = Field(19, 19, "training override on", gen="9-12")
    TRAIN_VALUE = Field(18, 18, "training override", gen="9-12")
    GRANULARITY = Field(18, 18, "horizontal granularity counts from 1", gen="13-")
    DDIE_OVERRIDE = Field(17, 17, "training override of port E on", gen="skl")
    DDIE_VALUE = Field(16, 16, "training override of port E", gen="skl")
    LINE_COUNT = Field(15, 15, "vertical line count added, or error correction jitter fix")
    VSC_HEADER = Field(12, 12, "stream packet's header as programmed")
    DSC_EOL = Field(4, 4, "compression: symbol at a line's end")
    HDCP_REKEY = Field(0, 0, "rekeying by line off")
