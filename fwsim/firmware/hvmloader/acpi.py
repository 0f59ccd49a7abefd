"""The MCFG table that hvmloader makes by the MMCONFIG series, and what leads to it: RSDP, RSDT, XSDT.

Sources: PCI Firmware 3.0 4.1.2 for MCFG, ACPI 6.4 5.2.5 to 5.2.8 for the others; Xen tools/libacpi (build.c, acpi2_0.h,
static_tables.c) for what is in their headers; "libacpi: build ACPI MCFG table if requested" of the series for this one.
hvmloader's other tables are not made, and these lie at the start of the pages that it has for all of them.
"""

from __future__ import annotations

import struct

ACPI_END = 0xFC00B000
"""Where the ACPI tables end that begin at FC000000h: NVS in e820 since Xen 4.15 (commit de6d188a, 2020).

Guests of Xen 4.16 and 4.17 print that in their logs. It moves by pages with the tables: one with an IGD has FC00A000.
"""
TABLES = 0xFC001000
"""ACPI_MEMORY_DYNAMIC_START (config.h): each table at the next multiple of 16."""
RSDP = 0xEA020
"""ACPI_PHYSICAL_ADDRESS (rombios.c, ovmf.c); beside SeaBIOS it is copied into the F segment from elsewhere."""
_HEADER = struct.Struct("<4sIBB6s8sI4sI")
_OEM, _OEM_TABLE, _CREATOR = b"Xen", b"HVM", b"HVML"
_CHECKSUM, _EXTENDED_CHECKSUM, _SHORT_RSDP = 9, 32, 20


def tables(start: int, end: int) -> list[tuple[int, bytes]]:
    """(Address, bytes) of each table for an ECAM from ``start`` up to ``end``, of segment 0, from bus 0 on."""
    made: list[tuple[int, bytes]] = []

    def add(table: bytes) -> int:
        at = made[-1][0] + len(made[-1][1]) + 15 & -16 if made else TABLES
        made.append((at, table))
        return at

    buses = end - start >> 20
    mcfg = add(_table(b"MCFG", struct.pack("<QQHBBI", 0, start, 0, 0, buses - 1, 0)))
    xsdt = add(_table(b"XSDT", struct.pack("<Q", mcfg)))
    rsdt = add(_table(b"RSDT", struct.pack("<I", mcfg)))
    rsdp = bytearray(struct.pack("<8sB6sBIIQB3x", b"RSD PTR ", 0, _OEM, 2, rsdt, 36, xsdt, 0))
    rsdp[8] = -sum(rsdp[:_SHORT_RSDP]) & 0xFF
    rsdp[_EXTENDED_CHECKSUM] = -sum(rsdp) & 0xFF
    return [*made, (RSDP, bytes(rsdp))]


def _table(signature: bytes, body: bytes) -> bytes:
    size = _HEADER.size + len(body)
    table = bytearray(_HEADER.pack(signature, size, 1, 0, _OEM, _OEM_TABLE, 0, _CREATOR, 0) + body)
    table[_CHECKSUM] = -sum(table) & 0xFF
    return bytes(table)
