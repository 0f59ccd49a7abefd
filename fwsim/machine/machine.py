"""What is one machine? Engine, memory, bus, devices and hypervisor of a scenario, put together and kept in step."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.cpu.engine import CpuSnapshot, Engine, Hooks
from fwsim.devices.adapters import Adapter
from fwsim.devices.igd.device import Igd
from fwsim.devices.pci import PciBus
from fwsim.devices.platform import PortDevice
from fwsim.devices.timers import new_platform
from fwsim.devices.vga.state import KIND_IGD, V_PAGE_COUNT, V_PAGES, Vga, VgaState
from fwsim.hypervisor.gtt_path import HYP_WORDS
from fwsim.machine import callbacks as hot
from fwsim.machine.accessing_instruction import Accesses
from fwsim.machine.address_map import Windows
from fwsim.machine.board import BoardFunction
from fwsim.memory.ram import PAGE, Ram, RamSnapshot
from fwsim.memory.ramsplit import ram_split
from fwsim.native import (
    BAR_WORDS,
    IPS_SLOTS,
    IPS_WORDS,
    NOVEL_SLOTS,
    PORT_61,
    PORT_DISPI,
    PORT_PCI_ADDRESS,
    PORT_PCI_DATA,
    PORT_PIT,
    PORT_PM_TIMER,
    PORT_SINK,
    PORT_STORE,
    PORT_TRAP,
    PORT_VGA,
    R_ACTOR,
    R_BAR_BASES,
    R_CODE_LIMIT,
    R_CODE_NEXT,
    R_EV_LIMIT,
    R_FN_ADAPTER_IN,
    R_FN_ADAPTER_OUT,
    R_HYP,
    R_IDLE_LIMIT,
    R_IGD,
    R_IPS,
    R_IRQ_TIME,
    R_LATCH,
    R_NOVEL,
    R_PCI,
    R_PLATFORM,
    R_PORTS,
    R_STALE_LIMIT,
    R_STEP,
    R_TIME_LIMIT,
    R_VGA,
    R_WAIT_LIMIT,
    ROOT_WORDS,
    TRAP_EVENTS_FULL,
    TRAP_GTT_FIRST,
    TRAP_MMIO_IP,
    TRAP_PCI_WRITE,
    TRAP_PORT_IN,
    TRAP_PORT_OUT,
    address_of,
)
from fwsim.scenario.model import Scenario
from fwsim.trace.event import Actor
from fwsim.trace.recorder import Recorder

STEP_NS = 1000
"""Virtual time of one port or register access, INT or RDTSC: about what an I/O cycle takes."""
WAIT_LIMIT, STALE_LIMIT = 1 << 20, 1 << 22
IDLE_LIMIT = 1 << 24
"""Code bytes without an access before the machine looks for an interrupt to deliver."""
FOUR_GIB = 1 << 32


@dataclass(frozen=True)
class MachineSnapshot:
    """A machine at one moment: CPU, touched memory, every native array, every Python device, and the event count."""

    cpu: CpuSnapshot
    memories: list[RamSnapshot]
    arrays: list[NDArray[Any]]
    vga: VgaState
    devices: list[object]
    events: int
    first_gtt: tuple[int, int, int, dict[str, int]] | None
    rom_end: int


class Machine:
    """A machine of ``scenario`` with an empty bus; ``build`` (its neighbour) populates it.

    ``igd`` is None where another display device is in its place.
    """

    def __init__(self, scenario: Scenario, recorder_path: Any, igd: Igd | None, adapter: Adapter | None) -> None:
        self.scenario = scenario
        self.root: NDArray[np.uint64] = np.zeros(ROOT_WORDS, np.uint64)
        self._set_limits()
        self.recorder = Recorder(self.root, recorder_path)
        self.ram = Ram(scenario.guest.ram // PAGE * PAGE, "guest.ram")
        low, self.high = ram_split(scenario.guest.machine, self.ram.size)
        self.low = low // PAGE * PAGE
        self.igd = igd
        self.adapter = adapter
        self.vga = Vga(KIND_IGD) if igd else (adapter.make() if adapter else Vga())
        self.pci = PciBus()
        self.functions: list[BoardFunction] = []
        self.ports: NDArray[np.uint8] = np.zeros(65536, np.uint8)
        self.latch: NDArray[np.uint8] = np.zeros(65536, np.uint8)
        self.platform = new_platform()
        self.hyp: NDArray[np.uint64] = np.zeros(HYP_WORDS, np.uint64)
        self.raw_gtt = np.zeros(igd.gtt.size if igd else 2, np.uint32)
        self.bar_bases: NDArray[np.uint64] = np.zeros(BAR_WORDS, np.uint64)
        self.novel: NDArray[np.uint64] = np.zeros(NOVEL_SLOTS, np.uint64)
        self.ips: NDArray[np.uint64] = np.zeros(IPS_WORDS * IPS_SLOTS, np.uint64)
        self.devices: list[PortDevice] = []
        self.extra: list[Ram] = []
        self._by_port: dict[int, PortDevice] = {}
        self.first_gtt: tuple[int, int, int, dict[str, int]] | None = None
        self.watchers: dict[int, Any] = {}
        self._set_addresses()
        self.engine = Engine(self.root, self._trap)
        self.engine.install(
            Hooks(
                hot.port_in.address,
                hot.port_out.address,
                hot.interrupt.address,
                hot.block.address,
                hot.rdtsc.address,
                hot.dropped.address,
            )
        )
        self.accesses = Accesses(self.engine)
        self.windows = Windows(self)
        self._claim_ports()

    def _set_limits(self) -> None:
        root, budget = self.root, self.scenario.budget
        root[R_STEP] = STEP_NS
        root[R_TIME_LIMIT] = budget.time_ns
        root[R_CODE_LIMIT] = budget.code
        root[R_EV_LIMIT] = budget.events
        root[R_IDLE_LIMIT] = IDLE_LIMIT
        root[R_CODE_NEXT] = min(budget.code, IDLE_LIMIT)
        root[R_WAIT_LIMIT] = WAIT_LIMIT
        root[R_STALE_LIMIT] = STALE_LIMIT
        root[R_IRQ_TIME] = (1 << 64) - 1

    def _set_addresses(self) -> None:
        if self.igd:
            self.vga.block[V_PAGES] = address_of(self.igd.pages)
            self.vga.block[V_PAGE_COUNT] = self.igd.pages.size
        for word, array in (
            (R_PORTS, self.ports),
            (R_LATCH, self.latch),
            (R_PCI, self.pci.block),
            (R_PLATFORM, self.platform),
            (R_HYP, self.hyp),
            (R_VGA, self.vga.block),
            (R_BAR_BASES, self.bar_bases),
            (R_NOVEL, self.novel),
            (R_IPS, self.ips),
        ):
            self.root[word] = address_of(array)
        self.root[R_IGD] = address_of(self.igd.block) if self.igd else 0
        if self.adapter:
            from fwsim.machine import callbacks_adapter as hot_adapter

            self.root[R_FN_ADAPTER_IN] = hot_adapter.adapter_in.address
            self.root[R_FN_ADAPTER_OUT] = hot_adapter.adapter_out.address

    def _claim_ports(self) -> None:
        ports = self.ports
        ports[0xCF8:0xCFC] = PORT_PCI_ADDRESS
        ports[0xCFC:0xD00] = PORT_PCI_DATA
        ports[0x40:0x44] = PORT_PIT
        ports[0x61] = PORT_61
        ports[0x92] = PORT_STORE
        self.latch[0x92] = 2
        ports[0x80] = ports[0xE0] = ports[0x500] = ports[0xED] = PORT_SINK
        ports[0x3B4:0x3B6] = ports[0x3BA] = PORT_VGA
        ports[0x3C0:0x3DB] = PORT_VGA
        if self.adapter and self.adapter.dispi:
            ports[0x1CE:0x1D0] = PORT_DISPI

    def add_device(self, device: PortDevice) -> None:
        """Give a Python device its ports."""
        self.devices.append(device)
        for port in device.ports:
            self.ports[port] = PORT_TRAP
            self._by_port[port] = device

    def add_pm_timer(self, base: int) -> None:
        """The ACPI PM timer at ``base`` + 8."""
        self.ports[base + 8 : base + 12] = PORT_PM_TIMER

    @contextmanager
    def acting(self, actor: Actor) -> Iterator[None]:
        """Record what happens meanwhile as done by ``actor``."""
        before = self.root[R_ACTOR]
        self.root[R_ACTOR] = int(actor)
        try:
            yield
        finally:
            self.root[R_ACTOR] = before

    # --- what native code asks of Python ---------------------------------------------------------------------------
    def _trap(self, kind: int, a: int, b: int, c: int) -> int:
        if kind == TRAP_PORT_IN:
            return self._by_port[a].read(a, b) & (1 << 8 * b) - 1
        if kind == TRAP_PORT_OUT:
            self._by_port[a].write(a, b, c)
        elif kind == TRAP_EVENTS_FULL:
            self.recorder.next_chunk()
        elif kind == TRAP_PCI_WRITE:
            self.windows.update()
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
    def _arrays(self) -> list[NDArray[Any]]:
        own: list[NDArray[Any]] = [
            self.root, self.ports, self.latch, self.platform, self.hyp, self.raw_gtt, self.bar_bases, self.novel,
            self.ips,
        ]  # fmt: skip
        devices: list[NDArray[Any]] = [*self.pci.arrays(), *(self.igd.arrays() if self.igd else [])]
        return own + devices

    def snapshot(self) -> MachineSnapshot:
        """Everything, so that ``restore`` gives the same events from here on."""
        return MachineSnapshot(
            self.engine.snapshot(),
            [ram.snapshot() for ram in (self.ram, *self.extra)],
            [array.copy() for array in self._arrays()],
            self.vga.snapshot(),
            [device.state() for device in self.devices],
            self.recorder.count,
            self.first_gtt,
            self.windows.rom_end,
        )

    def restore(self, snapshot: MachineSnapshot) -> None:
        """Go back to ``snapshot``; events recorded since are forgotten."""
        from fwsim.native import R_EV_CAP, R_EV_NEXT, R_EVENTS, R_SEQ

        self.recorder.rewind(snapshot.events)
        ring = {word: self.root[word].copy() for word in (R_EVENTS, R_EV_NEXT, R_EV_CAP, R_SEQ)}
        for array, saved in zip(self._arrays(), snapshot.arrays, strict=True):
            array[...] = saved
        for word, value in ring.items():
            self.root[word] = value
        for ram, pages in zip((self.ram, *self.extra), snapshot.memories, strict=True):
            ram.restore(pages)
        self.vga.restore(snapshot.vga)
        for device, state in zip(self.devices, snapshot.devices, strict=True):
            device.restore(state)
        self.first_gtt = snapshot.first_gtt
        self.windows.protect_rom(snapshot.rom_end)
        self.windows.update()
        self.engine.restore(snapshot.cpu)


_FIRST_REGISTERS = ("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp", "eip", "cs", "eflags")
