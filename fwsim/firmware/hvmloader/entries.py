"""What hvmloader has in its list of things to place, largest first: BARs, the ECAM, and windows of bridges.

Source: Xen tools/firmware/hvmloader/pci.c (c447b73). The ECAM: "hvmloader: allocate MMCONFIG area in the MMIO hole",
xen-devel 2018, 2023 and March 2026. No hvmloader knows bridges: their windows are a design in the spirit of that patch,
one entry more for each, whole MiB as bridges have them (PCI-to-PCI Bridge Architecture 1.2, 3.2.5).
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from fwsim.firmware.hvmloader.options import GIB, options_of
from fwsim.firmware.request import ROM_BAR, Function, Request
from fwsim.memory.ranges import align_up
from fwsim.units import MIB

ECAM, IO_WINDOW, MEMORY_WINDOW, PREFETCH_WINDOW = -1, -2, -3, -4
"""Indices of what is no BAR."""
_KINDS = {"io": IO_WINDOW, "mem": MEMORY_WINDOW, "pref": PREFETCH_WINDOW}
_REGISTERS = {ECAM: 0x60, IO_WINDOW: 0x1C, MEMORY_WINDOW: 0x20, PREFETCH_WINDOW: 0x24, ROM_BAR: 0x30}
_NAMES = {ECAM: "the ECAM", IO_WINDOW: "I/O window", MEMORY_WINDOW: "memory window",
          PREFETCH_WINDOW: "prefetchable window", ROM_BAR: "ROM"}  # fmt: skip
_GRAIN = {IO_WINDOW: 0x1000, MEMORY_WINDOW: MIB, PREFETCH_WINDOW: MIB}


class Entry(Struct, frozen=True):
    """One thing to place: ``size`` bytes at a multiple of ``align``; in a window, ``inside`` has (offset, entry)."""

    function: Function
    index: int
    size: int
    io: bool
    is64: bool
    align: int
    inside: tuple[tuple[int, Entry], ...] = ()

    @property
    def huge(self) -> bool:
        """A 64-bit BAR above 1 GiB always goes high and does not count against the hole."""
        return self.is64 and self.size > GIB

    @property
    def in_hole(self) -> int:
        """Bytes that the hole is made larger for."""
        return 0 if self.io or self.huge else self.size

    @property
    def given_back(self) -> int:
        """Bytes that are taken off the hole's total where it is placed: nothing above 1 GiB, even of a 32-bit BAR."""
        return 0 if self.size > GIB else self.in_hole

    @property
    def kind(self) -> str:
        """Of a window: io, mem or pref."""
        return next((name for name, index in _KINDS.items() if index == self.index), "")

    @property
    def register(self) -> int:
        """The register that says where it is, as hvmloader prints it."""
        return _REGISTERS.get(self.index, 0x10 + 4 * self.index)

    @property
    def name(self) -> str:
        """As sentences name it."""
        what = _NAMES.get(self.index, f"BAR{self.index}")
        return what if self.index == ECAM else f"{self.function.bdf_text} {what}"


def collect(request: Request) -> list[Entry]:
    """Everything on bus 0, and with ``bridges`` behind it: largest alignment first, equal ones in scan order."""
    with_bridges = options_of(request).bridges
    found: list[Entry] = []
    for function in _on(request, 0):
        found += _bars(function)
        if with_bridges and function.bridge is not None:
            found += _windows(function, request)
    found.sort(key=lambda entry: -entry.align)
    return _with_ecam(found, request) if request.machine == "q35" else found


def unseen(request: Request) -> list[Function]:
    """Functions with BARs that the scan of bus 0 does not come to."""
    return [] if options_of(request).bridges else [each for each in request.functions if each.bdf >> 8 and each.bars]


def _on(request: Request, bus: int) -> list[Function]:
    return sorted((each for each in request.functions if each.bdf >> 8 == bus), key=lambda each: each.bdf)


def _bars(function: Function) -> list[Entry]:
    rows = [
        Entry(function, bar.index, bar.size, bar.kind == "io", bar.is64, bar.size)
        for bar in sorted(function.bars, key=lambda bar: bar.index)
    ]
    rom = function.rom_size
    return [*rows, Entry(function, ROM_BAR, rom, False, False, rom)] if rom else rows


def _with_ecam(found: list[Entry], request: Request) -> list[Entry]:
    """The window goes behind what is as large, for it comes when the scan is over.

    The patch sets every field of the new row but ``is_64bar``, which stays that of the row that was there: right before
    a 64-bit BAR the window is taken for one, and goes above 4 GiB where the hole is too small.
    """
    size = options_of(request).ecam
    bridge = next((each for each in request.functions if each.bdf == 0), None)
    if bridge is None:
        return found
    at = next((number for number, entry in enumerate(found) if entry.align < size), len(found))
    stale = at < len(found) and found[at].is64
    return [*found[:at], Entry(bridge, ECAM, size, False, stale, size), *found[at:]]


def _windows(bridge: Function, request: Request) -> list[Entry]:
    """One entry for each window that ``bridge`` needs, with everything behind it in its place."""
    assert bridge.bridge is not None
    kinds: dict[int, list[Entry]] = {index: [] for index in _KINDS.values()}
    for function in _on(request, bridge.bridge.secondary):
        prefetchable = {bar.index for bar in function.bars if bar.kind == "pref"}
        for entry in _bars(function):
            wide = bridge.bridge.has_pref and entry.index in prefetchable
            kinds[IO_WINDOW if entry.io else PREFETCH_WINDOW if wide else MEMORY_WINDOW].append(entry)
        if function.bridge is not None:
            for window in _windows(function, request):
                kinds[window.index].append(window)
    return [_window(bridge, index, inside) for index, inside in kinds.items() if inside]


def _window(bridge: Function, index: int, entries: Iterable[Entry]) -> Entry:
    """Whole grains around ``entries``, laid from the window's start on as hvmloader lays its hole."""
    assert bridge.bridge is not None
    rows = sorted(entries, key=lambda entry: -entry.align)
    grain, end, inside = _GRAIN[index], 0, []
    for entry in rows:
        start = align_up(end, entry.align)
        inside.append((start, entry))
        end = start + entry.size
    wide = index == PREFETCH_WINDOW and bridge.bridge.pref64 and all(entry.is64 for entry in rows)
    align = max(grain, rows[0].align)
    return Entry(bridge, index, align_up(end, grain), index == IO_WINDOW, wide, align, tuple(inside))
