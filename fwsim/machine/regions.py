"""What answers in an Arm guest's memory beside RAM: devices, and what stage 2 maps of the host's BARs, cut as it is."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fwsim.cpu.arm import ArmEngine
from fwsim.hypervisor.vpci.domain import TrappedPages
from fwsim.machine import callbacks_arm
from fwsim.native import address_of


class Registers(Protocol):
    """What answers in a region of memory: ``offset`` is the region's, ``width`` 1, 2, 4 or 8 bytes."""

    def read(self, offset: int, width: int) -> int:
        """What a read gives."""
        ...

    def write(self, offset: int, width: int, value: int) -> None:
        """A write."""
        ...

    def snapshot(self) -> Any:
        """What matters to what comes next."""
        ...

    def restore(self, state: Any) -> None:
        """Go back to it."""
        ...


class Region(Struct, frozen=True):
    """``size`` bytes from guest-physical ``start`` on are ``behind``'s from its ``offset`` on."""

    start: int
    size: int
    behind: Registers
    offset: int = 0


class Regions:
    """The engine's view of what is not RAM: the UART, the configuration window, and what stage 2 maps."""

    def __init__(self, engine: ArmEngine, root: NDArray[np.uint64]) -> None:
        self._engine, self._root = engine, address_of(root)
        self._regions: dict[int, Region] = {}
        self._blocks: dict[int, NDArray[np.uint64]] = {}

    def add(self, region: Region) -> None:
        """Let it answer from now on; nothing else is there."""
        block = self._blocks.setdefault(region.start, np.array([self._root, region.start], np.uint64))
        reads, writes = callbacks_arm.region_read.address, callbacks_arm.region_write.address
        self._engine.map_native(region.start, region.size, reads, writes, address_of(block))
        self._regions[region.start] = region

    def remove(self, start: int, size: int) -> None:
        """Nothing answers there any more; what it cuts keeps the rest."""
        for region in [each for each in self._regions.values() if each.start < start + size]:
            end = region.start + region.size
            if end <= start:
                continue
            self._engine.unmap(region.start, region.size)
            del self._regions[region.start]
            for first, last in ((region.start, min(start, end)), (max(start + size, region.start), end)):
                if first < last:
                    self.add(Region(first, last - first, region.behind, region.offset + first - region.start))

    def at(self, address: int) -> tuple[Region, int]:
        """The region that has this address, and the offset in what is behind it."""
        region = next(each for each in self._regions.values() if each.start <= address < each.start + each.size)
        return region, region.offset + address - region.start

    def snapshot(self) -> dict[int, Region]:
        """What answers where."""
        return dict(self._regions)

    def restore(self, state: dict[int, Region]) -> None:
        """Map what was mapped then."""
        for region in [each for start, each in self._regions.items() if state.get(start) != each]:
            self._engine.unmap(region.start, region.size)
            del self._regions[region.start]
        for start, region in state.items():
            if start not in self._regions:
                self.add(region)


class Trapped(Struct, frozen=True):
    """Pages that the hypervisor answers, as a region: its state is the function's whose tables they have."""

    pages: TrappedPages

    def read(self, offset: int, width: int) -> int:
        """What the hypervisor gives; ``offset`` is the guest's address."""
        return self.pages.read(offset, width)

    def write(self, offset: int, width: int, value: int) -> None:
        """A write that it takes."""
        self.pages.write(offset, width, value)

    def snapshot(self) -> None:
        """Nothing of its own."""
        return

    def restore(self, state: None) -> None:
        """There is nothing to go back to."""
