"""The clock registers: pixel PLLs, display core clock, LCPLL, SPLL, WRPLL, port clock selection."""

# ruff: noqa: N801 (the manuals' own register names)

from fwsim.registers.core import RESERVED, VLV_BASE, Field, Register, at_each, by_gen, each
from fwsim.registers.places import DISPLAY

_PHY = "Linux i915 display/bxt_dpio_phy_regs.h"


class VGA0(Register, at={"2-4": 0x6000, "vlv": VLV_BASE + 0x6000}, reset=0x00031108, source=DISPLAY, gaps=RESERVED):
    """PLL dividers of VGA's 25.175 MHz clock."""

    N = Field(21, 16, "N")
    M1 = Field(13, 8, "M1")
    M2 = Field(5, 0, "M2")


class VGA1(Register, at={"2-4": 0x6004, "vlv": VLV_BASE + 0x6004}, reset=0x00031406, source=DISPLAY, gaps=RESERVED):
    """PLL dividers of VGA's 28.322 MHz clock."""

    N = Field(21, 16, "N")
    M1 = Field(13, 8, "M1")
    M2 = Field(5, 0, "M2")


class VGA_PD(Register, at={"2-4": 0x6010, "vlv": VLV_BASE + 0x6010}, reset=None, source=DISPLAY, gaps=RESERVED):
    """PLL post dividers of VGA's clocks."""

    P2_1 = Field(15, 15, "VGA1 P2", values={0: "2", 1: "4"})
    P1_1_TWO = Field(13, 13, "VGA1 P1 is 2")
    P1_1 = Field(12, 8, "VGA1 P1")
    P2_0 = Field(7, 7, "VGA0 P2", values={0: "2", 1: "4"})
    P1_0_TWO = Field(5, 5, "VGA0 P1 is 2")
    P1_0 = Field(4, 0, "VGA0 P1")


class DPLL(Register, at={"2-4": at_each(A=0x6014, B=0x6018)}, source=DISPLAY, gaps=RESERVED):
    """Pixel PLL of gens 2 to 4."""

    ENABLE = Field(31, 31, "PLL on")
    HIGH_SPEED = Field(30, 30, "SDVO high speed, or DVO at twice the clock")
    SYNC = Field(29, 29, "sync lock on")
    VGA_OFF = Field(28, 28, "dividers from", values={0: "VGA0 or VGA1", 1: "FP0 or FP1"})
    MODE = Field(27, 26, "mode", values={1: "DAC or SDVO", 2: "LVDS"})
    P2 = Field(25, 24, "P2", gen="3-4", values={0: "10, or 14 for LVDS", 1: "5, or 7 for LVDS"})
    P2_830 = Field(23, 23, "P2", gen="2", values={0: "2", 1: "4"})
    P1 = Field(23, 16, "P1, one bit set", gen="3-4")
    P1_830 = Field(21, 16, "P1 code", gen="2")
    REFERENCE = Field(14, 13, "reference", values={0: "96 MHz", 1: "TV A", 2: "TV B and C", 3: "spread spectrum"})
    PULSE = Field(12, 9, "load pulse phase")
    RATE = Field(8, 8, "rate", values={0: "FP0", 1: "FP1"})
    MULTIPLIER = Field(7, 0, "SDVO multiplier (before the 965)")


class DPLL_VLV(
    Register,
    at={
        "baytrail": at_each(A=VLV_BASE + 0x6014, B=VLV_BASE + 0x6018),
        "cherryview": at_each(A=VLV_BASE + 0x6014, B=VLV_BASE + 0x6018, C=VLV_BASE + 0x6030),
    },
    name="DPLL",
    source=f"{DISPLAY}; Bay Trail images wait for bit 15",
    gaps=RESERVED,
):
    """Pixel PLL of Bay Trail and Cherryview; its dividers are behind the sideband (DPIO)."""

    ENABLE = Field(31, 31, "PLL on")
    BUFFER = Field(30, 30, "external buffer on")
    REFCLK = Field(29, 29, "reference clock on")
    VGA_OFF = Field(28, 28, "VGA mode off")
    LOCK = Field(15, 15, "locked", access="ro")
    CRI = Field(14, 14, "integrated CRI clock")
    REF = Field(13, 13, "integrated reference clock")
    READY_C = Field(7, 4, "port C lanes ready (0 is ready)", access="ro")
    READY_B = Field(3, 0, "port B lanes ready (0 is ready)", access="ro")


