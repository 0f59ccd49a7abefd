"""How does a placement look as a picture? Columns of the address space, one a firmware, drawn with pillow alone."""

from collections.abc import Sequence
from pathlib import Path

from fwsim.errors import FwsimError
from fwsim.placement.allocate import Allocation
from fwsim.report.alloc import segments
from fwsim.report.segments import Segment
from fwsim.units import format_size

_COLORS = {
    "stolen": (214, 69, 65), "opregion": (155, 89, 182), "bar": (52, 152, 219), "ecam": (241, 196, 15),
    "nvs": (187, 143, 206), "acpi": (187, 143, 206), "reserved": (149, 155, 160), "ram": (88, 177, 115),
    "hole": (236, 240, 241),
}  # fmt: skip
_BACK, _INK, _LINE = (255, 255, 255), (33, 37, 41), (120, 120, 120)
_MARGIN, _TITLE, _SCALE, _COLUMN, _GAP = 12, 40, 104, 270, 14
_ONE_LINE = 15


def write_png(path: Path, results: Sequence[Allocation]) -> None:
    """Draw ``results`` side by side, equal addresses at equal heights, into ``path``.

    Heights go with the logarithm of the sizes. Raises FwsimError when it cannot be written.
    """
    from PIL import Image, ImageDraw, ImageFont

    columns = [segments(result) for result in results]
    marks = sorted({point for column in columns for part in column for point in (part.start, part.end)})
    tops, height = _heights(marks, columns)
    width = 2 * _MARGIN + _SCALE + len(columns) * (_COLUMN + _GAP)
    image = Image.new("RGB", (width, height + _MARGIN), _BACK)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=12)
    for number, (result, column) in enumerate(zip(results, columns, strict=True)):
        left = _MARGIN + _SCALE + number * (_COLUMN + _GAP)
        title = f"{result.ask.firmware} {result.details.version}".rstrip()
        draw.text((left, 6), title, _INK, font)
        draw.text((left, 21), f"BDSM {result.firmware.bdsm:#x}, ASLS {result.firmware.asls:#x}", _INK, font)
        for part in column:
            top, bottom = tops[part.end], tops[part.start]
            draw.rectangle((left, top, left + _COLUMN, bottom), _COLORS[part.kind], _LINE)
            if bottom - top >= _ONE_LINE - 1:
                text = f"{part.label}  {format_size(part.end - part.start)}"
                draw.text((left + 6, (top + bottom) / 2 - 8), text, _INK, font)
    last = -_ONE_LINE
    for mark in reversed(marks):
        if tops[mark] - last >= _ONE_LINE - 1:
            draw.text((_MARGIN, tops[mark] - 8), f"{mark:#x}", _INK, font)
            last = tops[mark]
    try:
        image.save(path, "PNG")
    except (OSError, ValueError) as error:
        raise FwsimError(
            f"cannot write the picture: {getattr(error, 'strerror', None) or error}", where=str(path),
            expected="a file in a folder that can be written", hint="choose another folder",
        ) from None  # fmt: skip


def _heights(marks: Sequence[int], columns: Sequence[Sequence[Segment]]) -> tuple[dict[int, int], int]:
    """The y of every boundary, highest address first, and the picture's height."""
    y, tops = _TITLE, {}
    least = _ONE_LINE if len(columns) == 1 else 8
    for end, start in zip(reversed(marks), [*list(reversed(marks))[1:], None], strict=True):
        tops[end] = y
        if start is not None:
            used = any(part.start < end and start < part.end for column in columns for part in column)
            y += max(least, (end - start).bit_length() - 12) + least if used else 10
    return tops, y + 1
