"""The MIPI DSI registers: gen 11's transcoders, Apollo Lake's and Bay Trail's ports, and their PLLs."""

# ruff: noqa: N801 (the driver's own register names)

from fwsim.registers.core import RESERVED, Array, Field, Register, at_each

_ICL = "Linux i915 display/icl_dsi_regs.h"
_VLV = "Linux i915 display/vlv_dsi_regs.h"
_PLL = "Linux i915 display/vlv_dsi_pll_regs.h"
_GEN11 = "11-,!meteorlake"


def _dsi(offset: int) -> dict[str, Array]:
    """A register of both MIPI transcoders of gen 11 and later."""
    return {_GEN11: at_each(DSI0=0x6B000 + offset, DSI1=0x6B800 + offset)}


def _phy(offset: int) -> dict[str, Array]:
    """The same in the combo PHYs of ports A and B."""
    return {_GEN11: at_each(A=0x162000 + offset, B=0x6C000 + offset)}


class DSI_TRANS_FUNC_CONF(Register, at=_dsi(0x30), source=_ICL, gaps=RESERVED):
    """What a MIPI transcoder sends."""

    MODE = Field(
        29,
        28,
        "mode",
        values={0: "command", 1: "command, by tearing effect", 2: "video, sync event", 3: "video, pulse"},
    )
    TE_GPIO = Field(27, 27, "tearing effect by GPIO")
    READY = Field(20, 20, "link is ready", access="ro")
    FORMAT = Field(
        18,
        16,
        "pixel format",
        values={0: "RGB 565", 1: "RGB 666 packed", 2: "RGB 666 loose", 3: "RGB 888", 4: "RGB 10:10:10",
                5: "RGB 12:12:12", 6: "compressed"},
    )  # fmt: skip
    BGR = Field(15, 15, "blue first")
    CHANNEL = Field(13, 12, "virtual channel")
    THRESHOLD = Field(11, 10, "buffer threshold", values={0: "1/4", 1: "1/2", 2: "3/4", 3: "full"})
    CLOCK = Field(9, 8, "clock", values={0: "low power after data", 2: "either", 3: "always high speed"})
    CALIBRATION = Field(5, 4, "calibration", values={0: "off", 2: "at first", 3: "at first and now and then"})
    BLANKING = Field(2, 2, "blanking packets")
    LANDSCAPE = Field(1, 1, "stereo in landscape")
    NO_EOTP = Field(0, 0, "no end of transmission packet")


class DSI_CMD_FRMCTL(Register, at=_dsi(0x34), source=_ICL, gaps=RESERVED):
    """Frames of command mode."""

    UPDATE = Field(31, 31, "send a frame")
    PERIODIC = Field(29, 29, "frames again and again")
    NULL = Field(28, 28, "null packets")
    BUSY = Field(0, 0, "frame under way", access="ro")


class DSI_INTR_MASK_REG(Register, at=_dsi(0x70), source=_ICL):
    """Interrupts that are masked; bits as in DSI_INTR_IDENT_REG."""

    MASK = Field(31, 0, "masked")


class DSI_INTR_IDENT_REG(Register, at=_dsi(0x74), access="w1c", source=_ICL, gaps=RESERVED):
    """Interrupts that are pending."""

    TE = Field(31, 31, "tearing effect")
    RX = Field(30, 30, "data received, or turnaround ended")
    TX = Field(29, 29, "data sent")
    ULPS = Field(28, 28, "lowest power entered")
    TRIGGER = Field(27, 27, "another trigger received")
    HOST_ERRORS = Field(26, 19, "errors this side saw")
    FRAME_DONE = Field(16, 16, "frame sent")
    PROTOCOL = Field(15, 15, "protocol violation reported")
    PANEL_ERRORS = Field(13, 0, "errors the panel reported")


class DSI_CLK_TIMING_PARAM(Register, at=_dsi(0x80), source=_ICL, gaps=RESERVED):
    """Timing of the clock lane."""

    PREPARE_ON = Field(31, 31, "prepare as programmed")
    PREPARE = Field(30, 28, "prepare")
    ZERO_ON = Field(27, 27, "zero as programmed")
    ZERO = Field(23, 20, "zero")
    PRE_ON = Field(19, 19, "pre as programmed")
    PRE = Field(17, 16, "pre")
    POST_ON = Field(15, 15, "post as programmed")
    POST = Field(10, 8, "post")
    TRAIL_ON = Field(7, 7, "trail as programmed")
    TRAIL = Field(3, 0, "trail")


