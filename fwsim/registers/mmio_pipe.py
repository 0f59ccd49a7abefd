"""The registers around the planes: VGA plane, palettes, panel fitters, watermarks, buffer shares."""

# ruff: noqa: N801 (the manuals' own register names)

from fwsim.registers.core import RESERVED, VLV_BASE, Field, Register, each, gmch
from fwsim.registers.places import DISPLAY, scalers

_VGA = "Linux i915 display/intel_vga_regs.h"
_PFIT = "Linux i915 display/intel_pfit_regs.h"
_WM = "Linux i915 display/i9xx_wm_regs.h"
_COLOR = "Linux i915 display/intel_color_regs.h"
_SKL_WM = "Linux i915 display/skl_watermark_regs.h"


class VGACNTRL(
    Register, at={"2-4": 0x71400, "vlv": VLV_BASE + 0x71400, "5-,!vlv": 0x41000}, source=_VGA, gaps=RESERVED
):
    """The VGA plane: bit 31 turns it off; a vBIOS does so when it sets a linear mode."""

    DISABLE = Field(31, 31, "VGA plane", values={0: "on", 1: "off"})
    DOUBLE = Field(30, 30, "picture doubled", gen="2-4,vlv")
    PIPE_CHV = Field(29, 28, "pipe", gen="cherryview", values={0: "A", 1: "B", 2: "C"})
    PIPE = Field(29, 29, "pipe", gen="2-6,baytrail", values={0: "A", 1: "B"})
    BORDER = Field(26, 26, "border shown")
    CENTRE = Field(25, 24, "centring", gen="2-4,vlv")
    CSC = Field(24, 24, "colour space conversion", gen="5-,!vlv")
    PALETTE_READ = Field(23, 23, "palette read", gen="2-6,vlv", values={0: "A", 1: "B"})
    PALETTE_A = Field(22, 22, "palette A not written", gen="2-6,vlv")
    PALETTE_B = Field(21, 21, "palette B not written", gen="2-6,vlv")
    DAC8 = Field(20, 20, "8-bit palette")
    BYPASS = Field(19, 19, "palette bypassed")
    NINE_DOT = Field(18, 18, "nine-dot characters off")
    THROTTLE = Field(15, 8, "reads spread while active and blank", gen="5-,!vlv")
    BLINK = Field(7, 6, "blink duty cycle", values={0: "100%", 1: "25%", 2: "50%", 3: "75%"})
    BLINK_RATE = Field(5, 0, "frames a blink")


class PALETTE(
    Register,
    at={
        "2-4": each(0xA000, 4, [f"A{i}" for i in range(256)]),
        "vlv": each(VLV_BASE + 0xA000, 4, [f"A{i}" for i in range(256)]),
    },
    source=_COLOR,
    gaps=RESERVED,
):
    """Palette of pipe A, 256 colours; the 8-bit form."""

    RED = Field(23, 16, "red")
    GREEN = Field(15, 8, "green")
    BLUE = Field(7, 0, "blue")


class PALETTE_B(
    Register,
    at={
        "2-4": each(0xA800, 4, [str(i) for i in range(256)]),
        "vlv": each(VLV_BASE + 0xA800, 4, [str(i) for i in range(256)]),
    },
    source=_COLOR,
    gaps=RESERVED,
):
    """Palette of pipe B."""

    RED = Field(23, 16, "red")
    GREEN = Field(15, 8, "green")
    BLUE = Field(7, 0, "blue")


class LGC_PALETTE(
    Register,
    at={"5-,!vlv": each(0x4A000, 4, [f"A{i}" for i in range(256)])},
    source=_COLOR,
    gaps=RESERVED,
):
    """Palette of pipe A from Ironlake on: 256 colours."""

    RED = Field(23, 16, "red")
    GREEN = Field(15, 8, "green")
    BLUE = Field(7, 0, "blue")


class LGC_PALETTE_B(
    Register, at={"5-,!vlv": each(0x4A800, 4, [str(i) for i in range(256)])}, source=_COLOR, gaps=RESERVED
):
    """Palette of pipe B."""

    RED = Field(23, 16, "red")
    GREEN = Field(15, 8, "green")
    BLUE = Field(7, 0, "blue")


