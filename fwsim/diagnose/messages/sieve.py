"""Which of many texts can be in a block at all: told by their three-letter pieces, many times faster than by search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SMALL = 1 << 16
"""Characters up to which searching for each text is as fast."""
_CODES = 1 << 16


class Sieve:
    """Finds those of ``texts``, each of three ASCII letters or more, that are in a block, exactly as ``in`` does."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._tables: tuple[NDArray[np.uint16], list[int]] | None = None

    def found_in(self, block: str) -> set[str]:
        """The texts that are in ``block``."""
        candidates = self._texts if len(block) < SMALL else self._possible(block)
        return {text for text in candidates if text in block}

    def _possible(self, block: str) -> list[str]:
        """The texts all of whose pieces the block has: those that are in it, and few others."""
        import numpy as np

        if self._tables is None:
            pieces = [_codes(text) for text in self._texts]
            starts = np.cumsum([0, *(len(each) for each in pieces[:-1])]).tolist()
            self._tables = np.concatenate(pieces), starts
        codes, starts = self._tables
        there = np.zeros(_CODES, dtype=bool)
        there[_codes(block)] = True
        whole = np.logical_and.reduceat(there[codes], starts)
        return [text for text, possible in zip(self._texts, whole.tolist(), strict=True) if possible]


def _codes(text: str) -> NDArray[np.uint16]:
    """A number below 2^16 for each three letters in a row; different letters may share one."""
    import numpy as np

    letters = np.frombuffer(text.encode("utf-8", "replace"), dtype=np.uint8).astype(np.uint16)
    codes: NDArray[np.uint16] = letters[:-2] + letters[1:-1] * np.uint16(67) + letters[2:] * np.uint16(4099)
    return codes
