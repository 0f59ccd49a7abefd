"""The page docs/designs.md says which passthrough design shows what; it is made from machines and runs.

``python -m fwsim.report.designs_page docs/designs.md examples/designs.toml`` writes it, with that sweep's rows. Columns
that are equal in a table are one, and so are rows that are equal everywhere.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from fwsim.analysis.designs import Design, Table, designs, tables
from fwsim.hypervisor import kinds
from fwsim.sweep.cell import Row, Runner, rows_of
from fwsim.sweep.matrix import load

_HOSTS = (("haswell", "gen 7: BDSM at 5Ch"), ("tigerlake", "gen 12: BDSM at C0h"))
_TITLES = {
    "config": "Configuration space of 00:02.0",
    "bridges": "The bridges that a driver looks at",
    "mirrors": "What BAR0 repeats",
    "more": "Around it",
}


def render(runs: Sequence[Row]) -> str:
    """The whole page, as Markdown; ``runs`` are the rows of the sweep that it shows."""
    lines = [*_head()]
    for cpu, what in _HOSTS:
        lines += [f"## A host of {what}", ""]
        for name, table in tables(cpu).items():
            if table:
                lines += [f"### {_TITLES[name]}", "", *_table(table), ""]
    return "\n".join([*lines, *_runs(runs)]) + "\n"


_HEAD = """\
# Which passthrough design shows what

Made by `make docs`, from machines: each design is built on the same host, in a PC of 2 GiB, and every register is
read and written as a guest would, once its usual firmware has been there.

| word | what a guest sees |
|---|---|
| device | the device's own register: reads its value, writes reach it |
| host's, read-only | the device's own value; a write changes nothing |
| own storage | the design answers: what the guest writes it reads back, and the device never hears of it |
| a value, fixed | the design answers so, whatever is written |

How well each is known: [exactness.md](exactness.md). What each does and why: [hypervisors.md](hypervisors.md).

| design | profiles that differ | its guests' firmware |
|---|---|---|
"""


def _head() -> Iterator[str]:
    yield from _HEAD.splitlines()
    by_kind: dict[str, list[Design]] = {}
    for design in designs():
        by_kind.setdefault(design.kind, []).append(design)
    for kind, rows in by_kind.items():
        firmware = ", ".join(f"`{each}`" for each in dict.fromkeys(row.firmware for row in rows))
        yield f"| `{kind}` | {', '.join(row.profile for row in rows if row.profile) or '-'} | {firmware} |"
    yield ""


def _table(table: Table) -> Iterator[str]:
    """Rows that differ, then in a sentence those that do not."""
    columns = list(dict.fromkeys(column for cells in table.values() for column in cells))
    same = {row: next(iter(cells.values())) for row, cells in table.items()
            if len(cells) == len(columns) and len(set(cells.values())) == 1}  # fmt: skip
    rows = [row for row in table if row not in same]
    alike: dict[tuple[str, ...], list[str]] = {}
    for column in columns:
        alike.setdefault(tuple(table[row].get(column, "-") for row in rows), []).append(column)
    if rows:
        yield "| | " + " | ".join(_named(each) for each in alike.values()) + " |"
        yield "|---" * (len(alike) + 1) + "|"
        for number, row in enumerate(rows):
            yield f"| {row} | " + " | ".join(cells[number] for cells in alike) + " |"
    if same:
        by_word: dict[str, list[str]] = {}
        for row, word in same.items():
            by_word.setdefault(word, []).append(row)
        yield ""
        yield "In all of them: " + "; ".join(f"{', '.join(them)}: {word}" for word, them in by_word.items()) + "."


def _named(columns: list[str]) -> str:
    """Columns as one head: a kind once, its profiles behind it."""
    kinds: dict[str, list[str]] = {}
    for column in columns:
        kind, _, profile = column.partition(" ")
        kinds.setdefault(kind, []).append(profile)
    return ", ".join(f"{kind} {', '.join(each for each in profiles if each)}".rstrip()
                     for kind, profiles in kinds.items())  # fmt: skip


_RUNS = """\
## Where the ROM's entries point

fwsim's own ROM on the gen 7 host, as a file (pristine) and as the shadow that the host's POST left (posted): every row
of `fwsim sweep examples/designs.toml`. A posted ROM has the host's base in it, a pristine one reads BDSM. Where the
host's stolen memory is inside of guest RAM no fault tells of an entry that points there: the ROM draws over memory
that the guest uses.

QEMU's rewrite up to 9.2 ends at as many entries as the GTT has pages, 256 at least: on `pc`, where a ROM finds no GGC
at 00:00.0, it writes 255. With GGMS 0 in GGC the limit is 0, and a posted ROM's entries stay the host's
(`--set host.ggc=0x0009`).
"""


def _runs(rows: Sequence[Row]) -> Iterator[str]:
    yield from _RUNS.splitlines()
    for source, base, never in dict.fromkeys((row["rom.source"], row["host.bdsm"], _never(row)) for row in rows):
        yield ""
        yield f"### {_ROMS[source]}, {'BDSM never written, ' if never else ''}the host's stolen memory at {base:#x}"
        yield ""
        yield "| design | BDSM | entries point at | DMA faults | result |"
        yield "|---|---|---|---|---|"
        merged: dict[tuple[str, ...], list[str]] = {}
        for row in rows:
            if (row["rom.source"], row["host.bdsm"], _never(row)) == (source, base, never):
                merged.setdefault(_outcome(row), []).append(" ".join(json.loads(row["hypervisor"]).values()))
        for outcome, who in merged.items():
            yield f"| {_named(who)} | " + " | ".join(outcome) + " |"


_ROMS = {"file": "Pristine", "shadow": "Posted"}
_TARGETS = {
    "guest_stolen": "the guest's stolen memory", "host_stolen": "the host's stolen memory", "guest_ram": "guest RAM",
    "unmapped": "nothing",
}  # fmt: skip


def _never(row: Row) -> bool:
    """Whether nobody wrote BDSM, though the design wants it written."""
    on_host = kinds.kind_class(json.loads(row["hypervisor"])["kind"]).on_host
    return bool(row["firmware.kind"] == "none" and not on_host)


def _outcome(row: Row) -> tuple[str, ...]:
    targets = ", ".join(f"{words}: {row[name]}" for name, words in _TARGETS.items() if row[name])
    result = "whole picture" if row["status"] == "ok" else row["why"].splitlines()[0]
    return f"{row['bdsm'] or 0:#x}", targets or "-", str(row["faults"] or "none"), f"{row['status']}: {result}"


def rows(matrix: Path) -> list[Row]:
    """Every row of a sweep, made here."""
    found, runner = load(matrix), Runner()
    return [row for chunk in range(found.chunks) for row in rows_of(found, found.chunk(chunk), runner)]


def main(arguments: list[str]) -> None:
    """Write the page to the path given, with the rows of the matrix given behind it."""
    page, matrix = map(Path, arguments)
    page.write_text(render(rows(matrix)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