class LGC_PALETTE_C(
    Register, at={"7-,!vlv": each(0x4B000, 4, [str(i) for i in range(256)])}, source=_COLOR, gaps=RESERVED
):
    """Palette of pipe C."""

    RED = Field(23, 16, "red")
    GREEN = Field(15, 8, "green")
    BLUE = Field(7, 0, "blue")


class GAMMA_MODE(
    Register,
    at={"7-11,!vlv": each(0x4A480, 0x800, "ABC"), "12-": each(0x4A480, 0x800, "ABCD")},
    source=_COLOR,
    gaps=RESERVED,
):
    """Which palette form the pipe uses."""

    PRE_CSC = Field(31, 31, "gamma before conversion", gen="11-")
    POST_CSC = Field(30, 30, "gamma after conversion", gen="11-")
    MODE = Field(1, 0, "palette", values={0: "8-bit", 1: "10-bit", 2: "12-bit", 3: "split or multi-segment"})


class PFIT_CONTROL(Register, at=gmch(0x61230), source=_PFIT, gaps=RESERVED):
    """Panel fitter of gens 2 to 4: scales the pipe to the panel."""

    ENABLE = Field(31, 31, "fitter on")
    PIPE = Field(30, 29, "pipe", gen="4-", values={0: "A", 1: "B", 2: "C"})
    SCALING = Field(
        28, 26, "scaling", gen="4-", values={0: "automatic", 1: "programmed", 2: "pillarbox", 3: "letterbox"}
    )
    FILTER = Field(25, 24, "filter", gen="4-", values={0: "fuzzy", 1: "crisp", 2: "median"})
    V_INTERP = Field(11, 10, "vertical interpolation", gen="2-3", values={1: "bilinear"})
    V_AUTO = Field(9, 9, "vertical ratio automatic", gen="2-3")
    H_INTERP = Field(7, 6, "horizontal interpolation", gen="2-3", values={1: "bilinear"})
    H_AUTO = Field(5, 5, "horizontal ratio automatic", gen="2-3")
    DITHER = Field(3, 3, "8 to 6 bit dithering", gen="2-3")


class PFIT_PGM_RATIOS(Register, at=gmch(0x61234), source=_PFIT, gaps=RESERVED):
    """Programmed scaling ratios."""

    VERTICAL_OLD = Field(31, 20, "vertical ratio", gen="2-3")
    HORIZONTAL_OLD = Field(15, 4, "horizontal ratio", gen="2-3")
    VERTICAL = Field(28, 16, "vertical ratio", gen="4-")
    HORIZONTAL = Field(12, 0, "horizontal ratio", gen="4-")


class PFIT_AUTO_RATIOS(Register, at=gmch(0x61238), access="ro", source=_PFIT):
    """Ratios that automatic scaling worked out."""

    RATIOS = Field(31, 0, "vertical and horizontal ratio")


class PF_WIN_POS(Register, at={"5-8,!vlv": each(0x68070, 0x800, "ABC")}, source=_PFIT):
    """Panel fitter window's place on the screen."""

    X = Field(31, 16, "column")
    Y = Field(15, 0, "line")


class PF_WIN_SZ(Register, at={"5-8,!vlv": each(0x68074, 0x800, "ABC")}, source=_PFIT):
    """Panel fitter window's size; a Haswell vBIOS sets it even where nothing is scaled."""

    WIDTH = Field(31, 16, "width", unit="pixels")
    HEIGHT = Field(15, 0, "height", unit="lines")


class PF_CTL(Register, at={"5-8,!vlv": each(0x68080, 0x800, "ABC")}, source=_PFIT, gaps=RESERVED):
    """Panel fitter control."""

    ENABLE = Field(31, 31, "fitter on")
    PIPE = Field(30, 29, "pipe", gen="7-8", values={0: "A", 1: "B", 2: "C"})
    FILTER = Field(
        24, 23, "filter", values={0: "programmed", 1: "median 3x3", 2: "edge enhancing", 3: "edge softening"}
    )


class PF_VSCALE(Register, at={"5-8,!vlv": each(0x68084, 0x800, "ABC")}, source=_PFIT):
    """Vertical ratio."""

    RATIO = Field(31, 0, "ratio")


