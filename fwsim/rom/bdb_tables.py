"""Rows for the VBT's data blocks of single fields say which bit means what; they have no behaviour.

Source: Linux drivers/gpu/drm/i915/display/intel_vbt_defs.h, as of the BDB versions its comments give.
"""

from fwsim.rom.bdb_fields import Bits, choice, flag, hexes, number

PANELS = 16
"""Panels that a VBT describes; block 40 says which one is there."""

GENERAL_FEATURES: tuple[Bits, ...] = (
    choice(0, 1, 0, 2, "panel fitting", ("off", "text", "graphics", "text and graphics")),
    flag(0, 2, "flexible AIM"),
    flag(0, 3, "boot messages"),
    Bits(0, 1, 4, 3, "clear screen"),
    flag(0, 7, "DVO colour flip"),
    flag(1, 0, "external VBT"),
    flag(1, 1, "LVDS spread spectrum"),
    choice(1, 1, 2, 1, "LVDS reference, by platform", ("48, 66 or 120 MHz", "66, 96 or 100 MHz")),
    flag(1, 3, "LFP on override"),
    flag(1, 4, "no spread spectrum when cloning"),
    flag(1, 5, "underscan VGA timings"),
    flag(1, 6, "dynamic display clock"),
    flag(1, 7, "hotplug in the vBIOS"),
    flag(2, 0, "smooth vision off"),
    flag(2, 1, "one DVI connector for CRT and DVI"),
    flag(2, 2, "rotated by 180 degrees", since=181),
    flag(2, 3, "FDI receiver polarity inverted"),
    flag(2, 4, "extended vBIOS modes", since=160),
    flag(2, 5, "LFP timing copied to SDVO LVDS", since=160),
    flag(2, 6, "best-fit panel timing", since=160),
    flag(2, 7, "strap state ignored", since=160),
    hexes(3, 1, "legacy monitor detection"),
    flag(4, 0, "CRT on the chip"),
    flag(4, 1, "TV on the chip"),
    flag(4, 2, "flat panel outputs on the chip"),
    flag(4, 3, "DisplayPort spread spectrum"),
    choice(4, 1, 4, 1, "DisplayPort reference", ("120 MHz", "100 MHz")),
    flag(4, 5, "DisplayPort dongles may use it"),
    Bits(5, 1, 0, 7, "Type-C hotplug retry time", unit="ms", scale=10, since=242),
    Bits(6, 1, 0, 2, "AFC at start", since=249),
)

GENERAL_DEFINITIONS: tuple[Bits, ...] = (
    number(0, 1, "CRT DDC pin"),
    flag(1, 0, "ACPI power states of the CRT"),
    flag(1, 1, "no CRT detection at boot"),
    flag(1, 2, "DPMS on AIM devices"),
    hexes(2, 2, "boot displays"),
    number(4, 1, "child device size", "bytes"),
)

DRIVER_FEATURES: tuple[Bits, ...] = (
    choice(0, 1, 0, 1, "boot device chosen by", ("operating system", "driver")),
    flag(0, 1, "no display switch while DVD plays"),
    flag(0, 2, "display switch in full-screen DOS"),
    flag(0, 3, "DVO hotplug"),
    flag(0, 4, "dual-view zoom"),
    flag(0, 5, "driver hooks INT 15h"),
    flag(0, 6, "sprite when cloning"),
    flag(0, 7, "primary LFP has id 110h"),
    number(1, 2, "boot mode width", "pixels"),
    number(3, 2, "boot mode height", "lines"),
    number(5, 1, "boot mode depth", "bits"),
    number(6, 1, "boot mode refresh", "Hz"),
    flag(7, 0, "LFP is primary", size=2),
    flag(7, 1, "selective mode pruning", size=2),
    flag(7, 2, "dual frequency", size=2),
    choice(7, 2, 3, 1, "render clock", ("high", "low")),
    flag(7, 4, "clone support of NT 4", size=2),
    choice(7, 2, 5, 1, "power scheme interface", ("Intel's", "another")),
    choice(7, 2, 6, 1, "sprite's display", ("secondary", "primary")),
    flag(7, 7, "aspect scaling in the control panel", size=2),
    flag(7, 8, "aspect ratio kept", size=2),
    flag(7, 9, "SDVO devices powered down", size=2),
    flag(7, 10, "CRT hotplug", size=2),
    choice(7, 2, 11, 2, "LVDS", ("none", "on the chip", "on SDVO", "eDP or both")),
    flag(7, 13, "TV hotplug", size=2),
    flag(7, 14, "display subsystem", size=2),
    flag(7, 15, "embedded platform", size=2),
    flag(9, 0, "display defined statically"),
    number(10, 2, "legacy CRT's greatest width", "pixels"),
    number(12, 2, "legacy CRT's greatest height", "lines"),
    number(14, 1, "legacy CRT's greatest refresh", "Hz"),
    flag(15, 0, "HDMI source terminated inside"),
    flag(15, 1, "CEA 861-D for HDMI"),
    flag(15, 2, "self-refresh"),
    number(16, 1, "custom VBT number"),
    flag(17, 0, "rapid memory power management", size=2, since=159),
    flag(17, 1, "smart 2D display", size=2, since=159),
    flag(17, 2, "display power saving (DPST)", size=2, since=159, until=227),
    flag(17, 3, "backlight control by DDI", size=2, since=159),
    flag(17, 4, "automatic brightness (ADB)", size=2, since=159, until=227),
    flag(17, 5, "refresh rate switching (DRRS)", size=2, since=159, until=227),
    flag(17, 6, "render standby", size=2, since=159),
    flag(17, 7, "graphics power management", size=2, since=159),
    flag(17, 8, "turbo boost", size=2, since=159),
    flag(17, 9, "panel self-refresh (PSR)", size=2, since=165, until=227),
    flag(17, 10, "intermediate pixel storage (IPS)", size=2, since=165),
    flag(17, 12, "media refresh rate (DMRRS)", size=2, since=174, until=227),
    flag(17, 15, "the power features count", size=2, since=159),
)

