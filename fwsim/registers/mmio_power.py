"""The power registers: power wells, fuses, pcode mailbox, sideband doorbells, message control."""

# ruff: noqa: N801 (the manuals' own register names)

from fwsim.registers.core import RESERVED, VLV_BASE, Field, Register, each
from fwsim.registers.places import DISPLAY, I915


class PWR_WELL_CTL_HSW(
    Register,
    at={"hsw": each(0x45400, 4, ["BIOS", "DRIVER", "KVMR", "DEBUG"])},
    name="PWR_WELL_CTL",
    source=f"{DISPLAY} HSW_PWR_WELL_CTL1; bit 30 is the OR of all four requests",
    gaps=RESERVED,
):
    """Haswell's one display power well: a request each for firmware, driver, remote viewing and debugging."""

    REQUEST = Field(31, 31, "well wanted on")
    STATE = Field(30, 30, "well is on", access="ro")


class PWR_WELL_CTL_SKL(
    Register,
    at={"9-10": each(0x45400, 4, ["BIOS", "DRIVER", "KVMR", "DEBUG"])},
    name="PWR_WELL_CTL",
    source=f"{DISPLAY} HSW_PWR_WELL_CTL1",
    gaps=RESERVED,
):
    """Power wells of Skylake and Apollo Lake: request bit 2n + 1, state bit 2n."""

    PW2_REQUEST = Field(31, 31, "well 2 wanted on")
    PW2 = Field(30, 30, "well 2 is on", access="ro")
    PW1_REQUEST = Field(29, 29, "well 1 wanted on")
    PW1 = Field(28, 28, "well 1 is on", access="ro")
    AUX_C_REQUEST = Field(21, 21, "AUX C wanted on", gen="geminilake,10")
    AUX_C = Field(20, 20, "AUX C is on", gen="geminilake,10", access="ro")
    AUX_B_REQUEST = Field(19, 19, "AUX B wanted on", gen="geminilake,10")
    AUX_B = Field(18, 18, "AUX B is on", gen="geminilake,10", access="ro")
    AUX_A_REQUEST = Field(17, 17, "AUX A wanted on", gen="geminilake,10")
    AUX_A = Field(16, 16, "AUX A is on", gen="geminilake,10", access="ro")
    DDI_D_REQUEST = Field(9, 9, "port D wanted on")
    DDI_D = Field(8, 8, "port D is on", access="ro")
    DDI_C_REQUEST = Field(7, 7, "port C wanted on")
    DDI_C = Field(6, 6, "port C is on", access="ro")
    DDI_B_REQUEST = Field(5, 5, "port B wanted on")
    DDI_B = Field(4, 4, "port B is on", access="ro")
    DDI_AE_REQUEST = Field(3, 3, "ports A and E wanted on")
    DDI_AE = Field(2, 2, "ports A and E are on", access="ro")
    MISC_REQUEST = Field(1, 1, "miscellaneous I/O wanted on")
    MISC = Field(0, 0, "miscellaneous I/O is on", access="ro")


class PWR_WELL_CTL(
    Register,
    at={"11-": each(0x45400, 4, ["BIOS", "DRIVER", "KVMR", "DEBUG"])},
    source=f"{DISPLAY} HSW_PWR_WELL_CTL1; a well a pipe: XELPD_PW_CTL_IDX_PW_A",
    gaps=RESERVED,
):
    """Power wells from gen 11 on: request bit 2n + 1, state bit 2n."""

    PWD_REQUEST = Field(17, 17, "well of pipe D wanted on", gen="13-")
    PWD = Field(16, 16, "well of pipe D is on", gen="13-", access="ro")
    PWC_REQUEST = Field(15, 15, "well of pipe C wanted on", gen="13-")
    PWC = Field(14, 14, "well of pipe C is on", gen="13-", access="ro")
    PWB_REQUEST = Field(13, 13, "well of pipe B wanted on", gen="13-")
    PWB = Field(12, 12, "well of pipe B is on", gen="13-", access="ro")
    PWA_REQUEST = Field(11, 11, "well of pipe A wanted on", gen="13-")
    PWA = Field(10, 10, "well of pipe A is on", gen="13-", access="ro")
    PW5_REQUEST = Field(9, 9, "well 5 wanted on", gen="12")
    PW5 = Field(8, 8, "well 5 is on", gen="12", access="ro")
    PW4_REQUEST = Field(7, 7, "well 4 wanted on", gen="11-12")
    PW4 = Field(6, 6, "well 4 is on", gen="11-12", access="ro")
    PW3_REQUEST = Field(5, 5, "well 3 wanted on", gen="11-12")
    PW3 = Field(4, 4, "well 3 is on", gen="11-12", access="ro")
    PW2_REQUEST = Field(3, 3, "well 2 wanted on")
    PW2 = Field(2, 2, "well 2 is on", access="ro")
    PW1_REQUEST = Field(1, 1, "well 1 wanted on")
    PW1 = Field(0, 0, "well 1 is on", access="ro")