class DPLL_MD(
    Register,
    at={
        "4": at_each(A=0x601C, B=0x6020),
        "baytrail": at_each(A=VLV_BASE + 0x601C, B=VLV_BASE + 0x6020),
        "cherryview": at_each(A=VLV_BASE + 0x601C, B=VLV_BASE + 0x6020, C=VLV_BASE + 0x603C),
    },
    source=DISPLAY,
    gaps=RESERVED,
):
    """Pixel multipliers."""

    DIVIDER = Field(29, 24, "divider", plus=1, unit="x")
    VGA_DIVIDER = Field(21, 16, "divider in VGA mode", plus=1, unit="x")
    MULTIPLIER = Field(13, 8, "multiplier", plus=1, unit="x")
    VGA_MULTIPLIER = Field(5, 0, "multiplier in VGA mode", plus=1, unit="x")


class FP0(Register, at={"2-4": each(0x6040, 8, "AB")}, source=DISPLAY, gaps=RESERVED):
    """PLL dividers."""

    N = Field(23, 16, "N")
    M1 = Field(13, 8, "M1")
    M2 = Field(7, 0, "M2")


class FP1(Register, at={"2-4": each(0x6044, 8, "AB")}, source=DISPLAY, gaps=RESERVED):
    """PLL dividers of the second rate."""

    N = Field(23, 16, "N")
    M1 = Field(13, 8, "M1")
    M2 = Field(7, 0, "M2")


class DPLL_TEST(Register, at={"2-4": 0x606C}, source="Linux i915 i915_reg.h DPLL_TEST", gaps=RESERVED):
    """PLL test controls."""

    SDVO_B = Field(23, 22, "SDVO B divider", values={0: "1", 1: "2", 2: "4"})
    N_BYPASS_B = Field(19, 19, "PLL B: N bypassed")
    M_BYPASS_B = Field(18, 18, "PLL B: M bypassed")
    BUFFER_B = Field(16, 16, "PLL B: input buffer on")
    N_BYPASS_A = Field(3, 3, "PLL A: N bypassed")
    M_BYPASS_A = Field(2, 2, "PLL A: M bypassed")
    BUFFER_A = Field(0, 0, "PLL A: input buffer on")


class D_STATE(Register, at={"3-4": 0x6104}, source="Linux i915 i915_reg.h D_STATE", gaps=RESERVED):
    """Power state of the graphics clocks."""

    PLL_OFF = Field(3, 3, "PLL off in D3")
    GFX_GATING = Field(1, 1, "graphics clock gating on")
    DOT_GATING = Field(0, 0, "dot clock gating on")


class DSPCLK_GATE_D(
    Register, at={"2-4": 0x6200, "vlv": VLV_BASE + 0x6200}, source="Linux i915 i915_reg.h DSPCLK_GATE_D"
):
    """Display clock gates that are held open."""

    GATES = Field(31, 0, "one bit a unit, laid out by part")


class GCI_CONTROL(Register, at={"vlv": VLV_BASE + 0x650C}, source=DISPLAY, gaps=RESERVED):
    """Credits of the graphics memory interface."""

    CREDITS = Field(31, 28, "credit code")
    RESEND = Field(27, 27, "send credits again")
    VGA_FAST = Field(14, 14, "VGA fast mode off")


class CZCLK_CDCLK_FREQ_RATIO(
    Register,
    at={"vlv": VLV_BASE + 0x6508},
    reset=None,
    source=f"{DISPLAY}; Bay Trail images refuse CRT and HDMI modes when it is 0",
    gaps=RESERVED,
):
    """Ratios of the display core clock and the memory-side clock. Cherryview images want a CDCLK code of 0."""

    CDCLK = Field(8, 4, "display core clock code")
    CZCLK = Field(3, 0, "memory-side clock code")


