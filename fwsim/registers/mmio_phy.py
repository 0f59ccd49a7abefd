"""The PHY registers that images wait for: Apollo and Gemini Lake's, Bay Trail's, Cherryview's, and gen 11's."""

# ruff: noqa: N801 (the manuals' own register names)

from fwsim.registers.core import RESERVED, VLV_BASE, At, Field, Register, at_each, each
from fwsim.registers.places import DISPLAY

_BXT = "Linux i915 display/bxt_dpio_phy_regs.h"
_COMBO = "Linux i915 display/intel_combo_phy_regs.h"


def _phys(offset: int) -> dict[str, At]:
    """A register of each PHY, by the ports it serves (Linux i915 display/intel_dpio_phy.c, glk_dpio_phy_info)."""
    first, second = 0x6C000 + offset, 0x162000 + offset
    return {
        "apollolake": at_each(BC=first, A=second),
        "geminilake": at_each(B=first, A=second, C=0x163000 + offset),
    }


class P_CR_GT_DISP_PWRON(
    Register, at={"bxt": 0x138090}, source=f"{DISPLAY} BXT_P_CR_GT_DISP_PWRON; Apollo and Gemini Lake images",
    gaps=RESERVED,
):  # fmt: skip
    """Power of the display PHYs; power good then shows in CL1CM_DW0."""

    PHY1_GLK = Field(3, 3, "PHY 1 (port A) power wanted", gen="geminilake")
    MIPI_RESET = Field(2, 2, "MIPI I/O out of reset")
    PHY2 = Field(1, 1, "PHY 2 (port C) power wanted", gen="geminilake")
    PHY1 = Field(1, 1, "PHY 1 (port A) power wanted", gen="apollolake")
    PHY0 = Field(0, 0, "PHY 0 (port B, on Apollo Lake C too) power wanted")


class PORT_CL1CM_DW0(Register, at=_phys(0x0), source=_BXT, gaps="PHY internals, not documented"):
    """Common lane state of a PHY: bit 16 tells that its power is good."""

    POWER_GOOD = Field(16, 16, "power is good", access="ro")
    RESERVED_STATE = Field(7, 7, "reserved, 0 when the PHY is alive", access="ro")


class PORT_CL1CM_DW9(Register, at=_phys(0x24), source=_BXT, gaps="PHY internals, not documented"):
    """Common lane reference trim."""

    TRIM = Field(15, 8, "current reference trim")


class PORT_CL1CM_DW10(Register, at=_phys(0x28), source=_BXT, gaps="PHY internals, not documented"):
    """Common lane reference trim, second register."""

    TRIM = Field(15, 8, "current reference trim")


class PORT_CL1CM_DW28(Register, at=_phys(0x70), source=_BXT, gaps="PHY internals, not documented"):
    """Common lane power gating."""

    OCL1_OFF = Field(23, 23, "common lane clock may stop")
    DW28_OFF = Field(22, 22, "dynamic power-down")
    SUS_OFF = Field(1, 0, "suspend clock configuration")


class PORT_CL1CM_DW30(Register, at=_phys(0x78), source=_BXT, gaps="PHY internals, not documented"):
    """Common lane power gating, second register."""

    CH1_OFF = Field(6, 6, "second channel powered down with its lanes")


class PORT_REF_DW3(
    Register, at=_phys(0x18C), source=f"{_BXT}; POST does not end without it",
    gaps="PHY internals, not documented",
):  # fmt: skip
    """Reference resistor calibration: bit 22 tells that it is done."""

    GRC_DONE = Field(22, 22, "calibration done", access="ro")


class PORT_REF_DW6(Register, at=_phys(0x198), source=_BXT):
    """Calibration code."""

    CODE = Field(31, 24, "code in use")
    FAST = Field(23, 16, "code, fast")
    SLOW = Field(15, 8, "code, slow")
    NOMINAL = Field(7, 0, "code, nominal")


class PORT_REF_DW8(Register, at=_phys(0x1A0), source=_BXT, gaps="PHY internals, not documented"):
    """Calibration override."""

    GRC_OFF = Field(15, 15, "own calibration off: copy the other PHY's code")
    READY = Field(1, 1, "ready overridden")


