"""A sweep is shown as counts for a terminal and as a table for a page."""

from __future__ import annotations

import json
import re
import textwrap
from itertools import groupby
from pathlib import Path

from fwsim.sweep.matrix import Axis
from fwsim.sweep.result import Result, outcomes
from fwsim.sweep.store import Store
from fwsim.units import format_size

_BAR = 20
_SIZES = ("ram", "stolen", "opregion", "rom", "max_low", "ecam")
"""Fields that are sizes; other large numbers are addresses and registers' values."""
_NUMBER = re.compile(r"\b(0x[0-9a-f]+|[0-9]+[KMG]?)\b")


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
            label = shown(name, row.value)
            label = label if len(label) <= 28 else label[:25] + "..."
            found.append(f"  {label:<28} {row.rows:>11,} {row.ok:>11,} {bar}".rstrip())
    return found


def shown(name: str, value: int | str) -> str:
    """A value of the axis ``name`` as people write it: sizes with their unit, registers in hex, calls by register.

    A table is its fields and their values.
    """
    if isinstance(value, int):
        if name.rpartition(".")[2] in _SIZES:
            return format_size(value)
        return str(value) if value < 256 or name.startswith("budget.") else f"{value:#x}"
    if value[:2] in ("[{", "[]", '{"'):
        try:
            found = json.loads(value)
            calls = found if isinstance(found, list) else [found]
            return "; ".join(", ".join(f"{k}={shown('', v)}" for k, v in call.items()) for call in calls) or "no calls"
        except (ValueError, AttributeError, TypeError, IndexError):
            pass  # a text that only begins like one
    return value


def markdown(store: Store, axes: list[Axis]) -> str:
    """Two axes down, one across: works, nothing placed, or fails; below it why. Equal rows are joined.

    Reasons that differ in numbers only are one, told by the numbers of its first cell.
    """
    first, second, across = axes
    found = outcomes(store, axes)
    reasons: dict[str, tuple[int, str]] = {}
    head = [first.name, second.name, *(shown(across.name, label) for label in across.labels)]
    out = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for one in first.labels:
        cells = [
            (two, tuple(_cell(found.get((one, two, three)), reasons) for three in across.labels))
            for two in second.labels
        ]
        for row, group in groupby(cells, key=lambda each: each[1]):
            names = ", ".join(shown(second.name, two) for two, _ in group)
            out.append(f"| {shown(first.name, one)} | {names} | " + " | ".join(row) + " |")
    out += ["", *(f"{number}. {why}" for number, why in reasons.values())]
    return "\n".join(out).rstrip() + "\n"


def _cell(outcome: tuple[set[str], set[str]] | None, reasons: dict[str, tuple[int, str]]) -> str:
    if outcome is None:
        return "-"
    failed, why = outcome
    if not failed:
        return "works"
    word = "nothing" if failed == {"nothing"} else "fails"
    ids = " ".join(f"`{each}`" for each in sorted(failed - {"nothing"}))
    text = f"{ids}: {'; '.join(sorted(why))}" if ids and why else ids or "; ".join(sorted(why))
    number, _ = reasons.setdefault(_NUMBER.sub("#", text), (len(reasons) + 1, text))
    return f"{word} ({number})"