class GMBUSFREQ(Register, at={"vlv": VLV_BASE + 0x6510}, source=f"{DISPLAY} GMBUSFREQ_VLV", gaps=RESERVED):
    """GMBUS clock divider."""

    DIVIDER = Field(9, 0, "divider")


class RAWCLK_FREQ(Register, at={"vlv": VLV_BASE + 0x6024}, source=f"{DISPLAY} RAWCLK_FREQ_VLV", gaps=RESERVED):
    """Raw clock."""

    FREQUENCY = Field(9, 0, "raw clock", unit="MHz")


class FDI_PLL_BIOS_0(
    Register, at={"ilk,hsw": 0x46000}, reset=None, source="Linux i915 display/intel_fdi_regs.h", gaps=RESERVED
):
    """FDI PLL as the firmware left it: the feedback divider tells the frequency. No driver uses it on Haswell."""

    FEEDBACK = Field(7, 0, "feedback divider")


class FDI_PLL_BIOS_1(Register, at={"ilk,hsw": 0x46004}, source="Linux i915 display/intel_fdi_regs.h"):
    """FDI PLL, second register."""

    DATA = Field(31, 0, "as the firmware left it")


class FDI_PLL_BIOS_2(Register, at={"ilk,hsw": 0x46008}, source="Linux i915 display/intel_fdi_regs.h"):
    """FDI PLL, third register."""

    DATA = Field(31, 0, "as the firmware left it")


class DISPLAY_PORT_PLL_BIOS(
    Register, at={"ilk,hsw": each(0x4600C, 4, 3)}, source="Linux i915 display/intel_fdi_regs.h"
):
    """DisplayPort PLL of the processor as the firmware left it."""

    DATA = Field(31, 0, "as the firmware left it")


class FDI_PLL_FREQ_CTL(Register, at={"ilk,hsw": 0x46030}, source="Linux i915 display/intel_fdi_regs.h", gaps=RESERVED):
    """FDI PLL frequency control."""

    CHANGE = Field(24, 24, "change asked for")
    LOCK_LIMIT = Field(19, 8, "lock limit")
    DISABLE_LIMIT = Field(7, 0, "disable count limit")


class CDCLK_CTL(
    Register,
    at={"9-": 0x46000},
    reset=0x2A1,
    source=f"{DISPLAY}; Skylake and Coffee Lake images accept 2a1, 382, 436 and loop for ever on others",
    gaps=RESERVED,
):
    """Display core clock: the decimal field holds MHz less one, with one binary digit after the point."""

    FREQ = Field(27, 26, "range", gen="skl", values={0: "450 or 432", 1: "540", 2: "337.5 or 308.6", 3: "675 or 617"})
    CD2X = Field(23, 22, "divider", gen="bxt,10-", values={0: "1", 1: "1.5", 2: "2", 3: "4"})
    PIPE = Field(21, 19, "pipe it changes with")
    PRECHARGE = Field(16, 16, "precharge", gen="bxt")
    DECIMAL = Field(
        10,
        0,
        "display core clock",
        values={
            0x267: "308.57 MHz",
            0x2A1: "337.5 MHz",
            0x35E: "432 MHz",
            0x382: "450 MHz",
            0x436: "540 MHz",
            0x4D0: "617.14 MHz",
            0x544: "675 MHz",
            0x4DE: "624 MHz",
            0x11E: "144 MHz",
            0x23E: "288 MHz",
            0x2FE: "384 MHz",
        },
    )


class LCPLL1_CTL(
    Register, at={"skl": 0x46010}, reset=0xC0000000, source=f"{DISPLAY}; bit 30 follows bit 31", gaps=RESERVED
):
    """DPLL 0 of Skylake: the source of the display core clock."""

    ENABLE = Field(31, 31, "PLL on")
    LOCK = Field(30, 30, "locked", access="ro")


class LCPLL2_CTL(Register, at={"skl": 0x46014}, source=DISPLAY, gaps=RESERVED):
    """DPLL 1 of Skylake."""

    ENABLE = Field(31, 31, "PLL on")
    LOCK = Field(30, 30, "locked", access="ro")


