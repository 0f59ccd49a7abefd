"""A sweep's page is one HTML file: for each value of the further axes a map of safe and unsafe, and below it why."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import product
from pathlib import Path
from typing import Any

from fwsim import __version__
from fwsim.errors import FwsimError
from fwsim.report.sweep import shown
from fwsim.sweep.matrix import Axis
from fwsim.sweep.result import is_ok
from fwsim.sweep.store import Store

_MOST = 400
"""Cells of one map across or down."""
_ADDRESS = re.compile(r"0x[0-9a-f]+(-0x[0-9a-f]+)?")
_SAFE, _UNSAFE = "safe", "unsafe"
_STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem; color: #212529; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem; }
table { border-collapse: separate; border-spacing: 2px; }
th { font-weight: normal; font-size: 12px; text-align: right; padding: 0 .5rem; white-space: nowrap; }
thead th { text-align: left; writing-mode: vertical-rl; transform: rotate(180deg); padding: .3rem 0; }
td { min-width: 1.9rem; height: 1.6rem; text-align: center; font-size: 11px; border-radius: 2px; }
td.safe, b.safe { background: #0b6e4f; color: #fff; } td.unsafe, b.unsafe { background: #b3261e; color: #fff; }
td.part, b.part { background: #ffc857; } td.none, b.none { background: #e9ecef; color: #495057; }
b { display: inline-block; padding: 0 .5rem; border-radius: 2px; font-weight: normal; }
main { display: flex; flex-wrap: wrap; gap: 0 2.5rem; }
li { margin: .2rem 0; } .axis { font-weight: bold; }
"""


def write_page(path: Path, store: Store, axes: Sequence[Axis], checks: Sequence[str]) -> None:
    """Write the page of two ``axes`` or more into ``path``: X across, Y down, a map for each value of the others.

    A row is safe where none of ``checks`` fails, or without any where its status is ok. Raises FwsimError for axes
    that are too long, and where the file cannot be written.
    """
    x, y = axes[0], axes[1]
    if max(len(x.labels), len(y.labels)) > _MOST:
        raise FwsimError("too many values for a map", where="--html", found=f"{len(x.labels)} x {len(y.labels)}",
                         expected=f"up to {_MOST} each", hint="choose two others with --axes")  # fmt: skip
    why = _Reasons()
    maps = [_map(store, x, y, fixed, checks, why) for fixed in _fixed(axes[2:])]
    judged = "none of these checks fails: " + ", ".join(checks) if checks else "every check holds"
    legend = (
        f'<p><b class="safe">safe</b> {escape(judged)} <b class="unsafe">unsafe</b> the number is that of the reason '
        f'below <b class="part">50%</b> that share of the rows is safe <b class="none">-</b> no row</p>'
    )
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(path.stem)}: safe and unsafe</title>'
        f"<style>{_STYLE}</style><h1>Safe and unsafe: {escape(x.name)} across, {escape(y.name)} down</h1>{legend}"
        f"<main>{''.join(maps)}</main><h2>Why</h2><ol>{why.items()}</ol><p>fwsim {escape(__version__)}, "
        f"{store.query('SELECT count(*) FROM rows')[0][0]:,} rows</p></html>\n"
    )
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FwsimError(
            f"cannot write the page: {error.strerror}", where=str(path),
            expected="a file in a folder that can be written", hint="choose another folder",
        ) from None  # fmt: skip


class _Reasons:
    """Why rows are unsafe, each once: those that differ in addresses only are one, told by the first."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}

    def number(self, text: str) -> int:
        return self._found.setdefault(_ADDRESS.sub("#", text), (len(self._found) + 1, text))[0]

    def items(self) -> str:
        return "".join(f"<li>{escape(text)}</li>" for _, text in self._found.values()) or "<li>everything is safe</li>"


def _fixed(axes: Sequence[Axis]) -> Iterator[list[tuple[Axis, Any]]]:
    """Each combination of the values of ``axes``; of none, the one without any."""
    for values in product(*(axis.labels for axis in axes)):
        yield list(zip(axes, values, strict=True))


def _map(
    store: Store, x: Axis, y: Axis, fixed: Sequence[tuple[Axis, Any]], checks: Sequence[str], why: _Reasons
) -> str:
    """One map as a table; each cell's title is why its first unsafe row is so."""
    terms = " AND ".join(f'"{axis.name}" = {_literal(value)}' for axis, value in fixed)
    where = f"WHERE {terms}" if terms else ""
    reasons = "coalesce(nullif(overlap, ''), why)" if store.matrix.kind == "placement" else "why"
    found = {
        (one, two): (share, failed, reason)
        for one, two, share, failed, reason in store.query(
            f'SELECT "{x.name}", "{y.name}", avg(CASE WHEN {is_ok(checks)} THEN 1.0 ELSE 0.0 END), '
            f"first(failed ORDER BY cell) FILTER (NOT {is_ok(checks)}), "
            f"first({reasons} ORDER BY cell) FILTER (NOT {is_ok(checks)}) FROM rows {where} GROUP BY 1, 2"
        )
    }
    said = ", ".join(f"{axis.name} = {_label(axis, value)}" for axis, value in fixed)
    head = f"<h2>{escape(said)}</h2>" if said else ""
    columns = "".join(f"<th>{escape(_label(x, one))}</th>" for one in x.labels)
    lines = "".join(
        f"<tr><th>{escape(_label(y, two))}</th>{''.join(_cell(found.get((one, two)), checks, why) for one in x.labels)}"
        "</tr>"
        for two in y.labels
    )
    corner = f'<th class="axis"></th>{columns}'
    return f"<section>{head}<table><thead><tr>{corner}</tr></thead><tbody>{lines}</tbody></table></section>"


def _literal(value: Any) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def _cell(found: tuple[float, str | None, str | None] | None, checks: Sequence[str], why: _Reasons) -> str:
    if found is None:
        return '<td class="none">-</td>'
    share, failed, reason = found
    if share == 1:
        return f'<td class="safe" title="{_SAFE}">&#10003;</td>'
    ids = [each for each in (failed or "").split(",") if each in checks or not checks]
    text = ": ".join(filter(None, [" ".join(ids), reason if "device-model-clear" in ids or not checks else ""]))
    number = why.number(text or reason or _UNSAFE)
    if share:
        return f'<td class="part" title="{escape(text, quote=True)}">{100 * share:.0f}%</td>'
    return f'<td class="unsafe" title="{escape(text, quote=True)}">{number}</td>'


def _label(axis: Axis, value: Any) -> str:
    """As the terminal shows it; a list of texts without its brackets."""
    if isinstance(value, str) and value[:2] == '["':
        return "; ".join(json.loads(value))
    return shown(axis.name, value)
