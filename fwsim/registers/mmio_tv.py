"""The TV encoder registers of the mobile parts from the 915GM to GM45."""

# ruff: noqa: N801 (the driver's own register names)

from fwsim.registers.core import RESERVED, Field, Register, each

_TV = "Linux i915 display/intel_tv_regs.h"
_GEN = "3-4"


class TV_DAC(Register, at={_GEN: 0x68004}, source=_TV):
    """The three converters: what is plugged in, and their ranges."""

    CHANGED = Field(31, 31, "state has changed")
    A_SENSE = Field(30, 30, "converter A has no load")
    B_SENSE = Field(29, 29, "converter B has no load")
    C_SENSE = Field(28, 28, "converter C has no load")
    SENSE_ENABLE = Field(27, 27, "sensing on")
    A_SENSE_CTL = Field(26, 26, "converter A is sensed")
    B_SENSE_CTL = Field(25, 25, "converter B is sensed")
    C_SENSE_CTL = Field(24, 24, "converter C is sensed")
    TRIMS = Field(23, 8, "as firmware left it")
    OVERRIDE = Field(7, 7, "override on")
    FAST = Field(6, 6, "fast slew")
    A_RANGE = Field(5, 4, "converter A", values={0: "1.3 V", 1: "1.1 V", 2: "0.7 V"})
    B_RANGE = Field(3, 2, "converter B", values={0: "1.3 V", 1: "1.1 V", 2: "0.7 V"})
    C_RANGE = Field(1, 0, "converter C", values={0: "1.3 V", 1: "1.1 V", 2: "0.7 V"})


class TV_CSC_Y(Register, at={_GEN: 0x68010}, source=_TV, gaps=RESERVED):
    """Colour conversion, luma: red and green."""

    RY = Field(26, 16, "red")
    GY = Field(11, 0, "green")


class TV_CSC_Y2(Register, at={_GEN: 0x68014}, source=_TV, gaps=RESERVED):
    """Colour conversion, luma: blue, and what is added."""

    BY = Field(26, 16, "blue")
    AY = Field(9, 0, "added")


class TV_CSC_U(Register, at={_GEN: 0x68018}, source=_TV, gaps=RESERVED):
    """Colour conversion, U: red and green."""

    RU = Field(26, 16, "red")
    GU = Field(10, 0, "green")


class TV_CSC_U2(Register, at={_GEN: 0x6801C}, source=_TV, gaps=RESERVED):
    """Colour conversion, U: blue, and what is added."""

    BU = Field(26, 16, "blue")
    AU = Field(9, 0, "added")


class TV_CSC_V(Register, at={_GEN: 0x68020}, source=_TV, gaps=RESERVED):
    """Colour conversion, V: red and green."""

    RV = Field(27, 16, "red")
    GV = Field(10, 0, "green")


class TV_CSC_V2(Register, at={_GEN: 0x68024}, source=_TV, gaps=RESERVED):
    """Colour conversion, V: blue, and what is added."""

    BV = Field(26, 16, "blue")
    AV = Field(10, 0, "added")


class TV_CLR_KNOBS(Register, at={_GEN: 0x68028}, source=_TV):
    """Brightness, contrast, saturation, hue."""

    BRIGHTNESS = Field(31, 24, "brightness, signed")
    CONTRAST = Field(23, 16, "contrast")
    SATURATION = Field(15, 8, "saturation")
    HUE = Field(7, 0, "hue")


class TV_CLR_LEVEL(Register, at={_GEN: 0x6802C}, source=_TV, gaps=RESERVED):
    """Levels of black and of the blank."""

    BLACK = Field(24, 16, "black")
    BLANK = Field(8, 0, "blank")


class TV_H_CTL_1(Register, at={_GEN: 0x68030}, source=_TV, gaps=RESERVED):
    """Line of the TV signal: sync and total."""

    SYNC_END = Field(28, 16, "end of the sync", unit="pixels")
    TOTAL = Field(12, 0, "line", unit="pixels", plus=1)


class TV_H_CTL_2(Register, at={_GEN: 0x68034}, source=_TV, gaps=RESERVED):
    """Line of the TV signal: burst."""

    BURST = Field(31, 31, "burst on")
    START = Field(28, 16, "its start", unit="pixels")
    LENGTH = Field(12, 0, "its length", unit="pixels")


class TV_H_CTL_3(Register, at={_GEN: 0x68038}, source=_TV, gaps=RESERVED):
    """Line of the TV signal: blank."""

    BLANK_END = Field(28, 16, "end of the blank", unit="pixels")
    BLANK_START = Field(12, 0, "start of the blank", unit="pixels")


class TV_V_CTL_1(Register, at={_GEN: 0x6803C}, source=_TV, gaps=RESERVED):
    """Fields of the TV signal: number of lines, video's beginning."""

    END = Field(26, 16, "lines of a field", unit="lines", plus=1)
    VIDEO_F1 = Field(13, 8, "end of the vertical interval, field 1")
    VIDEO_F2 = Field(5, 0, "end of the vertical interval, field 2")


class TV_V_CTL_2(Register, at={_GEN: 0x68040}, source=_TV, gaps=RESERVED):
    """Vertical sync of the TV signal, in half lines."""

    LENGTH = Field(26, 16, "length", unit="half lines", plus=1)
    START_F1 = Field(14, 8, "start, field 1")
    START_F2 = Field(6, 0, "start, field 2")