class DPLL_ENABLE(
    Register,
    at=by_gen({"11": at_each(DPLL0=0x46010, DPLL1=0x46014, TBT=0x46020), "12-": at_each(DPLL0=0x46010, DPLL1=0x46014,
               DPLL2=0x46018, TBT=0x46020)}),
    source=f"{DISPLAY} ICL_DPLL_ENABLE",
    gaps=RESERVED,
):  # fmt: skip
    """PLLs of gen 11 on."""

    ENABLE = Field(31, 31, "PLL on")
    LOCK = Field(30, 30, "locked", access="ro")
    POWER = Field(27, 27, "power wanted")
    POWERED = Field(26, 26, "is powered", access="ro")


class MG_PLL_ENABLE(
    Register,
    at={"11-12": each(0x46030, 4, ["TC1", "TC2", "TC3", "TC4"]), "13-": each(0x46038, 8, ["TC1", "TC2", "TC3", "TC4"])},
    source=f"{DISPLAY} MG_PLL_ENABLE, ADLP_PORTTC_PLL_ENABLE", gaps=RESERVED,
):  # fmt: skip
    """PLLs of the Type-C ports."""

    ENABLE = Field(31, 31, "PLL on")
    LOCK = Field(30, 30, "locked", access="ro")
    POWER = Field(27, 27, "power wanted")
    POWERED = Field(26, 26, "is powered", access="ro")


class DPLL_CFGCR0_ICL(
    Register,
    at=by_gen({"11": each(0x164000, 0x80, 2), "12-": each(0x164284, 8, 2)}),
    name="DPLL_CFGCR0",
    source=f"{DISPLAY} ICL_DPLL_CFGCR0",
    gaps=RESERVED,
):
    """PLL configuration from gen 11 on."""

    SSC = Field(25, 25, "spread spectrum")
    FRACTION = Field(24, 10, "DCO, fraction")
    INTEGER = Field(9, 0, "DCO, integer")


class DPLL_CFGCR1_ICL(
    Register,
    at=by_gen({"11": each(0x164004, 0x80, 2), "12-": each(0x164288, 8, 2)}),
    name="DPLL_CFGCR1",
    source=f"{DISPLAY} ICL_DPLL_CFGCR1",
    gaps=RESERVED,
):
    """PLL dividers from gen 11 on."""

    QDIV = Field(17, 10, "Q divider")
    QMODE = Field(9, 9, "Q divider used")
    KDIV = Field(8, 6, "K divider", values={1: "1", 2: "2", 4: "3"})
    PDIV = Field(5, 2, "P divider", values={1: "2", 2: "3", 4: "5", 8: "7"})
    CENTRAL = Field(1, 0, "central frequency")


class DPCLKA_CFGCR0(Register, at={"11-": 0x164280}, source=f"{DISPLAY} ICL_DPCLKA_CFGCR0"):
    """Which PLL drives which port, and the clock gates; the layout differs from part to part."""

    GATES = Field(31, 6, "clock gates and further ports")
    C = Field(5, 4, "port C's PLL")
    B = Field(3, 2, "port B's PLL")
    A = Field(1, 0, "port A's PLL")


class DPLL_CTRL1(Register, at={"skl": 0x6C058}, source=DISPLAY, gaps=RESERVED):
    """PLL modes of Skylake, six bits a PLL: override, link rate (3), spread, HDMI mode."""

    DPLL3 = Field(23, 18, "DPLL 3's mode")
    DPLL2 = Field(17, 12, "DPLL 2's mode")
    DPLL1 = Field(11, 6, "DPLL 1's mode")
    DPLL0_HDMI = Field(5, 5, "DPLL 0 HDMI mode")
    DPLL0_SSC = Field(4, 4, "DPLL 0 spread spectrum")
    DPLL0_RATE = Field(
        3, 1, "DPLL 0", values={0: "2700 MHz", 1: "1350 MHz", 2: "810 MHz", 3: "1620 MHz", 4: "1080 MHz", 5: "2160 MHz"}
    )
    DPLL0_OVERRIDE = Field(0, 0, "DPLL 0 override")


