"""The registers of a DisplayPort sink (DPCD) that firmware reads and trains the link with."""

# ruff: noqa: N801 (the standard's own register names)

from fwsim.registers.core import RESERVED, Field, Register, each

_DP = "VESA DisplayPort 1.2, 2.9.3; Linux include/drm/display/drm_dp.h"
_RATES = {6: "1.62 Gbit/s", 10: "2.7 Gbit/s", 20: "5.4 Gbit/s", 30: "8.1 Gbit/s"}
_GEN = "4-"


class DPCD_REV(Register, at={_GEN: 0x000}, space="dpcd", width=1, access="ro", reset=0x11, source=_DP):
    """Revision of the sink's register set."""

    MAJOR = Field(7, 4, "major")
    MINOR = Field(3, 0, "minor")


class MAX_LINK_RATE(Register, at={_GEN: 0x001}, space="dpcd", width=1, access="ro", reset=10, source=_DP):
    """Fastest rate of a lane."""

    RATE = Field(7, 0, "fastest rate", values=_RATES)


class MAX_LANE_COUNT(
    Register, at={_GEN: 0x002}, space="dpcd", width=1, access="ro", reset=0x84, source=_DP, gaps=RESERVED
):
    """Lanes of the sink."""

    ENHANCED = Field(7, 7, "enhanced framing")
    TPS3 = Field(6, 6, "training pattern 3")
    LANES = Field(4, 0, "most lanes", unit="lanes")


class MAX_DOWNSPREAD(
    Register, at={_GEN: 0x003}, space="dpcd", width=1, access="ro", reset=1, source=_DP, gaps=RESERVED
):
    """Spread spectrum, and training without AUX."""

    NO_AUX = Field(6, 6, "no AUX needed for training")
    SPREAD = Field(0, 0, "0.5% down-spread")


class RECEIVE_PORT_COUNT(Register, at={_GEN: 0x004}, space="dpcd", width=1, access="ro", source=_DP, gaps=RESERVED):
    """Receiver ports."""

    PORTS = Field(0, 0, "ports", plus=1, unit="ports")


class DOWNSTREAM_PORT(Register, at={_GEN: 0x005}, space="dpcd", width=1, access="ro", source=_DP, gaps=RESERVED):
    """What hangs below the sink."""

    DETAILED = Field(4, 4, "four bytes a port")
    CONVERTS = Field(3, 3, "converts formats")
    KIND = Field(2, 1, "kind", values={0: "DisplayPort", 1: "VGA or DVI-I", 2: "DVI, HDMI", 3: "other"})
    PRESENT = Field(0, 0, "ports below")


class MAIN_LINK_CODING(
    Register, at={_GEN: 0x006}, space="dpcd", width=1, access="ro", reset=1, source=_DP, gaps=RESERVED
):
    """Channel coding of the sink."""

    CODING_128B = Field(1, 1, "128b/132b")
    CODING_8B = Field(0, 0, "8b/10b")


class TRAINING_INTERVAL(Register, at={_GEN: 0x00E}, space="dpcd", width=1, access="ro", source=_DP):
    """How long training steps take."""

    EXTENDED = Field(7, 7, "extended capabilities at 2200h")
    INTERVAL = Field(6, 0, "interval", unit="x 4 ms (0: 100 or 400 us)")


class LINK_BW_SET(Register, at={_GEN: 0x100}, space="dpcd", width=1, source=_DP):
    """Rate of a lane in use."""

    RATE = Field(7, 0, "rate", values=_RATES)


class LANE_COUNT_SET(Register, at={_GEN: 0x101}, space="dpcd", width=1, source=_DP, gaps=RESERVED):
    """Lanes in use."""

    ENHANCED = Field(7, 7, "enhanced framing")
    LANES = Field(4, 0, "lanes", unit="lanes")


class TRAINING_PATTERN_SET(Register, at={_GEN: 0x102}, space="dpcd", width=1, source=_DP):
    """Training pattern in use."""

    ERRORS = Field(7, 6, "errors counted")
    SCRAMBLE_OFF = Field(5, 5, "no scrambling")
    RECOVERED = Field(4, 4, "recovered clock output")
    QUALITY = Field(3, 2, "quality pattern")
    PATTERN = Field(1, 0, "pattern", values={0: "none", 1: "pattern 1", 2: "pattern 2", 3: "pattern 3"})


class TRAINING_LANE_SET(Register, at={_GEN: each(0x103, 1, 4)}, space="dpcd", width=1, source=_DP, gaps=RESERVED):
    """Swing and pre-emphasis of a lane."""

    PRE_MAX = Field(5, 5, "most pre-emphasis")
    PRE = Field(4, 3, "pre-emphasis level")
    SWING_MAX = Field(2, 2, "most swing")
    SWING = Field(1, 0, "swing level")


