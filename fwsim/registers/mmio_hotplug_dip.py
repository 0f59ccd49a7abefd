"""The registers of info frames, of ports' clocks and hotplug filters, and of link tests, which no other area has."""

# ruff: noqa: N801 (the driver's own register names)

from fwsim.registers.core import RESERVED, VLV_BASE, Array, Field, Register, at_each, each
from fwsim.registers.places import DISPLAY, I915, Places, pipes
from fwsim.registers.variants import expand

_CRC = "Linux i915 display/intel_pipe_crc_regs.h"


class VIDEO_DIP_DATA_G4X(Register, at={"g4x": 0x61178}, name="VIDEO_DIP_DATA", source=f"{I915} VIDEO_DIP_DATA"):
    """Info frame of G4x, the next word."""

    DATA = Field(31, 0, "four bytes")


def _vlv(a: int, b: int, c: int) -> dict[str, Array]:
    """A register of Bay Trail's and Cherryview's pipes, which lie at no rule."""
    places = {"A": VLV_BASE + a, "B": VLV_BASE + b}
    return {"baytrail": at_each(**places), "cherryview": at_each(**places, C=VLV_BASE + c)}


class VLV_VIDEO_DIP_CTL(
    Register, at=_vlv(0x60200, 0x61170, 0x611F0), name="VLV_TVIDEO_DIP_CTL", source=f"{I915} VLV_TVIDEO_DIP_CTL",
    gaps=RESERVED,
):  # fmt: skip
    """Which info frames a pipe of Bay Trail sends."""

    ENABLE = Field(31, 31, "on")
    PORT = Field(30, 29, "port", values={0: "A", 1: "B", 2: "C", 3: "D"})
    GCP = Field(25, 25, "general control packet")
    SPD = Field(24, 24, "source description")
    GAMUT = Field(23, 23, "gamut")
    VENDOR = Field(22, 22, "vendor")
    AVI = Field(21, 21, "AVI")
    SELECT = Field(20, 19, "frame being written", values={0: "AVI", 1: "vendor", 2: "gamut", 3: "source description"})
    FREQUENCY = Field(17, 16, "sent", values={0: "once", 1: "every frame", 2: "every other frame"})
    ADDRESS = Field(3, 0, "next word")


class VLV_VIDEO_DIP_DATA(
    Register, at=_vlv(0x60208, 0x61174, 0x611F4), name="VLV_TVIDEO_DIP_DATA", source=f"{I915} VLV_TVIDEO_DIP_DATA"
):
    """Info frame of a pipe of Bay Trail, the next word."""

    DATA = Field(31, 0, "four bytes")


class VLV_VIDEO_DIP_GCP(
    Register, at=_vlv(0x60210, 0x61178, 0x611F8), name="VLV_TVIDEO_DIP_GCP", source=f"{I915} VLV_TVIDEO_DIP_GCP",
    gaps=RESERVED,
):  # fmt: skip
    """General control packet of a pipe of Bay Trail."""

    COLOUR = Field(2, 2, "colour depth told")
    PHASE = Field(1, 1, "default phase")
    MUTE = Field(0, 0, "AV mute")


class TVIDEO_DIP_GCP(
    Register, at={"ironlake": each(0xE0210, 0x1000, "AB"), "sandybridge,ivybridge": each(0xE0210, 0x1000, "ABC")},
    source=f"{I915} TVIDEO_DIP_GCP", gaps=RESERVED,
):  # fmt: skip
    """General control packet of a PCH transcoder."""

    COLOUR = Field(2, 2, "colour depth told")
    PHASE = Field(1, 1, "default phase")
    MUTE = Field(0, 0, "AV mute")


class PORT_DFT2_G4X(Register, at={"g4x": 0x61154, "vlv": VLV_BASE + 0x61154}, source=f"{I915} PORT_DFT2_G4X",
                    gaps=RESERVED):  # fmt: skip
    """Link scrambler's reset for test sums."""

    DC_BALANCE = Field(31, 31, "DC balance reset", gen="vlv")
    PIPE_C = Field(14, 14, "scrambler reset, pipe C", gen="cherryview")
    PIPE_B = Field(1, 1, "scrambler reset, pipe B")
    PIPE_A = Field(0, 0, "scrambler reset, pipe A")


class PIPE_LINK_M_G4X(Register, at=pipes(0x70060, "g4x"), source=f"{I915} PIPE_LINK_M_G4X", gaps=RESERVED):
    """Link ratio M of G4x's DisplayPort."""

    M = Field(23, 0, "link M")


