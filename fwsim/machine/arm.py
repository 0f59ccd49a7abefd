"""An Arm guest's machine: RAM, a UART, configuration space that vPCI answers, and what stage 2 maps of the host's BARs.

Source: Xen xen/include/public/arch-arm.h for the guest's memory map.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from fwsim.cpu.arm import ArmEngine, Hooks
from fwsim.hypervisor.vpci import ecam
from fwsim.hypervisor.vpci.domain import Domain, TrappedPages
from fwsim.hypervisor.vpci.function import RefusedError
from fwsim.hypervisor.vpci.rules import GuestMap
from fwsim.hypervisor.vpci.shown import Shown
from fwsim.hypervisor.vpci.stage2 import Mapping
from fwsim.machine import callbacks, callbacks_arm
from fwsim.machine.common import Arrays, Common, Part, Root
from fwsim.machine.regions import Region, Regions, Registers, Trapped
from fwsim.native import (
    R_RAM,
    R_STOP,
    R_STOP_A,
    R_TIME,
    STOP_FAULT,
    TRAP_EVENTS_FULL,
    TRAP_PCI_OWNER_READ,
    TRAP_PCI_OWNER_WRITE,
    TRAP_PCI_WRITE,
    TRAP_REGION_READ,
    TRAP_REGION_WRITE,
    address_of,
)
from fwsim.scenario.model import Scenario
from fwsim.trace.event import Actor, Op, Space

_PIECE = 32 << 20
DATA_ABORT = 4
"""The engine's number of a data abort (Unicorn's EXCP_DATA_ABORT)."""


class ArmSnapshot(Struct, frozen=True):
    """An Arm machine at one moment: the state of each of its parts, in the machine's order of them."""

    parts: tuple[Any, ...]
    holes: tuple[tuple[int, int], ...]


class Behind(Part, Protocol):
    """The host's memory that stage 2 can map: ``at`` is what a host's address leads to."""

    def at(self, address: int) -> tuple[Registers, int]:
        """What is there, and its offset there."""
        ...


