"""The PCH's display registers, and those of the FDI link to it."""

# ruff: noqa: N801 (the manuals' own register names)

from fwsim.registers.core import INTERRUPTS, RESERVED, Array, Field, Register, by_gen, each
from fwsim.registers.places import DISPLAY, PCH, PCH_PORTS

_FDI = "Linux i915 display/intel_fdi_regs.h"
_SBI = "Linux i915 display/intel_sbi_regs.h"


def _trans(base: int) -> dict[str, Array]:
    """A PCH transcoder register: two on Ironlake, three on Sandy and Ivy Bridge, one on Haswell and Broadwell."""
    return {
        "5": each(base, 0x1000, "AB"),
        "sandybridge,ivybridge": each(base, 0x1000, "ABC"),
        "hsw": each(base, 0x1000, "A"),
    }


def _fdi(base: int) -> dict[str, Array]:
    """An FDI transmitter register: two to Sandy Bridge, three on Ivy Bridge."""
    return {"5-6": each(base, 0x1000, "AB"), "ivybridge": each(base, 0x1000, "ABC")}


class FDI_TX_CTL(Register, at=_fdi(0x60100), source=_FDI, gaps=RESERVED):
    """FDI transmitter, the processor's end of the link to the PCH."""

    ENABLE = Field(31, 31, "transmitter on")
    TRAIN = Field(29, 28, "training", gen="5-6", values={0: "pattern 1", 1: "pattern 2", 2: "idle", 3: "normal"})
    LEVELS = Field(27, 22, "voltage swing and pre-emphasis code")
    LANES = Field(21, 19, "lanes", unit="lanes", plus=1)
    ENHANCED = Field(18, 18, "enhanced framing")
    PLL = Field(14, 14, "FDI PLL on")
    COMPOSITE = Field(11, 11, "composite sync", gen="ivybridge")
    AUTO = Field(10, 10, "training by hardware", gen="ivybridge")
    TRAIN_IVB = Field(
        9, 8, "training", gen="ivybridge", values={0: "pattern 1", 1: "pattern 2", 2: "idle", 3: "normal"}
    )
    SCRAMBLE = Field(7, 7, "scrambling", values={0: "on", 1: "off"})
    DONE = Field(1, 1, "training by hardware done", gen="ivybridge", access="ro")


class FDI_RX_CTL(Register, at=_trans(0xF000C), source=_FDI, gaps=RESERVED):
    """FDI receiver, the PCH's end of the link."""

    ENABLE = Field(31, 31, "receiver on")
    FS_ERRC = Field(27, 27, "frame start error correction")
    FE_ERRC = Field(26, 26, "frame end error correction")
    LANES = Field(21, 19, "lanes", unit="lanes", plus=1)
    BPC = Field(18, 16, "bits a colour", gen="ilk", values={0: "8", 1: "10", 2: "6", 3: "12"})
    POLARITY = Field(16, 16, "polarity reversed", gen="hsw")
    REVERSAL = Field(15, 14, "lane reversal, override and state")
    PLL = Field(13, 13, "receiver PLL on")
    ERRORS = Field(11, 11, "frame start errors corrected")
    AUTO = Field(10, 10, "training by hardware")
    TRAIN = Field(9, 8, "training", values={0: "pattern 1", 1: "pattern 2", 2: "idle", 3: "normal"})
    ENHANCED = Field(6, 6, "enhanced framing")
    CLOCK = Field(4, 4, "clock", values={0: "raw", 1: "PCD"})


class FDI_RX_MISC(Register, at=_trans(0xF0010), source=_FDI, gaps=RESERVED):
    """FDI receiver delays and lane power."""

    LANE1 = Field(27, 26, "lane 1 power-down")
    LANE0 = Field(25, 24, "lane 0 power-down")
    TP1_TP2 = Field(21, 20, "time from pattern 1 to 2")
    DELAY = Field(12, 0, "FDI delay")


