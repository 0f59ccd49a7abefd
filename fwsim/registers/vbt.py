"""The video BIOS table's header fields and its BDB blocks."""

# ruff: noqa: N801 (the driver's own names)

from fwsim.registers.bdb_blocks import BLOCK_NAMES
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


class BDB_BLOCK(
    Register,
    at={_ANY: Array(tuple((str(number), number) for number in BLOCK_NAMES))},
    space="bdb",
    width=1,
    reset=None,
    source=_VBT,
):
    """A block of the BIOS data: one byte of number, two of size, then its data. BLOCK_NAMES names them."""

    NUMBER = Field(7, 0, "block number", values=BLOCK_NAMES)
