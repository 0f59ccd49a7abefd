"""An Arm guest's addresses, its stage-2 mappings and the host's are drawn as SVG columns that bands connect.

The guest's and the host's addresses have nothing in common, so that each column has its own scale: lowest addresses at
the bottom, heights by the logarithm of the sizes, what nobody has left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct, field

from fwsim.memory.arm_map import PL011_BASE, PL011_SIZE
from fwsim.report.html.facts import Facts
from fwsim.report.segments import Segment, flatten
from fwsim.report.vpci import short_bdf
from fwsim.results.summary import AssignedFunction, Stage2Mapping, VpciSummary
from fwsim.scenario.host_bars import all_host_bars
from fwsim.units import short_size

TOP, LINE, GAP, LEAST = 30, 14, 7, 17
KINDS = 6
"""Colours of functions; the seventh has the first one's again."""
_WINDOWS = {"ram": ("ram", "RAM"), "ecam": ("ecam", "ECAM"), "memory": ("mapped", "memory window"),
            "prefetchable": ("mapped", "prefetchable window")}  # fmt: skip
Span = tuple[int, int]


class Layout(Struct, frozen=True):
    """One drawing's columns as (left, width): ``guest``, ``stage2``, ``host``; ``wide`` has labels and addresses."""

    name: str
    width: int
    guest: Span
    stage2: Span
    host: Span
    wide: bool


LAYOUTS = (
    Layout("wide", 720, (84, 184), (320, 122), (494, 140), True),
    Layout("narrow", 340, (0, 92), (124, 92), (248, 92), False),
)


class Column(Struct):
    """Segments, lowest first, and for each the height of its lower and its upper end, downwards from the top."""

    parts: list[Segment]
    ends: list[tuple[float, float]] = field(default_factory=list)
    tall: float = 0

    def __post_init__(self) -> None:
        at = 0.0
        for number, part in enumerate(self.parts):
            if number and self.parts[number - 1].end != part.start:
                at += GAP
            high = LEAST + 1.4 * max(0, (part.end - part.start).bit_length() - 12)
            self.ends.append((at, at + high))
            at += high
        self.tall = at

    def settle(self, bottom: float, tall: float) -> None:
        """Turn it over, low addresses at the bottom, in the middle of a drawing that is ``tall``."""
        rest = (tall - self.tall) / 2
        self.ends = [(round(bottom - rest - low, 1), round(bottom - rest - high, 1)) for low, high in self.ends]

    def y(self, address: int) -> float:
        """How far down ``address`` is drawn, which a segment has or ends at."""
        for part, (low, high) in zip(self.parts, self.ends, strict=True):
            if part.start <= address <= part.end:
                return round(low + (high - low) * (address - part.start) / (part.end - part.start), 1)
        return 0.0


def drawing(facts: Facts, found: VpciSummary) -> dict[str, Any]:
    """What the template draws: for each layout its boxes, bands and addresses; the columns as a table."""
    colours = _colours(found)
    mappings = sorted(found.mappings, key=lambda each: each.guest)
    guest, host = Column(_guest(found)), Column(_host(facts, found))
    boxes = [
        Segment(number * 2, number * 2 + 1, f"k{colours.get(short_bdf(each.function), 0)}",
                f"{short_bdf(each.function)} BAR{each.bar}")
        for number, each in enumerate(mappings)
    ]  # fmt: skip
    middle = Column(boxes)
    tall = max(guest.tall, host.tall, middle.tall, 60)
    for column in (guest, host, middle):
        column.settle(TOP + tall, tall)
    return {
        "layouts": [_one(layout, guest, middle, host, mappings) for layout in LAYOUTS], "top": TOP,
        "bottom": TOP + tall, "height": TOP + tall + 12,
        "parts": {"guest": guest.parts[::-1], "host": host.parts[::-1]}, "mappings": mappings,
    }  # fmt: skip


def _colours(found: VpciSummary) -> dict[str, int]:
    hosts = [short_bdf(each.host) for each in found.functions if each.host and not each.bridge]
    return {name: number % KINDS for number, name in enumerate(hosts)}


