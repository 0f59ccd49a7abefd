"""The pipe registers: timings, on and off, scan line and frame counters, link ratios."""

# ruff: noqa: N801 (the manuals' own register names)

from fwsim.registers.core import RESERVED, Field, Register
from fwsim.registers.places import DISPLAY, pipes, transcoders


class HTOTAL(Register, at=transcoders(0x60000, dsi=True), source=DISPLAY):
    """Horizontal total and active width."""

    TOTAL = Field(31, 16, "a line in all", unit="pixels", plus=1)
    ACTIVE = Field(15, 0, "of it shown", unit="pixels", plus=1)


class HBLANK(Register, at=transcoders(0x60004), source=DISPLAY):
    """Horizontal blanking."""

    END = Field(31, 16, "blanking ends", unit="pixels", plus=1)
    START = Field(15, 0, "blanking starts", unit="pixels", plus=1)


class HSYNC(Register, at=transcoders(0x60008, dsi=True), source=DISPLAY):
    """Horizontal synchronisation pulse."""

    END = Field(31, 16, "pulse ends", unit="pixels", plus=1)
    START = Field(15, 0, "pulse starts", unit="pixels", plus=1)


class VTOTAL(Register, at=transcoders(0x6000C, dsi=True), source=DISPLAY):
    """Vertical total and active height."""

    TOTAL = Field(31, 16, "a frame in all", unit="lines", plus=1)
    ACTIVE = Field(15, 0, "of it shown", unit="lines", plus=1)


class VBLANK(Register, at=transcoders(0x60010, dsi=True), source=DISPLAY):
    """Vertical blanking."""

    END = Field(31, 16, "blanking ends", unit="lines", plus=1)
    START = Field(15, 0, "blanking starts", unit="lines", plus=1)


class VSYNC(Register, at=transcoders(0x60014, dsi=True), source=DISPLAY):
    """Vertical synchronisation pulse."""

    END = Field(31, 16, "pulse ends", unit="lines", plus=1)
    START = Field(15, 0, "pulse starts", unit="lines", plus=1)


class PIPESRC(Register, at=pipes(0x6001C), source=DISPLAY):
    """Size of the picture that the pipe takes from its planes."""

    WIDTH = Field(31, 16, "picture width", unit="pixels", plus=1)
    HEIGHT = Field(15, 0, "picture height", unit="lines", plus=1)


class BCLRPAT(Register, at=pipes(0x60020), source=DISPLAY, gaps=RESERVED):
    """Border colour."""

    RED = Field(23, 16, "red")
    GREEN = Field(15, 8, "green")
    BLUE = Field(7, 0, "blue")


class VSYNCSHIFT(Register, at=transcoders(0x60028, dsi=True), source=DISPLAY, gaps=RESERVED):
    """Where in a line the second field's vertical pulse starts (interlaced modes)."""

    SHIFT = Field(12, 0, "shift", unit="pixels")


class TRANS_MULT(Register, at=transcoders(0x6002C, "hsw,9-"), source=DISPLAY, gaps=RESERVED):
    """Pixel repetition."""

    MULTIPLIER = Field(2, 0, "times a pixel is sent", unit="x", plus=1)


_TU = "data units in a transfer unit"


class DATA_M1(Register, at=transcoders(0x60030, "5-"), source=DISPLAY, gaps=RESERVED):
    """Data ratio M of the link, and its transfer unit size."""

    TU = Field(30, 25, _TU, unit="units", plus=1)
    M = Field(23, 0, "data M")


class DATA_N1(Register, at=transcoders(0x60034, "5-"), source=DISPLAY, gaps=RESERVED):
    """Data ratio N of the link."""

    N = Field(23, 0, "data N")


class DATA_M2(Register, at=transcoders(0x60038, "5-8"), source=DISPLAY, gaps=RESERVED):
    """Data ratio M of the second refresh rate."""

    TU = Field(30, 25, _TU, unit="units", plus=1)
    M = Field(23, 0, "data M")


