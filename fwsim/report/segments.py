"""The list of what answers at which address, where things were laid over each other; every picture is drawn from it."""

from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

E820_KINDS = {"RAM": "ram", "RESERVED": "reserved", "ACPI": "acpi", "NVS": "nvs", "UNUSABLE": "reserved"}
"""Kinds of segments by the type of e820."""


class Segment(Struct, frozen=True):
    """Bytes from ``start`` to ``end`` where one thing answers; ``kind`` is one of ``alloc.STYLES``."""

    start: int
    end: int
    kind: str
    label: str


def flatten(layers: Sequence[Segment]) -> list[Segment]:
    """``layers`` without overlaps, lowest first: the later one lies on top; equal neighbours become one."""
    points = sorted({point for layer in layers for point in (layer.start, layer.end)})
    found: list[Segment] = []
    for start, end in pairwise(points):
        top = next((layer for layer in reversed(layers) if layer.start <= start and end <= layer.end), None)
        if top is None:
            continue
        last = found[-1] if found else None
        if last and last.end == start and (last.kind, last.label) == (top.kind, top.label):
            found[-1] = Segment(last.start, end, top.kind, top.label)
        else:
            found.append(Segment(start, end, top.kind, top.label))
    return found
