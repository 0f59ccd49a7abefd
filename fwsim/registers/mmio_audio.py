"""The audio registers: how sound goes into HDMI and DisplayPort, and the ELD that describes the sink."""

# ruff: noqa: N801 (the driver's own register names)

from fwsim.registers.core import RESERVED, VLV_BASE, Array, At, Field, Register, at_each, each

_AUDIO = "Linux i915 display/intel_audio_regs.h"
_HSW = "hsw,9-"
_IGT = "igt's register list; no public fields"
_CLOCKS = {
    0: "25.175 MHz", 1: "25.2", 2: "27", 3: "27.027", 4: "54", 5: "54.054", 6: "74.176", 7: "74.25", 8: "148.352",
    9: "148.5", 10: "296.703", 11: "297", 12: "593.407", 13: "594",
}  # fmt: skip


def _old(offset: int) -> dict[str, At]:
    """A register a pipe of the parts before Haswell: in the processor's or the PCH's audio block."""
    return {
        "ironlake": each(0xE2000 + offset, 0x100, "AB"),
        "sandybridge": each(0xE5000 + offset, 0x100, "AB"),
        "ivybridge": each(0xE5000 + offset, 0x100, "ABC"),
        "baytrail": each(VLV_BASE + 0x62000 + offset, 0x100, "AB"),
        "cherryview": each(VLV_BASE + 0x62000 + offset, 0x100, "ABC"),
    }


def _trans(offset: int) -> dict[str, At]:
    """A register a transcoder from Haswell on; four from gen 12 on."""
    return {"hsw,9-11": each(0x65000 + offset, 0x100, "ABC"), "12-": each(0x65000 + offset, 0x100, "ABCD")}


class G4X_AUD_CNTL_ST(Register, at={"g4x": 0x620B4}, source=_AUDIO, gaps=RESERVED):
    """ELD of G4x: where the next word goes, and whether it is valid."""

    VALID = Field(14, 14, "ELD is valid")
    SIZE = Field(13, 9, "buffer", unit="words")
    ADDRESS = Field(8, 5, "next word")
    ACK = Field(4, 4, "acknowledged")


class G4X_HDMIW_HDMIEDID(Register, at={"g4x": 0x6210C}, source=_AUDIO):
    """ELD of G4x, the next word."""

    DATA = Field(31, 0, "four bytes")


class HDMIW_HDMIEDID(Register, at=_old(0x50), source=f"{_AUDIO} IBX_, CPT_, VLV_HDMIW_HDMIEDID"):
    """ELD of a pipe, the next word."""

    DATA = Field(31, 0, "four bytes")


class AUD_CNTL_ST(Register, at=_old(0xB4), source=f"{_AUDIO} IBX_, CPT_, VLV_AUD_CNTL_ST", gaps=RESERVED):
    """ELD of a pipe: where the next word goes."""

    PORT = Field(30, 29, "port", values={0: "none", 1: "B", 2: "C", 3: "D"})
    SIZE = Field(14, 10, "buffer", unit="words")
    ADDRESS = Field(9, 5, "next word")
    ACK = Field(4, 4, "acknowledged")


class AUD_CNTL_ST2(
    Register,
    at={"ironlake": 0xE20C0, "sandybridge,ivybridge": 0xE50C0, "vlv": VLV_BASE + 0x620C0},
    source=f"{_AUDIO} IBX_AUD_CNTL_ST2",
    gaps=RESERVED,
):
    """Which ports have a valid ELD, and content protection ready."""

    CP_D = Field(9, 9, "port D: protection ready")
    ELD_D = Field(8, 8, "port D: ELD is valid")
    CP_C = Field(5, 5, "port C: protection ready")
    ELD_C = Field(4, 4, "port C: ELD is valid")
    CP_B = Field(1, 1, "port B: protection ready")
    ELD_B = Field(0, 0, "port B: ELD is valid")


class AUD_CFG(Register, at=_old(0x0), source=f"{_AUDIO} IBX_, CPT_, VLV_AUD_CFG", gaps=RESERVED):
    """N and clock of a pipe's audio."""

    N_INDEX = Field(29, 29, "N is", values={0: "HDMI's", 1: "DisplayPort's"})
    N_PROGRAM = Field(28, 28, "N as programmed")
    UPPER_N = Field(27, 20, "N, upper part")
    CLOCK = Field(19, 16, "HDMI pixel clock", values=_CLOCKS)
    LOWER_N = Field(15, 4, "N, lower part")
    NO_NCTS = Field(3, 3, "N and CTS not sent")


class HSW_AUD_CFG(Register, at=_trans(0x0), source=_AUDIO, gaps=RESERVED):
    """N and clock of a transcoder's audio."""

    N_INDEX = Field(29, 29, "N is", values={0: "HDMI's", 1: "DisplayPort's"})
    N_PROGRAM = Field(28, 28, "N as programmed")
    UPPER_N = Field(27, 20, "N, upper part")
    CLOCK = Field(19, 16, "HDMI pixel clock", values=_CLOCKS)
    LOWER_N = Field(15, 4, "N, lower part")
    NO_NCTS = Field(3, 3, "N and CTS not sent")


