"""An Arm guest's machine ready to run its program, with what the hypervisor shows it of the host."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from fwsim.devices.pl011 import Pl011
from fwsim.devices.smmu_lines import Smmu
from fwsim.hypervisor.vpci.domain import Domain
from fwsim.hypervisor.vpci.host import HostDevice
from fwsim.hypervisor.vpci.topology import Topology
from fwsim.machine.arm import ArmMachine, ArmSnapshot
from fwsim.rom.elf import Program


class ArmBuiltSnapshot(Struct, frozen=True):
    """A built machine at one moment, with the SMMU before its devices, and the log."""

    machine: ArmSnapshot
    smmu: Any
    log: tuple[str, ...]
    xen: tuple[str, ...]


class ArmBuilt(Struct):
    """``tree_at``: where the device tree lies. ``log``: the program's lines and Xen's, in the order of their coming;
    ``xen``: Xen's alone. ``late``: what is attached when the program first waits.
    """

    machine: ArmMachine
    program: Program
    tree_at: int
    topology: Topology
    domain: Domain
    smmu: Smmu
    uart: Pl011
    late: tuple[HostDevice, ...] = ()
    log: list[str] = field(default_factory=list)
    xen: list[str] = field(default_factory=list)

    @property
    def entry(self) -> int:
        """Where the program begins."""
        return self.program.entry

    @property
    def last_bus(self) -> int:
        """The highest bus number that a function of the guest's has."""
        return max((bdf >> 8 for bdf, _ in self.topology.table), default=0)

    def attach_late(self) -> None:
        """Whoever runs the host attaches what is to come later (xl pci-attach)."""
        for device in self.late:
            self.topology.attach(device.sbdf)

    def snapshot(self) -> ArmBuiltSnapshot:
        """Everything that changes once it is built."""
        return ArmBuiltSnapshot(self.machine.snapshot(), self.smmu.snapshot(), tuple(self.log), tuple(self.xen))

    def restore(self, snapshot: Any) -> None:
        """Go back, or on, to it."""
        self.machine.restore(snapshot.machine)
        self.smmu.restore(snapshot.smmu)
        self.log[:], self.xen[:] = snapshot.log, snapshot.xen