class DPHY_CLK_TIMING_PARAM(Register, at=_phy(0x180), source=_ICL, gaps=RESERVED):
    """Timing of the clock lane, in the PHY."""

    PREPARE_ON = Field(31, 31, "prepare as programmed")
    PREPARE = Field(30, 28, "prepare")
    ZERO_ON = Field(27, 27, "zero as programmed")
    ZERO = Field(23, 20, "zero")
    PRE_ON = Field(19, 19, "pre as programmed")
    PRE = Field(17, 16, "pre")
    POST_ON = Field(15, 15, "post as programmed")
    POST = Field(10, 8, "post")
    TRAIL_ON = Field(7, 7, "trail as programmed")
    TRAIL = Field(3, 0, "trail")


class DSI_DATA_TIMING_PARAM(Register, at=_dsi(0x84), source=_ICL, gaps=RESERVED):
    """Timing of the data lanes."""

    PREPARE_ON = Field(31, 31, "prepare as programmed")
    PREPARE = Field(26, 24, "prepare")
    ZERO_ON = Field(23, 23, "zero as programmed")
    ZERO = Field(19, 16, "zero")
    TRAIL_ON = Field(15, 15, "trail as programmed")
    TRAIL = Field(10, 8, "trail")
    EXIT_ON = Field(7, 7, "exit as programmed")
    EXIT = Field(2, 0, "exit")


class DPHY_DATA_TIMING_PARAM(Register, at=_phy(0x184), source=_ICL, gaps=RESERVED):
    """Timing of the data lanes, in the PHY."""

    PREPARE_ON = Field(31, 31, "prepare as programmed")
    PREPARE = Field(26, 24, "prepare")
    ZERO_ON = Field(23, 23, "zero as programmed")
    ZERO = Field(19, 16, "zero")
    TRAIL_ON = Field(15, 15, "trail as programmed")
    TRAIL = Field(10, 8, "trail")
    EXIT_ON = Field(7, 7, "exit as programmed")
    EXIT = Field(2, 0, "exit")


class DSI_T_INIT_MASTER(Register, at=_dsi(0x88), source=f"{_ICL} ICL_DSI_T_INIT_MASTER", gaps=RESERVED):
    """Length of the initialisation."""

    COUNT = Field(15, 0, "initialisation")


class DSI_ESC_CLK_DIV(Register, at=_dsi(0x90), source=f"{_ICL} ICL_DSI_ESC_CLK_DIV", gaps=RESERVED):
    """Escape clock."""

    BYTE_CLOCKS = Field(20, 16, "byte clocks an escape clock")
    DIVIDER = Field(8, 0, "divider")


class DPHY_ESC_CLK_DIV(Register, at=_phy(0x190), source=f"{_ICL} ICL_DPHY_ESC_CLK_DIV", gaps=RESERVED):
    """Escape clock, in the PHY."""

    BYTE_CLOCKS = Field(20, 16, "byte clocks an escape clock")
    DIVIDER = Field(8, 0, "divider")


class DSI_IO_MODECTL(Register, at=_dsi(0x94), source=f"{_ICL} ICL_DSI_IO_MODECTL", gaps=RESERVED):
    """What a combo PHY is used for."""

    DSI = Field(0, 0, "MIPI")


class DSI_TA_TIMING_PARAM(Register, at=_dsi(0x98), source=_ICL, gaps=RESERVED):
    """Timing of the turnaround."""

    SURE_ON = Field(31, 31, "sure as programmed")
    SURE = Field(20, 16, "sure")
    GO_ON = Field(15, 15, "go as programmed")
    GO = Field(11, 8, "go")
    GET_ON = Field(7, 7, "get as programmed")
    GET = Field(3, 0, "get")


class DPHY_TA_TIMING_PARAM(Register, at=_phy(0x188), source=_ICL, gaps=RESERVED):
    """Timing of the turnaround, in the PHY."""

    SURE_ON = Field(31, 31, "sure as programmed")
    SURE = Field(20, 16, "sure")
    GO_ON = Field(15, 15, "go as programmed")
    GO = Field(11, 8, "go")
    GET_ON = Field(7, 7, "get as programmed")
    GET = Field(3, 0, "get")


