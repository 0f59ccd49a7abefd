"""Sets of pages, as Xen's rangesets: (first, end) pairs in ascending order, none touching another."""

from __future__ import annotations

Pages = tuple[tuple[int, int], ...]


def add(pages: Pages, first: int, end: int) -> Pages:
    """``pages`` with those from ``first`` to before ``end``."""
    joined, kept = (first, end), []
    for each in pages:
        if each[1] < joined[0] or joined[1] < each[0]:
            kept.append(each)
        else:
            joined = (min(joined[0], each[0]), max(joined[1], each[1]))
    return tuple(sorted([*kept, joined]))


def remove(pages: Pages, first: int, end: int) -> Pages:
    """``pages`` without those from ``first`` to before ``end``."""
    pieces = ((part[0], part[1]) for low, high in pages for part in ((low, min(high, first)), (max(low, end), high)))
    return tuple(sorted({piece for piece in pieces if piece[0] < piece[1]}))
