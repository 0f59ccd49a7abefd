"""The fw_cfg files and keys of a guest, as QEMU 7.2 has them by itself.

Source: QEMU hw/i386/fw_cfg.c (fw_cfg_arch_create), hw/nvram/fw_cfg.c, hw/i386/pc.c, hw/isa/lpc_ich9.c,
docs/specs/fw_cfg.rst; names, order and sizes read from a running 7.2. Left out is `genroms/kvmvapic.bin`, an option ROM
of QEMU's own: a caller that has it adds it.
"""

from __future__ import annotations

import struct

from fwsim.board.fw_tables.acpi import acpi_files
from fwsim.board.fw_tables.dsdt import HPET_BASE
from fwsim.board.fw_tables.guest import Guest
from fwsim.firmware.qemu_smbios import smbios

UUID, RAM_SIZE, NB_CPUS, NUMA, BOOT_MENU, MAX_CPUS = 0x02, 0x03, 0x05, 0x0D, 0x0E, 0x0F
IRQ0_OVERRIDE, HPET = 0x8002, 0x8004
_HPET_BLOCKS, _TIMER = 8, 0x8086A201
_THERE = 0x80
_NO_RETRY = 0xFFFFFFFF
_SMI_FEATURES = 0x07
"""Broadcast, CPU hotplug, CPU hot-unplug (include/hw/i386/ich9.h)."""


def fw_cfg_files(guest: Guest) -> dict[str, bytes]:
    """Name to content, unsorted: everything but what a device brings with it."""
    made = smbios(guest.machine, guest.e820, guest.slots, guest.release, guest.uuid, guest.cpuid)
    files = {
        "bios-geometry": b"",
        "bootorder": "\n".join(guest.boot).encode() + b"\0" if guest.boot else b"",
        "etc/boot-fail-wait": _NO_RETRY.to_bytes(4, "little"),
        "etc/e820": b"".join(struct.pack("<QQI", *row) for row in guest.e820),
        "etc/smbios/smbios-anchor": made.anchor,
        "etc/smbios/smbios-tables": made.tables,
    }
    if guest.menu_wait is not None:
        files["etc/boot-menu-wait"] = guest.menu_wait.to_bytes(2, "little")
    if guest.machine == "q35":
        files["etc/smi/supported-features"] = _SMI_FEATURES.to_bytes(8, "little")
        files["etc/smi/requested-features"] = bytes(8)
        files["etc/smi/features-ok"] = b"\1"
    if guest.machine == "q35" or guest.acpi:
        files["etc/system-states"] = _system_states(guest)
    if guest.acpi:
        files |= acpi_files(guest) | {"etc/tpm/log": b""}
    return files


def fw_cfg_keys(guest: Guest) -> dict[int, bytes]:
    """Numeric key to content, but for signature, features and directory, which are the device's own."""
    ram = sum(size for _, size in guest.ram)
    return {
        UUID: guest.uuid,
        RAM_SIZE: ram.to_bytes(8, "little"),
        NB_CPUS: guest.cpus.to_bytes(2, "little"),
        NUMA: bytes(8 * (1 + guest.slots)),
        BOOT_MENU: int(guest.menu).to_bytes(2, "little"),
        MAX_CPUS: guest.slots.to_bytes(2, "little"),
        IRQ0_OVERRIDE: (1).to_bytes(4, "little"),
        HPET: b"\1" + struct.pack("<IQHB", _TIMER, HPET_BASE, 0, 0).ljust(15 * _HPET_BLOCKS, b"\0"),
    }


def _system_states(guest: Guest) -> bytes:
    """S0 to S5: bit 7 says that there is such a state, the rest what goes into SLP_TYP. SeaBIOS and OVMF read S3's.

    Source: hw/acpi/core.c, acpi_pm1_cnt_init.
    """
    return bytes((_THERE, 0, 0, 1 | _THERE * guest.s3, 2 | _THERE * guest.s4, _THERE))
