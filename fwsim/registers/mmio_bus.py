"""The registers for talking to displays: GMBUS, GPIO, AUX channel, panel power, backlight."""

# ruff: noqa: N801 (the manuals' own register names)

from itertools import chain

from fwsim.registers.core import RESERVED, VLV_BASE, Array, At, Field, Register, by_gen, each

_GMBUS = "Linux i915 display/intel_gmbus_regs.h"
_AUX = "Linux i915 display/intel_dp_aux_regs.h"
_PPS = "Linux i915 display/intel_pps_regs.h"
_BLC = "Linux i915 display/intel_backlight_regs.h"


def _bus(offset: int) -> dict[str, At]:
    """A GMBUS or GPIO register: on the north bridge to gen 4, in the PCH (and Broxton's) later."""
    return {"2-4": offset, "vlv": VLV_BASE + offset, "5-,!vlv": 0xC0000 + offset}


class GPIOCTL(
    Register,
    at={"2-4": each(0x5010, 4, 8), "vlv": each(VLV_BASE + 0x5010, 4, 8), "5-,!vlv": each(0xC5010, 4, 16)},
    reset=0x1010,
    source=f"{_GMBUS}; wires that nobody pulls low are high (Intel PRM SNB vol. 3 part 3)",
    gaps=RESERVED,
):
    """One pair of pins, driven bit by bit: how DDC is done without GMBUS."""

    DATA_PULLUP = Field(13, 13, "data pull-up off")
    DATA_IN = Field(12, 12, "data pin reads", access="ro")
    DATA_OUT = Field(11, 11, "data value")
    DATA_VALUE_MASK = Field(10, 10, "data value is written")
    DATA_DIR = Field(9, 9, "data pin", values={0: "input", 1: "output"})
    DATA_DIR_MASK = Field(8, 8, "data direction is written")
    CLOCK_PULLUP = Field(5, 5, "clock pull-up off")
    CLOCK_IN = Field(4, 4, "clock pin reads", access="ro")
    CLOCK_OUT = Field(3, 3, "clock value")
    CLOCK_VALUE_MASK = Field(2, 2, "clock value is written")
    CLOCK_DIR = Field(1, 1, "clock pin", values={0: "input", 1: "output"})
    CLOCK_DIR_MASK = Field(0, 0, "clock direction is written")


class GMBUS0(Register, at=_bus(0x5100), source=_GMBUS, gaps=RESERVED):
    """GMBUS clock and port."""

    AKSV = Field(11, 11, "send the HDCP key")
    RATE = Field(10, 8, "clock", values={0: "100 kHz", 1: "50 kHz", 2: "400 kHz", 3: "1 MHz"})
    HOLD = Field(7, 7, "300 ns hold time")
    OVERRIDE = Field(6, 6, "byte count override")
    PIN = Field(
        4,
        0,
        "pin pair",
        values={0: "none", 1: "SSC, or DDI B on CFL and APL", 2: "CRT, or DDI C on CFL and APL", 3: "LVDS, or D",
                4: "HDMI C", 5: "HDMI B", 6: "HDMI D", 9: "Type-C 1", 10: "Type-C 2", 11: "Type-C 3", 12: "Type-C 4"},
    )  # fmt: skip


class GMBUS1(Register, at=_bus(0x5104), source=_GMBUS):
    """GMBUS command; bit 31 clears errors."""

    CLEAR = Field(31, 31, "clear the interrupt and the errors")
    READY = Field(30, 30, "software is ready: go")
    TIMEOUT = Field(29, 29, "time-out enabled")
    OTHER = Field(28, 28, "reserved")
    CYCLE = Field(
        27, 25, "cycle", values={0: "none", 1: "no index, no stop", 3: "index, no stop", 4: "stop",
                                 5: "no index, stop", 7: "index, stop"}
    )  # fmt: skip
    COUNT = Field(24, 16, "bytes to move", unit="bytes")
    INDEX = Field(15, 8, "index sent first")
    ADDRESS = Field(7, 1, "device", values={0x50: "EDID", 0x30: "EDID segment", 0x3A: "HDCP", 0x54: "SCDC"})
    READ = Field(0, 0, "direction", values={0: "write", 1: "read"})


class GMBUS2(Register, at=_bus(0x5108), reset=0x800, source=_GMBUS, gaps=RESERVED):
    """GMBUS state."""

    INUSE = Field(15, 15, "taken: a read takes it, writing 1 frees it", access="w1c")
    WAIT = Field(14, 14, "in the wait phase", access="ro")
    STALL = Field(13, 13, "device held the clock too long", access="ro")
    INTERRUPT = Field(12, 12, "interrupt", access="ro")
    READY = Field(11, 11, "hardware is ready for the next 4 bytes", access="ro")
    NAK = Field(10, 10, "no answer (NAK)", access="ro")
    ACTIVE = Field(9, 9, "a transfer is under way", access="ro")
    COUNT = Field(8, 0, "bytes moved so far", access="ro")


