"""What a hypervisor shows too much and too little for a ROM, as a page of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from fwsim.analysis.compare import Comparison, Difference

_WIDTH = 80


def render_comparison(found: Comparison) -> list[RenderableType]:
    """The verdict, then a table each: too little, the guest's own, too much."""
    short = f"too little in {len(found.too_little)}" if found.too_little else "nothing too little"
    head = (
        f"{found.name} under {found.kind}: {found.needs} needs, {found.fit} as on the host, "
        f"{len(found.own)} the guest's own, {short}, too much in {len(found.too_much)}"
    )
    said = [head, *(f"note: {note}" for note in found.notes)]
    parts: list[RenderableType] = [Text(line) for each in said for line in textwrap.wrap(each, _WIDTH)]
    for title, rows in (
        ("too little", found.too_little), ("the guest's own", found.own), ("too much", found.too_much)
    ):  # fmt: skip
        if rows:
            parts.append(_table(title, rows))
    return parts


def _table(title: str, rows: Sequence[Difference]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, width=_WIDTH, header_style="bold")
    for name, ratio in ((title, 22), ("register", 14), ("", 40)):
        table.add_column(name, overflow="fold", ratio=ratio)
    for each in rows:
        table.add_row(Text(each.where), Text(each.name), Text(each.detail))
    return table
