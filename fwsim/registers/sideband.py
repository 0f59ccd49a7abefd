"""The registers behind the sidebands: Bay Trail's and Cherryview's units, Haswell's iCLK."""

# ruff: noqa: N801 (the manuals' own register names)

from fwsim.registers.core import RESERVED, Field, Register, each

_IOSF = "Linux i915 vlv_iosf_sb_reg.h"
_DPIO = "Linux i915 display/vlv_dpio_phy_regs.h"
_SBI = "Linux i915 display/intel_sbi_regs.h"
_PUNIT = 0x04 << 16
_DPIO_PORT = 0x12 << 16
_CCK = 0x14 << 16
_STATES = {0: "on", 1: "clock gated", 2: "reset", 3: "power gated"}


class PUNIT_DSPSSPM(
    Register, at={"vlv": _PUNIT | 0x36}, space="iosf", source=f"{_IOSF}; status follows control", gaps=RESERVED
):
    """Display power and core clock: what is wanted and what is."""

    FREQ_STATE = Field(31, 30, "core clock code now", gen="baytrail", access="ro")
    FREQ_STATE_CHV = Field(28, 24, "core clock code now", gen="cherryview", access="ro")
    FIFO_STATE = Field(22, 22, "deep FIFO on", gen="cherryview", access="ro")
    STATE_C = Field(21, 20, "pipe C is", values=_STATES, access="ro")
    STATE_B = Field(19, 18, "pipe B is", values=_STATES, access="ro")
    STATE_A = Field(17, 16, "pipe A is", values=_STATES, access="ro")
    FREQ = Field(15, 14, "core clock code wanted", gen="baytrail")
    FREQ_CHV = Field(12, 8, "core clock code wanted", gen="cherryview")
    AUTO = Field(7, 7, "no automatic clock gating", gen="cherryview")
    FIFO = Field(6, 6, "deep FIFO wanted", gen="cherryview")
    CONTROL_C = Field(5, 4, "pipe C wanted", values=_STATES)
    CONTROL_B = Field(3, 2, "pipe B wanted", values=_STATES)
    CONTROL_A = Field(1, 0, "pipe A wanted", values=_STATES)


class PUNIT_PWRGT_CTRL(Register, at={"vlv": _PUNIT | 0x60}, space="iosf", source=_IOSF, gaps=RESERVED):
    """Power wells wanted, two bits each (0 is on)."""

    CMN_D = Field(25, 24, "common lane D", gen="cherryview", values=_STATES)
    RX = Field(23, 20, "receivers 1 and 0", gen="baytrail")
    TX_C23 = Field(19, 18, "port C lanes 2, 3", values=_STATES)
    TX_C01 = Field(17, 16, "port C lanes 0, 1", values=_STATES)
    TX_B23 = Field(15, 14, "port B lanes 2, 3", values=_STATES)
    TX_B01 = Field(13, 12, "port B lanes 0, 1", values=_STATES)
    CMN_BC = Field(11, 10, "common lanes B and C", values=_STATES)
    DISP2D = Field(7, 6, "display", values=_STATES)
    MEDIA = Field(3, 2, "media", values=_STATES)
    RENDER = Field(1, 0, "render", values=_STATES)


class PUNIT_PWRGT_STATUS(
    Register, at={"vlv": _PUNIT | 0x61}, space="iosf", access="ro", source=f"{_IOSF}; follows PWRGT_CTRL", gaps=RESERVED
):
    """Power wells as they are, two bits each (0 is on)."""

    CMN_D = Field(25, 24, "common lane D", gen="cherryview", values=_STATES)
    RX = Field(23, 20, "receivers 1 and 0", gen="baytrail")
    TX_C23 = Field(19, 18, "port C lanes 2, 3", values=_STATES)
    TX_C01 = Field(17, 16, "port C lanes 0, 1", values=_STATES)
    TX_B23 = Field(15, 14, "port B lanes 2, 3", values=_STATES)
    TX_B01 = Field(13, 12, "port B lanes 0, 1", values=_STATES)
    CMN_BC = Field(11, 10, "common lanes B and C", values=_STATES)
    DISP2D = Field(7, 6, "display", values=_STATES)
    MEDIA = Field(3, 2, "media", values=_STATES)
    RENDER = Field(1, 0, "render", values=_STATES)


class PUNIT_GPU_FREQ_REQ(Register, at={"vlv": _PUNIT | 0xD4}, space="iosf", source=_IOSF):
    """Graphics frequency wanted."""

    REQUEST = Field(31, 0, "frequency code")


