"""A machine just switched on: the firmware's image in the flash, the ROM behind its BAR, nothing set up.

Sources: QEMU hw/i386/x86.c (x86_bios_rom_init: the image ends at 4 GiB, its last 128 KiB also at 1 MiB), hw/i386/pc.c
(pc_cmos_init, set_boot_dev) for CMOS, hw/vfio/pci.c (vfio_pci_size_rom) and hw/pci/pci.c (pci_add_option_rom) for a
ROM BAR of a power of two.
"""

from __future__ import annotations

from fwsim.cpu import cpuid
from fwsim.cpu.engine import READ_ONLY
from fwsim.devices.platform import Cmos
from fwsim.machine.acpi_pm import AcpiPm
from fwsim.machine.machine import Machine
from fwsim.machine.plugged import ROM_REGISTER, Plugged
from fwsim.memory.ram import PAGE, Ram
from fwsim.native import R_ROM_END

FOUR_GIB = 1 << 32
_PM = (0x7113, 0x2918)
_OPTION_ROMS_END = 0xE000
"""The segment up to which PC firmware puts option ROMs, at most."""
_LEAST_ROM = 0x800
_BOOT_A, _BOOT_CD = 0x12, 0x30
"""CMOS 3Dh and 38h for QEMU's default ``-boot cad``: hard disk, floppy, CD; the boot sector's signature is checked."""


def switch_on(machine: Machine, image: bytes) -> None:
    """Put ``image`` where the reset vector is, and the CPU there."""
    flash = Ram(-(-len(image) // PAGE) * PAGE, "flash")
    flash.write(0, image)
    machine.windows.add_memory(FOUR_GIB - flash.size, flash, protection=READ_ONLY)
    machine.windows.shadow.bios = image
    for each in machine.functions:
        if each.spec.qemu and each.spec.vendor == 0x8086 and each.spec.device in _PM:
            machine.add_device(AcpiPm(machine, each.slot, each.spec.device))
    cpu = machine.scenario.cpu
    machine.engine.answer_cpuid(cpuid.answers(cpu))
    machine.root[R_ROM_END] = _OPTION_ROMS_END
    machine.pci.follow()
    machine.engine.power_on(cpuid.SIGNATURE)


def boot_order(cmos: Cmos) -> None:
    """CMOS says from what to boot."""
    cmos.bytes[0x3D], cmos.bytes[0x38] = _BOOT_A, _BOOT_CD


def show_rom(machine: Machine, function: Plugged, image: bytes) -> None:
    """Put ``image`` behind the expansion ROM register of ``function``."""
    size = max(_LEAST_ROM, 1 << (len(image) - 1).bit_length())
    rom = Ram(-(-size // PAGE) * PAGE, "expansion ROM")
    rom.write(0, image.ljust(size, b"\xff"))
    machine.roms[function.slot] = rom
    machine.pci.set(function.slot, ROM_REGISTER, 4, 0, -size & 0xFFFFFFFF | 1)
    machine.pci.on_write(function.slot, ROM_REGISTER)