class FDI_RX_IIR(Register, at=_trans(0xF0014), access="w1c", source=_FDI, gaps=RESERVED):
    """FDI receiver state: a vBIOS waits here for bit and symbol lock."""

    INTER_LANE = Field(10, 10, "lanes aligned")
    SYMBOL_LOCK = Field(9, 9, "symbol lock (pattern 2)")
    BIT_LOCK = Field(8, 8, "bit lock (pattern 1)")
    PATTERN_FAIL = Field(7, 7, "pattern 2 failed")
    FS_ERROR = Field(6, 6, "frame start code error")
    FE_ERROR = Field(5, 5, "frame end code error")
    SYMBOL_ERRORS = Field(4, 4, "too many symbol errors")
    HDCP = Field(3, 3, "HDCP link failed")
    PIXEL_OVERFLOW = Field(2, 2, "pixel FIFO overflow")
    CLOCK_OVERFLOW = Field(1, 1, "cross clock overflow")
    QUEUE_OVERFLOW = Field(0, 0, "symbol queue overflow")


class FDI_RX_IMR(Register, at=_trans(0xF0018), source=_FDI, gaps=RESERVED):
    """Which bits of FDI_RX_IIR are latched (0) or masked (1)."""

    MASK = Field(10, 0, "bits masked")


class FDI_RX_TUSIZE1(Register, at=_trans(0xF0030), source=_FDI, gaps=RESERVED):
    """Transfer unit size of the receiver."""

    TU = Field(30, 25, "transfer unit", unit="units", plus=1)


class FDI_RX_TUSIZE2(Register, at=_trans(0xF0038), source=_FDI, gaps=RESERVED):
    """Transfer unit size of the second refresh rate."""

    TU = Field(30, 25, "transfer unit", unit="units", plus=1)


class FDI_RX_CHICKEN(Register, at={"ilk,hsw": each(0xC200C, 4, "AB")}, source=_FDI, gaps="undocumented chicken bits"):
    """FDI receiver workarounds."""

    OVERRIDE = Field(1, 1, "phase sync pointer override")
    ENABLE = Field(0, 0, "phase sync pointer on")


class FDI_PLL_CTL_1(Register, at={"ilk,hsw": 0xFE000}, source=_FDI):
    """FDI receiver PLL control."""

    CONTROL = Field(31, 0, "control bits")


class FDI_PLL_CTL_2(Register, at={"ilk,hsw": 0xFE004}, source=_FDI):
    """FDI receiver PLL control, second register."""

    CONTROL = Field(31, 0, "control bits")


class PCH_TRANSCONF(Register, at=_trans(0xF0008), source=f"{DISPLAY} PCH_TRANSCONF", gaps=RESERVED):
    """PCH transcoder: bit 30 follows bit 31."""

    ENABLE = Field(31, 31, "transcoder wanted on")
    STATE = Field(30, 30, "transcoder is on", access="ro")
    FRAME_START = Field(28, 27, "frame start delay", gen="5", plus=1, unit="lines")
    INTERLACE = Field(23, 21, "interlace", values={0: "progressive", 2: "legacy", 3: "interlaced"})
    BPC = Field(7, 5, "bits a colour", gen="5", values={0: "8", 1: "10", 2: "6", 3: "12"})


class TRANS_CHICKEN1(Register, at=_trans(0xF0060), source="Linux i915 i915_reg.h", gaps="undocumented chicken bits"):
    """PCH transcoder workarounds."""

    HDMI_0_DB = Field(10, 10, "HDMI bus clock option")
    DP_MVID = Field(4, 4, "DisplayPort Mvid option")


class TRANS_CHICKEN2(Register, at=_trans(0xF0064), source="Linux i915 i915_reg.h", gaps="undocumented chicken bits"):
    """PCH transcoder workarounds, second register."""

    TIMING = Field(31, 31, "timing override")
    POLARITY = Field(29, 29, "FDI polarity reversed")
    FRAME_START = Field(28, 27, "frame start delay", plus=1, unit="lines")
    DEEP = Field(26, 26, "deep colour counter off")
    PATTERN = Field(25, 25, "deep colour pattern off")


class PCH_HTOTAL(Register, at=_trans(0xE0000), source=f"{DISPLAY} PCH_TRANS_HTOTAL"):
    """PCH transcoder's horizontal total and active width."""

    TOTAL = Field(31, 16, "a line in all", unit="pixels", plus=1)
    ACTIVE = Field(15, 0, "of it shown", unit="pixels", plus=1)


