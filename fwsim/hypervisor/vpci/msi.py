"""The MSI capability as vPCI keeps it for a guest: what is written is stored, enabling it switches INTx off.

Source: Xen c447b7308b, xen/drivers/vpci/msi.c, xen/arch/x86/include/asm/msi.h.
That the host has a vector to give is taken as granted.
"""

from __future__ import annotations

from msgspec import Struct

from fwsim.hypervisor.vpci.handlers import Handler, Handlers
from fwsim.hypervisor.vpci.header import Header

_ENABLE, _WIDE, _MASKING = 0x01, 0x80, 0x100
_CAPABLE, _ENABLED_COUNT = 0x0E, 0x70


class Msi(Struct):
    """``vectors`` of ``most`` are enabled; ``address`` and ``data`` are the guest's, ``mask`` a bit a vector."""

    most: int
    wide: bool
    masking: bool
    address: int = 0
    data: int = 0
    mask: int = 0
    vectors: int = 1
    enabled: bool = False

    @property
    def control(self) -> int:
        """The control register as it is shown."""
        return (
            (self.most.bit_length() - 1) << 1
            | (self.vectors.bit_length() - 1) << 4
            | (_ENABLE if self.enabled else 0)
            | (_WIDE if self.wide else 0)
            | (_MASKING if self.masking else 0)
        )

    def set_half(self, shift: int, value: int) -> None:
        """One dword of the address."""
        self.address = self.address & ~(0xFFFFFFFF << shift) | value << shift


def registers(at: int, control: int) -> tuple[int, int]:
    """Start and bytes of what has handlers, after the list's two (cleanup_msi)."""
    wide, masking = bool(control & _WIDE), bool(control & _MASKING)
    end = (20 if wide else 16) if masking else (14 if wide else 10)
    return at + 2, end - 2


def add_msi(at: int, header: Header, handlers: Handlers) -> Msi:
    """The handlers of the capability at offset ``at``. Raises OverlapError where another handler is in the way."""
    control = header.hardware.read(at + 2, 2)
    msi = Msi(1 << ((control & _CAPABLE) >> 1), bool(control & _WIDE), bool(control & _MASKING))

    def written(value: int) -> None:
        vectors = min(1 << ((value & _ENABLED_COUNT) >> 4), msi.most)
        on = bool(value & _ENABLE)
        if on == msi.enabled and (vectors == msi.vectors or not msi.enabled):
            msi.vectors = vectors
            return
        if on and not msi.enabled:
            header.switch_intx_off()
        msi.vectors, msi.enabled = vectors, on
        header.hardware.write(at + 2, 2, msi.control)

    handlers.add(Handler(at + 2, 2, lambda: msi.control, written))
    handlers.add(Handler(at + 4, 4, lambda: msi.address & 0xFFFFFFFF, lambda value: msi.set_half(0, value)))
    handlers.add(Handler(at + (12 if msi.wide else 8), 2, lambda: msi.data, lambda value: setattr(msi, "data", value)))
    if msi.wide:
        handlers.add(Handler(at + 8, 4, lambda: msi.address >> 32, lambda value: msi.set_half(32, value)))
    if msi.masking:
        at_mask = at + (16 if msi.wide else 12)
        handlers.add(Handler(at_mask, 4, lambda: msi.mask, lambda value: setattr(msi, "mask", value)))
    return msi