class PIPE_LINK_N_G4X(Register, at=pipes(0x70064, "g4x"), source=f"{I915} PIPE_LINK_N_G4X", gaps=RESERVED):
    """Link ratio N of G4x's DisplayPort."""

    N = Field(23, 0, "link N")


class PIPE_CRC_CTL(Register, at=pipes(0x60050), source=_CRC, gaps=RESERVED):
    """Check sums of a pipe's picture."""

    ENABLE = Field(31, 31, "on")
    SOURCE_SKL = Field(
        30,
        28,
        "of",
        gen="9-",
        values={0: "plane 1", 1: "plane 7", 2: "plane 2", 3: "plane 6", 4: "pipe", 5: "plane 5", 6: "plane 3",
                7: "plane 4"},
    )  # fmt: skip
    SOURCE_IVB = Field(30, 29, "of", gen="ivybridge,hsw", values={0: "primary plane", 1: "sprite", 2: "pipe"})
    SOURCE_ILK = Field(
        30, 28, "of", gen="5-6", values={0: "primary plane", 1: "sprite", 2: "pipe", 4: "port A", 5: "FDI"}
    )
    SOURCE_VLV = Field(
        30, 27, "of", gen="vlv",
        values={0: "pipe", 1: "HDMI B", 2: "HDMI C", 3: "DP D", 6: "DP B", 7: "DP C"},
    )  # fmt: skip
    SOURCE_I9XX = Field(
        30,
        28,
        "of",
        gen="3-4",
        values={0: "pipe", 1: "SDVO B", 2: "SDVO C", 3: "DP D", 4: "TV before", 5: "TV after", 6: "DP B", 7: "DP C"},
    )
    BORDER = Field(30, 30, "border counts", gen="2")
    EXPECTED = Field(22, 0, "expected sum (red before Ivy Bridge)", gen="2-8")


class DDI_CLK_VALFREQ(Register, at={"meteorlake": each(0x64030, 0x100, "ABCDEFG")}, source=f"{I915} DDI_CLK_VALFREQ"):
    """Clock of a port, which the driver tells; D to G are the Type-C ports."""

    FREQUENCY = Field(31, 0, "clock", unit="kHz")


class UTIL_PIN_CTL(
    Register, at={"hsw,9-": 0x48400}, source="Linux i915 display/intel_backlight_regs.h UTIL_PIN_CTL", gaps=RESERVED
):
    """The utility pin: backlight, or a sync signal."""

    ENABLE = Field(31, 31, "on")
    PIPE = Field(30, 29, "pipe", values={0: "A", 1: "B", 2: "C"})
    MODE = Field(
        27, 24, "mode", values={0: "data", 1: "backlight", 4: "vertical blank", 5: "vertical sync", 8: "eye level"}
    )
    DATA = Field(23, 23, "data sent")
    POLARITY = Field(22, 22, "inverted")
    INPUT = Field(19, 19, "direction", values={0: "output", 1: "input"})
    INPUT_DATA = Field(16, 16, "data received")


class SHOTPLUG_CTL_TC(Register, at={"11-": 0xC4034}, source=DISPLAY, gaps=RESERVED):
    """Hotplug of the Type-C ports in the PCH; bits 1:0 of each group are write 1 to clear."""

    TC6 = Field(23, 23, "TC6: detection on", gen="12-")
    TC6_LONG = Field(21, 21, "TC6: long pulse", access="w1c", gen="12-")
    TC6_SHORT = Field(20, 20, "TC6: short pulse", access="w1c", gen="12-")
    TC5 = Field(19, 19, "TC5: detection on", gen="12-")
    TC5_LONG = Field(17, 17, "TC5: long pulse", access="w1c", gen="12-")
    TC5_SHORT = Field(16, 16, "TC5: short pulse", access="w1c", gen="12-")
    TC4 = Field(15, 15, "TC4: detection on")
    TC4_LONG = Field(13, 13, "TC4: long pulse", access="w1c")
    TC4_SHORT = Field(12, 12, "TC4: short pulse", access="w1c")
    TC3 = Field(11, 11, "TC3: detection on")
    TC3_LONG = Field(9, 9, "TC3: long pulse", access="w1c")
    TC3_SHORT = Field(8, 8, "TC3: short pulse", access="w1c")
    TC2 = Field(7, 7, "TC2: detection on")
    TC2_LONG = Field(5, 5, "TC2: long pulse", access="w1c")
    TC2_SHORT = Field(4, 4, "TC2: short pulse", access="w1c")
    TC1 = Field(3, 3, "TC1: detection on")
    TC1_LONG = Field(1, 1, "TC1: long pulse", access="w1c")
    TC1_SHORT = Field(0, 0, "TC1: short pulse", access="w1c")