class PCH_HBLANK(Register, at=_trans(0xE0004), source=f"{DISPLAY} PCH_TRANS_HBLANK"):
    """PCH transcoder's horizontal blanking."""

    END = Field(31, 16, "blanking ends", unit="pixels", plus=1)
    START = Field(15, 0, "blanking starts", unit="pixels", plus=1)


class PCH_HSYNC(Register, at=_trans(0xE0008), source=f"{DISPLAY} PCH_TRANS_HSYNC"):
    """PCH transcoder's horizontal pulse."""

    END = Field(31, 16, "pulse ends", unit="pixels", plus=1)
    START = Field(15, 0, "pulse starts", unit="pixels", plus=1)


class PCH_VTOTAL(Register, at=_trans(0xE000C), source=f"{DISPLAY} PCH_TRANS_VTOTAL"):
    """PCH transcoder's vertical total and active height."""

    TOTAL = Field(31, 16, "a frame in all", unit="lines", plus=1)
    ACTIVE = Field(15, 0, "of it shown", unit="lines", plus=1)


class PCH_VBLANK(Register, at=_trans(0xE0010), source=f"{DISPLAY} PCH_TRANS_VBLANK"):
    """PCH transcoder's vertical blanking."""

    END = Field(31, 16, "blanking ends", unit="lines", plus=1)
    START = Field(15, 0, "blanking starts", unit="lines", plus=1)


class PCH_VSYNC(Register, at=_trans(0xE0014), source=f"{DISPLAY} PCH_TRANS_VSYNC"):
    """PCH transcoder's vertical pulse."""

    END = Field(31, 16, "pulse ends", unit="lines", plus=1)
    START = Field(15, 0, "pulse starts", unit="lines", plus=1)


class PCH_VSYNCSHIFT(Register, at=_trans(0xE0028), source=f"{DISPLAY} PCH_TRANS_VSYNCSHIFT", gaps=RESERVED):
    """PCH transcoder's second field shift."""

    SHIFT = Field(12, 0, "shift", unit="pixels")


class PCH_DATA_M1(Register, at=_trans(0xE0030), source=f"{DISPLAY} PCH_TRANS_DATA_M1", gaps=RESERVED):
    """Data ratio M of a PCH DisplayPort."""

    TU = Field(30, 25, "transfer unit", unit="units", plus=1)
    M = Field(23, 0, "data M")


class PCH_DATA_N1(Register, at=_trans(0xE0034), source=f"{DISPLAY} PCH_TRANS_DATA_N1", gaps=RESERVED):
    """Data ratio N of a PCH DisplayPort."""

    N = Field(23, 0, "data N")


class PCH_LINK_M1(Register, at=_trans(0xE0040), source=f"{DISPLAY} PCH_TRANS_LINK_M1", gaps=RESERVED):
    """Link ratio M of a PCH DisplayPort."""

    M = Field(23, 0, "link M")


class PCH_LINK_N1(Register, at=_trans(0xE0044), source=f"{DISPLAY} PCH_TRANS_LINK_N1", gaps=RESERVED):
    """Link ratio N of a PCH DisplayPort."""

    N = Field(23, 0, "link N")


class TVIDEO_DIP_CTL(Register, at=_trans(0xE0200), source=DISPLAY, gaps=RESERVED):
    """Which data packets (info frames) a PCH transcoder sends."""

    ENABLE = Field(31, 31, "packets on")
    PORT = Field(30, 29, "port", values={1: "B", 2: "C", 3: "D"})
    GCP = Field(25, 25, "general control packet")
    KINDS = Field(24, 21, "kinds sent: bit 0 AVI, 1 vendor, 2 gamut, 3 SPD")
    SELECT = Field(20, 19, "buffer", values={0: "AVI", 1: "vendor", 2: "gamut", 3: "SPD"})
    FREQUENCY = Field(17, 16, "sent", values={0: "once", 1: "each frame", 2: "each second frame"})
    POSITION = Field(11, 0, "sizes and the access position")


class TVIDEO_DIP_DATA(Register, at=_trans(0xE0208), source=DISPLAY):
    """Data packet window of a PCH transcoder."""

    DATA = Field(31, 0, "four bytes")


