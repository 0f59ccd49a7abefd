"""A scenario of an Arm guest becomes a machine: the host's functions shown by vPCI, the program and its tree loaded."""

from __future__ import annotations

from pathlib import Path

from fwsim.board.arm import arm_host
from fwsim.board.arm_tree import device_tree
from fwsim.devices.edu import Edu
from fwsim.devices.pl011 import Pl011
from fwsim.devices.smmu_lines import Smmu
from fwsim.errors import FwsimError
from fwsim.hypervisor.vpci.domain import Domain
from fwsim.hypervisor.vpci.kind import Vpci
from fwsim.hypervisor.vpci.topology import Topology
from fwsim.machine.arm import ArmMachine
from fwsim.machine.built_arm import ArmBuilt
from fwsim.machine.dma_arm import DmaOf
from fwsim.machine.host_bars import HostBars
from fwsim.memory.arm_map import MOST_BUSES, PL011_BASE, PL011_SIZE, RAM0_BASE
from fwsim.rom.elf import Program, program
from fwsim.scenario.model import Scenario
from fwsim.units import MIB

EDU = 0x11E81234
_TREE_OFFSET, TREE_ROOM = 128 * MIB, 2 * MIB
"""Where libxl puts the tree (tools/libs/guest/xg_dom_arm.c, arch_setup_meminit): 128 MiB into RAM, or at its end."""


def build_arm(scenario: Scenario, events: Path | None = None) -> ArmBuilt:
    """The machine of ``scenario``; ``events``: where they are recorded, None: in memory.

    Raises FwsimError for what cannot be built.
    """
    design = scenario.hypervisor.design
    if not isinstance(design, Vpci):
        raise FwsimError(
            "only vPCI makes an Arm guest's bus here", where="hypervisor.kind", found=scenario.hypervisor.kind,
            expected="vpci", hint="an installed kind leaves arm-virt out of its machines",
        )  # fmt: skip
    wanted = program(scenario.payload.program, "payload.program")
    rules = design.options.of_guest(scenario.guest.ram)
    host = arm_host(scenario)
    named = design.assigned(host.devices)
    assigned, late = host.assigned(named or sorted(host.late))  # xl pci-attach needs no entry of xl.cfg's
    prepared = design.options.pci.prepared
    log, xen = list[str](), list[str]()

    def said(line: str) -> None:
        log.append(line)
        xen.append(line)

    for note in design.options.pci.notes:
        said(note)
    domain = Domain(rules, said)
    topology = Topology(design.profile, assigned, domain, host.bridges, late, prepared=prepared)
    dma = DmaOf(Smmu(design.options.smmu))
    modelled = {
        (device.sbdf, 0): Edu(dma.of(host.stream(device.sbdf)))
        for device in (*assigned, *late)
        if int.from_bytes(device.config[:4], "little") == EDU
    }
    bars = HostBars((*assigned, *late), modelled)
    machine = ArmMachine(scenario, events, rules.guest, bars, domain)
    dma.reaches(machine)
    if prepared:
        machine.show(topology.shown)
    domain.memory, domain.trap, domain.stage2.changed = bars, machine.trapped, machine.mapped
    uart = Pl011(log.append)
    machine.add_device(PL011_BASE, PL011_SIZE, uart)
    _load(machine, wanted)
    built = ArmBuilt(machine, wanted, tree_at(scenario), topology, domain, dma.smmu, uart, late, log, xen)
    bridges = any(each.device is not None and each.device.is_bridge for each in topology.shown)
    buses = built.last_bus + 1 if bridges else MOST_BUSES  # as libxl has it; copies of bridges are not libxl's
    tree = device_tree(scenario.guest.ram, rules.guest, buses=buses, prepared=prepared)
    machine.ram.write(built.tree_at - RAM0_BASE, tree)
    return built


def _load(machine: ArmMachine, wanted: Program) -> None:
    for start, data in wanted.segments:
        if start < RAM0_BASE or start + len(data) > RAM0_BASE + machine.ram.size:
            raise FwsimError(
                "the program does not lie in the guest's RAM", where="payload.program",
                found=f"a segment at {start:#x}-{start + len(data) - 1:#x}",
                expected=f"RAM at {RAM0_BASE:#x}-{RAM0_BASE + machine.ram.size - 1:#x}",
                hint="link it into that range, or give the guest more RAM (guest.ram)",
            )  # fmt: skip
        machine.ram.write(start - RAM0_BASE, data)


def tree_at(scenario: Scenario) -> int:
    """Where the device tree lies."""
    return RAM0_BASE + min(_TREE_OFFSET, scenario.guest.ram - TREE_ROOM)