class SHPD_FILTER_CNT(Register, at={"11-": 0xC4038}, source=DISPLAY):
    """How long hotplug pulses are filtered."""

    COUNT = Field(31, 0, "filter", values={0x1D9: "500 us", 0xF8: "250 us"})


class ICL_PIPESTATUS(
    Register, at=pipes(0x70058, "11-"), name="PIPE_STATUS", source=f"{I915} ICL_PIPESTATUS", gaps=RESERVED
):
    """What went wrong in a pipe; write 1 to clear."""

    UNDERRUN = Field(31, 31, "underrun", access="w1c")
    SOFT = Field(28, 28, "soft underrun", access="w1c", gen="13-")
    HARD = Field(27, 27, "hard underrun", access="w1c", gen="13-")
    PORT = Field(26, 26, "port underrun", access="w1c", gen="13-")


class DSS_CTL1(Register, at={"9-11": 0x67400}, source="Linux i915 display/intel_vdsc_regs.h", gaps=RESERVED):
    """Stream splitting and joining of the eDP and MIPI transcoders."""

    SPLITTER = Field(31, 31, "splitter on")
    JOINER = Field(30, 30, "joiner on")
    INTERLEAVE = Field(24, 24, "two links", values={0: "front and back", 1: "interleaved"})
    OVERLAP = Field(19, 16, "overlap", unit="pixels")
    DEPTH = Field(11, 0, "left buffer's depth", unit="pixels")


class DSS_CTL2(Register, at={"9-11": 0x67404}, source="Linux i915 display/intel_vdsc_regs.h", gaps=RESERVED):
    """Stream compression of the eDP and MIPI transcoders."""

    LEFT = Field(31, 31, "left branch compressed")
    RIGHT = Field(15, 15, "right branch compressed")
    DEPTH = Field(11, 0, "right buffer's depth", unit="pixels")


def _dss(offset: int) -> Places:
    """Pipes B and C of gen 11, every pipe from gen 12 on; 0x200 apart."""
    return {
        expand("11"): at_each(B=0x78200 + offset, C=0x78400 + offset),
        expand("12-"): each(0x78000 + offset, 0x200, "ABCD"),
    }


class ICL_PIPE_DSS_CTL1(Register, at=_dss(0x0), source="Linux i915 display/intel_vdsc_regs.h", gaps=RESERVED):
    """Stream splitting and joining of a pipe."""

    SPLITTER = Field(31, 31, "splitter on")
    JOINER = Field(30, 30, "joiner on")
    BIG_JOINER = Field(29, 29, "two pipes make one picture", gen="12-")
    BIG_PRIMARY = Field(28, 28, "this pipe is their first", gen="12-")
    VGA_CENTER = Field(27, 27, "VGA centred", gen="12-")
    SEGMENTS = Field(26, 25, "splitter's segments", gen="12-", values={0: "2", 1: "4"})
    INTERLEAVE = Field(24, 24, "two links", values={0: "front and back", 1: "interleaved"})
    PLAIN_PRIMARY = Field(21, 21, "joined without compression, first", gen="13-")
    PLAIN_SECONDARY = Field(20, 20, "joined without compression, second", gen="13-")
    OVERLAP = Field(19, 16, "overlap", unit="pixels")
    DEPTH = Field(11, 0, "left buffer's depth", unit="pixels")


class ICL_PIPE_DSS_CTL2(Register, at=_dss(0x4), source="Linux i915 display/intel_vdsc_regs.h", gaps=RESERVED):
    """Stream compression of a pipe."""

    LEFT = Field(31, 31, "left branch compressed")
    RIGHT = Field(15, 15, "right branch compressed")
    DEPTH = Field(11, 0, "right buffer's depth", unit="pixels")


class DOVSTA(Register, at={"2-4": 0x30008}, source=f"{I915} DOVSTA", gaps=RESERVED):
    """State of the overlay."""

    BUFFER = Field(21, 20, "buffer shown")


class PEG_BAND_GAP_DATA(
    Register, at={"G45": 0x14D68}, source=f"{I915} PEG_BAND_GAP_DATA; display/intel_hotplug_irq.c", gaps="trims"
):
    """Band gap of G45's port: 13 keeps hotplug interrupts away from a port with nothing in it."""

    TRIM = Field(3, 0, "trim", values={13: "as i915 wants it"})
