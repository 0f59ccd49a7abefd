"""The registers of Type-C ports and their PHYs (gen 11 on), of Synopsys PHYs, and of Meteor Lake's PICA."""

# ruff: noqa: N801 (the driver's own register names)

from fwsim.registers.core import RESERVED, At, Field, Register, at_each, each
from fwsim.registers.places import I915

_SNPS = "Linux i915 display/intel_snps_phy_regs.h; DG2's, a discrete part with display 13: no host cpu has it"
_MG = "Linux i915 display/intel_mg_phy_regs.h"
_FIA: dict[str, tuple[int, ...]] = {
    "11": (0x163000,), "tigerlake,13-,!meteorlake": (0x163000, 0x16E000, 0x16F000)
}  # fmt: skip


def _fia(offset: int) -> dict[str, At]:
    """A register of the flexible I/O adapters: one on gen 11, three from Tiger Lake on."""
    return {
        gen: at_each(**{f"FIA{n + 1}": base + offset for n, base in enumerate(bases)}) for gen, bases in _FIA.items()
    }


class PORT_TX_DFLEXPA1(Register, at=_fia(0x880), source=f"{I915} PORT_TX_DFLEXPA1"):
    """Pin assignment of each port, four bits a port."""

    PORTS_HIGH = Field(31, 16, "further ports")
    PORT3 = Field(15, 12, "port 3")
    PORT2 = Field(11, 8, "port 2")
    PORT1 = Field(7, 4, "port 1")
    PORT0 = Field(3, 0, "port 0")


class PORT_TX_DFLEXDPPMS(Register, at=_fia(0x890), source=f"{I915} PORT_TX_DFLEXDPPMS", gaps=RESERVED):
    """Ports whose PHY mode is complete."""

    COMPLETE = Field(7, 0, "complete, a bit a port")


class PORT_TX_DFLEXDPCSSS(Register, at=_fia(0x894), source=f"{I915} PORT_TX_DFLEXDPCSSS", gaps=RESERVED):
    """Ports that the display has taken: not safe to change."""

    NOT_SAFE = Field(7, 0, "not safe, a bit a port")


class PORT_TX_DFLEXDPSP(Register, at=_fia(0x8A0), source=f"{I915} PORT_TX_DFLEXDPSP", gaps=RESERVED):
    """What is plugged into each port, a byte a port."""

    TBT3 = Field(30, 30, "port 3: Thunderbolt")
    TC3 = Field(29, 29, "port 3: DisplayPort")
    LANES3 = Field(27, 24, "port 3: lanes")
    TBT2 = Field(22, 22, "port 2: Thunderbolt")
    TC2 = Field(21, 21, "port 2: DisplayPort")
    LANES2 = Field(19, 16, "port 2: lanes")
    TBT1 = Field(14, 14, "port 1: Thunderbolt")
    TC1 = Field(13, 13, "port 1: DisplayPort")
    LANES1 = Field(11, 8, "port 1: lanes")
    TBT0 = Field(6, 6, "port 0: Thunderbolt")
    TC0 = Field(5, 5, "port 0: DisplayPort")
    MODULAR = Field(4, 4, "adapters are modular")
    LANES0 = Field(3, 0, "port 0: lanes")


class PORT_TX_DFLEXDPMLE1(Register, at=_fia(0x8C0), source=_MG):
    """Main lanes of each port that are on, four bits a port: 1 lane 0, 3 lanes 1:0, 8 lane 3, 12 lanes 3:2, 15 all."""

    PORTS_HIGH = Field(31, 16, "further ports")
    PORT3 = Field(15, 12, "port 3")
    PORT2 = Field(11, 8, "port 2")
    PORT1 = Field(7, 4, "port 1")
    PORT0 = Field(3, 0, "port 0")


class MG_PLL_TDC_COLDST_BIAS(
    Register, at={"icelake": each(0x168A18, 0x1000, ["1", "2", "3", "4"])}, source=_MG, gaps=RESERVED
):
    """PLL of a Type-C port of Ice Lake: time converter, cold start, bias."""

    IREF = Field(27, 27, "reference current inside")
    PULSE = Field(26, 17, "start pulse")
    COLDSTART = Field(16, 16, "cold start")
    OVC = Field(2, 2, "converter's correction")
    SELECT = Field(1, 0, "converter")