class TRANS_DP_CTL(Register, at={"sandybridge,ivybridge": each(0xE0300, 0x1000, "ABC")}, source=DISPLAY, gaps=RESERVED):
    """DisplayPort output of a PCH transcoder."""

    ENABLE = Field(31, 31, "output on")
    PORT = Field(30, 29, "port", values={0: "B", 1: "C", 2: "D", 3: "none"})
    AUDIO = Field(26, 26, "audio only")
    ENHANCED = Field(18, 18, "enhanced framing")
    BPC = Field(10, 9, "bits a colour", values={0: "8", 1: "10", 2: "6", 3: "12"})
    VSYNC_HIGH = Field(4, 4, "vertical sync active high")
    HSYNC_HIGH = Field(3, 3, "horizontal sync active high")


class SFUSE_STRAP(Register, at={PCH: 0xC2014}, access="ro", reset=None, source=DISPLAY, gaps=RESERVED):
    """PCH straps: which ports are wired; Skylake and Coffee Lake images light nothing without them."""

    FUSE_LOCK = Field(13, 13, "fuses locked")
    RAW_FREQUENCY = Field(8, 8, "raw clock", values={0: "24 MHz", 1: "19.2 MHz"})
    DISPLAY_OFF = Field(7, 7, "PCH display disabled")
    CRT_OFF = Field(6, 6, "CRT disabled")
    DDI_F = Field(3, 3, "port F present")
    DDI_B = Field(2, 2, "port B present")
    DDI_C = Field(1, 1, "port C present")
    DDI_D = Field(0, 0, "port D present")


class SOUTH_CHICKEN1(Register, at={PCH: 0xC2000}, source="Linux i915 i915_reg.h", gaps="undocumented chicken bits"):
    """PCH display workarounds."""

    HPD_TC = Field(28, 23, "hotplug of the later ports inverted", gen="11-")
    PHASE_A = Field(19, 18, "FDI A phase sync, override and on", gen="ilk")
    PHASE_B = Field(17, 16, "FDI B phase sync, override and on", gen="ilk")
    PHASE_C = Field(15, 14, "FDI C phase sync, override and on", gen="ilk")
    HPD_INVERT = Field(18, 15, "hotplug of ports D to A inverted", gen="11-")
    BC_BIFURCATION = Field(12, 12, "FDI B and C share lanes", gen="ivybridge")


class SOUTH_CHICKEN2(Register, at={PCH: 0xC2004}, source="Linux i915 i915_reg.h", gaps="undocumented chicken bits"):
    """PCH display workarounds, second register; Linux's Ivy Bridge reset writes 5 here."""

    MPHY_RESET_STATE = Field(13, 13, "FDI mPHY is in reset", access="ro")
    MPHY_RESET = Field(12, 12, "FDI mPHY reset")
    PWM_STEP = Field(5, 5, "backlight clock step", gen="hsw")
    DPLS_EDP = Field(0, 0, "eDP panel power fix off")


class SOUTH_DSPCLK_GATE_D(Register, at={PCH: 0xC2020}, source="Linux i915 i915_reg.h", gaps="clock gates by stepping"):
    """PCH display clock gates that are held open."""

    GMBUS = Field(31, 31, "GMBUS unit")
    DPLUNIT = Field(30, 30, "PLL unit")
    DPLSUNIT = Field(29, 29, "PLL spread unit")
    DPMGUNIT = Field(15, 15, "port management unit")
    CPUNIT = Field(14, 14, "content protection unit")
    PWM = Field(13, 13, "backlight unit")
    PARTITION = Field(12, 12, "partition level of the -LP PCH")


class PCH_DPLL(Register, at={"ilk": each(0xC6014, 4, "AB")}, source=f"{DISPLAY} PCH_DPLL", gaps=RESERVED):
    """PCH pixel PLL."""

    ENABLE = Field(31, 31, "PLL on")
    HIGH_SPEED = Field(30, 30, "SDVO and HDMI high speed")
    MODE = Field(27, 26, "mode", values={1: "DAC or digital", 2: "LVDS"})
    P2 = Field(25, 24, "P2", values={0: "10, or 14 for LVDS", 1: "5, or 7 for LVDS"})
    P1_FPA0 = Field(23, 16, "P1, one bit set (FP0)")
    REFERENCE = Field(15, 13, "reference", values={0: "120 MHz", 2: "SDVO TV clock", 3: "spread spectrum", 5: "SSC1"})
    MULTIPLIER = Field(11, 9, "clock multiplier", plus=1, unit="x")
    P1_FPA1 = Field(7, 0, "P1, one bit set (FP1)")


