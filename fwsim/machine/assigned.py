"""An assigned IGD: what the hypervisor answers, overlays, listens to and rewrites is installed in the machine."""

from __future__ import annotations

import numpy as np

from fwsim.devices.igd import layout as g
from fwsim.devices.igd.device import Igd
from fwsim.hypervisor.interface import Assignment, Device, Hypervisor
from fwsim.machine.machine import Machine
from fwsim.native import R_HYP, TRAP_GTT_POLICY, address_of
from fwsim.trace.event import Actor, Flag, Op, Space


def install(machine: Machine, igd: Igd, slot: int, design: Hypervisor, device: Device, given: Assignment) -> None:
    """Put what ``design`` gives between the guest and the function in ``slot`` of the bus."""
    pci = machine.pci
    for row in given.registers:
        if row.treatment != "watched":
            writable = row.writable if row.treatment == "answered" else 0
            pci.emulate(slot, row.offset, row.width, row.value, writable)
    _install_overlays(machine, igd, slot, given)
    answers = pci.answer[slot].ctypes.data
    _install_policy(machine, igd, design, device, given, answers)
    for index in given.cleared:
        offset = index & ~3
        igd.gtt[offset >> 2] = 0
        machine.recorder.append((0, 0, offset, 0, 0, 0, Flag.INDEXED, Actor.HYPERVISOR, Space.GTT, Op.WRITE, 4))


def _install_overlays(machine: Machine, igd: Igd, slot: int, given: Assignment) -> None:
    """A row a dword: ``width`` bytes of BAR0 from the answered register's memory."""
    answers = machine.pci.answer[slot].ctypes.data
    rows = [
        (each.offset + at, (1 << 8 * min(4, each.width)) - 1, answers + each.config + at)
        for each in given.overlays
        for at in range(0, each.width, 4)
    ]
    machine.overlays = np.array(rows, np.uint64).reshape(-1, g.OVERLAY_WORDS)
    igd.block[g.G_OVERLAYS] = address_of(machine.overlays)
    igd.block[g.G_OVERLAY_COUNT] = len(rows)


def _install_policy(
    machine: Machine, igd: Igd, design: Hypervisor, device: Device, given: Assignment, answers: int
) -> None:
    policy = design.gtt_policy(device, given, lambda offset: answers + offset)
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
