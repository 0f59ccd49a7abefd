"""The PL011 UART as Xen emulates it: what the guest writes becomes lines of its log, and nobody types.

Sources: Arm PrimeCell UART (PL011) TRM DDI 0183, 3.3; Xen xen/arch/arm/vpl011.c for what is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_DR, _FR, _CR, _PERIPH_ID = 0x000, 0x018, 0x030, 0xFE0
_RX_EMPTY, _TX_EMPTY = 1 << 4, 1 << 7
_IDS = (0x11, 0x10, 0x14, 0x00, 0x0D, 0xF0, 0x05, 0xB1)
"""UARTPeriphID0-3, UARTPCellID0-3."""
_STORED = (0x024, 0x028, 0x02C, _CR, 0x034, 0x038, 0x048)
_LONGEST = 4096


class Pl011:
    """One UART; ``line`` gets each line that was written, without its end."""

    def __init__(self, line: Callable[[str], None]) -> None:
        self._line = line
        self._text = ""
        self._held: dict[int, int] = {}

    def read(self, offset: int, width: int) -> int:
        """FR: nothing to read, room to write."""
        if offset == _FR:
            return _RX_EMPTY | _TX_EMPTY
        if offset >= _PERIPH_ID and offset & 3 == 0:
            return _IDS[(offset - _PERIPH_ID) >> 2]
        return self._held.get(offset, 0)

    def write(self, offset: int, width: int, value: int) -> None:
        """DR: one more character."""
        if offset == _DR:
            self._put(value & 0xFF)
        elif offset in _STORED:
            self._held[offset] = value & 0xFFFF

    def _put(self, byte: int) -> None:
        if byte == 0x0A or len(self._text) >= _LONGEST:
            self._flush()
        if byte not in (0x0A, 0x0D):
            self._text += chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}"

    def end(self) -> None:
        """Nothing more is written: a line that was begun is one, too."""
        if self._text:
            self._flush()

    def _flush(self) -> None:
        self._line(self._text)
        self._text = ""

    def snapshot(self) -> Any:
        """Registers, and the line that was begun."""
        return self._text, dict(self._held)

    def restore(self, state: Any) -> None:
        """Go back to it."""
        self._text, held = state
        self._held = dict(held)
