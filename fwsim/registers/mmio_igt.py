"""The registers that igt's lists name on parts where no public source describes them, or no driver uses them.

igt-gpu-tools keeps a list of names and offsets for each family (tools/registers). A family's list may take another's
over whole, so it has registers that the part itself may not have: Lynx Point's PCH has one transcoder and no LVDS,
Ice and Tiger Lake have other PLLs than Skylake. Their names are kept, as one field each.
"""

# ruff: noqa: N801 (the list's own register names)

from fwsim.registers.core import RESERVED, Array, Field, Register, at_each, each
from fwsim.registers.places import I915

_IGT = "igt's register list; no public fields"
_OTHER = "igt's register list, which takes an older part's over; no driver uses it there"
_GEN8 = "8,!cherryview,9-12,!bxt"


class RING_MODE_GEN7(
    Register,
    at={"7-8": at_each(VCS=0x1229C, VECS=0x1A29C, BCS=0x2229C)},
    source="Linux i915 gt/intel_engine_regs.h RING_MODE_GEN7",
    gaps=RESERVED,
):
    """Mode of the video, enhancement and copy engines; a bit is written with its mask in the upper half."""

    MASK = Field(31, 16, "which of the lower bits are written")
    RUN_LIST = Field(15, 15, "run lists (execlists)")
    STEERING = Field(14, 14, "interrupts steered")
    TLB = Field(13, 13, "translations made invalid by command only")
    SURFACE_FAULT = Field(12, 12, "surface faults")
    REPLAY = Field(11, 11, "replay")
    GRANULARITY = Field(10, 10, "granularity of sleep")
    PPGTT = Field(9, 9, "page tables by process")


class RING_IMR(
    Register,
    at={_GEN8: at_each(RENDER=0x20A8, BSD=0x120A8, BLT=0x220A8)},
    source="Linux i915 gt/intel_engine_regs.h RING_IMR",
    gaps=RESERVED,
):
    """Interrupts of an engine that are masked; igt calls them RENDER_IMR and so on."""

    CONTEXT_SWITCH = Field(8, 8, "context switched")
    USER = Field(0, 0, "user interrupt")


class PRIVATE_PAT(
    Register,
    at={_GEN8: at_each(**{"1": 0x40E0, "2": 0x40E4})},
    source="Linux i915 gt/intel_gt_regs.h GEN8_PRIVATE_PAT_LO",
):
    """Cacheability of page table entries, eight kinds, a byte each."""

    KIND3 = Field(31, 24, "kind 3 (or 7)")
    KIND2 = Field(23, 16, "kind 2 (or 6)")
    KIND1 = Field(15, 8, "kind 1 (or 5)")
    KIND0 = Field(7, 0, "kind 0 (or 4)")


class GEN8_GT(
    Register,
    at={
        "8-10,icelake,tigerlake": Array(
            tuple((f"{kind}{which}", 0x44300 + 16 * which + 4 * number)
                  for which in range(4) for number, kind in enumerate(("ISR", "IMR", "IIR", "IER")))
        )
    },
    source=f"{I915} GEN8_GT_ISR; igt has it on Ice and Tiger Lake too",
):  # fmt: skip
    """Interrupts of the engines: 0 render and copy, 1 video, 2 power management, 3 video enhancement."""

    SECOND = Field(31, 16, "second engine of the register")
    FIRST = Field(15, 0, "first engine of the register")


class GEN8_PCU(
    Register,
    at={"8-,!cherryview": at_each(ISR=0x444E0, IMR=0x444E4, IIR=0x444E8, IER=0x444EC)},
    source=f"{I915} GEN8_PCU_ISR; no public fields",
):
    """Interrupts of the power control unit."""

    DATA = Field(31, 0, "not described")


class PORT_DBG(Register, at={"6-8,!vlv": 0x42308}, source=_IGT):
    """Debug register of the ports."""

    DATA = Field(31, 0, "not described")


