"""An assigned IGD: what the hypervisor answers, overlays, listens to and rewrites is installed in the machine."""

from __future__ import annotations

from functools import partial

import numpy as np
from msgspec.structs import replace

from fwsim.devices.igd import layout as g
from fwsim.devices.igd.device import Igd
from fwsim.devices.igd.shown import show_only
from fwsim.hypervisor.interface import Assignment, Device
from fwsim.machine.machine import Machine
from fwsim.machine.plugged import Plugged
from fwsim.memory.ram import PAGE, Ram
from fwsim.native import R_HYP, TRAP_GTT_POLICY, address_of
from fwsim.trace.event import Actor, Flag, Op, Space

FOUR_GIB = 1 << 32


def install(
    machine: Machine, igd: Igd, slot: int, device: Device, given: Assignment, opregion: Ram, log: list[str]
) -> None:
    """Put what the machine's hypervisor gives between the guest and its functions; the IGD's is in ``slot``.

    ``opregion`` is the host's, whole pages, for a hypervisor that maps it; ``log`` gets what it then says.
    """
    pci, design = machine.pci, machine.design
    for plugged in machine.functions:
        function = replace(plugged.spec.asked(), config=plugged.spec.config())
        owner = design.owner(device, function)
        if owner is not None:
            pci.own(plugged.slot, owner)
            continue
        at = plugged.slot
        kept = set()
        for row in design.registers_over(device, given, function, partial(pci.get, at)):
            if row.treatment == "kept":
                pci.keep(at, row.offset, row.width)
                kept.add(row.offset & ~3)
            elif row.treatment != "watched":
                writable = row.writable if row.treatment == "answered" else 0
                pci.emulate(at, row.offset, row.width, row.value, writable, row.mask)
            if row.treatment == "watched" or row.watched:
                for offset in range(row.offset & ~3, row.offset + row.width, 4):
                    _watch(machine, plugged, offset, device, opregion)
        for offset in sorted(kept):
            _listen(machine, plugged, offset, device, log)
    _install_overlays(machine, igd, slot, given)
    if given.bar0 is not None:
        show_only(igd, [(each.first, each.end, each.writes) for each in given.bar0])
    answers = pci.answer[slot].ctypes.data
    _install_policy(machine, igd, device, given, answers)
    for index in given.cleared:
        offset = index & ~3
        igd.gtt[offset >> 2] = 0
        machine.recorder.append((0, 0, offset, 0, 0, 0, Flag.INDEXED, Actor.HYPERVISOR, Space.GTT, Op.WRITE, 4))


def _watch(machine: Machine, plugged: Plugged, offset: int, device: Device, opregion: Ram) -> None:
    """Tell the hypervisor of each write to the dword at ``offset``, and do what it says."""
    pci, slot = machine.pci, plugged.slot

    def written(at: int, old: int, held: int) -> None:
        bdf, new = plugged.devfn, pci.traps.written
        reaction = machine.design.written(
            device, bdf, at, old, new, lambda where, width: pci.seen_by_guest(slot, where, width)
        )
        if reaction is None:
            return
        if reaction.value is not None:
            pci.answer_with(slot, at, reaction.value)
        for other, value in reaction.also.items():
            pci.answer_with(slot, other, value)
        if reaction.opregion_at is not None:
            _map(machine, reaction.opregion_at, opregion, reaction.pages * PAGE)

    pci.on_write(slot, offset, written)


def _listen(machine: Machine, plugged: Plugged, offset: int, device: Device, log: list[str]) -> None:
    """Ask the hypervisor what it says of each write to the dword at ``offset``, some byte of which is kept.

    Where the log has the last of its lines already, it has said it: a snapshot takes the log back, and so this.
    """

    def written(at: int, old: int, held: int) -> None:
        event = machine.recorder.tail(1)[0]  # the write itself: it is recorded before anybody is told
        where, width, value = int(event["address"]) & 0xFFF, int(event["width"]), int(event["value"])
        lines = machine.design.dropped(device, plugged.devfn, where, width, value)
        if lines and lines[-1] not in log:
            log.extend(lines)

    machine.pci.on_write(plugged.slot, offset, written)


def _map(machine: Machine, at: int, pages: Ram, size: int) -> None:
    """Show ``size`` bytes of ``pages`` at guest-physical ``at``, to the CPU and to the device's DMA.

    Past 4 GiB nothing is shown.
    """
    if at + size > FOUR_GIB:
        return
    machine.windows.add_memory(at, pages, size)
    igd = machine.igd
    if igd is not None:
        regions = igd.dma[: int(igd.block[g.G_DMA_COUNT])].tolist()
        igd.set_dma([(at, at + size, pages.address), *map(tuple, regions)])


def _install_overlays(machine: Machine, igd: Igd, slot: int, given: Assignment) -> None:
    """A row a dword: ``width`` bytes of BAR0 from the answered register's memory.

    Where the register is the device's own, so is its mirror: nothing is laid over it.
    """
    answers = machine.pci.answer[slot].ctypes.data
    answered = {row.offset: row for row in given.registers}
    rows = []
    for each in (overlay for overlay in given.overlays if overlay.config in answered):
        mask, writable = (1 << 8 * min(4, each.width)) - 1, answered[each.config].writable
        for at in range(0, each.width, 4):
            rows.append((each.offset + at, mask, answers + each.config + at, writable >> 8 * at & mask))
    machine.overlays = np.array(rows, np.uint64).reshape(-1, g.OVERLAY_WORDS)
    igd.block[g.G_OVERLAYS] = address_of(machine.overlays)
    igd.block[g.G_OVERLAY_COUNT] = len(rows)


def _install_policy(machine: Machine, igd: Igd, device: Device, given: Assignment, answers: int) -> None:
    policy = machine.design.gtt_policy(device, given, lambda offset: answers + offset)
    machine.policy = policy
    if policy.words is not None:
        machine.root[R_HYP] = address_of(policy.words)
    igd.block[g.G_POLICY] = g.POLICY_PYTHON if policy.python else policy.write
    igd.block[g.G_POLICY_WHOLE] = policy.whole
    igd.block[g.G_PAIR] = policy.pair
    rewrite = policy.python
    if rewrite is None:
        return

    def judge(value: int, offset: int, index: int) -> int:
        """The device gets what Python says; None refuses."""
        answer = rewrite(value, offset)
        if answer is None:
            igd.block[g.G_REFUSED] = 1
        return value if answer is None else answer

    machine.watchers[TRAP_GTT_POLICY] = judge
