"""The display port registers: CRT, LVDS, HDMI and SDVO, DisplayPort, DVO, TV, hotplug."""

# ruff: noqa: N801 (the manuals' own register names)

from fwsim.registers.core import RESERVED, VLV_BASE, Field, Register, at_each, by_gen, gmch
from fwsim.registers.places import DISPLAY, PCH_PORTS

_CRT = "Linux i915 display/intel_crt_regs.h"
_LVDS = "Linux i915 display/intel_lvds_regs.h"
_ADPA = by_gen(
    {"2-4": 0x61100, "vlv": VLV_BASE + 0x61100, "5-8,!vlv": 0xE1100}  # the PCH's from Ironlake to Broadwell
)


class ADPA(
    Register, at=_ADPA, source=f"{_CRT}; on the PCH bit 16 clears itself, bits 25:24 tell what is there", gaps=RESERVED
):
    """Analogue (CRT) port; on the PCH, and on Bay Trail, its detection as well."""

    ENABLE = Field(31, 31, "DAC on")
    PIPE = Field(30, 30, "pipe", gen="2-5,baytrail", values={0: "A", 1: "B"})
    PIPE_CPT = Field(30, 29, "pipe", gen="6-8,!vlv", values={0: "A", 1: "B", 2: "C"})
    OTHER_HIGH = Field(28, 26, "reserved")
    MONITOR = Field(25, 24, "monitor", access="ro", values={0: "none", 2: "monochrome", 3: "colour"})
    DETECT = Field(23, 23, "hotplug detection on")
    PERIOD = Field(22, 22, "detection period", values={0: "64 clocks", 1: "128 clocks"})
    WARMUP = Field(21, 21, "warm-up", values={0: "5 ms", 1: "10 ms"})
    SAMPLE = Field(20, 20, "sample every", values={0: "2 s", 1: "4 s"})
    VOLTAGE = Field(19, 18, "threshold", values={0: "40", 1: "50", 2: "60", 3: "70"})
    VOLREF = Field(17, 17, "reference", values={0: "325 mV", 1: "475 mV"})
    FORCE = Field(16, 16, "detect now; clears itself")
    VGA_POLARITY = Field(15, 15, "sync polarity from", values={0: "this register", 1: "the VGA registers"})
    OTHER = Field(14, 12, "reserved")
    HSYNC_OFF = Field(11, 11, "no horizontal sync")
    VSYNC_OFF = Field(10, 10, "no vertical sync")
    OTHER_LOW = Field(9, 5, "reserved")
    VSYNC_HIGH = Field(4, 4, "vertical sync active high")
    HSYNC_HIGH = Field(3, 3, "horizontal sync active high")
    OTHER_LAST = Field(2, 0, "reserved")


class PORT_HOTPLUG_EN(Register, at=gmch(0x61110), source=DISPLAY, gaps=RESERVED):
    """Hotplug enables; bit 3 asks for a CRT detection and clears itself."""

    PORT_B = Field(29, 29, "port B")
    PORT_C = Field(28, 28, "port C")
    PORT_D = Field(27, 27, "port D")
    SDVO_B = Field(26, 26, "SDVO B")
    SDVO_C = Field(25, 25, "SDVO C")
    TV = Field(18, 18, "TV")
    CRT = Field(9, 9, "CRT")
    CRT_PERIOD = Field(8, 8, "activation period", values={0: "32 clocks", 1: "64 clocks"})
    CRT_DAC = Field(7, 7, "DAC on for", values={0: "2 ms", 1: "4 ms"})
    CRT_COMPARE = Field(6, 5, "threshold", values={0: "40", 1: "50", 2: "60", 3: "70"})
    CRT_DELAY = Field(4, 4, "detection delay", values={0: "1 G clocks", 1: "2 G clocks"})
    CRT_FORCE = Field(3, 3, "detect a CRT now; clears itself")
    CRT_VOLTAGE = Field(2, 2, "reference", values={0: "325 mV", 1: "475 mV"})


class PORT_HOTPLUG_STAT(
    Register, at=gmch(0x61114), access="w1c", source=f"{DISPLAY}; Crestline and Bay Trail images read it", gaps=RESERVED
):
    """What is plugged in, and what changed (write 1 to clear)."""

    LIVE_B = Field(29, 29, "port B live", gen="vlv", access="ro")
    LIVE_D_G4X = Field(29, 29, "port D live", gen="2-4", access="ro")
    LIVE_C = Field(28, 28, "port C live", access="ro")
    LIVE_D = Field(27, 27, "port D live", gen="vlv", access="ro")
    LIVE_B_G4X = Field(27, 27, "port B live", gen="2-4", access="ro")
    PULSE_D = Field(22, 21, "port D", access="w1c", values={0: "quiet", 1: "short pulse", 2: "long pulse"})
    PULSE_C = Field(20, 19, "port C", access="w1c", values={0: "quiet", 1: "short pulse", 2: "long pulse"})
    PULSE_B = Field(18, 17, "port B", access="w1c", values={0: "quiet", 1: "short pulse", 2: "long pulse"})
    CRT = Field(11, 11, "CRT changed", access="w1c")
    TV = Field(10, 10, "TV changed", access="w1c")
    CRT_MONITOR = Field(9, 8, "CRT", access="ro", values={0: "none", 2: "monochrome", 3: "colour"})
    SDVO_AUX = Field(7, 2, "SDVO and AUX events, laid out by generation", access="w1c")


