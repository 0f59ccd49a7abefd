"""What reads a recorded run is timed beside what it cannot do without: the run made again, or its file read once."""

import gc
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from fwsim.analysis.diff import diff
from fwsim.analysis.why import explain
from fwsim.demo.igd import scenarios
from fwsim.results.folder import RunDir
from fwsim.running.pipeline import run
from fwsim.trace.describe import COLUMNS, HEADING, line
from fwsim.trace.store import open_events
from fwsim.trace.table import write_table

EVENTS = 1_000_000
ROUNDS = 5
_OTHER = 1000
"""One event in so many has another value in the second of two runs."""


@dataclass(frozen=True)
class Reading:
    """Medians of CPU milliseconds of one way to read a run, and of the least that it takes; ``ratio``: of the turns."""

    name: str
    ms: float
    least_ms: float
    least: str
    ratio: float
    detail: str


def measure() -> list[Reading]:
    """Why, diff, show and export; the last three of ``EVENTS`` events, those of the demo's run again and again."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = next(iter(scenarios()))
        made = RunDir.create(Path(folder) / "run")
        run(scenario, made)
        one, two = _many(made.events(), Path(folder))

        def again() -> None:
            run(scenario, RunDir.create(Path(folder) / "again", force=True))

        once, both = "ms, the file read once", "ms, both files read once"
        return [
            _timed("why", lambda: explain(made, "gtt[0]"), again, "ms, the same run made again", ""),
            _timed("diff", lambda: diff(one, two), lambda: _read(one, two), both, f"{EVENTS:,} events each"),
            _timed("show_first", lambda: _first(one), lambda: _read(one), once, f"the first line of {EVENTS:,}"),
            _timed("export_parquet", lambda: write_table(open_events(one), Path(folder) / "events.parquet", "parquet"),
                   lambda: _read(one), once, f"{EVENTS:,} events"),
        ]  # fmt: skip


def _many(events: NDArray[np.void], folder: Path) -> tuple[Path, Path]:
    """``events`` again and again, in a file; and in a second one, some with another value."""
    many = np.resize(events, EVENTS)
    many["seq"] = np.arange(1, EVENTS + 1)
    found = []
    for name in ("one", "two"):
        found.append(folder / f"{name}.npy")
        np.save(found[-1], many)
        many["value"][::_OTHER] ^= np.uint64(1)
    return found[0], found[1]


def _read(*files: Path) -> None:
    for file in files:
        int(open_events(file).view(np.uint64).sum())


def _first(file: Path) -> str:
    """A table's heading, and its first event."""
    return HEADING + line(open_events(file)[list(COLUMNS)][0].item())


def _timed(name: str, own: Callable[[], object], least: Callable[[], object], what: str, detail: str) -> Reading:
    turns = []
    for _ in range(ROUNDS + 1):
        gc.collect()
        turns.append((_cpu(own), _cpu(least)))
    kept = turns[1:]
    ms, least_ms = (round(1e3 * median(turn[side] for turn in kept), 2) for side in (0, 1))
    return Reading(name, ms, least_ms, what, round(median(a / b for a, b in kept), 2), detail)


def _cpu(once: Callable[[], object]) -> float:
    started = time.process_time()
    once()
    return time.process_time() - started
