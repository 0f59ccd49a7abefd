"""Half-open address ranges, and alignment."""

from collections.abc import Iterable
from typing import NamedTuple

U32 = 0xFFFFFFFF
U64 = 0xFFFFFFFFFFFFFFFF


def align_down(value: int, align: int) -> int:
    """The largest multiple of ``align`` (a power of two) that is not above ``value``."""
    return value & -align


def align_up(value: int, align: int) -> int:
    """The smallest multiple of ``align`` (a power of two) that is not below ``value``."""
    return (value + align - 1) & -align


class Range(NamedTuple):
    """Bytes from ``start`` up to, not including, ``end``."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """Length in bytes, 0 or less for an empty range."""
        return self.end - self.start

    def contains(self, start: int, size: int = 1) -> bool:
        """Whether all of ``size`` bytes from ``start`` lie inside."""
        return self.start <= start and start + size <= self.end

    def overlaps(self, start: int, size: int = 1) -> bool:
        """Whether any of ``size`` bytes from ``start`` lies inside."""
        return start < self.end and self.start < start + size


def without(whole: Range, taken: Iterable[tuple[int, int]]) -> list[Range]:
    """What of ``whole`` is in none of ``taken`` (start, end), in ascending order."""
    found, at = [], whole.start
    for start, end in sorted(taken):
        if start > at:
            found.append(Range(at, min(start, whole.end)))
        at = max(at, end)
        if at >= whole.end:
            break
    found.append(Range(at, whole.end))
    return [each for each in found if each.size > 0]


def highest_fit(free: Iterable[tuple[int, int]], size: int, align: int = 1, limit: int = 1 << 64) -> int | None:
    """The highest ``align``-aligned base below ``limit`` that leaves ``size`` bytes inside one ``free`` range."""
    best: int | None = None
    for start, end in free:
        base = align_down(min(end, limit) - size, align)
        if base >= start and (best is None or base > best):
            best = base
    return best
