"""The panel self-refresh registers (PSR, PSR2 and panel replay) and those of the link's low power states (ALPM)."""

# ruff: noqa: N801 (the driver's own register names)

from fwsim.registers.core import RESERVED, At, Field, Register, by_gen, each
from fwsim.registers.places import pipes

_PSR = "Linux i915 display/intel_psr_regs.h"
_TIMES = {0: "500 us", 1: "100 us", 2: "2.5 ms", 3: "none"}


def _psr(offset: int) -> dict[str, At]:
    """A register of the eDP transcoder (Broadwell to gen 11, Haswell has its own block), of each one from gen 12 on."""
    return by_gen(
        {"haswell": 0x64000 + offset, "broadwell,9-11": 0x6F000 + offset, "12-": each(0x60000 + offset, 0x1000, "ABCD")}
    )


def _psr2(offset: int) -> dict[str, At]:
    return by_gen({"9-11": 0x6F000 + offset, "12-": each(0x60000 + offset, 0x1000, "ABCD")})


class EDP_PSR_AUX_CTL(
    Register,
    at=by_gen({"haswell": 0x64810, "broadwell,9-11": 0x6F810, "12-": each(0x60810, 0x1000, "ABCD")}),
    source=_PSR,
    gaps=RESERVED,
):
    """How the hardware itself talks to the sink when it leaves self-refresh."""

    TIMEOUT = Field(27, 26, "time-out", values={0: "400 us", 1: "600 us", 2: "800 us", 3: "1600 us"})
    SIZE = Field(24, 20, "message", unit="bytes")
    PRECHARGE = Field(19, 16, "precharge", unit="us", scale=2)
    ERROR_INTERRUPT = Field(11, 11, "interrupt on error")
    CLOCK_2X = Field(10, 0, "bit clock divider")


class EDP_PSR_AUX_DATA(
    Register, at={"haswell": each(0x64814, 4, 5), "broadwell,9-11": each(0x6F814, 4, 5)}, source=_PSR
):
    """The message that the hardware sends to the sink, first byte on top."""

    DATA = Field(31, 0, "four bytes")


class EDP_PSR_STATUS(Register, at=_psr(0x840), source=_PSR, gaps=RESERVED):
    """State of the self-refresh machine."""

    STATE = Field(
        31,
        29,
        "state",
        values={0: "idle", 1: "on, acknowledged", 2: "entering", 3: "buffer off", 4: "buffer on", 5: "AUX acknowledged",
                6: "off, acknowledged"},
    )  # fmt: skip
    LINK = Field(27, 26, "link", values={0: "off", 1: "on", 2: "standby"})
    SLEEP_TIMER = Field(24, 20, "sleep timer")
    COUNT = Field(19, 16, "entries counted")
    AUX_ERROR = Field(15, 15, "AUX error")
    AUX = Field(12, 12, "AUX message under way")
    IDLE_SENT = Field(9, 9, "idle pattern under way")
    TP2_TP3 = Field(8, 8, "training pattern 2 or 3 under way")
    TP1 = Field(4, 4, "training pattern 1 under way")
    IDLE_FRAMES = Field(3, 0, "idle frames counted")


class EDP_PSR_PERF_CNT(Register, at=_psr(0x844), source=_PSR, gaps=RESERVED):
    """How long the panel refreshed itself."""

    COUNT = Field(23, 0, "counter")


class PSR_EVENT(Register, at=_psr2(0x848), source=_PSR, gaps=RESERVED):
    """Why self-refresh ended."""

    PSR2_WATCHDOG = Field(17, 17, "watchdog of PSR2")
    PSR2_OFF = Field(16, 16, "PSR2 disabled")
    DIRTY_UNDERRUN = Field(15, 15, "dirty line FIFO underrun")
    CRC_UNDERRUN = Field(14, 14, "CRC FIFO underrun")
    GRAPHICS_RESET = Field(12, 12, "graphics reset")
    PCH_INTERRUPT = Field(11, 11, "PCH interrupt")
    MEMORY_UP = Field(10, 10, "memory is up")
    FRONT_BUFFER = Field(9, 9, "front buffer changed")
    WATCHDOG = Field(8, 8, "watchdog")
    PIPE_REGISTERS = Field(6, 6, "pipe registers written")
    REGISTER = Field(5, 5, "registers written", gen="9-10")
    HDCP = Field(4, 4, "content protection on")
    KVMR = Field(3, 3, "remote session")
    VBI = Field(2, 2, "vertical blank interrupt on")
    LPSP = Field(1, 1, "low power single pipe left")
    OFF = Field(0, 0, "disabled")