class PCH_FP0(Register, at={"ilk": each(0xC6040, 8, "AB")}, source=f"{DISPLAY} PCH_FP0", gaps=RESERVED):
    """PCH PLL dividers."""

    TUNE = Field(23, 22, "charge pump tuning")
    N = Field(21, 16, "N")
    M1 = Field(13, 8, "M1")
    M2 = Field(5, 0, "M2")


class PCH_FP1(Register, at={"ilk": each(0xC6044, 8, "AB")}, source=f"{DISPLAY} PCH_FP1", gaps=RESERVED):
    """PCH PLL dividers of the second refresh rate."""

    TUNE = Field(23, 22, "charge pump tuning")
    N = Field(21, 16, "N")
    M1 = Field(13, 8, "M1")
    M2 = Field(5, 0, "M2")


class PCH_DPLL_TEST(Register, at={"ilk": 0xC606C}, source=DISPLAY):
    """PCH PLL test bits."""

    TEST = Field(31, 0, "test bits")


class PCH_DREF_CONTROL(Register, at={"ilk": 0xC6200}, source=DISPLAY, gaps=RESERVED):
    """PCH reference clocks."""

    CPU_SOURCE = Field(14, 13, "clock to the CPU", values={0: "off", 2: "spread", 3: "non-spread"})
    SSC_SOURCE = Field(12, 11, "spread source", values={0: "off", 2: "on"})
    NONSPREAD = Field(10, 9, "non-spread source", values={0: "off", 1: "CK505", 2: "on"})
    SUPERSPREAD = Field(8, 7, "superspread source", values={0: "off", 2: "on"})
    SSC4_CENTRE = Field(6, 6, "SSC4 spread", values={0: "down", 1: "centre"})
    SSC1 = Field(1, 1, "SSC1 on")
    SSC4 = Field(0, 0, "SSC4 on")


class PCH_RAWCLK_FREQ(Register, at={PCH: 0xC6204}, source=DISPLAY, gaps=RESERVED):
    """PCH raw clock: what AUX and panel delays are counted in."""

    DENOMINATOR = Field(29, 26, "fraction's denominator", gen="coffeelake,cometlake,11-")
    DIVIDER = Field(25, 16, "integer part", gen="coffeelake,cometlake,11-", unit="MHz", plus=1)
    NUMERATOR = Field(13, 11, "fraction's numerator", gen="11-")
    TP1 = Field(13, 12, "FDI pattern 1 timer", gen="5-8")
    TP2 = Field(11, 10, "FDI pattern 2 timer", gen="5-8")
    FREQUENCY = Field(9, 0, "raw clock", gen="5-10,!coffeelake,!cometlake", unit="MHz")


class PCH_SSC4_PARMS(Register, at={"ilk": 0xC6210}, source=DISPLAY):
    """Spread spectrum parameters of SSC4."""

    PARAMETERS = Field(31, 0, "spread parameters")


class PCH_DPLL_SEL(Register, at={"sandybridge,ivybridge": 0xC7000}, source=DISPLAY, gaps=RESERVED):
    """Which PLL drives which PCH transcoder."""

    C_ENABLE = Field(11, 11, "transcoder C's PLL on")
    C_PLL = Field(8, 8, "transcoder C's PLL", values={0: "A", 1: "B"})
    B_ENABLE = Field(7, 7, "transcoder B's PLL on")
    B_PLL = Field(4, 4, "transcoder B's PLL", values={0: "A", 1: "B"})
    A_ENABLE = Field(3, 3, "transcoder A's PLL on")
    A_PLL = Field(0, 0, "transcoder A's PLL", values={0: "A", 1: "B"})


class SBI_ADDR(Register, at={"hsw": 0xC6000}, source=_SBI, gaps=RESERVED):
    """Sideband address: which iCLK or mPHY register."""

    ADDRESS = Field(31, 16, "register")


class SBI_DATA(Register, at={"hsw": 0xC6004}, source=_SBI):
    """Sideband data."""

    DATA = Field(31, 0, "data")


