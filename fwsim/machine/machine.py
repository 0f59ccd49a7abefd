"""One machine: engine, memory, bus, devices and hypervisor of a scenario, put together and kept in step."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct

from fwsim.cpu.engine import Hooks
from fwsim.devices.adapters import Adapter
from fwsim.devices.igd.device import Igd
from fwsim.devices.platform import PortDevice
from fwsim.machine import callbacks
from fwsim.machine.accessing_instruction import Accesses
from fwsim.machine.address_map import Windows
from fwsim.machine.common import Part
from fwsim.machine.interrupts import Interrupts
from fwsim.machine.parts import Parts
from fwsim.native import (
    PORT_61,
    PORT_DISPI,
    PORT_OPEN,
    PORT_PCI_ADDRESS,
    PORT_PCI_DATA,
    PORT_PIT,
    PORT_PM_TIMER,
    PORT_SINK,
    PORT_STORE,
    PORT_TRAP,
    PORT_VGA,
    R_FN_ADAPTER_IN,
    R_FN_ADAPTER_OUT,
    TRAP_EVENTS_FULL,
    TRAP_GTT_FIRST,
    TRAP_MMIO_IP,
    TRAP_PCI_OWNER_READ,
    TRAP_PCI_OWNER_WRITE,
    TRAP_PCI_ROUTE,
    TRAP_PCI_WRITE,
    TRAP_PORT_IN,
    TRAP_PORT_OUT,
)
from fwsim.scenario.model import Scenario

_FIRST_REGISTERS = ("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp", "eip", "cs", "eflags")
FirstGtt = tuple[int, int, int, dict[str, int]]
"""The first GTT write of the guest's code: index, value, what was written of it, the registers."""


class MachineSnapshot(Struct, frozen=True):
    """A machine at one moment: the state of each of its parts, in the machine's order of them."""

    parts: tuple[Any, ...]
    first_gtt: FirstGtt | None


class Machine(Parts):
    """A machine of ``scenario`` with an empty bus; ``build`` (its neighbour) populates it.

    ``igd`` is None where another display device is in its place. ``vga``: the display answers the VGA ports and
    A0000-BFFFF; without it, nothing does.
    """

    def __init__(
        self,
        scenario: Scenario,
        recorder_path: Path | None,
        igd: Igd | None,
        adapter: Adapter | None,
        *,
        vga: bool = True,
        mode: str = "real",
        split: tuple[int, int] | None = None,
        moves: bool = False,
    ) -> None:
        super().__init__(scenario, recorder_path, igd, adapter, self._trap, vga=vga, mode=mode, split=split)
        self._by_port: dict[int, PortDevice] = {}
        self.first_gtt: FirstGtt | None = None
        self.interrupts: Interrupts | None = None
        self._install()
        self.accesses = Accesses(self.engine)
        self.windows = Windows(self, moves=moves)
        self.pci.follow = self.windows.update
        self._claim_ports()

    def _install(self) -> None:
        if self.adapter:
            from fwsim.machine import callbacks_adapter

            self.root[R_FN_ADAPTER_IN] = callbacks_adapter.adapter_in.address
            self.root[R_FN_ADAPTER_OUT] = callbacks_adapter.adapter_out.address
        self.engine.install(
            Hooks(
                callbacks.port_in.address,
                callbacks.port_out.address,
                callbacks.interrupt.address,
                callbacks.block.address,
                callbacks.rdtsc.address,
                callbacks.dropped.address,
            )
        )

    def _claim_ports(self) -> None:
        ports = self.ports
        ports[0xCF8:0xCFC] = PORT_PCI_ADDRESS
        ports[0xCFC:0xD00] = PORT_PCI_DATA
        ports[0x40:0x44] = PORT_PIT
        ports[0x61] = PORT_61
        ports[0x92] = PORT_STORE
        self.latch[0x92] = 2
        ports[0x80] = ports[0xE0] = ports[0x500] = ports[0xED] = PORT_SINK
        if self.shows_vga:
            ports[0x3B4:0x3B6] = ports[0x3BA] = PORT_VGA
            ports[0x3C0:0x3DB] = PORT_VGA
        if self.adapter and self.adapter.dispi:
            ports[0x1CE:0x1D0] = PORT_DISPI

    def show_vga_ports(self, shown: frozenset[int]) -> None:
        """Of VGA's ports only those ``shown`` are the display's from now on; nothing answers at the others."""
        for port in range(0x3B0, 0x3E0):
            if self.ports[port] == PORT_VGA and port not in shown:
                self.ports[port] = PORT_OPEN

    def add_device(self, device: PortDevice) -> None:
        """Give a Python device its ports."""
        self.devices.append(device)
        self.claim_ports(device, device.ports)

    def claim_ports(self, device: PortDevice, ports: Iterable[int]) -> None:
        """From now on ``device`` answers at these ports."""
        for port in ports:
            self.ports[port] = PORT_TRAP
        self.own(device, ports)

    def own(self, device: PortDevice, ports: Iterable[int]) -> None:
        """Whose these ports are, where they are Python's: what they are is a state of the machine."""
        for port in ports:
            self._by_port[port] = device

    def disown(self, ports: Iterable[int]) -> None:
        """These ports are nobody's of Python's."""
        for port in ports:
            self._by_port.pop(port, None)

    def forget_ports(self, ports: Iterable[int]) -> None:
        """Nothing answers at these ports any more."""
        for port in ports:
            self.ports[port] = PORT_OPEN
        self.disown(ports)

    def add_pm_timer(self, base: int) -> None:
        """The ACPI PM timer at ``base`` + 8."""
        self.ports[base + 8 : base + 12] = PORT_PM_TIMER

    # --- what native code asks of Python ---------------------------------------------------------------------------
    def _trap(self, kind: int, a: int, b: int, c: int) -> int:
        if kind == TRAP_PORT_IN:
            return self._by_port[a].read(a, b) & (1 << 8 * b) - 1
        if kind == TRAP_PORT_OUT:
            self._by_port[a].write(a, b, c)
        elif kind == TRAP_EVENTS_FULL:
            self.recorder.make_room()
        elif kind in (TRAP_PCI_WRITE, TRAP_PCI_OWNER_READ, TRAP_PCI_OWNER_WRITE, TRAP_PCI_ROUTE):
            return self.pci.on_trap(kind, a, b, c)
        elif kind == TRAP_GTT_FIRST:
            self._first_gtt_write(a, b, c)
        elif kind == TRAP_MMIO_IP:
            return self.accesses.resolve(a, b, c)
        else:
            return int(self.watchers[kind](a, b, c))
        return 0

    def _first_gtt_write(self, index: int, value: int, written: int) -> None:
        registers = {name: self.engine.get(name) for name in _FIRST_REGISTERS}
        self.first_gtt = (index, value, written, registers)

    # --- snapshots -------------------------------------------------------------------------------------------------
    def _parts(self) -> list[Part]:
        """Every part, in the order to put them back: the address map needs nothing but itself, the CPU is last."""
        return [self.windows, *super()._parts(), self.engine]

    def snapshot(self) -> MachineSnapshot:
        """Everything, so that ``restore`` gives the same events from here on."""
        return MachineSnapshot(tuple(part.snapshot() for part in self._parts()), self.first_gtt)

    def restore(self, snapshot: MachineSnapshot) -> None:
        """Go back, or on, to ``snapshot``: its events are the recorder's again."""
        for part, state in zip(self._parts(), snapshot.parts, strict=True):
            part.restore(state)
        self.first_gtt = snapshot.first_gtt