class PWR_WELL_CTL5(Register, at={"hsw": 0x45410}, source=f"{DISPLAY} HSW_PWR_WELL_CTL5", gaps=RESERVED):
    """Debug control of Haswell's power well."""

    STEP = Field(31, 31, "single step")
    GATE = Field(20, 20, "power gate override")
    FORCE = Field(19, 19, "forced on")


class PWR_WELL_CTL_AUX(
    Register,
    at={"11-": each(0x45440, 4, ["BIOS", "DRIVER", "KVMR", "DEBUG"])},
    source=f"{DISPLAY} ICL_PWR_WELL_CTL_AUX1, TGL_PW_CTL_IDX_AUX_TC1",
    gaps=RESERVED,
):
    """Power of the AUX channels from gen 11 on: request bit 2n + 1, state bit 2n."""

    TBT6_REQUEST = Field(29, 29, "AUX of Thunderbolt port 6 wanted on", gen="12-")
    TBT6 = Field(28, 28, "AUX of Thunderbolt port 6 is on", gen="12-", access="ro")
    TBT5_REQUEST = Field(27, 27, "AUX of Thunderbolt port 5 wanted on", gen="12-")
    TBT5 = Field(26, 26, "AUX of Thunderbolt port 5 is on", gen="12-", access="ro")
    TBT4_REQUEST = Field(25, 25, "AUX of Thunderbolt port 4 wanted on", gen="12-")
    TBT4 = Field(24, 24, "AUX of Thunderbolt port 4 is on", gen="12-", access="ro")
    TBT3_REQUEST = Field(23, 23, "AUX of Thunderbolt port 3 wanted on", gen="12-")
    TBT3 = Field(22, 22, "AUX of Thunderbolt port 3 is on", gen="12-", access="ro")
    TBT2_REQUEST = Field(21, 21, "AUX of Thunderbolt port 2 wanted on", gen="12-")
    TBT2 = Field(20, 20, "AUX of Thunderbolt port 2 is on", gen="12-", access="ro")
    TBT1_REQUEST = Field(19, 19, "AUX of Thunderbolt port 1 wanted on", gen="12-")
    TBT1 = Field(18, 18, "AUX of Thunderbolt port 1 is on", gen="12-", access="ro")
    TC6_REQUEST = Field(17, 17, "AUX of Type-C port 6 wanted on", gen="12-")
    TC6 = Field(16, 16, "AUX of Type-C port 6 is on", gen="12-", access="ro")
    TC5_REQUEST = Field(15, 15, "AUX of Type-C port 5 wanted on", gen="12-")
    TC5 = Field(14, 14, "AUX of Type-C port 5 is on", gen="12-", access="ro")
    TC4_REQUEST = Field(13, 13, "AUX of Type-C port 4 wanted on", gen="12-")
    TC4 = Field(12, 12, "AUX of Type-C port 4 is on", gen="12-", access="ro")
    TC3_REQUEST = Field(11, 11, "AUX of Type-C port 3 wanted on", gen="12-")
    TC3 = Field(10, 10, "AUX of Type-C port 3 is on", gen="12-", access="ro")
    TC2_REQUEST = Field(9, 9, "AUX of Type-C port 2 wanted on", gen="12-")
    TC2 = Field(8, 8, "AUX of Type-C port 2 is on", gen="12-", access="ro")
    TC1_REQUEST = Field(7, 7, "AUX of Type-C port 1 wanted on", gen="12-")
    TC1 = Field(6, 6, "AUX of Type-C port 1 is on", gen="12-", access="ro")
    TBT_ICL = Field(23, 16, "AUX of Thunderbolt ports, two bits each", gen="11")
    F_REQUEST = Field(11, 11, "AUX F wanted on", gen="11")
    F = Field(10, 10, "AUX F is on", gen="11", access="ro")
    E_REQUEST = Field(9, 9, "AUX E wanted on", gen="11")
    E = Field(8, 8, "AUX E is on", gen="11", access="ro")
    D_REQUEST = Field(7, 7, "AUX D wanted on", gen="11")
    D = Field(6, 6, "AUX D is on", gen="11", access="ro")
    C_REQUEST = Field(5, 5, "AUX C wanted on")
    C = Field(4, 4, "AUX C is on", access="ro")
    B_REQUEST = Field(3, 3, "AUX B wanted on")
    B = Field(2, 2, "AUX B is on", access="ro")
    A_REQUEST = Field(1, 1, "AUX A wanted on")
    A = Field(0, 0, "AUX A is on", access="ro")


