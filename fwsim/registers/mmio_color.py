"""The colour registers: precise palettes, colour space conversion of pipes and planes, Cherryview's own unit."""

# ruff: noqa: N801 (the driver's own register names)

from fwsim.registers.core import RESERVED, Field, Register
from fwsim.registers.places import Places, pipe_units

_COLOR = "Linux i915 display/intel_color_regs.h, intel_color.c"
_OFFSET = f"{_COLOR}; Intel PRM IVB vol. 3 part 1 (13 bits)"
_PRECISE = "ivybridge,hsw,9-"
_EARLY = "geminilake,10-"
"""Families with a palette before the conversion."""


def _palette(base: int, gen: str, words: int = 0) -> Places:
    return pipe_units(base, 0x800, gen, words)


def _csc(base: int, gen: str = "5-,!vlv") -> Places:
    return pipe_units(base, 0x100, gen)


class PREC_PAL_INDEX(Register, at=_palette(0x4A400, _PRECISE), source=_COLOR, gaps=RESERVED):
    """Which entry of the precise palette PREC_PAL_DATA reaches."""

    SPLIT = Field(31, 31, "split gamma: the other half", gen="ivybridge,hsw")
    AUTO = Field(15, 15, "index goes on by itself")
    INDEX = Field(9, 0, "entry")


class PREC_PAL_DATA(Register, at=_palette(0x4A404, _PRECISE), source=_COLOR, gaps=RESERVED):
    """An entry of the precise palette: 10 bits a colour."""

    RED = Field(29, 20, "red")
    GREEN = Field(19, 10, "green")
    BLUE = Field(9, 0, "blue")


class PREC_PAL_MULTI_SEG_INDEX(Register, at=_palette(0x4A408, "11-"), source=_COLOR, gaps=RESERVED):
    """Which entry of the fine segment PREC_PAL_MULTI_SEG_DATA reaches."""

    AUTO = Field(15, 15, "index goes on by itself")
    INDEX = Field(4, 0, "entry")


class PREC_PAL_MULTI_SEG_DATA(Register, at=_palette(0x4A40C, "11-"), source=_COLOR, gaps=RESERVED):
    """Half an entry of the fine segment; two of them make 16 bits a colour."""

    RED = Field(29, 20, "red, upper or lower part")
    GREEN = Field(19, 10, "green")
    BLUE = Field(9, 0, "blue")


class PREC_PAL_GC_MAX(Register, at=_palette(0x4A410, _PRECISE, 3), source=_COLOR, gaps=RESERVED):
    """End of the palette at 1.0, a word a colour."""

    MAX = Field(16, 0, "value, 16 binary digits after the point")


class PREC_PAL_EXT_GC_MAX(Register, at=_palette(0x4A420, _PRECISE, 3), source=_COLOR, gaps=RESERVED):
    """End of the palette at 3.0, a word a colour."""

    MAX = Field(18, 0, "value, 16 binary digits after the point")


class PREC_PAL_EXT2_GC_MAX(Register, at=_palette(0x4A430, _EARLY, 3), source=_COLOR, gaps=RESERVED):
    """End of the palette at 7.0, a word a colour."""

    MAX = Field(18, 0, "value, 16 binary digits after the point")


class PRE_CSC_GAMC_INDEX(Register, at=_palette(0x4A484, _EARLY), source=_COLOR, gaps=RESERVED):
    """Which entry of the palette before the conversion PRE_CSC_GAMC_DATA reaches."""

    AUTO = Field(10, 10, "index goes on by itself")
    INDEX = Field(7, 0, "entry")


class PRE_CSC_GAMC_DATA(Register, at=_palette(0x4A488, _EARLY), source=_COLOR, gaps=RESERVED):
    """An entry of the palette before the conversion."""

    VALUE = Field(18, 0, "value, 16 binary digits after the point", gen="geminilake,10-12")
    VALUE_24 = Field(26, 0, "value, 24 binary digits after the point", gen="13-")


class PIPE_CSC_COEFF_RY_GY(Register, at=_csc(0x49010), source=_COLOR):
    """Pipe's conversion: coefficients of the first output (Y or G) for red and green."""

    R = Field(31, 16, "of red: sign, exponent, mantissa")
    G = Field(15, 0, "of green")


class PIPE_CSC_COEFF_BY(Register, at=_csc(0x49014), source=_COLOR, gaps=RESERVED):
    """Pipe's conversion: coefficient of the first output for blue."""

    B = Field(31, 16, "of blue: sign, exponent, mantissa")


class PIPE_CSC_COEFF_RU_GU(Register, at=_csc(0x49018), source=_COLOR):
    """Pipe's conversion: coefficients of the second output (U or B) for red and green."""

    R = Field(31, 16, "of red")
    G = Field(15, 0, "of green")


class PIPE_CSC_COEFF_BU(Register, at=_csc(0x4901C), source=_COLOR, gaps=RESERVED):
    """Pipe's conversion: coefficient of the second output for blue."""

    B = Field(31, 16, "of blue")


class PIPE_CSC_COEFF_RV_GV(Register, at=_csc(0x49020), source=_COLOR):
    """Pipe's conversion: coefficients of the third output (V or R) for red and green."""

    R = Field(31, 16, "of red")
    G = Field(15, 0, "of green")


class PIPE_CSC_COEFF_BV(Register, at=_csc(0x49024), source=_COLOR, gaps=RESERVED):
    """Pipe's conversion: coefficient of the third output for blue."""

    B = Field(31, 16, "of blue")


