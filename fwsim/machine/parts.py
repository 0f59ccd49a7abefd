"""The parts that a PC is made of, laid out for native code, and how each of them keeps its state."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.cpu.engine import Engine
from fwsim.devices.adapters import Adapter
from fwsim.devices.igd.device import Igd
from fwsim.devices.platform import PortDevice
from fwsim.devices.timers import new_platform
from fwsim.devices.vga.state import KIND_IGD, V_PAGE_COUNT, V_PAGES, V_USED, Vga
from fwsim.hypervisor.interface import GttPolicy
from fwsim.machine.common import Arrays, Common, Part, Root, Trap
from fwsim.machine.plugged import Plugged
from fwsim.memory.ram import PAGE, Ram
from fwsim.native import BAR_WORDS, R_BAR_BASES, R_IGD, R_LATCH, R_PLATFORM, R_PORTS, R_VGA, address_of
from fwsim.scenario.model import Scenario


class Parts(Common):
    """What a machine of ``scenario`` consists of, its address map left out; the bus is empty.

    ``igd`` is None where another display device is in its place. ``vga``: the display answers the VGA ports and
    A0000-BFFFF; without it nothing does. ``trap`` answers what native code asks of Python. ``split``: RAM below and
    above 4 GiB, where the hypervisor was told otherwise than usual.
    """

    def __init__(
        self, scenario: Scenario, recorder_path: Path | None, igd: Igd | None, adapter: Adapter | None, trap: Trap, *,
        vga: bool, mode: str = "real", split: tuple[int, int] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(scenario, recorder_path)
        low, self.high = split or self.design.ram_split(scenario.guest.machine, self.ram.size)
        end = self.design.ram_end(scenario.device, low)
        self.low, self.high = end // PAGE * PAGE, self.high + low - end
        self.igd = igd
        self.adapter = adapter
        self.vga = Vga(KIND_IGD) if igd else (adapter.make() if adapter else Vga())
        self.shows_vga = vga
        self.functions: list[Plugged] = []
        self.ports: NDArray[np.uint8] = np.zeros(65536, np.uint8)
        self.latch: NDArray[np.uint8] = np.zeros(65536, np.uint8)
        self.platform = new_platform()
        self.policy = GttPolicy()
        self.overlays: NDArray[np.uint64] = np.zeros(0, np.uint64)
        self.bar_bases: NDArray[np.uint64] = np.zeros(BAR_WORDS, np.uint64)
        self.devices: list[PortDevice] = []
        self.roms: dict[int, Ram] = {}
        """What lies behind a function's expansion ROM register, by its slot."""
        self.local: Ram | None = None
        self._set_addresses()
        self.engine: Engine = Engine(self.root, trap, mode)

    def _set_addresses(self) -> None:
        if self.igd:
            self.vga.block[V_PAGES] = address_of(self.igd.pages)
            self.vga.block[V_PAGE_COUNT] = self.igd.pages.size
            self.vga.block[V_USED] = address_of(self.igd.used)
        for word, array in (
            (R_PORTS, self.ports),
            (R_LATCH, self.latch),
            (R_PLATFORM, self.platform),
            (R_VGA, self.vga.block),
            (R_BAR_BASES, self.bar_bases),
        ):
            self.root[word] = address_of(array)
        self.root[R_IGD] = address_of(self.igd.block) if self.igd else 0

    def release(self) -> None:
        """The device's own memory too."""
        super().release()
        if self.local:
            self.local.release()

    def _parts(self) -> list[Part]:
        """Everything with a state but address map and CPU, which a machine puts before and behind."""
        arrays: list[NDArray[Any]] = [
            self.ports, self.latch, self.platform, self.bar_bases, self.novel, self.ips,
            *(self.igd.arrays() if self.igd else []), *([] if self.policy.words is None else [self.policy.words]),
        ]  # fmt: skip
        return [
            self.recorder, Root(self.root), Arrays(arrays), self.pci, self.ram, *self.extra,
            *([self.local] if self.local else []), self.vga, *self.devices,
        ]  # fmt: skip