class EDP_PSR_DEBUG(Register, at=_psr(0x860), source=_PSR, gaps=RESERVED):
    """What does not end self-refresh."""

    MAX_SLEEP = Field(28, 28, "longest sleep masked")
    LPSP = Field(27, 27, "low power single pipe masked")
    MEMUP = Field(26, 26, "memory up masked")
    HPD = Field(25, 25, "hotplug masked")
    FBC = Field(24, 24, "compression's change masked")
    PRIMARY_FLIP = Field(23, 23, "primary flip masked", gen="haswell")
    HDCP = Field(22, 22, "content protection masked", gen="hsw")
    SPRITE = Field(21, 21, "sprite masked", gen="haswell")
    CURSOR = Field(20, 20, "cursor's move masked", gen="haswell")
    VBLANK = Field(19, 19, "blank and sync interrupts masked", gen="haswell")
    DPST = Field(18, 18, "backlight's phase-in masked", gen="haswell")
    KVMR = Field(17, 17, "remote session masked")
    REGISTER_WRITE = Field(16, 16, "register writes masked", gen="hsw,skl")
    UNDERRUN = Field(15, 15, "exit on underrun", gen="9-")
    UPDATE_SENT = Field(2, 2, "frame buffer update sent", gen="broadwell")
    ENTRY_DONE = Field(1, 1, "entry complete", gen="hsw")


class EDP_PSR_IMR(Register, at={"hsw,9-11": 0x64834}, source=_PSR, gaps=RESERVED):
    """Self-refresh interrupts that are masked, three bits a transcoder."""

    C = Field(26, 24, "transcoder C: error, exit done, about to enter")
    B = Field(18, 16, "transcoder B")
    A = Field(10, 8, "transcoder A")
    EDP = Field(2, 0, "eDP transcoder")


class EDP_PSR_IIR(Register, at={"hsw,9-11": 0x64838}, access="w1c", source=_PSR, gaps=RESERVED):
    """Self-refresh interrupts that are pending, three bits a transcoder."""

    C = Field(26, 24, "transcoder C: error, exit done, about to enter")
    B = Field(18, 16, "transcoder B")
    A = Field(10, 8, "transcoder A")
    EDP = Field(2, 0, "eDP transcoder")


class TRANS_PSR_IMR(Register, at=pipes(0x60814, "12-"), source=_PSR, gaps=RESERVED):
    """Self-refresh interrupts of a transcoder that are masked."""

    ERROR = Field(2, 2, "error")
    POST_EXIT = Field(1, 1, "exit done")
    PRE_ENTRY = Field(0, 0, "about to enter")


class TRANS_PSR_IIR(Register, at=pipes(0x60818, "12-"), access="w1c", source=_PSR, gaps=RESERVED):
    """Self-refresh interrupts of a transcoder that are pending."""

    ERROR = Field(2, 2, "error")
    POST_EXIT = Field(1, 1, "exit done")
    PRE_ENTRY = Field(0, 0, "about to enter")


class EDP_PSR2_CTL(Register, at=_psr2(0x900), source=_PSR, gaps=RESERVED):
    """Self-refresh with selective update."""

    ENABLE = Field(31, 31, "PSR2 on")
    TRACK = Field(30, 30, "selective update tracking")
    BLOCKS = Field(28, 28, "block count", gen="12-", values={0: "2", 1: "3"})
    Y_COORDINATE = Field(25, 25, "Y coordinate sent", gen="10-12")
    SDP_SCANLINE = Field(25, 25, "scan line of the update's packet", gen="13-")
    MAX_DISABLE = Field(24, 20, "longest time without selective update")
    IO_WAKE = Field(14, 13, "I/O buffer wake, 8 less so many lines", gen="9-11")
    IO_WAKE_TGL = Field(15, 13, "I/O buffer wake", gen="12-", unit="lines", plus=5)
    FAST_WAKE = Field(12, 11, "fast wake, 8 less so many lines", gen="9-11")
    FAST_WAKE_TGL = Field(12, 10, "fast wake", gen="12-", unit="lines", plus=5)
    TP2_TIME = Field(9, 8, "training pattern 2", values={0: "500 us", 1: "100 us", 2: "2.5 ms", 3: "50 us"})
    FRAMES_BEFORE = Field(7, 4, "frames before selective update")
    IDLE_FRAMES = Field(3, 0, "idle frames before deep sleep")