SDVO_LVDS_OPTIONS: tuple[Bits, ...] = (
    number(0, 1, "backlight"),
    number(1, 1, "panel type by INT 10h 5F40h"),
    number(2, 1, "panel type"),
    number(3, 1, "spread spectrum clock"),
    number(4, 2, "ambient light, low trip"),
    number(6, 2, "ambient light, high trip"),
    number(8, 1, "scaler coefficients: rows"),
    number(9, 1, "scaler coefficients: row size"),
    *(hexes(10 + index, 1, f"coefficient {index}") for index in range(8)),
    *(hexes(18 + index, 1, f"panel bits {index + 1}") for index in range(4)),
)

LFP_OPTIONS: tuple[Bits, ...] = (
    number(0, 1, "panel type"),
    number(1, 1, "second panel's type", since=212),
    choice(2, 1, 0, 2, "panel fitting", ("off", "text", "graphics", "text and graphics")),
    flag(2, 2, "text mode fitting enhanced"),
    flag(2, 3, "graphics mode fitting enhanced"),
    flag(2, 4, "automatic fitting ratio"),
    flag(2, 5, "dithering"),
    flag(2, 6, "panel has an EDID"),
)
LFP_OPTIONS_END = 4
"""Where the options' per-panel bits begin."""

LFP_POWER: tuple[Bits, ...] = (
    flag(0, 0, "display power saving (DPST)", since=159),
    Bits(0, 1, 1, 3, "power or quality, 1 to 6"),
    flag(0, 5, "LACE on", since=210),
    flag(0, 6, "LACE supported", since=210),
    flag(0, 7, "ambient light sensor"),
    *(
        row
        for index in range(5)
        for row in (
            number(1 + 4 * index, 2, f"light step {index + 1}: backlight", "%"),
            number(3 + 4 * index, 2, f"light step {index + 1}: from", "lux"),
        )
    ),
    hexes(21, 1, "LACE profile", since=210),
)

SWING = ("0.4 V", "0.6 V", "0.8 V", "1.2 V")
EMPHASIS = ("0 dB", "3.5 dB", "6 dB", "9.5 dB")
EDP_DEPTH = (18, 24, 30, 36)
"""Bits of a pixel."""
EDP_RATE = ("1.62", "2.7", "5.4")
"""Gbit/s of a lane."""
EDP_LANES = {0: 1, 1: 2, 3: 4}
BACKLIGHT_CONTROL = ("PMIC", "LPSS PWM", "display PWM", "CABC", "DDI", "VESA AUX")

HANDLES = {
    0x01: "CRT",
    0x02: "TV",
    0x04: "EFP 1",
    0x08: "LFP 1",
    0x10: "EFP 4",
    0x20: "EFP 3",
    0x40: "EFP 2",
    0x80: "LFP 2",
}
PORTS = {
    0: "HDMI-A",
    1: "HDMI-B",
    2: "HDMI-C",
    3: "HDMI-D",
    4: "LVDS",
    5: "TV",
    6: "CRT",
    7: "DP-B",
    8: "DP-C",
    9: "DP-D",
    10: "DP-A",
    11: "DP-E",
    12: "HDMI-E",
    13: "DP-F",
    14: "HDMI-F",
    15: "DP-G",
    16: "HDMI-G",
    17: "DP-H",
    18: "HDMI-H",
    19: "DP-I",
    20: "HDMI-I",
    21: "MIPI-A",
    22: "MIPI-B",
    23: "MIPI-C",
    24: "MIPI-D",
}
AUX_CHANNELS = {
    0x00: "",
    0x10: "B",
    0x20: "C",
    0x30: "D",
    0x40: "A",
    0x50: "E",
    0x60: "F",
    0x70: "G",
    0x80: "H",
    0x90: "I",
}
TYPES = {
    0x0000: "none",
    0x0001: "CRT",
    0x0009: "TV",
    0x0012: "EFP",
    0x0022: "LFP",
    0x1009: "TV",
    0x1022: "LFP",
    0x4001: "CRT, hotplug",
    0x5062: "LVDS",
    0x5162: "LVDS, dual channel",
    0x6001: "CRT",
    0x6052: "DVI",
    0x6053: "DVI-I",
    0x6152: "DVI-D, dual link",
    0x60D2: "HDMI or DVI",
    0x60D6: "DP, HDMI or DVI",
    0x68C6: "DP",
    0x78C6: "eDP",
}
TYPE_BITS = {
    15: "class extension",
    14: "power management",
    13: "hotplug",
    12: "internal",
    11: "not HDMI",
    10: "MIPI",
    9: "composite",
    8: "dual channel",
    7: "content protection",
    6: "high-speed link",
    5: "LVDS",
    4: "TMDS",
    3: "video",
    2: "DisplayPort",
    1: "digital",
    0: "analog",
}

