"""The ACPI tables of a pc or q35: RSDP, RSDT, FADT, FACS, DSDT, MADT, HPET, WAET, and MCFG where ECAM is on.

Sources: ACPI 1.0b and 3.0 for the FADT's two forms, ACPI 6.4 chapter 5 for the rest, IA-PC HPET 1.0a 3.2.4, PCI
Firmware 3.0 4.1.2, Windows ACPI Emulated Devices Table. What is in them: QEMU hw/i386/acpi-build.c and acpi-common.c,
every table but the DSDT compared with QEMU 7.2's.
"""

from __future__ import annotations

import struct

from msgspec import Struct, field

from fwsim.board.fw_tables.dsdt import (
    ECAM_SIZE,
    GPE0_ICH9,
    GPE0_ICH9_SIZE,
    GPE0_PIIX4,
    GPE0_PIIX4_SIZE,
    HPET_BASE,
    dsdt,
)
from fwsim.board.fw_tables.guest import Guest
from fwsim.board.fw_tables.loader import Loader, Zone
from fwsim.board.setup import PM_BASE
from fwsim.devices.fw_cfg import LOADER, RSDP, TABLES
from fwsim.firmware.qemu_tables import ACPI_TABLES, TABLE_LOADER

HEADER = struct.Struct("<4sIBB6s8sI4sI")
_CHECKSUM = 9
_OEM, _OEM_TABLE, _CREATOR = b"BOCHS ", b"BXPC    ", b"BXPC"
_ALIGN = 64
_APM_CONTROL = 0xB2
_SCI = 9
_SLOW = 0x0FFF
"""C2 and C3 take longer than ACPI allows: there are none."""
_CENTURY = 0x32
_KEYBOARD_CONTROLLER = 2
_FIXED_FLAGS, _RESET_REGISTER, _CLUSTERS = 0x80A5, 1 << 10, 1 << 18
"""WBINVD works, C1, no sleep button, the clock wakes from S4, HPET is the clock to take. Clusters of APICs
are a must where there are more than a flat destination has bits."""
_FLAT_MOST = 8
_PIC_TOO = 1
_RESET_PORT, _RESET = 0xCF9, 0x0F
_LOCAL_APIC, _IO_APIC = 0xFEE00000, 0xFEC00000
_LEVEL_HIGH = 0x000D
_TO_ALL = 0xFF
_X2APIC_FROM = 255
_TIMER = 0x8086A201
"""HPET's event timer block: QEMU's, Intel, 64 bits, three comparators, legacy replacement."""
_GOOD_PM_TIMER = 2


class _Tables(Struct):
    """The blob as it grows, with the commands that go with it, and where each table of the RSDT's starts."""

    blob: bytearray = field(default_factory=bytearray)
    loader: Loader = field(default_factory=Loader)
    listed: list[int] = field(default_factory=list)

    def add(self, signature: bytes, revision: int, body: bytes, pointers: tuple[tuple[int, int], ...] = ()) -> int:
        """One table with the header's checksum left to the loader; ``pointers`` are (offset in the table, size).

        Returns its offset.
        """
        start, size = len(self.blob), HEADER.size + len(body)
        self.blob += HEADER.pack(signature, size, revision, 0, _OEM, _OEM_TABLE, 1, _CREATOR, 1) + body
        for offset, width in pointers:
            self.loader.add_pointer(TABLES, start + offset, TABLES, width)
        self.loader.add_checksum(TABLES, start + _CHECKSUM, start, size)
        return start

    def listed_table(self, signature: bytes, body: bytes) -> None:
        self.listed.append(self.add(signature, 1, body))


