"""A sweep says counts by rule and by axis, and tables of two or three axes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from fwsim.errors import FwsimError
from fwsim.memory.arm_map import MACHINE
from fwsim.scenario.text import suggest
from fwsim.sweep.matrix import Axis, Matrix
from fwsim.sweep.store import Store

SHOWN = 1000
"""Values of the largest axis that is counted value by value."""


class ByValue(msgspec.Struct, kw_only=True):
    """One value of an axis, or one rule (``failed`` only)."""

    name: str
    value: int | str = ""
    rows: int = 0
    ok: int = 0


class Result(msgspec.Struct, kw_only=True):
    """A sweep as ``--json`` prints it. ``rules``: how many rows failed each check; ``axes``: of 2 to SHOWN values."""

    kind: str
    rows_file: str
    rows: int
    status: dict[str, int]
    rules: dict[str, int]
    why: dict[str, int]
    axes: list[ByValue]


def checks_named(matrix: Matrix, text: str, where: str) -> tuple[str, ...]:
    """The ids of checks in ``text``, commas between, that alone say whether a row is ok. Raises FwsimError."""
    from fwsim.rules.placement import PLACED, SHARED
    from fwsim.rules.run import RULES
    from fwsim.rules.vpci import IDS

    placed = [rule.id for rule in SHARED] + [rule.id for rule in PLACED]
    known = placed if matrix.kind == "placement" else [rule.id for rule in RULES]
    if matrix.kind == "run" and MACHINE in matrix.machines:
        known = [*(known if len(matrix.machines) > 1 else []), *IDS]
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    for name in names:
        if name not in known:
            raise FwsimError("no such check", where=where, found=name, expected=", ".join(known),
                             hint=suggest(name, known) or "see docs/allocators.md, The checks")  # fmt: skip
    return names


def is_ok(checks: Sequence[str]) -> str:
    """SQL for whether a row is ok: by its status, or where ``checks`` are named, if none of these failed in it."""
    if not checks:
        return "status = 'ok'"
    ids = ", ".join(f"'{each}'" for each in checks)
    return f"(status IN ('ok', 'nothing', 'failed') AND NOT list_has_any(string_split(failed, ','), [{ids}]))"


def result_of(store: Store, checks: Sequence[str] = ()) -> Result:
    """The counts of a finished sweep; a row counts as ok by ``checks`` alone, where some are named."""
    status = dict(store.query("SELECT status, count(*) FROM rows GROUP BY 1 ORDER BY 2 DESC, 1"))
    rules = store.query(
        "SELECT id, count(*) FROM (SELECT unnest(string_split(failed, ',')) AS id FROM rows WHERE failed <> '')"
        " GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    why = store.query(
        "SELECT why, count(*) FROM rows WHERE status IN ('refused', 'crashed', 'stopped')"
        " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10"
    )
    axes = []
    for axis in varied(store.matrix):
        if len(axis.values) > SHOWN:
            continue
        counts = store.query(f'SELECT "{axis.name}", count(*), count(*) FILTER ({is_ok(checks)}) FROM rows GROUP BY 1')
        found = {value: (rows, ok) for value, rows, ok in counts}
        for label in axis.labels:
            rows, ok = found.get(label, (0, 0))
            axes.append(ByValue(name=axis.name, value=label, rows=rows, ok=ok))
    return Result(
        kind=store.matrix.kind, rows_file=str(store.rows), rows=sum(status.values()), status=status,
        rules=dict(rules), why=dict(why), axes=axes,
    )  # fmt: skip


def varied(matrix: Matrix) -> list[Axis]:
    """The axes of more than one value."""
    return [axis for axis in matrix.axes if len(axis.values) > 1]


def axes_named(matrix: Matrix, text: str, count: int, where: str) -> list[Axis]:
    """``count`` axes by name, or the first ones that vary. Raises FwsimError."""
    names = [part.strip() for part in text.split(",") if part.strip()] or [axis.name for axis in varied(matrix)[:count]]
    known = {axis.name: axis for axis in matrix.axes}
    for name in names:
        if name not in known:
            raise FwsimError("no such axis", where=where, found=name, expected=", ".join(known),
                             hint=suggest(name, known) or "name an axis of the matrix")  # fmt: skip
    if len(names) != count:
        raise FwsimError(f"{count} axes make this", where=where, found=", ".join(names) or "none",
                         expected=f"{count} of {', '.join(known)}")  # fmt: skip
    return [known[name] for name in names]


def shares(store: Store, x: Axis, y: Axis, checks: Sequence[str] = ()) -> dict[tuple[Any, Any], float]:
    """Share of rows that are ok, by the values of two axes."""
    found = store.query(
        f'SELECT "{x.name}", "{y.name}", avg(CASE WHEN {is_ok(checks)} THEN 1.0 ELSE 0.0 END) FROM rows GROUP BY 1, 2'
    )
    return {(one, two): share for one, two, share in found}


def outcomes(store: Store, axes: list[Axis]) -> dict[tuple[Any, ...], tuple[set[str], set[str]]]:
    """(What failed: ids or a status; why) of each combination of these axes."""
    names = ", ".join(f'"{axis.name}"' for axis in axes)
    found: dict[tuple[Any, ...], tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for *at, status, failed, why in store.query(f"SELECT {names}, status, failed, why FROM rows ORDER BY cell"):
        ids, reasons = found[tuple(at)]
        if status != "ok":
            ids.update(failed.split(",") if failed else [status])
            if why:
                reasons.add(why)
    return found
