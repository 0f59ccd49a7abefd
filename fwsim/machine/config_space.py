"""Where several own functions of the guest's bus: the hypervisor routes each access, and PCIEXBAR's moves are noted."""

from __future__ import annotations

from fwsim.devices.ecam import PCIEXBAR, Window, register, window
from fwsim.hypervisor.config_space import ConfigBoard, ConfigDesign, Seat
from fwsim.hypervisor.interface import Device
from fwsim.machine.config_window import TrappedWindow
from fwsim.machine.decode import decoded
from fwsim.machine.machine import Machine
from fwsim.machine.plugged import Plugged
from fwsim.native import R_CS, R_IP, R_TIME
from fwsim.trace.event import Actor, Flag, Op, Space

WINDOW_NOTE = 8
"""The width of a note that tells of the window: its address is PCIEXBAR's, its value the window's, bit 0: on, and aux
its bytes. REWRITTEN: PCIEXBAR is locked, and kept its value; UNHANDLED: the hypervisor does not hear of it."""


def install(machine: Machine, device: Device) -> ConfigDesign | None:
    """Have the machine's hypervisor route what its functions are asked; None where it does not.

    PCIEXBAR is as reset leaves it: off, until the guest's firmware writes it.
    """
    pci, functions = machine.pci, machine.functions
    assigned = {each.slot for each in functions if machine.igd and each.devfn == device.devfn}
    assigned |= {each.slot for each in functions if each.spec.host is not None}
    seats = tuple(_seat(each) for each in functions)
    design = machine.design.config_design(device, ConfigBoard(seats, lambda: pci.ecam, lambda at: _bar_at(machine, at)))
    if design is None:
        return None
    pci.route_by(design.router)
    machine.windows.trapped = TrappedWindow(machine.engine, machine.root, frozenset(assigned))
    bridge = next((each for each in functions if each.spec.pciexbar is not None), None)
    if bridge is not None:
        _follow(machine, bridge, design)
    return design


def place_window(machine: Machine, ecam: tuple[int, int]) -> None:
    """Write PCIEXBAR as firmware does that always has the window at ``ecam`` (start, end), where it is off still."""
    pci = machine.pci
    value = register((ecam[0], ecam[1] - ecam[0]))
    bridge = next((each for each in machine.functions if each.spec.pciexbar is not None), None)
    if value is not None and bridge is not None and pci.ecam is None:
        pci.write(machine.root, bridge.devfn, PCIEXBAR + 4, 4, value >> 32)
        pci.write(machine.root, bridge.devfn, PCIEXBAR, 4, value & 0xFFFFFFFF)


def _seat(function: Plugged) -> Seat:
    spec = function.spec
    size = 0x100 if spec.qemu else spec.config_size
    return Seat(function.devfn, spec.owner, size, spec.parent is not None, spec.host)


def _bar_at(machine: Machine, address: int) -> int | None:
    """The function whose emulated memory BAR has an address now."""
    direct = machine.windows.trapped.direct if machine.windows.trapped else frozenset()
    for (slot, _), bar, start in decoded(machine.pci, machine.functions):
        if bar.kind != "io" and slot not in direct and start <= address < start + bar.size:
            return next(each.devfn for each in machine.functions if each.slot == slot)
    return None


def _follow(machine: Machine, bridge: Plugged, design: ConfigDesign) -> None:
    """Note each move of the window, remember where it was, and lock PCIEXBAR where the design does."""
    pci, slot = machine.pci, bridge.slot
    pci.set(slot, PCIEXBAR, 8, (bridge.spec.pciexbar or 0) & ~1, (1 << 64) - 1)
    pci.ecam = None
    machine.windows.update()

    def written(offset: int, old: int, new: int) -> None:
        held = pci.seen_by_guest(slot, PCIEXBAR, 4) | pci.seen_by_guest(slot, PCIEXBAR + 4, 4) << 32
        high = offset != PCIEXBAR
        before = held & ~(0xFFFFFFFF << 32 * high) | old << 32 * high
        if not pci.writable[slot][offset >> 2]:
            asked = held & ~(0xFFFFFFFF << 32 * high) | pci.traps.written << 32 * high
            if asked != held:
                _note(machine, window(asked, None), window(asked | 1, None), Flag.REWRITTEN)
            return
        was, now = window(before, None), pci.ecam
        if was == now:
            return
        pci.left = was or pci.left
        machine.windows.update()
        _note(machine, now, now or was, Flag(0) if design.told else Flag.UNHANDLED)
        if now and design.locks:
            pci.keep(slot, PCIEXBAR, 8)

    for offset in (PCIEXBAR, PCIEXBAR + 4):
        pci.on_write(slot, offset, written)


def _note(machine: Machine, now: Window | None, place: Window | None, flags: Flag) -> None:
    start, size = place or (0, 0)
    root = machine.root
    code = int(root[R_TIME]), int(root[R_IP]), PCIEXBAR, start | (now is not None), size, int(root[R_CS])
    machine.recorder.append((*code, int(flags), Actor.HYPERVISOR, Space.PCI, Op.NOTE, WINDOW_NOTE))
