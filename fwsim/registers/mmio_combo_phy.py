"""The combo PHY registers of gen 11 and later: each lane's transmitter, all lanes at once (GRP), and AUX.

PCS lies at 0x300 for AUX, at 0x600 for the group, at 0x800 + 0x100 * lane for a lane, and TX 0x80 higher.
"""

# ruff: noqa: N801 (the driver's own register names)

from fwsim.registers.core import RESERVED, Field, Register
from fwsim.registers.places import combo_phys

_COMBO = "Linux i915 display/intel_combo_phy_regs.h"


class ICL_PORT_CL_DW10(Register, at=combo_phys(0x28), source=_COMBO, gaps=RESERVED):
    """Lanes that are powered down."""

    DELAY = Field(26, 25, "delay of the power sequence")
    DELAY_ON = Field(24, 24, "that delay is used")
    DOWN = Field(7, 4, "lanes down, a bit each")
    EDP_ON = Field(3, 3, "eDP 4K mode as programmed")
    EDP = Field(2, 2, "eDP 4K mode optimised")


class ICL_PORT_CL_DW12(Register, at=combo_phys(0x30), source=_COMBO, gaps=RESERVED):
    """AUX lane."""

    AUX = Field(0, 0, "AUX lane on")


class ICL_PORT_COMP_DW8(Register, at=combo_phys(0x120), source=_COMBO, gaps=RESERVED):
    """Reference current."""

    IREFGEN = Field(24, 24, "reference current made here")


class ICL_PORT_COMP_DW9(Register, at=combo_phys(0x124), source=f"{_COMBO}; no public fields"):
    """Compensation values by process."""

    DATA = Field(31, 0, "not described")


class ICL_PORT_COMP_DW10(Register, at=combo_phys(0x128), source=f"{_COMBO}; no public fields"):
    """Compensation values by process."""

    DATA = Field(31, 0, "not described")


class ICL_DPHY_CHKN(Register, at=combo_phys(0x194), source=_COMBO, gaps="undocumented chicken bits"):
    """Workarounds of the PHY in MIPI mode."""

    AFE = Field(7, 7, "analogue part over the straps")


class ICL_PORT_PCS_DW1_AUX(Register, at=combo_phys(0x304), source=_COMBO, gaps=RESERVED):
    """Coding sublayer, AUX."""

    KEEPER = Field(26, 26, "common keeper on")
    DCC = Field(21, 20, "duty cycle correction", values={0: "once"})
    LATENCY = Field(3, 2, "latency optimisation")


class ICL_PORT_PCS_DW1_GRP(Register, at=combo_phys(0x604), source=_COMBO, gaps=RESERVED):
    """Coding sublayer, all lanes at once."""

    KEEPER = Field(26, 26, "common keeper on")
    DCC = Field(21, 20, "duty cycle correction", values={0: "once"})
    LATENCY = Field(3, 2, "latency optimisation")


class ICL_PORT_PCS_DW1_LN(Register, at=combo_phys(0x804, lanes=True), source=_COMBO, gaps=RESERVED):
    """Coding sublayer, of a lane."""

    KEEPER = Field(26, 26, "common keeper on")
    DCC = Field(21, 20, "duty cycle correction", values={0: "once"})
    LATENCY = Field(3, 2, "latency optimisation")


class ICL_PORT_TX_DW2_AUX(Register, at=combo_phys(0x388), source=_COMBO, gaps=RESERVED):
    """Swing, AUX."""

    SWING_HIGH = Field(15, 15, "swing, bit 3")
    SWING = Field(13, 11, "swing, bits 2:0")
    FORCE = Field(10, 8, "latency optimisation forced")
    SCALAR = Field(7, 0, "compensation scalar")


class ICL_PORT_TX_DW2_GRP(Register, at=combo_phys(0x688), source=_COMBO, gaps=RESERVED):
    """Swing, all lanes at once."""

    SWING_HIGH = Field(15, 15, "swing, bit 3")
    SWING = Field(13, 11, "swing, bits 2:0")
    FORCE = Field(10, 8, "latency optimisation forced")
    SCALAR = Field(7, 0, "compensation scalar")


class ICL_PORT_TX_DW2_LN(Register, at=combo_phys(0x888, lanes=True), source=_COMBO, gaps=RESERVED):
    """Swing, of a lane."""

    SWING_HIGH = Field(15, 15, "swing, bit 3")
    SWING = Field(13, 11, "swing, bits 2:0")
    FORCE = Field(10, 8, "latency optimisation forced")
    SCALAR = Field(7, 0, "compensation scalar")


class ICL_PORT_TX_DW4_AUX(Register, at=combo_phys(0x390), source=_COMBO, gaps=RESERVED):
    """Cursor coefficients, AUX."""

    LOADGEN = Field(31, 31, "load generator selected")
    POST1 = Field(17, 12, "first post cursor")
    POST2 = Field(11, 6, "second post cursor")
    CURSOR = Field(5, 0, "cursor")


