"""The universal planes' further registers: planar formats, clear colour, workarounds."""

# ruff: noqa: N801 (the driver's own register names)

from fwsim.registers.core import RESERVED, Field, Register
from fwsim.registers.places import UNIVERSAL, planes


class PLANE_WM_TRANS(Register, at=planes(0x70268), source=UNIVERSAL, gaps=RESERVED):
    """Watermark of a plane while levels change."""

    ENABLE = Field(31, 31, "on")
    IGNORE_LINES = Field(30, 30, "lines not compared")
    LINES = Field(26, 14, "threshold", unit="lines")
    BLOCKS = Field(11, 0, "threshold", unit="blocks")


class PLANE_NV12_BUF_CFG(Register, at=planes(0x70278), source=UNIVERSAL, gaps=RESERVED):
    """The share of the display buffer that a planar format's other surface has (to gen 10; igt has it later too)."""

    END = Field(27, 16, "last block")
    START = Field(11, 0, "first block")


class PLANE_AUX_OFFSET(Register, at=planes(0x701C4), source=UNIVERSAL):
    """First pixel within the auxiliary surface."""

    Y = Field(31, 16, "line")
    X = Field(15, 0, "column")


class PLANE_CC_VAL(Register, at=planes(0x701B4, "12-", words=2), source=UNIVERSAL):
    """Clear colour of a compressed surface, two words."""

    VALUE = Field(31, 0, "half of the colour")


class PLANE_CUS_CTL(Register, at=planes(0x701C8, "11-", highest=3), source=UNIVERSAL, gaps=RESERVED):
    """Chroma upsampling of an HDR plane (the first three)."""

    ENABLE = Field(31, 31, "on")
    Y_PLANE = Field(30, 30, "luma from plane", values={0: "6 (Rocket Lake on: 4)", 1: "7 (Rocket Lake on: 5)"})
    H_NEGATIVE = Field(19, 19, "horizontal phase is negative")
    H_PHASE = Field(17, 16, "horizontal phase", values={0: "0", 1: "0.25", 2: "0.5"})
    V_NEGATIVE = Field(15, 15, "vertical phase is negative")
    V_PHASE = Field(13, 12, "vertical phase", values={0: "0", 1: "0.25", 2: "0.5"})


class PLANE_CHICKEN(Register, at=planes(0x7026C, "12-"), source=UNIVERSAL, gaps="undocumented chicken bits"):
    """Workarounds of a plane."""

    NO_DPT = Field(19, 19, "display page table off", gen="meteorlake")
