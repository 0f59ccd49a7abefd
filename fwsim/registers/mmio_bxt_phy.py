"""The port PHY registers of Apollo and Gemini Lake: PLLs, lanes one by one, and all lanes of a port at once (GRP).

Port A has a PHY of its own at 0x162000. B and C share the one at 0x6C000 on Apollo Lake, C its second channel; on
Gemini Lake C has one at 0x163000 (Linux i915 display/intel_dpio_phy.c, glk_dpio_phy_info).
"""

# ruff: noqa: N801 (the driver's own register names)

from fwsim.registers.core import RESERVED, Array, At, Field, Register, at_each

_PHY = "Linux i915 display/bxt_dpio_phy_regs.h"


def _ports(a: int, b: int, c: int) -> dict[str, At]:
    """A register of each port."""
    return {
        "apollolake": at_each(A=0x162000 + a, B=0x6C000 + b, C=0x6C000 + c),
        "geminilake": at_each(A=0x162000 + a, B=0x6C000 + b, C=0x163000 + b),
    }


def _lanes(a: int, c: int) -> dict[str, At]:
    """A register of each port's four lanes: two pairs 0x200 apart, 0x80 within a pair."""
    return {
        family: Array(
            tuple((f"{port}{lane}", base + 0x200 * (lane >> 1) + 0x80 * (lane & 1))
                  for port, base in (("A", 0x162000 + a), ("B", 0x6C000 + a), ("C", third))
                  for lane in range(4))
        )
        for family, third in (("apollolake", 0x6C000 + c), ("geminilake", 0x163000 + a))
    }  # fmt: skip


class PORT_PLL_EBB_0(Register, at=_ports(0x34, 0x34, 0x340), source=_PHY, gaps=RESERVED):
    """Buffers of a port's PLL: its post dividers."""

    P1 = Field(15, 13, "P1")
    P2 = Field(12, 8, "P2")


class BXT_PORT_PLL_EBB_4(
    Register,
    at={
        "apollolake": at_each(A=0x162038, B=0x6C038, C=0x6C344),
        "geminilake": at_each(A=0x162038, B=0x6C038, C=0x163038),
    },
    source=f"{_PHY} BXT_PORT_PLL_EBB_4",
    gaps=RESERVED,
):
    """Buffers of a port's PLL: its clocks."""

    RECALIBRATE = Field(14, 14, "calibrate again")
    CLOCK10 = Field(13, 13, "10-bit clock on")


class PORT_PLL_0(Register, at=_ports(0x100, 0x100, 0x380), source=_PHY, gaps=RESERVED):
    """PLL of a port, word 0."""

    M2 = Field(7, 0, "M2, integer part")


class PORT_PLL_1(Register, at=_ports(0x104, 0x104, 0x384), source=_PHY, gaps=RESERVED):
    """PLL of a port, word 1."""

    N = Field(11, 8, "N")


class PORT_PLL_2(Register, at=_ports(0x108, 0x108, 0x388), source=_PHY, gaps=RESERVED):
    """PLL of a port, word 2."""

    FRACTION = Field(21, 0, "M2, fraction")


class PORT_PLL_3(Register, at=_ports(0x10C, 0x10C, 0x38C), source=_PHY, gaps=RESERVED):
    """PLL of a port, word 3."""

    FRACTION = Field(16, 16, "fraction is used")


class PORT_PLL_6(Register, at=_ports(0x118, 0x118, 0x398), source=_PHY, gaps=RESERVED):
    """PLL of a port, word 6."""

    GAIN = Field(18, 16, "gain")
    INTEGRAL = Field(12, 8, "integral coefficient")
    PROPORTIONAL = Field(3, 0, "proportional coefficient")


class PORT_PLL_8(Register, at=_ports(0x120, 0x120, 0x3A0), source=_PHY, gaps=RESERVED):
    """PLL of a port, word 8."""

    TARGET = Field(9, 0, "target count")


class PORT_PLL_9(Register, at=_ports(0x124, 0x124, 0x3A4), source=_PHY, gaps=RESERVED):
    """PLL of a port, word 9."""

    THRESHOLD = Field(3, 1, "lock threshold")


class PORT_PLL_10(Register, at=_ports(0x128, 0x128, 0x3A8), source=_PHY, gaps=RESERVED):
    """PLL of a port, word 10."""

    OVERRIDE = Field(27, 27, "amplitude as programmed")
    AMPLITUDE = Field(13, 10, "oscillator's amplitude")