class ICL_PORT_TX_DW4_GRP(Register, at=combo_phys(0x690), source=_COMBO, gaps=RESERVED):
    """Cursor coefficients, all lanes at once."""

    LOADGEN = Field(31, 31, "load generator selected")
    POST1 = Field(17, 12, "first post cursor")
    POST2 = Field(11, 6, "second post cursor")
    CURSOR = Field(5, 0, "cursor")


class ICL_PORT_TX_DW4_LN(Register, at=combo_phys(0x890, lanes=True), source=_COMBO, gaps=RESERVED):
    """Cursor coefficients, of a lane."""

    LOADGEN = Field(31, 31, "load generator selected")
    POST1 = Field(17, 12, "first post cursor")
    POST2 = Field(11, 6, "second post cursor")
    CURSOR = Field(5, 0, "cursor")


class ICL_PORT_TX_DW5_AUX(Register, at=combo_phys(0x394), source=_COMBO, gaps=RESERVED):
    """Training and taps, AUX."""

    TRAINING = Field(31, 31, "training values are used")
    TAP2 = Field(30, 30, "second tap off")
    TAP3 = Field(29, 29, "third tap off")
    SCALING = Field(20, 18, "scaling mode")
    RTERM = Field(5, 3, "termination")


class ICL_PORT_TX_DW5_GRP(Register, at=combo_phys(0x694), source=_COMBO, gaps=RESERVED):
    """Training and taps, all lanes at once."""

    TRAINING = Field(31, 31, "training values are used")
    TAP2 = Field(30, 30, "second tap off")
    TAP3 = Field(29, 29, "third tap off")
    SCALING = Field(20, 18, "scaling mode")
    RTERM = Field(5, 3, "termination")


class ICL_PORT_TX_DW5_LN(Register, at=combo_phys(0x894, lanes=True), source=_COMBO, gaps=RESERVED):
    """Training and taps, of a lane."""

    TRAINING = Field(31, 31, "training values are used")
    TAP2 = Field(30, 30, "second tap off")
    TAP3 = Field(29, 29, "third tap off")
    SCALING = Field(20, 18, "scaling mode")
    RTERM = Field(5, 3, "termination")


class ICL_PORT_TX_DW6_AUX(Register, at=combo_phys(0x398), source=_COMBO, gaps=RESERVED):
    """Regulator, AUX."""

    OVERRIDE = Field(7, 7, "function override on")
    LDO_REF = Field(6, 1, "regulator reference")
    LDO_BYPASS = Field(0, 0, "regulator bypassed")


class ICL_PORT_TX_DW6_GRP(Register, at=combo_phys(0x698), source=_COMBO, gaps=RESERVED):
    """Regulator, all lanes at once."""

    OVERRIDE = Field(7, 7, "function override on")
    LDO_REF = Field(6, 1, "regulator reference")
    LDO_BYPASS = Field(0, 0, "regulator bypassed")


class ICL_PORT_TX_DW6_LN(Register, at=combo_phys(0x898, lanes=True), source=_COMBO, gaps=RESERVED):
    """Regulator, of a lane."""

    OVERRIDE = Field(7, 7, "function override on")
    LDO_REF = Field(6, 1, "regulator reference")
    LDO_BYPASS = Field(0, 0, "regulator bypassed")


class ICL_PORT_TX_DW7_AUX(Register, at=combo_phys(0x39C), source=_COMBO, gaps=RESERVED):
    """Swing scalar, AUX."""

    N = Field(30, 24, "N scalar")


class ICL_PORT_TX_DW7_GRP(Register, at=combo_phys(0x69C), source=_COMBO, gaps=RESERVED):
    """Swing scalar, all lanes at once."""

    N = Field(30, 24, "N scalar")


class ICL_PORT_TX_DW7_LN(Register, at=combo_phys(0x89C, lanes=True), source=_COMBO, gaps=RESERVED):
    """Swing scalar, of a lane."""

    N = Field(30, 24, "N scalar")


class ICL_PORT_TX_DW8_AUX(Register, at=combo_phys(0x3A0), source=_COMBO, gaps=RESERVED):
    """Duty cycle correction clock, AUX."""

    CLOCK = Field(31, 31, "clock selected")
    DIVIDER = Field(30, 29, "its divider", values={1: "by 2"})


class ICL_PORT_TX_DW8_GRP(Register, at=combo_phys(0x6A0), source=_COMBO, gaps=RESERVED):
    """Duty cycle correction clock, all lanes at once."""

    CLOCK = Field(31, 31, "clock selected")
    DIVIDER = Field(30, 29, "its divider", values={1: "by 2"})


class ICL_PORT_TX_DW8_LN(Register, at=combo_phys(0x8A0, lanes=True), source=_COMBO, gaps=RESERVED):
    """Duty cycle correction clock, of a lane."""

    CLOCK = Field(31, 31, "clock selected")
    DIVIDER = Field(30, 29, "its divider", values={1: "by 2"})