class PWR_WELL_CTL6(Register, at={"hsw": 0x45414}, source=f"{I915} HSW_PWR_WELL_CTL6; no public fields"):
    """Haswell's power well, sixth control register."""

    DATA = Field(31, 0, "not described")


class WRPLL_CTL_SKL(
    Register, at={"skl,icelake,tigerlake": each(0x46040, 0x20, ["1", "2"])}, name="WRPLL_CTL",
    source=f"{I915} WRPLL_CTL; Skylake has it as the enable of DPLL 2 and 3", gaps=RESERVED,
):  # fmt: skip
    """DPLL 2 and 3 of Skylake."""

    ENABLE = Field(31, 31, "PLL on")


class FDI_HSW(
    Register,
    at={
        "hsw": at_each(
            TXA_CTL=0x60100, TXB_CTL=0x61100, TXC_CTL=0x62100, RXB_CTL=0xF100C, RXB_MISC=0xF1010, RXB_IIR=0xF1014,
            RXB_IMR=0xF1018, RXB_TUSIZE1=0xF1030, RXB_TUSIZE2=0xF1038, RXC_CTL=0xF200C, RXC_MISC=0xF2010,
            RXC_TUSIZE1=0xF2030, RXC_TUSIZE2=0xF2038,
        ),
        "sandybridge": at_each(TXC_CTL=0x62100),
    },
    name="FDI",
    source=_OTHER,
):  # fmt: skip
    """Ivy Bridge's link to the PCH, as the list has it on Haswell: there port E and one receiver make it."""

    DATA = Field(31, 0, "not described")


class PCH_PLL_TRIM(
    Register,
    at={"6-8,!vlv": at_each(DPLL_TMR_CFG=0xC6208, SSC4_AUX_PARMS=0xC6214, DPLL_ANALOG_CTL=0xC6300)},
    name="PCH",
    source=_IGT,
):
    """PLL of the PCH: timers, spread spectrum, analogue part."""

    DATA = Field(31, 0, "not described")


class PCH_HSW(
    Register,
    at={
        "hsw": at_each(
            DPLL_A=0xC6014, DPLL_B=0xC6018, FPA0=0xC6040, FPA1=0xC6044, FPB0=0xC6048, FPB1=0xC604C,
            DREF_CONTROL=0xC6200, SSC4_PARMS=0xC6210, DPLL_SEL=0xC7000, LVDS=0xE1180,
            DP_B=0xE4100, DP_C=0xE4200, DP_D=0xE4300,
        )
    },
    name="PCH",
    source=_OTHER,
):  # fmt: skip
    """PLLs and ports of Ivy Bridge's PCH, as the list has them on Haswell, whose PCH has a CRT only."""

    DATA = Field(31, 0, "not described")


class HDMI_HSW(
    Register, at={"hsw": Array((("B", 0xE1140), ("C", 0xE1150), ("D", 0xE1160)))}, name="HDMI", source=_OTHER
):
    """HDMI ports of Ivy Bridge's PCH, as the list has them on Haswell."""

    DATA = Field(31, 0, "not described")


_TRANS_LPT = {
    "HTOTAL_{}": 0x0, "HBLANK_{}": 0x4, "HSYNC_{}": 0x8, "VTOTAL_{}": 0xC, "VBLANK_{}": 0x10, "VSYNC_{}": 0x14,
    "VSYNCSHIFT_{}": 0x28, "{}_DATA_M1": 0x30, "{}_DATA_N1": 0x34, "{}_DP_LINK_M1": 0x40, "{}_DP_LINK_N1": 0x44,
    "DP_CTL_{}": 0x300,
}  # fmt: skip


class TRANS_HSW(
    Register,
    at={
        "hsw": Array(
            (
                ("DP_CTL_A", 0xE0300),
                *((form.format(pipe), base + offset)
                  for pipe, base in (("B", 0xE1000), ("C", 0xE2000))
                  for form, offset in _TRANS_LPT.items()),
            )
        )
    },
    name="TRANS",
    source=_OTHER,
):  # fmt: skip
    """Transcoders B and C of Ivy Bridge's PCH, as the list has them on Haswell, whose PCH has one transcoder."""

    DATA = Field(31, 0, "not described")


