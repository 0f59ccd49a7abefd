"""A driver's accesses through PciIo and PciRootBridgeIo take the path that code's own take, recorded as the driver's.

Values in a row are moved one by one, as the bus would have them; a long row to memory is one write. Source: UEFI
Specification 2.10, 14.2 and 14.4; edk2 MdeModulePkg/Bus/Pci/PciHostBridgeDxe/PciRootBridgeIo.c.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from fwsim.cpu.moves import Move
from fwsim.environment.uefi.uefi import Call, Uefi
from fwsim.environment.uefi.words import INVALID_PARAMETER, SUCCESS, TIMEOUT
from fwsim.machine import callbacks
from fwsim.native import R_HOSTED, R_IP, address_of

Answer = Callable[[Uefi, Call], int]
_HOSTED_AS_CALLER = 2
_LONG = 64
"""Values from which on a row is one access."""
_MOST = 64 << 20
"""Bytes that one call may move."""
_POLL_NS = 1000
"""Time between two looks of a poll (edk2 waits for a tick of its metronome, 1 us)."""


class Access:
    """Accesses to the machine on behalf of the code that called a service."""

    def __init__(self, uefi: Uefi) -> None:
        self._m = uefi.machine
        self._root = address_of(uefi.machine.root)
        self._runs = uefi.runs

    def config(self, bdf: int, offset: int, width: int) -> int:
        """A configuration read."""
        with self._m.acting(self._runs):
            return self._m.pci.read(self._m.root, bdf, offset, width)

    def set_config(self, bdf: int, offset: int, width: int, value: int) -> None:
        """A configuration write."""
        with self._m.acting(self._runs):
            self._m.pci.write(self._m.root, bdf, offset, width, value)

    def port(self, port: int, width: int) -> int:
        """IN."""
        self._stand_there()
        with self._m.acting(self._runs):
            return int(callbacks.port_in(0, port, width, self._root))

    def set_port(self, port: int, width: int, value: int) -> None:
        """OUT."""
        self._stand_there()
        with self._m.acting(self._runs):
            callbacks.port_out(0, port, width, value, self._root)

    def _stand_there(self) -> None:
        """A port access is where the CPU is: where the service was called."""
        self._m.engine.set("rip", int(self._m.root[R_IP]))

    def memory(self, address: int, width: int) -> int:
        """A read of one value of memory or of what is mapped there."""
        return int.from_bytes(self.row(address, width), "little")

    def row(self, address: int, count: int) -> bytes:
        """A read of many bytes in a row."""
        root = self._m.root
        root[R_HOSTED] = _HOSTED_AS_CALLER
        try:
            with self._m.acting(self._runs):
                return bytes(self._m.engine.uc.mem_read(address, count))
        finally:
            root[R_HOSTED] = 0

    def store(self, address: int, width: int, value: int) -> None:
        """A write of one value."""
        self.set_memory(address, value.to_bytes(width, "little"))

    def set_memory(self, address: int, data: bytes) -> None:
        """A write, of one value or of many in a row."""
        root = self._m.root
        root[R_HOSTED] = _HOSTED_AS_CALLER
        try:
            with self._m.acting(self._runs):
                self._m.engine.uc.mem_write(address, data)
        finally:
            root[R_HOSTED] = 0


def width_of(code: int) -> tuple[int, bool, bool]:
    """(bytes, FIFO: the device's address stays, FILL: the buffer's stays) of EFI_PCI_IO_PROTOCOL_WIDTH."""
    return 1 << (code & 3), 4 <= code < 8, 8 <= code < 12


class Mover(Struct, frozen=True):
    """Moves values between buffers and a device, by ``get`` and ``set`` of one address; ``rows``: of many in a row."""

    uefi: Uefi
    get: Callable[[int, int], int]
    set: Callable[[int, int, int], None]
    rows: Access | None = None

    def read(self, width: int, address: int, count: int, buffer: int) -> int:
        """From the device."""
        size, fifo, fill = width_of(width)
        if width > 11 or not buffer or size * count > _MOST:
            return INVALID_PARAMETER
        if self.rows and count >= _LONG and not fifo and not fill:
            before = self.uefi.seq
            row = self.rows.row(address, size * count)
            self.uefi.write(buffer, row, *self._origin(address, size * count, before))
            return SUCCESS
        for _ in range(count):
            self._keep(buffer, address, size)
            address += 0 if fifo else size
            buffer += 0 if fill else size
        return SUCCESS

    def write(self, width: int, address: int, count: int, buffer: int) -> int:
        """To the device."""
        size, fifo, fill = width_of(width)
        if width > 11 or not buffer or size * count > _MOST:
            return INVALID_PARAMETER
        if self.rows and not fifo and (fill or count >= _LONG):
            before, length = self.uefi.seq, size if fill else size * count
            data = self.uefi.cpu.read(buffer, length)
            self.rows.set_memory(address, data * count if fill else data)
            self._went([Move("memory", buffer, length, fill=fill)], address, size * count, before)
            return SUCCESS
        for _ in range(count):
            before = self.uefi.seq
            self.set(address, size, self.uefi.number(buffer, size))
            self._went([Move("memory", buffer, size)], address, size, before)
            address += 0 if fifo else size
            buffer += 0 if fill else size
        return SUCCESS

    def poll(self, width: int, address: int, wanted: tuple[int, int], delay: int, result: int) -> int:
        """Read until the bits of ``wanted``, (mask, value), are there, for ``delay`` times 100 ns at most."""
        if width > 3 or not result:
            return INVALID_PARAMETER
        uefi, (mask, value) = self.uefi, wanted
        end = uefi.now + delay * 100
        while True:
            found = self._keep(result, address, 1 << width, 8)
            if found & mask == value or not delay:
                return SUCCESS
            if uefi.now >= end or uefi.slices.over_budget():
                return TIMEOUT
            uefi.pass_time(min(uefi.now + _POLL_NS, end))

    def copy(self, width: int, to: int, start: int, count: int) -> int:
        """From one place of the device to another, from behind where the two overlap that way."""
        if width > 3 or count << width > _MOST:
            return INVALID_PARAMETER
        size = 1 << width
        places = range(0, count * size, size)
        for at in reversed(places) if start < to < start + count * size else places:
            before = self.uefi.seq
            value = self.get(start + at, size)
            origin, between = self._origin(start + at, size, before), self.uefi.seq
            self.set(to + at, size, value)
            self._went(origin, to + at, size, between)
        return SUCCESS

    def _keep(self, buffer: int, address: int, size: int, room: int = 0) -> int:
        """A value of the device's, stored in ``room`` bytes of the buffer, or as many as it has itself."""
        before = self.uefi.seq
        value = self.get(address, size)
        self.uefi.write(buffer, value.to_bytes(room or size, "little"), *self._origin(address, size, before))
        return value

    def _origin(self, address: int, size: int, before: int) -> list[Move]:
        moved = self.uefi.moved
        return moved.origin(address, size, before) if moved else []

    def _went(self, sources: list[Move], to: int, length: int, before: int) -> None:
        if self.uefi.moved:
            self.uefi.moved.stored(to, length, sources, before)
