"""What answers at which guest-physical address or port? RAM, the VGA window, BARs where the guest put them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.cpu.engine import ALL, READ_ONLY
from fwsim.devices.adapters import Role
from fwsim.machine import callbacks as hot
from fwsim.machine.board import COMMAND_IO, COMMAND_MEMORY, BarSpec, BoardFunction
from fwsim.machine.parts import Parts
from fwsim.memory.ram import PAGE, Ram
from fwsim.native import PORT_BAR, PORT_IOBAR, R_BAR0, address_of

VGA_START, VGA_END = 0xA0000, 0xC0000
FOUR_GIB = 1 << 32
MIB = 1 << 20
PAM = 0x8000
"""What SeaBIOS makes read-only at a time (src/fw/shadow.c); the chipset's registers cover half as much each."""
BIOS_START = 0xF0000
OPEN_PIECE = 32 << 20


def _pieces(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Start and size of what is mapped at once: the engine flushes every page of a region that is cut, 15 ms for one
    of 2 GiB.
    """
    while start < end:
        stop = min(end, (start // OPEN_PIECE + 1) * OPEN_PIECE)
        yield start, stop - start
        start = stop


class Windows:
    """The engine's view of the address space; ``update`` follows the BARs and command registers."""

    def __init__(self, machine: Parts) -> None:
        self._m = machine
        self._root = address_of(machine.root)
        self._mapped: dict[tuple[int, int], tuple[int, int]] = {}
        self._ports: dict[tuple[int, int], tuple[int, int]] = {}
        self._covered: dict[tuple[int, int], bytes] = {}
        self.rom_end = 0
        self._cells: dict[int, NDArray[np.uint64]] = {}
        self._fixed: list[tuple[int, int]] = []
        engine, low = machine.engine, machine.low
        engine.map_ram(0, machine.ram, 0, min(VGA_START, low))
        for start in range(VGA_END, min(low, MIB), PAM):  # each may become read-only
            engine.map_ram(start, machine.ram, start, PAM)
        for start, size in _pieces(MIB, low):
            engine.map_ram(start, machine.ram, start, size)
        if machine.high:
            engine.map_ram(FOUR_GIB, machine.ram, low, machine.high)
        engine.map_native(
            VGA_START, VGA_END - VGA_START, hot.vga_window_read.address, hot.vga_window_write.address, self._root
        )
        self._open(max(low, VGA_END), FOUR_GIB)

    def _open(self, start: int, end: int) -> None:
        reads, writes = hot.open_bus_read.address, hot.open_bus_write.address
        for at, size in _pieces(start, end):
            self._m.engine.map_native(at, size, reads, writes, self._root)

    def protect_rom(self, end: int) -> None:
        """Make C0000 to ``end``, and the BIOS itself, read-only: writes are dropped. 0: all writable again."""
        if end == self.rom_end:
            return
        self.rom_end = end
        for start in range(VGA_END, min(self._m.low, MIB), PAM):
            locked = end > 0 and (start < end or start >= BIOS_START)
            self._m.engine.protect(start, PAM, READ_ONLY if locked else ALL)

    def add_memory(self, start: int, ram: Ram) -> None:
        """Memory of its own at ``start``, over whatever was there: a host's stolen memory or OpRegion."""
        engine = self._m.engine
        engine.unmap(start, ram.size)
        engine.map_ram(start, ram, 0, ram.size)
        self._fixed.append((start, start + ram.size))

    def bar_address(self, function: BoardFunction, bar: BarSpec) -> int:
        """Where the guest put a BAR (0: nowhere)."""
        pci = self._m.pci
        at = 0x10 + 4 * bar.index
        value = pci.seen_by_guest(function.slot, at, 4) & (0xFFFFFFFC if bar.kind == "io" else 0xFFFFFFF0)
        if bar.is64:
            value |= pci.seen_by_guest(function.slot, at + 4, 4) << 32
        return value

    def update(self) -> None:
        """Map every enabled BAR where it is now; what moved away leaves open bus behind."""
        wanted: dict[tuple[int, int], tuple[int, int]] = {}
        ports: dict[tuple[int, int], tuple[int, int]] = {}
        specs: dict[tuple[int, int], BarSpec] = {}
        for function in self._m.functions:
            command = self._m.pci.seen_by_guest(function.slot, 4, 2)
            for bar in function.bars:
                key = (function.devfn, bar.index)
                specs[key] = bar
                start = self.bar_address(function, bar)
                if bar.kind == "io":
                    if command & COMMAND_IO and 0 < start <= 0x10000 - bar.size:
                        ports[key] = (start, bar.size)
                elif command & COMMAND_MEMORY and self._can_map(start, max(bar.size, PAGE)):
                    wanted[key] = (start, max(bar.size, PAGE))
        for key in [key for key in self._mapped if wanted.get(key) != self._mapped[key]]:
            start, size = self._mapped.pop(key)
            self._m.engine.unmap(start, size)
            self._open(start, start + size)
        for key, place in wanted.items():
            if key not in self._mapped and not self._taken(*place):
                self._m.engine.unmap(*place)
                self._map_bar(specs[key], *place)
                self._mapped[key] = place
        self._update_ports(ports, specs)

    def _can_map(self, start: int, size: int) -> bool:
        inside = max(self._m.low, 1 << 20) <= start and start + size <= FOUR_GIB and start % PAGE == 0
        return inside and not any(start < end and first < start + size for first, end in self._fixed)

    def _taken(self, start: int, size: int) -> bool:
        return any(start < at + length and at < start + size for at, length in self._mapped.values())

    def _map_bar(self, bar: BarSpec, start: int, size: int) -> None:
        engine, root = self._m.engine, self._root
        if bar.role in ("GTTMMADR", "MMADR"):
            self._m.root[R_BAR0] = start
            engine.map_native(start, size, hot.bar0_read.address, hot.bar0_write.address, root)
        elif bar.role in ("GMADR", "LMEMBAR"):
            engine.map_native(start, size, hot.aperture_read.address, hot.aperture_write.address, root)
        elif bar.role == Role.VRAM.name:
            memory = self._m.vga.vram
            shown = min(size, memory.nbytes)
            engine.map_bytes(start, memory[:shown])
            self._open(start + shown, start + size)
        else:
            from fwsim.machine import callbacks_adapter as hot_adapter

            cell = self._cells.setdefault(start, np.zeros(3, np.uint64))
            cell[:] = (root, Role[bar.role] if bar.role in Role.__members__ else Role.IDLE, start)
            reads, writes = hot_adapter.adapter_read.address, hot_adapter.adapter_write.address
            engine.map_native(start, size, reads, writes, address_of(cell))

    def _update_ports(
        self, ports: dict[tuple[int, int], tuple[int, int]], specs: dict[tuple[int, int], BarSpec]
    ) -> None:
        for key in [key for key in reversed(self._ports) if ports.get(key) != self._ports[key]]:
            start, size = self._ports.pop(key)
            self._m.ports[start : start + size] = np.frombuffer(self._covered.pop(key), np.uint8)
            if specs[key].role == "IOBAR":
                self._m.bar_bases[0] = 0
        for key, (start, size) in ports.items():
            if key in self._ports:
                continue
            role = specs[key].role
            self._covered[key] = self._m.ports[start : start + size].tobytes()
            if role == "IOBAR":
                self._m.ports[start : start + size] = PORT_IOBAR
                self._m.bar_bases[0] = start
            elif role in Role.__members__:
                self._m.ports[start : start + size] = PORT_BAR
                self._m.bar_bases[1:] = (start, Role[role])
            self._ports[key] = (start, size)

    # --- snapshots -------------------------------------------------------------------------------------------------
    def snapshot(self) -> Any:
        """Which BAR is mapped where, what lay beneath its ports, and how far the ROM is read-only."""
        return dict(self._mapped), dict(self._ports), dict(self._covered), self.rom_end

    def restore(self, state: Any) -> None:
        """Map what was mapped then, whatever the registers say: of two BARs at one place the first one has it."""
        mapped, ports, covered, rom_end = state
        specs = {(function.devfn, bar.index): bar for function in self._m.functions for bar in function.bars}
        moved = [key for key in self._mapped if mapped.get(key) != self._mapped[key]]
        for start, size in [self._mapped.pop(key) for key in moved]:
            self._m.engine.unmap(start, size)
            self._open(start, start + size)
        for key, place in mapped.items():
            if key not in self._mapped:
                self._m.engine.unmap(*place)
                self._map_bar(specs[key], *place)
        self._mapped, self._ports, self._covered = dict(mapped), dict(ports), dict(covered)
        self.protect_rom(rom_end)
