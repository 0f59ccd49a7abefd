"""The DDI registers: the digital ports of Haswell and later, and the transcoders that feed them."""

# ruff: noqa: N801 (the manuals' own register names)

from fwsim.registers.core import RESERVED, Array, Field, Register, by_gen, each
from fwsim.registers.places import DISPLAY, transcoders


class DDI_BUF_CTL(
    Register,
    at={
        "hsw": each(0x64000, 0x100, "ABCDE"),
        "9-10": each(0x64000, 0x100, "ABCDE"),
        "11-": each(0x64000, 0x100, "ABCDEF"),
    },
    reset=0x80,
    source=f"{DISPLAY}; bit 7 is the opposite of bit 31",
    gaps=RESERVED,
):
    """A digital port's buffer."""

    ENABLE = Field(31, 31, "port on")
    EMPHASIS = Field(27, 24, "voltage and emphasis entry")
    RATE = Field(23, 20, "link rate code", gen="12-")
    REVERSAL = Field(16, 16, "lanes reversed")
    STAGGER = Field(15, 8, "lane stagger delay", gen="12-", unit="symbols")
    IDLE = Field(7, 7, "port is idle", access="ro")
    TC_OWNER = Field(6, 6, "Type-C port owned by the display", gen="11-")
    A_LANES = Field(4, 4, "port A has 4 lanes")
    LANES = Field(3, 1, "lanes", values={0: "1 lane", 1: "2 lanes", 3: "4 lanes", 4: "3 lanes"})
    DETECTED = Field(0, 0, "display detected at reset", access="ro")


class DDI_BUF_TRANS(
    Register,
    at={
        "hsw,skl": Array(
            tuple(
                (f"{port}{word}", 0x64E00 + 0x60 * number + 4 * word)
                for number, port in enumerate("ABCDE")
                for word in range(20)
            )
        )
    },
    source=f"{DISPLAY} DDI_BUF_TRANS_LO; Haswell images fill it",
):
    """Voltage and emphasis table of a port, two words an entry, ten entries."""

    DATA = Field(31, 0, "half of an entry")


class DP_TP_CTL(
    Register,
    at={"hsw,9-11": each(0x64040, 0x100, "ABCDE"), "12-": each(0x60540, 0x1000, "ABCD")},
    source=DISPLAY,
    gaps=RESERVED,
):
    """DisplayPort transport: on, and which training pattern is sent."""

    ENABLE = Field(31, 31, "transport on")
    FEC = Field(30, 30, "error correction", gen="11-")
    MODE = Field(27, 27, "mode", values={0: "single stream", 1: "multi-stream"})
    FORCE_ACT = Field(25, 25, "send the allocation trigger")
    PATTERN4 = Field(20, 19, "pattern 4", gen="11-", values={0: "4A", 1: "4B", 2: "4C"})
    ENHANCED = Field(18, 18, "enhanced framing")
    FDI_AUTO = Field(15, 15, "FDI training by hardware", gen="hsw")
    TRAIN = Field(
        10, 8, "training", values={0: "pattern 1", 1: "pattern 2", 2: "idle", 3: "normal", 4: "pattern 3",
                                   5: "pattern 4"}
    )  # fmt: skip
    SCRAMBLE_OFF = Field(7, 7, "no scrambling")


class DP_TP_STATUS(
    Register,
    at={"hsw,9-11": each(0x64044, 0x100, "ABCDE"), "12-": each(0x60544, 0x1000, "ABCD")},
    source=f"{DISPLAY}; Haswell images wait for bits 25 and 12",
    gaps=RESERVED,
):
    """DisplayPort transport state."""

    FEC = Field(28, 28, "error correction on", gen="11-", access="ro")
    IDLE_DONE = Field(25, 25, "idle patterns sent", access="w1c")
    ACT_SENT = Field(24, 24, "allocation trigger sent", access="w1c")
    MST = Field(23, 23, "multi-stream", access="ro")
    STREAMS = Field(18, 16, "streams on", access="ro")
    AUTO_DONE = Field(12, 12, "FDI training by hardware done", gen="hsw", access="w1c")
    PAYLOAD2 = Field(9, 8, "channel 2's stream", access="ro")
    PAYLOAD1 = Field(5, 4, "channel 1's stream", access="ro")
    PAYLOAD0 = Field(1, 0, "channel 0's stream", access="ro")


