"""How does a why look as a picture? Boxes from the source down to what was asked about, as PNG or SVG."""

import textwrap
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from fwsim.analysis.story import WhyNode
from fwsim.analysis.why import Why
from fwsim.errors import FwsimError
from fwsim.rom.files import write_atomically

_BOX, _LINE, _PAD, _GAP, _MARGIN, _LANE = 620, 16, 8, 22, 16, 14
_CHARS = 84
_INK, _ARROW, _BACK = "#212529", "#495057", "#ffffff"
_FILLS = {
    "input": "#d0ebff", "answer": "#d0ebff", "byte": "#fff3bf", "cpu": "#d0ebff", "fault": "#ffe3e3",
    "event": "#e9ecef", "screen": "#e9ecef", "firmware": "#d3f9d8",
}  # fmt: skip


@dataclass
class _Box:
    node: WhyNode
    top: int
    height: int
    lines: list[str]


def write_graph(path: Path, why: Why, force: bool) -> None:
    """Draw ``why`` into ``path``. Raises FwsimError for another ending than .png and .svg, and a file that exists."""
    if path.suffix.lower() not in (".png", ".svg"):
        raise FwsimError(
            "not a picture's name", where="--graph", found=str(path), expected="FILE.png or FILE.svg",
            hint=f"--graph {path.with_suffix('.png')}",
        )  # fmt: skip
    if path.exists() and not force:
        raise FwsimError("the file exists", where=str(path), expected="a new name", hint="--force replaces it")
    boxes, top = [], _MARGIN
    for node in why.nodes:
        lines = textwrap.wrap(node.line.strip(), _CHARS) or [""]
        height = 2 * _PAD + _LINE * len(lines)
        boxes.append(_Box(node, top, height, lines))
        top += height + _GAP
    arrows = _arrows(boxes)
    lanes = max((lane for *_, lane in arrows), default=0) + 1
    size = (2 * _MARGIN + _BOX + lanes * _LANE, top - _GAP + _MARGIN)
    data = _png(boxes, arrows, size) if path.suffix.lower() == ".png" else _svg(boxes, arrows, size).encode()
    write_atomically(path, data)


def _arrows(boxes: list[_Box]) -> list[tuple[int, int, bool, int]]:
    """(from, to, only chosen, lane): 0 for neighbours, which need none beside the boxes."""
    found, lane = [], 0
    for box in boxes:
        for source in dict.fromkeys([*box.node.sources, *box.node.chosen]):
            near = source == box.node.id - 1
            lane += not near
            found.append((source, box.node.id, source not in box.node.sources, 0 if near else lane))
    return found


def _path(boxes: list[_Box], source: int, target: int, lane: int) -> list[tuple[int, int]]:
    """The arrow's corners: straight down to a neighbour, else round the right side."""
    a, b = boxes[source], boxes[target]
    if not lane:
        return [(_MARGIN + 40, a.top + a.height), (_MARGIN + 40, b.top)]
    right = _MARGIN + _BOX
    return [
        (right, a.top + a.height // 2), (right + lane * _LANE, a.top + a.height // 2),
        (right + lane * _LANE, b.top + b.height // 2), (right, b.top + b.height // 2),
    ]  # fmt: skip


def _head(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    x, y = points[-1]
    return [(x, y), (x - 4, y - 7), (x + 4, y - 7)] if points[-2][0] == x else [(x, y), (x + 7, y - 4), (x + 7, y + 4)]


def _png(boxes: list[_Box], arrows: list[tuple[int, int, bool, int]], size: tuple[int, int]) -> bytes:
    from io import BytesIO

    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", size, _BACK)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=13)
    for box in boxes:
        place = (_MARGIN, box.top, _MARGIN + _BOX, box.top + box.height)
        draw.rounded_rectangle(place, 4, fill=_FILLS.get(box.node.kind, "#f8f9fa"), outline=_ARROW)
        for number, line in enumerate(box.lines):
            draw.text((_MARGIN + _PAD, box.top + _PAD + number * _LINE - 1), line, _INK, font)
    for source, target, _, lane in arrows:
        points = _path(boxes, source, target, lane)
        draw.line(points, fill=_ARROW, width=1)
        draw.polygon(_head(points), fill=_ARROW)
    made = BytesIO()
    image.save(made, "PNG")
    return made.getvalue()


def _svg(boxes: list[_Box], arrows: list[tuple[int, int, bool, int]], size: tuple[int, int]) -> str:
    width, height = size
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="{_BACK}"/>'
    ]
    for box in boxes:
        fill = _FILLS.get(box.node.kind, "#f8f9fa")
        parts.append(
            f'<rect x="{_MARGIN}" y="{box.top}" width="{_BOX}" height="{box.height}" rx="4" fill="{fill}" '
            f'stroke="{_ARROW}"/>'
        )
        for number, line in enumerate(box.lines):
            y = box.top + _PAD + 12 + number * _LINE
            parts.append(f'<text x="{_MARGIN + _PAD}" y="{y}" fill="{_INK}">{escape(line)}</text>')
    for source, target, chosen, lane in arrows:
        points = _path(boxes, source, target, lane)
        line = " ".join(f"{x},{y}" for x, y in points)
        head = " ".join(f"{x},{y}" for x, y in _head(points))
        dash = ' stroke-dasharray="4 3"' if chosen else ""
        parts.append(f'<polyline points="{line}" fill="none" stroke="{_ARROW}"{dash}/>')
        parts.append(f'<polygon points="{head}" fill="{_ARROW}"/>')
    return "\n".join([*parts, "</svg>", ""])