class HSW_AUD_MISC_CTRL(Register, at=_trans(0x10), source=f"{_AUDIO}; no public fields"):
    """Miscellaneous control of a converter."""

    DATA = Field(31, 0, "not described")


class AUD_ID(Register, at={_HSW: at_each(VID_DID=0x65020, RID=0x65024)}, name="AUD", reset=None, source=_IGT):
    """Ids and revision of the audio codec."""

    ID = Field(31, 0, "ids")


class HSW_AUD_M_CTS_ENABLE(Register, at=_trans(0x28), source=_AUDIO, gaps=RESERVED):
    """M or CTS of a transcoder's audio."""

    INDEX = Field(21, 21, "value is", values={0: "CTS", 1: "M"})
    PROGRAM = Field(20, 20, "as programmed")
    M = Field(19, 0, "M or CTS")


class AUD_PWRST(Register, at={_HSW: 0x6504C}, source=_IGT):
    """Power states of the audio codec's parts."""

    DATA = Field(31, 0, "not described")


class HSW_AUD_EDID_DATA(Register, at=_trans(0x50), source=_AUDIO):
    """ELD of a transcoder, the next word."""

    DATA = Field(31, 0, "four bytes")


class AUD_INFOFR(Register, at=_trans(0x54), source=_IGT):
    """Audio info frame of a transcoder, the next word."""

    DATA = Field(31, 0, "four bytes")


class HSW_AUD_PIPE_CONV_CFG(Register, at={_HSW: 0x6507C}, source=f"{_AUDIO}; no public fields"):
    """Streams that the converters send."""

    DATA = Field(31, 0, "not described")


class AUD_DIG_CNVT(Register, at=_trans(0x80), source=f"{_AUDIO}; no public fields"):
    """Digital converter."""

    DATA = Field(31, 0, "not described")


class AUD_STR_DESC(Register, at=_trans(0x84), source=_IGT):
    """Stream of a converter."""

    DATA = Field(31, 0, "not described")


class AUD_OUT_CHAN_MAP(Register, at={_HSW: 0x65088}, source=_IGT):
    """Which channel goes where."""

    DATA = Field(31, 0, "not described")


class AUD_PIN_PIPE_CONN_ENTRY_LENGTH(Register, at=_trans(0xA8), source=_IGT):
    """How many converters a pin may be connected to."""

    DATA = Field(31, 0, "not described")


class AUD_PIPE_CONN_SEL_CTRL(Register, at={_HSW: 0x650AC}, source=_IGT):
    """Which converter each pin is connected to."""

    DATA = Field(31, 0, "not described")


class HSW_AUD_DIP_ELD_CTRL(Register, at=_trans(0xB4), source=f"{_AUDIO} HSW_AUD_DIP_ELD_CTRL_ST", gaps=RESERVED):
    """ELD and info frames of a transcoder: where the next word goes."""

    PORT = Field(30, 29, "port")
    SIZE = Field(14, 10, "ELD buffer", unit="words")
    ADDRESS = Field(9, 5, "next word")
    ACK = Field(4, 4, "acknowledged")


class AUD_DP_2DOT0_CTRL(Register, at={"13-": each(0x650BC, 0x100, "ABCD")}, source=_AUDIO, gaps=RESERVED):
    """Audio over DisplayPort 2."""

    SPLIT = Field(31, 31, "packets split")


class HSW_AUD_PIN_ELD_CP_VLD(Register, at={_HSW: 0x650C0}, source=_AUDIO, gaps=RESERVED):
    """What each transcoder's audio has: four bits a transcoder."""

    D_INACTIVE = Field(15, 15, "transcoder D: inactive", gen="12-")
    D_OUTPUT = Field(14, 14, "transcoder D: output on", gen="12-")
    D_CP = Field(13, 13, "transcoder D: protection ready", gen="12-")
    D_ELD = Field(12, 12, "transcoder D: ELD is valid", gen="12-")
    C_INACTIVE = Field(11, 11, "transcoder C: inactive")
    C_OUTPUT = Field(10, 10, "transcoder C: output on")
    C_CP = Field(9, 9, "transcoder C: protection ready")
    C_ELD = Field(8, 8, "transcoder C: ELD is valid")
    B_INACTIVE = Field(7, 7, "transcoder B: inactive")
    B_OUTPUT = Field(6, 6, "transcoder B: output on")
    B_CP = Field(5, 5, "transcoder B: protection ready")
    B_ELD = Field(4, 4, "transcoder B: ELD is valid")
    A_INACTIVE = Field(3, 3, "transcoder A: inactive")
    A_OUTPUT = Field(2, 2, "transcoder A: output on")
    A_CP = Field(1, 1, "transcoder A: protection ready")
    A_ELD = Field(0, 0, "transcoder A: ELD is valid")


