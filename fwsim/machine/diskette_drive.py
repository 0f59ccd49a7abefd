"""A diskette drive is plugged in: the DMA controllers, the diskette controller, and what CMOS says of them.

QEMU's `pc` and `q35` have the controller as isa-fdc once they are given a diskette (hw/i386/pc.c, pc_superio_init);
CMOS is as its pc_cmos_init_late leaves it.
"""

from __future__ import annotations

from fwsim.devices.diskette import Diskette
from fwsim.devices.dma8237 import Dma
from fwsim.devices.floppy import IRQ_LINE, Floppy
from fwsim.devices.platform import Cmos
from fwsim.machine.machine import Machine

_DRIVE_TYPES, _EQUIPMENT = 0x10, 0x14
_ONE_DRIVE = 0x01


def plug_diskette(machine: Machine, image: bytes) -> Floppy:
    """Plug the controller in, ``image`` in drive A; the machine has its platform. Raises FwsimError as ``Diskette``."""
    interrupts = machine.interrupts
    assert interrupts is not None

    def store(address: int, data: bytes) -> None:
        """RAM below the end takes it; beyond, there is nothing."""
        if address + len(data) <= machine.low:
            machine.ram.write(address, data)
            machine.engine.forget_code(address, len(data))

    medium, dma = Diskette(image), Dma(store)
    floppy = Floppy(medium, dma, lambda level: interrupts.isa(IRQ_LINE, level))
    machine.add_device(dma)
    machine.add_device(floppy)
    for device in machine.devices:
        if isinstance(device, Cmos):
            device.bytes[_DRIVE_TYPES] = medium.format.drive << 4
            device.bytes[_EQUIPMENT] |= _ONE_DRIVE
    return floppy
