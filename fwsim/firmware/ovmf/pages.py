"""UEFI hands out pages by the DXE core's page allocator: memory-type bins first, then top-down.

Source: edk2 MdeModulePkg/Core/Dxe/Mem/Page.c.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fwsim.memory.ranges import align_up, highest_fit

PAGE = 0x1000
FOUR_GIB = 1 << 32
Range = tuple[int, int]


class PageAllocator:
    """Free runs of guest memory; every address a multiple of 4 KiB."""

    def __init__(self, free: Iterable[Range], bins: Mapping[str, Range] | None = None) -> None:
        """``bins`` has the range kept for each memory type; the default bin is everything below the lowest of them."""
        self.free = sorted(free)
        self.bins = dict(bins or {})
        self.default_end = min((start for start, _ in self.bins.values()), default=FOUR_GIB)

    def allocate(self, kind: str, size: int, limit: int = FOUR_GIB) -> int | None:
        """The base of ``size`` bytes (rounded up to pages) below ``limit`` for memory type ``kind``; None: no room."""
        size = align_up(size, PAGE)
        bin_ = self.bins.get(kind)
        searches: list[Range] = [(0, min(self.default_end, limit)), (0, limit)]
        if bin_ is not None and limit >= bin_[1]:
            searches.insert(0, bin_)
        for low, high in searches:
            clipped = [(max(start, low), end) for start, end in self.free]
            base = highest_fit(clipped, size, PAGE, high)
            if base is not None:
                self._take(base, base + size)
                return base
        return None

    def allocate_aligned(self, kind: str, size: int, align: int) -> int | None:
        """As ``allocate``, on an ``align`` boundary: taken with room to spare, rounded up, the spare given back."""
        size = align_up(size, PAGE)
        base = self.allocate(kind, size + align - PAGE)
        if base is None:
            return None
        end = base + size + align - PAGE
        start = align_up(base, align)
        self.free += [run for run in ((base, start), (start + size, end)) if run[0] < run[1]]
        return start

    def allocate_at(self, base: int, size: int) -> bool:
        """Take ``size`` bytes (rounded up to pages) at ``base``; False where any of them is not free memory."""
        end = base + align_up(size, PAGE)
        if not any(start <= base and end <= free_end for start, free_end in self._joined()):
            return False
        self._take(base, end)
        return True

    def _joined(self) -> list[Range]:
        """The free runs with those that touch made one."""
        runs: list[Range] = []
        for start, end in sorted(self.free):
            if runs and runs[-1][1] == start:
                runs[-1] = (runs[-1][0], end)
            else:
                runs.append((start, end))
        return runs

    def _take(self, start: int, end: int) -> None:
        runs: list[Range] = []
        for low, high in self.free:
            if high <= start or low >= end:
                runs.append((low, high))
            else:
                runs += [run for run in ((low, start), (end, high)) if run[0] < run[1]]
        self.free = runs
