"""A function level reset and the power states of the assigned IGD, as its own configuration registers ask for them.

PCI Express' device control bit 15, Advanced Features' control bit 0, and PMCSR back from D3hot where it says that it
resets on the way (PCI Express 5.0, 6.6.2 and 7.5.3.4; Advanced Capabilities ECN; PCI Power Management 1.2, 5.4.1).
The device loses its registers and keeps the GTT, which is memory; BDSM, GGC and ASLS stay: no source says otherwise.
What becomes of command and BARs is the hypervisor's word. vfio-pci resets in the guest's place and puts them back,
MSI too (Linux drivers/vfio/pci/vfio_pci_config.c, vfio_exp_config_write, vfio_af_config_write and
vfio_pci_set_power_state); without it they are 0. In D3hot nothing but configuration space answers.
"""

from __future__ import annotations

from fwsim.board.capabilities import ADVANCED, EXPRESS_CAP, MSI, POWER, Capabilities
from fwsim.devices.bridge import COMMAND
from fwsim.machine.decode import D3HOT
from fwsim.machine.machine import Machine
from fwsim.machine.plugged import Plugged
from fwsim.native import R_TIME
from fwsim.trace.event import Actor, Flag, Op, Space

_FLR, _AF_FLR, _NO_SOFT_RESET = 0x8000, 0x01, 0x08
D0 = 0
_BARS = range(0x10, 0x28, 4)


def listen(machine: Machine, function: Plugged, lists: Capabilities, *, restores: bool) -> None:
    """From now on these registers act. ``restores``: command, BARs and MSI are as before after a reset."""
    for name, at, data in lists.usual:
        if name == EXPRESS_CAP and int.from_bytes(data[2:6], "little") >> 28 & 1:
            _on_flr(machine, function, lists, at + 8, _FLR, restores)
        elif name == ADVANCED and data[1] & 3 == 3:
            _on_flr(machine, function, lists, at + 4, _AF_FLR, restores)
        elif name == POWER:
            _on_power(machine, function, lists, at + 4, restores)


def _on_flr(
    machine: Machine, function: Plugged, lists: Capabilities, offset: int, bit: int, restores: bool
) -> None:  # fmt: skip
    def written(at: int, old: int, new: int) -> None:
        if machine.pci.traps.written & ~old & bit:
            _reset(machine, function, lists, offset, bit, restores)

    machine.pci.on_write(function.slot, offset, written)


def _on_power(machine: Machine, function: Plugged, lists: Capabilities, offset: int, restores: bool) -> None:
    """D1 and D2 are not there: a write of them leaves the state as it is."""
    pci, slot = machine.pci, function.slot

    def written(at: int, old: int, new: int) -> None:
        before, after = old & 3, new & 3
        if after not in (D0, D3HOT):
            pci.set(slot, offset, 1, before, 3)
            return
        if after == D0 and before == D3HOT and not old & _NO_SOFT_RESET:
            _reset(machine, function, lists, offset, D3HOT, restores)
        if after != before:
            pci.follow()

    pci.on_write(slot, offset, written)


def reset_display(machine: Machine) -> None:
    """The IGD's registers, and those of the VGA that is a part of it, are as new (PCI Express 5.0, 6.6.2: all of a
    function's state); interrupts that it asked for are gone. The pictures' memory is memory.
    """
    if machine.igd is None:
        return
    machine.igd.reset()
    machine.vga.reset(memory=False)
    if machine.interrupts:
        machine.interrupts.update()


def _reset(
    machine: Machine, function: Plugged, lists: Capabilities, offset: int, asked: int, restores: bool
) -> None:  # fmt: skip
    """The device is new but for its GTT. The event tells by which register, and by which bits of it."""
    pci, slot = machine.pci, function.slot
    reset_display(machine)
    actor = Actor.HYPERVISOR if restores else Actor.DEVICE
    address, time = function.devfn << 12 | offset, int(machine.root[R_TIME])
    machine.recorder.append((time, 0, address, asked, asked, 0, Flag(0), actor, Space.PCI, Op.NOTE, 4))
    if restores:
        return
    for at, width in ((COMMAND, 2), *((bar, 4) for bar in _BARS)):
        _clear(machine, slot, at, width)
    for name, at, _ in lists.usual:
        if name == MSI:
            _clear(machine, slot, at + 2, 2)
    pci.follow()


def _clear(machine: Machine, slot: int, offset: int, width: int) -> None:
    """What a write could change is 0 again."""
    writable = int(machine.pci.writable[slot][offset >> 2]) >> 8 * (offset & 3) & (1 << 8 * width) - 1
    machine.pci.set(slot, offset, width, machine.pci.get(slot, offset, width) & ~writable, writable)