class PF_HSCALE(Register, at={"5-8,!vlv": each(0x68090, 0x800, "ABC")}, source=_PFIT):
    """Horizontal ratio."""

    RATIO = Field(31, 0, "ratio")


class PS_WIN_POS(Register, at=scalers(0x68170), source=DISPLAY):
    """Pipe scaler window's place; pipe B's scalers lie 0x800 up."""

    X = Field(31, 16, "column")
    Y = Field(15, 0, "line")


class PS_WIN_SZ(Register, at=scalers(0x68174), source=DISPLAY):
    """Pipe scaler window's size; a Skylake vBIOS sets it even where nothing is scaled."""

    WIDTH = Field(31, 16, "width", unit="pixels")
    HEIGHT = Field(15, 0, "height", unit="lines")


class PS_CTRL(Register, at=scalers(0x68180), source=DISPLAY, gaps=RESERVED):
    """Pipe scaler control."""

    ENABLE = Field(31, 31, "scaler on")
    TYPE = Field(30, 30, "kind", gen="11-", values={0: "non-linear", 1: "linear"})
    MODE = Field(29, 28, "mode", values={0: "dynamic", 1: "high quality", 2: "planar"})
    BINDING = Field(27, 25, "bound to", values={0: "pipe", 1: "plane 1", 2: "plane 2", 3: "plane 3", 4: "plane 4"})
    FILTER = Field(24, 23, "filter", values={0: "medium", 1: "programmed", 2: "edge enhancing", 3: "bilinear"})
    POWERING = Field(17, 17, "powering up", access="ro")
    V_ADAPT = Field(7, 5, "vertical adaption, or the Y plane from gen 11")


class PS_PWR_GATE(Register, at=scalers(0x68160), source=DISPLAY, gaps=RESERVED):
    """Pipe scaler power gating."""

    OVERRIDE = Field(31, 31, "gating off")
    SETTLING = Field(4, 3, "settling time", values={0: "32", 1: "64", 2: "96", 3: "128"})
    SLEEP = Field(1, 0, "sleep delay", values={0: "8", 1: "16", 2: "24", 3: "32"})


class PS_VSCALE(Register, at=scalers(0x68184), source=DISPLAY):
    """Vertical ratio."""

    RATIO = Field(31, 0, "ratio")


class PS_HSCALE(Register, at=scalers(0x68190), source=DISPLAY):
    """Horizontal ratio."""

    RATIO = Field(31, 0, "ratio")


class DSPARB(Register, at=gmch(0x70030), source=_WM):
    """How the display buffer is shared between the planes (gens 2 to 4)."""

    SHARES = Field(31, 0, "borders between the planes' shares, laid out by part")


class DSPFW1(Register, at=gmch(0x70034), source=_WM, gaps=RESERVED):
    """Watermarks, first register."""

    SELF_REFRESH = Field(31, 23, "self-refresh level")
    CURSOR_B = Field(21, 16, "cursor B level")
    PLANE_B = Field(15, 8, "plane B level")
    PLANE_A = Field(7, 0, "plane A level")


class DSPFW2(Register, at=gmch(0x70038), source=_WM, gaps=RESERVED):
    """Watermarks, second register."""

    FBC_ENABLE = Field(31, 31, "compression self-refresh on", gen="g4x")
    FBC = Field(30, 24, "compression levels", gen="g4x")
    SPRITE_B = Field(23, 16, "sprite B level", gen="g4x,vlv")
    CURSOR_A = Field(13, 8, "cursor A level")
    SPRITE_A = Field(7, 0, "sprite A (plane C) level")


class DSPFW3(Register, at=gmch(0x7003C), source=_WM, gaps=RESERVED):
    """Watermarks, third register."""

    HPLL_ENABLE = Field(31, 31, "self-refresh with the host PLL off")
    PINEVIEW_ENABLE = Field(30, 30, "self-refresh on", gen="G33")
    CURSOR = Field(29, 24, "cursor self-refresh level")
    HPLL_CURSOR = Field(21, 16, "cursor level with the host PLL off")
    HPLL = Field(8, 0, "level with the host PLL off")


class FW_BLC(Register, at={"2-3,965": 0x20D8}, source="Linux i915 i915_reg.h FW_BLC"):
    """FIFO watermark and burst length, planes A and B (gens 2 and 3)."""

    LEVELS = Field(31, 0, "burst lengths and watermarks")