class TRANS_DDI_FUNC_CTL(Register, at=transcoders(0x60400, "hsw,9-", dsi=True), source=DISPLAY, gaps=RESERVED):
    """What a transcoder sends, and to which port."""

    ENABLE = Field(31, 31, "transcoder's output on")
    PORT = Field(30, 28, "port", gen="hsw,9-11", values={0: "none", 1: "B", 2: "C", 3: "D", 4: "E"})
    PORT_TGL = Field(30, 27, "port", gen="12-", values={0: "none", 1: "A", 2: "B", 3: "C", 4: "TC1", 5: "TC2"})
    MODE = Field(26, 24, "mode", values={0: "HDMI", 1: "DVI", 2: "DP single stream", 3: "DP multi-stream", 4: "FDI"})
    BPC = Field(22, 20, "bits a colour", values={0: "8", 1: "10", 2: "6", 3: "12"})
    SYNC_MASTER = Field(19, 18, "master transcoder")
    VSYNC_HIGH = Field(17, 17, "vertical sync active high")
    HSYNC_HIGH = Field(16, 16, "horizontal sync active high")
    PORT_SYNC = Field(15, 15, "port synchronisation")
    EDP_INPUT = Field(14, 12, "eDP input", values={0: "A, always on", 4: "A", 5: "B", 6: "C"})
    MST_TRANSPORT = Field(11, 10, "multi-stream master", gen="12-")
    HDCP = Field(9, 9, "HDCP signalling")
    PAYLOAD = Field(8, 8, "payload allocated")
    SCRAMBLER = Field(7, 6, "HDMI scrambler options")
    BFI = Field(4, 4, "high character rate")
    LANES = Field(3, 1, "lanes", plus=1, unit="lanes")
    SCRAMBLING = Field(0, 0, "HDMI scrambling")


class TRANS_MSA_MISC(Register, at=transcoders(0x60410, "hsw,9-"), source=DISPLAY, gaps=RESERVED):
    """DisplayPort main stream attributes."""

    MISC1 = Field(15, 8, "MISC1")
    BPC = Field(7, 5, "bits a colour", values={0: "6", 1: "8", 2: "10", 3: "12"})
    FORMAT = Field(4, 1, "colour format")
    SYNC = Field(0, 0, "clock synchronous to the link")


class HSW_VIDEO_DIP_CTL(
    Register, at=transcoders(0x60200, "hsw,9-"), name="VIDEO_DIP_CTL", source=DISPLAY, gaps=RESERVED
):
    """Which data packets (info frames) a transcoder sends."""

    DRM = Field(28, 28, "HDR packet", gen="geminilake,10-")
    PPS = Field(24, 24, "compression parameters", gen="11-")
    VSC = Field(20, 20, "stream configuration")
    GCP = Field(16, 16, "general control packet")
    AVI = Field(12, 12, "AVI")
    VS = Field(8, 8, "vendor")
    GMP = Field(4, 4, "gamut")
    SPD = Field(0, 0, "source description")


class VIDEO_DIP_GCP(Register, at=transcoders(0x60210, "hsw,9-"), source=DISPLAY, gaps=RESERVED):
    """General control packet."""

    COLOUR = Field(2, 2, "colour depth told")
    PHASE = Field(1, 1, "default phase")
    MUTE = Field(0, 0, "AV mute")


class IPS_CTL(Register, at={"hsw": 0x43408}, source=DISPLAY, gaps=RESERVED):
    """Intermediate pixel storage."""

    ENABLE = Field(31, 31, "on")
    FALSE_COLOR = Field(4, 4, "false colour")


class SRD_CTL(
    Register,
    at=by_gen({"haswell": 0x64800, "broadwell,9-11": 0x6F800, "12-": each(0x60800, 0x1000, "ABCD")}),
    source="Linux i915 display/intel_psr_regs.h EDP_PSR_CTL",
    gaps=RESERVED,
):
    """Panel self-refresh."""

    ENABLE = Field(31, 31, "self-refresh on")
    OPTIONS = Field(29, 0, "link, frame and training options")


class DIGITAL_PORT_HOTPLUG_CNTRL(Register, at={"5-8,!vlv,skl": 0x44030}, source=DISPLAY, gaps=RESERVED):
    """Hotplug of port A (eDP)."""

    ENABLE = Field(4, 4, "detection on")
    PULSE = Field(3, 2, "pulse", gen="ilk", values={0: "2 ms", 1: "4.5 ms", 2: "6 ms", 3: "100 ms"})
    STATUS = Field(1, 0, "port A", access="w1c", values={0: "quiet", 1: "short pulse", 2: "long pulse"})


class TBT_HOTPLUG_CTL(Register, at={"11-": 0x44030}, source=f"{DISPLAY} GEN11_TBT_HOTPLUG_CTL", gaps=RESERVED):
    """Hotplug of Thunderbolt ports, a nibble each: enable, long and short pulse."""

    PORTS = Field(23, 0, "ports 6 to 1")


class TC_HOTPLUG_CTL(Register, at={"11-": 0x44038}, source=f"{DISPLAY} GEN11_TC_HOTPLUG_CTL", gaps=RESERVED):
    """Hotplug of Type-C ports, a nibble each: enable, long and short pulse."""

    PORTS = Field(23, 0, "ports 6 to 1")
