"""The colour registers of planes from gen 11 on, and of Bay Trail's and Cherryview's pipes."""

# ruff: noqa: N801 (the driver's own register names)

from fwsim.registers.core import RESERVED, VLV_BASE, Array, Field, Register, each
from fwsim.registers.places import UNIVERSAL, Places, pipes, planes

_COLOR = "Linux i915 display/intel_color_regs.h"


class PLANE_INPUT_CSC_COEFF(
    Register, at=planes(0x701E0, "11-", words=6, highest=3), source=f"{UNIVERSAL} PLANE_INPUT_CSC_COEFF"
):
    """Input conversion of an HDR plane (the first three): RY and GY, BY, RU and GU, BU, RV and GV, BV."""

    HIGH = Field(31, 16, "coefficient of red, or of blue: sign, exponent, mantissa")
    LOW = Field(15, 0, "coefficient of green")


class PLANE_INPUT_CSC_PREOFF(
    Register, at=planes(0x701F8, "11-", words=3, highest=3), source=f"{UNIVERSAL} PLANE_INPUT_CSC_PREOFF", gaps=RESERVED
):
    """Input conversion of an HDR plane: added before it, a word a colour."""

    OFFSET = Field(12, 0, "offset, signed")


class PLANE_INPUT_CSC_POSTOFF(
    Register, at=planes(0x70204, "11-", words=3, highest=3), source=f"{UNIVERSAL} PLANE_INPUT_CSC_POSTOFF",
    gaps=RESERVED,
):  # fmt: skip
    """Input conversion of an HDR plane: added after it, a word a colour."""

    OFFSET = Field(12, 0, "offset, signed")


class PLANE_CSC_COEFF(Register, at=planes(0x70210, "11-", words=6, highest=3), source=f"{UNIVERSAL} PLANE_CSC_COEFF"):
    """Conversion of an HDR plane: RY and GY, BY, RU and GU, BU, RV and GV, BV."""

    HIGH = Field(31, 16, "coefficient of red, or of blue: sign, exponent, mantissa")
    LOW = Field(15, 0, "coefficient of green")


class PLANE_CSC_PREOFF(
    Register, at=planes(0x70228, "11-", words=3, highest=3), source=f"{UNIVERSAL} PLANE_CSC_PREOFF", gaps=RESERVED
):
    """Conversion of an HDR plane: added before it, a word a colour."""

    OFFSET = Field(12, 0, "offset, signed")


class PLANE_CSC_POSTOFF(
    Register, at=planes(0x70234, "11-", words=3, highest=3), source=f"{UNIVERSAL} PLANE_CSC_POSTOFF", gaps=RESERVED
):
    """Conversion of an HDR plane: added after it, a word a colour."""

    OFFSET = Field(12, 0, "offset, signed")


def _wide(base: int) -> Places:
    """A register of Bay Trail's wide gamut conversion; igt has it on Cherryview too, whose driver uses CGM."""
    return pipes(base, "vlv")


class PIPE_WGC_C01_C00(Register, at=_wide(0x600B0), source=_COLOR, gaps=RESERVED):
    """Wide gamut conversion of Bay Trail: C01 and C00."""

    C01 = Field(28, 16, "signed, 10 binary digits after the point")
    C00 = Field(12, 0, "signed, 10 binary digits after the point")


class PIPE_WGC_C02(Register, at=_wide(0x600B4), source=_COLOR, gaps=RESERVED):
    """Wide gamut conversion of Bay Trail: C02."""

    C02 = Field(12, 0, "signed, 10 binary digits after the point")


class PIPE_WGC_C11_C10(Register, at=_wide(0x600B8), source=_COLOR, gaps=RESERVED):
    """Wide gamut conversion of Bay Trail: C11 and C10."""

    C11 = Field(28, 16, "signed, 10 binary digits after the point")
    C10 = Field(12, 0, "signed, 10 binary digits after the point")


class PIPE_WGC_C12(Register, at=_wide(0x600BC), source=_COLOR, gaps=RESERVED):
    """Wide gamut conversion of Bay Trail: C12."""

    C12 = Field(12, 0, "signed, 10 binary digits after the point")


class PIPE_WGC_C21_C20(Register, at=_wide(0x600C0), source=_COLOR, gaps=RESERVED):
    """Wide gamut conversion of Bay Trail: C21 and C20."""

    C21 = Field(28, 16, "signed, 10 binary digits after the point")
    C20 = Field(12, 0, "signed, 10 binary digits after the point")


class PIPE_WGC_C22(Register, at=_wide(0x600C4), source=_COLOR, gaps=RESERVED):
    """Wide gamut conversion of Bay Trail: C22."""

    C22 = Field(12, 0, "signed, 10 binary digits after the point")


def _cgm(offset: int, words: int) -> dict[str, Array]:
    """Words of Cherryview's colour unit, whose pipes lie 0x2000 apart."""
    return {
        "cherryview": Array(
            tuple((f"{pipe}{word}" if words > 1 else pipe, VLV_BASE + offset + 0x2000 * index + 4 * word)
                  for index, pipe in enumerate("ABC") for word in range(words))
        )
    }  # fmt: skip


class CGM_PIPE_DEGAMMA(Register, at=_cgm(0x66000, 130), source=_COLOR, gaps=RESERVED):
    """Cherryview's palette before the conversion, two words an entry: green and blue, then red; 14 bits a colour."""

    HIGH = Field(29, 16, "green, in an even word")
    LOW = Field(13, 0, "blue in an even word, red in an odd one")


class CGM_PIPE_GAMMA(Register, at=_cgm(0x67000, 514), source=_COLOR, gaps=RESERVED):
    """Cherryview's palette after the conversion, two words an entry: green and blue, then red; 10 bits a colour."""

    HIGH = Field(25, 16, "green, in an even word")
    LOW = Field(9, 0, "blue in an even word, red in an odd one")


class CGM_PIPE_CSC_COEFF(Register, at=_cgm(0x67900, 5), source=f"{_COLOR} CGM_PIPE_CSC_COEFF01 to COEFF8"):
    """Cherryview's conversion: nine coefficients, two a word."""

    HIGH = Field(31, 16, "odd coefficient")
    LOW = Field(15, 0, "even coefficient")


class CGM_PIPE_MODE(Register, at=_cgm(0x67A00, 1), source=_COLOR, gaps=RESERVED):
    """Which parts of Cherryview's colour unit are on."""

    GAMMA = Field(2, 2, "palette after the conversion")
    CSC = Field(1, 1, "conversion")
    DEGAMMA = Field(0, 0, "palette before the conversion")


class PIPEGCMAX_PREC(
    Register, at={"5-6": each(0x4D000, 0x10, ["A", "B"])}, name="PREC_PIPEGCMAX", source=_COLOR, gaps=RESERVED
):
    """End of the precise palette, red; green and blue follow."""

    MAX = Field(16, 0, "value, 16 binary digits after the point")
