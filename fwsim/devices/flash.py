"""A parallel flash chip answers as QEMU's does: read array, status, program a byte or a buffer, erase a sector.

Sources: QEMU hw/block/pflash_cfi01.c (pflash_read, pflash_write: the Intel command set; status 80h from reset on, which
50h clears altogether; erasing happens at its first cycle), hw/i386/pc_sysfw.c (sectors of 4096 bytes, one chip of 8
bits for each image). Not modelled: the CFI query and identifier bytes, which read 0; lock bits, which are accepted.
"""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.memory.ram import Ram
from fwsim.native import address_of, native, u8s, u64s

SECTOR = 4096
_READY = 0x80
_ARRAY = 0xFF
# --- the words of one chip -------------------------------------------------------------------------------------------
_next = count().__next__
F_ROOT = _next()
F_BASE = _next()  # guest-physical address
F_DATA = _next()  # host address of what it holds
F_SIZE = _next()
F_COMMAND = _next()  # what reads give: the array (FFh), else by the command the status
F_CYCLE = _next()  # 0: a command comes next; 1: its second byte; 2: data of a buffer; 3: its confirmation
F_STATUS = _next()
F_LEFT = _next()  # bytes of the buffer to come
F_WORDS = _next()


@native
def flash_load(block: int, offset: int, size: int) -> Any:
    """What a read of ``size`` bytes gives."""
    words = u64s(block)
    value = np.uint64(0)
    command = words[F_COMMAND]
    if command == np.uint64(_ARRAY):
        data = u8s(words[F_DATA])
        for lane in range(size):
            value |= np.uint64(data[offset + lane]) << np.uint64(8 * lane)
    elif command != np.uint64(0x90) and command != np.uint64(0x98):
        value = words[F_STATUS]
    return value


@native
def _to_array(words: Any) -> None:
    words[F_COMMAND] = np.uint64(_ARRAY)
    words[F_CYCLE] = np.uint64(0)


@native
def _program(words: Any, offset: int, size: int, value: int) -> None:
    data = u8s(words[F_DATA])
    for lane in range(size):
        data[offset + lane] = np.uint8(value >> np.uint64(8 * lane))


@native
def _command(words: Any, offset: int, value: int) -> None:
    """The first cycle of a command."""
    command = np.uint64(value & np.uint64(0xFF))
    if command == np.uint64(0x50):
        words[F_STATUS] = np.uint64(0)
    if command == np.uint64(0x70) or command == np.uint64(0x90) or command == np.uint64(0x98):
        words[F_COMMAND] = command
        return
    two = command in (np.uint64(0x10), np.uint64(0x20), np.uint64(0x28), np.uint64(0x40), np.uint64(0x60))
    if not two and command != np.uint64(0xE8):
        _to_array(words)
        return
    if command == np.uint64(0x20):
        data, start = u8s(words[F_DATA]), np.uint64(offset) & ~np.uint64(SECTOR - 1)
        for at in range(SECTOR):
            data[start + np.uint64(at)] = np.uint8(0xFF)
    if command == np.uint64(0x20) or command == np.uint64(0xE8):
        words[F_STATUS] |= np.uint64(_READY)
    words[F_COMMAND] = command
    words[F_CYCLE] = np.uint64(1)


@native
def _second(words: Any, offset: int, size: int, value: int) -> None:
    """The second: data, a confirmation, or a buffer's length."""
    command, low = words[F_COMMAND], np.uint64(value & np.uint64(0xFF))
    if command == np.uint64(0x10) or command == np.uint64(0x40):
        _program(words, offset, size, value)
    elif command == np.uint64(0xE8):
        words[F_LEFT] = low + np.uint64(1)
        words[F_CYCLE] = np.uint64(2)
        return
    elif low == np.uint64(_ARRAY):
        _to_array(words)
        return
    words[F_STATUS] |= np.uint64(_READY)
    words[F_CYCLE] = np.uint64(0)


@native
def flash_store(block: int, offset: int, size: int, value: int) -> None:
    """A write: one cycle of a command."""
    words = u64s(block)
    cycle = words[F_CYCLE]
    if cycle == np.uint64(0):
        _command(words, offset, value)
    elif cycle == np.uint64(1):
        _second(words, offset, size, value)
    elif cycle == np.uint64(2):
        _program(words, offset, size, value)
        words[F_LEFT] -= min(words[F_LEFT], np.uint64(size))
        if words[F_LEFT] == np.uint64(0):
            words[F_CYCLE] = np.uint64(3)
    elif value & np.uint64(0xFF) == np.uint64(0xD0):
        words[F_CYCLE] = np.uint64(0)
        words[F_STATUS] |= np.uint64(_READY)
    else:
        _to_array(words)


class Flash:
    """A chip that holds ``data`` at guest-physical ``base``, in memory: the file it came from is left alone."""

    ports: tuple[int, ...] = ()

    def __init__(self, root: NDArray[np.uint64], base: int, data: bytes) -> None:
        self.base, self.size = base, len(data)
        self.held = Ram(len(data), "flash")
        self.held.write(0, data)
        self.block: NDArray[np.uint64] = np.zeros(F_WORDS, np.uint64)
        for word, value in (
            (F_ROOT, address_of(root)), (F_BASE, base), (F_DATA, self.held.address), (F_SIZE, len(data)),
            (F_COMMAND, _ARRAY), (F_STATUS, _READY),
        ):  # fmt: skip
            self.block[word] = value

    def read(self, port: int, width: int) -> int:
        """No port leads here."""
        return 0

    def write(self, port: int, width: int, value: int) -> None:
        """No port leads here."""

    def snapshot(self) -> object:
        """The bytes that it holds, and the command it is in."""
        return self.held.snapshot(), self.block.copy()

    def restore(self, state: Any) -> None:
        """Go back to it."""
        held, block = state
        self.held.restore(held)
        self.block[:] = block
