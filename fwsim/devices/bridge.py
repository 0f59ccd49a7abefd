"""What a PCI-to-PCI bridge forwards: bus numbers, memory and I/O windows of a type 1 header.

Sources: PCI-to-PCI Bridge Architecture Specification 1.2, 3.2.5; QEMU hw/pci/pci.c (pci_init_mask_bridge for what is
writable, pci_secondary_bus_in_range) and hw/pci/pci_bridge.c (pci_bridge_get_base, pci_bridge_get_limit).
"""

from typing import Protocol

HEADER_TYPE, TYPE_1 = 0x0E, 0x01
BUSES = 0x18
"""Primary, secondary and subordinate bus number, a byte each, and the secondary latency timer."""
IO_BASE, MEMORY_BASE, PREFETCH_BASE = 0x1C, 0x20, 0x24
"""The limit is in the upper half."""
PREFETCH_BASE_UPPER, PREFETCH_LIMIT_UPPER, IO_UPPER = 0x28, 0x2C, 0x30
CONTROL = 0x3E
BUS_RESET = 0x40
COMMAND, COMMAND_IO, COMMAND_MEMORY = 0x04, 1, 2
_CONTROL_WRITABLE = 0x0BFF
_WIDE = 1
"""Bit 0 of a window's registers: its address goes on in the upper ones."""


class Bus(Protocol):
    """The configuration bus, as far as a bridge's registers are concerned."""

    def set(self, slot: int, offset: int, width: int, value: int, writable: int = 0) -> None:
        """Give a register its value and its writable bits."""
        ...

    def seen_by_guest(self, slot: int, offset: int, width: int) -> int:
        """What a configuration read gives."""
        ...

    def on_write(self, slot: int, offset: int) -> None:
        """Have the address map follow each write to a dword."""
        ...


def make_bridge(bus: Bus, slot: int) -> None:
    """Give the function in ``slot`` a type 1 header: nothing is forwarded until somebody numbers and opens it.

    As QEMU's bridges: 16 bits of I/O, 64 of prefetchable memory, every window closed by a base above its limit
    (pci_bridge_disable_base_limit).
    """
    bus.set(slot, HEADER_TYPE, 1, TYPE_1)
    bus.set(slot, BUSES, 4, 0, 0xFFFFFFFF)
    bus.set(slot, IO_BASE, 2, 0x00F0, 0xF0F0)
    bus.set(slot, MEMORY_BASE, 4, 0x0000FFF0, 0xFFF0FFF0)
    bus.set(slot, PREFETCH_BASE, 4, _WIDE << 16 | 0xFFF0 | _WIDE, 0xFFF0FFF0)
    bus.set(slot, PREFETCH_BASE_UPPER, 4, 0, 0xFFFFFFFF)
    bus.set(slot, PREFETCH_LIMIT_UPPER, 4, 0, 0xFFFFFFFF)
    bus.set(slot, CONTROL, 2, 0, _CONTROL_WRITABLE)
    for offset in (IO_BASE, MEMORY_BASE, PREFETCH_BASE, PREFETCH_BASE_UPPER, PREFETCH_LIMIT_UPPER, IO_UPPER):
        bus.on_write(slot, offset)
    bus.on_write(slot, COMMAND)


def bus_numbers(bus: Bus, slot: int) -> tuple[int, int] | None:
    """The secondary and the subordinate bus number; None while the secondary bus is held in reset."""
    if bus.seen_by_guest(slot, CONTROL, 2) & BUS_RESET:
        return None
    return bus.seen_by_guest(slot, BUSES + 1, 1), bus.seen_by_guest(slot, BUSES + 2, 1)


def passes_memory(bus: Bus, slot: int, start: int, size: int) -> bool:
    """Whether the bridge forwards all of these addresses: by its memory or by its prefetchable window."""
    if not bus.seen_by_guest(slot, COMMAND, 2) & COMMAND_MEMORY:
        return False
    base, limit = _halves(bus.seen_by_guest(slot, MEMORY_BASE, 4))
    windows = [((base & 0xFFF0) << 16, (limit & 0xFFF0) << 16)]
    base, limit = _halves(bus.seen_by_guest(slot, PREFETCH_BASE, 4))
    first, last = (base & 0xFFF0) << 16, (limit & 0xFFF0) << 16
    first |= bus.seen_by_guest(slot, PREFETCH_BASE_UPPER, 4) << 32 if base & _WIDE else 0
    last |= bus.seen_by_guest(slot, PREFETCH_LIMIT_UPPER, 4) << 32 if limit & _WIDE else 0
    windows.append((first, last))
    return any(first <= start and start + size - 1 <= last | 0xFFFFF for first, last in windows)


def passes_ports(bus: Bus, slot: int, start: int, size: int) -> bool:
    """Whether the bridge forwards all of these ports."""
    if not bus.seen_by_guest(slot, COMMAND, 2) & COMMAND_IO:
        return False
    registers, upper = bus.seen_by_guest(slot, IO_BASE, 2), _halves(bus.seen_by_guest(slot, IO_UPPER, 4))
    first, last = ((registers >> shift & 0xF0) << 8 for shift in (0, 8))
    first |= upper[0] << 16 if registers & _WIDE else 0
    last |= upper[1] << 16 if registers >> 8 & _WIDE else 0
    return first <= start and start + size - 1 <= last | 0xFFF


def _halves(value: int) -> tuple[int, int]:
    return value & 0xFFFF, value >> 16