class SBI_CTL_STAT(Register, at={"hsw": 0xC6008}, source=_SBI, gaps=RESERVED):
    """Sideband command; bit 0 clears when it is done, bits 2:1 are then 0."""

    DESTINATION = Field(16, 16, "destination", values={0: "iCLK", 1: "mPHY"})
    OPERATION = Field(15, 8, "operation", values={2: "I/O read", 3: "I/O write", 6: "read", 7: "write"})
    RESPONSE = Field(2, 1, "response", values={0: "success", 1: "failed"})
    BUSY = Field(0, 0, "busy")


class PIXCLK_GATE(Register, at={"hsw": 0xC6020}, source=DISPLAY, gaps=RESERVED):
    """Pixel clock to the PCH's CRT."""

    UNGATE = Field(0, 0, "clock", values={0: "gated", 1: "running"})


class SHOTPLUG_CTL(Register, at={"5-10,!vlv": 0xC4030}, source=f"{DISPLAY} PCH_PORT_HOTPLUG", gaps=RESERVED):
    """South hotplug control: enables and pulses (write 1 to clear)."""

    A_ENABLE = Field(28, 28, "port A detection on", gen="8-")
    A_INVERT = Field(27, 27, "port A inverted", gen="bxt")
    A_STATUS = Field(25, 24, "port A", gen="9-", access="w1c", values={0: "quiet", 1: "short", 2: "long pulse"})
    D_ENABLE = Field(20, 20, "port D detection on")
    D_PULSE = Field(19, 18, "port D pulse", gen="ilk", values={0: "2 ms", 1: "4.5 ms", 2: "6 ms", 3: "100 ms"})
    D_STATUS = Field(17, 16, "port D", access="w1c", values={0: "quiet", 1: "short", 2: "long pulse"})
    C_ENABLE = Field(12, 12, "port C detection on")
    C_PULSE = Field(11, 10, "port C pulse", gen="ilk", values={0: "2 ms", 1: "4.5 ms", 2: "6 ms", 3: "100 ms"})
    C_STATUS = Field(9, 8, "port C", access="w1c", values={0: "quiet", 1: "short", 2: "long pulse"})
    B_ENABLE = Field(4, 4, "port B detection on")
    B_PULSE = Field(3, 2, "port B pulse", gen="ilk", values={0: "2 ms", 1: "4.5 ms", 2: "6 ms", 3: "100 ms"})
    B_STATUS = Field(1, 0, "port B", access="w1c", values={0: "quiet", 1: "short", 2: "long pulse"})


class SHOTPLUG_CTL_DDI(Register, at={"11-": 0xC4030}, source=DISPLAY, gaps=RESERVED):
    """South hotplug control from gen 11: a nibble a port."""

    D_ENABLE = Field(15, 15, "port D detection on")
    D_STATUS = Field(13, 12, "port D", access="w1c", values={0: "quiet", 1: "short", 2: "long pulse"})
    C_ENABLE = Field(11, 11, "port C detection on")
    C_STATUS = Field(9, 8, "port C", access="w1c", values={0: "quiet", 1: "short", 2: "long pulse"})
    B_ENABLE = Field(7, 7, "port B detection on")
    B_STATUS = Field(5, 4, "port B", access="w1c", values={0: "quiet", 1: "short", 2: "long pulse"})
    A_ENABLE = Field(3, 3, "port A detection on")
    A_STATUS = Field(1, 0, "port A", access="w1c", values={0: "quiet", 1: "short", 2: "long pulse"})


class SHOTPLUG_CTL2(Register, at={"skl": 0xC403C}, source=f"{DISPLAY} PCH_PORT_HOTPLUG2", gaps=RESERVED):
    """South hotplug control of port E."""

    E_ENABLE = Field(4, 4, "port E detection on")
    E_STATUS = Field(1, 0, "port E", access="w1c", values={0: "quiet", 1: "short", 2: "long pulse"})


class SERR_INT(Register, at={"6-,!vlv,!bxt": 0xC4040}, access="w1c", source=DISPLAY, gaps=RESERVED):
    """South error interrupts."""

    POISON = Field(31, 31, "poisoned data")
    UNDERRUN_C = Field(6, 6, "transcoder C underrun")
    UNDERRUN_B = Field(3, 3, "transcoder B underrun")
    UNDERRUN_A = Field(0, 0, "transcoder A underrun")


