"""The pipe scalers' further registers, and the panel fitter's that igt names."""

# ruff: noqa: N801 (the driver's own register names)

from fwsim.registers.core import RESERVED, Array, Field, Register, each
from fwsim.registers.places import I915, Places, scalers


class PS_VPHASE(Register, at=scalers(0x68188), source=f"{I915} SKL_PS_VPHASE"):
    """Vertical phase: where the first line is taken."""

    Y = Field(31, 17, "luma, 13 binary digits after the point")
    Y_TRIP = Field(16, 16, "luma: initial trip")
    UV = Field(15, 1, "chroma or RGB, 13 binary digits after the point")
    UV_TRIP = Field(0, 0, "chroma or RGB: initial trip")


class PS_HPHASE(Register, at=scalers(0x68194), source=f"{I915} SKL_PS_HPHASE"):
    """Horizontal phase: where the first pixel is taken."""

    Y = Field(31, 17, "luma, 13 binary digits after the point")
    Y_TRIP = Field(16, 16, "luma: initial trip")
    UV = Field(15, 1, "chroma or RGB, 13 binary digits after the point")
    UV_TRIP = Field(0, 0, "chroma or RGB: initial trip")


class PS_ECC_STAT(Register, at=scalers(0x681D0), source=f"{I915} SKL_PS_ECC_STAT; no public fields"):
    """Memory errors of a scaler."""

    DATA = Field(31, 0, "not described")


def _coefficients(base: int) -> Places:
    """A register of a scaler's two sets of coefficients, 8 bytes apart."""
    return {
        families: Array(tuple((f"{label}_{number}", address + 8 * number)
                              for label, address in array.members for number in range(2)))
        for families, array in scalers(base, "geminilake,10-").items()
    }  # fmt: skip


class PS_COEF_INDEX(Register, at=_coefficients(0x68198), source=f"{I915} GLK_PS_COEF_INDEX_SET",
                    gaps="the index, whose width is not public"):  # fmt: skip
    """Which coefficient PS_COEF_DATA reaches."""

    AUTO = Field(10, 10, "index goes on by itself")


class PS_COEF_DATA(Register, at=_coefficients(0x6819C), source=f"{I915} GLK_PS_COEF_DATA_SET"):
    """Two coefficients of the programmed filter."""

    SECOND = Field(31, 16, "second coefficient")
    FIRST = Field(15, 0, "first coefficient")


class PF_CTL_3(Register, at={"5-8,!vlv": each(0x68088, 0x800, "ABC")}, source="igt's register list; no public fields"):
    """Panel fitter of Ironlake to Broadwell: third control register."""

    DATA = Field(31, 0, "not described")


class SPRSCALE(
    Register, at={"ivybridge": each(0x70304, 0x1000, "ABC")}, source="Linux i915 display/intel_sprite_regs.h",
    gaps=RESERVED,
):  # fmt: skip
    """Scaling of Ivy Bridge's sprites."""

    ENABLE = Field(31, 31, "on")
    FILTER = Field(30, 29, "filter", values={0: "medium", 1: "enhancing", 2: "softening"})
    V_HALF = Field(28, 28, "vertical offset of a half line")
    V_OFFSET = Field(27, 27, "vertical offset on")
    SRC_WIDTH = Field(26, 16, "source's width", unit="pixels", plus=1)
    SRC_HEIGHT = Field(10, 0, "source's height", unit="lines", plus=1)


class DVSSCALE(
    Register, at={"g4x,5-6": each(0x72204, 0x1000, "AB")}, source="Linux i915 display/intel_sprite_regs.h",
    gaps=RESERVED,
):  # fmt: skip
    """Scaling of the sprites of G4x, Ironlake and Sandy Bridge."""

    ENABLE = Field(31, 31, "on")
    FILTER = Field(30, 29, "filter", values={0: "medium", 1: "enhancing", 2: "softening"})
    V_HALF = Field(28, 28, "vertical offset of a half line")
    V_OFFSET = Field(27, 27, "vertical offset on")
    SRC_WIDTH = Field(26, 16, "source's width", unit="pixels", plus=1)
    SRC_HEIGHT = Field(10, 0, "source's height", unit="lines", plus=1)


def _words(base: int, count: int) -> Array:
    """``count`` words of the sprites of pipes A and B."""
    return Array(
        tuple((f"{pipe}{word}", base + 0x1000 * index + 4 * word)
              for index, pipe in enumerate("AB") for word in range(count))
    )  # fmt: skip


class DVSGAMC_ILK(
    Register, at={"5-6": _words(0x72300, 16)}, source="Linux i915 display/intel_sprite_regs.h", gaps=RESERVED
):
    """Gamma of Ironlake's and Sandy Bridge's sprites: 16 points of 10 bits a colour."""

    RED = Field(29, 20, "red")
    GREEN = Field(19, 10, "green")
    BLUE = Field(9, 0, "blue")


class DVSGAMCMAX_ILK(
    Register, at={"5-6": _words(0x72340, 3)}, source="Linux i915 display/intel_sprite_regs.h", gaps=RESERVED
):
    """End of that gamma, a word a colour."""

    MAX = Field(10, 0, "value, 10 binary digits after the point")


class SPSURF(
    Register,
    at={
        "baytrail": Array(tuple((f"{pipe}{number}", 0x1F219C + 0x200 * index + 0x100 * number)
                                for index, pipe in enumerate("AB") for number in range(2))),
        "cherryview": Array(tuple((f"{pipe}{number}", 0x1F219C + 0x200 * index + 0x100 * number)
                                  for index, pipe in enumerate("ABC") for number in range(2))),
    },
    source="Linux i915 display/intel_sprite_regs.h",
    gaps=RESERVED,
):  # fmt: skip
    """Surface base of Bay Trail's and Cherryview's sprites."""

    ADDRESS = Field(31, 12, "graphics address", address=True)