class TRANSCONF_HSW(Register, at={"hsw": each(0xF1008, 0x1000, "BC")}, name="PCH_TRANSCONF", source=_OTHER):
    """Transcoders B and C of Ivy Bridge's PCH, as the list has them on Haswell."""

    DATA = Field(31, 0, "not described")


def _m2n2(offset: int) -> dict[str, Array]:
    return {"ironlake": each(0xE0000 + offset, 0x1000, "AB"), "6-8,!vlv": each(0xE0000 + offset, 0x1000, "ABC")}


class PCH_DATA_M2(Register, at=_m2n2(0x38), source=f"{I915} PCH_TRANS_DATA_M2", gaps=RESERVED):
    """Second data ratio M of a PCH transcoder, for its lower refresh rate."""

    TU = Field(30, 25, "transfer unit", unit="units", plus=1)
    M = Field(23, 0, "data M")


class PCH_DATA_N2(Register, at=_m2n2(0x3C), source=f"{I915} PCH_TRANS_DATA_N2", gaps=RESERVED):
    """Second data ratio N of a PCH transcoder."""

    N = Field(23, 0, "data N")


class PCH_LINK_M2(Register, at=_m2n2(0x48), source=f"{I915} PCH_TRANS_LINK_M2", gaps=RESERVED):
    """Second link ratio M of a PCH transcoder."""

    M = Field(23, 0, "link M")


class PCH_LINK_N2(Register, at=_m2n2(0x4C), source=f"{I915} PCH_TRANS_LINK_N2", gaps=RESERVED):
    """Second link ratio N of a PCH transcoder."""

    N = Field(23, 0, "link N")


_PIPE_C = {
    "HTOTAL": 0x62000, "HBLANK": 0x62004, "HSYNC": 0x62008, "VTOTAL": 0x6200C, "VBLANK": 0x62010, "VSYNC": 0x62014,
    "PIPESRC": 0x6201C, "VSYNCSHIFT": 0x62028, "DATA_M1": 0x62030, "DATA_N1": 0x62034, "DATA_M2": 0x62038,
    "DATA_N2": 0x6203C, "LINK_M1": 0x62040, "LINK_N1": 0x62044, "LINK_M2": 0x62048, "LINK_N2": 0x6204C,
    "PIPECONF": 0x72008, "DSPLINOFF": 0x72184, "DSPSTRIDE": 0x72188, "DSPTILEOFF": 0x721A4,
}  # fmt: skip


class PIPE_C_SNB(Register, at={"sandybridge": at_each(**_PIPE_C)}, name="PIPEC", source=_OTHER):
    """Pipe C of Ivy Bridge, as the list has it on Sandy Bridge, which has two pipes."""

    DATA = Field(31, 0, "not described")


class DPLL_SKL(
    Register,
    at={
        "icelake,tigerlake": at_each(
            CFGCR1_1=0x6C040, CFGCR2_1=0x6C044, CFGCR1_2=0x6C048, CFGCR2_2=0x6C04C, CFGCR1_3=0x6C050, CFGCR2_3=0x6C054,
            CTRL1=0x6C058, CTRL2=0x6C05C, STATUS=0x6C060,
        )
    },
    name="DPLL",
    source=_OTHER,
):  # fmt: skip
    """Skylake's PLLs, as the list has them on Ice and Tiger Lake."""

    DATA = Field(31, 0, "not described")


class DPLL4_CFGCR(
    Register,
    at={"tigerlake,rocketlake,alderlake,raptorlake": at_each(**{"0": 0x164294, "1": 0x164298})},
    source=f"{I915} ADLS_DPLL4_CFGCR0: Alder Lake-S has its DPLL 2 there; igt names it on Tiger Lake",
):
    """Configuration of DPLL 4."""

    DATA = Field(31, 0, "ratio, then dividers")


