"""The F segment and the BIOS data area: entry stubs, $PnP, PMM, the vectors, the BDA.

A stub is HLT followed by the return instruction: the engine stops at HLT, Python answers, execution goes on behind it.
Entry points that software knows by number are where IBM put them (IBM PC AT BIOS; SeaBIOS src/misc.c, src/romlayout.S).
"""

import struct

from fwsim.memory.ram import Ram

SEGMENT = 0xF000
BASE = SEGMENT << 4
HLT, IRET, RETF = 0xF4, 0xCF, 0xCB
ROM_RETURN = 0xE000
"""Where a far call into an option ROM comes back to."""
CALL_RETURN = 0xE004
"""Where an INT made from outside comes back to."""
PMM_ENTRY = 0xE010
PNP_ENTRY = 0xE014
PNP_HEADER = 0xE020
PMM_HEADER = 0xE050
IRQ0_TAIL = 0xE060
DEFAULT = 0xFF53
"""The vector of everything that has no handler."""
ENTRIES = {
    0x05: 0xFF54, 0x08: 0xFEA5, 0x09: 0xE987, 0x0E: 0xEF57, 0x10: 0xF065, 0x11: 0xF84D, 0x12: 0xF841, 0x13: 0xE3FE,
    0x14: 0xE739, 0x15: 0xF859, 0x16: 0xE82E, 0x17: 0xEFD2, 0x18: 0xE6F0, 0x19: 0xE6F2, 0x1A: 0xFE6E,
}  # fmt: skip
"""Vector to offset in the F segment."""
EBDA = 0x9FC00
STACK = 0x7000
"""SS:SP 0000:7000 when a ROM is called: below what SeaBIOS hands out as low memory."""


def build(ram: Ram, low: int) -> None:
    """Write segment, vectors and data area into ``ram``; ``low`` is the end of RAM below 4 GiB, in bytes."""
    ram.write(BASE, bytes([0xFF]) * 0x10000)
    for offset in (*ENTRIES.values(), DEFAULT):
        ram.write(BASE + offset, bytes([HLT, IRET]))
    ram.write(BASE + DEFAULT, bytes([IRET]))
    ram.write(BASE + ENTRIES[0x08], bytes([HLT, 0xCD, 0x1C, HLT, IRET]))  # count the tick, INT 1Ch, end of interrupt
    for offset in (ROM_RETURN, CALL_RETURN):
        ram.write(BASE + offset, bytes([HLT]))
    for offset in (PMM_ENTRY, PNP_ENTRY):
        ram.write(BASE + offset, bytes([HLT, RETF]))
    ram.write(BASE + PNP_HEADER, _pnp())
    ram.write(BASE + PMM_HEADER, _pmm())
    ram.write(BASE + 0xFFF0, b"\xea\x5b\xe0\x00\xf0" + b"06/23/99\x00\xfc\x00")
    ram.write(0, struct.pack("<HH", DEFAULT, SEGMENT) * 256)
    for vector, offset in ENTRIES.items():
        ram.write(4 * vector, struct.pack("<HH", offset, SEGMENT))
    for vector in (0x1D, 0x1F, 0x41, 0x46, 0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66):
        ram.write(4 * vector, bytes(4))  # tables nobody has, and vectors left to the user
    _data_area(ram)


def _data_area(ram: Ram) -> None:
    ram.write(0x400, bytes(0x100))
    ram.put(0x40E, EBDA >> 4, 2)
    ram.put(0x410, 0x0026, 2)  # FPU, 80x25 colour, mouse
    ram.put(0x413, 639, 2)
    ram.write(EBDA, b"\x01")
    for at, value in ((0x41A, 0x1E), (0x41C, 0x1E), (0x480, 0x1E), (0x482, 0x3E)):
        ram.put(at, value, 2)
    ram.put(0x463, 0x3D4, 2)
    ram.put(0x496, 0x10, 1)


def _checked(data: bytearray, at: int) -> bytes:
    data[at] = -sum(data) & 0xFF
    return bytes(data)


def _pnp() -> bytes:
    """The plug and play installation check structure (Plug and Play BIOS 1.0a, 4.4), real-mode entry only."""
    entries = (PNP_ENTRY, SEGMENT, PNP_ENTRY, BASE, 0, SEGMENT, BASE)
    data = bytearray(struct.pack("<4sBBHBIHHHIIHI", b"$PnP", 0x10, 0x21, 0, 0, 0, *entries))
    return _checked(data, 8)


def _pmm() -> bytes:
    """The POST memory manager's structure (PMM specification 1.01, 3.1.1)."""
    data = bytearray(struct.pack("<4sBBBHH5s", b"$PMM", 1, 16, 0, PMM_ENTRY, SEGMENT, bytes(5)))
    return _checked(data, 6)
