"""The VGA ports and indexed registers, and the legacy ports that video ROMs use beside them."""

# ruff: noqa: N801 (the manuals' own register names)

from fwsim.registers.core import RESERVED, Array, Field, Register

_VGA = "IBM VGA Technical Reference; Intel PRM vol3 part1, VGA"


class ATTR_PORT(Register, at=0x3C0, space="port", width=1, source=_VGA, gaps=RESERVED):
    """Attribute controller: index and data in turn, after a read of 3DA."""

    VIDEO = Field(5, 5, "palette in use by the screen")
    INDEX = Field(4, 0, "index")


class ATTR_READ(Register, at=0x3C1, space="port", width=1, access="ro", source=_VGA):
    """Attribute controller data, when read."""

    DATA = Field(7, 0, "data")


class MSR(Register, at={"2-": Array((("W", 0x3C2), ("R", 0x3CC)))}, space="port", width=1, source=_VGA):
    """Miscellaneous output; written at 3C2 and read at 3CC. At 3C2 a read is input status 0."""

    VSYNC = Field(7, 7, "vertical sync", values={0: "positive", 1: "negative"})
    HSYNC = Field(6, 6, "horizontal sync", values={0: "positive", 1: "negative"})
    PAGE = Field(5, 5, "odd and even page")
    UNUSED = Field(4, 4, "reserved")
    CLOCK = Field(3, 2, "clock", values={0: "25.175 MHz", 1: "28.322 MHz"})
    RAM = Field(1, 1, "memory answers")
    CRTC = Field(0, 0, "ports", values={0: "3Bx, monochrome", 1: "3Dx, colour"})


class SEQ_INDEX(Register, at=0x3C4, space="port", width=1, source=_VGA):
    """Sequencer index."""

    INDEX = Field(7, 0, "index")


class SEQ_DATA(Register, at=0x3C5, space="port", width=1, source=_VGA):
    """Sequencer data."""

    DATA = Field(7, 0, "data")


class DAC_MASK(Register, at=0x3C6, space="port", width=1, reset=0xFF, source=_VGA):
    """Palette mask."""

    MASK = Field(7, 0, "pixel bits that reach the palette")


class DAC_READ(Register, at=0x3C7, space="port", width=1, source=_VGA):
    """Palette read index (write); palette state (read)."""

    INDEX = Field(7, 0, "index")


class DAC_WRITE(Register, at=0x3C8, space="port", width=1, source=_VGA):
    """Palette write index."""

    INDEX = Field(7, 0, "index")


class DAC_DATA(Register, at=0x3C9, space="port", width=1, source=_VGA):
    """Palette data: red, green, blue in turn."""

    DATA = Field(7, 0, "6 or 8 bits of colour")


class GFX_INDEX(Register, at=0x3CE, space="port", width=1, source=_VGA):
    """Graphics controller index."""

    INDEX = Field(7, 0, "index")


class GFX_DATA(Register, at=0x3CF, space="port", width=1, source=_VGA):
    """Graphics controller data."""

    DATA = Field(7, 0, "data")


class CRTC_INDEX(Register, at={"2-": Array((("COLOUR", 0x3D4), ("MONO", 0x3B4)))}, space="port", width=1, source=_VGA):
    """CRT controller index."""

    INDEX = Field(7, 0, "index")


class CRTC_DATA(Register, at={"2-": Array((("COLOUR", 0x3D5), ("MONO", 0x3B5)))}, space="port", width=1, source=_VGA):
    """CRT controller data."""

    DATA = Field(7, 0, "data")


class INPUT_STATUS1(
    Register, at={"2-": Array((("COLOUR", 0x3DA), ("MONO", 0x3BA)))}, space="port", width=1, access="ro", source=_VGA,
    gaps=RESERVED,
):  # fmt: skip
    """Input status 1; a read also puts 3C0 back to index."""

    VIDEO = Field(5, 4, "video feedback")
    VRETRACE = Field(3, 3, "vertical retrace")
    DISPLAY = Field(0, 0, "not displaying (blank or retrace)")


class EXT_INDEX(Register, at=0x3D6, space="port", width=1, source="Intel PRM 830, extended registers; images write it"):
    """Index of the extended registers of Intel's first devices."""

    INDEX = Field(7, 0, "index")


class PIT2(Register, at=0x42, space="port", width=1, reset=None, source="Intel 8254 datasheet"):
    """Counter 2 of the timer: images time their delays by it."""

    COUNT = Field(7, 0, "half of the count")


class PIT_CONTROL(Register, at=0x43, space="port", width=1, access="wo", source="Intel 8254 datasheet"):
    """Timer control."""

    COUNTER = Field(7, 6, "counter", values={0: "0", 1: "1", 2: "2", 3: "read back"})
    ACCESS = Field(5, 4, "access", values={0: "latch", 1: "low byte", 2: "high byte", 3: "low, then high byte"})
    MODE = Field(3, 1, "mode")
    BCD = Field(0, 0, "decimal")


class PORT61(Register, at=0x61, space="port", width=1, reset=None, source="Intel ICH9 datasheet, NMI_SC"):
    """Speaker and timer gate; bit 4 toggles with memory refresh."""

    ERRORS = Field(7, 6, "memory and I/O check errors", access="ro")
    OUT2 = Field(5, 5, "counter 2's output", access="ro")
    REFRESH = Field(4, 4, "refresh toggle", access="ro")
    CHECKS = Field(3, 2, "error checks off")
    SPEAKER = Field(1, 1, "speaker on")
    GATE2 = Field(0, 0, "counter 2 counts")


class CONFIG_ADDRESS(Register, at=0xCF8, space="port", source="PCI Local Bus Specification 3.0, 3.2.2", gaps=RESERVED):
    """Which configuration register CFC reaches."""

    ENABLE = Field(31, 31, "configuration access")
    BUS = Field(23, 16, "bus")
    DEVICE = Field(15, 11, "device")
    FUNCTION = Field(10, 8, "function")
    REGISTER = Field(7, 2, "offset", address=True)


class CONFIG_DATA(Register, at=0xCFC, space="port", source="PCI Local Bus Specification 3.0, 3.2.2"):
    """The configuration register."""

    DATA = Field(31, 0, "data")


class SR00(Register, at=0x0, space="seq", width=1, reset=3, source=_VGA, gaps=RESERVED):
    """Sequencer reset."""

    SYNC = Field(1, 1, "not in synchronous reset")
    ASYNC = Field(0, 0, "not in asynchronous reset")


class SR01(Register, at=0x1, space="seq", width=1, source=_VGA, gaps=RESERVED):
    """Clocking mode."""

    OFF = Field(5, 5, "screen off")
    SHIFT4 = Field(4, 4, "load each fourth clock")
    HALF = Field(3, 3, "half the dot clock")
    LOAD = Field(2, 2, "load each second clock")
    NINE = Field(0, 0, "character", values={0: "9 dots", 1: "8 dots"})


class SR02(Register, at=0x2, space="seq", width=1, source=_VGA, gaps=RESERVED):
    """Plane write mask."""

    PLANES = Field(3, 0, "planes written")


class SR03(Register, at=0x3, space="seq", width=1, source=_VGA, gaps=RESERVED):
    """Font selection."""

    A_HIGH = Field(5, 5, "font A, bit 2")
    B_HIGH = Field(4, 4, "font B, bit 2")
    A = Field(3, 2, "font A, bits 1:0")
    B = Field(1, 0, "font B, bits 1:0")


class SR04(Register, at=0x4, space="seq", width=1, source=_VGA, gaps=RESERVED):
    """Memory mode."""

    CHAIN4 = Field(3, 3, "planes chained")
    SEQUENTIAL = Field(2, 2, "addresses", values={0: "odd and even", 1: "sequential"})
    EXTENDED = Field(1, 1, "256 KiB")