class DOWNSPREAD_CTRL(Register, at={_GEN: 0x107}, space="dpcd", width=1, source=_DP, gaps=RESERVED):
    """Spread spectrum in use."""

    IGNORE_TIMING = Field(7, 7, "timing attributes ignored")
    SPREAD = Field(4, 4, "down-spread")


class MAIN_LINK_CODING_SET(Register, at={_GEN: 0x108}, space="dpcd", width=1, source=_DP, gaps=RESERVED):
    """Channel coding in use."""

    CODING_8B = Field(0, 0, "8b/10b")


class EDP_CONFIGURATION_SET(Register, at={_GEN: 0x10A}, space="dpcd", width=1, source=_DP, gaps=RESERVED):
    """Embedded panel: scrambler and framing."""

    FRAMING = Field(1, 1, "framing change")
    ALTERNATE = Field(0, 0, "alternate scrambler reset")


class SINK_COUNT(Register, at={_GEN: 0x200}, space="dpcd", width=1, access="ro", reset=1, source=_DP):
    """Sinks found."""

    HIGH = Field(7, 7, "count, bit 6")
    CP_READY = Field(6, 6, "content protection ready")
    COUNT = Field(5, 0, "sinks", unit="sinks")


class SERVICE_IRQ(Register, at={_GEN: 0x201}, space="dpcd", width=1, access="w1c", source=_DP, gaps=RESERVED):
    """What the sink wants."""

    SPECIFIC = Field(6, 6, "sink's own")
    UP_REQUEST = Field(5, 5, "message up")
    DOWN_REPLY = Field(4, 4, "message down answered")
    CP = Field(2, 2, "content protection")
    TEST = Field(1, 1, "automated test")
    REMOTE = Field(0, 0, "remote control")


class LANE_STATUS(Register, at={_GEN: each(0x202, 1, ["01", "23"])}, space="dpcd", width=1, access="ro", source=_DP,
                  gaps=RESERVED):  # fmt: skip
    """Training state of two lanes."""

    SYMBOL1 = Field(6, 6, "second lane: symbol lock")
    EQ1 = Field(5, 5, "second lane: equalised")
    CR1 = Field(4, 4, "second lane: clock recovered")
    SYMBOL0 = Field(2, 2, "first lane: symbol lock")
    EQ0 = Field(1, 1, "first lane: equalised")
    CR0 = Field(0, 0, "first lane: clock recovered")


class LANE_ALIGN(Register, at={_GEN: 0x204}, space="dpcd", width=1, access="ro", source=_DP, gaps=RESERVED):
    """Lanes aligned with one another."""

    UPDATED = Field(7, 7, "link state changed")
    CHANGED = Field(6, 6, "ports below changed")
    ALIGNED = Field(0, 0, "lanes aligned")


class SINK_STATUS(Register, at={_GEN: 0x205}, space="dpcd", width=1, access="ro", source=_DP, gaps=RESERVED):
    """Sink is in synchronisation."""

    PORT1 = Field(1, 1, "port 1")
    PORT0 = Field(0, 0, "port 0")


class ADJUST_REQUEST(Register, at={_GEN: each(0x206, 1, ["01", "23"])}, space="dpcd", width=1, access="ro", source=_DP):
    """Swing and pre-emphasis that two lanes ask for."""

    PRE1 = Field(7, 6, "second lane: pre-emphasis")
    SWING1 = Field(5, 4, "second lane: swing")
    PRE0 = Field(3, 2, "first lane: pre-emphasis")
    SWING0 = Field(1, 0, "first lane: swing")


class SET_POWER(Register, at={_GEN: 0x600}, space="dpcd", width=1, reset=1, source=_DP, gaps=RESERVED):
    """Power state of the sink."""

    STATE = Field(2, 0, "power", values={1: "on (D0)", 2: "off (D3)", 5: "off, AUX on"})


class EDP_DPCD_REV(Register, at={_GEN: 0x700}, space="dpcd", width=1, access="ro", source="VESA eDP 1.3, 10.4"):
    """Revision of the embedded panel's registers."""

    REVISION = Field(7, 0, "revision", values={0: "1.1", 1: "1.2", 2: "1.3", 3: "1.4"})


class EDP_BACKLIGHT_MODE(Register, at={_GEN: 0x721}, space="dpcd", width=1, source="VESA eDP 1.3, 10.4", gaps=RESERVED):
    """Backlight by AUX."""

    OPTIONS = Field(4, 2, "frequency and range options")
    MODE = Field(1, 0, "brightness from", values={0: "PWM pin", 1: "preset", 2: "DPCD", 3: "product of both"})