class HIP_INDEX_REG(
    Register, at={"tigerlake,13-,!meteorlake": each(0x1010A0, 4, 2)},
    source="Linux i915 display/intel_dkl_phy_regs.h HIP_INDEX_REG",
):  # fmt: skip
    """Which 4 KiB of a Type-C PHY its window shows, a byte a port."""

    PORT3 = Field(31, 24, "port 4 (or 8)")
    PORT2 = Field(23, 16, "port 3 (or 7)")
    PORT1 = Field(15, 8, "port 2 (or 6)")
    PORT0 = Field(7, 0, "port 1 (or 5)")


class DKL_CMN_UC_DW27(
    Register, at={"tigerlake,13-,!meteorlake": each(0x16836C, 0x1000, ["1", "2", "3", "4"])},
    source="Linux i915 display/intel_dkl_phy_regs.h DKL_CMN_UC_DW27; seen while HIP_INDEX_REG chooses 4 KiB number 2",
    gaps="the same place in other 4 KiB of the PHY",
):  # fmt: skip
    """Microcontroller of a Type-C PHY."""

    HEALTH = Field(15, 15, "it runs")


class TCSS_DDI_STATUS(
    Register, at={"13-": each(0x161500, 4, ["1", "2", "3", "4"])}, source=f"{I915} TCSS_DDI_STATUS", gaps=RESERVED
):
    """Type-C port as its subsystem sees it."""

    PINS = Field(28, 25, "pin assignment")
    READY = Field(2, 2, "PHY is ready")
    TBT = Field(1, 1, "Thunderbolt is plugged in")
    ALT = Field(0, 0, "DisplayPort is plugged in")


def _snps(offset: int) -> dict[str, At]:
    """A register of DG2's Synopsys PHYs, 0x1000 apart: under the host cpu of gen 13 that has nothing else there."""
    return {"meteorlake": each(0x168000 + offset, 0x1000, "ABCD")}


class SNPS_PHY_MPLLB_CP(Register, at=_snps(0x0), source=_SNPS, gaps=RESERVED):
    """Charge pump of the PLL."""

    INT = Field(31, 25, "integral")
    INT_GS = Field(23, 17, "integral, gear shift")
    PROP = Field(15, 9, "proportional")
    PROP_GS = Field(7, 1, "proportional, gear shift")


class SNPS_PHY_MPLLB_DIV(Register, at=_snps(0x4), source=_SNPS, gaps=RESERVED):
    """Dividers of the PLL."""

    FORCE = Field(31, 31, "forced on")
    DIV = Field(30, 30, "divided clock on")
    DIV5 = Field(29, 29, "clock by 5 on")
    V2I = Field(27, 26, "voltage to current")
    VCO = Field(25, 24, "range")
    MULTIPLIER = Field(23, 16, "divider's multiplier")
    PMIX = Field(10, 10, "phase mixer")
    DP2 = Field(9, 9, "DisplayPort 2")
    WORD_DIV2 = Field(8, 8, "word clock by 2")
    TX_DIV = Field(7, 5, "transmit clock's divider")
    SHIM = Field(0, 0, "shim clock by 32")


class SNPS_PHY_MPLLB_FRACN1(Register, at=_snps(0x8), source=_SNPS, gaps=RESERVED):
    """Fraction of the PLL: on, denominator."""

    ENABLE = Field(31, 31, "on")
    UPDATE = Field(30, 30, "updates on")
    DENOMINATOR = Field(15, 0, "denominator")


class SNPS_PHY_MPLLB_FRACN2(Register, at=_snps(0xC), source=_SNPS):
    """Fraction of the PLL: remainder and quotient."""

    REMAINDER = Field(31, 16, "remainder")
    QUOTIENT = Field(15, 0, "quotient")