class PSR2_MAN_TRK_CTL(Register, at=pipes(0x60910, "12-"), source=_PSR, gaps=RESERVED):
    """What the driver tells of the part of the frame that has changed."""

    ENABLE = Field(31, 31, "driver tracks", gen="12")
    START = Field(30, 21, "first block", gen="12")
    END = Field(20, 11, "last block", gen="12")
    SINGLE_FULL = Field(3, 3, "one full frame", gen="12")
    ALWAYS_FULL = Field(2, 2, "full frames", gen="12")
    PARTIAL = Field(1, 1, "partial frame", gen="12")
    PARTIAL_ADL = Field(31, 31, "partial frame", gen="13-")
    START_ADL = Field(28, 16, "first line", gen="13-")
    SINGLE_FULL_ADL = Field(14, 14, "one full frame", gen="13-")
    ALWAYS_FULL_ADL = Field(13, 13, "full frames", gen="13-")
    END_ADL = Field(12, 0, "last line", gen="13-")


class PSR2_SU_STATUS(
    Register,
    at={
        "9-11": each(0x6F914, 4, 3),
        "12-": each(0x60914, 4, ["A0", "A1", "A2"]),
    },
    source=_PSR,
    gaps=RESERVED,
):
    """How many blocks each of the last eight frames sent, three frames a word."""

    FRAME2 = Field(29, 20, "blocks, third frame of the word")
    FRAME1 = Field(19, 10, "blocks, second frame")
    FRAME0 = Field(9, 0, "blocks, first frame")


class EDP_PSR2_STATUS(Register, at=_psr2(0x940), source=_PSR, gaps=RESERVED):
    """State of the selective update machine."""

    STATE = Field(31, 28, "state", values={8: "deep sleep"})


class ALPM_CTL(Register, at=pipes(0x60950, "12-"), source=_PSR, gaps=RESERVED):
    """Link power management of a transcoder; i915 uses it from Lunar Lake on."""

    ENABLE = Field(31, 31, "on")
    AUX_LESS = Field(30, 30, "wake without AUX")
    LOBF = Field(29, 29, "link off between frames")
    EXTENDED_WAKE = Field(28, 28, "extended fast wake")
    KEEP_FEC = Field(27, 27, "error correction kept on over a sleep")
    RESTORED = Field(26, 26, "state was restored")
    TO_SLEEP = Field(25, 25, "restore to sleep")
    TO_DEEP_SLEEP = Field(24, 24, "restore to deep sleep")
    HOLD = Field(23, 21, "sleep's hold time in symbols", values={0: "50", 1: "128", 2: "256", 3: "512"})
    WAKE_HOLD = Field(20, 20, "hold for AUX wake and sleep")
    ENTRY_CHECK = Field(19, 16, "entry check", unit="lines")
    FAST_WAKE = Field(13, 8, "extended fast wake", unit="lines", plus=5)
    WAKE_TIME = Field(5, 0, "wake without AUX", unit="lines")


class ALPM_CTL2(Register, at=pipes(0x60954, "12-"), source=_PSR, gaps=RESERVED):
    """Link power management of a transcoder, further times."""

    LATENCY = Field(28, 24, "switch to active", unit="lines")
    EXTENSION = Field(19, 16, "extension of the wake time")
    LTTPRS = Field(15, 12, "repeaters")
    LTTPR_HOLD = Field(10, 8, "repeaters' hold time")
    FEC_POSITION = Field(4, 4, "error correction decoded after wake's symbol")
    SEQUENCES = Field(2, 0, "sleep sequences")


class PORT_ALPM_CTL(Register, at={"13-": each(0x16FA2C, 0x200, "ABCD")}, source=_PSR, gaps=RESERVED):
    """Link power management of a port; i915 uses it from Lunar Lake on, ports A and B."""

    AUX_LESS = Field(31, 31, "wake without AUX")
    SWING_SETUP = Field(23, 20, "PHY swing's setup")
    SWING_HOLD = Field(19, 16, "PHY swing's hold")
    SILENCE = Field(7, 0, "silence period")


class PORT_ALPM_LFPS_CTL(Register, at={"13-": each(0x16FA30, 0x200, "ABCD")}, source=_PSR, gaps=RESERVED):
    """The wake signal that a port sends instead of AUX."""

    POLARITY = Field(31, 31, "start polarity")
    CYCLES = Field(27, 24, "cycles", unit="cycles", plus=7)
    HALF = Field(20, 16, "half cycle")
    FIRST_HALF = Field(12, 8, "first half cycle")
    LAST_HALF = Field(4, 0, "last half cycle")