class FW_BLC2(Register, at={"2-3,965": 0x20DC}, source="Linux i915 i915_reg.h FW_BLC2"):
    """FIFO watermark and burst length, plane C."""

    LEVELS = Field(31, 0, "burst length and watermark")


class FW_BLC_SELF(
    Register, at={"3-4": 0x20E0, "vlv": VLV_BASE + 0x6500}, source="Linux i915 i915_reg.h FW_BLC_SELF", gaps=RESERVED
):
    """Self-refresh watermark."""

    ENABLE_MASK = Field(31, 31, "enable bit is written")
    FIFO_MASK = Field(16, 16, "FIFO bits are written")
    ENABLE = Field(15, 15, "self-refresh on")
    LEVEL = Field(7, 0, "watermark")


class WM0_PIPE(Register, at={"5-6": each(0x45100, 4, "AB"), "7-8,!vlv": each(0x45100, 4, "AB")}, source=_WM):
    """Watermarks of a pipe at latency level 0."""

    PRIMARY = Field(31, 16, "primary plane level")
    SPRITE = Field(15, 8, "sprite level")
    CURSOR = Field(7, 0, "cursor level")


class WM0_PIPE_C(Register, at={"7-8,!vlv": 0x45200}, source=_WM):
    """Watermarks of pipe C at latency level 0."""

    PRIMARY = Field(31, 16, "primary plane level")
    SPRITE = Field(15, 8, "sprite level")
    CURSOR = Field(7, 0, "cursor level")


class WM_LP(Register, at={"5-8,!vlv": each(0x45108, 4, ["1", "2", "3"])}, source=_WM):
    """Watermarks of the low-power levels 1 to 3."""

    ENABLE = Field(31, 31, "level on")
    LATENCY = Field(30, 24, "latency", unit="x 0.5 us")
    FBC = Field(23, 19, "compression level")
    PRIMARY = Field(18, 8, "primary plane level")
    CURSOR = Field(7, 0, "cursor level")


class WMS_LP(Register, at={"5-8,!vlv": each(0x45120, 4, ["1", "2", "3"])}, source=_WM, gaps=RESERVED):
    """Sprite watermarks of the low-power levels."""

    ENABLE = Field(31, 31, "sprite level on", gen="5-6")
    SPRITE = Field(10, 0, "sprite level")


class WM_LINETIME(
    Register, at={"hsw,9-11": each(0x45270, 4, "ABC"), "12-": each(0x45270, 4, "ABCD")}, source=DISPLAY, gaps=RESERVED
):
    """Time of one line."""

    IPS = Field(24, 16, "line time at the reduced clock", unit="x 0.125 us")
    LINETIME = Field(8, 0, "line time", unit="x 0.125 us")


class DISP_ARB_CTL(Register, at={"5-,!vlv": 0x45000}, source="Linux i915 i915_reg.h DISP_ARB_CTL", gaps=RESERVED):
    """Display arbiter control."""

    WAKE = Field(31, 31, "compression wakes memory")
    FBC_WM = Field(15, 15, "compression watermark off")
    TILE_SWIZZLE = Field(13, 13, "tiled surfaces swizzled")


class DISP_ARB_CTL2(Register, at={"hsw,9-": 0x45004}, source=DISPLAY, gaps=RESERVED):
    """Display arbiter control, second register."""

    PARTITION = Field(6, 6, "half of the buffer for the sprite")
    IPC = Field(3, 3, "isochronous priority control")


class DBUF_CTL(Register, at={"9-": 0x45008}, source=_SKL_WM, gaps=RESERVED):
    """Power of the display buffer; bit 30 follows bit 31."""

    REQUEST = Field(31, 31, "buffer power wanted")
    STATE = Field(30, 30, "buffer is powered", access="ro")
    TRACKER = Field(23, 19, "tracker state service", gen="12-")


class DBUF_CTL_S2(Register, at={"11-": 0x44FE8}, source=_SKL_WM, gaps=RESERVED):
    """Power of the display buffer's second slice."""

    REQUEST = Field(31, 31, "buffer power wanted")
    STATE = Field(30, 30, "buffer is powered", access="ro")
    TRACKER = Field(23, 19, "tracker state service", gen="12-")
