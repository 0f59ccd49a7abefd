"""Two runs are compared: their figures beside each other, and the lines of their scenarios that are not the same."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path

from msgspec import Struct

from fwsim.report.html import arm
from fwsim.report.html.facts import Facts
from fwsim.report.html.story import ended
from fwsim.results.summary import GttWrite
from fwsim.scenario.load import dumps


class Row(Struct, frozen=True):
    """One figure of each run; ``differs``: they are not all the same."""

    name: str
    values: list[str]

    @property
    def differs(self) -> bool:
        """Whether the runs differ in it."""
        return len(set(self.values)) > 1


def figures(runs: Sequence[Facts]) -> list[Row]:
    """The figures of every run."""
    alike = all(facts.arm for facts in runs)
    columns = [{"ended": ended(facts)} | (arm.figures(facts) if alike else _figures(facts)) for facts in runs]
    return [Row(name, [column[name] for column in columns]) for name in columns[0]]


def _figures(facts: Facts) -> dict[str, str]:
    summary, scenario = facts.summary, facts.scenario
    gtt, targets = summary.gtt, summary.gtt.targets
    wish = scenario.hypervisor if scenario else None
    unknown = "not known" if not facts.whole else ""
    return {
        "ROM": f"{Path(scenario.rom.file).name if scenario else ''} {summary.rom.sha256[:12]}".strip() or "not known",
        "ROM from": "the host's POST (shadow)" if summary.rom.source == "shadow" else "its file",
        "hypervisor": wish.design.name if wish else "not known",
        "host BDSM": f"{scenario.host.stolen_base:#x}" if scenario else "not known",
        "guest BDSM": f"{summary.firmware.bdsm:#x}",
        "ASLS": f"{summary.firmware.asls:#x}",
        "GTT writes": f"{gtt.writes:,}",
        "changed on the way": f"{gtt.rewritten:,}",
        "first write": unknown or _write(gtt.first),
        "last write": unknown or _write(gtt.last),
        "entries at guest's stolen memory": unknown or f"{targets.guest_stolen:,}",
        "entries at host's stolen memory": unknown or f"{targets.host_stolen:,}",
        "entries at guest RAM": unknown or f"{targets.guest_ram:,}",
        "entries at nothing mapped": unknown or f"{targets.unmapped:,}",
        "DMA refused": f"{summary.iommu.faults:,}",
        "pages missing on screen": unknown or f"{sum(screen.unreadable_pages for screen in summary.display):,}",
        "checks failed": unknown or f"{len(summary.failed)} of {len(summary.checks)}",
        "events": f"{summary.events:,}",
        "virtual time": f"{summary.virtual_ns / 1e6:,.3f} ms",
    }


def _write(write: GttWrite | None) -> str:
    if write is None:
        return "none"
    if write.written is None:
        return f"{write.value:#x}, never got there"
    return f"{write.value:#x}" + (f" → {write.written:#x}" if write.written != write.value else "")


def scenario_lines(runs: Sequence[Facts]) -> list[list[tuple[bool, str]]]:
    """Each run's resolved scenario as (differs from the other run's, line)."""
    texts = [dumps(facts.scenario).splitlines() if facts.scenario else [] for facts in runs]
    changed = [[False] * len(text) for text in texts]
    if len(texts) == 2:
        for tag, a, b, c, d in SequenceMatcher(None, texts[0], texts[1], autojunk=False).get_opcodes():
            if tag != "equal":
                changed[0][a:b], changed[1][c:d] = [True] * (b - a), [True] * (d - c)
    return [list(zip(marks, text, strict=True)) for marks, text in zip(changed, texts, strict=True)]


def checks(runs: Sequence[Facts]) -> list[tuple[str, list[tuple[bool | None, str]]]]:
    """Each check's id with its outcome in every run (None: it does not concern that run); failed ones first."""
    tables = [{check.id: check for check in facts.summary.checks} for facts in runs]
    ids = dict.fromkeys(id for table in tables for id in table)
    rows: list[tuple[str, list[tuple[bool | None, str]]]] = [
        (id, [(table[id].ok, table[id].detail) if id in table else (None, "") for table in tables]) for id in ids
    ]
    return sorted(rows, key=lambda row: all(ok is not False for ok, _ in row[1]))
