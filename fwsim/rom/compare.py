"""Two ROM files are compared: the bytes that differ, and the structure they lie in."""

import re
from collections.abc import Iterator

from msgspec import Struct

from fwsim.rom.chain import inspect_bytes
from fwsim.rom.layout import Layout, Span

_CHUNK = 4096


class Run(Struct, frozen=True):
    """Consecutive bytes that differ, all within one structure.

    ``offset`` is in the file, ``within`` in the ``structure``; ``a`` and ``b`` are the bytes,
    empty where a file has ended.
    """

    offset: int
    a: bytes
    b: bytes
    structure: str
    within: int

    @property
    def size(self) -> int:
        """Length of the run in bytes."""
        return max(len(self.a), len(self.b))


class Difference(Struct, frozen=True):
    """All runs, in order of offset, and the two files' sizes in bytes."""

    size_a: int
    size_b: int
    runs: tuple[Run, ...]

    @property
    def differing(self) -> int:
        """How many bytes differ; bytes only one file has count as differing."""
        return sum(run.size for run in self.runs)

    @property
    def by_structure(self) -> dict[str, int]:
        """Differing bytes by structure, in the order the structures are first met."""
        totals: dict[str, int] = {}
        for run in self.runs:
            totals[run.structure] = totals.get(run.structure, 0) + run.size
        return totals


def diff(a: bytes, b: bytes) -> Difference:
    """Every run of differing bytes. Structures are named as ``a`` has them; behind its end, as ``b`` has them."""
    in_a, in_b = Layout(inspect_bytes(a)), Layout(inspect_bytes(b))
    runs: list[Run] = []
    for start, end in _differing(a, b):
        at = start
        while at < end:
            span = in_a.at(at) or in_b.at(at) or Span(at, end, "no image")
            stop = min(end, span.end, *((len(a),) if at < len(a) else ()))
            runs.append(Run(at, a[at:stop], b[at:stop], span.name, at - span.start))
            at = stop
    return Difference(len(a), len(b), tuple(runs))


def _differing(a: bytes, b: bytes) -> Iterator[tuple[int, int]]:
    """(start, end) of each maximal run where the files differ or only one has bytes."""
    common = min(len(a), len(b))
    start = -1
    for chunk in range(0, common, _CHUNK):
        stop = min(chunk + _CHUNK, common)
        if a[chunk:stop] == b[chunk:stop]:
            if start >= 0:
                yield start, chunk
                start = -1
            continue
        number = int.from_bytes(a[chunk:stop]) ^ int.from_bytes(b[chunk:stop])
        for match in re.finditer(rb"\x00+|[^\x00]+", number.to_bytes(stop - chunk)):
            differs = match[0][0] != 0
            if differs and start < 0:
                start = chunk + match.start()
            elif not differs and start >= 0:
                yield start, chunk + match.start()
                start = -1
    end = max(len(a), len(b))
    if start >= 0 or common < end:
        yield (start if start >= 0 else common), end