def _guest(found: VpciSummary) -> list[Segment]:
    """RAM, the UART, vPCI's windows, and in them the BARs that are mapped."""
    layers = [Segment(PL011_BASE, PL011_BASE + PL011_SIZE, "device", "UART")]
    for name, (start, size) in found.windows.items():
        kind, label = _WINDOWS.get(name, ("reserved", name))
        layers.append(Segment(start, start + size, kind, label))
    colours = _colours(found)
    for function, bar in _memory_bars(found):
        if bar.mapped:  # what is left of it below: pages of an MSI-X table, which vPCI answers itself
            name = f"{short_bdf(function.guest)} BAR{bar.index} trapped"
            layers.append(Segment(bar.guest, bar.guest + bar.size, "reserved", name))
    by_host = {short_bdf(each.host): each for each in found.functions if each.host}
    for each in found.mappings:
        name = short_bdf(each.function)
        shown = by_host.get(name)
        where = short_bdf(shown.guest) if shown else "?"
        layers.append(Segment(each.guest, each.guest + each.size, f"k{colours.get(name, 0)}", f"{where} BAR{each.bar}"))
    return flatten(layers)


def _host(facts: Facts, found: VpciSummary) -> list[Segment]:
    """The BARs of the host's functions; those of functions that the guest has are in their colours."""
    colours = _colours(found)
    layers = []
    if facts.scenario is not None:
        rows = facts.scenario.host_function
        for row, bars in zip(rows, all_host_bars(rows), strict=True):
            name = short_bdf(row.slot)
            kind = f"k{colours[name]}" if name in colours else "device"
            memory = (bar for bar in bars if bar.kind != "io")
            layers += [Segment(bar.address, bar.end, kind, f"{name} BAR{bar.index}") for bar in memory]
    else:
        layers = [Segment(bar.host, bar.host + bar.size, f"k{colours.get(short_bdf(each.host), 0)}",
                          f"{short_bdf(each.host)} BAR{bar.index}") for each, bar in _memory_bars(found)]  # fmt: skip
    return flatten(layers)


def _memory_bars(found: VpciSummary) -> list[tuple[AssignedFunction, Any]]:
    return [(each, bar) for each in found.functions for bar in each.bars if bar.kind != "io" and bar.size]


def _one(layout: Layout, guest: Column, middle: Column, host: Column, mappings: list[Stage2Mapping]) -> dict[str, Any]:
    boxes = [box for column, place in ((guest, layout.guest), (middle, layout.stage2), (host, layout.host))
             for box in _boxes(column, place, layout.wide, sized=column is not middle)]  # fmt: skip
    bands = []
    for each, (low, high), part in zip(mappings, middle.ends, middle.parts, strict=True):
        left, right = layout.guest[0] + layout.guest[1], layout.host[0]
        start, end = layout.stage2[0], layout.stage2[0] + layout.stage2[1]
        for x, to, first, last in (
            (left, start, (guest.y(each.guest), guest.y(each.guest + each.size)), (low, high)),
            (end, right, (low, high), (host.y(each.host), host.y(each.host + each.size))),
        ):
            bands.append({"kind": part.kind, "path": f"M{x} {first[0]}L{to} {last[0]}V{last[1]}L{x} {first[1]}Z"})
    marks = []
    if layout.wide:
        marks = _marks(guest, layout.guest[0] - 6, "end") + _marks(host, layout.host[0] + layout.host[1] + 6, "start")
    return {"layout": layout, "boxes": boxes, "bands": bands, "labels": marks}


def _boxes(column: Column, place: Span, wide: bool, *, sized: bool) -> list[dict[str, Any]]:
    boxes = []
    for part, (low, high) in zip(column.parts, column.ends, strict=True):
        size = short_size(part.end - part.start) if sized else ""
        label = f"{part.label} {size}".strip()
        if len(label) * 6.6 > place[1] - 8:
            label = part.label if len(part.label) * 6.6 <= place[1] - 8 or wide else part.label.rpartition(" ")[2]
        span = f": {part.start:#x} to {part.end - 1:#x}, {size}" if sized else ""
        boxes.append({
            "x": place[0], "y": high, "w": place[1], "h": round(low - high, 1), "kind": part.kind,
            "title": f"{part.label}{span}", "label": label, "left": place[0] + 6, "middle": (low + high) / 2 + 4,
        })  # fmt: skip
    return boxes


def _marks(column: Column, x: int, anchor: str) -> list[dict[str, Any]]:
    """The address where each segment begins, highest first, where there is room for it."""
    marks: list[dict[str, Any]] = []
    last = -LINE * 1.0
    pairs: Sequence[tuple[Segment, tuple[float, float]]] = list(zip(column.parts, column.ends, strict=True))
    for part, (low, _) in reversed(pairs):
        if low - last >= LINE - 2:
            marks.append({"x": x, "y": low, "anchor": anchor, "text": f"{part.start:#x}"})
            last = low
    return marks