class PUNIT_GPU_FREQ_STS(Register, at={"vlv": _PUNIT | 0xD8}, space="iosf", access="ro", source=_IOSF, gaps=RESERVED):
    """Graphics frequency now."""

    FREQUENCY = Field(15, 8, "frequency code")
    GPLL = Field(4, 4, "graphics PLL on")
    STATE = Field(0, 0, "change under way")


class PUNIT_DDR_SETUP2(
    Register, at={"vlv": _PUNIT | 0x139}, space="iosf", source=f"{_IOSF}; bit 8 clears itself", gaps=RESERVED
):
    """Memory frequency request of the display."""

    ACK = Field(8, 8, "request; clears when taken")
    LOW = Field(1, 1, "low frequency forced")
    HIGH = Field(0, 0, "high frequency forced")


class CCK_FUSE(Register, at={"vlv": _CCK | 0x8}, space="iosf", access="ro", reset=None, source=_IOSF, gaps=RESERVED):
    """Fused host PLL frequency."""

    HPLL = Field(1, 0, "host PLL", values={0: "800 MHz", 1: "1600 MHz", 2: "2000 MHz", 3: "2400 MHz"})


class CCK_CZ_CLOCK(
    Register, at={"vlv": _CCK | 0x62}, space="iosf", source=f"{_IOSF} CCK_CZ_CLOCK_CONTROL", gaps=RESERVED
):
    """Memory-side clock divider."""

    STATUS = Field(12, 8, "divider now", access="ro")
    DIVIDER = Field(4, 0, "divider wanted")


class CCK_DISPLAY_CLOCK(
    Register, at={"vlv": _CCK | 0x6B}, space="iosf", source=f"{_IOSF} CCK_DISPLAY_CLOCK_CONTROL", gaps=RESERVED
):
    """Display core clock divider."""

    STATUS = Field(12, 8, "divider now", access="ro")
    DIVIDER = Field(4, 0, "divider wanted")


class DPIO_PLL_DW3(
    Register, at={"baytrail": each(_DPIO_PORT | 0x800C, 0x20, "AB")}, space="iosf", source=f"{_DPIO} VLV_PLL_DW3",
    gaps=RESERVED,
):  # fmt: skip
    """Pixel PLL dividers of Bay Trail."""

    POST = Field(30, 28, "post divider kind", values={0: "eDP", 1: "DisplayPort", 2: "HDMI", 4: "DAC"})
    K = Field(27, 24, "K divider")
    P1 = Field(23, 21, "P1")
    P2 = Field(20, 16, "P2")
    N = Field(15, 12, "N")
    CALIBRATE = Field(11, 11, "calibrate")
    M1 = Field(10, 8, "M1")
    M2 = Field(7, 0, "M2")


class SBI_SSCDIVINTPHASE(Register, at={"hsw": 0x0600}, name="SSCDIVINTPHASE6", space="sbi", source=_SBI, gaps=RESERVED):
    """iCLKIP: divider and phase of the CRT's pixel clock."""

    DIRECTION = Field(15, 15, "phase direction")
    INCREMENT = Field(14, 8, "phase increment")
    DIVIDER = Field(7, 1, "divider")
    PROPAGATE = Field(0, 0, "take it over")


class SBI_SSCCTL(Register, at={"hsw": 0x020C}, name="SSCCTL", space="sbi", source=_SBI, gaps=RESERVED):
    """iCLKIP: spread spectrum modulator."""

    PATHALT = Field(3, 3, "bypass path")
    DISABLE = Field(0, 0, "modulator off")


class SBI_SSCCTL6(Register, at={"hsw": 0x060C}, name="SSCCTL6", space="sbi", source=_SBI, gaps=RESERVED):
    """iCLKIP: modulator of the CRT's pixel clock."""

    PATHALT = Field(3, 3, "bypass path")
    DISABLE = Field(0, 0, "modulator off")


class SBI_SSCAUXDIV6(Register, at={"hsw": 0x0610}, name="SSCAUXDIV6", space="sbi", source=_SBI, gaps=RESERVED):
    """iCLKIP: auxiliary divider of the CRT's pixel clock."""

    FINAL = Field(4, 4, "halved at the end")


class SBI_DBUFF0(Register, at={"hsw": 0x2A00}, name="DBUFF0", space="sbi", source=_SBI):
    """iCLKIP: clock buffers."""

    DATA = Field(31, 0, "buffer controls")


class SBI_GEN0(Register, at={"hsw": 0x1F00}, name="GEN0", space="sbi", source=_SBI, gaps=RESERVED):
    """iCLKIP: general configuration of the -LP PCH."""

    BUFFER_OFF = Field(0, 0, "CLKOUT_DP buffer off")
