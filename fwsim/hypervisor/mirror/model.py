"""What of a host is shown to a guest, as ``pci-mirror.toml`` lists it (docs/custom.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Literal

from msgspec import Struct

FORMAT = 2
"""The one that is written and read: 2 has BAR0, VGA ports and what BDSM is, which 1 lacked."""
Access = Literal["r", "w", "rw", "hidden"]
"""r: reads reach the host's; w and rw: writes do as well; hidden: neither, as if it were not listed."""
Bdsm = Literal["virtual", "identity"]
"""virtual: the guest's BDSM is its own, and firmware places stolen memory; identity: it reads the host's."""
HEADER_END, CONFIG_END = 0x40, 0x1000
"""Bytes of a header, and of configuration space."""


class ConfigRow(Struct, frozen=True):
    """``width`` bytes at ``offset`` of the configuration space of ``bdf`` (device<<3 | function)."""

    bdf: int
    offset: int
    width: int
    access: Access
    name: str = ""

    @property
    def first(self) -> int:
        """Its first byte."""
        return self.offset

    @property
    def end(self) -> int:
        """The byte behind it."""
        return self.offset + self.width

    @property
    def text(self) -> str:
        """``0x50/2 r``."""
        return f"0x{self.offset:02x}/{self.width} {self.access}"


class Span(Struct, frozen=True):
    """Bytes ``first`` to ``end`` (exclusive) of BAR0, of the GTT or of the OpRegion."""

    first: int
    end: int
    access: Access
    name: str = ""

    @property
    def text(self) -> str:
        """``0x2030-0x2033 rw``."""
        return f"{self.first:#x}-{self.end - 1:#x} {self.access}"


class Mirror(Struct, frozen=True):
    """One list. ``vga`` and ``ports`` are port numbers: VGA's own (3B0h-3DFh), and all others."""

    path: str
    cpu: str
    generation: int
    bdsm: Bdsm
    config: tuple[ConfigRow, ...]
    bar0: tuple[Span, ...]
    vga: frozenset[int]
    ports: frozenset[int]
    gtt: tuple[Span, ...]
    opregion: tuple[Span, ...]

    def shown(self, bdf: int) -> tuple[ConfigRow, ...]:
        """What is listed of one function, and not as hidden."""
        return tuple(row for row in self.config if row.bdf == bdf and row.access != "hidden")

    @property
    def functions(self) -> list[int]:
        """The functions of which something is shown, in order."""
        return sorted({row.bdf for row in self.config if row.access != "hidden"})

    def shows(self, bdf: int, first: int, end: int) -> bool:
        """Whether any byte from ``first`` to before ``end`` is shown."""
        return any(row.first < end and first < row.end for row in self.shown(bdf))


def merged(rows: Iterable[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Runs of bytes (first, end, "r", "w" or "rw") that touch no other, from any number of accesses to them.

    Neighbours with the same access are one run.
    """
    rows = list(rows)
    edges = sorted({edge for first, end, _ in rows for edge in (first, end)})
    starts: dict[int, list[tuple[int, str]]] = {}
    for first, end, access in rows:
        starts.setdefault(first, []).append((end, access))
    live: list[tuple[int, str]] = []
    run: tuple[int, int, str] | None = None
    for at, after in pairwise(edges):
        live = [each for each in live if each[0] > at] + starts.get(at, [])
        letters = {letter for _, access in live for letter in access}
        how = "".join(letter for letter in "rw" if letter in letters)
        if run and run[1] == at and run[2] == how:
            run = (run[0], after, how)
            continue
        if run and run[2]:
            yield run
        run = (at, after, how)
    if run and run[2]:
        yield run
