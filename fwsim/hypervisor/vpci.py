"""What does a Xen guest see through vPCI? Its ECAM, its virtual BARs, and what is not there at all.

Source: Xen xen/drivers/vpci, Arm's guest memory layout.
"""

from __future__ import annotations

from dataclasses import dataclass

ECAM_BASE, ECAM_SIZE = 0x10000000, 0x10000000
MEM_WINDOW = (0x23000000, 0x10000000)
PREFETCH_WINDOW = (0x100000000, 0x100000000)
_U64 = (1 << 64) - 1


def ecam_decode(address: int) -> tuple[int, int, int, int] | None:
    """(bus, device, function, register) for an address in the Arm guest's ECAM; None outside it."""
    offset = address - ECAM_BASE
    if not 0 <= offset < ECAM_SIZE:
        return None
    return offset >> 20, offset >> 15 & 31, offset >> 12 & 7, offset & 0xFFF


def untrapped_read(width: int) -> int:
    """A config register without a handler, for a domU: all ones of ``width`` bytes. Writes are dropped."""
    return (1 << 8 * width) - 1


HIDDEN_BAR = 0
"""What a domU reads from a ROM BAR, an empty BAR, and outside x86 from an I/O BAR."""


@dataclass(slots=True)
class GuestBar:
    """A memory BAR of a domU: the host address stays, the guest's follows writes while memory decode is off.

    ``size`` in bytes, a power of two. ``dropped`` counts writes ignored because decode was on.
    """

    size: int
    is64: bool = False
    prefetch: bool = False
    guest_address: int = 0
    decoding: bool = False
    dropped: int = 0

    def write(self, high: bool, value: int) -> None:
        """A dword write to the lower or upper half."""
        if self.decoding:
            self.dropped += 1
            return
        if high:
            address = (self.guest_address & 0xFFFFFFFF) | value << 32
        else:
            address = (self.guest_address & ~0xFFFFFFFF) | (value & 0xFFFFFFF0)
        if not self.is64:
            address &= 0xFFFFFFFF
        self.guest_address = address & ~(self.size - 1) & _U64

    def read(self, high: bool) -> int:
        """The lower half with its type bits (4: 64-bit, 8: prefetchable), or the upper half."""
        if high:
            return self.guest_address >> 32
        return (self.guest_address & 0xFFFFFFFF) | (4 if self.is64 else 0) | (8 if self.prefetch else 0)