class TV_V_CTL_3(Register, at={_GEN: 0x68044}, source=_TV, gaps=RESERVED):
    """Equalising pulses of the TV signal, in half lines."""

    ENABLE = Field(31, 31, "on")
    LENGTH = Field(22, 16, "length", unit="half lines", plus=1)
    START_F1 = Field(14, 8, "start, field 1")
    START_F2 = Field(6, 0, "start, field 2")


class TV_V_CTL(Register, at={_GEN: each(0x68048, 4, ["4", "5", "6", "7"])}, source=_TV, gaps=RESERVED):
    """Lines of fields 1 to 4 with a burst."""

    START = Field(21, 16, "first line")
    END = Field(7, 0, "last line")


class TV_SC_CTL_1(Register, at={_GEN: 0x68060}, source=_TV, gaps=RESERVED):
    """Subcarrier: dividers on, level of the burst."""

    DDA1 = Field(31, 31, "first divider on")
    DDA2 = Field(30, 30, "second divider on")
    DDA3 = Field(29, 29, "third divider on")
    RESET = Field(25, 24, "phase begins anew", values={0: "every 2 fields", 1: "every 4", 2: "every 8", 3: "never"})
    BURST = Field(23, 16, "level of the burst")
    INCREMENT = Field(11, 0, "first divider's increment")


class TV_SC_CTL_2(Register, at={_GEN: 0x68064}, source=_TV, gaps=RESERVED):
    """Subcarrier: second divider."""

    SIZE = Field(30, 16, "size")
    INCREMENT = Field(14, 0, "increment")


class TV_SC_CTL_3(Register, at={_GEN: 0x68068}, source=_TV, gaps=RESERVED):
    """Subcarrier: third divider."""

    SIZE = Field(30, 16, "size")
    INCREMENT = Field(14, 0, "increment")


class TV_WIN_POS(Register, at={_GEN: 0x68070}, source=_TV, gaps=RESERVED):
    """Where the picture lies on the TV's screen."""

    X = Field(28, 16, "column")
    Y = Field(11, 0, "line")


class TV_WIN_SIZE(Register, at={_GEN: 0x68074}, source=_TV, gaps=RESERVED):
    """Size of the picture on the TV's screen."""

    WIDTH = Field(28, 16, "width", unit="pixels")
    HEIGHT = Field(11, 0, "height", unit="lines")


class TV_FILTER_CTL_1(Register, at={_GEN: 0x68080}, source=_TV, gaps=RESERVED):
    """Scaling: by itself, or horizontally as programmed."""

    AUTO = Field(31, 31, "by itself")
    V_BYPASS = Field(29, 29, "vertical filter off")
    ADAPT = Field(28, 28, "vertical filter adapts")
    ADAPT_MODE = Field(27, 26, "it adapts", values={0: "least", 1: "somewhat", 3: "most"})
    H_FRACTION = Field(13, 0, "horizontal ratio, fraction")


class TV_FILTER_CTL_2(Register, at={_GEN: 0x68084}, source=_TV, gaps=RESERVED):
    """Scaling: vertical ratio."""

    INTEGER = Field(17, 15, "integer part")
    FRACTION = Field(14, 0, "fraction")


class TV_FILTER_CTL_3(Register, at={_GEN: 0x68088}, source=_TV, gaps=RESERVED):
    """Scaling: vertical ratio between the fields."""

    INTEGER = Field(17, 15, "integer part")
    FRACTION = Field(14, 0, "fraction")


class TV_CC_CONTROL(Register, at={_GEN: 0x68090}, source=_TV, gaps=RESERVED):
    """Closed captions."""

    ENABLE = Field(31, 31, "on")
    FIELD = Field(27, 27, "field", values={0: "1", 1: "2"})
    OFFSET = Field(25, 16, "column")
    LINE = Field(5, 0, "line")


class TV_CC_DATA(Register, at={_GEN: 0x68094}, source=_TV, gaps=RESERVED):
    """Closed captions, the next two letters."""

    READY = Field(31, 31, "letters are taken", access="ro")
    SECOND = Field(22, 16, "second letter")
    FIRST = Field(6, 0, "first letter")


class TV_H_LUMA(Register, at={_GEN: each(0x68100, 4, 60)}, source=f"{_TV}; no public fields"):
    """Coefficients of the horizontal luma filter."""

    DATA = Field(31, 0, "coefficients")


class TV_H_CHROMA(Register, at={_GEN: each(0x68200, 4, 60)}, source=f"{_TV}; no public fields"):
    """Coefficients of the horizontal chroma filter."""

    DATA = Field(31, 0, "coefficients")


class TV_V_LUMA(Register, at={_GEN: each(0x68300, 4, 43)}, source=f"{_TV}; no public fields"):
    """Coefficients of the vertical luma filter."""

    DATA = Field(31, 0, "coefficients")


class TV_V_CHROMA(Register, at={_GEN: each(0x68400, 4, 43)}, source=f"{_TV}; no public fields"):
    """Coefficients of the vertical chroma filter."""

    DATA = Field(31, 0, "coefficients")