class DSI_CMD_TXCTL(Register, at=_dsi(0xD0), source=_ICL, gaps=RESERVED):
    """Room for commands."""

    KEEP_HS = Field(24, 24, "link stays in high speed")
    HEADERS = Field(12, 8, "headers that may be written")
    PAYLOAD = Field(7, 0, "payload words that may be written")


class DSI_CMD_RXCTL(Register, at=_dsi(0xD4), source=_ICL, gaps=RESERVED):
    """What has been received."""

    UNLOAD = Field(16, 16, "a read takes a word")
    UNASSIGNED = Field(15, 15, "unassigned trigger")
    ACKNOWLEDGE = Field(14, 14, "acknowledge trigger")
    TEAR = Field(13, 13, "tearing effect trigger")
    RESET = Field(12, 12, "reset trigger")
    PAYLOAD_LOST = Field(11, 11, "payload was lost")
    CRC_LOST = Field(10, 10, "check sum was lost")
    WORDS = Field(7, 0, "payload words")


class DSI_LP_MSG(Register, at=_dsi(0xD8), source=_ICL, gaps=RESERVED):
    """Lowest power state of the link."""

    LPTX = Field(17, 17, "low power transmission under way", access="ro")
    IN_ULPS = Field(16, 16, "link is in the lowest power state", access="ro")
    TYPE = Field(8, 8, "leaves it by", values={0: "LP00", 1: "LP11"})
    ENTER = Field(0, 0, "enter it")


class DSI_CMD_TXHDR(Register, at=_dsi(0x100), source=_ICL, gaps=RESERVED):
    """Header of a command; writing it sends the command."""

    PAYLOAD = Field(31, 31, "has a payload")
    LOW_POWER = Field(30, 30, "in low power")
    VBLANK = Field(29, 29, "after the vertical blank")
    PARAMETER = Field(23, 8, "parameter, or length of the payload")
    CHANNEL = Field(7, 6, "virtual channel")
    TYPE = Field(5, 0, "data type")


class DSI_CMD_TXPYLD(Register, at=_dsi(0x104), source=_ICL):
    """Payload of a command, the next word."""

    DATA = Field(31, 0, "four bytes")


_PORT_CTRL = "Linux i915 display/vlv_dsi_regs.h VLV_MIPI_PORT_CTRL"


class VLV_MIPI_PORT_CTRL(Register, at={"vlv": at_each(A=0x1E1190, C=0x1E1700)}, source=_PORT_CTRL, gaps=RESERVED):
    """MIPI port of Bay Trail and Cherryview."""

    ENABLE = Field(31, 31, "on")
    DPHY_DELAY = Field(30, 27, "D-PHY delay of port A")
    DUAL_LINK = Field(26, 26, "two links", values={0: "front and back", 1: "pixel by pixel"})
    DITHER = Field(25, 25, "dithering")
    FLOPPED = Field(23, 23, "transmitter flopped")
    FLIS_DELAY = Field(21, 18, "I/O delay of port A")
    AFE_LATCH = Field(17, 17, "analogue part's latch, read back", access="ro")
    LP_HOLD = Field(16, 16, "low power output held")
    FLIS_DELAY_C_HIGH = Field(15, 15, "I/O delay of port C, bit 3")
    DPHY_DELAY_C = Field(14, 11, "D-PHY delay of port C")
    CSB = Field(10, 9, "CSB", values={0: "20 MHz", 1: "10 MHz", 2: "40 MHz"})
    BANDGAP = Field(8, 8, "band gap circuit", values={0: "PNW", 1: "LNC"})
    FLIS_DELAY_C = Field(7, 5, "I/O delay of port C, bits 2:0")
    TE_DELAY = Field(4, 4, "tearing effect delayed")
    TE = Field(3, 2, "tearing effect", values={0: "off", 1: "by DSI", 2: "by GPIO"})
    LANES = Field(1, 0, "lanes", values={0: "four", 1: "two links, A", 2: "two links, B"})


