"""PCIEXBAR, the register of 00:00.0 that places the memory-mapped configuration window (ECAM) of a q35.

Sources: Intel 3 Series Express Chipset Family datasheet, PCIEXBAR of device 0, for the register. For what guests meet:
QEMU hw/pci-host/q35.c, mch_update_pciexbar, and include/hw/pci-host/q35.h: for 128 MiB bits 26 and 25 of the base count
beside 35:28, for 64 MiB bit 25 (the datasheet has 27 and 27:26 there), and a reserved length changes nothing.
"""

from collections.abc import Callable
from typing import Protocol

from fwsim.units import MIB

PCIEXBAR = 0x60
_ENABLE = 1
_BASE = 0xFF0000000
_LENGTHS = {0: (256 * MIB, _BASE), 1: (128 * MIB, _BASE | 3 << 25), 2: (64 * MIB, _BASE | 1 << 25)}
"""Bits 2:1: the window's bytes, and which bits of its base count."""

Window = tuple[int, int]
"""Guest-physical start, and bytes: 1 MiB for each bus."""


class Bus(Protocol):
    """The configuration bus, as far as the window is concerned."""

    ecam: Window | None

    def set(self, slot: int, offset: int, width: int, value: int, writable: int = 0) -> None:
        """Give a register its value and its writable bits."""
        ...

    def seen_by_guest(self, slot: int, offset: int, width: int) -> int:
        """What a configuration read gives."""
        ...

    def on_write(self, slot: int, offset: int, handler: Callable[[int, int, int], object] | None = None) -> None:
        """Call ``handler`` after each write to a dword; without one the address map follows."""
        ...


def window(pciexbar: int, before: Window | None) -> Window | None:
    """Where a value of the register puts the window; None: nowhere. A reserved length leaves it where it was."""
    if (pciexbar >> 1 & 3) not in _LENGTHS:
        return before
    size, mask = _LENGTHS[pciexbar >> 1 & 3]
    return (pciexbar & mask, size) if pciexbar & _ENABLE else None


def register(place: Window) -> int | None:
    """The register's value that puts the window there, switched on; None for a place or length that it cannot have."""
    start, size = place
    values = (start | code << 1 | _ENABLE for code, (length, _) in _LENGTHS.items() if length == size)
    return next((value for value in values if window(value, None) == place), None)


def add_pciexbar(bus: Bus, slot: int, value: int) -> None:
    """Give the host bridge in ``slot`` its PCIEXBAR at reset, and have the window follow it from now on.

    Every bit keeps what is written, as those of any register from 40h on do (QEMU hw/pci/pci.c, pci_init_wmask).
    """
    bus.set(slot, PCIEXBAR, 8, value, (1 << 64) - 1)

    def place(offset: int, old: int, new: int) -> None:
        held = bus.seen_by_guest(slot, PCIEXBAR, 4) | bus.seen_by_guest(slot, PCIEXBAR + 4, 4) << 32
        bus.ecam = window(held, bus.ecam)

    for offset in (PCIEXBAR, PCIEXBAR + 4):
        bus.on_write(slot, offset, place)
        bus.on_write(slot, offset)
    place(PCIEXBAR, 0, 0)