class GMBUS3(Register, at=_bus(0x510C), source=_GMBUS):
    """GMBUS data: up to four bytes, the first in bits 7:0."""

    DATA = Field(31, 0, "bytes 3 to 0")


class GMBUS4(Register, at=_bus(0x5110), source=_GMBUS, gaps=RESERVED):
    """GMBUS interrupt enables."""

    STALL = Field(4, 4, "on a stall")
    NAK = Field(3, 3, "on a NAK")
    IDLE = Field(2, 2, "when idle")
    WAIT = Field(1, 1, "in the wait phase")
    READY = Field(0, 0, "when ready")


class GMBUS5(Register, at=_bus(0x5120), source=_GMBUS, gaps=RESERVED):
    """Two-byte index."""

    ENABLE = Field(31, 31, "two-byte index used")
    INDEX = Field(15, 0, "index")


def _aux(offset: int, step: int = 0, count: int = 1) -> dict[str, At]:
    """An AUX channel register by family; ``count`` of them ``step`` apart give labels such as B0."""

    def members(base: int, letters: str) -> Array:
        return Array(
            tuple(
                (f"{letter}{index}" if count > 1 else letter, base + offset + 0x100 * number + step * index)
                for number, letter in enumerate(letters)
                for index in range(count)
            )
        )

    ports = members(0x64010, "AB").members
    type_c = (members(0x16F210 + 0x200 * number, letter).members for number, letter in enumerate("DEFG"))
    both = (*members(0x64010, "A").members, *members(0xE4110, "BCD").members)
    return {
        "g4x": members(0x64110, "BCD"),
        "vlv": members(VLV_BASE + 0x64110, "BCD"),
        "5-8,!vlv": Array(both),
        "9-11": members(0x64010, "ABCDEF"),
        "12-,!meteorlake": members(0x64010, "ABCDEFGHI"),
        "meteorlake": Array((*ports, *chain.from_iterable(type_c))),
    }


class DP_AUX_CH_CTL(Register, at=_aux(0), source=_AUX, gaps=RESERVED):
    """AUX channel control: bit 31 starts a transfer and clears itself; bits 30 and 28 say how it ended."""

    BUSY = Field(31, 31, "send; busy")
    DONE = Field(30, 30, "done", access="w1c")
    INTERRUPT = Field(29, 29, "interrupt when done")
    TIMEOUT_ERROR = Field(28, 28, "timed out: nobody answers", access="w1c")
    TIMEOUT = Field(27, 26, "time-out", values={0: "400 us", 1: "600 us", 2: "800 us", 3: "1600 us"})
    RECEIVE_ERROR = Field(25, 25, "receive error", access="w1c")
    SIZE = Field(24, 20, "message size", unit="bytes")
    PRECHARGE = Field(19, 16, "precharge time", gen="4-8", unit="x 2 us")
    POWER_REQUEST = Field(19, 19, "power wanted", gen="meteorlake")
    POWER_STATE = Field(18, 18, "is powered", gen="meteorlake", access="ro")
    AKSV = Field(15, 15, "send the HDCP key")
    TESTS = Field(14, 11, "test modes (before Skylake), data sources and Thunderbolt later")
    CLOCK = Field(10, 0, "clock divider", gen="4-8")
    FW_SYNC = Field(9, 5, "fast wake pulses", gen="9-", plus=1, unit="pulses")
    SYNC = Field(4, 0, "sync pulses", gen="9-", plus=1, unit="pulses")


class DP_AUX_CH_DATA(Register, at=_aux(4, 4, 5), source=_AUX):
    """AUX channel data: 20 bytes in five registers, the first byte in bits 31:24."""

    DATA = Field(31, 0, "four bytes")


def _panel(offset: int) -> dict[str, At]:
    """A panel power register: gens 2-4 at 0x61200, VLV 0x180000 up (a sequencer a pipe), else in the PCH."""
    two = Array((("0", 0xC7200 + offset), ("1", 0xC7300 + offset)))
    vlv = Array((("A", VLV_BASE + 0x61200 + offset), ("B", VLV_BASE + 0x61300 + offset)))
    return {"2-4": 0x61200 + offset, "vlv": vlv, "5-10,!vlv,!bxt": 0xC7200 + offset, "bxt,11-": two}


class PP_STATUS(Register, at=_panel(0), access="ro", source=_PPS, gaps=RESERVED):
    """Panel power state; bit 31 follows PP_CONTROL's bit 0 after the delays."""

    ON = Field(31, 31, "panel is on")
    READY = Field(30, 30, "PLL, pipe and port are ready")
    SEQUENCE = Field(29, 28, "sequence", values={0: "none", 1: "powering up", 2: "powering down"})
    CYCLE = Field(27, 27, "power cycle delay running")
    STATE = Field(
        3,
        0,
        "state",
        values={0: "off, idle", 1: "off, S0.1", 2: "off, S0.2", 3: "off, S0.3", 8: "on, idle", 9: "on, S1.1",
                10: "on, S1.2", 11: "on, S1.3", 15: "reset"},
    )  # fmt: skip


