"""Firmware numbers the buses and opens each bridge's windows for what it placed behind it.

As SeaBIOS does (src/fw/pciinit.c): bus numbers depth first, windows that just cover the BARs behind, I/O in 4 KiB and
memory in 1 MiB. What SeaBIOS keeps free for hotplug besides is in the placement's list alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from fwsim.devices.bridge import (
    BUSES,
    COMMAND,
    COMMAND_IO,
    COMMAND_MEMORY,
    IO_BASE,
    IO_UPPER,
    MEMORY_BASE,
    PREFETCH_BASE,
    PREFETCH_BASE_UPPER,
    PREFETCH_LIMIT_UPPER,
)
from fwsim.devices.pci import PciBus
from fwsim.firmware.request import Placement
from fwsim.machine.plugged import Plugged

_BUS_MASTER = 4
_IO_GRAIN, _MEMORY_GRAIN = 0x1000, 0x100000
Root = NDArray[np.uint64]


def number_buses(pci: PciBus, root: Root, functions: Sequence[Plugged]) -> None:
    """Give every bridge its bus numbers: the board's, which are those that firmware comes to."""
    for function in functions:
        bridge = function.spec.bridge
        if bridge is not None:
            last = max(bridge.secondary, *(each.devfn >> 8 for each in _behind(function, functions)), 0)
            pci.write(root, function.devfn, BUSES, 4, function.devfn >> 8 | bridge.secondary << 8 | last << 16)


def open_windows(pci: PciBus, root: Root, functions: Sequence[Plugged], placement: Placement) -> None:
    """Write each bridge's base and limit registers, and let it forward."""
    for function in functions:
        if function.spec.bridge is None:
            continue
        spans: dict[str, list[tuple[int, int]]] = {"io": [], "mem": [], "pref": []}
        for each in _behind(function, functions):
            for bar in each.bars:
                address = placement.bars.get((each.devfn, bar.index))
                if address is not None:
                    spans[bar.kind].append((address, address + bar.size))
        bdf = function.devfn
        if spans["io"]:
            first, last = _covered(spans["io"], _IO_GRAIN)
            pci.write(root, bdf, IO_BASE, 2, first >> 8 & 0xF0 | (last >> 8 & 0xF0) << 8)
            pci.write(root, bdf, IO_UPPER, 4, first >> 16 | last >> 16 << 16)
        if spans["mem"]:
            first, last = _covered(spans["mem"], _MEMORY_GRAIN)
            pci.write(root, bdf, MEMORY_BASE, 4, first >> 16 & 0xFFF0 | last & 0xFFF00000)
        if spans["pref"]:
            first, last = _covered(spans["pref"], _MEMORY_GRAIN)
            pci.write(root, bdf, PREFETCH_BASE, 4, first >> 16 & 0xFFF0 | last & 0xFFF00000)
            pci.write(root, bdf, PREFETCH_BASE_UPPER, 4, first >> 32)
            pci.write(root, bdf, PREFETCH_LIMIT_UPPER, 4, last >> 32)
        pci.write(root, bdf, COMMAND, 2, COMMAND_IO | COMMAND_MEMORY | _BUS_MASTER)


def _behind(bridge: Plugged, functions: Sequence[Plugged]) -> list[Plugged]:
    """Everything behind ``bridge``, on whatever bus."""
    found, above = [], {bridge.devfn}
    for each in functions:  # a bridge comes before what is behind it
        if each.spec.parent in above:
            found.append(each)
            above.add(each.devfn)
    return found


def _covered(spans: Iterable[tuple[int, int]], grain: int) -> tuple[int, int]:
    """The first byte of the window around ``spans`` (first, end) and its last one, in whole grains."""
    rows = list(spans)
    first = min(start for start, _ in rows) // grain * grain
    last = (max(end for _, end in rows) + grain - 1) // grain * grain - 1
    return first, last