class PHY_CTL_DDI(Register, at={"bxt": each(0x64C00, 0x10, "ABC")}, source=f"{DISPLAY} BXT_PHY_CTL", gaps=RESERVED):
    """Lane power of a port."""

    CMN_ACK = Field(10, 10, "common lane power-down done", access="ro")
    LANE_ACK = Field(9, 9, "lane power-down done", access="ro")
    ENABLED = Field(8, 8, "lanes are on", access="ro")


class PHY_CTL_FAMILY(
    Register, at={"bxt": at_each(EDP=0x64C80, DDI=0x64C90, DDI_C=0x64CA0)}, source=DISPLAY, gaps=RESERVED
):
    """Reset of a PHY."""

    RESET_OFF = Field(31, 31, "out of reset")


class DPIO_CTL(Register, at={"vlv": VLV_BASE + 0x2110}, source=DISPLAY, gaps=RESERVED):
    """Reset of the display PHY of Bay Trail."""

    MODSEL1 = Field(3, 3, "reference B is 27 MHz")
    MODSEL0 = Field(2, 2, "reference A is 27 MHz")
    BYPASS = Field(1, 1, "supply filter bypassed")
    RESET = Field(0, 0, "common lane", values={0: "in reset", 1: "running"})


class DPIO_PHY_STATUS(Register, at={"cherryview": VLV_BASE + 0x6240}, access="ro", source=DISPLAY, gaps=RESERVED):
    """Lanes of Cherryview's port D."""

    READY_D = Field(3, 0, "port D lanes ready (0 is ready)")


class DISPLAY_PHY_CONTROL(Register, at={"cherryview": VLV_BASE + 0x60100}, source=DISPLAY):
    """Power of Cherryview's display PHYs."""

    OVERRIDE_EN = Field(31, 27, "power-down overrides on, and the LDO delay's top bit")
    LDO_DELAY = Field(26, 23, "LDO sequence delays")
    OVERRIDES = Field(22, 11, "channel power-down overrides")
    MODES = Field(10, 2, "channel power modes")
    RESET1 = Field(1, 1, "PHY 1 common lane out of reset")
    RESET0 = Field(0, 0, "PHY 0 common lane out of reset")


class DISPLAY_PHY_STATUS(
    Register, at={"cherryview": VLV_BASE + 0x60104}, access="ro", reset=0xC0000000,
    source=f"{DISPLAY}; Cherryview images loop for ever without it", gaps=RESERVED,
):  # fmt: skip
    """Power good of Cherryview's PHYs while their common-lane wells are on, as PUNIT_PWRGT_STATUS is at reset."""

    GOOD0 = Field(31, 31, "PHY 0 power good")
    GOOD1 = Field(30, 30, "PHY 1 power good")
    LDO = Field(8, 0, "LDO states of the lanes")


class ICL_PHY_MISC(Register, at={"11-": each(0x64C00, 4, "AB")}, source=DISPLAY, gaps=RESERVED):
    """Combo PHY: compensation and multiplexing."""

    MUX_D = Field(28, 28, "port D through PHY A")
    COMP_OFF = Field(23, 23, "compensation powered down")


class PORT_COMP_DW0(Register, at={"11-": at_each(A=0x162100, B=0x6C100)}, source=_COMBO, gaps=RESERVED):
    """Combo PHY compensation."""

    INIT = Field(31, 31, "compensation done", values={0: "not set up", 1: "set up"})
    PERIODIC = Field(23, 20, "periodic compensation counter")


class PORT_COMP_DW1(Register, at={"11-": at_each(A=0x162104, B=0x6C104)}, source=_COMBO):
    """Combo PHY process corner, programmed by software."""

    REFERENCE = Field(31, 0, "reference values")


class PORT_COMP_DW3(
    Register, at={"11-": at_each(A=0x16210C, B=0x6C10C)}, access="ro", reset=None, source=_COMBO, gaps=RESERVED
):
    """Combo PHY process and voltage, as fused."""

    PROCESS = Field(28, 26, "process", values={0: "dot-0", 1: "dot-1", 2: "dot-4"})
    VOLTAGE = Field(25, 24, "voltage", values={0: "0.85 V", 1: "0.95 V", 2: "1.05 V"})


class PORT_CL_DW5(Register, at={"11-": at_each(A=0x162014, B=0x6C014)}, source=_COMBO, gaps=RESERVED):
    """Combo PHY common lane."""

    POWER_DOWN = Field(4, 4, "common lane may power down")
    SUS = Field(1, 0, "suspend clock configuration")
