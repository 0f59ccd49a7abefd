"""The F segment and the BIOS data area: entry stubs, $PnP, PMM, the vectors, the BDA.

A stub is HLT followed by the return instruction: the engine stops at HLT, Python answers, execution goes on behind it.
Entry points that software knows by number are where IBM put them (IBM PC AT BIOS; SeaBIOS src/misc.c, src/romlayout.S).
"""

import struct

from fwsim.environment.bios.tables import checked, structures
from fwsim.memory.ram import Ram

NOON = 12 * 3600 * 1_193_182 // 65536
"""Ticks of 18.2 Hz from midnight to the time at which the CMOS clock stands."""

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
APM_ENTRY = 0xE070
"""APM in protected mode: nothing is done there."""
IRQ_LOW, IRQ_HIGH = 0xE074, 0xE078
"""Hardware interrupts without a handler of their own: the first and the second controller's."""
DEFAULT = 0xFF53
"""The vector of everything that has no handler."""
ENTRIES = {
    0x02: 0xE2C3, 0x05: 0xFF54, 0x08: 0xFEA5, 0x09: 0xE987, 0x0E: 0xEF57, 0x10: 0xF065, 0x11: 0xF84D, 0x12: 0xF841,
    0x13: 0xE3FE, 0x14: 0xE739, 0x15: 0xF859, 0x16: 0xE82E, 0x17: 0xEFD2, 0x18: 0xE6F0, 0x19: 0xE6F2, 0x1A: 0xFE6E,
    0x40: 0xEC59,
}  # fmt: skip
"""Vector to offset in the F segment."""
CONFIGURATION = 0xE6F5
"""The table of INT 15h AH=C0h."""
DISKETTE_TABLE = 0xEFC7
"""The diskette's parameters: INT 1Eh's vector, and where INT 13h AH=08h points."""
_LATER = {0x09: (IRQ_LOW, 0xE987), 0x0E: (IRQ_LOW, 0xEF57), 0x1E: (DEFAULT, DISKETTE_TABLE)}
"""Keyboard and diskette are set up after the display's ROM has run: the vector's offset before, and then."""
_TO_THE_USER = (0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x79)
EBDA = 0x9FC00


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
    for offset in (IRQ_LOW, IRQ_HIGH):
        ram.write(BASE + offset, bytes([HLT, IRET]))
    ram.write(BASE + APM_ENTRY, bytes([0xF9, RETF]))  # STC
    ram.write(BASE + CONFIGURATION, _configuration())
    ram.write(BASE + DISKETTE_TABLE, _DISKETTE)
    for offset, data in structures(BASE):
        ram.write(BASE + offset, data)
    ram.write(BASE + PNP_HEADER, _pnp())
    ram.write(BASE + PMM_HEADER, _pmm())
    ram.write(BASE + 0xFFF0, b"\xea\x5b\xe0\x00\xf0" + b"06/23/99\x00\xfc\x00")
    ram.write(0, struct.pack("<HH", DEFAULT, SEGMENT) * 256)
    for first, offset in ((0x08, IRQ_LOW), (0x70, IRQ_HIGH)):
        ram.write(4 * first, struct.pack("<HH", offset, SEGMENT) * 8)
    for vector, offset in ENTRIES.items():
        if vector not in _LATER:
            ram.write(4 * vector, struct.pack("<HH", offset, SEGMENT))
    for vector in _TO_THE_USER:
        ram.write(4 * vector, bytes(4))
    _data_area(ram)


def finish(ram: Ram) -> None:
    """What the firmware sets up after the display's ROM has run, where nobody has hooked the vector since."""
    for vector, (before, then) in _LATER.items():
        if ram.read(4 * vector, 4) == struct.pack("<HH", before, SEGMENT):
            ram.write(4 * vector, struct.pack("<HH", then, SEGMENT))


def _data_area(ram: Ram) -> None:
    """The BIOS data area when the display's ROM is called: what is about video is that ROM's to fill in."""
    ram.write(0x400, bytes(0x108))
    ram.put(0x40E, EBDA >> 4, 2)
    ram.put(0x410, 0x0006, 2)  # FPU, mouse
    ram.put(0x413, 639, 2)
    ram.write(EBDA, b"\x01")
    for at, value in ((0x41A, 0x1E), (0x41C, 0x1E), (0x480, 0x1E), (0x482, 0x3E)):
        ram.put(at, value, 2)
    ram.put(0x46C, NOON, 4)
    ram.put(0x496, 0x10, 1)


_DISKETTE = bytes.fromhex("af02 2502 121b ff6c f60f 08".replace(" ", ""))
"""Parameters of a 1.44 MB diskette (IBM PS/2 BIOS, INT 1Eh)."""


def _configuration() -> bytes:
    """INT 15h AH=C0h's table: model FCh, revision 1; second 8259, clock, INT 15h AH=4Fh, EBDA; INT 16h AH=09h."""
    return struct.pack("<HBBB5B", 8, 0xFC, 0x00, 0x01, 0x74, 0x40, 0, 0, 0)


def _pnp() -> bytes:
    """The plug and play installation check structure (Plug and Play BIOS 1.0a, 4.4), real-mode entry only."""
    entries = (PNP_ENTRY, SEGMENT, PNP_ENTRY, BASE, 0, SEGMENT, BASE)
    return checked(struct.pack("<4sBBHBIHHHIIHI", b"$PnP", 0x10, 0x21, 0, 0, 0, *entries), 8)


def _pmm() -> bytes:
    """The POST memory manager's structure (PMM specification 1.01, 3.1.1)."""
    return checked(struct.pack("<4sBBBHH5s", b"$PMM", 1, 16, 0, PMM_ENTRY, SEGMENT, bytes(5)), 6)
