"""UEFI hands out pages by the DXE core's page allocator: memory-type bins first, then top-down.

Source: edk2 MdeModulePkg/Core/Dxe/Mem/Page.c. The free list's shape at driver dispatch was measured with OVMF 2022.11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fwsim.memory.ranges import align_up, highest_fit

PAGE = 0x1000
FOUR_GIB = 1 << 32
Range = tuple[int, int]

_LOW = ((0x0, 0xA0000), (0x100000, 0x806000), (0x808000, 0x810000))
_FIRST_RUN = 0x1500000
_FIRST_END = 0x448B000
LEAST_RAM = _FIRST_RUN + _FIRST_END
"""Bytes of RAM below 4 GiB from which on the measured layout holds."""
_CPU = 0x8000
_TOP_RUNS = {
    "q35": ((0x1A1E000, 0x1A0A000), (0x1A05000, 0x1A00000), (0x19DA000, 0x19D9000), (0x19BC000, 0x19B9000)),
    "pc": ((0x1A1D000, 0x1A05000), (0x1A00000, 0x19FB000)),
}
_IN_BINS = (
    (0xB14000, 0xAE4000), (0xA14000, 0x9A8000), (0x914000, 0x8C3000), (0x894000, 0x88C000), (0x882000, 0x824000),
    (0x823000, 0x816000), (0x200000, 0x17F000),
)  # fmt: skip
_BINS = {
    "RTData": (0xB14000, 0xA14000), "RTCode": (0xA14000, 0x914000), "Reserved": (0x914000, 0x894000),
    "ACPIReclaim": (0x894000, 0x882000), "NVS": (0x882000, 0x802000),
}  # fmt: skip
"""All (start, end) as distances below the top of low RAM."""


def _run_end(machine: str, low_top: int, high_ram: bool, cpus: int) -> int:
    """Distance of the second big run's end from the top of low RAM."""
    if machine == "pc" and not high_ram:
        return 0x1ABE000 if low_top < 2 << 30 else 0x1ABB000
    return 0x1ABC000 + (cpus - 1) * _CPU - (0x1000 if cpus > 1 else 0)


def dispatch_free_list(machine: str, low_top: int, *, high_ram: bool = False, cpus: int = 1) -> list[Range]:
    """The free runs when device drivers start, for ``low_top`` bytes of RAM below 4 GiB (measured, 1 and 4 CPUs)."""
    top = low_top - (cpus - 1) * _CPU
    end = low_top - _run_end(machine, low_top, high_ram, cpus)
    runs = [*_LOW, (_FIRST_RUN, top - _FIRST_END), (top - 0x446B000, end)]
    runs += [(top - start, top - end) for start, end in _TOP_RUNS[machine]]
    runs += [(low_top - start, low_top - end) for start, end in _IN_BINS]
    return [(start, end) for start, end in runs if 0 <= start < end]


def dispatch_bins(low_top: int) -> dict[str, Range]:
    """The memory-type bins by type name."""
    return {name: (low_top - start, low_top - end) for name, (start, end) in _BINS.items()}


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
