"""The address spaces of the guest, its IOMMU domain and the host are drawn as SVG columns on one scale.

Equal addresses have equal heights in the three columns; heights go with the logarithm of the sizes. The GTT's column
has a scale of its own: the entries that were written, one after the other.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from msgspec import Struct

from fwsim.report.html.entries import CLASSES, Entries
from fwsim.report.html.facts import PAGE, Facts
from fwsim.report.segments import E820_KINDS, Segment, flatten
from fwsim.rom.opregion import SIZE as OPREGION_SIZE
from fwsim.units import format_size

FOUR_GIB = 1 << 32
TOP, LINE, MOST_RIBBONS, MOST_AIMS = 30, 15, 40, 6
_SHORT = {
    "stolen": "stolen", "host-stolen": "stolen", "opregion": "OpReg.", "bar": "BAR", "ram": "RAM", "reserved": "res.",
    "nvs": "NVS", "acpi": "ACPI", "mapped": "mapped", "refused": "refused", "hole": "", "device": "devices",
}  # fmt: skip


class Layout(Struct, frozen=True):
    """One drawing's columns as (left, width): ``gtt``, ``iommu``, ``guest``, ``host``; ``wide`` has long labels."""

    name: str
    width: int
    gtt: tuple[int, int]
    iommu: tuple[int, int]
    guest: tuple[int, int]
    host: tuple[int, int]
    wide: bool


LAYOUTS = (
    Layout("wide", 720, (0, 96), (196, 88), (300, 156), (472, 148), True),
    Layout("narrow", 340, (0, 60), (104, 64), (176, 78), (262, 78), False),
)


class Scale(Struct):
    """The height of every boundary, lowest address first; ``y`` interpolates between them."""

    marks: list[int]
    ys: list[float]

    def y(self, address: int) -> float:
        """How far down ``address`` is drawn."""
        if address <= self.marks[0]:
            return self.ys[0]
        for low, high, below, above in zip(self.marks, self.marks[1:], self.ys, self.ys[1:], strict=False):
            if address <= high:
                return below + (above - below) * (address - low) / (high - low)
        return self.ys[-1]


def columns(facts: Facts) -> dict[str, list[Segment]]:
    """The segments of each column, lowest first."""
    firmware, guest_stolen = facts.summary.firmware, facts.guest_stolen
    guest = [Segment(each.start, each.end, E820_KINDS.get(each.type, "reserved"), each.type) for each in firmware.e820]
    if not guest and facts.scenario:
        guest = [Segment(start, end, "ram", "RAM") for start, end in facts.ram]
    guest += [Segment(start, end, "bar", name) for name, start, end in facts.bars]
    if guest_stolen[1] > guest_stolen[0]:
        guest.append(Segment(*guest_stolen, "stolen", "stolen memory"))
    asls = 0 if facts.on_host else firmware.asls
    if asls:
        guest.append(Segment(asls, asls + OPREGION_SIZE, "opregion", "OpRegion"))
    if facts.on_host:
        iommu = [Segment(0, FOUR_GIB, "mapped", "off: all passes")]
    else:
        iommu = [Segment(start, end, "mapped", "mapped") for start, end in facts.ram]
        iommu += [Segment(start, end, "mapped", "mapped") for _, start, end in facts.bars]
    return {"guest": flatten(guest), "iommu": flatten(iommu), "host": flatten(_host(facts))}


def _host(facts: Facts) -> list[Segment]:
    if facts.scenario is None or not facts.graphics:
        return []
    host, stolen = facts.scenario.host, facts.host_stolen
    parts = [Segment(0, min(stolen[0], FOUR_GIB), "ram", "RAM")] if stolen[0] else []
    if stolen[1] < FOUR_GIB:
        parts.append(Segment(stolen[1], FOUR_GIB, "device", "devices"))
    if stolen[1] > stolen[0]:
        parts.append(Segment(*stolen, "host-stolen", "stolen memory"))
    if host.asls:
        start = host.asls // PAGE * PAGE
        parts.append(Segment(start, start + OPREGION_SIZE, "opregion", "OpRegion"))
    return parts


def scale_of(found: dict[str, list[Segment]], pages: list[tuple[int, int]]) -> Scale:
    """The scale of all boundaries in ``found`` and of the ranges that entries point at."""
    parts = [(part.start, part.end) for column in found.values() for part in column] + pages
    marks = sorted({point for part in parts for point in part}) or [0, FOUR_GIB]
    ys, y = [0.0], 0.0
    for low, high in pairwise(marks):
        used = any(start < high and low < end for start, end in parts)
        aimed = any(start <= low and high <= end for start, end in pages)
        y += 26 if aimed else max(4, (high - low).bit_length() - 10) + 5 if used else 9
        ys.append(y)
    return Scale(marks, [round(TOP + y - each, 1) for each in ys])