class PWR_WELL_CTL_DDI(
    Register,
    at={"11-": each(0x45450, 4, ["BIOS", "DRIVER", "KVMR", "DEBUG"])},
    source=f"{DISPLAY} ICL_PWR_WELL_CTL_DDI1, TGL_PW_CTL_IDX_DDI_TC1",
    gaps=RESERVED,
):
    """Power of the ports' I/O from gen 11 on: request bit 2n + 1, state bit 2n."""

    TC6_REQUEST = Field(17, 17, "Type-C port 6 wanted on", gen="12-")
    TC6 = Field(16, 16, "Type-C port 6 is on", gen="12-", access="ro")
    TC5_REQUEST = Field(15, 15, "Type-C port 5 wanted on", gen="12-")
    TC5 = Field(14, 14, "Type-C port 5 is on", gen="12-", access="ro")
    TC4_REQUEST = Field(13, 13, "Type-C port 4 wanted on", gen="12-")
    TC4 = Field(12, 12, "Type-C port 4 is on", gen="12-", access="ro")
    TC3_REQUEST = Field(11, 11, "Type-C port 3 wanted on", gen="12-")
    TC3 = Field(10, 10, "Type-C port 3 is on", gen="12-", access="ro")
    TC2_REQUEST = Field(9, 9, "Type-C port 2 wanted on", gen="12-")
    TC2 = Field(8, 8, "Type-C port 2 is on", gen="12-", access="ro")
    TC1_REQUEST = Field(7, 7, "Type-C port 1 wanted on", gen="12-")
    TC1 = Field(6, 6, "Type-C port 1 is on", gen="12-", access="ro")
    F_REQUEST = Field(11, 11, "port F wanted on", gen="11")
    F = Field(10, 10, "port F is on", gen="11", access="ro")
    E_REQUEST = Field(9, 9, "port E wanted on", gen="11")
    E = Field(8, 8, "port E is on", gen="11", access="ro")
    D_REQUEST = Field(7, 7, "port D wanted on", gen="11")
    D = Field(6, 6, "port D is on", gen="11", access="ro")
    C_REQUEST = Field(5, 5, "port C wanted on")
    C = Field(4, 4, "port C is on", access="ro")
    B_REQUEST = Field(3, 3, "port B wanted on")
    B = Field(2, 2, "port B is on", access="ro")
    A_REQUEST = Field(1, 1, "port A wanted on")
    A = Field(0, 0, "port A is on", access="ro")


class FUSE_STATUS(
    Register, at={"9-": 0x42000}, access="ro", reset=0x88000000, source=f"{DISPLAY} SKL_FUSE_STATUS", gaps=RESERVED
):
    """Fuses have been read, and distributed to the power groups: to group 0, to the others once their wells are on."""

    DOWNLOAD = Field(31, 31, "fuses downloaded")
    PG0 = Field(27, 27, "distributed to group 0")
    PG1 = Field(26, 26, "distributed to group 1")
    PG2 = Field(25, 25, "distributed to group 2")
    PG3 = Field(24, 24, "distributed to group 3", gen="11-12")
    PG4 = Field(23, 23, "distributed to group 4", gen="11-12")
    PG5 = Field(22, 22, "distributed to group 5", gen="12")
    PGA = Field(21, 21, "distributed to the group of pipe A", gen="13-")
    PGB = Field(20, 20, "distributed to the group of pipe B", gen="13-")
    PGC = Field(19, 19, "distributed to the group of pipe C", gen="13-")
    PGD = Field(18, 18, "distributed to the group of pipe D", gen="13-")


