"""What a program writes to its UART, a character and a status read at a time, becomes lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.memory.arm_map import PL011_BASE
from fwsim.report.fold_pairs import Access
from fwsim.report.fold_step import Step

_DATA, _FLAGS = PL011_BASE, PL011_BASE + 0x18
_READ, _WRITE = 0, 1
_LF, _CR = 0x0A, 0x0D


def is_console(access: Access) -> bool:
    """Whether it writes a character to the PL011, or asks whether there is room for one."""
    if access.space != "memory":
        return False
    return (access.op, access.address) in ((_WRITE, _DATA), (_READ, _FLAGS))


class Console:
    """Characters up to the end of a line."""

    def __init__(self, access: Access) -> None:
        self.first = access
        self.n = 0
        self.text = ""
        self.ended = False
        self.take(access)

    def take(self, access: Access) -> bool:
        """Count ``access``; False behind the end of the line, and for any other access."""
        if self.ended or not is_console(access):
            return False
        self.n += access.n
        if access.op == _WRITE:
            byte = access.value & 0xFF
            self.ended = byte == _LF
            if byte not in (_LF, _CR):
                self.text += chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}"
        return True

    def steps(self) -> Iterator[Step]:
        """The line as one step."""
        yield Step(0, self.first.first, self.n, (f'prints "{self.text}"',))
