"""PAM and SMRAM, the host bridge's registers that decide what A0000-FFFFF reads and writes.

Sources: Intel 82441FX datasheet, 3.2.18 and 3.2.21; Intel 3 Series Express Chipset Family datasheet, PAM0-PAM6, SMRAM
and ESMRAMC of device 0. For what guests meet: QEMU hw/pci-host/pam.c, i440fx.c (i440fx_update_memory_mappings) and
q35.c (mch_update_smram); SeaBIOS src/fw/shadow.c for what it writes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

BASE, END = 0xC0000, 0x100000
BIOS_START = 0xF0000
SEGMENT = 0x4000
REGISTERS = 7
READ, WRITE = 1, 2
"""Bits of a segment's mode: reads and writes go to RAM; else to PCI, where the ROM is."""
OPEN = bytes((0x30, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33))
"""PAM0 to PAM6 while option ROMs run (make_bios_writable)."""
LOCKED_END = 0xE8000
"""What is read-only after POST ends here: above begins what SeaBIOS keeps for itself below 1 MiB (make_bios_readonly,
by rom_get_max; measured with 1.16.2 and 1.17.0).
"""
D_OPEN, D_CLS, D_LCK = 0x40, 0x20, 0x10
H_SMRAME = 0x80


class Bus(Protocol):
    """The configuration bus, as far as these registers are concerned."""

    def set(self, slot: int, offset: int, width: int, value: int, writable: int = 0) -> None:
        """Give a register its value and its writable bits."""
        ...

    def seen_by_guest(self, slot: int, offset: int, width: int) -> int:
        """What a configuration read gives."""
        ...

    def on_write(self, slot: int, offset: int, handler: Callable[[int, int, int], object] | None = None) -> None:
        """Call ``handler`` after each write to a dword; without one the address map follows."""
        ...


def locked(end: int) -> bytes:
    """PAM0 to PAM6 after POST: from C0000 to ``end``, in 32 KiB, and the BIOS itself are read-only."""
    return bytes((0x10, *(0x11 if start < end else 0x33 for start in range(BASE, BIOS_START, 2 * SEGMENT))))


def modes(registers: bytes) -> list[int]:
    """The mode of each 16 KiB from C0000 on. Writable but not readable is PCI's altogether (pam.c, init_pam)."""
    low_first = [half for value in registers[1:] for half in (value & 3, value >> 4 & 3)]
    every = low_first + [registers[0] >> 4 & 3] * 4
    return [mode if mode & READ else 0 for mode in every]


def smram_shown(smram: int, esmramc: int) -> bool:
    """Whether A0000-BFFFF is RAM to code outside SMM; with H_SMRAME that RAM is elsewhere."""
    return bool(smram & D_OPEN) and not esmramc & H_SMRAME


def add_smram_lock(bus: Bus, slot: int, smram: int, esmramc: int) -> None:
    """Have D_LCK close SMRAM and keep both registers, D_CLS left out, as they are from then on."""

    def written(offset: int, old: int, new: int) -> None:
        held = bus.seen_by_guest(slot, smram, 1)
        if held & D_LCK:
            bus.set(slot, smram, 1, held & ~D_OPEN, D_CLS)
            bus.set(slot, esmramc, 1, bus.seen_by_guest(slot, esmramc, 1))

    bus.on_write(slot, smram, written)