class DATA_N2(Register, at=transcoders(0x6003C, "5-8"), source=DISPLAY, gaps=RESERVED):
    """Data ratio N of the second refresh rate."""

    N = Field(23, 0, "data N")


class LINK_M1(Register, at=transcoders(0x60040, "5-"), source=DISPLAY, gaps=RESERVED):
    """Link ratio M: pixel clock against link clock."""

    M = Field(23, 0, "link M")


class LINK_N1(Register, at=transcoders(0x60044, "5-"), source=DISPLAY, gaps=RESERVED):
    """Link ratio N."""

    N = Field(23, 0, "link N")


class LINK_M2(Register, at=transcoders(0x60048, "5-8"), source=DISPLAY, gaps=RESERVED):
    """Link ratio M of the second refresh rate."""

    M = Field(23, 0, "link M")


class LINK_N2(Register, at=transcoders(0x6004C, "5-8"), source=DISPLAY, gaps=RESERVED):
    """Link ratio N of the second refresh rate."""

    N = Field(23, 0, "link N")


class PIPE_DATA_M_G4X(
    Register,
    at=pipes(0x70050, "g4x"),
    name="PIPE_DATA_M",
    source="Linux i915 i915_reg.h PIPE_DATA_M_G4X",
    gaps=RESERVED,
):
    """Data ratio M of G4x's DisplayPort."""

    TU = Field(30, 25, _TU, unit="units", plus=1)
    M = Field(23, 0, "data M")


class PIPE_DATA_N_G4X(
    Register,
    at=pipes(0x70054, "g4x"),
    name="PIPE_DATA_N",
    source="Linux i915 i915_reg.h PIPE_DATA_N_G4X",
    gaps=RESERVED,
):
    """Data ratio N of G4x's DisplayPort."""

    N = Field(23, 0, "data N")


class PIPEDSL(Register, at=pipes(0x70000), access="ro", source=DISPLAY, gaps=RESERVED):
    """The line being scanned out now; it moves while the pipe runs."""

    FIELD = Field(31, 31, "current field", gen="4-", values={0: "even", 1: "odd"})
    LINE_GEN2 = Field(11, 0, "scan line", gen="2")
    LINE = Field(12, 0, "scan line", gen="3-8")
    LINE_SKL = Field(19, 0, "scan line", gen="9-")


class PIPESLC(Register, at=pipes(0x70004), source=DISPLAY, gaps=RESERVED):
    """Scan line range that events and flips are held against."""

    INCLUSIVE = Field(31, 31, "compare", values={0: "outside the range", 1: "inside the range"})
    START = Field(28, 16, "first line")
    END = Field(12, 0, "last line")


class PIPECONF(Register, at=transcoders(0x70008, dsi=True), source=DISPLAY, gaps=RESERVED):
    """Pipe (or transcoder) configuration: bit 30 follows bit 31 when the pipe has started or stopped."""

    ENABLE = Field(31, 31, "pipe wanted on")
    DOUBLE_WIDE = Field(30, 30, "two pixels a clock", gen="2-3")
    STATE = Field(30, 30, "pipe is on", access="ro", gen="4-")
    FRAME_START = Field(28, 27, "frame start delay", gen="2-7", unit="lines", plus=1)
    LOCK = Field(25, 25, "force border colour", gen="2-7")
    GAMMA_MODE = Field(24, 24, "gamma", gen="2-7", values={0: "8-bit palette", 1: "10-bit"})
    INTERLACE = Field(
        23, 21, "interlace", values={0: "progressive", 1: "progressive", 3: "interlaced, Ironlake on", 6: "interlaced"}
    )
    REFRESH = Field(20, 20, "second refresh rate (eDP)", gen="5-7")
    COLOR_SPACE = Field(12, 11, "output colours", gen="7-", values={0: "RGB", 1: "YUV", 2: "YUV 709"})
    BPC = Field(7, 5, "bits a colour", gen="3-7", values={0: "8", 1: "10", 2: "6", 3: "12"})
    DITHER = Field(4, 4, "dithering on", gen="2-7")
    DITHER_TYPE = Field(3, 2, "dithering", gen="2-7", values={0: "spatial", 1: "ST1", 2: "ST2", 3: "temporal"})