class VLV_MIPI_TEARING_CTRL(
    Register, at={"vlv": at_each(A=0x1E1194, C=0x1E1704)}, source=f"{_VLV} VLV_MIPI_TEARING_CTRL", gaps=RESERVED
):
    """Tearing effect of Bay Trail's port."""

    DELAY = Field(15, 0, "delay")


class BXT_MIPI_PORT_CTRL(
    Register, at={"bxt": at_each(A=0x6B0C0, C=0x6B8C0)}, source=f"{_VLV} BXT_MIPI_PORT_CTRL", gaps=RESERVED
):
    """MIPI port of Apollo and Gemini Lake."""

    ENABLE = Field(31, 31, "on")
    DUAL_LINK = Field(26, 26, "two links", values={0: "front and back", 1: "pixel by pixel"})
    DITHER = Field(25, 25, "dithering")
    LP_HOLD = Field(16, 16, "low power output held")
    TE = Field(3, 2, "tearing effect", values={0: "off", 1: "by DSI", 2: "by GPIO"})
    LANES = Field(1, 0, "lanes", values={0: "four", 1: "two links, A", 2: "two links, B"})


class BXT_MIPI_TRANS_HACTIVE(
    Register, at={"bxt": at_each(A=0x6B0F8, C=0x6B8F8)}, source=f"{_VLV} BXT_MIPI_TRANS_HACTIVE"
):
    """Visible width of Apollo Lake's MIPI port."""

    WIDTH = Field(31, 0, "width", unit="pixels")


class BXT_MIPI_TRANS_VACTIVE(
    Register, at={"bxt": at_each(A=0x6B0FC, C=0x6B8FC)}, source=f"{_VLV} BXT_MIPI_TRANS_VACTIVE"
):
    """Visible height of Apollo Lake's MIPI port."""

    HEIGHT = Field(31, 0, "height", unit="lines")


class BXT_MIPI_TRANS_VTOTAL(
    Register, at={"bxt": at_each(A=0x6B100, C=0x6B900)}, source=f"{_VLV} BXT_MIPI_TRANS_VTOTAL"
):
    """Frame of Apollo Lake's MIPI port."""

    TOTAL = Field(31, 0, "frame", unit="lines")


class BXT_DSI_PLL_CTL(Register, at={"bxt": 0x161000}, source=_PLL, gaps=RESERVED):
    """PLL of Apollo Lake's MIPI ports."""

    PVD = Field(17, 16, "PVD ratio")
    C_16X = Field(11, 10, "port C: 16x clock divided by", values={0: "1", 1: "2", 2: "3", 3: "4"})
    A_16X = Field(9, 8, "port A: 16x clock divided by", values={0: "1", 1: "2", 2: "3", 3: "4"})
    RATIO = Field(7, 0, "ratio; half of it times 19.2 MHz")


class BXT_DSI_PLL_ENABLE(Register, at={"bxt": 0x46080}, source=_PLL, gaps=RESERVED):
    """On, and whether that PLL has locked."""

    ENABLE = Field(31, 31, "on")
    LOCK = Field(30, 30, "locked", access="ro")


class BXT_MIPI_CLOCK_CTL(Register, at={"bxt": 0x46090}, source=_PLL, gaps=RESERVED):
    """Dividers of the MIPI ports' clocks."""

    TX_A = Field(31, 26, "port A: escape clock sent")
    RX_UPPER_A = Field(22, 21, "port A: escape clock received, upper divider")
    BY3_A = Field(20, 19, "port A: 8x clock by 3")
    RX_LOWER_A = Field(17, 16, "port A: escape clock received, lower divider")
    TX_C = Field(15, 10, "port C: escape clock sent")
    RX_UPPER_C = Field(6, 5, "port C: escape clock received, upper divider")
    BY3_C = Field(4, 3, "port C: 8x clock by 3")
    RX_LOWER_C = Field(1, 0, "port C: escape clock received, lower divider")


class MIPIO_TXESC_CLK_DIV(
    Register, at={"geminilake": at_each(DIV1=0x160004, DIV2=0x160008)}, source=f"{_PLL} MIPIO_TXESC_CLK_DIV1",
    gaps=RESERVED,
):  # fmt: skip
    """Escape clock dividers of Gemini Lake."""

    DIVIDER = Field(9, 0, "divider")
