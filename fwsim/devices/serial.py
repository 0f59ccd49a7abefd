"""The first serial port takes what firmware writes to its console, line by line; nobody types.

Sources: National Semiconductor PC16550D data sheet (registers, divisor latch, line status 60h: empty); IBM PC/AT
Technical Reference (3F8h). Escape sequences: ECMA-48, 5.4.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

BASE = 0x3F8
_LINE_CONTROL, _DIVISOR = 3, 0x80
_ANSWERS = {2: 0x01, 5: 0x60, 6: 0xB0}
"""Interrupt identification: none; line status: transmitter empty; modem status: carrier, ready, clear to send."""
_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f]")
_END = re.compile(r"\r\n|\n|\x1b\[[0-9;]*[Hf]|\x1b\[2J")
"""A line ends where the next one begins, or where the cursor goes elsewhere."""


class SerialPort:
    """COM1. ``line`` is told each line of text that has one."""

    ports: tuple[int, ...] = tuple(range(BASE, BASE + 8))

    def __init__(self, line: Callable[[str], None]) -> None:
        self._line = line
        self.heard: Callable[[str], None] = lambda line: None
        """Who else listens."""
        self._registers = bytearray(8)
        self._text = ""

    def read(self, port: int, width: int) -> int:
        """A register; nothing was received."""
        at = port - BASE
        if at == 0 and not self._registers[_LINE_CONTROL] & _DIVISOR:
            return 0
        return _ANSWERS.get(at, self._registers[at])

    def write(self, port: int, width: int, value: int) -> None:
        """A register, or a character to send."""
        at = port - BASE
        if at == 0 and not self._registers[_LINE_CONTROL] & _DIVISOR:
            self._send(chr(value & 0xFF))
        elif at not in _ANSWERS:
            self._registers[at] = value & 0xFF

    def _send(self, character: str) -> None:
        self._text += character
        if end := _END.search(self._text):
            text, self._text = self._text[: end.start()], ""
            shown = _ESCAPE.sub("", text).rstrip()
            if shown:
                self._line(shown)
                self.heard(shown)

    def snapshot(self) -> object:
        """Registers, and the unfinished line."""
        return bytes(self._registers), self._text

    def restore(self, state: Any) -> None:
        """Go back to it."""
        registers, self._text = state
        self._registers = bytearray(registers)
