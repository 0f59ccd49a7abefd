"""The structures that software finds by their signature on a paragraph of the F segment.

They are valid, and tell of little: the ACPI and SMBIOS tables of the machine are not modelled, so RSDT and the SMBIOS
table are empty. SeaBIOS has each of them when the first option ROM runs (measured); where they lie is the build's.
"""

import struct

from fwsim.environment.bios.pcibios import routing_slots

_OEM = b"FWSIM "
_AT = 0xD000
"""Offset of the first one; they follow each other on paragraphs."""
_BIOS32_CODE = b"\xb0\x80\xcb"
"""32-bit code: AL = 80h, the service is not there (BIOS32 Service Directory 1.0); far return."""
_ROUTER, _COMPATIBLE = 0x08, 0x122E8086
_LOCAL_APIC = 0xFEE00000
_END_OF_TABLE = b"\x7f\x04\0\x7f\0\0"
"""SMBIOS type 127, handle 7F00h."""


def checked(data: bytes, at: int) -> bytes:
    """``data`` with the byte at ``at`` such that all sum to 0."""
    made = bytearray(data)
    made[at] = 0
    made[at] = -sum(made) & 0xFF
    return bytes(made)


def structures(base: int) -> list[tuple[int, bytes]]:
    """(offset in the F segment, bytes) of each; ``base`` is that segment's address."""
    rows: list[tuple[int, bytes]] = []

    def put(data: bytes) -> int:
        """The address at which ``data`` now lies."""
        last, before = rows[-1] if rows else (_AT, b"")
        offset = last + len(before) + 15 & ~15
        rows.append((offset, data))
        return base + offset

    entry = put(_BIOS32_CODE)
    put(checked(struct.pack("<4sIBBB5x", b"_32_", entry, 0, 1, 0), 10))
    put(_routing())
    table = put(_processors())
    put(checked(struct.pack("<4sIBBB5x", b"_MP_", table, 1, 4, 0), 10))
    root = put(checked(struct.pack("<4sIBB6s8sI4sI", b"RSDT", 36, 1, 0, _OEM, _OEM, 1, b"FWSM", 1), 9))
    put(checked(struct.pack("<8sB6sBI", b"RSD PTR ", 0, _OEM, 0, root), 8))
    put(_management(put(_END_OF_TABLE)))
    return rows


def _routing() -> bytes:
    """$PIR: the table of INT 1Ah B10Eh behind its header (PCI BIOS 2.1, 4.6 and Microsoft's PIR specification)."""
    slots = routing_slots()
    head = struct.pack("<4sHHBBHII11xB", b"$PIR", 0x0100, 32 + len(slots), 0, _ROUTER, 0, _COMPATIBLE, 0, 0)
    return checked(head + slots, 31)


def _processors() -> bytes:
    """The MP configuration table of one processor, enabled and the boot one (MultiProcessor Specification 1.4, 4)."""
    processor = struct.pack("<BBBBII8x", 0, 0, 0x14, 3, 0x0600, 0x0201)
    head = struct.pack(
        "<4sHBB8s12sIHHIHBB", b"PCMP", 44 + len(processor), 4, 0, _OEM, _OEM, 0, 0, 1, _LOCAL_APIC, 0, 0, 0
    )
    return checked(head + processor, 7)


def _management(table: int) -> bytes:
    """_SM_: the entry point of SMBIOS 2.8 (5.2.1) for a ``table`` of nothing but its end."""
    inner = checked(struct.pack("<5sBHIHB", b"_DMI_", 0, len(_END_OF_TABLE), table, 1, 0x28), 5)
    return checked(struct.pack("<4sBBBBHB5x", b"_SM_", 0, 31, 2, 8, len(_END_OF_TABLE), 0) + inner, 4)
