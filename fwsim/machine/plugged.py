"""A board's functions become functions of the configuration bus."""

from __future__ import annotations

from msgspec import Struct

from fwsim.board.function import BarSpec, Board, BoardFunction, Shadowing
from fwsim.devices.bridge import make_bridge
from fwsim.devices.ecam import add_pciexbar
from fwsim.devices.mch import add_ext_tseg
from fwsim.devices.pam import REGISTERS, add_smram_lock
from fwsim.devices.pci import CONVENTIONAL, ONES, PciBus, bar_write_mask

_COMMAND_WRITABLE = 0x0547
_QEMU_COMMAND_WRITABLE = 0x0507
_CACHE_LINE = 0x0C
_HEADER_TYPE, _MULTI_FUNCTION = 0x0E, 0x80
ROM_REGISTER = 0x30
"""The expansion ROM's base, bit 0 its enable (PCI Local Bus 3.0, 6.2.5.2): there is nothing behind it."""


class Plugged(Struct, frozen=True):
    """A function and its ``slot`` in the bus's tables."""

    spec: BoardFunction
    slot: int

    @property
    def devfn(self) -> int:
        """Its address: bus<<8 | device<<3 | function."""
        return self.spec.bdf

    @property
    def bars(self) -> tuple[BarSpec, ...]:
        """Its BARs."""
        return self.spec.bars


def plug(pci: PciBus, spec: BoardFunction, behind: int = 0) -> Plugged:
    """Put ``spec`` on the bus with an ordinary header; its BARs become writable registers that trap.

    ``behind`` is the slot of the bridge above it, 0 for bus 0. A bridge forwards nothing until it is numbered.
    """
    slot = pci.add(spec.devfn, behind, CONVENTIONAL if spec.qemu else spec.config_size)
    pci.set(slot, 0x00, 4, spec.device << 16 | spec.vendor)
    pci.set(slot, 0x04, 2, spec.command, _QEMU_COMMAND_WRITABLE if spec.qemu else _COMMAND_WRITABLE)
    pci.set(slot, 0x08, 4, spec.class_code << 8 | spec.revision)
    pci.set(slot, 0x2C, 4, spec.subsystem)
    pci.set(slot, 0x3C, 2, spec.interrupt_pin << 8 | spec.line, 0xFF)
    if spec.qemu:
        pci.set(slot, _CACHE_LINE, 1, 0, 0xFF)
        pci.writable[slot][0x40 >> 2 : CONVENTIONAL >> 2] = ONES
    pci.on_write(slot, 0x04)
    for bar in spec.bars:
        add_bar(pci, slot, bar)
    if spec.rom:
        pci.set(slot, ROM_REGISTER, 4, 0, -spec.rom & 0xFFFFFFFF | 1)
    for row in spec.settings:
        pci.set(slot, row.offset, row.width, row.value, row.writable)
    if spec.bridge is not None:
        make_bridge(pci, slot)
    if spec.pciexbar is not None:
        add_pciexbar(pci, slot, spec.pciexbar)
    if spec.ext_tseg:
        add_ext_tseg(pci, slot, spec.ext_tseg)
    if spec.shadow is not None:
        _add_shadow(pci, slot, spec.shadow)
    return Plugged(spec, slot)


def add_bar(pci: PciBus, slot: int, bar: BarSpec) -> None:
    """Make ``bar`` a writable register of the function in ``slot``; the address map follows each write."""
    kind = 1 if bar.kind == "io" else (4 if bar.is64 else 0) | (8 if bar.kind == "pref" else 0)
    mask = bar_write_mask(bar.size, bar.kind == "io")
    pci.set(slot, 0x10 + 4 * bar.index, 4, kind, mask & 0xFFFFFFFF)
    pci.on_write(slot, 0x10 + 4 * bar.index)
    if bar.is64:
        pci.set(slot, 0x14 + 4 * bar.index, 4, 0, mask >> 32)
        pci.on_write(slot, 0x14 + 4 * bar.index)


def _add_shadow(pci: PciBus, slot: int, at: Shadowing) -> None:
    """PAM and SMRAM: the address map follows each write."""
    if at.lock and at.esmramc is not None:
        add_smram_lock(pci, slot, at.smram, at.esmramc)
    for offset in {*range(at.pam, at.pam + REGISTERS), at.smram}:
        pci.on_write(slot, offset)


def plug_all(pci: PciBus, board: Board) -> list[Plugged]:
    """Every function of ``board``, each bridge before what is behind it.

    Where a device has more functions, its first one's header says so: else firmware looks at no other (PCI Local Bus
    3.0, 6.2.1), and QEMU starts no such machine (hw/pci/pci.c, pci_init_multifunction).
    """
    slots: dict[int, int] = {}
    several = {spec.bdf & ~7 for spec in board.functions if spec.bdf & 7}
    found = []
    for spec in board.functions:
        plugged = plug(pci, spec, slots[spec.parent] if spec.parent is not None else 0)
        if spec.bdf in several:
            header = pci.seen_by_guest(plugged.slot, _HEADER_TYPE & ~3, 4) >> 8 * (_HEADER_TYPE & 3) & 0xFF
            pci.set(plugged.slot, _HEADER_TYPE, 1, header | _MULTI_FUNCTION)
        slots[spec.bdf] = plugged.slot
        found.append(plugged)
    return found
