"""A placement's address map has a column for each firmware, equal addresses at equal heights."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from fwsim.placement.allocate import Allocation
from fwsim.report import plots
from fwsim.report.alloc import segments
from fwsim.report.segments import Segment
from fwsim.units import short_size

_COLORS = {
    "stolen": "#d64541", "opregion": "#9b59b6", "bar": "#3498db", "ecam": "#f1c40f", "nvs": "#bb8fce",
    "acpi": "#bb8fce", "reserved": "#959ba0", "ram": "#58b173", "hole": "#ecf0f1",
}  # fmt: skip
_COLUMN, _GAP = 270, 14
"""Pixels: a column, and what is between two."""
_TEXT = 14
"""Pixels of a line of text: a lower segment has no label, addresses that no column uses are as high."""
_LEAST = 8
"""Pixels of the smallest segment where several columns share the height."""


def write_address_map(path: Path, results: Sequence[Allocation]) -> None:
    """Draw ``results`` side by side into ``path``, a PNG; heights go with the logarithm of the sizes.

    Raises FwsimError when matplotlib is not installed or the file cannot be written.
    """
    columns = [segments(result) for result in results]
    heights = _heights(columns)
    tall = max(heights.values(), default=0)
    figure = plots.figure(len(columns) * (_COLUMN + _GAP), tall, "--png")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, len(columns) * (_COLUMN + _GAP)), ylim=(0, tall))
    for number, column in enumerate(columns):
        left = number * (_COLUMN + _GAP)
        for part in column:
            bottom, height = heights[part.start], heights[part.end] - heights[part.start]
            color = _COLORS[part.kind]
            axes.bar(left, height, _COLUMN, bottom, align="edge", color=color, edgecolor=plots.LINE, lw=0.7)
            if height >= _TEXT:
                text = f"{part.label}  {short_size(part.end - part.start)}"
                axes.text(left + 6, bottom + height / 2, text, va="center_baseline")
    axes.set_xticks([number * (_COLUMN + _GAP) for number in range(len(columns))], map(_title, results), ha="left")
    marks = _apart(heights)
    axes.set_yticks([heights[mark] for mark in marks], [f"{mark:#x}" for mark in marks])
    axes.grid(axis="y", color="#dee2e6", lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(top=False, labeltop=True, bottom=False, labelbottom=False, left=False)
    axes.spines[:].set_visible(False)
    plots.write_png(figure, path)


def _title(result: Allocation) -> str:
    name = f"{result.ask.firmware} {result.details.version}".rstrip()
    return f"{name}\nBDSM {result.firmware.bdsm:#x}, ASLS {result.firmware.asls:#x}"


def _heights(columns: Sequence[Sequence[Segment]]) -> dict[int, float]:
    """Every boundary's height in the picture, in pixels."""
    marks = sorted({point for column in columns for part in column for point in (part.start, part.end)})
    least = _TEXT if len(columns) == 1 else _LEAST
    found: dict[int, float] = dict.fromkeys(marks[:1], 0)
    for start, end in pairwise(marks):
        used = any(part.start < end and start < part.end for column in columns for part in column)
        tall = max(least, (end - start).bit_length() - 12) + least if used else _TEXT
        found[end] = found[start] + tall
    return found


def _apart(heights: dict[int, float]) -> list[int]:
    """The addresses, highest first, that are far enough from the one before for a line of text each."""
    found: list[int] = []
    for mark in reversed(heights):
        if not found or heights[found[-1]] - heights[mark] >= _TEXT:
            found.append(mark)
    return found
