"""The video BIOS table's header fields and its BDB blocks."""

# ruff: noqa: N801 (the driver's own names)

from fwsim.registers.core import Array, Field, Register, each

_VBT = "Linux i915 display/intel_vbt_defs.h"
_ANY = "2-"


class VBT_SIGNATURE(Register, at={_ANY: 0x00}, space="vbt", reset=None, source=_VBT):
    """The first four letters of the product string: $VBT."""

    TEXT = Field(31, 0, "four letters", values={0x54425624: "$VBT"})


class VBT_PRODUCT(Register, at={_ANY: each(0x04, 8, 2)}, space="vbt", width=8, reset=None, source=_VBT):
    """The product string's other letters, such as IVYBRIDGE."""

    TEXT = Field(63, 0, "eight letters")


class VBT_VERSION(Register, at={_ANY: 0x14}, space="vbt", width=2, reset=None, source=_VBT):
    """Version of the header."""

    VERSION = Field(15, 0, "version, 100 times")


class VBT_HEADER_SIZE(Register, at={_ANY: 0x16}, space="vbt", width=2, reset=0x30, source=_VBT):
    """Size of the header."""

    SIZE = Field(15, 0, "header", unit="bytes")


class VBT_SIZE(Register, at={_ANY: 0x18}, space="vbt", width=2, reset=None, source=_VBT):
    """Size of the whole table."""

    SIZE = Field(15, 0, "table", unit="bytes")


class VBT_CHECKSUM(Register, at={_ANY: 0x1A}, space="vbt", width=1, reset=None, source=f"{_VBT}; wrong in real images"):
    """Makes the table's bytes sum to 0; wrong in every real image, so it is never required."""

    SUM = Field(7, 0, "checksum")


class VBT_RESERVED(Register, at={_ANY: 0x1B}, space="vbt", width=1, reset=0, source=_VBT):
    """Reserved byte."""

    DATA = Field(7, 0, "reserved")


class BDB_OFFSET(Register, at={_ANY: 0x1C}, space="vbt", reset=0x30, source=_VBT):
    """Where the BIOS data block header begins."""

    OFFSET = Field(31, 0, "from $VBT", unit="bytes")


class AIM_OFFSETS(Register, at={_ANY: each(0x20, 4, 4)}, space="vbt", reset=0, source=_VBT):
    """Where add-in module blocks begin."""

    OFFSET = Field(31, 0, "from $VBT", unit="bytes")


BDB_BLOCKS: dict[int, str] = {
    1: "general features",
    2: "general definitions: child devices",
    3: "old toggle list",
    4: "mode support list",
    5: "generic mode table",
    6: "extended MMIO registers",
    7: "software flag I/O",
    8: "software flag MMIO",
    9: "panel self-refresh; dot clock override on old parts",
    10: "mode removal table",
    11: "child device table",
    12: "driver features",
    13: "driver persistence",
    14: "extended table pointers",
    15: "dot clock override",
    16: "display select",
    17: "test functions",
    18: "driver rotation",
    19: "display removal",
    20: "OEM custom",
    21: "external flat panels: sync workarounds",
    22: "SDVO LVDS options",
    23: "SDVO LVDS timings",
    24: "SDVO LVDS PnP ids",
    25: "SDVO LVDS power sequencing",
    26: "TV options",
    27: "eDP",
    28: "external flat panel timings",
    29: "display select, Ivy Bridge",
    30: "display removal, Ivy Bridge",
    31: "display select, Haswell",
    32: "display removal, Haswell",
    40: "LFP (LVDS) options",
    41: "LFP data pointers",
    42: "LFP data: timings",
    43: "LFP backlight",
    44: "LFP power",
    45: "eDP black frame insertion",
    46: "chromaticity",
    50: "MIPI",
    51: "fixed mode",
    52: "MIPI configuration",
    53: "MIPI sequence",
    54: "RGB palette",
    55: "compression parameters (old)",
    56: "compression parameters",
    57: "VSwing and pre-emphasis",
    58: "generic panel timings",
    253: "PRD table",
    254: "skipped",
}
"""BDB blocks by their number, with what is in each. Source: Linux i915 display/intel_vbt_defs.h."""


class BDB_BLOCK(
    Register,
    at={_ANY: Array(tuple((str(number), number) for number in BDB_BLOCKS))},
    space="bdb",
    width=1,
    reset=None,
    source=_VBT,
):
    """A block of the BIOS data: one byte of number, two of size, then its data. BDB_BLOCKS names them."""

    NUMBER = Field(7, 0, "block number", values=BDB_BLOCKS)