_CRTC = (
    "horizontal total",
    "horizontal display end",
    "horizontal blanking start",
    "horizontal blanking end",
    "horizontal retrace start",
    "horizontal retrace end",
    "vertical total",
    "overflow bits",
    "preset row scan",
    "maximum scan line",
    "cursor start",
    "cursor end",
    "start address, high",
    "start address, low",
    "cursor address, high",
    "cursor address, low",
    "vertical retrace start",
    "vertical retrace end and write protection",
    "vertical display end",
    "offset (line length)",
    "underline",
    "vertical blanking start",
    "vertical blanking end",
    "mode control",
    "line compare",
)


class CR(
    Register, at={"2-": Array(tuple((f"{n:02X}", n) for n in range(len(_CRTC)) if n not in (7, 0x11, 0x17)))},
    space="crtc", width=1, source=_VGA,
):  # fmt: skip
    """CRT controller registers 00 to 18: timing, start address, cursor, line length."""

    DATA = Field(7, 0, "low bits of what this index holds")


class CR07(Register, at=0x7, space="crtc", width=1, source=_VGA):
    """Overflow: the ninth and tenth bits of vertical values."""

    RETRACE9 = Field(7, 7, "vertical retrace start, bit 9")
    DISPLAY9 = Field(6, 6, "vertical display end, bit 9")
    TOTAL9 = Field(5, 5, "vertical total, bit 9")
    COMPARE8 = Field(4, 4, "line compare, bit 8")
    BLANK8 = Field(3, 3, "vertical blanking start, bit 8")
    RETRACE8 = Field(2, 2, "vertical retrace start, bit 8")
    DISPLAY8 = Field(1, 1, "vertical display end, bit 8")
    TOTAL8 = Field(0, 0, "vertical total, bit 8")


class CR11(Register, at=0x11, space="crtc", width=1, source=_VGA):
    """Vertical retrace end, and protection of CR00 to CR07."""

    PROTECT = Field(7, 7, "CR00 to CR07 protected")
    REFRESH = Field(6, 6, "five refresh cycles")
    INTERRUPT_OFF = Field(5, 5, "no interrupt")
    CLEAR = Field(4, 4, "interrupt not cleared")
    END = Field(3, 0, "vertical retrace end")


class CR17(Register, at=0x17, space="crtc", width=1, source=_VGA):
    """Mode control."""

    RESET = Field(7, 7, "retraces running")
    BYTE = Field(6, 6, "addresses", values={0: "words", 1: "bytes"})
    WRAP = Field(5, 5, "address wrap bit")
    UNUSED = Field(4, 4, "reserved")
    COUNT2 = Field(3, 3, "count each second clock")
    DIVIDE = Field(2, 2, "retrace clock halved")
    ROW1 = Field(1, 1, "row scan bit 1 is address 14")
    ROW0 = Field(0, 0, "row scan bit 0 is address 13")


class GR00(Register, at=0x0, space="gfx", width=1, source=_VGA, gaps=RESERVED):
    """Set and reset values."""

    PLANES = Field(3, 0, "value of each plane")


class GR01(Register, at=0x1, space="gfx", width=1, source=_VGA, gaps=RESERVED):
    """Which planes set and reset apply to."""

    PLANES = Field(3, 0, "planes")


class GR02(Register, at=0x2, space="gfx", width=1, source=_VGA, gaps=RESERVED):
    """Colour compared with in read mode 1."""

    COLOUR = Field(3, 0, "colour")


class GR03(Register, at=0x3, space="gfx", width=1, source=_VGA, gaps=RESERVED):
    """Rotation and function of writes."""

    FUNCTION = Field(4, 3, "function", values={0: "replace", 1: "AND", 2: "OR", 3: "XOR"})
    ROTATE = Field(2, 0, "bits rotated")


class GR04(Register, at=0x4, space="gfx", width=1, source=_VGA, gaps=RESERVED):
    """Plane that is read."""

    PLANE = Field(1, 0, "plane")


class GR05(Register, at=0x5, space="gfx", width=1, source=_VGA, gaps=RESERVED):
    """Read and write modes."""

    SHIFT = Field(6, 5, "shift", values={0: "planes", 1: "odd and even", 2: "256 colours", 3: "256 colours"})
    ODD_EVEN = Field(4, 4, "odd and even addressing")
    READ = Field(3, 3, "read mode")
    WRITE = Field(1, 0, "write mode")