class PIPE_CSC_MODE(Register, at=_csc(0x49028), source=_COLOR, gaps=RESERVED):
    """Pipe's conversion: on, and where it lies."""

    ENABLE = Field(31, 31, "on", gen="11-")
    OUTPUT = Field(30, 30, "output conversion on", gen="11-")
    BLACK = Field(2, 2, "black screen offset", gen="5-6")
    POSITION = Field(1, 1, "before the palette", gen="5-9,!geminilake")
    YUV_TO_RGB = Field(0, 0, "YUV to RGB", gen="5-6")


class PIPE_CSC_PREOFF_HI(Register, at=_csc(0x49030), source=_OFFSET, gaps=RESERVED):
    """Pipe's conversion: added to the first input before it."""

    OFFSET = Field(12, 0, "offset, signed")


class PIPE_CSC_PREOFF_ME(Register, at=_csc(0x49034), source=_OFFSET, gaps=RESERVED):
    """Pipe's conversion: added to the second input before it."""

    OFFSET = Field(12, 0, "offset, signed")


class PIPE_CSC_PREOFF_LO(Register, at=_csc(0x49038), source=_OFFSET, gaps=RESERVED):
    """Pipe's conversion: added to the third input before it."""

    OFFSET = Field(12, 0, "offset, signed")


class PIPE_CSC_POSTOFF_HI(Register, at=_csc(0x49040, "7-,!vlv"), source=_OFFSET, gaps=RESERVED):
    """Pipe's conversion: added to the first output."""

    OFFSET = Field(12, 0, "offset, signed")


class PIPE_CSC_POSTOFF_ME(Register, at=_csc(0x49044, "7-,!vlv"), source=_OFFSET, gaps=RESERVED):
    """Pipe's conversion: added to the second output."""

    OFFSET = Field(12, 0, "offset, signed")


class PIPE_CSC_POSTOFF_LO(Register, at=_csc(0x49048, "7-,!vlv"), source=_OFFSET, gaps=RESERVED):
    """Pipe's conversion: added to the third output."""

    OFFSET = Field(12, 0, "offset, signed")


class PIPE_CSC_OUTPUT_COEFF_RY_GY(Register, at=_csc(0x49050, "11-"), source=_COLOR):
    """Output conversion (after the palette): coefficients of the first output for red and green."""

    R = Field(31, 16, "of red: sign, exponent, mantissa")
    G = Field(15, 0, "of green")


class PIPE_CSC_OUTPUT_COEFF_BY(Register, at=_csc(0x49054, "11-"), source=_COLOR, gaps=RESERVED):
    """Output conversion: coefficient of the first output for blue."""

    B = Field(31, 16, "of blue")


class PIPE_CSC_OUTPUT_COEFF_RU_GU(Register, at=_csc(0x49058, "11-"), source=_COLOR):
    """Output conversion: coefficients of the second output for red and green."""

    R = Field(31, 16, "of red")
    G = Field(15, 0, "of green")


class PIPE_CSC_OUTPUT_COEFF_BU(Register, at=_csc(0x4905C, "11-"), source=_COLOR, gaps=RESERVED):
    """Output conversion: coefficient of the second output for blue."""

    B = Field(31, 16, "of blue")


class PIPE_CSC_OUTPUT_COEFF_RV_GV(Register, at=_csc(0x49060, "11-"), source=_COLOR):
    """Output conversion: coefficients of the third output for red and green."""

    R = Field(31, 16, "of red")
    G = Field(15, 0, "of green")


class PIPE_CSC_OUTPUT_COEFF_BV(Register, at=_csc(0x49064, "11-"), source=_COLOR, gaps=RESERVED):
    """Output conversion: coefficient of the third output for blue."""

    B = Field(31, 16, "of blue")


class PIPE_CSC_OUTPUT_PREOFF_HI(Register, at=_csc(0x49068, "11-"), source=_OFFSET, gaps=RESERVED):
    """Output conversion: added to the first input before it."""

    OFFSET = Field(12, 0, "offset, signed")


class PIPE_CSC_OUTPUT_PREOFF_ME(Register, at=_csc(0x4906C, "11-"), source=_OFFSET, gaps=RESERVED):
    """Output conversion: added to the second input before it."""

    OFFSET = Field(12, 0, "offset, signed")


class PIPE_CSC_OUTPUT_PREOFF_LO(Register, at=_csc(0x49070, "11-"), source=_OFFSET, gaps=RESERVED):
    """Output conversion: added to the third input before it."""

    OFFSET = Field(12, 0, "offset, signed")


class PIPE_CSC_OUTPUT_POSTOFF_HI(Register, at=_csc(0x49074, "11-"), source=_OFFSET, gaps=RESERVED):
    """Output conversion: added to the first output."""

    OFFSET = Field(12, 0, "offset, signed")


class PIPE_CSC_OUTPUT_POSTOFF_ME(Register, at=_csc(0x49078, "11-"), source=_OFFSET, gaps=RESERVED):
    """Output conversion: added to the second output."""

    OFFSET = Field(12, 0, "offset, signed")


class PIPE_CSC_OUTPUT_POSTOFF_LO(Register, at=_csc(0x4907C, "11-"), source=_OFFSET, gaps=RESERVED):
    """Output conversion: added to the third output."""

    OFFSET = Field(12, 0, "offset, signed")
