"""A machine ready to have its code run, with what its hypervisor and firmware made of it."""

from dataclasses import dataclass, field

from msgspec import Struct

from fwsim.devices.fw_cfg import FwCfg
from fwsim.devices.vtd import VtdState
from fwsim.hypervisor.config_space import ConfigDesign
from fwsim.hypervisor.interface import Assignment
from fwsim.machine.apply_placement import Placed
from fwsim.machine.iommu import Guard
from fwsim.machine.machine import Machine, MachineSnapshot
from fwsim.memory.ram import Ram

RAMFB_FILE = "etc/ramfb"


class BuiltSnapshot(Struct, frozen=True):
    """A built machine at one moment: with the IOMMU before its display device, and the log."""

    machine: MachineSnapshot
    iommu: VtdState
    log: tuple[str, ...]


@dataclass
class Built:
    """A machine ready to have its ROM called. ``given`` is what its hypervisor makes of the IGD."""

    machine: Machine
    placed: Placed
    given: Assignment
    host_stolen: tuple[int, int]
    """First byte and end of the host's stolen memory."""
    guest_stolen: tuple[int, int]
    log: list[str] = field(default_factory=list)
    stolen_ram: Ram | None = None
    fw_cfg: FwCfg | None = None
    config_design: ConfigDesign | None = None
    """Who gets which access to configuration space; None: nobody asks."""
    guard: Guard = field(init=False)

    def __post_init__(self) -> None:
        """The IOMMU watches from the first instruction on."""
        self.guard = Guard(self.machine)

    @property
    def ramfb(self) -> bytes:
        """What the guest wrote into ``etc/ramfb`` (28 bytes, big endian); empty while it has not."""
        data = bytes(self.fw_cfg.files[RAMFB_FILE]) if self.fw_cfg else b""
        return data if any(data) else b""

    def snapshot(self) -> BuiltSnapshot:
        """Everything that changes once it is built; what was placed where does not."""
        return BuiltSnapshot(self.machine.snapshot(), self.guard.snapshot(), tuple(self.log))

    def restore(self, snapshot: BuiltSnapshot) -> None:
        """Go back, or on, to it."""
        self.machine.restore(snapshot.machine)
        self.guard.restore(snapshot.iommu)
        self.log[:] = snapshot.log