class FUSE_STRAP(Register, at={"5-8,!vlv": 0x42014}, access="ro", reset=None, source=DISPLAY, gaps=RESERVED):
    """What is fused off."""

    GRAPHICS_OFF = Field(31, 31, "graphics disabled")
    DISPLAY_OFF = Field(30, 30, "display disabled")
    DEBUG_OFF = Field(29, 29, "display debugging disabled")
    PIPE_C_OFF = Field(28, 28, "pipe C disabled", gen="7-8")
    HDCP_OFF = Field(25, 25, "HDCP disabled")
    EDP_OFF = Field(24, 24, "eDP disabled", gen="ilk")
    CDCLK_LIMIT = Field(24, 24, "core clock limited to 450 MHz", gen="hsw")
    DESKTOP = Field(23, 23, "desktop part", gen="ilk")
    SSC = Field(21, 21, "processor SSC on", gen="hsw")


class DFSM(Register, at={"9-": 0x51000}, access="ro", reset=None, source=f"{DISPLAY} SKL_DFSM", gaps=RESERVED):
    """What of the display is fused off."""

    PIPE_A_OFF = Field(30, 30, "pipe A disabled")
    PIPE_C_OFF = Field(28, 28, "pipe C disabled")
    PM_OFF = Field(27, 27, "power management disabled")
    HDCP_OFF = Field(25, 25, "HDCP disabled")
    CDCLK_LIMIT = Field(24, 23, "core clock at most", gen="9-10", values={0: "675", 1: "540", 2: "450", 3: "337.5 MHz"})
    DMC_OFF = Field(23, 23, "display microcontroller disabled", gen="11-")
    PIPE_D_OFF = Field(22, 22, "pipe D disabled", gen="12-")
    PIPE_B_OFF = Field(21, 21, "pipe B disabled")
    DSC_OFF = Field(7, 7, "compression disabled", gen="geminilake,10-")


class GT_MSG_CTL(
    Register,
    at={"7-,!vlv": 0x45010},
    name="MSG_CTL",
    source=f"{DISPLAY} GEN7_MSG_CTL; Linux's Ivy Bridge reset writes 2",
    gaps=RESERVED,
):
    """Hand-shake of a reset with the PCH."""

    WAIT_RESET = Field(1, 1, "wait for the PCH's reset answer")
    WAIT_FLR = Field(0, 0, "wait for the PCH's FLR answer")


class DC_STATE_EN(Register, at={"9-": 0x45504}, source=DISPLAY, gaps=RESERVED):
    """Display sleep states."""

    DC3CO = Field(30, 29, "DC3CO, wanted and entered", gen="12-")
    HOLD = Field(21, 20, "PHY latches held")
    DC9 = Field(3, 3, "DC9", gen="bxt,10-")
    UPTO = Field(1, 0, "deepest", values={0: "none", 1: "DC5", 2: "DC6"})


class NDE_RSTWRN_OPT(Register, at={"hsw,9-": 0x46408}, source=f"{DISPLAY} HSW_NDE_RSTWRN_OPT", gaps=RESERVED):
    """Reset warnings."""

    PICA = Field(6, 6, "handshake with the Type-C block", gen="meteorlake")
    PCH = Field(4, 4, "handshake with the PCH")


_PCODE = {
    0x4: "write RC6 voltages",
    0x5: "read RC6 voltages, or load HDCP keys",
    0x6: "read memory latency",
    0x7: "core clock change",
    0x8: "write minimum frequency table",
    0x9: "read minimum frequency table",
    0xD: "memory subsystem information",
    0xE: "memory bandwidth point",
    0x17: "core clock change of Apollo Lake",
    0x18: "display frequency change",
    0x1D: "core clock state of Apollo Lake",
}


