"""A device's DMA on an Arm host: the SMMU leads it through the guest's stage 2, or says that it leads nowhere."""

from __future__ import annotations

from fwsim.devices.edu import Memory
from fwsim.devices.smmu_lines import Smmu
from fwsim.machine.arm import ArmMachine
from fwsim.machine.regions import Registers
from fwsim.native import R_TIME
from fwsim.trace.event import Actor, Flag, Op, Space


class DmaOf:
    """DMA of every device of one guest: Xen's SMMU drivers share the guest's stage 2, so it reaches RAM, and the BARs
    that are mapped, as the guest does. Whether a host's bridges pass what goes from device to device is not asked.
    """

    def __init__(self, smmu: Smmu) -> None:
        self.smmu = smmu
        self._machine: ArmMachine | None = None

    def reaches(self, machine: ArmMachine) -> None:
        """The machine whose RAM it is."""
        self._machine = machine

    def of(self, stream: int) -> Memory:
        """The DMA of the device with this stream id, as a modelled device asks for it."""
        return _Stream(self, stream)

    def read(self, stream: int, address: int, size: int) -> bytes | None:
        """What the device reads; None where it leads nowhere."""
        if bar := self._bar(address, size):
            behind, offset = bar
            return b"".join(behind.read(offset + at, 1).to_bytes(1, "little") for at in range(size))
        machine = self._found(stream, address, size, write=False)
        return machine.ram.read(address - machine.base, size) if machine else None

    def write(self, stream: int, address: int, data: bytes) -> bool:
        """Whether the device's write reached anything."""
        if bar := self._bar(address, len(data)):
            behind, offset = bar
            for at, byte in enumerate(data):
                behind.write(offset + at, 1, byte)
            return True
        machine = self._found(stream, address, len(data), write=True)
        if machine is None:
            return False
        machine.ram.write(address - machine.base, data)
        return True

    def _bar(self, address: int, size: int) -> tuple[Registers, int] | None:
        """What stage 2 maps there, over RAM too, and the offset in it; None where no mapping has all of it."""
        assert self._machine is not None
        mapping = self._machine.domain.stage2.at(address)
        if mapping is None or address + size > mapping.end:
            return None
        return self._machine.host.at(mapping.host + address - mapping.guest)

    def _found(self, stream: int, address: int, size: int, write: bool) -> ArmMachine | None:
        machine = self._machine
        assert machine is not None
        if machine.base <= address and address + size <= machine.base + machine.ram.size:
            return machine
        now = int(machine.root[R_TIME])
        self.smmu.fault(now, stream, address, write)
        op = Op.WRITE if write else Op.READ
        machine.recorder.append(
            (now, 0, address, stream, stream, 0, int(Flag.FAULTED), Actor.IOMMU, Space.IOMMU, op, 4)
        )
        return None


class _Stream:
    def __init__(self, dma: DmaOf, stream: int) -> None:
        self._dma, self._stream = dma, stream

    def read(self, address: int, size: int) -> bytes | None:
        return self._dma.read(self._stream, address, size)

    def write(self, address: int, data: bytes) -> bool:
        return self._dma.write(self._stream, address, data)