class SDE(
    Register,
    at=by_gen(
        {
            "6-10,!vlv,!bxt": Array((("ISR", 0xC4000), ("IMR", 0xC4004), ("IIR", 0xC4008), ("IER", 0xC400C))),
        }
    ),
    access=INTERRUPTS,
    source=f"{DISPLAY}; Skylake images poll SDEISR 400 times for the panel",
    gaps=RESERVED,
):
    """South display interrupts: live state, mask, pending (write 1 to clear) and enable."""

    AUDIO_POWER = Field(31, 29, "audio power of D, C, B", gen="6-8")
    AUX = Field(27, 25, "AUX of D, C, B", gen="6-8")
    PORT_E = Field(25, 25, "port E hotplug, live in ISR", gen="9-")
    PORT_A = Field(24, 24, "port A hotplug, live in ISR", gen="9-")
    PORT_D = Field(23, 23, "port D hotplug, live in ISR")
    PORT_C = Field(22, 22, "port C hotplug, live in ISR")
    PORT_B = Field(21, 21, "port B hotplug, live in ISR")
    CRT = Field(19, 19, "CRT hotplug", gen="6-8")
    SDVO_B = Field(18, 18, "SDVO B hotplug", gen="6-7")
    GMBUS = Field(17, 17, "GMBUS event")
    ERROR = Field(16, 16, "error, see SERR_INT")
    AUDIO_C = Field(10, 9, "audio content protection C")
    FDI_C = Field(8, 8, "FDI receiver C", gen="6-7")
    AUDIO_B = Field(6, 5, "audio content protection B")
    FDI_B = Field(4, 4, "FDI receiver B", gen="6-7")
    AUDIO_A = Field(2, 1, "audio content protection A")
    FDI_A = Field(0, 0, "FDI receiver A", gen="6-8")


class SDE_ILK(
    Register,
    at={"5": Array((("ISR", 0xC4000), ("IMR", 0xC4004), ("IIR", 0xC4008), ("IER", 0xC400C)))},
    name="SDE",
    access=INTERRUPTS,
    source=DISPLAY,
    gaps=RESERVED,
):
    """South display interrupts of Ibex Peak."""

    AUDIO_POWER = Field(27, 25, "audio power of D, C, B")
    GMBUS = Field(24, 24, "GMBUS event")
    HDCP = Field(23, 22, "audio HDCP of transcoders B, A")
    AUDIO = Field(21, 20, "audio of transcoders B, A")
    POISON = Field(19, 19, "poisoned data")
    FDI_B = Field(17, 17, "FDI receiver B")
    FDI_A = Field(16, 16, "FDI receiver A")
    AUX = Field(15, 13, "AUX of D, C, B")
    CRT = Field(11, 11, "CRT hotplug")
    PORT_D = Field(10, 10, "port D hotplug")
    PORT_C = Field(9, 9, "port C hotplug")
    PORT_B = Field(8, 8, "port B hotplug")
    SDVO_B = Field(6, 6, "SDVO B hotplug")
    TRANSCODERS = Field(5, 0, "CRC and underrun events of transcoders B, A")


class SDE_ICP(
    Register,
    at={"11-": Array((("ISR", 0xC4000), ("IMR", 0xC4004), ("IIR", 0xC4008), ("IER", 0xC400C)))},
    name="SDE",
    access=INTERRUPTS,
    source=DISPLAY,
    gaps=RESERVED,
):
    """South display interrupts from gen 11."""

    TC = Field(29, 24, "Type-C hotplug 6 to 1, live in ISR")
    GMBUS = Field(23, 23, "GMBUS event")
    PORT_D = Field(19, 19, "port D hotplug, live in ISR")
    PORT_C = Field(18, 18, "port C hotplug, live in ISR")
    PORT_B = Field(17, 17, "port B hotplug, live in ISR")
    PORT_A = Field(16, 16, "port A hotplug, live in ISR")


class PCH_PANEL_FLR(
    Register,
    at={PCH_PORTS: 0xD0100},
    name="NSDE_PWR_STATE",
    source="Linux drivers/pci/quirks.c reset_ivb_igd",
):
    """Written by Linux at the end of its Ivy Bridge reset."""

    STATE = Field(31, 0, "power state")
