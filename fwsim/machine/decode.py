"""Which BARs are decoded, and where: the command registers of a function and of every bridge above it decide.

So does the function's power state, where it has one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fwsim.board.function import BarSpec
from fwsim.devices.bridge import COMMAND, COMMAND_IO, COMMAND_MEMORY, passes_memory, passes_ports
from fwsim.devices.pci import PciBus
from fwsim.machine.plugged import Plugged

Key = tuple[int, int]
"""Slot and BAR index."""
_PORTS = 0x10000
_FOUR_GIB = 1 << 32
_CHIPSET = 0xFEC00000
"""From here to 4 GiB the I/O APIC, local APIC and flash answer before any BAR: what lies over them, as a BAR does while
it is sized with decoding on, is not mapped. Of 32-bit BARs that end at FFFFFFFF QEMU says so itself (hw/pci/pci.c,
pci_bar_address); the others lie below the system's own regions (hw/i386/pc.c, pc_pci_as_mapping_init).
"""
ROM_BAR, ROM_ROLE = 6, "ROM"
"""The index by which an expansion ROM's register goes among the BARs, and what lies behind it."""
_ROM_REGISTER, _ROM_ON, ROM_BASE_BITS = 0x30, 1, 0xFFFFF800
D3HOT = 3
"""PMCSR bits 1:0: nothing but configuration space answers (PCI Power Management 1.2, 5.4.1)."""


def bar_address(pci: PciBus, function: Plugged, bar: BarSpec) -> int:
    """Where the guest put a BAR (0: nowhere)."""
    at = 0x10 + 4 * bar.index
    value = pci.seen_by_guest(function.slot, at, 4) & (0xFFFFFFFC if bar.kind == "io" else 0xFFFFFFF0)
    if bar.is64:
        value |= pci.seen_by_guest(function.slot, at + 4, 4) << 32
    return value


def decoded(pci: PciBus, functions: Iterable[Plugged]) -> Iterator[tuple[Key, BarSpec, int]]:
    """Each BAR that answers now, and its first address or port: switched on, and forwarded by each bridge above."""
    for function in functions:
        power = function.spec.power
        if not function.bars or (power is not None and pci.get(function.slot, power, 1) & D3HOT == D3HOT):
            continue
        command = pci.seen_by_guest(function.slot, COMMAND, 2)
        bridges = pci.above(function.slot)
        for bar in function.bars:
            start = bar_address(pci, function, bar)
            if bar.kind == "io":
                answers = bool(command & COMMAND_IO) and 0 < start <= _PORTS - bar.size
                passes = passes_ports
            else:
                hidden = start < _FOUR_GIB and start + bar.size > _CHIPSET
                answers = bool(command & COMMAND_MEMORY) and not hidden
                passes = passes_memory
            if answers and all(passes(pci, bridge, start, bar.size) for bridge in bridges):
                yield (function.slot, bar.index), bar, start


def rom_bar(size: int) -> BarSpec:
    """The expansion ROM's register as a BAR."""
    return BarSpec(ROM_BAR, size, "mem", role=ROM_ROLE)


def shown_roms(pci: PciBus, roms: Mapping[int, int]) -> Iterator[tuple[Key, BarSpec, int]]:
    """Each expansion ROM that answers now: its own enable and the command register decide. ``roms``: size by slot.

    Source: PCI Local Bus 3.0, 6.2.5.2.
    """
    for slot, size in roms.items():
        register = pci.seen_by_guest(slot, _ROM_REGISTER, 4)
        start = register & ROM_BASE_BITS
        on = register & _ROM_ON and pci.seen_by_guest(slot, COMMAND, 2) & COMMAND_MEMORY
        if on and all(passes_memory(pci, bridge, start, size) for bridge in pci.above(slot)):
            yield (slot, ROM_BAR), rom_bar(size), start