def ribbons(found: Entries) -> list[dict[str, Any]]:
    """Entries that follow each other and lead to pages that do: where they begin and end, and to what."""
    bands: list[dict[str, Any]] = []
    position = 0
    for count, first, step in found.runs:
        low, high = sorted((first[5], first[5] + step[5] * (count - 1)))
        band = {
            "at": position, "count": count, "first": first[0], "last": first[0] + step[0] * (count - 1),
            "start": low * PAGE, "end": (high + 1) * PAGE, "kind": CLASSES[first[6]], "mapped": bool(first[7]),
        }  # fmt: skip
        position += count
        before = bands[-1] if bands else None
        same = before and (before["kind"], before["mapped"]) == (band["kind"], band["mapped"])
        if before and same and before["end"] == band["start"] and before["last"] + 1 == band["first"]:
            before |= {"count": before["count"] + count, "last": band["last"], "end": band["end"]}
        else:
            bands.append(band)
    return bands


def bands_of(found: Entries) -> list[dict[str, Any]]:
    """The ribbons that are drawn: the widest ones, in the order of their entries."""
    bands = [band for band in ribbons(found) if band["kind"] != "invalid"]
    return sorted(sorted(bands, key=lambda band: -band["count"])[:MOST_RIBBONS], key=lambda band: band["at"])


def aims(found: Entries) -> list[tuple[int, int]]:
    """The ranges that many entries point at, each of which gets a height of its own."""
    bands = sorted(bands_of(found), key=lambda band: -band["count"])[:MOST_AIMS]
    return [(band["start"], band["end"]) for band in bands if band["count"] * 20 >= len(found.number)]


def drawing(facts: Facts, found: Entries, aimed: list[tuple[int, int]]) -> dict[str, Any]:
    """What the template draws: for each layout its boxes, bands and marks, and the scale that the script needs.

    ``aimed`` are the ranges that get a height of their own: those of both runs, where two are compared.
    """
    bands = bands_of(found)
    spaces = columns(facts)
    scale = scale_of(spaces, aimed)
    bottom = scale.ys[0]
    total = max(1, sum(count for count, _, _ in found.runs))
    for band in bands:
        band["y"] = [round(bottom - (bottom - TOP) * at / total, 1) for at in (band["at"], band["at"] + band["count"])]
        band["to"] = [scale.y(band["start"]), scale.y(band["end"])]
    return {
        "layouts": [_one(layout, spaces, scale) for layout in LAYOUTS], "bands": bands, "height": bottom + 12,
        "top": TOP, "bottom": bottom, "marks": scale.marks, "ys": scale.ys, "total": total if found.runs else 0,
        "parts": {name: parts[::-1] for name, parts in spaces.items()},
    }  # fmt: skip


def _one(layout: Layout, spaces: dict[str, list[Segment]], scale: Scale) -> dict[str, Any]:
    boxes = []
    for name, parts in spaces.items():
        left, width = getattr(layout, name)
        for part in parts:
            top, bottom = scale.y(part.end), scale.y(part.start)
            size = _about(part.end - part.start)
            label = f"{part.label} {size}" if layout.wide else _SHORT.get(part.kind, part.kind)
            if len(label) * 6.6 > width - 8:
                label = part.label if layout.wide else ""
            title = f"{part.label}: {part.start:#x} to {part.end - 1:#x}, {size}"
            boxes.append({
                "x": left, "y": top, "w": width, "h": round(bottom - top, 1), "kind": part.kind, "title": title,
                "label": label if bottom - top >= LINE - 2 else "", "left": left + 6, "middle": (top + bottom) / 2 + 4,
            })  # fmt: skip
    labels, last = [], -LINE * 1.0
    for mark, y in reversed(list(zip(scale.marks, scale.ys, strict=True))):
        if layout.wide and y - last >= LINE - 2:
            labels.append({"y": y + 4, "text": f"{mark:#x}"})
            last = y
    return {"layout": layout, "boxes": boxes, "labels": labels}


def _about(size: int) -> str:
    """``size`` in a few characters: 64K, 1.9G."""
    exact = format_size(size)
    if len(exact) <= 5:
        return exact
    for number, unit in ((30, "G"), (20, "M"), (10, "K")):
        if size >= 1 << number:
            return f"{size / (1 << number):.1f}{unit}"
    return exact