class DPLL_CTRL2(Register, at={"skl": 0x6C05C}, source=DISPLAY, gaps=RESERVED):
    """Which PLL drives which port of Skylake, three bits a port: override, then the PLL."""

    CLOCK_OFF = Field(19, 15, "clock off for ports E to A")
    E = Field(14, 12, "port E's PLL and override")
    D = Field(11, 9, "port D's PLL and override")
    C = Field(8, 6, "port C's PLL and override")
    B = Field(5, 3, "port B's PLL and override")
    A = Field(2, 0, "port A's PLL and override")


class DPLL_STATUS(Register, at={"skl": 0x6C060}, access="ro", reset=1,
                  source=f"{DISPLAY}; Skylake images wait for it", gaps=RESERVED):  # fmt: skip
    """Which PLLs of Skylake are locked: DPLL 0 from the start, as LCPLL1_CTL says."""

    DPLL3 = Field(24, 24, "DPLL 3 locked")
    DPLL2 = Field(16, 16, "DPLL 2 locked")
    DPLL1 = Field(8, 8, "DPLL 1 locked")
    DPLL0 = Field(0, 0, "DPLL 0 locked")


class DPLL_CFGCR1(Register, at={"skl": each(0x6C040, 8, ["1", "2", "3"])}, source=DISPLAY, gaps=RESERVED):
    """PLL frequency of Skylake (HDMI)."""

    ENABLE = Field(31, 31, "frequency programmed")
    FRACTION = Field(23, 9, "DCO, fraction")
    INTEGER = Field(8, 0, "DCO, integer")


class DPLL_CFGCR2(Register, at={"skl": each(0x6C044, 8, ["1", "2", "3"])}, source=DISPLAY, gaps=RESERVED):
    """PLL dividers of Skylake (HDMI)."""

    QDIV = Field(15, 8, "Q divider")
    QMODE = Field(7, 7, "Q divider used")
    KDIV = Field(6, 5, "K divider", values={0: "5", 1: "2", 2: "3", 3: "1"})
    PDIV = Field(4, 2, "P divider", values={0: "1", 1: "2", 2: "3", 4: "7"})
    CENTRAL = Field(1, 0, "central frequency", values={0: "9600 MHz", 1: "9000 MHz", 3: "8400 MHz"})


class WRPLL_CTL(Register, at={"hsw,skl": each(0x46040, 0x20, ["1", "2"])}, source=DISPLAY, gaps=RESERVED):
    """Wide-range PLL of Haswell: any pixel clock; Skylake's DPLL 2 and 3, whose dividers lie in DPLL_CFGCR1 and 2."""

    ENABLE = Field(31, 31, "PLL on")
    REFERENCE = Field(29, 28, "reference", gen="hsw", values={0: "BCLK", 1: "PCH SSC", 2: "muxed", 3: "LCPLL"})
    FEEDBACK = Field(23, 16, "feedback divider", gen="hsw")
    POST = Field(13, 8, "post divider", gen="hsw")
    REF_DIVIDER = Field(7, 0, "reference divider", gen="hsw")


class SPLL_CTL(Register, at={"hsw": 0x46020}, source=DISPLAY, gaps=RESERVED):
    """Spread PLL of Haswell: the CRT's FDI link."""

    ENABLE = Field(31, 31, "PLL on")
    REFERENCE = Field(29, 28, "reference", values={0: "BCLK", 1: "SSC", 2: "non-SSC", 3: "LCPLL"})
    FREQUENCY = Field(27, 26, "frequency", values={0: "810 MHz", 1: "1350 MHz", 2: "2700 MHz"})


class LCPLL_CTL(
    Register, at={"hsw": 0x130040}, reset=0x40000000, source=f"{DISPLAY}; bit 30 is the opposite of bit 31",
    gaps=RESERVED,
):  # fmt: skip
    """LCPLL of Haswell: display core clock and DisplayPort clocks."""

    DISABLE = Field(31, 31, "PLL off")
    LOCK = Field(30, 30, "locked", access="ro")
    REFERENCE = Field(29, 28, "reference", values={0: "non-SSC", 2: "BCLK", 3: "PCH SSC"})
    FREQUENCY = Field(27, 26, "core clock", values={0: "450 MHz", 1: "540 MHz", 2: "337.5 MHz", 3: "675 MHz"})
    CD_OFF = Field(25, 25, "core clock off")
    ROOT_OFF = Field(24, 24, "root clock off")
    CD2X_OFF = Field(23, 23, "doubled core clock off")
    ALLOW = Field(22, 22, "may be powered down")
    FCLK = Field(21, 21, "core clock from", values={0: "LCPLL", 1: "FCLK"})
    FCLK_DONE = Field(19, 19, "core clock is from FCLK", access="ro")