_HDMI_RATES = ("the platform's", "297 MHz", "165 MHz", "594 MHz", "340 MHz", "300 MHz")
_LINK_RATES_216 = ("HBR3", "HBR2", "HBR", "LBR")
_LINK_RATES_230 = ("default", "LBR", "HBR", "HBR2", "HBR3", "UHBR10", "UHBR13.5", "UHBR20")

CHILD_DEVICE: tuple[Bits, ...] = (
    Bits(0, 2, 0, 16, "handle", HANDLES),
    Bits(2, 2, 0, 16, "type", TYPES),
    choice(4, 1, 0, 8, "I2C speed", ("100 kHz", "50 kHz", "400 kHz", "1 MHz"), since=152),
    *(
        field
        for at, place in ((5, "on board"), (6, "in the dock"))
        for field in (
            Bits(at, 1, 0, 3, f"redriver {place}: pre-emphasis", since=158),
            Bits(at, 1, 3, 3, f"redriver {place}: swing", since=158),
            flag(at, 6, f"redriver {place}", since=158),
        )
    ),
    Bits(7, 1, 0, 5, "HDMI level shifter", since=158),
    choice(7, 1, 5, 3, "HDMI's greatest rate", _HDMI_RATES, since=204),
    hexes(8, 2, "timing for no EDID, offset", since=161),
    flag(10, 0, "no EDID", since=161),
    flag(10, 1, "compression", since=198),
    choice(10, 1, 2, 1, "compression set by", ("PPS", "CPS"), since=198),
    flag(10, 3, "ganged eDP", since=202),
    flag(10, 4, "LTTPR not transparent", since=235),
    flag(10, 5, "no compression on external displays", since=251),
    Bits(11, 1, 0, 4, "compression structure", since=198),
    Bits(12, 1, 0, 8, "second port", PORTS, since=202, until=236),
    Bits(12, 1, 0, 4, "HDMI's greatest FRL rate", since=237),
    flag(12, 4, "HDMI's FRL rate counts", since=237),
    hexes(14, 2, "AIM offset"),
    Bits(16, 1, 0, 8, "port", PORTS),
    number(17, 1, "I2C pin"),
    hexes(18, 1, "I2C address"),
    number(19, 1, "DDC pin"),
    hexes(20, 2, "EDID offset"),
    hexes(22, 1, "DVO configuration"),
    flag(23, 0, "routed to the dock", since=158),
    flag(23, 1, "lanes reversed", since=184),
    flag(23, 2, "LSPCON", since=192),
    flag(23, 3, "boosted current", since=196),
    flag(23, 4, "hotplug inverted", since=196),
    flag(23, 5, "voltage swing from the VBT", since=218),
    choice(23, 1, 6, 2, "DisplayPort's lanes, at most", ("1", "2", "3", "4"), since=244),
    flag(24, 0, "HDMI", since=158),
    flag(24, 1, "DisplayPort", since=158),
    flag(24, 2, "TMDS", since=158),
    Bits(25, 1, 0, 8, "AUX channel", AUX_CHANNELS),
    hexes(26, 1, "dongle detection"),
    Bits(27, 1, 0, 2, "pipes"),
    flag(27, 2, "SDVO stall", since=158),
    Bits(27, 1, 3, 2, "hotplug state"),
    flag(27, 5, "encoder on the chip"),
    hexes(28, 1, "DVO wiring"),
    hexes(29, 1, "second DVO's wiring or MIPI bridge"),
    hexes(30, 2, "extended type"),
    hexes(32, 1, "DVO function"),
    flag(33, 0, "USB Type-C", since=195),
    flag(33, 1, "Thunderbolt", since=209),
    Bits(33, 1, 4, 4, "trace length", since=209),
    number(34, 1, "GPIO index", since=195),
    number(35, 2, "GPIO pin", since=195),
    Bits(37, 1, 0, 4, "DisplayPort boost", since=196),
    Bits(37, 1, 4, 4, "HDMI boost", since=196),
    Bits(38, 1, 0, 2, "greatest link rate", dict(enumerate(_LINK_RATES_216)), since=216, until=229),
    Bits(38, 1, 0, 3, "greatest link rate", dict(enumerate(_LINK_RATES_230)), since=230),
    number(39, 1, "EFP index", since=256),
    Bits(40, 4, 0, 12, "eDP's rates, a bit each", since=263, hexadecimal=True),
)
