"""A PCI function that a real QEMU asks over a socket: the peer of its ``x-pci-proxy-dev`` (multi-process QEMU).

The guest's firmware sees a device with the ids, class and BARs that are given here, an Intel IGD for one, on any
machine and without hardware. What firmware writes into its configuration space is kept in order. Facts of the protocol:
QEMU include/hw/remote/mpqemu-link.h, hw/remote/proxy.c.
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field

HEADER = struct.Struct("<iixxxxxxxx")
SYNC_SYSMEM, RET, CONFIG_WRITE, CONFIG_READ, BAR_WRITE, BAR_READ, SET_IRQFD, DEVICE_RESET = range(8)
_BAR0, _BARS, _ROM_BAR = 0x10, 6, 0x30
_SUBSYSTEM_VENDOR = 0x2C
IO, WIDE = 1, 4
"""Flag bits of a BAR: I/O; 64 bits wide."""


@dataclass
class Peer:
    """One function: ``bars`` are (index, size, flag bits); ``rom_size`` of the ROM that QEMU has.

    ``writes`` are (offset, width, value) since the reset.
    """

    vendor: int
    device: int
    class_code: int
    bars: list[tuple[int, int, int]]
    ggc: int = 0
    rom_size: int = 0
    writes: list[tuple[int, int, int]] = field(default_factory=list)
    config: bytearray = field(default_factory=lambda: bytearray(0x100))
    failed: str = ""
    """Why it stopped answering, where that was no end of QEMU's."""
    _masks: dict[int, int] = field(default_factory=dict)
    _probing: bool = True

    def __post_init__(self) -> None:
        struct.pack_into("<HH", self.config, 0, self.vendor, self.device)
        struct.pack_into("<I", self.config, 8, self.class_code << 8)
        struct.pack_into("<HH", self.config, _SUBSYSTEM_VENDOR, self.vendor, self.device)
        struct.pack_into("<H", self.config, 0x50, self.ggc)
        self._masks[_ROM_BAR] = -self.rom_size & 0xFFFFFFFF | bool(self.rom_size)
        for index, size, flags in self.bars:
            at = _BAR0 + 4 * index
            struct.pack_into("<I", self.config, at, flags)
            self._masks[at] = -size & 0xFFFFFFFF
            if flags & WIDE and not flags & IO:
                self._masks[at + 4] = (-size >> 32) & 0xFFFFFFFF

    def start(self, end: socket.socket) -> threading.Thread:
        """Answer on ``end`` until QEMU closes it."""
        thread = threading.Thread(target=self._serve, args=(end,), daemon=True)
        thread.start()
        return thread

    def written(self, offset: int) -> list[int]:
        """The values written to the dword at ``offset``, in order."""
        return [value for at, width, value in self.writes if at == offset and width == 4]

    def bar(self, index: int, flags: int) -> int:
        """Where firmware left BAR ``index``."""
        at = _BAR0 + 4 * index
        low = int(struct.unpack_from("<I", self.config, at)[0])
        if flags & IO:
            return low & ~3
        high = int(struct.unpack_from("<I", self.config, at + 4)[0]) if flags & WIDE else 0
        return high << 32 | low & ~0xF

    def _serve(self, end: socket.socket) -> None:
        """QEMU waits for each answer for ever: whatever happens here, it is not left waiting."""
        try:
            self._answer_all(end)
        except BrokenPipeError:
            pass  # QEMU was ended while it asked
        except Exception as error:
            self.failed = f"the peer of the proxy device failed: {error!r}"
        finally:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _answer_all(self, end: socket.socket) -> None:
        while header := _exactly(end, 16):
            command, size = struct.unpack("<ixxxxQ", header)
            data = _exactly(end, size)
            if command in (SYNC_SYSMEM, SET_IRQFD):
                continue
            end.sendall(struct.pack("<ixxxxQQ", RET, 8, self._answer(command, data) & (1 << 64) - 1))

    def _answer(self, command: int, data: bytes) -> int:
        if command == CONFIG_READ:
            offset, _, width = struct.unpack_from("<IIi", data)
            return self._read(offset, width)
        if command == CONFIG_WRITE:
            offset, value, width = struct.unpack_from("<IIi", data)
            self._write(offset, width, value)
        elif command == DEVICE_RESET:  # QEMU has probed the BARs: from now on it is the guest that asks
            self._probing = False
            self.writes.clear()
        return 0

    def _read(self, offset: int, width: int) -> int:
        """A 64-bit BAR's upper half is hidden from QEMU's own probe, which knows 32-bit BARs only."""
        upper = offset & ~3 in self._masks and offset & ~3 not in {_BAR0 + 4 * index for index, _, _ in self.bars}
        if self._probing and upper:
            return 0
        return int.from_bytes(self.config[offset : offset + width], "little")

    def _write(self, offset: int, width: int, value: int) -> None:
        self.writes.append((offset, width, value))
        old = bytes(self.config[offset : offset + width])
        self.config[offset : offset + width] = (value & (1 << 8 * width) - 1).to_bytes(width, "little")
        at = offset & ~3
        if at in (0, 8, _SUBSYSTEM_VENDOR):
            self.config[offset : offset + width] = old
        elif at == _ROM_BAR or _BAR0 <= at < _BAR0 + 4 * _BARS:
            flags = next((flags for index, _, flags in self.bars if _BAR0 + 4 * index == at), 0)
            kept = int(struct.unpack_from("<I", self.config, at)[0]) & self._masks.get(at, 0)
            struct.pack_into("<I", self.config, at, kept | flags)


def _exactly(end: socket.socket, size: int) -> bytes:
    """``size`` bytes, or none where the other side has gone."""
    data = b""
    while len(data) < size:
        try:
            part = end.recv(size - len(data))
        except OSError:
            return b""
        if not part:
            return b""
        data += part
    return data
