"""Sparse memory holds the bytes that the engine, native code and numpy see at one host address."""

import mmap
import os
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fwsim.errors import FwsimError
from fwsim.units import format_size

PAGE = 4096
_MAP_NORESERVE = 0x4000  # Linux asm-generic/mman-common.h; not in the mmap module of Python 3.11


def untouched(count: int, kind: type[np.generic]) -> NDArray[Any]:
    """An array of ``count`` zeros, of which the host commits what is touched, whatever went before in this process.

    NumPy's own zeros come from the C library, which clears memory that it has had already: all of it, megabytes.
    """
    size = -(-count * np.dtype(kind).itemsize // PAGE) * PAGE
    memory = mmap.mmap(-1, max(size, PAGE), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE)
    memory.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(memory, kind, count)


class RamSnapshot(Struct, frozen=True):
    """The pages of a ``Ram`` that were ever touched: their numbers and their bytes, one row a page."""

    pages: NDArray[np.int64]
    data: NDArray[np.uint8]


class Ram:
    """``size`` bytes of zeroed memory, committed by the host only where touched.

    ``size`` is in bytes, a multiple of 4096; a guest of many GiB costs what it uses. Raises FwsimError when the host
    refuses the address space.
    """

    def __init__(self, size: int, name: str = "ram") -> None:
        self.name = name
        self.size = size
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE
        try:
            self._map = mmap.mmap(-1, size, flags=flags)
        except (OSError, ValueError, OverflowError) as error:
            raise FwsimError(
                "this machine cannot hold so much memory", where=name, found=format_size(size), expected=str(error)
            ) from None
        self._map.madvise(mmap.MADV_NOHUGEPAGE)
        self.bytes: NDArray[np.uint8] = np.frombuffer(self._map, dtype=np.uint8)
        self.address = int(self.bytes.ctypes.data)

    def read(self, offset: int, length: int) -> bytes:
        """``length`` bytes from ``offset``."""
        return self._map[offset : offset + length]

    def write(self, offset: int, data: bytes) -> None:
        """Store ``data`` at ``offset``."""
        self._map[offset : offset + len(data)] = data

    def word(self, offset: int, width: int) -> int:
        """The little-endian number of ``width`` bytes at ``offset``."""
        return int.from_bytes(self._map[offset : offset + width], "little")

    def last(self, data: bytes, end: int) -> int:
        """Where ``data`` lies the last time before ``end``; -1: nowhere."""
        return self._map.rfind(data, 0, end)

    def put(self, offset: int, value: int, width: int) -> None:
        """Store the low ``width`` bytes of ``value``, little endian."""
        self._map[offset : offset + width] = (value & ((1 << 8 * width) - 1)).to_bytes(width, "little")

    def snapshot(self) -> RamSnapshot:
        """Copy every touched page. Cost: the touched pages, and 8 bytes read for each page of the size."""
        pages = self._touched()
        return RamSnapshot(pages, self.bytes.reshape(-1, PAGE)[pages].copy())

    def restore(self, snapshot: RamSnapshot) -> None:
        """Make the contents those of ``snapshot``."""
        self._map.madvise(mmap.MADV_DONTNEED)
        self.bytes.reshape(-1, PAGE)[snapshot.pages] = snapshot.data

    def release(self) -> None:
        """Give back what is committed: every byte is 0 again. Who holds on to this has addresses, and no memory."""
        self._map.madvise(mmap.MADV_DONTNEED)

    def _touched(self) -> NDArray[np.int64]:
        """Numbers of the present pages, from /proc/self/pagemap (Linux, Documentation/admin-guide/mm/pagemap.rst)."""
        with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
            found = []
            step = 1 << 18
            for first in range(0, self.size // PAGE, step):
                count = min(step, self.size // PAGE - first)
                raw = os.pread(pagemap.fileno(), 8 * count, (self.address // PAGE + first) * 8)
                entries = np.frombuffer(raw, dtype=np.uint64)
                found.append(np.flatnonzero(entries >> np.uint64(62)) + first)
        return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)

    def __getstate__(self) -> Any:
        raise TypeError("memory is not pickled; snapshot() it")