class PORT_CLK_SEL(Register, at={"hsw": each(0x46100, 4, "ABCDE")}, reset=0xE0000000, source=DISPLAY, gaps=RESERVED):
    """Clock of a Haswell port."""

    CLOCK = Field(
        31, 29, "clock", values={0: "LCPLL 2700", 1: "LCPLL 1350", 2: "LCPLL 810", 3: "SPLL", 4: "WRPLL 1",
                                 5: "WRPLL 2", 7: "none"}
    )  # fmt: skip


class DDI_CLK_SEL(Register, at={"11-": each(0x46100, 4, "ABCDEF")}, source=DISPLAY, gaps=RESERVED):
    """Clock of a Type-C port from gen 11 on."""

    CLOCK = Field(
        31, 28, "clock", values={0: "none", 8: "MG PLL", 12: "TBT 162", 13: "TBT 270", 14: "TBT 540", 15: "TBT 810"}
    )


class TRANS_CLK_SEL(
    Register, at={"hsw,9-11": each(0x46140, 4, "ABC"), "12-": each(0x46140, 4, "ABCD")}, source=DISPLAY, gaps=RESERVED
):
    """Which port's clock a transcoder uses."""

    PORT = Field(31, 29, "port", gen="hsw,9-11", values={0: "none", 2: "B", 3: "C", 4: "D", 5: "E"})
    PORT_TGL = Field(31, 28, "port", gen="12-", values={0: "none", 1: "A", 2: "B", 3: "C", 4: "TC1", 5: "TC2"})


class CDCLK_FREQ(Register, at={"broadwell": 0x46200, "9-": 0x46200}, source=DISPLAY, gaps=RESERVED):
    """Display core clock in MHz less one, for the units that count time."""

    MHZ = Field(9, 0, "core clock", plus=1, unit="MHz")


class BXT_DE_PLL_CTL(Register, at={"bxt": 0x6D000}, source=DISPLAY, gaps=RESERVED):
    """Display PLL ratio of Apollo Lake."""

    RATIO = Field(7, 0, "times 19.2 MHz", unit="x 19.2 MHz")


class DE_PLL_ENABLE(
    Register, at={"bxt,10-": 0x46070}, source=f"{DISPLAY} BXT_DE_PLL_ENABLE; Apollo Lake images wait for bit 30",
    gaps=RESERVED,
):  # fmt: skip
    """Display core clock's PLL: bit 30 follows bit 31."""

    ENABLE = Field(31, 31, "PLL on")
    LOCK = Field(30, 30, "locked", access="ro")
    REQUEST = Field(23, 23, "frequency change asked for")
    ACK = Field(22, 22, "frequency change done", access="ro")
    RATIO = Field(7, 0, "ratio", gen="10-")


class BXT_PORT_PLL_ENABLE(
    Register, at={"bxt": each(0x46074, 4, "ABC")}, source=f"{_PHY}; bit 30 follows bit 31", gaps=RESERVED
):
    """Port PLLs of Apollo Lake."""

    ENABLE = Field(31, 31, "PLL on")
    LOCK = Field(30, 30, "locked", access="ro")
    REFERENCE = Field(27, 27, "reference", values={0: "SSC", 1: "non-SSC"})
    POWER = Field(26, 26, "power wanted")
    POWERED = Field(25, 25, "is powered", access="ro")


class DSSM(Register, at={"9-": 0x51004}, access="ro", reset=None, source=f"{DISPLAY} SKL_DSSM", gaps=RESERVED):
    """Display straps: the reference clock from gen 11 on."""

    REFERENCE = Field(31, 29, "reference", gen="11-", values={0: "24 MHz", 1: "19.2 MHz", 2: "38.4 MHz"})
