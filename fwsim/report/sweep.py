"""How is a sweep shown? Counts for a terminal, a table for a page, a heat map for the eye."""

from __future__ import annotations

import textwrap
from itertools import groupby
from pathlib import Path

from fwsim.errors import FwsimError
from fwsim.sweep.matrix import Axis
from fwsim.sweep.result import Result, outcomes, shares
from fwsim.sweep.store import Store
from fwsim.units import KIB, format_size

_BAR = 20
_FAIL, _OK = (0x00, 0x22, 0x4E), (0xFE, 0xE8, 0x38)
"""The ends of cividis, which the colour-blind tell apart; the numbers stand in the cells as well."""


def lines(result: Result) -> list[str]:
    """The summary, 80 columns."""
    status = ", ".join(f"{count:,} {name}" for name, count in result.status.items())
    found = [f"{result.rows:,} rows: {status or 'none'}", f"rows in {result.rows_file}"]
    if result.rules:
        found += ["", "failed check              rows"]
        found += [f"{name:<20} {count:>9,}" for name, count in result.rules.items()]
    if result.why:
        found += ["", "refused, stopped or crashed, rows"]
        for why, count in result.why.items():
            found.append(f"{count:>9,}  {textwrap.shorten(why or 'no reason given', 68)}")
    for name, values in groupby(result.axes, key=lambda row: row.name):
        rows = list(values)
        found += ["", f"{name[:30]:<30} {'rows':>11} {'ok':>11}"]
        if len(rows) > 32:
            found.append(f"  {len(rows):,} values, in {Path(result.rows_file).name}")
            continue
        for row in rows:
            share = row.ok / row.rows if row.rows else 0
            bar = "#" * round(share * _BAR)
            label = textwrap.shorten(shown(row.value), 28) or shown(row.value)[:28]
            found.append(f"  {label:<28} {row.rows:>11,} {row.ok:>11,} {bar}".rstrip())
    return found


def shown(value: int | str) -> str:
    """A value as people write it: sizes with their unit."""
    return format_size(value) if isinstance(value, int) and value >= KIB and value % KIB == 0 else str(value)


def markdown(store: Store, axes: list[Axis]) -> str:
    """Two axes down, one across: what works, what fails by which check, and below it why. Equal rows are joined."""
    first, second, across = axes
    found = outcomes(store, axes)
    reasons: dict[str, int] = {}
    out = [f"| {first.name} | {second.name} | " + " | ".join(shown(label) for label in across.labels) + " |",
           "|---" * (2 + len(across.labels)) + "|"]  # fmt: skip
    for one in first.labels:
        cells = [
            (two, tuple(_cell(found.get((one, two, three)), reasons) for three in across.labels))
            for two in second.labels
        ]
        for row, group in groupby(cells, key=lambda each: each[1]):
            names = [str(two) for two, _ in group]
            out.append(f"| {one} | {', '.join(names)} | " + " | ".join(row) + " |")
    out += ["", *(f"{number}. {why}" for why, number in reasons.items())]
    return "\n".join(out).rstrip() + "\n"


def _cell(outcome: tuple[set[str], set[str]] | None, reasons: dict[str, int]) -> str:
    if outcome is None:
        return "-"
    failed, why = outcome
    if not failed:
        return "works"
    numbers = [str(reasons.setdefault(each, len(reasons) + 1)) for each in sorted(why) if each]
    ids = " ".join(f"`{each}`" for each in sorted(failed))
    return f"fails: {ids}" + (f" ({', '.join(numbers)})" if numbers else "")


def heat_map(store: Store, x: Axis, y: Axis, file: Path) -> None:
    """Share of rows that are ok, per cent, as a PNG: ``x`` across, ``y`` down. Raises FwsimError."""
    from PIL import Image, ImageDraw

    if len(x.labels) > 200 or len(y.labels) > 200:
        raise FwsimError("too many values for a picture", where="--png", found=f"{len(x.labels)} x {len(y.labels)}",
                         expected="up to 200 each", hint="choose two others with --axes")  # fmt: skip
    share = shares(store, x, y)
    side, left, top = 44, 12 + 7 * max(len(shown(v)) for v in (*y.labels, y.name)), 52
    image = Image.new("RGB", (left + side * len(x.labels) + 8, top + side * len(y.labels) + 24), "white")
    draw = ImageDraw.Draw(image)
    draw.text((4, 4), f"rows that are ok, per cent: {x.name} across, {y.name} down", fill="black")
    for column, one in enumerate(x.labels):
        draw.text((left + side * column + 2, 24 + 12 * (column % 2)), shown(one)[:12], fill="black")
    for line, two in enumerate(y.labels):
        draw.text((4, top + side * line + side // 2 - 6), shown(two), fill="black")
        for column, one in enumerate(x.labels):
            at = (left + side * column, top + side * line)
            ok = share.get((one, two))
            box = (*at, at[0] + side - 2, at[1] + side - 2)
            if ok is None:
                draw.rectangle(box, outline="gray")
                continue
            colour = tuple(round(low + (high - low) * ok) for low, high in zip(_FAIL, _OK, strict=True))
            draw.rectangle(box, fill=colour)
            draw.text((at[0] + 10, at[1] + 15), f"{100 * ok:.0f}", fill="black" if ok > 0.5 else "white")
    try:
        image.save(file, "PNG")
    except (OSError, ValueError) as error:
        raise FwsimError(f"cannot write the picture: {error}", where=str(file), hint="give another --png") from None
