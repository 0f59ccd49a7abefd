"""A side of a comparison is a run or an event file; scenarios and results of two sides are compared apart from their
events.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from fwsim.errors import FwsimError
from fwsim.results.folder import SCENARIO, SUMMARY, RunDir
from fwsim.results.summary import Summary
from fwsim.scenario.model import Scenario

Difference = tuple[str, object, object]
"""A name, and what it is in A and in B; None where one has none."""
_RESULTS = ("stop", "firmware", "gtt", "iommu", "calls", "display", "hangs", "assists", "unhandled", "code_bytes")
_LEFT_OUT = ("firmware.log", "iommu.lines", "gtt.first.registers", ".frames", "firmware.e820")
_ABSENT = object()


class Side(Struct):
    """A run's events, and its scenario and summary where it has them."""

    path: Path
    events: NDArray[np.void]
    scenario: Scenario | None = None
    summary: Summary | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def cpu(self) -> str | None:
        """The host's, which registers are named for."""
        return self.scenario.host.cpu if self.scenario else None


def open_side(path: Path) -> Side:
    """The run in the folder ``path``, or the event file itself. Raises FwsimError when it is none."""
    if path.is_file():
        from fwsim.trace.store import open_events

        return Side(path, open_events(path), notes=[f"{path}: events only"])
    folder = RunDir.open(path)
    side = Side(path, folder.events())
    for name in (SCENARIO, SUMMARY):
        try:
            if name == SCENARIO:
                side.scenario = folder.scenario()
            else:
                side.summary = folder.summary()
        except FwsimError as error:
            missing = not folder.file(name).exists()
            side.notes.append(f"{path}: {f'no {name}' if missing else f'{name} is not read: {error.what}'}")
    if side.summary and side.summary.events > len(side.events):
        lost = side.summary.events - len(side.events)
        side.notes.append(f"{path}: {lost:,} of {side.summary.events:,} events are missing at its end")
    return side


def different_facts(a: Side, b: Side) -> tuple[list[Difference], list[Difference], list[str]]:
    """(likely causes, results, notes): scenario fields, ROM and version that differ; what came of it."""
    causes: list[Difference] = []
    notes = a.notes + b.notes
    if a.scenario and b.scenario:
        left, right = _flat(a.scenario), _flat(b.scenario)
        causes += _whole(_differences(left, right, skip=("name", "rom.file")), left, right)
    results: list[Difference] = []
    if a.summary and b.summary:
        causes += _pair("rom.sha256", a.summary.rom.sha256, b.summary.rom.sha256)
        causes += _pair("fwsim", a.summary.fwsim, b.summary.fwsim)
        left, right = (_flat(_results(summary)) for summary in (a.summary, b.summary))
        found = [each for each in _differences(left, right) if not any(part in each[0] for part in _LEFT_OUT)]
        results = _whole(found, left, right)
    elif a.scenario and b.scenario:
        causes += _pair("rom.file", a.scenario.rom.file, b.scenario.rom.file)
    if a.cpu and b.cpu and a.cpu != b.cpu:
        notes.append(f"the hosts differ: registers are named for {a.cpu}")
    return causes, results, notes


def _results(summary: Summary) -> dict[str, object]:
    plain = msgspec.to_builtins(summary)
    found = {name: plain[name] for name in _RESULTS}
    found["checks failed"] = ", ".join(sorted(check.id for check in summary.failed)) or "none"
    return found


def _whole(found: list[Difference], a: dict[str, object], b: dict[str, object]) -> list[Difference]:
    """What only one side has an element of (a call, a screen) as one difference, not as one for each of its fields."""
    kept: list[Difference] = []
    for name, left, right in found:
        parts = name.split(".")
        element = ".".join(parts[:2])
        lone = len(parts) > 2 and parts[1].isdigit()
        for side, other in ((a, b), (b, a)) if lone else ():
            if any(key.startswith(f"{element}.") for key in other):
                continue
            if not kept or kept[-1][0] != element:
                text = " ".join(
                    f"{key[len(element) + 1 :]} {value:#x}"
                    if type(value) is int
                    else f"{key[len(element) + 1 :]} {value}"
                    for key, value in side.items()
                    if key.startswith(f"{element}.") and value and not any(part in key for part in _LEFT_OUT)
                )
                kept.append((element, text, None) if side is a else (element, None, text))
            break
        else:
            kept.append((name, left, right))
    return kept


def _pair(name: str, a: object, b: object) -> list[Difference]:
    return [(name, a, b)] if a != b else []


def _flat(document: object) -> dict[str, object]:
    """``{"firmware.bars.0": ...}``."""
    found: dict[str, object] = {}

    def walk(prefix: str, value: object) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{prefix}.{key}" if prefix else str(key), inner)
        elif isinstance(value, list | tuple):
            for number, inner in enumerate(value):
                walk(f"{prefix}.{number}", inner)
        else:
            found[prefix] = value

    walk("", msgspec.to_builtins(document))
    return found


def _differences(a: dict[str, object], b: dict[str, object], skip: tuple[str, ...] = ()) -> list[Difference]:
    names = [*a, *(name for name in b if name not in a)]
    return [
        (name, a.get(name), b.get(name))
        for name in names
        if name not in skip and a.get(name, _ABSENT) != b.get(name, _ABSENT)
    ]
