"""What a driver of the chain placed is read off the machine: the firmware's own IGD driver had stepped back for it.

Stolen memory is the pages of type Reserved that BDSM names, the OpRegion those of type ACPI NVS that ASLS names.
"""

from __future__ import annotations

from fwsim.environment.uefi.uefi import Uefi
from fwsim.environment.uefi.words import MEMORY_TYPES
from fwsim.machine.apply_placement import ASLS, OLD_BDSM
from fwsim.memory.e820 import E820Map, E820Type

_BDSM64 = 0xC0
_TYPES = {"Reserved": E820Type.RESERVED, "NVS": E820Type.NVS}


def note_placement(uefi: Uefi) -> None:
    """Where nothing was placed before the drivers came, let the run's placement be what they made of the IGD."""
    built = uefi.built
    placed, machine = built.placed, built.machine
    if machine.igd is None or placed.bdsm or placed.asls:
        return
    slot = machine.pci.slot(machine.scenario.guest.devfn)
    wide = machine.igd.family.gen >= 11
    bdsm = machine.pci.seen_by_guest(slot, _BDSM64 if wide else OLD_BDSM, 4) & -0x1000
    if wide:
        bdsm |= machine.pci.seen_by_guest(slot, _BDSM64 + 4, 4) << 32
    asls = machine.pci.seen_by_guest(slot, ASLS, 4)
    placed.size = _bytes(uefi, bdsm, "Reserved")
    placed.bdsm = bdsm if placed.size else 0
    placed.asls = asls if _bytes(uefi, asls, "NVS") else 0
    built.guest_stolen = placed.bdsm, placed.bdsm + placed.size
    _reserve(uefi)


def _bytes(uefi: Uefi, base: int, kind: str) -> int:
    """Bytes that a driver allocated at ``base``; 0 where it did not, or as another type."""
    size, found = uefi.memory.taken.get(base, (0, 0))
    return size if size and MEMORY_TYPES[found] == kind else 0


def _reserve(uefi: Uefi) -> None:
    """The memory map that an operating system gets tells of these pages."""
    placed = uefi.built.placed
    rows = E820Map(placed.e820_entries)
    for base, (size, kind) in uefi.memory.taken.items():
        known = _TYPES.get(MEMORY_TYPES[kind])
        if known:
            rows.add(base, size, known)
    placed.e820 = list(rows.rows())
    placed.e820_entries = [(each.start, each.size, each.type) for each in rows]
