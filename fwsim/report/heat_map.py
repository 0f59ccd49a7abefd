"""A sweep's heat map shows the share of rows that are ok by the values of two axes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fwsim.errors import FwsimError
from fwsim.report import plots
from fwsim.report.sweep import shown
from fwsim.sweep.matrix import Axis
from fwsim.sweep.result import shares
from fwsim.sweep.store import Store

_MOST = 200
"""Values of the longest axis that is drawn."""
_NUMBERED = 2500
"""Cells of the largest map that has its numbers in it, 50 by 50; a larger one has a scale instead."""
_CELL, _SMALL = (46, 32), (8, 8)
"""Pixels of a cell, width and height: with a number of three digits in it, and without."""
_LINE, _TURNED_LINE = 14, 22
"""Pixels from a label's line to the next; from a turned one to the next."""
_SHORT = 6
"""Letters that stand above a cell without running into its neighbour's; longer ones are turned."""


def check(x: Axis, y: Axis) -> None:
    """Raises FwsimError where no heat map of these axes can be drawn: too many values, or no library."""
    if max(len(x.labels), len(y.labels)) > _MOST:
        raise FwsimError("too many values for a picture", where="--png", found=f"{len(x.labels)} x {len(y.labels)}",
                         expected=f"up to {_MOST} each", hint="choose two others with --axes")  # fmt: skip
    plots.library("matplotlib", "--png")


def write_heat_map(path: Path, store: Store, x: Axis, y: Axis, checks: Sequence[str] = ()) -> None:
    """Draw the per cent of rows that are ok, ``x`` across and ``y`` down, into ``path``, a PNG. Raises FwsimError.

    A row is ok by ``checks`` alone, where some are named.
    The colours are cividis, which the colour-blind tell apart; combinations without rows are light grey.
    """
    share = shares(store, x, y, checks)
    cells = [[100 * share.get((one, two), float("nan")) for one in x.labels] for two in y.labels]
    numbered = len(x.labels) * len(y.labels) <= _NUMBERED
    wide, high = _CELL if numbered else _SMALL
    figure = plots.figure(wide * len(x.labels), high * len(y.labels), "--png")
    axes = figure.add_axes((0, 0, 1, 1), facecolor="#e9ecef")
    gap = 1.5 if numbered else 0
    mesh = axes.pcolormesh(cells, cmap="cividis", vmin=0, vmax=100, edgecolors="white", linewidth=gap)
    if numbered:
        _number(axes, cells)
    else:
        figure.colorbar(mesh, cax=axes.inset_axes((1.02, 0, 0.02, 1)))
    _name(axes, x, y, -(-_TURNED_LINE // wide), -(-_LINE // high))
    axes.set_title(f"{', '.join(checks) or 'ok'}, per cent of the rows", pad=10)
    plots.write_png(figure, path)


def _number(axes: Any, cells: list[list[float]]) -> None:
    """Each cell's per cent in it."""
    for line, row in enumerate(cells):
        for column, value in enumerate(row):
            if value == value:  # not NaN: it has rows
                colour = "black" if value > 50 else "white"
                axes.text(column + 0.5, line + 0.5, f"{value:.0f}", color=colour, ha="center", va="center")


def _name(axes: Any, x: Axis, y: Axis, each_x: int, each_y: int) -> None:
    """The names of both axes, and every ``each_x``-th and ``each_y``-th of their values."""
    across, down = [shown(x.name, v) for v in x.labels], [shown(y.name, v) for v in y.labels]
    turned = each_x > 1 or max(map(len, across)) > _SHORT
    turn = {"rotation": 40, "ha": "left", "rotation_mode": "anchor"} if turned else {}
    axes.set_xticks([column + 0.5 for column in range(0, len(across), each_x)], across[::each_x], **turn)
    axes.set_yticks([line + 0.5 for line in range(0, len(down), each_y)], down[::each_y])
    axes.set_xlabel(x.name, weight="bold", labelpad=8)
    axes.set_ylabel(y.name, weight="bold", labelpad=8)
    axes.xaxis.set_label_position("top")
    axes.tick_params(top=False, labeltop=True, bottom=False, labelbottom=False, left=False)
    axes.spines[:].set_visible(False)
    axes.invert_yaxis()
