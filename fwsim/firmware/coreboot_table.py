"""coreboot tells what it set up by a table in low memory; here it has the frame buffer, for a payload's VGA BIOS.

Source: coreboot src/commonlib/include/commonlib/coreboot_tables.h (lb_header, lb_framebuffer), src/lib/
coreboot_table.c, and src/arch/x86/tables.c: the search for it finds the first one at 500h, behind the BIOS data area.
The whole table lies there, without coreboot's own step by a forward record.
"""

from __future__ import annotations

import struct

from msgspec import Struct

TABLE_AT = 0x500
"""Where the table is put, below 1000h, up to which payloads look (SeaBIOS src/fw/coreboot.c, find_cb_table)."""
_HEADER, _FRAMEBUFFER = struct.Struct("<4sIIIII"), struct.Struct("<IIQIII9B3x")
_TAG_FRAMEBUFFER = 0x0012


class FrameBuffer(Struct, frozen=True):
    """A linear frame buffer as the CPU sees it: ``address`` of its first pixel, ``stride`` in bytes.

    ``bits`` a pixel; ``red``, ``green``, ``blue`` and ``reserved`` are (lowest bit, number of bits).
    """

    address: int
    width: int
    height: int
    stride: int
    bits: int
    red: tuple[int, int]
    green: tuple[int, int]
    blue: tuple[int, int]

    @property
    def reserved(self) -> tuple[int, int]:
        """The bits of a pixel above its colours."""
        end = max(at + count for at, count in (self.red, self.green, self.blue))
        return (end, self.bits - end) if end < self.bits else (0, 0)


def coreboot_table(shown: FrameBuffer | None) -> bytes:
    """The table with ``shown`` in it; None: with no record, as coreboot leaves it in text mode."""
    record = b""
    if shown is not None:
        masks = (number for mask in (shown.red, shown.green, shown.blue, shown.reserved) for number in mask)
        record = _FRAMEBUFFER.pack(
            _TAG_FRAMEBUFFER, _FRAMEBUFFER.size, shown.address, shown.width, shown.height, shown.stride, shown.bits,
            *masks,
        )  # fmt: skip
    else:
        record = struct.pack("<III", 0, 12, 0)  # LB_TAG_UNUSED: a table of no bytes at all is taken for none
    fields = [b"LBIO", _HEADER.size, 0, len(record), _checksum(record), 1]
    fields[2] = _checksum(_HEADER.pack(*fields))
    return _HEADER.pack(*fields) + record


def _checksum(data: bytes) -> int:
    """The Internet checksum of ``data`` (RFC 1071), low byte of a word first."""
    total = sum(int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data), 2))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF
