"""A configuration window that a hypervisor traps: it is where neither RAM nor directly mapped memory is.

In Xen an access traps only where the guest's second-level tables have no page (xen/arch/x86/hvm/hvm.c,
hvm_hap_nested_page_fault: RAM and direct MMIO are mapped, the rest is emulated): a window over RAM, or over a BAR of an
assigned device, is not there. QEMU alone has it in front of both (``Windows.update``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from fwsim.cpu.engine import Engine
from fwsim.devices.config_traps import VIA_LEFT, VIA_WINDOW
from fwsim.devices.ecam import Window
from fwsim.memory.ranges import Range, without
from fwsim.native import address_of

FOUR_GIB = 1 << 32
Part = tuple[int, int, int, int]
"""Start, bytes, ECAM address of the first byte, and the way by which its accesses come."""


def parts(window: Window | None, left: Window | None, taken: Iterable[tuple[int, int]]) -> tuple[Part, ...]:
    """The window's parts outside of ``taken`` (start, bytes), and those of where it was before.

    ``left`` counts only where the window now is elsewhere.
    """
    rows = [Range(start, start + size) for start, size in taken]
    found: list[Part] = []
    for place, way in ((window, VIA_WINDOW), (left, VIA_LEFT)):
        if place is None:
            continue
        start, size = place
        over = [*rows, Range(window[0], sum(window))] if way == VIA_LEFT and window else rows
        found += [(at, end - at, at - start, way) for at, end in without(Range(start, start + size), over)]
    return tuple(found)


class TrappedWindow:
    """The parts that are mapped now. ``direct``: slots of the functions whose BARs are mapped into the guest."""

    def __init__(self, engine: Engine, root: NDArray[np.uint64], direct: frozenset[int]) -> None:
        self._engine, self._root = engine, root
        self._cells: dict[Part, NDArray[np.uint64]] = {}
        self.direct = direct
        self.mapped: tuple[Part, ...] = ()

    def place(self, wanted: tuple[Part, ...], open_bus: Callable[[int, int], None]) -> None:
        """Map ``wanted`` and nothing else; ``open_bus`` maps from a start to an end what is there without a window."""
        from fwsim.machine.callbacks_window import part_read, part_write

        gone = [part for part in self.mapped if part not in wanted]
        for start, size, _, _ in gone:
            self._engine.unmap(start, size)
            open_bus(start, min(start + size, FOUR_GIB))
        for part in wanted:
            if part not in self.mapped:
                start, size, first, way = part
                if start < FOUR_GIB:
                    self._engine.unmap(start, size)
                cell = self._cells.setdefault(part, np.array([address_of(self._root), start, first, way], np.uint64))
                self._engine.map_native(start, size, part_read.address, part_write.address, address_of(cell))
        self.mapped = wanted
