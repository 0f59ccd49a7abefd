"""Each kind of work is measured at sizes ten times apart: its cost is to grow as its size does, its memory to stay."""

from __future__ import annotations

import contextlib
import math
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import msgspec

from fwsim import __version__
from fwsim.bench.alone import Measured, measured
from fwsim.bench.grown import Grown, Row, Series
from fwsim.bench.peers import ROUNDS as PEER_ROUNDS
from fwsim.bench.peers import beside
from fwsim.errors import FwsimError
from fwsim.trace.event import EVENT

Progress = Callable[[str, float | None], None]
LEAST, MOST = 1_000, 1_000_000_000
"""Events of the longest measurement, as few and as many as can be asked for."""
_SPARE = 1 << 30
"""Bytes that stay free where events are recorded."""
_ENOUGH_S, _ROUNDS = 2.0, 3
"""A measurement that is shorter is made again, this often at most; the one with the least CPU time counts."""


class _Work(msgspec.Struct, frozen=True):
    """A kind of work: ``least`` is its smallest size, ``share`` how many events the largest measurement has for each.

    ``bytes`` a unit's file takes; ``needs`` a module that it takes.
    """

    what: str
    unit: str
    reference: str
    least: int
    share: int
    function: str
    arguments: tuple[object, ...] = ()
    bytes: int = 0
    needs: str = ""

    def sizes(self, to: int) -> list[int]:
        """Powers of ten from the smallest size on."""
        most = max(1, to // self.share)
        return [10**power for power in range(len(str(min(self.least, most))) - 1, len(str(most)))]


_ENGINE = "an empty native callback at OUT on a bare engine"
_PLACED, _RUN = "placed in one process, without a sweep", "run in one process, without a sweep"
_DASK = "distributed"
WORK = (
    _Work("events to a file", "event", _ENGINE, 100_000, 1, "events", bytes=EVENT.itemsize),
    _Work("placements, 1 process", "placement", _PLACED, 100, 100, "placements", (1, False)),
    _Work("placements, 2 processes", "placement", _PLACED, 100, 100, "placements", (2, False)),
    _Work("placements, 1 Dask worker", "placement", _PLACED, 100, 1_000, "placements", (1, True), needs=_DASK),
    _Work("placements, 2 Dask workers", "placement", _PLACED, 100, 1_000, "placements", (2, True), needs=_DASK),
    _Work("ROM runs, 1 process", "run", _RUN, 10, 100_000, "runs", (1, False)),
    _Work("ROM runs, 2 processes", "run", _RUN, 10, 100_000, "runs", (2, False)),
)


def measure(to: float, tell: Progress | None = None) -> Grown:
    """Every kind of work, up to ``to`` events, a hundredth of it placements (a thousandth by Dask); then the peers.

    Each measurement has a process of its own. With 1e8 about a quarter of an hour, and 6 GB in the temporary folder;
    what that has no room for is left out. Raises FwsimError for an impossible ``to``.
    """
    if not LEAST <= to <= MOST:
        raise FwsimError(
            "impossible number of events", where="--to", found=f"{to:g}", expected=f"{LEAST:g} to {MOST:g}",
            hint="such as --to 1e7",
        )  # fmt: skip
    say = tell or (lambda what, done: None)
    before = _Cores.now()
    say("peers", 0.0)
    found = beside()
    steps = sum(len(work.sizes(int(to))) for work in WORK)
    done, series = 0, []
    for work in WORK:
        rows = []
        for size in work.sizes(int(to)):
            say(f"{size:,} {work.what}", done / steps)
            rows.append(_row(work, size))
            done += 1
        points = [(row.size, row.cpu_s) for row in rows if row.cpu_s]
        series.append(Series(what=work.what, unit=work.unit, reference=work.reference, rows=rows, slope=slope(points)))
    others, stolen = _Cores.now().since(before)
    return Grown(
        fwsim=__version__, to=int(to), cpu=_cpu(), cores=os.cpu_count() or 1, others=others, stolen=stolen,
        turns=PEER_ROUNDS, series=series, peers=found.peers, steps=found.steps,
    )  # fmt: skip


class _Cores(msgspec.Struct, frozen=True):
    """Seconds that all cores had so far, that they were at work, that were stolen, and that were this program's."""

    total: float
    busy: float
    stolen: float
    own: float

    @classmethod
    def now(cls) -> _Cores:
        with contextlib.suppress(OSError, ValueError):
            words = Path("/proc/stat").read_text().split()[1:9]
            user, nice, system, idle, wait, irq, soft, stolen = (int(word) / os.sysconf("SC_CLK_TCK") for word in words)
            busy = user + nice + system + irq + soft
            return cls(busy + idle + wait + stolen, busy, stolen, sum(os.times()[:4]))
        return cls(0.0, 0.0, 0.0, 0.0)

    def since(self, before: _Cores) -> tuple[float, float]:
        """The shares of other programs and of the machine's host."""
        total = self.total - before.total
        if total <= 0:
            return 0.0, 0.0
        others = self.busy - before.busy - (self.own - before.own)
        return round(max(0.0, others / total), 3), round((self.stolen - before.stolen) / total, 3)


def _cpu() -> str:
    """The CPU's model (Linux, /proc/cpuinfo), without what machines of the same model differ in."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() in ("model name", "Model"):
                return value.strip()
    return platform.machine()


def _row(work: _Work, size: int) -> Row:
    missing = _missing(work, size)
    if missing:
        return Row(size=size, missing=missing)
    best = min(_turns(work, size), key=lambda each: each.cpu_s)
    return Row(
        size=size, seconds=round(best.seconds, 4), cpu_s=round(best.cpu_s, 4),
        reference_us=round(best.reference_us, 4), peak_mib=round(best.peak_kib / 1024, 1),
        file_mb=round(best.file_bytes / 1e6, 3),
    )  # fmt: skip


def _turns(work: _Work, size: int) -> Iterator[Measured]:
    spent = 0.0
    for _ in range(_ROUNDS):
        found = measured(f"fwsim.bench.growth_work:{work.function}", size, *work.arguments)
        yield found
        spent += found.cpu_s
        if spent > _ENOUGH_S:
            return


def _missing(work: _Work, size: int) -> str:
    """Why it cannot be measured here; "" where it can."""
    if work.needs and find_spec(work.needs) is None:
        return f"takes {work.needs}: pip install 'fwsim[cluster]'"
    wanted, free = work.bytes * size, shutil.disk_usage(Path(tempfile.gettempdir())).free
    if wanted + _SPARE > free:
        return f"takes {wanted / 1e9:.1f} GB, {free / 1e9:.1f} GB are free: set TMPDIR to a folder with room"
    return ""


def slope(points: Sequence[tuple[int, float]]) -> float | None:
    """That of log cost against log size between the two largest sizes: a fixed start weighs least there."""
    if len(points) < 2:
        return None
    (size, cost), (more, dearer) = sorted(points)[-2:]
    return round(math.log(dearer / cost) / math.log(more / size), 3)
