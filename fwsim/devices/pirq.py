"""Where the interrupt pin of a function on bus 0 leads: by the chipset's PIRQ registers, which the guest may change.

Sources: QEMU hw/pci-host/i440fx.c and hw/isa/piix3.c (pci_slot_get_pirq: (slot - 1 + pin) mod 4; PIRQRC at 60h-63h of
00:01.0: bit 7 off, bits 3:0 the IRQ; the I/O APIC's pin is the same number), hw/isa/lpc_ich9.c and hw/pci-host/q35.c
(slots 0 to 24: PIRQ E to H in turn, (slot + pin) mod 4; from 25 on PIRQ A to D by pin; PIRQ[A-D]_ROUT at 60h-63h,
[E-H] at 68h-6Bh of 00:1f.0; PIRQ A to H are also pins 16 to 23 of the I/O APIC). Intel 6 Series PCH data sheet, 10.1
(D31IR and the like; graphics, device 2, has INTA on PIRQA of every PCH): a host's IGD.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

_OFF = 0x80
_FIRST_OF_APIC = 16
_ROTATING = 24
_ICH9 = (0x60, 0x61, 0x62, 0x63, 0x68, 0x69, 0x6A, 0x6B)
PIIX3_BDF, LPC_BDF = 0x08, 0xF8


class Route(Struct, frozen=True):
    """Where a pin leads: ``irq`` of the 8259As, None for none; ``gsi``, the pin of the I/O APIC, None for none."""

    irq: int | None
    gsi: int | None


class Router(Struct, frozen=True):
    """The chipset's: ``registers`` are the bytes at ``bdf`` for PIRQ A, B, ...; ``pirq`` of a (device, pin 0 to 3).

    ``apic``: PIRQs have pins of the I/O APIC of their own.
    """

    bdf: int
    registers: tuple[int, ...]
    pirq: Callable[[int, int], int]
    apic: bool

    def route(self, device: int, pin: int, read: Callable[[int, int], int]) -> Route:
        """Where INTA + ``pin`` of ``device`` leads now; ``read(bdf, offset)`` is a byte of configuration space."""
        number = self.pirq(device, pin)
        held = read(self.bdf, self.registers[number])
        irq = None if held & _OFF else held & 0x0F
        if irq is not None and (irq < 3 or irq in (8, 13)):  # reserved (82371SB data sheet, PIRQRC)
            irq = None
        return Route(irq, _FIRST_OF_APIC + number if self.apic else irq)


def _ich9(device: int, pin: int) -> int:
    return (device + pin) % 4 + 4 if device <= _ROTATING else pin


PIIX3 = Router(PIIX3_BDF, _ICH9[:4], lambda device, pin: (device - 1 + pin) % 4, apic=False)
ICH9 = Router(LPC_BDF, _ICH9, _ich9, apic=True)
HOST = Router(LPC_BDF, _ICH9, lambda device, pin: pin, apic=True)
"""A real machine's PCH."""
GUESTS = {"pc": PIIX3, "q35": ICH9}
