"""Handlers of configuration registers, and how an access of any width falls on them.

Source: Xen c447b7308b, xen/drivers/vpci/vpci.c (vpci_add_register_mask, vpci_read, vpci_write, vpci_write_helper).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

EEXIST = -17


class Handler(Struct, frozen=True):
    """A register of 1, 2 or 4 bytes. ``write`` None: writes are dropped (vpci_ignored_write).

    ``ro`` and ``rsvdp`` bits keep what they are, ``rw1c`` ones are cleared by writing 1, ``rsvdz`` are written as 0;
    reserved ones read 0.
    """

    offset: int
    size: int
    read: Callable[[], int]
    write: Callable[[int], None] | None = None
    ro: int = 0
    rw1c: int = 0
    rsvdp: int = 0
    rsvdz: int = 0

    def shown(self) -> int:
        """What a guest reads."""
        return self.read() & ~(self.rsvdp | self.rsvdz)

    def take(self, size: int, offset: int, data: int) -> None:
        """A write of ``size`` bytes at ``offset`` within the register."""
        preserved, current = self.ro | self.rsvdp, 0
        if size != self.size or preserved:
            current = self.read() & ~self.rw1c
            mask = (1 << 8 * size) - 1
            data = current & ~(mask << 8 * offset) | (data & mask) << 8 * offset
        data = data & ~(preserved | self.rsvdz) | current & preserved
        if self.write is not None:
            self.write(data & (1 << 8 * self.size) - 1)


class OverlapError(Exception):
    """A handler would lie over another: the device is not assigned (-EEXIST)."""


class Handlers:
    """The handlers of one function, by offset, none over another."""

    def __init__(self) -> None:
        self._rows: list[Handler] = []

    def add(self, handler: Handler) -> None:
        """Add one. Raises OverlapError."""
        if any(True for _ in self._meeting(handler.offset, handler.size)):
            raise OverlapError(f"{handler.offset:#x}")
        self._rows.append(handler)
        self._rows.sort(key=lambda row: row.offset)

    def constant(self, offset: int, size: int, value: int) -> None:
        """A register that always reads ``value`` and takes no write (vpci_read_val). Raises OverlapError."""
        self.add(Handler(offset, size, lambda: value))

    def remove(self, start: int, size: int) -> None:
        """Forget the handlers that lie within ``size`` bytes from ``start``. Raises OverlapError for half a one."""
        end = start + size
        for row in self._meeting(start, size):
            if not start <= row.offset <= row.offset + row.size <= end:
                raise OverlapError(f"{row.offset:#x}")
        self._rows = [row for row in self._rows if not start <= row.offset < end]

    def at(self, offset: int, size: int) -> Handler | None:
        """The handler of exactly these bytes."""
        return next((row for row in self._rows if (row.offset, row.size) == (offset, size)), None)

    def covers(self, offset: int, size: int) -> bool:
        """Whether each of these bytes has a handler."""
        met = sum(min(row.offset + row.size, offset + size) - max(row.offset, offset)
                  for row in self._meeting(offset, size))  # fmt: skip
        return met == size

    def read(self, offset: int, size: int) -> int:
        """What a guest reads: bytes without a handler are ones (vpci_read_hw)."""
        data = (1 << 8 * size) - 1
        for row in self._meeting(offset, size):
            first, end = max(row.offset, offset), min(row.offset + row.size, offset + size)
            mask = (1 << 8 * (end - first)) - 1
            value = row.shown() >> 8 * (first - row.offset) & mask
            data = data & ~(mask << 8 * (first - offset)) | value << 8 * (first - offset)
        return data

    def write(self, offset: int, size: int, value: int) -> None:
        """What a guest writes: bytes without a handler are dropped (vpci_write_hw)."""
        for row in list(self._meeting(offset, size)):
            first, end = max(row.offset, offset), min(row.offset + row.size, offset + size)
            row.take(end - first, first - row.offset, value >> 8 * (first - offset))

    def _meeting(self, offset: int, size: int) -> Iterator[Handler]:
        return (row for row in self._rows if row.offset < offset + size and offset < row.offset + row.size)