def acpi_files(guest: Guest) -> dict[str, bytes]:
    """The tables, the RSDP and the loader's commands, as `fw_cfg` files."""
    made = _Tables()
    made.loader.allocate(RSDP, 16, Zone.FSEG)
    made.loader.allocate(TABLES, _ALIGN, Zone.HIGH)
    facs = len(made.blob)
    made.blob += struct.pack("<4sI", b"FACS", 64).ljust(64, b"\0")
    block = made.add(b"DSDT", 1, dsdt(guest))
    revision, body, pointers = _fadt(guest, facs, block)
    made.listed.append(made.add(b"FACP", revision, body, pointers))
    made.listed_table(b"APIC", _madt(guest.slots, guest.cpus))
    made.listed_table(b"HPET", struct.pack("<IBBHQBHB", _TIMER, 0, 0, 0, HPET_BASE, 0, 0, 0))
    if guest.ecam is not None:
        buses = ECAM_SIZE >> 20
        made.listed_table(b"MCFG", struct.pack("<QQHBBI", 0, guest.ecam, 0, 0, buses - 1, 0))
    made.listed_table(b"WAET", struct.pack("<I", _GOOD_PM_TIMER))
    entries = [(HEADER.size + 4 * number, 4) for number in range(len(made.listed))]
    rsdt = made.add(b"RSDT", 1, struct.pack(f"<{len(made.listed)}I", *made.listed), tuple(entries))
    rsdp = struct.pack("<8sB6sBI", b"RSD PTR ", 0, _OEM, 0, rsdt)
    made.loader.add_pointer(RSDP, 16, TABLES)
    made.loader.add_checksum(RSDP, 8, 0, len(rsdp))
    made.blob += bytes(-len(made.blob) % ACPI_TABLES)
    return {TABLES: bytes(made.blob), RSDP: rsdp, LOADER: made.loader.file(TABLE_LOADER)}


def _fadt(guest: Guest, facs: int, block: int) -> tuple[int, bytes, tuple[tuple[int, int], ...]]:
    """(Revision, body, pointers): ACPI 1.0's 116 bytes on an i440FX, 3.0's 244 with a reset register on a q35."""
    q35 = guest.machine == "q35"
    gpe, gpe_size = (GPE0_ICH9, GPE0_ICH9_SIZE) if q35 else (GPE0_PIIX4, GPE0_PIIX4_SIZE)
    acpi_on, acpi_off = (2, 3) if q35 else (0xF1, 0xF0)
    event, control, timer = PM_BASE, PM_BASE + 4, PM_BASE + 8
    flags = _FIXED_FLAGS | (_RESET_REGISTER if q35 else 0) | (_CLUSTERS if guest.slots > _FLAT_MOST else 0)
    body = struct.pack(
        "<IIBBHIBBBB8I8BHHHH5BHBI", facs, block, 1, 0, _SCI, _APM_CONTROL, acpi_on, acpi_off, 0, 0,
        event, 0, control, 0, 0, timer, gpe, 0, 4, 2, 0, 4, gpe_size, 0, 0, 0,
        _SLOW, _SLOW, 0, 0, 0, 0, 0, 0, _CENTURY, _KEYBOARD_CONTROLLER if q35 else 0, 0, flags,
    )  # fmt: skip
    pointers = ((36, 4), (40, 4))
    if not q35:
        return 1, body, pointers
    nothing = bytes(12)
    body += _port(_RESET_PORT, 8) + struct.pack("<B3xQQ", _RESET, 0, block)
    body += _port(event, 32) + nothing + _port(control, 16) + nothing + nothing + _port(timer, 32)
    body += _port(gpe, 8 * gpe_size) + nothing
    return 3, body, (*pointers, (140, 8))


def _port(address: int, bits: int) -> bytes:
    """A generic address in I/O space (ACPI 6.4, 5.2.3.2), of no said access size."""
    return struct.pack("<BBBBQ", 1, bits, 0, 0, address)


def _madt(slots: int, cpus: int) -> bytes:
    """Local APICs, those of CPUs that are not there yet disabled; the I/O APIC; the lines that are not ISA's."""
    body = struct.pack("<II", _LOCAL_APIC, _PIC_TOO)
    for number in range(slots):
        enabled = int(number < cpus)
        if number < _X2APIC_FROM:
            body += struct.pack("<BBBBI", 0, 8, number, number, enabled)
        else:
            body += struct.pack("<BBHIII", 9, 16, 0, number, enabled, number)
    body += struct.pack("<BBBBII", 1, 12, 0, 0, _IO_APIC, 0)
    for source, line, flags in ((0, 2, 0), *((each, each, _LEVEL_HIGH) for each in (5, 9, 10, 11))):
        body += struct.pack("<BBBBIH", 2, 10, 0, source, line, flags)
    if slots > _X2APIC_FROM:
        body += struct.pack("<BBHIB3x", 0x0A, 12, 0, 0xFFFFFFFF, 1)
    return body + struct.pack("<BBBHB", 4, 6, _TO_ALL, 0, 1)
