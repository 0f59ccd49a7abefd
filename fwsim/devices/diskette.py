"""A diskette is its sectors in order, and a geometry by its size.

Sources: the formats that QEMU's drives know by a medium's number of sectors (hw/block/fdc.c, fd_formats), in its order
of preference; the drive types of CMOS register 10h (hw/i386/pc.c, cmos_get_fd_drive_type; SeaBIOS src/hw/floppy.c).
"""

from __future__ import annotations

from msgspec import Struct

from fwsim.errors import FwsimError

SECTOR = 512
SIGNATURE = b"\x55\xaa"
"""The last two bytes of a first sector that can be booted (SeaBIOS src/boot.c, boot_disk)."""


class Format(Struct, frozen=True):
    """A format: cylinders, heads, sectors a track; ``rate``: the data rate's code in CCR; ``drive``: its CMOS type."""

    name: str
    cylinders: int
    heads: int
    sectors: int
    rate: int
    drive: int

    @property
    def size(self) -> int:
        """Bytes of the whole medium."""
        return self.cylinders * self.heads * self.sectors * SECTOR


_500K, _300K, _250K, _1M = range(4)
_5_25, _3_5_HIGH, _3_5_EXTRA = 2, 4, 5
FORMATS = (
    Format("1.44M", 80, 2, 18, _500K, _3_5_HIGH),
    Format("1.68M", 80, 2, 21, _500K, _3_5_HIGH),
    Format("2.88M", 80, 2, 36, _1M, _3_5_EXTRA),
    Format("720K", 80, 2, 9, _250K, _3_5_HIGH),
    Format("1.2M", 80, 2, 15, _500K, _5_25),
    Format("360K", 40, 2, 9, _300K, _5_25),
    Format("180K", 40, 1, 9, _300K, _5_25),
    Format("320K", 40, 2, 8, _250K, _5_25),
    Format("160K", 40, 1, 8, _250K, _5_25),
)
USUAL = FORMATS[0]
LARGEST = max(each.size for each in FORMATS)
_LARGER = ", ".join(f"{each.size} ({each.name})" for each in FORMATS if each.size > USUAL.size)
SIZES = f"whole sectors of {SECTOR} bytes: at most {USUAL.size} bytes (1.44M), or {_LARGER}"
"""What an image's size may be."""


def format_of(size: int) -> Format | None:
    """The format of an image of ``size`` bytes: the one of this size, else for a smaller one than a 1.44M diskette that
    one, which it is padded to; None where there is none.
    """
    if size <= 0 or size % SECTOR:
        return None
    exact = next((each for each in FORMATS if each.size == size), None)
    return exact or (USUAL if size < USUAL.size else None)


class Diskette:
    """A write-protected medium. ``data``: an image; what it lacks to its format's size reads zeros.

    Raises FwsimError for a size that ``format_of`` does not know.
    """

    def __init__(self, data: bytes) -> None:
        known = format_of(len(data))
        if known is None:
            raise FwsimError("no diskette is of this size", found=f"{len(data)} bytes", expected=SIZES)
        self.format = known
        self._data = data

    def sector(self, number: int) -> bytes:
        """The sector ``number``, counted from 0; beyond the end as well, where it is zeros."""
        return self._data[number * SECTOR : (number + 1) * SECTOR].ljust(SECTOR, b"\0")

    def number(self, cylinder: int, head: int, sector: int) -> int:
        """The number of a sector; sectors of a track are counted from 1."""
        return (cylinder * self.format.heads + head) * self.format.sectors + sector - 1
