"""What does an OpRegion hold when the host's own is not at hand? One made from a VBT.

Layout: Intel ACPI IGD OpRegion specification 1.0: header 0-FFh (signature, size in KiB at 10h, version at 14h, mailboxes at
58h), ACPI mailbox 100h, SWSCI 200h, ASLE 300h, VBT 400h-1BFFh.
"""

import struct

SIZE = 0x2000
VBT_AT, VBT_ROOM = 0x400, 0x1800
SIGNATURE = b"IntelGraphicsMem"


def build_opregion(vbt: bytes) -> bytes:
    """8 KiB: version 2.0, mailboxes 1-4 (bits 0, 1, 2, 3), ``vbt`` in mailbox 4 (cut off at 6 KiB: it has no more room)."""
    region = bytearray(SIZE)
    struct.pack_into("<16sIHH", region, 0, SIGNATURE, SIZE >> 10, 0, 0x0200)
    struct.pack_into("<I", region, 0x58, 0xF)
    region[VBT_AT : VBT_AT + min(len(vbt), VBT_ROOM)] = vbt[:VBT_ROOM]
    return bytes(region)
