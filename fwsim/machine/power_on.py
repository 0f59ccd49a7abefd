"""A machine just switched on: the firmware's image in the flash, the ROM behind its BAR, nothing set up.

Sources: QEMU hw/i386/x86.c (x86_bios_rom_init: the image ends at 4 GiB, its last 128 KiB also at 1 MiB), hw/i386/pc.c
(pc_cmos_init, set_boot_dev) for CMOS, hw/vfio/pci.c (vfio_pci_size_rom) and hw/pci/pci.c (pci_add_option_rom) for a
ROM BAR of a power of two.
"""

from __future__ import annotations

from fwsim.cpu import cpuid
from fwsim.cpu.engine import READ_ONLY
from fwsim.devices.apic import LAPIC_BASE
from fwsim.devices.ide import NoDrives
from fwsim.devices.platform import Cmos
from fwsim.machine.acpi_pm import AcpiPm
from fwsim.machine.machine import Machine
from fwsim.machine.plugged import ROM_REGISTER, Plugged
from fwsim.memory.ram import PAGE, Ram
from fwsim.native import R_ROM_END, TRAP_RDMSR, address_of

FOUR_GIB = 1 << 32
_IDE = (0x8086, 0x7010)
_PM = (0x7113, 0x2918)
_OPTION_ROMS_END = 0xE000
"""The segment up to which PC firmware puts option ROMs, at most."""
_BOOT_CPU, _APIC_ON = 1 << 8, 1 << 11
"""Of IA32_APIC_BASE (Intel SDM vol. 3, 11.4.4)."""
_LEAST_ROM = 0x800
_BOOT_A, _BOOT_CD = 0x12, 0x30
"""CMOS 3Dh and 38h for QEMU's default ``-boot cad``: hard disk, floppy, CD; the boot sector's signature is checked."""


def switch_on(machine: Machine, image: bytes, variables: bytes = b"") -> None:
    """Put ``image`` where the reset vector is, the flash with the firmware's ``variables`` below, and the CPU there."""
    flash = Ram(-(-len(image) // PAGE) * PAGE, "flash")
    flash.write(0, image)
    machine.windows.add_memory(FOUR_GIB - flash.size, flash, protection=READ_ONLY)
    machine.windows.shadow.bios = image
    if variables:
        _add_chip(machine, FOUR_GIB - flash.size - len(variables), variables)
    for each in machine.functions:
        if each.spec.qemu and each.spec.vendor == 0x8086 and each.spec.device in _PM:
            machine.add_device(AcpiPm(machine, each.slot, each.spec.device))
        if each.spec.qemu and (each.spec.vendor, each.spec.device) == _IDE and machine.engine.mode == "every":
            machine.add_device(NoDrives())
    cpu = machine.scenario.cpu
    machine.engine.answer_cpuid(cpuid.answers(cpu))
    machine.root[R_ROM_END] = _OPTION_ROMS_END
    if machine.engine.mode == "every":
        from fwsim.cpu.msr import APIC_BASE, Msrs

        machine.watchers[TRAP_RDMSR] = Msrs(machine.engine, {APIC_BASE: LAPIC_BASE | _BOOT_CPU | _APIC_ON}).found
    machine.pci.follow()
    machine.engine.power_on(cpuid.SIGNATURE)


def _add_chip(machine: Machine, base: int, data: bytes) -> None:
    """A flash that can be written."""
    from fwsim.devices.flash import Flash
    from fwsim.machine.callbacks_flash import flash_read, flash_write

    chip = Flash(machine.root, base, data)
    machine.add_device(chip)
    machine.windows.add_registers(base, chip.held, flash_read.address, flash_write.address, address_of(chip.block))


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