class PORT_CL2CM_DW6(Register, at={"apollolake": at_each(A=0x162358, BC=0x6C358)}, source=_PHY, gaps=RESERVED):
    """Common lane of a PHY's second channel."""

    DYNAMIC = Field(28, 28, "regulator powers down by itself")


class PORT_PCS_DW10_LN01(Register, at=_ports(0x428, 0x428, 0x828), source=_PHY, gaps=RESERVED):
    """Swing calculation of lanes 0 and 1."""

    TX2 = Field(31, 31, "second transmitter begins")
    TX1 = Field(30, 30, "first transmitter begins")


class PORT_PCS_DW10_GRP(Register, at=_ports(0xC28, 0xC28, 0xE28), source=_PHY, gaps=RESERVED):
    """Swing calculation of all lanes."""

    TX2 = Field(31, 31, "second transmitter begins")
    TX1 = Field(30, 30, "first transmitter begins")


class PORT_PCS_DW12_LN01(Register, at=_ports(0x430, 0x430, 0x830), source=_PHY, gaps=RESERVED):
    """Stagger of lanes 0 and 1."""

    OVERRIDE = Field(6, 6, "not by straps")
    STAGGER = Field(4, 0, "stagger")


class PORT_PCS_DW12_LN23(Register, at=_ports(0x630, 0x630, 0xA30), source=_PHY, gaps=RESERVED):
    """Stagger of lanes 2 and 3."""

    OVERRIDE = Field(6, 6, "not by straps")
    STAGGER = Field(4, 0, "stagger")


class PORT_PCS_DW12_GRP(Register, at=_ports(0xC30, 0xC30, 0xE30), source=_PHY, gaps=RESERVED):
    """Stagger of all lanes."""

    OVERRIDE = Field(6, 6, "not by straps")
    STAGGER = Field(4, 0, "stagger")


class PORT_TX_DW2_LN(Register, at=_lanes(0x508, 0x908), source=_PHY, gaps=RESERVED):
    """Swing of a lane."""

    MARGIN = Field(23, 16, "swing")
    SCALE = Field(15, 8, "unique transition scale")


class PORT_TX_DW2_GRP(Register, at=_ports(0xD08, 0xD08, 0xF08), source=_PHY, gaps=RESERVED):
    """Swing of all lanes."""

    MARGIN = Field(23, 16, "swing")
    SCALE = Field(15, 8, "unique transition scale")


class PORT_TX_DW3_LN(Register, at=_lanes(0x50C, 0x90C), source=_PHY, gaps=RESERVED):
    """Ways of swing of a lane."""

    UNIQUE = Field(27, 27, "unique transition range")
    SCALE = Field(26, 26, "scaling compensated")


class PORT_TX_DW3_GRP(Register, at=_ports(0xD0C, 0xD0C, 0xF0C), source=_PHY, gaps=RESERVED):
    """Ways of swing of all lanes."""

    UNIQUE = Field(27, 27, "unique transition range")
    SCALE = Field(26, 26, "scaling compensated")


class PORT_TX_DW4_LN(Register, at=_lanes(0x510, 0x910), source=_PHY, gaps=RESERVED):
    """De-emphasis of a lane."""

    DE_EMPHASIS = Field(31, 24, "de-emphasis")


class PORT_TX_DW4_GRP(Register, at=_ports(0xD10, 0xD10, 0xF10), source=_PHY, gaps=RESERVED):
    """De-emphasis of all lanes."""

    DE_EMPHASIS = Field(31, 24, "de-emphasis")


class PORT_TX_DW5_LN(Register, at=_lanes(0x514, 0x914), source=_PHY, gaps=RESERVED):
    """Duty cycle of a lane."""

    RANGE1 = Field(9, 9, "delay range 1")
    RANGE2 = Field(8, 8, "delay range 2")


class PORT_TX_DW5_GRP(Register, at=_ports(0xD14, 0xD14, 0xF14), source=_PHY, gaps=RESERVED):
    """Duty cycle of all lanes."""

    RANGE1 = Field(9, 9, "delay range 1")
    RANGE2 = Field(8, 8, "delay range 2")


class PORT_TX_DW14_LN(Register, at=_lanes(0x538, 0x938), source=_PHY, gaps=RESERVED):
    """Latency of a lane."""

    LATENCY = Field(30, 30, "latency optimisation")