class GR06(Register, at=0x6, space="gfx", width=1, source=_VGA, gaps=RESERVED):
    """Where memory is seen, and text or graphics."""

    MAP = Field(
        3, 2, "window", values={0: "A0000, 128 KiB", 1: "A0000, 64 KiB", 2: "B0000, 32 KiB", 3: "B8000, 32 KiB"}
    )
    CHAIN = Field(1, 1, "odd and even chained")
    GRAPHICS = Field(0, 0, "mode", values={0: "text", 1: "graphics"})


class GR07(Register, at=0x7, space="gfx", width=1, source=_VGA, gaps=RESERVED):
    """Planes compared in read mode 1."""

    PLANES = Field(3, 0, "planes")


class GR08(Register, at=0x8, space="gfx", width=1, reset=0xFF, source=_VGA):
    """Bit mask of writes."""

    MASK = Field(7, 0, "bits written")


class GR10(Register, at=0x10, space="gfx", width=1, source="Intel PRM vol3 part1, GR10; every image sets 01h",
           gaps=RESERVED):  # fmt: skip
    """Address mapping: bit 0 turns the paged window at A0000 on."""

    PAGE_SOURCE = Field(2, 1, "paged memory", values={0: "frame buffer", 1: "reserved"})
    PAGING = Field(0, 0, "A0000 is a page of the frame buffer")


class GR11(Register, at=0x11, space="gfx", width=1, source="Intel PRM vol3 part1, GR11; 0 to 48 seen for mode 118h"):
    """Page of the frame buffer that is seen at A0000, in units of 64 KiB."""

    PAGE = Field(7, 0, "page", unit="x 64 KiB")


class GR15(Register, at=0x15, gen="3", space="gfx", width=1, access="ro", reset=None,
           source="seen: the frame buffer that 945GM images (1313, 1313d) name in VBE 4F01 follows it"):  # fmt: skip
    """Bits 31:24 of GMADR: gen 3 images take the frame buffer's address from here, not from PCI configuration."""

    GMADR = Field(7, 0, "address bits 31:24 of the aperture")


class GR18(Register, at=0x18, space="gfx", width=1, source="Intel PRM vol3 part1, GR18"):
    """Software flags, as the vBIOS likes."""

    DATA = Field(7, 0, "software flags")


class AR(Register, at={"2-": Array(tuple((f"{n:02X}", n) for n in range(16)))}, space="attr", width=1, source=_VGA,
         gaps=RESERVED):  # fmt: skip
    """Palette of 16 colours."""

    COLOUR = Field(5, 0, "colour")


class AR10(Register, at=0x10, space="attr", width=1, source=_VGA, gaps=RESERVED):
    """Mode control."""

    P54 = Field(7, 7, "colour bits 5:4 from AR14")
    WIDTH8 = Field(6, 6, "256 colours")
    PAN = Field(5, 5, "panning only above the split")
    BLINK = Field(3, 3, "attribute bit 7", values={0: "bright background", 1: "blinks"})
    LINE = Field(2, 2, "ninth dot of line characters repeated")
    MONO = Field(1, 1, "monochrome")
    GRAPHICS = Field(0, 0, "mode", values={0: "text", 1: "graphics"})


class AR11(Register, at=0x11, space="attr", width=1, source=_VGA):
    """Border colour."""

    COLOUR = Field(7, 0, "colour")


class AR12(Register, at=0x12, space="attr", width=1, source=_VGA, gaps=RESERVED):
    """Planes shown."""

    PLANES = Field(3, 0, "planes")


class AR13(Register, at=0x13, space="attr", width=1, source=_VGA, gaps=RESERVED):
    """Panning."""

    PIXELS = Field(3, 0, "dots")


class AR14(Register, at=0x14, space="attr", width=1, source=_VGA, gaps=RESERVED):
    """Upper colour bits."""

    P76 = Field(3, 2, "bits 7:6")
    P54 = Field(1, 0, "bits 5:4")
