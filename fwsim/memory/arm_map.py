"""An Arm guest of Xen's has one memory map, whatever its host's is.

Source: Xen xen/include/public/arch-arm.h (GUEST_*, the comment before GUEST_VIRTIO_MMIO_BASE on: "We use the same
layout for every guest"); GICv2's and GICv3's addresses are the same file's.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from fwsim.errors import FwsimError
from fwsim.units import GIB, MIB, format_size

MACHINE: Final = "arm-virt"
"""``guest.machine`` of such a guest."""
RAM0_BASE, RAM0_SIZE = 0x40000000, 3 * GIB
"""GUEST_RAM0_BASE, GUEST_RAM0_SIZE."""
RAM1_BASE = 0x200000000
"""GUEST_RAM1_BASE: where more than bank 0 holds would go."""
ECAM_BASE, ECAM_SIZE = 0x10000000, 0x10000000
"""GUEST_VPCI_ECAM_BASE, GUEST_VPCI_ECAM_SIZE: 256 buses."""
PL011_BASE, PL011_SIZE = 0x22000000, 0x1000
"""GUEST_PL011_BASE, GUEST_PL011_SIZE."""
MEMORY_BASE, MEMORY_SIZE = 0x23000000, 0x10000000
"""GUEST_VPCI_MEM_ADDR, GUEST_VPCI_MEM_SIZE: where BARs are that are not prefetchable."""
PREFETCH_BASE, PREFETCH_SIZE = 0x100000000, 0x100000000
"""GUEST_VPCI_PREFETCH_MEM_ADDR, GUEST_VPCI_PREFETCH_MEM_SIZE."""
GICD_BASE, GICD_SIZE = 0x03001000, 0x10000
"""GUEST_GICV3_GICD_BASE, GUEST_GICV3_GICD_SIZE."""
GICR_BASE, GICR_SIZE = 0x03020000, 0x01000000
"""GUEST_GICV3_GICR0_BASE, GUEST_GICV3_GICR0_SIZE."""
GRANTS_BASE, GRANTS_SIZE = 0x38000000, 0x01000000
"""GUEST_GNTTAB_BASE, GUEST_GNTTAB_SIZE."""
ADDRESSES = 1 << 40
"""A guest's physical addresses: 40 bits on the smallest host that runs Xen's 64-bit guests."""
BUS_SIZE = MIB
"""Configuration space of one bus in ECAM: 32 devices, 8 functions, 4 KiB (PCI Express 5.0, 7.2.2)."""
MOST_BUSES = 256


class Range(Struct, frozen=True):
    """``size`` bytes of guest-physical address space from ``base`` on, and what is there, as a sentence names it."""

    name: str
    base: int
    size: int

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.base + self.size

    def meets(self, other: Range) -> bool:
        """Whether both have a byte in common."""
        return self.base < other.end and other.base < self.end

    def __str__(self) -> str:
        return f"{self.name} at {self.base:#x}-{self.end - 1:#x}"


DEVICES = (
    Range("the virtio devices", 0x02000000, 0x00100000),
    Range("the GIC", GICD_BASE, GICR_BASE + GICR_SIZE - GICD_BASE),
    Range("the ACPI tables", 0x20000000, 0x02000000),
    Range("the PL011", PL011_BASE, PL011_SIZE),
    Range("the grant table", GRANTS_BASE, GRANTS_SIZE),
    Range("Xen's own pages", 0x39000000, 0x01000000),
)
"""What lies where in every guest, RAM and vPCI's ranges aside."""
WINDOWS = (
    Range("vPCI's memory window", MEMORY_BASE, MEMORY_SIZE),
    Range("vPCI's prefetchable window", PREFETCH_BASE, PREFETCH_SIZE),
)
"""Where BARs are."""


def guest_map(ram: int, ecam_base: int, ecam_size: int, where: str = "hypervisor.options") -> tuple[Range, ...]:
    """What is in a guest with ``ram`` bytes, by address, its ECAM moved to where it is asked for.

    Raises FwsimError for an ECAM that no hardware has, and one that lies over something else; ``where`` comes before
    the name of its option.
    """
    check_ecam(ecam_base, ecam_size, where)
    ecam = Range("vPCI's ECAM", ecam_base, ecam_size)
    others = (*DEVICES, *WINDOWS, Range("RAM", RAM0_BASE, ram))
    for other in others:
        if ecam.meets(other):
            raise FwsimError(
                f"the ECAM lies over {other.name}", where=f"{where}.ecam_base",
                found=f"{ecam.base:#x}-{ecam.end - 1:#x}, {other}", expected="a range of its own",
                hint=f"{ECAM_BASE:#x} is Xen's own (GUEST_VPCI_ECAM_BASE), with {format_size(ECAM_SIZE)}",
            )  # fmt: skip
    return tuple(sorted((*others, ecam), key=lambda each: each.base))


def check_ecam(base: int, size: int, where: str = "hypervisor.options") -> None:
    """Refuse what no ECAM can be: it has 1 MiB a bus, 2^n buses, and is aligned to its size (PCIe 5.0, 7.2.2).

    Raises FwsimError naming ``where``.ecam_size or ``where``.ecam_base.
    """
    if size & (size - 1) or not BUS_SIZE <= size <= MOST_BUSES * BUS_SIZE:
        raise FwsimError(
            "an ECAM of a size that no hardware has", where=f"{where}.ecam_size", found=format_size(size),
            expected="a power of two from 1M to 256M: 1M for each bus, 1 to 256 buses",
            hint=f"Xen's own is {format_size(ECAM_SIZE)} (GUEST_VPCI_ECAM_SIZE)",
        )  # fmt: skip
    if base % size or not 0 <= base <= ADDRESSES - size:
        raise FwsimError(
            "an ECAM that is not aligned" if base % size else "an ECAM beyond the guest's addresses",
            where=f"{where}.ecam_base", found=f"{base:#x}", expected=f"a multiple of its size, {size:#x}, from 0 to 1T",
            hint=f"Xen's own is {ECAM_BASE:#x} (GUEST_VPCI_ECAM_BASE)",
        )  # fmt: skip
