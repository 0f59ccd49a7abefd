"""Memory of the device model's that lies behind a BAR is where that BAR is decoded, for the CPU and for the IGD's DMA.

QEMU maps a BAR that is RAM into the guest's address space while it is decoded (hw/pci/pci.c, pci_update_mappings), and
vfio's listener maps and unmaps that in the IOMMU (hw/vfio/listener.c, vfio_listener_region_add and _del).
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from fwsim.board.function import BarSpec, BoardFunction
from fwsim.devices.igd.layout import G_DMA_COUNT
from fwsim.devices.pci import PciBus
from fwsim.firmware.request import Function
from fwsim.machine.machine import Machine
from fwsim.machine.plugged import Plugged, add_bar, plug
from fwsim.memory.ram import Ram
from fwsim.native import R_TIME
from fwsim.trace.event import Actor, Op, Space


def plug_held(pci: PciBus, functions: list[Plugged], held: Sequence[tuple[Function, int]]) -> None:
    """Put the device model's BARs on the bus, each on its function of ``functions``, or on one more."""
    for function, index in held:
        row = next(bar for bar in function.bars if bar.index == index)
        bar = BarSpec(row.index, row.size, row.kind, row.is64)
        number = next((i for i, each in enumerate(functions) if each.devfn == function.bdf), None)
        if number is None:
            spec = BoardFunction(
                function.bdf, function.vendor, function.device, function.class_code, bars=(bar,), qemu=True,
                bridge=function.bridge,
            )  # fmt: skip
            functions.append(plug(pci, spec))
            continue
        there = functions[number]
        pci.emulate(there.slot, 0x10 + 4 * index, 4, 0, 0, 0)  # whoever answers for the rest, this one is there
        add_bar(pci, there.slot, bar)
        functions[number] = replace(there, spec=replace(there.spec, bars=(*there.bars, bar)))


def follow(machine: Machine, memory: dict[tuple[int, int], Ram]) -> None:
    """Have ``memory`` lie behind its BARs, by (bdf, BAR index), from now on; the device's DMA goes with it.

    Each move is an event: where, how many bytes are there now, and how many were before.
    """
    windows, igd = machine.windows, machine.igd
    slots = {each.devfn: each.slot for each in machine.functions}
    own = {(slots[bdf], index): ram for (bdf, index), ram in memory.items()}
    own_bytes = {ram.address for ram in own.values()}

    def moved(key: tuple[int, int], before: int | None, now: int | None) -> None:
        if igd is not None:
            others = [row for row in igd.dma[: int(igd.block[G_DMA_COUNT])].tolist() if row[2] not in own_bytes]
            places = ((windows.where(each), ram) for each, ram in own.items())
            mine = [(at, at + ram.size, ram.address) for at, ram in places if at is not None]
            igd.set_dma([*mine, *(tuple(row) for row in others)])
        size = own[key].size
        for at, held, had in ((before, 0, size), (now, size, 0)):
            if at is not None:
                time, note = int(machine.root[R_TIME]), (Actor.HYPERVISOR, Space.MEMORY, Op.NOTE, 8)
                machine.recorder.append((time, 0, at, held, had, 0, 0, *note))

    windows.hold(own, moved)
