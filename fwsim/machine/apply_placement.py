"""How does a placement reach the machine? Asks the firmware where things go, then writes what it would write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fwsim.devices.pci import PciBus
from fwsim.firmware.request import Bar, Function, Placement, Request
from fwsim.firmware.seabios import place as seabios_place
from fwsim.memory.e820 import E820Map, E820Type
from fwsim.memory.ram import PAGE, Ram

ASLS = 0xFC


class BarLike(Protocol):
    """A BAR as the board describes it."""

    @property
    def index(self) -> int: ...  # noqa: D102
    @property
    def size(self) -> int: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def is64(self) -> bool: ...  # noqa: D102


class FunctionLike(Protocol):
    """A function as the board describes it."""

    @property
    def devfn(self) -> int: ...  # noqa: D102
    @property
    def slot(self) -> int: ...  # noqa: D102
    @property
    def vendor(self) -> int: ...  # noqa: D102
    @property
    def device(self) -> int: ...  # noqa: D102
    @property
    def class_code(self) -> int: ...  # noqa: D102
    @property
    def bars(self) -> Sequence[BarLike]: ...  # noqa: D102


@dataclass
class Placed:
    """What the firmware did, as the run reports it. ``e820_entries`` is (start, size, type) as INT 15h gives it."""

    bdsm: int = 0
    asls: int = 0
    bars: dict[int, int] = field(default_factory=dict)
    e820: list[tuple[int, int, str]] = field(default_factory=list)
    e820_entries: list[tuple[int, int, int]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    boot: str = "ok"
    pmm_top: int = 0


@dataclass(frozen=True)
class Wish:
    """What a machine asks of its firmware. ``host``: (first, end) ranges taken on a real host; none in a guest.

    ``files`` are fw_cfg's, ``rom_size`` bytes of the ROM BAR of the display at ``display`` (a devfn), ``low`` the end
    of RAM below 4 GiB.
    """

    machine: str
    low: int
    functions: Sequence[FunctionLike]
    display: int
    files: dict[str, bytes]
    rom_size: int
    version: str = ""
    host: Sequence[tuple[int, int]] = ()


def place(wish: Wish, pci: PciBus, root: NDArray[np.uint64], ram: Ram) -> Placed:
    """Place BARs, OpRegion and stolen memory as SeaBIOS does, and write it all where it goes.

    Firmware that finds no room is no error: it says so in ``log``, and the run goes on.
    """
    placement = seabios_place(_request(wish, ram.size))
    if wish.host:
        _clear_of(placement, wish)
    apply(placement, pci, root, wish.functions)
    opregion = wish.files.get("etc/igd-opregion", b"")
    for address in placement.asls.values():
        if address + len(opregion) <= wish.low:
            ram.write(address, opregion)
    rows = _reserve(placement.e820, wish.host)
    return Placed(
        bdsm=placement.bdsm.get(wish.display, 0), asls=placement.asls.get(wish.display, 0),
        bars={index: address for (bdf, index), address in placement.bars.items() if bdf == wish.display},
        e820=rows, e820_entries=[(start, end - start, int(E820Type[name])) for start, end, name in rows],
        log=[*placement.log, *placement.warnings], boot=placement.boot,
        pmm_top=max((end for start, end, name in rows if name == "RAM" and end <= 1 << 32), default=0),
    )  # fmt: skip


def _request(wish: Wish, ram: int) -> Request:
    rows = tuple(
        Function(
            bdf=function.devfn, vendor=function.vendor, device=function.device, class_code=function.class_code,
            bars=tuple(Bar(bar.index, bar.size, bar.kind, bar.is64) for bar in function.bars),  # type: ignore[arg-type]  # the same words
            rom_size=1 << (wish.rom_size - 1).bit_length() if function.devfn == wish.display and wish.rom_size else 0,
        )
        for function in wish.functions
    )  # fmt: skip
    opregion = wish.files.get("etc/igd-opregion")
    return Request(
        machine=wish.machine, ram=ram, functions=rows, opregion_size=len(opregion) if opregion else None,
        bdsm_file=wish.files.get("etc/igd-bdsm-size"), version=wish.version,
    )  # fmt: skip


def _clear_of(placement: Placement, wish: Wish) -> None:
    """Move memory BARs that would lie over a host's stolen memory or OpRegion to the next free place below."""
    sizes = {(function.devfn, bar.index): bar for function in wish.functions for bar in function.bars}
    taken = list(wish.host)
    for key, address in placement.bars.items():
        bar = sizes.get(key)
        if bar is None or bar.kind == "io":
            continue
        others = [
            (at, at + sizes[other].size)
            for other, at in placement.bars.items()
            if other != key and other in sizes and sizes[other].kind != "io"
        ]
        if any(start < address + bar.size and address < end for start, end in taken):
            placement.bars[key] = _below(address, bar.size, [*taken, *others])


def apply(placement: Placement, pci: PciBus, root: NDArray[np.uint64], functions: Sequence[FunctionLike]) -> None:
    """Write BARs, command registers, ASLS and BDSM as the firmware does, by the same path as the guest's writes."""
    kinds = {(function.devfn, bar.index): bar for function in functions for bar in function.bars}
    for (bdf, index), address in placement.bars.items():
        bar = kinds.get((bdf, index))
        if bar is None:
            continue
        pci.write(root, bdf, 0x10 + 4 * index, 4, address & 0xFFFFFFFF)
        if bar.is64:
            pci.write(root, bdf, 0x14 + 4 * index, 4, address >> 32)
    for bdf, address in placement.asls.items():
        pci.write(root, bdf, ASLS, 4, address)
    for bdf, address in placement.bdsm.items():
        pci.write(root, bdf, placement.bdsm_register.get(bdf, 0x5C), 4, address & 0xFFFFFFFF)
    for function in functions:
        if function.bars:
            pci.write(root, function.devfn, 4, 2, 0x0103 | 4 * (function.class_code == 0x030000))


def _below(address: int, size: int, taken: Sequence[tuple[int, int]]) -> int:
    """The highest place not above ``address``, aligned to ``size``, that overlaps none of ``taken`` (first, end)."""
    while any(start < address + size and address < end for start, end in taken):
        lowest = min(start for start, end in taken if start < address + size and address < end)
        address = (lowest - size) // size * size
    return address


def _reserve(rows: Sequence[tuple[int, int, str]], ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
    """The map with ``ranges`` (first, end) reserved: what a real host's firmware reports of its own stolen memory."""
    memory_map = E820Map([(start, end - start, E820Type[name]) for start, end, name in rows])
    for start, end in ranges:
        first, last = start // PAGE * PAGE, (end + PAGE - 1) // PAGE * PAGE
        memory_map.add(first, last - first, E820Type.RESERVED)
    return list(memory_map.rows())
