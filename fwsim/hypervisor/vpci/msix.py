"""The MSI-X capability as vPCI keeps it for a guest: a table of its own, whose pages are never mapped but trapped.

Source: Xen c447b7308b, xen/drivers/vpci/msix.c. That an entry can be bound is taken as given.
"""

from __future__ import annotations

from msgspec import Struct

from fwsim.hypervisor.vpci.domain import HostMemory, special
from fwsim.hypervisor.vpci.handlers import Handler, Handlers
from fwsim.hypervisor.vpci.header import Header

_ENABLE, _MASK_ALL, _SIZE = 0x8000, 0x4000, 0x07FF
ENTRY = 16
ENODEV = -19
_TABLE, _PBA = 0, 1


class Entry(Struct):
    """One vector. ``updated``: written since it was last bound; ``bound``: it is with the host's interrupts."""

    address: int = 0
    data: int = 0
    masked: bool = True
    updated: bool = False
    bound: bool = False


class Msix(Struct):
    """``tables``: of table and pending bits the BAR's index, offset in it and bytes."""

    tables: tuple[tuple[int, int, int], tuple[int, int, int]]
    entries: list[Entry]
    enabled: bool = False
    masked: bool = False

    @property
    def control(self) -> int:
        """The control register as it is shown."""
        return len(self.entries) - 1 | (_ENABLE if self.enabled else 0) | (_MASK_ALL if self.masked else 0)

    def set_control(self, value: int, header: Header) -> bool:
        """A write of it (control_write). Returns whether something changed."""
        masked, on = bool(value & _MASK_ALL), bool(value & _ENABLE)
        if (masked, on) == (self.masked, self.enabled):
            return False
        if on and not masked and (not self.enabled or self.masked):
            for entry in self.entries:
                if not entry.masked and entry.updated:
                    entry.updated, entry.bound = False, True
        elif not on and self.enabled:
            for entry in self.entries:
                if entry.bound:
                    entry.updated, entry.bound = True, False
        if on and not self.enabled:
            header.switch_intx_off()
        self.masked, self.enabled = masked, on
        return True


def add_msix(at: int, header: Header, handlers: Handlers) -> Msix | None:
    """The handlers of the capability at offset ``at``; None where its tables lie in no memory BAR (-ENODEV)."""
    read = header.hardware.read
    count = (read(at + 2, 2) & _SIZE) + 1
    found = []
    for name, where, size in (("vector", 4, count * ENTRY), ("PBA", 8, -(-count // 64) * 8)):
        index, offset = read(at + where, 4) & 7, read(at + where, 4) & ~7
        fault = _fault(header, name, index, offset, size)
        if fault:
            header.domain.printk(f"DEVICE BUG: {header.device.name}: MSI-X {name} table {fault}")
            return None
        found.append((index, offset, size))
    msix = Msix((found[0], found[1]), [Entry() for _ in range(count)])

    def written(value: int) -> None:
        if msix.set_control(value, header):
            header.hardware.write(at + 2, 2, msix.control)

    handlers.add(Handler(at + 2, 2, lambda: msix.control, written))
    header.hole = list(msix.tables)
    return msix


def _fault(header: Header, name: str, index: int, offset: int, size: int) -> str:
    if index >= len(header.bars):
        return f"with out of range BIR {index}"
    bar = header.bars[index]
    if not bar.mappable:
        kinds = {"": 0, "io": 1, "high": 4}
        return f"at invalid BAR{index} with type {kinds[bar.kind]}"
    if offset + size > bar.size:
        return f"offset {special(offset)} size {size:#x} outside of BAR{index} size {bar.size:#x}"
    return ""


class Trapped:
    """The trapped pages of one function's tables: what a guest's access there reaches."""

    def __init__(self, msix: Msix, header: Header) -> None:
        self._msix = msix
        self._header = header

    @property
    def _memory(self) -> HostMemory | None:
        return self._header.domain.memory

    def read(self, address: int, width: int) -> int:
        """A read of 1 to 8 bytes: the table's must be aligned dwords or qwords, else all ones."""
        ones = (1 << 8 * width) - 1
        if not self._in(_TABLE, address) or self._in(_PBA, address):
            return self._beside(address, width) & ones
        if not self._allowed(address, width):
            return ones
        entry = self._entry(address)
        low = (entry.address & 0xFFFFFFFF, entry.address >> 32, entry.data, int(entry.masked))
        which = address >> 2 & 3
        value = low[which] | (low[which + 1] << 32 if width == 8 else 0)
        return value & ones

    def write(self, address: int, width: int, value: int) -> None:
        """A write, likewise; the pending bits take none."""
        if not self._in(_TABLE, address) or self._in(_PBA, address):
            self._write_beside(address, width, value)
        elif self._allowed(address, width):
            for at in range(0, width, 4):
                self._write_dword(address + at, value >> 8 * at & 0xFFFFFFFF)

    def _write_dword(self, address: int, value: int) -> None:
        entry, which = self._entry(address), address >> 2 & 3
        if which < 2:
            shift = 32 * which
            entry.address = entry.address & ~(0xFFFFFFFF << shift) | value << shift
            entry.updated = True
        elif which == 2:
            entry.data, entry.updated = value, True
        elif bool(value & 1) != entry.masked:
            entry.masked = bool(value & 1)
            if not entry.masked and self._msix.enabled and not self._msix.masked and entry.updated:
                entry.updated, entry.bound = False, True

    def _in(self, which: int, address: int) -> bool:
        index, offset, size = self._msix.tables[which]
        start = self._header.bars[index].guest + offset
        return start <= address < start + size

    def _entry(self, address: int) -> Entry:
        index, offset, _ = self._msix.tables[_TABLE]
        return self._msix.entries[(address - self._header.bars[index].guest - offset) // ENTRY]

    def _allowed(self, address: int, width: int) -> bool:
        if width in (4, 8) and not address & width - 1:
            return True
        self._say("unaligned or invalid size MSI-X table access")
        return False

    def _host(self, address: int) -> int | None:
        """Where the host has what lies beside a table."""
        for index, offset, size in self._msix.tables:
            bar = self._header.bars[index]
            if bar.guest + offset & -0x1000 <= address < bar.guest + offset + size + 0xFFF & -0x1000:
                return bar.address + address - bar.guest
        return None

    def _beside(self, address: int, width: int) -> int:
        """adjacent_read: registers that share a page with a table, and the pending bits."""
        ones = (1 << 8 * width) - 1
        last = address + width - 1
        if (self._in(_TABLE, last) and not self._in(_PBA, last)) or self._host(last) is None:
            return ones
        if self._in(_PBA, address) and not self._allowed(address, width):
            return ones
        host = self._host(address)
        if host is None or self._memory is None:
            return ones
        if address & width - 1:
            self._say("unaligned read to MSI-X related page")
            return sum((self._beside(address + at, 1) & 0xFF) << 8 * at for at in range(width))
        return self._memory.read(host, width)

    def _write_beside(self, address: int, width: int, value: int) -> None:
        """adjacent_write."""
        last = address + width - 1
        if (self._in(_TABLE, last) and not self._in(_PBA, last)) or self._host(last) is None:
            return
        if self._in(_PBA, address):
            self._allowed(address, width)
            return
        host = self._host(address)
        if host is None or self._memory is None:
            return
        if address & width - 1:
            self._say("unaligned write to MSI-X related page")
            for at in range(width):
                self._write_beside(address + at, 1, value >> 8 * at & 0xFF)
            return
        self._memory.write(host, width, value)

    def _say(self, text: str) -> None:
        self._header.domain.printk(f"{self._header.device.name}: {text}", vcpu=True)
