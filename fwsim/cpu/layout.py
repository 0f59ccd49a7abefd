"""What will be mapped where, before any code runs: one list, that the engine gets when it is first needed.

The engine builds its whole map anew at each change, and flushes page by page what is taken away: a machine that is put
together piece by piece over one another would pay both some two hundred times.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

Put = Callable[[int, int, int], None]
"""Map from a start so many bytes, which lie so far behind the first byte of what was given for the whole place."""


@dataclass(frozen=True)
class _Piece:
    """``first`` is where the place began that this is left of."""

    start: int
    end: int
    first: int
    put: Put


class Layout:
    """Places that do not overlap, in order."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []

    def _over(self, start: int, end: int) -> slice:
        """Which pieces have a byte of this."""
        low = bisect_left(self._pieces, start, key=lambda piece: piece.end - 1)
        return slice(low, bisect_left(self._pieces, end, key=lambda piece: piece.start))

    def add(self, start: int, size: int, put: Put) -> bool:
        """Let ``put`` map this later; False where something is there already."""
        over = self._over(start, start + size)
        if over.start != over.stop:
            return False
        self._pieces.insert(over.start, _Piece(start, start + size, start, put))
        return True

    def remove(self, start: int, size: int) -> bool:
        """Nothing is mapped there; False where some of it had not been."""
        end, over = start + size, self._over(start, start + size)
        cut = self._pieces[over]
        if sum(min(each.end, end) - max(each.start, start) for each in cut) != size:
            return False
        left = [_Piece(each.start, start, each.first, each.put) for each in cut[:1] if each.start < start]
        right = [_Piece(end, each.end, each.first, each.put) for each in cut[-1:] if end < each.end]
        self._pieces[over] = left + right
        return True

    def put(self) -> None:
        """Map it all."""
        for each in self._pieces:
            each.put(each.start, each.end - each.start, each.start - each.first)
