"""What the firmware does between the display's ROM and the boot: QEMU's own option ROM, and its disk drivers."""

from __future__ import annotations

from fwsim.devices.pam import LOCKED_END
from fwsim.machine.machine import Machine
from fwsim.memory.ram import PAGE, Ram

BLOCK = 512
_ALIGN = 2048
_KVMVAPIC_BLOCKS = 18
_RETF = 0xCB
_AHCI = 0x010601
_COMMAND, _BUS_MASTER = 0x04, 4


def put_kvmvapic(ram: Ram, end: int) -> tuple[int, int] | None:
    """Put QEMU's kvmvapic.bin behind the ROMs, which end at ``end``; the pages that are writable from then on.

    Of its 9 KiB only header and checksum are here, and a far return. None where it finds no room. Sources: SeaBIOS
    src/optionroms.c (rom_reserve, run_file_roms); QEMU hw/i386/vapic.c, vapic_map_rom_writable, which lays the pages
    that it touches over PAM.
    """
    start, size = -(-end // _ALIGN) * _ALIGN, _KVMVAPIC_BLOCKS * BLOCK
    if start + size > LOCKED_END:
        return None
    code = b"\x55\xaa" + bytes((_KVMVAPIC_BLOCKS, _RETF))
    ram.write(start, code + bytes(size - len(code) - 1) + bytes((-sum(code) & 0xFF,)))
    return start // PAGE * PAGE, -(-(start + size) // PAGE) * PAGE


def start_disk_controllers(machine: Machine) -> None:
    """An AHCI's driver makes it bus master, disks or none (SeaBIOS src/hw/ahci.c, ahci_controller_setup)."""
    for function in machine.functions:
        if function.spec.qemu and function.spec.class_code == _AHCI:
            machine.pci.value[function.slot][_COMMAND >> 2] |= _BUS_MASTER