class AUD_HDMI_FIFO_STATUS(Register, at={_HSW: 0x650D4}, source=_IGT):
    """State of the HDMI audio FIFOs."""

    DATA = Field(31, 0, "not described")


class AUD_FREQ_CNTRL(Register, at={_HSW: 0x65900}, reset=None, source=f"{_AUDIO}; intel_audio.c", gaps=RESERVED):
    """Clock of the link to the audio controller; i915 keeps what firmware wrote."""

    T_MODE = Field(15, 14, "bit clock counted in", values={0: "4T", 2: "8T"})
    PULL = Field(12, 11, "clocks pulled")
    CLOCK = Field(4, 4, "bit clock", values={0: "48 MHz", 1: "96 MHz"})


class AUD_PIN_BUF_CTL(Register, at={"11-": 0x48414}, source=_AUDIO, gaps=RESERVED):
    """Pins of the link to the audio controller."""

    ENABLE = Field(31, 31, "buffers on")


class AUD_TS_CDCLK_M(Register, at={"12-": 0x65EA0}, source=_AUDIO, gaps=RESERVED):
    """Ratio of the time stamp's clock to the core clock: M."""

    ENABLE = Field(31, 31, "on")
    M = Field(15, 0, "M")


class AUD_TS_CDCLK_N(Register, at={"12-": 0x65EA4}, source=_AUDIO, gaps=RESERVED):
    """Ratio of the time stamp's clock to the core clock: N."""

    N = Field(15, 0, "N")


class AUD_CONFIG_BE(Register, at={"11-": 0x65EF0}, source=_AUDIO, gaps=RESERVED):
    """When audio packets may be sent in the horizontal blank."""

    EARLY_TGL = Field(27, 24, "blank begins early, pipes D to A", gen="12-")
    START_D = Field(23, 21, "start count, pipe D", gen="12-")
    SAMPLES_D = Field(19, 18, "samples a line, pipe D", gen="12-")
    EARLY_ICL = Field(20, 18, "blank begins early, pipes A to C", gen="11")
    START_C = Field(17, 15, "start count, pipe C")
    SAMPLES_C = Field(13, 12, "samples a line, pipe C")
    START_B = Field(11, 9, "start count, pipe B")
    SAMPLES_B = Field(7, 6, "samples a line, pipe B")
    START_A = Field(5, 3, "start count, pipe A")
    SAMPLES_A = Field(1, 0, "samples a line, pipe A")


class AUD_IMMEDIATE(Register, at={_HSW: at_each(ICOI=0x65F00, IRII=0x65F04, ICS=0x65F08)}, name="AUD", source=_IGT):
    """Immediate command to the codec, its answer, its state."""

    DATA = Field(31, 0, "not described")


class HSW_AUD_CHICKENBIT(Register, at={_HSW: 0x65F10}, source=_AUDIO, gaps="undocumented chicken bits"):
    """Workarounds of audio."""

    WAKE = Field(15, 15, "codec's wake signal", gen="9-")


class AUD_CHICKENBIT_REG3(Register, at={"13-": 0x65F1C}, source=_AUDIO, gaps="undocumented chicken bits"):
    """Workarounds of audio, third register."""

    MIN_HBLANK = Field(18, 18, "shortest blank's fix off")


class AUD_DP_DIP_STATUS(Register, at={_HSW: 0x65F20}, source=_IGT):
    """State of DisplayPort's audio info frames."""

    DATA = Field(31, 0, "not described")


class AUD_M_CTS(Register, at={_HSW: each(0x65F44, 0x10, "ABC")}, source=_IGT):
    """M or CTS that a transcoder sends now."""

    DATA = Field(31, 0, "not described")


class VLV_AUD_CHICKEN_BIT(
    Register,
    at={"vlv": VLV_BASE + 0x62F38},
    source=f"{_AUDIO} VLV_AUD_CHICKEN_BIT_REG",
    gaps="undocumented chicken bits",
):
    """Workarounds of Bay Trail's audio."""

    DEBUG = Field(0, 0, "port enables below count")


class VLV_AUD_PORT_EN_DBG(
    Register,
    at={"vlv": Array((("B", VLV_BASE + 0x62F20), ("C", VLV_BASE + 0x62F30), ("D", VLV_BASE + 0x62F34)))},
    source=_AUDIO,
    gaps=RESERVED,
):
    """Audio of a port of Bay Trail."""

    MUTE = Field(1, 1, "muted")


class LPE_AUDIO(
    Register, at={"vlv": VLV_BASE + 0x65000}, source=f"{_AUDIO} I915_HDMI_LPE_AUDIO_BASE; no public fields"
):
    """First word of Bay Trail's LPE audio block, 0x1000 bytes."""

    DATA = Field(31, 0, "not described")
