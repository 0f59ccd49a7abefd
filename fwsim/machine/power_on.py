"""A machine just switched on: the firmware's image in the flash, the ROM behind its BAR, nothing set up.

Sources: QEMU hw/i386/x86.c (x86_bios_rom_init: the image ends at 4 GiB, its last 128 KiB also at 1 MiB), hw/i386/pc.c
(pc_cmos_init, set_boot_dev) for CMOS, hw/vfio/pci.c (vfio_pci_size_rom) and hw/pci/pci.c (pci_add_option_rom) for a
ROM BAR of a power of two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from fwsim.board.fw_tables.acpi import acpi_files
from fwsim.board.fw_tables.files import fw_cfg_files, fw_cfg_keys
from fwsim.board.fw_tables.guest import Guest
from fwsim.cpu import cpuid
from fwsim.cpu.core import READ_ONLY
from fwsim.cpu.cpuid import Cpu
from fwsim.devices.apic import LAPIC_BASE
from fwsim.devices.diskette import SIGNATURE
from fwsim.devices.fw_cfg import FwCfg
from fwsim.devices.i8259 import Pic
from fwsim.devices.ide import NoDrives
from fwsim.devices.platform import Cmos, DebugPort, KeyboardController
from fwsim.machine.acpi_pm import AcpiPm
from fwsim.machine.interrupts import Interrupts
from fwsim.machine.machine import Machine
from fwsim.machine.plugged import ROM_REGISTER, Plugged
from fwsim.memory.ram import PAGE, Ram
from fwsim.native import R_RETRY, R_ROM_END, STOP_RESET, TRAP_FILL, TRAP_RDMSR, address_of

FOUR_GIB = 1 << 32
_IDE = (0x8086, 0x7010)
_PM = (0x7113, 0x2918)
_OPTION_ROMS_END = 0xE000
"""The segment up to which PC firmware puts option ROMs, at most."""
_BOOT_CPU, _APIC_ON = 1 << 8, 1 << 11
"""Of IA32_APIC_BASE (Intel SDM vol. 3, 11.4.4)."""
_LEAST_ROM = 0x800
HALTS = b"\xf4\xeb\xfd".ljust(510, b"\0") + SIGNATURE
"""A boot sector that halts: HLT, and a jump back to it. It is in drive A where the user gives no diskette."""
_BOOT_CA, _BOOT_D = 0x12, 0x30
"""CMOS 3Dh and 38h for QEMU's default ``-boot cad``: hard disk, floppy, CD; the boot sector's signature is checked."""


def switch_on(machine: Machine, image: bytes, cpu: Cpu, variables: bytes = b"") -> None:
    """Put ``image`` where the reset vector is, a flash with the firmware's ``variables`` below, and a ``cpu`` there."""
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
    machine.engine.answer_cpuid(cpuid.answers(cpu))
    machine.root[R_ROM_END] = _OPTION_ROMS_END
    if machine.engine.mode == "every":
        _help_wide_code(machine)
    else:
        machine.root[R_RETRY] = 0  # SeaBIOS opens the door for four instructions only (src/stacks.c, check_irqs)
    machine.pci.follow()
    machine.engine.power_on(cpuid.SIGNATURE)


def _help_wide_code(machine: Machine) -> None:
    """The registers that say that this is the boot processor, with its local APIC on; memory filled at one stroke."""
    from fwsim.cpu.fills import Fills
    from fwsim.cpu.msr import APIC_BASE, Msrs

    machine.watchers[TRAP_FILL] = Fills(machine.engine, machine.low).found
    machine.watchers[TRAP_RDMSR] = Msrs(machine.engine, {APIC_BASE: LAPIC_BASE | _BOOT_CPU | _APIC_ON}).found


def _add_chip(machine: Machine, base: int, data: bytes) -> None:
    """A flash that can be written."""
    from fwsim.devices.flash import Flash
    from fwsim.machine.callbacks_flash import flash_read, flash_write

    chip = Flash(machine.root, base, data)
    machine.add_device(chip)
    machine.windows.add_registers(base, chip.held, flash_read.address, flash_write.address, address_of(chip.block))


class Told(Struct, frozen=True):
    """What firmware that is executed finds: the guest that fw_cfg tells it of, and the diskette in drive A."""

    guest: Guest
    diskette: bytes = b""


def add_platform(
    machine: Machine, files: Mapping[str, bytes], line: Callable[[str], None], told: Told | None = None
) -> FwCfg:
    """The devices that every PC has, fw_cfg with ``files`` among them; ``line`` gets what the debug port is told.

    ``told``: real firmware runs.
    """
    pic, cmos, engine = Pic(), Cmos(machine.low, machine.high), machine.engine
    interrupts = machine.interrupts = Interrupts(machine, pic)
    if told is None:
        fw_cfg, keyboard = FwCfg(machine.ram, dict(files), machine.low), KeyboardController()
    else:
        cmos.bytes[0x3D], cmos.bytes[0x38] = _BOOT_CA, _BOOT_D
        guest = told.guest
        fw_cfg = FwCfg(
            machine.ram, fw_cfg_files(guest) | dict(files), machine.low, keys=fw_cfg_keys(guest),
            late=(lambda: acpi_files(replace(guest, ecam=_ecam(machine)))) if guest.acpi else None,
        )  # fmt: skip
        keyboard = KeyboardController(lambda: engine.stop(STOP_RESET))
    for device in (pic, interrupts, cmos, keyboard, DebugPort(line), fw_cfg):
        machine.add_device(device)
    if told is not None:
        from fwsim.machine.diskette_drive import plug_diskette

        plug_diskette(machine, told.diskette or HALTS)
    return fw_cfg


def _ecam(machine: Machine) -> int | None:
    return machine.pci.ecam[0] if machine.pci.ecam else None


def show_rom(machine: Machine, function: Plugged, image: bytes) -> None:
    """Put ``image`` behind the expansion ROM register of ``function``."""
    size = max(_LEAST_ROM, 1 << (len(image) - 1).bit_length())
    rom = Ram(-(-size // PAGE) * PAGE, "expansion ROM")
    rom.write(0, image.ljust(size, b"\xff"))
    machine.roms[function.slot] = rom
    machine.pci.set(function.slot, ROM_REGISTER, 4, 0, -size & 0xFFFFFFFF | 1)
    machine.pci.on_write(function.slot, ROM_REGISTER)