class ArmMachine(Common):
    """A machine of ``scenario`` with ``shown`` on its bus; ``host`` is what the host's BARs lead to.

    ``aborted``: the last access that ended in a data abort, as (address, whether it wrote).
    """

    engine: ArmEngine

    def __init__(
        self, scenario: Scenario, recorder_path: Path | None, guest: GuestMap, host: Behind, domain: Domain
    ) -> None:
        super().__init__(scenario, recorder_path)
        self.guest, self.host, self.domain = guest, host, domain
        self.engine = ArmEngine(self.root, self._trap)
        self.engine.install(
            Hooks(callbacks_arm.instruction.address, callbacks_arm.exception.address, callbacks.block.address)
        )
        self.engine.watch_nothing(self._nothing_there)
        self.regions = Regions(self.engine, self.root)
        self.base = guest.ram[0][0]
        for at in range(0, self.ram.size, _PIECE):  # a region that stage 2 cuts is flushed whole
            self.engine.map_ram(self.base + at, self.ram, at, min(_PIECE, self.ram.size - at))
        self.root[R_RAM] = self.ram.address - self.base
        self.aborted: tuple[int, bool] = (0, False)
        self._before: dict[str, int] = {}
        self._holes: list[tuple[int, int]] = []
        self._devices: list[Part] = [host]

    # --- what is there ---------------------------------------------------------------------------------------------
    def show(self, shown: Sequence[Shown]) -> None:
        """Put the functions on the bus, and the configuration window where the guest has it."""
        slots: list[int] = []
        for each in shown:
            slots.append(self.pci.add(each.devfn, slots[each.behind - 1] if each.behind else 0))
            self.pci.own(slots[-1], each.owner)
        start, size = self.guest.ecam
        self.pci.ecam = start, size
        reads, writes = callbacks.ecam_read.address, callbacks.ecam_write.address
        self.engine.map_native(start, size, reads, writes, address_of(self.root))
        self.engine.watch(start, size, self._configured)

    def _configured(self, address: int, width: int, write: bool) -> None:
        """The engine would make several accesses of one that is not aligned; neither an Arm nor Xen does."""
        if ecam.accesses(address & 0xFFF, width) is None:
            self.abort(address, write)

    def add_device(self, start: int, size: int, device: Registers) -> None:
        """A device of the board's."""
        self._devices.append(device)
        self.regions.add(Region(start, size, device))

    def mapped(self, mapping: Mapping, there: bool) -> None:
        """Stage 2 changed: map it, or take it away, and record it."""
        self.regions.remove(mapping.guest, mapping.size)
        if there:
            behind, offset = self.host.at(mapping.host)
            self._cut_ram(max(mapping.guest, self.base), min(mapping.end, self.base + self.ram.size))
            self.regions.add(Region(mapping.guest, mapping.size, behind, offset))
        host = mapping.host if there else 0
        self.recorder.append(
            (int(self.root[R_TIME]), 0, mapping.guest, host, mapping.size, 0, 0, Actor.HYPERVISOR, Space.MEMORY,
             Op.NOTE, 8)
        )  # fmt: skip

    def trapped(self, start: int, size: int, pages: TrappedPages | None) -> None:
        """Xen answers these pages itself from now on, or nobody does. Where RAM is, it is RAM's."""
        first, last = self.base, self.base + self.ram.size
        for low, high in ((start, min(start + size, first)), (max(start, last), start + size)):
            if low < high:
                self.regions.remove(low, high - low)
                if pages is not None:
                    self.regions.add(Region(low, high - low, Trapped(pages), low))

    def _cut_ram(self, start: int, end: int) -> None:
        """Stage 2 has an entry of its own for these pages of RAM: when that goes, nothing is there."""
        for first, last in _without(start, end, self._holes):
            self.engine.unmap(first, last - first)
            self._holes.append((first, last))

    # --- aborts ----------------------------------------------------------------------------------------------------
    def abort(self, address: int, write: bool) -> None:
        """The access that runs now ends in a data abort."""
        self.aborted = address, write
        self._before = self.engine.registers()
        self.root[R_STOP_A] = DATA_ABORT
        self.engine.stop(STOP_FAULT)

    def undo(self) -> None:
        """An instruction that was aborted changed no register: the engine ends a load before it stops."""
        for name, value in self._before.items():
            self.engine.set(name, value)
        self._before = {}

    def _nothing_there(self, address: int, write: bool) -> None:
        self.aborted = address, write

    # --- what native code asks of Python ---------------------------------------------------------------------------
    def _trap(self, kind: int, a: int, b: int, c: int) -> int:
        try:
            if kind == TRAP_REGION_READ:
                region, offset = self.regions.at(a)
                return region.behind.read(offset, b) & (1 << 8 * b) - 1
            if kind == TRAP_REGION_WRITE:
                region, offset = self.regions.at(a)
                region.behind.write(offset, b, c)
            elif kind == TRAP_EVENTS_FULL:
                self.recorder.make_room()
            elif kind in (TRAP_PCI_WRITE, TRAP_PCI_OWNER_READ, TRAP_PCI_OWNER_WRITE):
                if self.root[R_STOP]:  # a part of an access that is refused as a whole
                    return (1 << 32) - 1
                value = self.pci.on_trap(kind, a, b, c)
                if self.domain.crashed:
                    self.engine.abort()
                return value
            else:
                return int(self.watchers[kind](a, b, c))
        except RefusedError:
            self.abort(self.guest.ecam[0] + a, kind == TRAP_PCI_OWNER_WRITE)
        return 0

    # --- snapshots -------------------------------------------------------------------------------------------------
    def _parts(self) -> list[Part]:
        return [
            self.regions, self.recorder, Root(self.root), Arrays([self.novel, self.ips]), self.pci, self.ram,
            *self.extra, *self._devices, self.engine,
        ]  # fmt: skip

    def snapshot(self) -> ArmSnapshot:
        """Everything, so that ``restore`` gives the same events from here on."""
        return ArmSnapshot(tuple(part.snapshot() for part in self._parts()), tuple(self._holes))

    def restore(self, snapshot: ArmSnapshot) -> None:
        """Go back, or on, to ``snapshot``: RAM that stage 2 had cut then is cut, and no other."""
        for start, end in self._holes:
            for first, last in _without(start, end, snapshot.holes):
                self.regions.remove(first, last - first)
                self.engine.map_ram(first, self.ram, first - self.base, last - first)
        for start, end in snapshot.holes:
            for first, last in _without(start, end, self._holes):
                self.engine.unmap(first, last - first)
        self._holes = list(snapshot.holes)
        for part, state in zip(self._parts(), snapshot.parts, strict=True):
            part.restore(state)


def _without(start: int, end: int, taken: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """What of start to ``end`` lies in none of ``taken``."""
    parts = [(start, end)] if start < end else []
    for first, last in taken:
        parts = [piece for a, b in parts for piece in ((a, min(b, first)), (max(a, last), b)) if piece[0] < piece[1]]
    return parts