_HDMI = by_gen(
    {
        "3-4": at_each(B=0x61140, C=0x61160),
        "baytrail": at_each(B=VLV_BASE + 0x61140, C=VLV_BASE + 0x61160),
        "cherryview": at_each(B=VLV_BASE + 0x61140, C=VLV_BASE + 0x61160, D=VLV_BASE + 0x6116C),
        PCH_PORTS: at_each(B=0xE1140, C=0xE1150, D=0xE1160),
    }
)


class HDMI(Register, at=_HDMI, source=f"{DISPLAY} SDVO and HDMI", gaps=RESERVED):
    """HDMI, DVI or SDVO port."""

    ENABLE = Field(31, 31, "port on")
    PIPE = Field(30, 30, "pipe", gen="3-5,baytrail", values={0: "A", 1: "B"})
    PIPE_CPT = Field(30, 29, "pipe", gen="6-7,!vlv", values={0: "A", 1: "B", 2: "C"})
    STALL = Field(29, 29, "stall select", gen="3-4")
    FORMAT = Field(28, 26, "bits a colour", values={0: "8", 3: "12"})
    PIPE_CHV = Field(25, 24, "pipe", gen="cherryview", values={0: "A", 1: "B", 2: "C"})
    MULTIPLIER = Field(25, 23, "clock multiplier", gen="3")
    HOTPLUG = Field(23, 23, "SDVO hotplug", gen="4-7,!vlv")
    PHASE = Field(22, 19, "clock phase", gen="3-4")
    OTHER_HIGH = Field(18, 12, "reserved, or SDVO options")
    ENCODING = Field(11, 10, "encoding", values={0: "SDVO", 2: "TMDS (HDMI, DVI)"})
    MODE = Field(9, 9, "mode", values={0: "DVI", 1: "HDMI"})
    RANGE = Field(8, 8, "colours 16 to 235")
    BORDER = Field(7, 7, "border shown")
    AUDIO = Field(6, 6, "audio on")
    OTHER = Field(5, 5, "reserved")
    VSYNC_HIGH = Field(4, 4, "vertical sync active high")
    HSYNC_HIGH = Field(3, 3, "horizontal sync active high")
    DETECTED = Field(2, 2, "port is there (strap)", access="ro")
    OTHER_LOW = Field(1, 0, "reserved")


class LVDS(Register, at={"2-4": 0x61180, PCH_PORTS: 0xE1180}, source=_LVDS, gaps=RESERVED):
    """LVDS panel port. On the PCH bit 1 is a strap: two Ivy Bridge images recurse for ever when it reads 0."""

    ENABLE = Field(31, 31, "port on")
    PIPE = Field(30, 30, "pipe", gen="2-5", values={0: "A", 1: "B"})
    PIPE_CPT = Field(30, 29, "pipe", gen="6-7", values={0: "A", 1: "B", 2: "C"})
    DITHER = Field(25, 25, "dithering", gen="4")
    FORMAT = Field(24, 24, "data format", values={0: "SPWG", 1: "JEIDA"})
    VSYNC_LOW = Field(21, 21, "vertical sync active low")
    HSYNC_LOW = Field(20, 20, "horizontal sync active low")
    BORDER = Field(15, 15, "border sent")
    A0A2 = Field(9, 8, "pairs A0-A2 and clock A", values={0: "off", 3: "on"})
    A3 = Field(7, 6, "pair A3 (24 bit)", values={0: "off", 3: "on"})
    CLKB = Field(5, 4, "clock B", values={0: "off", 3: "on"})
    B0B3 = Field(3, 2, "pairs B (two channels)", values={0: "off", 3: "on"})
    DETECTED = Field(1, 1, "panel strap", gen="ilk", access="ro")


class DVO(
    Register,
    at={"2": at_each(A=0x61120, B=0x61140, C=0x61160)},
    source="Linux i915 display/intel_dvo_regs.h",
    gaps=RESERVED,
):
    """DVO port of gen 2."""

    ENABLE = Field(31, 31, "port on")
    PIPE = Field(30, 30, "pipe", values={0: "A", 1: "B"})
    STALL = Field(29, 28, "pipe stall", values={0: "unused", 1: "when the device asks", 2: "TV"})
    INTERRUPT = Field(27, 26, "interrupt select and enable")
    KEEP = Field(25, 24, "to be preserved")
    SYNC = Field(15, 15, "sync from", values={0: "this register", 1: "VGA"})
    DATA_ORDER = Field(14, 14, "data order", values={0: "i740", 1: "flat panel"})
    VSYNC_OFF = Field(11, 11, "no vertical sync")
    HSYNC_OFF = Field(10, 10, "no horizontal sync")
    VSYNC_TRISTATE = Field(9, 9, "vertical sync tristated")
    HSYNC_TRISTATE = Field(8, 8, "horizontal sync tristated")
    BORDER = Field(7, 7, "border sent")
    ORDER = Field(6, 6, "active data order", values={0: "RGGB", 1: "GBRG"})
    VSYNC_HIGH = Field(4, 4, "vertical sync active high")
    HSYNC_HIGH = Field(3, 3, "horizontal sync active high")
    BLANK_HIGH = Field(2, 2, "blank active high")
    PIXELS = Field(1, 0, "pixel output options")


