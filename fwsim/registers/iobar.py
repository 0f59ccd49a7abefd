"""The two ports of the graphics device's I/O BAR."""

# ruff: noqa: N801 (the manuals' own register names)

from fwsim.registers.core import Field, Register

_LETTER = "qemu-devel 2025-01-24, cover letter of the GTT write quirk's removal"


class IO_INDEX(Register, at={"855,865,3-,!meteorlake": 0x0}, space="iobar", source=_LETTER):
    """Index port: which register or GTT dword the data port reaches; 4 * n + 1 is the n-th dword of the GTT."""

    OFFSET = Field(31, 2, "byte offset", address=True)
    UNUSED = Field(1, 1, "reserved")
    SPACE = Field(0, 0, "reaches", values={0: "registers", 1: "the GTT (before gen 11)"})


class IO_DATA(Register, at={"855,865,3-,!meteorlake": 0x4}, space="iobar", source=_LETTER):
    """Data port."""

    DATA = Field(31, 0, "what is read or written there")
