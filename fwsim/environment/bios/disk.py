"""The disk's services: what INT 13h, and INT 40h, answer for the diskette in drive A (SeaBIOS src/disk.c, floppy_13).

There is no other drive, and without a diskette none. The medium is write protected; a read takes no time.
"""

from __future__ import annotations

from collections.abc import Callable

from fwsim.devices.diskette import SECTOR, Diskette
from fwsim.environment.bios.context import CARRY, Context
from fwsim.environment.bios.segment import DISKETTE_TABLE, SEGMENT

_LAST_STATUS, _EQUIPMENT, _ONE_DRIVE = 0x441, 0x410, 0x01
_INVALID, _PROTECTED, _CHANGED, _BOUNDARY = 0x01, 0x03, 0x06, 0x09
_MOST = 128


def insert(c: Context, medium: Diskette) -> None:
    """Put ``medium`` into drive A; the equipment word says that there is one."""
    c.medium = medium
    c.ram.put(_EQUIPMENT, c.ram.word(_EQUIPMENT, 2) | _ONE_DRIVE, 2)


def disk(c: Context) -> None:
    """INT 13h, INT 40h: drive A by AH; any other drive, and any other AH: invalid function or drive."""
    medium = c.medium
    if medium is None:
        c.fail(_INVALID)
        return
    function = _FUNCTIONS.get(c.get("ah")) if c.get("dl") == 0 else None
    _end(c, function(c, medium) if function else _INVALID)


def _end(c: Context, status: int | None) -> None:
    """AH, CF and the BIOS data area's last status; None: the function saw to them."""
    if status is None:
        return
    c.ram.put(_LAST_STATUS, status, 1)
    if status:
        c.fail(status)
    else:
        c.succeed()


def _reset(c: Context, medium: Diskette) -> int:
    return 0


def _last_status(c: Context, medium: Diskette) -> None:
    status = c.ram.word(_LAST_STATUS, 1)
    c.set("ah", status)
    c.flag(CARRY, bool(status))


def _place(c: Context, medium: Diskette) -> int | None:
    """The first sector's number by CH, CL and DH, AL of them at most 128; None: there is no such place."""
    shape, count, sector = medium.format, c.get("al"), c.get("cl") & 0x3F
    cylinder, head = c.get("ch") | (c.get("cl") & 0xC0) << 2, c.get("dh")
    inside = cylinder < shape.cylinders and head < shape.heads and 1 <= sector <= shape.sectors
    return medium.number(cylinder, head, sector) if inside and 1 <= count <= _MOST else None


def _read(c: Context, medium: Diskette) -> int:
    """AH=02h: AL sectors to ES:BX, on over the ends of tracks. A buffer over a 64 KiB boundary is DMA's error."""
    first, count = _place(c, medium), c.get("al")
    if first is None:
        return _INVALID
    at, size = c.far("es", "bx"), count * SECTOR
    if at >> 16 != at + size - 1 >> 16:
        c.set("al", 0)
        return _BOUNDARY
    c.ram.write(at, b"".join(medium.sector(first + number) for number in range(count)))
    c.cpu.flush_code()
    return 0


def _verify(c: Context, medium: Diskette) -> int:
    return _INVALID if _place(c, medium) is None else 0


def _write(c: Context, medium: Diskette) -> int:
    """AH=03h, 05h: write protected."""
    if c.get("ah") == 0x03 and _place(c, medium) is None:
        return _INVALID
    c.set("al", 0)
    return _PROTECTED


def _parameters(c: Context, medium: Diskette) -> int:
    """AH=08h: the last cylinder, head and sector, the drive's type, how many drives; the parameter table in ES:DI."""
    shape = medium.format
    last = shape.cylinders - 1
    c.set("bx", shape.drive)
    c.set("cx", (last & 0xFF) << 8 | last >> 2 & 0xC0 | shape.sectors)
    c.set("dx", (shape.heads - 1) << 8 | 1)
    c.set("es", SEGMENT)
    c.set("di", DISKETTE_TABLE)
    c.set("al", 0)
    return 0


def _type(c: Context, medium: Diskette) -> None:
    """AH=15h: a diskette drive without a change line."""
    _end(c, 0)
    c.set("ah", 1)


def _changed(c: Context, medium: Diskette) -> int:
    return _CHANGED


_FUNCTIONS: dict[int, Callable[[Context, Diskette], int | None]] = {
    0x00: _reset,
    0x01: _last_status,
    0x02: _read,
    0x03: _write,
    0x04: _verify,
    0x05: _write,
    0x08: _parameters,
    0x15: _type,
    0x16: _changed,
}