class PCODE_MAILBOX(
    Register, at={"6-,!vlv": 0x138124}, source=f"{I915} GEN6_PCODE_MAILBOX; images use 6, 7, 17 and 1d", gaps=RESERVED
):
    """Mailbox of the power control unit: bit 31 starts a command and clears when it is done."""

    READY = Field(31, 31, "run; running")
    PARAMETER2 = Field(23, 16, "second parameter")
    PARAMETER1 = Field(15, 8, "first parameter")
    COMMAND = Field(7, 0, "command, or the error afterwards", values=_PCODE)


class PCODE_DATA(Register, at={"6-,!vlv": 0x138128}, source=f"{I915} GEN6_PCODE_DATA; command 7 answers bit 0"):
    """Data of the power control unit's mailbox."""

    DATA = Field(31, 0, "data")


class PCODE_DATA1(Register, at={"6-,!vlv": 0x13812C}, source=f"{I915} GEN9_PCODE_DATA1"):
    """Second data word of the power control unit's mailbox."""

    DATA = Field(31, 0, "data")


class D_COMP(Register, at={"broadwell": 0x138144}, source=f"{DISPLAY} D_COMP_BDW", gaps=RESERVED):
    """Display compensation."""

    IN_PROGRESS = Field(9, 9, "compensation runs", access="ro")
    FORCE = Field(8, 8, "compensation forced")
    DISABLE = Field(0, 0, "compensation off")


class IOSF_DOORBELL_REQ(
    Register, at={"vlv": VLV_BASE + 0x2100}, source=f"{I915} VLV_IOSF_DOORBELL_REQ; bit 0 busy clears"
):
    """Sideband command of Bay Trail and Cherryview; a write starts it."""

    DEVFN = Field(31, 24, "device and function")
    OPCODE = Field(23, 16, "operation", values={0: "memory read", 1: "memory write", 6: "read", 7: "write"})
    PORT = Field(
        15,
        8,
        "unit",
        values={3: "BUNIT", 4: "PUNIT", 0x11: "NC", 0x12: "DPIO", 0x13: "GPIO NC", 0x14: "CCK", 0x1A: "DPIO 2",
                0x1B: "FLISDSI", 0x48: "GPIO SC", 0xA8: "GPIO SUS", 0xA9: "CCU"},
    )  # fmt: skip
    BYTES = Field(7, 4, "byte enables")
    BAR = Field(3, 1, "BAR")
    BUSY = Field(0, 0, "busy", access="ro")


class IOSF_DATA(Register, at={"vlv": VLV_BASE + 0x2104}, source=f"{I915} VLV_IOSF_DATA"):
    """Sideband data."""

    DATA = Field(31, 0, "data")


class IOSF_ADDR(Register, at={"vlv": VLV_BASE + 0x2108}, source=f"{I915} VLV_IOSF_ADDR"):
    """Sideband address: the register within the unit."""

    ADDRESS = Field(31, 0, "register")


class CLKGATE_DIS_0(Register, at={"9-": 0x46530}, source=f"{I915} GEN9_CLKGATE_DIS_0", gaps="clock gates by stepping"):
    """Display clock gates that are held open."""

    DARBF = Field(27, 27, "arbiter")
    PWM1 = Field(14, 14, "backlight 1")
    PWM2 = Field(13, 13, "backlight 2")


class CLKGATE_DIS_4(
    Register, at={"9-": 0x4653C}, source=f"{DISPLAY} GEN9_CLKGATE_DIS_4", gaps="clock gates by stepping"
):
    """Display clock gates that are held open, fifth register."""

    GMBUS = Field(14, 14, "GMBUS", gen="bxt")
    OTHER = Field(31, 31, "compression")


class CHICKEN_DCPR(
    Register, at={"9-": 0x46430}, source=f"{I915} GEN8_CHICKEN_DCPR_1", gaps="undocumented chicken bits"
):
    """Power management workarounds."""

    REMOVED_D = Field(31, 31, "pipe D reports no latency", gen="12-")
    ALTERNATE = Field(30, 30, "alternate way out of sleep", gen="9")
    REMOVED = Field(25, 23, "pipes C, B, A report no latency", gen="11-")
    DELAY = Field(22, 22, "power management answer delayed", gen="11-")
    FLR = Field(15, 15, "reset source off", gen="11-")
    MASK_WAKE = Field(13, 13, "memory wake masked")
    DDI_CLOCK = Field(7, 7, "port clock registers reachable")