class PP_CONTROL(Register, at=_panel(4), source=_PPS, gaps=RESERVED):
    """Panel power control."""

    UNLOCK = Field(31, 16, "write protection", values={0xABCD: "panel registers unlocked", 0: "locked while on"})
    CYCLE_DELAY = Field(8, 4, "power cycle delay", gen="bxt,11-", unit="x 100 ms")
    FORCE_VDD = Field(3, 3, "panel logic powered for AUX")
    BACKLIGHT = Field(2, 2, "backlight on")
    RESET = Field(1, 1, "off at a reset")
    POWER = Field(0, 0, "panel power wanted")


class PP_ON_DELAYS(Register, at=_panel(8), source=_PPS, gaps=RESERVED):
    """Delays when the panel is turned on."""

    PORT = Field(31, 30, "panel port", values={0: "LVDS", 1: "DP A", 2: "DP C", 3: "DP D"})
    POWER_UP = Field(28, 16, "power up", unit="x 100 us")
    LIGHT_ON = Field(12, 0, "until the backlight", unit="x 100 us")


class PP_OFF_DELAYS(Register, at=_panel(0xC), source=_PPS, gaps=RESERVED):
    """Delays when the panel is turned off."""

    POWER_DOWN = Field(28, 16, "power down", unit="x 100 us")
    LIGHT_OFF = Field(12, 0, "after the backlight", unit="x 100 us")


class PP_DIVISOR(
    Register,
    at=by_gen(
        {
            "2-4": 0x61210,
            "vlv": Array((("A", VLV_BASE + 0x61210), ("B", VLV_BASE + 0x61310))),
            "5-10,!vlv,!bxt": 0xC7210,
        }
    ),
    source=_PPS,
    gaps=RESERVED,
):
    """Reference clock of the delays, and the power cycle delay."""

    REFERENCE = Field(31, 8, "reference divider")
    CYCLE = Field(4, 0, "power cycle delay", unit="x 100 ms, plus one")


class BLC_PWM_CTL2(
    Register,
    at=by_gen({"4": 0x61250, "vlv": each(VLV_BASE + 0x61250, 0x100, "AB"), "5-8,!vlv": 0x48250}),
    source=_BLC,
    gaps=RESERVED,
):
    """Backlight modulator, second register."""

    ENABLE = Field(31, 31, "modulator on")
    PIPE = Field(30, 29, "pipe", values={0: "A", 1: "B", 2: "C"})
    POLARITY = Field(28, 28, "active low")
    PHASE = Field(26, 16, "phase-in control")
    PHASE_STEPS = Field(15, 0, "phase-in time and steps")


class BLC_PWM_CTL(
    Register,
    at=by_gen({"2-4": 0x61254, "vlv": each(VLV_BASE + 0x61254, 0x100, "AB"), "5-8,!vlv": 0x48254}),
    source=_BLC,
):
    """Backlight modulator: frequency and duty cycle."""

    FREQUENCY = Field(31, 16, "period (bit 16 legacy mode before gen 4)")
    DUTY = Field(15, 0, "duty cycle")


class BLC_PWM_PCH_CTL1(Register, at={"5-10,!vlv,!bxt": 0xC8250}, source=_BLC, gaps=RESERVED):
    """PCH backlight modulator."""

    ENABLE = Field(31, 31, "modulator on")
    OVERRIDE = Field(30, 30, "duty cycle from the PCH")
    POLARITY = Field(29, 29, "active low")


class BLC_PWM_PCH_CTL2(Register, at={"5-10,!vlv,!bxt": 0xC8254}, source=_BLC):
    """PCH backlight modulator: frequency and duty cycle."""

    FREQUENCY = Field(31, 16, "period")
    DUTY = Field(15, 0, "duty cycle")


class BXT_BLC_PWM_CTL(Register, at={"bxt,11-": each(0xC8250, 0x100, 2)}, source=_BLC, gaps=RESERVED):
    """Backlight modulator of Apollo Lake and gen 11 on."""

    ENABLE = Field(31, 31, "modulator on")
    POLARITY = Field(29, 29, "active low")


class BXT_BLC_PWM_FREQ(Register, at={"bxt,11-": each(0xC8254, 0x100, 2)}, source=_BLC):
    """Backlight period."""

    PERIOD = Field(31, 0, "period", unit="clocks")


class BXT_BLC_PWM_DUTY(Register, at={"bxt,11-": each(0xC8258, 0x100, 2)}, source=_BLC):
    """Backlight duty cycle."""

    DUTY = Field(31, 0, "on time", unit="clocks")
