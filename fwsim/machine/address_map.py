"""What answers at which guest-physical address or port: RAM, the VGA window, the configuration window, and BARs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.board.function import BarSpec
from fwsim.cpu.core import ALL, READ_ONLY
from fwsim.devices.adapters import Role
from fwsim.devices.vga.state import V_GMADR
from fwsim.machine import callbacks
from fwsim.machine.config_window import TrappedWindow, parts
from fwsim.machine.decode import ROM_BAR, ROM_ROLE, Key, bar_address, decoded, rom_bar, shown_roms
from fwsim.machine.parts import Parts
from fwsim.machine.plugged import Plugged
from fwsim.machine.shadow import Shadow
from fwsim.memory.ram import PAGE, Ram
from fwsim.native import BAR_ADAPTER, BAR_IGD, BAR_ROLE, PORT_BAR, PORT_IOBAR, R_BAR0, address_of

VGA_START, VGA_END = 0xA0000, 0xC0000
FOUR_GIB = 1 << 32
MIB = 1 << 20
OPEN_PIECE, STILL_PIECE = 32 << 20, 256 << 20
Moved = Callable[[Key, int | None, int | None], None]
"""Told which BAR's memory moved, and its address before and now; None: nowhere."""


def _pieces(start: int, end: int, piece: int) -> Iterator[tuple[int, int]]:
    """Start and size of what is mapped at once: the engine flushes every page of a region that is cut, 15 ms for one
    of 2 GiB, and builds its map anew for each that there is.
    """
    while start < end:
        stop = min(end, (start // piece + 1) * piece)
        yield start, stop - start
        start = stop


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two places, each a start and a size, have a byte in common."""
    return one[0] < sum(other) and other[0] < sum(one)


class Windows:
    """The engine's view of the address space; ``update`` follows what decides over decoding.

    ``moves``: the code that runs is expected to move BARs about, as firmware does.
    """

    def __init__(self, machine: Parts, *, moves: bool = False) -> None:
        self._m = machine
        self._piece = OPEN_PIECE if moves else STILL_PIECE
        self._root = address_of(machine.root)
        self._mapped: dict[Key, tuple[int, int]] = {}
        self._ports: dict[Key, tuple[int, int, str]] = {}
        self._covered: dict[Key, bytes] = {}
        self._ecam: tuple[int, int] | None = None
        self.trapped: TrappedWindow | None = None
        """The configuration window of a hypervisor that traps it: behind RAM and what is directly mapped."""
        self.changes = 0
        """How often something that decides over decoding was written: who keeps what follows from it looks here."""
        self._cells: dict[int, NDArray[np.uint64]] = {}
        self._fixed: list[tuple[int, int, Ram]] = []
        self._held: dict[Key, Ram] = {}
        self.moved: list[Moved] = []
        """Who is told of each move of memory that lies behind a BAR, in this order."""
        engine, low = machine.engine, machine.low
        engine.map_data(machine.ram, min(VGA_START, low))
        self.shadow = Shadow(machine)
        for start, size in _pieces(MIB, low, self._piece):
            engine.map_ram(start, machine.ram, start, size)
        if machine.high:
            engine.map_ram(FOUR_GIB, machine.ram, low, machine.high)
        self._open(max(low, VGA_END), FOUR_GIB)

    def _open(self, start: int, end: int) -> None:
        reads, writes = callbacks.open_bus_read.address, callbacks.open_bus_write.address
        for at, size in _pieces(start, end, self._piece):
            self._m.engine.map_native(at, size, reads, writes, self._root)

    def add_memory(self, start: int, ram: Ram, size: int = 0, protection: int = ALL) -> None:
        """Memory of its own at ``start``, over whatever was there: a host's stolen memory or OpRegion, a flash.

        ``size`` bytes of it; 0: all.
        """
        engine, size = self._m.engine, size or ram.size
        self._fixed.append((start, start + size, ram))
        if self.trapped:
            self.update()
        engine.unmap(start, size)
        engine.map_ram(start, ram, 0, size, protection)

    def add_registers(self, start: int, behind: Ram, read: int, write: int, data: int) -> None:
        """A device at ``start``, over whatever was there, served by native callbacks with user data ``data``.

        ``behind``: what it holds; as many bytes answer.
        """
        self._fixed.append((start, start + behind.size, behind))
        if self.trapped:
            self.update()
        self._m.engine.unmap(start, behind.size)
        self._m.engine.map_native(start, behind.size, read, write, data)

    def hold(self, memory: dict[Key, Ram], moved: Moved) -> None:
        """Show ``memory`` behind its BARs from now on, and tell ``moved`` where it is at each change."""
        self._held |= memory
        self.moved.append(moved)
        for start, size in [self._mapped.pop(key) for key in memory if key in self._mapped]:
            self._m.engine.unmap(start, size)
            self._open(start, start + size)
        self.update()

    def where(self, key: Key) -> int | None:
        """Where a memory BAR answers now; None where it does not."""
        return self._mapped[key][0] if key in self._mapped else None

    def bar_address(self, function: Plugged, bar: BarSpec) -> int:
        """Where the guest put a BAR (0: nowhere)."""
        return bar_address(self._m.pci, function, bar)

    def update(self) -> None:
        """Map the configuration window, every decoded BAR and A0000-FFFFF as they are now.

        What moved away leaves what is below.

        The window covers BARs and RAM, as in QEMU: system memory has it at priority 0, the PCI address space with the
        BARs at -1 (hw/i386/pc.c, pc_pci_as_mapping_init), RAM at 0 too but earlier, and of equal regions the one added
        last is in front (memory.c, memory_region_update_container_subregions). Where ``trapped`` has the window, RAM
        and directly mapped BARs cover it. A BAR that it covers in part does not
        answer beside it here. A window at 0, over the memory of every code that could run, is not mapped.
        """
        self.changes += 1
        self.shadow.update()
        before = {key: self.where(key) for key in self._held}
        ecam = self._m.pci.ecam
        if ecam and ecam[0] < MIB:
            ecam = None
        wanted: dict[Key, tuple[int, int]] = {}
        ports: dict[Key, tuple[int, int, str]] = {}
        specs: dict[Key, BarSpec] = {}
        roms = {slot: rom.size for slot, rom in self._m.roms.items()}
        for key, bar, start in (*decoded(self._m.pci, self._m.functions), *shown_roms(self._m.pci, roms)):
            specs[key] = bar
            if bar.kind == "io":
                ports[key] = (start, bar.size, bar.role)
                continue
            size = max(bar.size, PAGE)
            behind = ecam and _overlap(ecam, (start, size)) and not (self.trapped and key[0] in self.trapped.direct)
            if self._can_map(start, size) and not behind:
                wanted[key] = (start, size)
        for key in [key for key in self._mapped if wanted.get(key) != self._mapped[key]]:
            start, size = self._mapped.pop(key)
            self._m.engine.unmap(start, size)
            if start < FOUR_GIB:
                self._open(start, start + size)
        self._place_ecam(ecam, wanted)
        for key, place in wanted.items():
            if key not in self._mapped and not self._taken(*place):
                if place[0] < FOUR_GIB:
                    self._m.engine.unmap(*place)
                self._map_bar(key, specs[key], *place)
                self._mapped[key] = place
        self._update_ports(ports)
        for key, at in before.items():
            if at != self.where(key):
                for tell in self.moved:
                    tell(key, at, self.where(key))

    def _place_ecam(self, window: tuple[int, int] | None, bars: Mapping[Key, tuple[int, int]]) -> None:
        """Move the configuration window: RAM and open bus come back where it was. ``bars`` are those that answer."""
        if self.trapped:
            low, high = (0, self._m.low), (FOUR_GIB, self._m.high)
            memory = [low, high, *((start, end - start) for start, end, _ in self._fixed)]
            wanted = parts(window, self._m.pci.left, [*memory, *bars.values()])
            self.trapped.place(wanted, self._open)
            return
        if window == self._ecam:
            return
        engine, old = self._m.engine, self._ecam
        self._ecam = window
        if old:
            engine.unmap(*old)
            self._uncover(*old)
        if window:
            start, size = window
            if start < FOUR_GIB:
                engine.unmap(start, size)
            elif hidden := self._high_part(start, start + size):
                engine.unmap(hidden[0], hidden[1] - hidden[0])
            engine.map_native(start, size, callbacks.ecam_read.address, callbacks.ecam_write.address, self._root)

    def _uncover(self, start: int, size: int) -> None:
        """Map again what lies below the configuration window, where nothing is mapped now."""
        engine, end = self._m.engine, start + size
        if start >= FOUR_GIB:
            if part := self._high_part(start, end):
                engine.map_ram(part[0], self._m.ram, self._m.low + part[0] - FOUR_GIB, part[1] - part[0])
            return
        for at, length in _pieces(start, min(end, self._m.low), self._piece):
            engine.map_ram(at, self._m.ram, at, length)
        self._open(max(start, self._m.low), end)

    def _high_part(self, start: int, end: int) -> tuple[int, int] | None:
        """The part of start to ``end`` that is RAM above 4 GiB."""
        last = min(end, FOUR_GIB + self._m.high)
        return (start, last) if start < last else None

    def _can_map(self, start: int, size: int) -> bool:
        """Whether code can reach a BAR there: behind RAM, and above 4 GiB in long mode only."""
        below = max(self._m.low, 1 << 20) <= start and start + size <= FOUR_GIB
        above = self._m.engine.wide and start >= FOUR_GIB + self._m.high
        inside = (below or above) and start % PAGE == 0
        return inside and not any(start < end and first < start + size for first, end, _ in self._fixed)

    def _taken(self, start: int, size: int) -> bool:
        return any(_overlap((start, size), place) for place in self._mapped.values())

    def _map_bar(self, key: Key, bar: BarSpec, start: int, size: int) -> None:
        engine, root = self._m.engine, self._root
        if key in self._held:
            engine.map_ram(start, self._held[key], 0, size)
        elif bar.role == ROM_ROLE:
            engine.map_ram(start, self._m.roms[key[0]], 0, size, READ_ONLY)
        elif bar.role in ("GTTMMADR", "MMADR"):
            self._m.root[R_BAR0] = start
            engine.map_native(start, size, callbacks.bar0_read.address, callbacks.bar0_write.address, root)
        elif bar.role == "LMEMBAR" and self._m.local:
            shown = min(size, self._m.local.size)
            engine.map_ram(start, self._m.local, 0, shown)
            self._open(start + shown, start + size)
        elif bar.role == "GMADR":
            engine.map_native(start, size, callbacks.aperture_read.address, callbacks.aperture_write.address, root)
            if self._m.igd and self._m.igd.family.gen == 3:
                self._m.vga.block[V_GMADR] = 0x100 | start >> 24
        elif bar.role == Role.VRAM.name:
            memory = self._m.vga.vram
            shown = min(size, memory.nbytes)
            engine.map_bytes(start, memory[:shown])
            self._open(start + shown, start + size)
        else:
            from fwsim.machine import callbacks_adapter

            cell = self._cells.setdefault(start, np.zeros(3, np.uint64))
            cell[:] = (root, Role[bar.role] if bar.role in Role.__members__ else Role.IDLE, start)
            reads, writes = callbacks_adapter.adapter_read.address, callbacks_adapter.adapter_write.address
            engine.map_native(start, size, reads, writes, address_of(cell))

    def _update_ports(self, ports: dict[Key, tuple[int, int, str]]) -> None:
        for key in [key for key in reversed(self._ports) if ports.get(key) != self._ports[key]]:
            start, size, role = self._ports.pop(key)
            self._m.ports[start : start + size] = np.frombuffer(self._covered.pop(key), np.uint8)
            if role == "IOBAR":
                self._m.bar_bases[BAR_IGD] = 0
        for key, (start, size, role) in ports.items():
            if key in self._ports:
                continue
            self._covered[key] = self._m.ports[start : start + size].tobytes()
            if role == "IOBAR":
                self._m.ports[start : start + size] = PORT_IOBAR
                self._m.bar_bases[BAR_IGD] = start
            elif role in Role.__members__:
                self._m.ports[start : start + size] = PORT_BAR
                self._m.bar_bases[BAR_ADAPTER], self._m.bar_bases[BAR_ROLE] = start, Role[role]
            self._ports[key] = (start, size, role)

    # --- snapshots -------------------------------------------------------------------------------------------------
    def snapshot(self) -> Any:
        """What is mapped where, what lay beneath its ports, and what lies at A0000-FFFFF."""
        state = dict(self._mapped), dict(self._ports), dict(self._covered), self._ecam, list(self._fixed)
        return *state, self.trapped.mapped if self.trapped else (), self.shadow.snapshot()

    def restore(self, state: Any) -> None:
        """Map what was mapped then, whatever the registers say: of two BARs at one place the first one has it."""
        self.changes += 1
        mapped, ports, covered, ecam, fixed, trapped, shadow = state
        specs = {(each.slot, bar.index): bar for each in self._m.functions for bar in each.bars}
        specs |= {(slot, ROM_BAR): rom_bar(rom.size) for slot, rom in self._m.roms.items()}
        moved = [key for key in self._mapped if mapped.get(key) != self._mapped[key]]
        for start, size in [self._mapped.pop(key) for key in moved]:
            self._m.engine.unmap(start, size)
            if start < FOUR_GIB:
                self._open(start, start + size)
        if self.trapped:
            self.trapped.place(trapped, self._open)
        else:
            self._place_ecam(ecam, {})
        for start, end, _ in self._fixed[len(fixed) :]:
            self._m.engine.unmap(start, end - start)
            self._uncover(start, end - start)
        for start, end, ram in fixed[len(self._fixed) :]:
            self._m.engine.unmap(start, end - start)
            self._m.engine.map_ram(start, ram, 0, end - start)
        for key, place in mapped.items():
            if key not in self._mapped:
                if place[0] < FOUR_GIB:
                    self._m.engine.unmap(*place)
                self._map_bar(key, specs[key], *place)
        self._mapped, self._ports, self._covered = dict(mapped), dict(ports), dict(covered)
        self._fixed = list(fixed)
        self.shadow.restore(shadow)