class PIPEGCMAX(Register, at=pipes(0x70010, "2-8"), source="Intel PRM IVB vol3 part2, pipe palette", gaps=RESERVED):
    """Gamma correction's end point, red; green and blue follow."""

    MAX = Field(16, 0, "red at full scale")


class PIPESTAT(Register, at=pipes(0x70024, "2-4,vlv"), source=DISPLAY):
    """Pipe events: enables in the upper half, states (write 1 to clear) in the lower."""

    UNDERRUN = Field(31, 31, "FIFO underrun", access="w1c")
    ENABLES = Field(30, 16, "enable of each event below")
    OTHER = Field(15, 12, "CRC and flip events", access="w1c")
    GMBUS = Field(11, 11, "GMBUS event", access="w1c")
    HOTPLUG = Field(10, 10, "hotplug", access="w1c")
    VSYNC = Field(9, 9, "vertical pulse", access="w1c")
    LINE = Field(8, 8, "scan line compare", access="w1c")
    DPST = Field(7, 7, "histogram", access="w1c")
    BACKLIGHT = Field(6, 6, "legacy backlight", access="w1c")
    ODD = Field(5, 5, "odd field", access="w1c")
    EVEN = Field(4, 4, "even field", access="w1c")
    PERF = Field(3, 3, "performance counter", access="w1c")
    VBLANK = Field(2, 2, "vertical blank started", access="w1c")
    FRAME = Field(1, 1, "frame started", access="w1c")
    OVERLAY = Field(0, 0, "overlay updated", access="w1c")


class PIPE_MISC(Register, at=pipes(0x70030, "8-,!vlv"), source=DISPLAY, gaps=RESERVED):
    """Pipe output: bits a colour and dithering, from Broadwell on."""

    YUV420 = Field(27, 26, "4:2:0 output", gen="9-")
    HDR = Field(23, 23, "HDR precision", gen="11-")
    PSR_MASK = Field(22, 20, "events hidden from self-refresh")
    YUV = Field(11, 11, "output colours", values={0: "RGB", 1: "YUV"})
    ROUNDING = Field(8, 8, "truncate instead of rounding", gen="12-")
    BPC = Field(7, 5, "bits a colour", values={0: "8", 1: "10", 2: "6", 4: "12"})
    DITHER = Field(4, 4, "dithering on")
    DITHER_TYPE = Field(3, 2, "dithering", values={0: "spatial", 1: "ST1", 2: "ST2", 3: "temporal"})


class PIPEFRAME(Register, at=pipes(0x70040, "2-4,!g4x"), access="ro", source=DISPLAY, gaps=RESERVED):
    """Frame counter, upper bits."""

    HIGH = Field(15, 0, "frame count, upper 16 of 24 bits")


class PIPEFRAMEPIXEL(Register, at=pipes(0x70044, "2-4,!g4x"), access="ro", source=DISPLAY):
    """Frame counter's low bits and the pixel counter."""

    LOW = Field(31, 24, "frame count, lower 8 bits")
    PIXEL = Field(23, 0, "pixel within the frame")


class PIPE_FRMCOUNT(Register, at=pipes(0x70040, "g4x,5-"), access="ro", source=f"{DISPLAY} PIPE_FRMCOUNT_G4X"):
    """Frames since the pipe was started."""

    FRAMES = Field(31, 0, "frame count", unit="frames")


class PIPE_FLIPCOUNT(Register, at=pipes(0x70044, "g4x,5-"), access="ro", source=f"{DISPLAY} PIPE_FLIPCOUNT_G4X"):
    """Flips since the pipe was started."""

    FLIPS = Field(31, 0, "flip count", unit="flips")


class PIPE_FRMTMSTMP(Register, at=pipes(0x70048, "5-,!vlv"), access="ro", source=DISPLAY):
    """Time of the last vertical blank, in microseconds."""

    TIME = Field(31, 0, "since reset", unit="us")