class DVO_SRCDIM(
    Register,
    at={"2": at_each(A=0x61124, B=0x61144, C=0x61164)},
    source="Linux i915 display/intel_dvo_regs.h",
    gaps=RESERVED,
):
    """Picture size of a DVO port."""

    HORIZONTAL = Field(22, 12, "width", unit="pixels")
    VERTICAL = Field(10, 0, "height", unit="lines")


class TV_CTL(Register, at={"3-4": 0x68000}, source="Linux i915 display/intel_tv_regs.h"):
    """TV encoder control (915 to GM45)."""

    ENABLE = Field(31, 31, "encoder on")
    PIPE = Field(30, 30, "pipe", values={0: "A", 1: "B"})
    OUTPUT = Field(29, 28, "output", values={0: "composite", 1: "S-Video", 2: "component", 3: "both"})
    OPTIONS = Field(27, 0, "clocking, sync, test and mode options")


_DP = by_gen(
    {
        "g4x": at_each(B=0x64100, C=0x64200, D=0x64300),
        "baytrail": at_each(B=VLV_BASE + 0x64100, C=VLV_BASE + 0x64200),
        "cherryview": at_each(B=VLV_BASE + 0x64100, C=VLV_BASE + 0x64200, D=VLV_BASE + 0x64300),
        PCH_PORTS: at_each(A=0x64000, B=0xE4100, C=0xE4200, D=0xE4300),
    }
)


class DP(Register, at=_DP, source=f"{DISPLAY} DP_A and PCH_DP_B", gaps=RESERVED):
    """DisplayPort, before there were DDIs."""

    ENABLE = Field(31, 31, "port on")
    PIPE = Field(30, 30, "pipe", gen="4-6,baytrail", values={0: "A", 1: "B"})
    PIPE_IVB = Field(30, 29, "pipe", gen="ivybridge", values={0: "A", 1: "B", 2: "C"})
    TRAIN = Field(
        29, 28, "training", gen="4-6,vlv", values={0: "pattern 1", 1: "pattern 2", 2: "idle", 3: "off, normal"}
    )
    VOLTAGE = Field(27, 25, "voltage swing", values={0: "0.4 V", 1: "0.6 V", 2: "0.8 V", 3: "1.2 V"})
    PREEMPHASIS = Field(24, 22, "pre-emphasis", values={0: "none", 1: "3.5 dB", 2: "6 dB", 3: "9.5 dB"})
    LANES = Field(21, 19, "lanes", unit="lanes", plus=1)
    ENHANCED = Field(18, 18, "enhanced framing")
    PIPE_CHV = Field(17, 16, "pipe", gen="cherryview", values={0: "A", 1: "B", 2: "C"})
    PLL_FREQ = Field(17, 16, "eDP PLL", gen="ilk", values={0: "270 MHz", 1: "162 MHz"})
    REVERSAL = Field(15, 15, "lanes reversed")
    PLL = Field(14, 14, "eDP PLL on")
    CLOCK = Field(13, 13, "clock output on")
    SCRAMBLE_OFF = Field(12, 12, "no scrambling", gen="4,vlv")
    TRAIN_CPT = Field(
        10, 8, "training", gen="6-7,!vlv", values={0: "pattern 1", 1: "pattern 2", 2: "idle", 3: "off, normal"}
    )
    RANGE = Field(8, 8, "colours 16 to 235", gen="4-5,vlv")
    SCRAMBLE_OFF_ILK = Field(7, 7, "no scrambling", gen="5-7,!vlv")
    AUDIO = Field(6, 6, "audio on")
    VSYNC_HIGH = Field(4, 4, "vertical sync active high")
    HSYNC_HIGH = Field(3, 3, "horizontal sync active high")
    DETECTED = Field(2, 2, "port is there (strap)", access="ro")


class VIDEO_DIP_CTL(Register, at={"4": 0x61170}, source=DISPLAY, gaps=RESERVED):
    """Which data packets (info frames) a port sends."""

    ENABLE = Field(31, 31, "packets on")
    PORT = Field(30, 29, "port", values={1: "B", 2: "C", 3: "D"})
    GCP = Field(25, 25, "general control packet")
    KINDS = Field(24, 21, "kinds sent: bit 0 AVI, 1 vendor, 2 gamut, 3 SPD")
    SELECT = Field(20, 19, "buffer", values={0: "AVI", 1: "vendor", 2: "gamut", 3: "SPD"})
    FREQUENCY = Field(17, 16, "sent", values={0: "once", 1: "each frame", 2: "each second frame"})
    POSITION = Field(11, 0, "sizes and the access position")
