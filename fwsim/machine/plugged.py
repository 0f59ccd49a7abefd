"""A board's functions become functions of the configuration bus."""

from __future__ import annotations

from dataclasses import dataclass

from fwsim.board.function import BarSpec, BoardFunction
from fwsim.devices.pci import PciBus, bar_write_mask

COMMAND_IO, COMMAND_MEMORY = 1, 2
_COMMAND_WRITABLE = 0x0547


@dataclass(frozen=True)
class Plugged:
    """A function and its ``slot`` in the bus's tables."""

    spec: BoardFunction
    slot: int

    @property
    def devfn(self) -> int:
        """Its address: bus<<8 | device<<3 | function."""
        return self.spec.bdf

    @property
    def vendor(self) -> int:
        """Its vendor id."""
        return self.spec.vendor

    @property
    def device(self) -> int:
        """Its device id."""
        return self.spec.device

    @property
    def class_code(self) -> int:
        """Its class, 24 bits."""
        return self.spec.class_code

    @property
    def bars(self) -> tuple[BarSpec, ...]:
        """Its BARs."""
        return self.spec.bars


def plug(pci: PciBus, spec: BoardFunction) -> Plugged:
    """Put ``spec`` on the bus with an ordinary header; its BARs become writable registers that trap."""
    slot = pci.add(spec.bdf)
    pci.set(slot, 0x00, 4, spec.device << 16 | spec.vendor)
    pci.set(slot, 0x04, 2, 0, _COMMAND_WRITABLE)
    pci.set(slot, 0x08, 4, spec.class_code << 8 | spec.revision)
    pci.set(slot, 0x2C, 4, spec.subsystem)
    pci.set(slot, 0x3C, 2, 0x0100 if spec.bars else 0, 0xFF)
    pci.on_write(slot, 0x04)
    for bar in spec.bars:
        kind = 1 if bar.kind == "io" else (4 if bar.is64 else 0) | (8 if bar.kind == "pref" else 0)
        mask = bar_write_mask(bar.size, bar.kind == "io")
        pci.set(slot, 0x10 + 4 * bar.index, 4, kind, mask & 0xFFFFFFFF)
        pci.on_write(slot, 0x10 + 4 * bar.index)
        if bar.is64:
            pci.set(slot, 0x14 + 4 * bar.index, 4, 0, mask >> 32)
            pci.on_write(slot, 0x14 + 4 * bar.index)
    for row in spec.settings:
        pci.set(slot, row.offset, row.width, row.value, row.writable)
    return Plugged(spec, slot)