class TGL_DPLL_DIV0(
    Register, at={"12,alderlake-p": at_each(**{"0": 0x164B00, "1": 0x164C00, "2": 0x164D00, "4": 0x164E00})},
    name="TGL_DPLL0_DIV0", source=f"{I915} TGL_DPLL0_DIV0", gaps=RESERVED,
):  # fmt: skip
    """First divider register of a PLL; i915 changes the start-up of its control only."""

    AFC = Field(27, 25, "start-up of the frequency control")


class DPLL_SSC(Register, at={"12,alderlake-p": at_each(**{"0": 0x164B10, "1": 0x164C10, "4": 0x164E10})}, source=_IGT):
    """Spread spectrum of a PLL."""

    DATA = Field(31, 0, "not described")


class CLKGATE_DIS_PSL(
    Register, at={"9-11": each(0x46520, 4, "ABC"), "12-": each(0x46520, 4, "ABCD")}, source=f"{I915} CLKGATE_DIS_PSL",
    gaps=RESERVED,
):  # fmt: skip
    """Clock gates of a pipe that are held open."""

    CURSOR = Field(28, 28, "cursor")
    DUPS3 = Field(23, 23, "scaler 3")
    DUPS2 = Field(19, 19, "scaler 2")
    DUPS1 = Field(15, 15, "scaler 1")
    DPF = Field(10, 10, "pixel fetch")
    DPF_RAM = Field(9, 9, "pixel fetch's memory")
    DPFR = Field(8, 8, "pixel fetch's return")


class CLKGATE_DIS_PSL_EXT(Register, at={"12-": each(0x4654C, 4, "ABCD")}, source=f"{I915} CLKGATE_DIS_PSL_EXT",
                          gaps=RESERVED):  # fmt: skip
    """Clock gates of a pipe that are held open, second register."""

    DMC = Field(12, 12, "pipe's microcontroller")


class CHICKEN_PIPESL_1(
    Register, at={"hsw,9-11": each(0x420B0, 4, "ABC"), "12-": each(0x420B0, 4, "ABCD")},
    source=f"{I915} CHICKEN_PIPESL_1", gaps="undocumented chicken bits",
):  # fmt: skip
    """Workarounds of a pipe."""

    PRIMARY = Field(28, 27, "primary plane's stretch at most", gen="hsw", values={0: "x8", 1: "x4", 2: "x2", 3: "x1"})
    SPRITE = Field(26, 25, "sprite's stretch at most", gen="hsw", values={0: "x8", 1: "x4", 2: "x2", 3: "x1"})
    FBCQ = Field(22, 22, "compression queue off", gen="hsw")
    VBL_UNMASK = Field(15, 15, "vertical blank reaches a sleeping pipe", gen="haswell")
    PSR_FLIP = Field(11, 11, "flips do not end self-refresh", gen="9-")
    PLANE1 = Field(1, 0, "plane 1's stretch at most", gen="9-", values={0: "x8", 1: "x4", 2: "x2", 3: "x1"})
    VBL_UNMASK_BDW = Field(0, 0, "vertical blank reaches a sleeping pipe", gen="broadwell")


class CHICKEN_MISC_2(Register, at={"9-": 0x42084}, source=f"{I915} CHICKEN_MISC_2", gaps="undocumented chicken bits"):
    """Workarounds of the display."""

    NO_DPT = Field(30, 30, "display page table off", gen="alderlake,raptorlake,13-")
    SPARE14 = Field(14, 14, "arbiter's spare 14", gen="skl")
    SPARE13 = Field(13, 13, "arbiter's spare 13", gen="skl")
    CL2 = Field(12, 12, "PHY lane group 2 down", gen="geminilake")
    CL1 = Field(11, 11, "PHY lane group 1 down", gen="geminilake")
    CL0 = Field(10, 10, "PHY lane group 0 down", gen="geminilake")
