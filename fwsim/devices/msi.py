"""The MSI capability, as whoever reads configuration space finds it: message, enable, and where its registers are.

Source: PCI Local Bus 3.0, 6.7 (the list that begins at 34h) and 6.8.1 (control, address, data); Intel SDM vol. 3,
11.11 (a message to FEExxxxxh is an interrupt: destination in bits 19:12, the vector in bits 7:0 of the data).
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

_LIST, _POINTER, _MSI = 0x10, 0x34, 0x05
CONTROL_WRITABLE = 0x0071
_WIDE = 0x80


class Message(Struct, frozen=True):
    """What is written where, if MSI is enabled."""

    address: int
    data: int

    @property
    def reaches_cpu(self) -> bool:
        """Whether it goes to the local APICs."""
        return self.address >> 20 == 0xFEE


def find(read: Callable[[int, int], int]) -> int:
    """The capability's offset; 0 where there is none. ``read(offset, width)`` is configuration space."""
    if not read(0x06, 2) & _LIST:
        return 0
    at = read(_POINTER, 1) & 0xFC
    for _ in range(48):
        if at < 0x40:
            return 0
        if read(at, 1) == _MSI:
            return at
        at = read(at + 1, 1) & 0xFC
    return 0


def layout(control: int) -> tuple[tuple[int, int, int], ...]:
    """(offset in the capability, width, writable bits) of its registers, by its control word's 64-bit flag."""
    rows = (2, 2, CONTROL_WRITABLE), (4, 4, 0xFFFFFFFC)
    return (*rows, (8, 4, 0xFFFFFFFF), (12, 2, 0xFFFF)) if control & _WIDE else (*rows, (8, 2, 0xFFFF))


def message(read: Callable[[int, int], int]) -> Message | None:
    """The enabled message; None while the pin is used.

    A host whose own driver ran has the enable bit set already, with an address of 0: that is no message.
    """
    at = find(read)
    if not at:
        return None
    control = read(at + 2, 2)
    wide = control & _WIDE
    address = read(at + 4, 4) | (read(at + 8, 4) << 32 if wide else 0)
    if not control & 1 or not address:
        return None
    return Message(address, read(at + (12 if wide else 8), 2))