class SNPS_PHY_MPLLB_SSCEN(Register, at=_snps(0x14), source=_SNPS, gaps=RESERVED):
    """Spread spectrum of the PLL."""

    ENABLE = Field(31, 31, "on")
    UP = Field(30, 30, "upwards")
    PEAK = Field(29, 10, "peak")


class SNPS_PHY_MPLLB_SSCSTEP(Register, at=_snps(0x18), source=_SNPS, gaps=RESERVED):
    """Step of the spread spectrum."""

    STEP = Field(31, 11, "step")


class SNPS_PHY_MPLLB_DIV2(Register, at=_snps(0x1C), source=_SNPS, gaps=RESERVED):
    """Further dividers of the PLL."""

    HDMI_PIXEL = Field(19, 18, "HDMI pixel clock")
    HDMI = Field(17, 15, "HDMI")
    REF = Field(14, 12, "reference")
    MULTIPLIER = Field(11, 0, "multiplier")


class SNPS_PHY_REF_CONTROL(Register, at=_snps(0x188), source=_SNPS, gaps=RESERVED):
    """Reference clock."""

    RANGE = Field(31, 27, "range")


class SNPS_PHY_TX_REQ(Register, at=_snps(0x200), source=_SNPS, gaps=RESERVED):
    """Lanes' power in self-refresh."""

    PSR = Field(31, 30, "power of lanes that are off")


class PICAINTERRUPT(
    Register,
    at={"meteorlake": at_each(ISR=0x16FE50, IMR=0x16FE54, IIR=0x16FE58, IER=0x16FE5C)},
    source=f"{I915} PICAINTERRUPT_ISR",
    gaps=RESERVED,
):
    """Interrupts of Meteor Lake's Type-C ports: live, masked, pending (write 1 to clear), enabled."""

    ALT = Field(19, 16, "DisplayPort hotplug, ports 4 to 1")
    AUX = Field(11, 8, "AUX, ports 4 to 1")
    AUX_DDI = Field(7, 6, "AUX of ports B and A (Lunar Lake)")
    TBT = Field(3, 0, "Thunderbolt hotplug, ports 4 to 1")


class XE2LPD_PICA_PW_CTL(
    Register, at={"13-": 0x16FE04}, source="Linux i915 display/intel_dp_aux_regs.h; i915 uses it from Lunar Lake on",
    gaps=RESERVED,
):  # fmt: skip
    """Power of the PICA."""

    REQUEST = Field(31, 31, "wanted on")
    STATUS = Field(30, 30, "is on", access="ro")


class XELPDP_INITIATE_PMDEMAND_REQUEST(
    Register, at={"meteorlake": 0x45230}, source=f"{I915} XELPDP_INITIATE_PMDEMAND_REQUEST(0)", gaps=RESERVED
):
    """What the display asks of the power management, first word."""

    BANDWIDTH = Field(31, 16, "bandwidth")
    VOLTAGE = Field(14, 12, "voltage index")
    QCLK = Field(11, 8, "memory clock index")
    PIPES = Field(7, 6, "pipes on")
    DBUFS = Field(5, 4, "buffer slices on")
    PHYS = Field(2, 0, "PHYs on")


class XELPDP_INITIATE_PMDEMAND_REQUEST_1(
    Register, at={"meteorlake": at_each(**{"1": 0x45234})}, name="XELPDP_INITIATE_PMDEMAND_REQUEST",
    source=f"{I915} XELPDP_INITIATE_PMDEMAND_REQUEST(1)", gaps=RESERVED,
):  # fmt: skip
    """What the display asks of the power management, second word; writing it sends the request."""

    ENABLE = Field(31, 31, "request")
    CDCLK = Field(30, 20, "core clock", unit="MHz")
    DDICLK = Field(18, 8, "port clock", unit="MHz")
    SCALERS = Field(6, 4, "scalers on")
    PLLS = Field(2, 0, "PLLs on")


class DCPR_STATUS_1(Register, at={"12-": 0x46440}, source=f"{I915} GEN12_DCPR_STATUS_1", gaps=RESERVED):
    """State of the display's power requests."""

    IN_FLIGHT = Field(26, 26, "a request is under way", gen="meteorlake")
