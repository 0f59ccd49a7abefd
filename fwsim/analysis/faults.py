"""The DMA faults of a real machine's log stand beside those of a run, page by page; a run's own become the kernel's
lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from fwsim.devices.vtd import Vtd
from fwsim.devices.vtd_lines import Style
from fwsim.errors import FwsimError
from fwsim.registers.pte import VALID
from fwsim.results.folder import RunDir
from fwsim.results.summary import CheckResult
from fwsim.trace.event import Op, Space

IGD_SOURCE = 0x0010
STYLES = get_args(Style)
IMPORT = "import.json"
_BDSM = 0x1005C
Key = tuple[int, bool, int]
"""(page, read, reason) of a fault."""


class Explained(msgspec.Struct):
    """One fault of the log: how often it is there, and what of the run explains it.

    ``why`` is same (the run has the very fault), page (the run has a fault on the page, in another direction or for
    another reason), gtt (an entry of the run's GTT points there), stolen (in the host's stolen memory, and entries of
    the run point there), where (there too, but none of the run does: not explained), or none.
    """

    page: int
    read: bool
    reason: int
    count: int
    why: str


class Explanation(msgspec.Struct):
    """The comparison. ``missing`` are faults of the run that the log lacks: (page, read, reason)."""

    run: str
    faults: list[Explained]
    missing: list[tuple[int, bool, int]]
    suppressed: int
    overflowed: bool

    @property
    def explained(self) -> int:
        """Distinct faults of the log that the run explains."""
        return sum(fault.why not in ("where", "none") for fault in self.faults)


def dmesg(events: NDArray[np.void], style: Style = "D", timestamps: bool = False) -> Iterator[str]:
    """What the host's kernel would print of a run's faults, by the unit and the handler of ``fwsim.devices.vtd``."""
    found = events[(events["space"] == Space.IOMMU) & (events["op"] <= Op.WRITE)]
    unit = Vtd(style=style)
    told = 0
    last = 0
    for last, page, op, reason in found[["time_ns", "address", "op", "value"]].tolist():
        unit.fault(last, IGD_SOURCE, page, op == Op.READ, reason)
        while told < len(unit.lines):
            yield _stamp(last, timestamps) + unit.lines[told]
            told += 1
    unit.finish()
    for line in unit.lines[told:]:
        yield _stamp(last + unit.latency_ns, timestamps) + line


def _stamp(time_ns: int, wanted: bool) -> str:
    return f"[{time_ns // 1_000_000_000:5d}.{time_ns // 1000 % 1_000_000:06d}] " if wanted else ""


def fault_counts(events: NDArray[np.void]) -> Counter[Key]:
    """How often each fault is in ``events``."""
    found = events[(events["space"] == Space.IOMMU) & (events["op"] <= Op.WRITE)]
    return Counter((page, op == Op.READ, reason) for page, op, reason in found[["address", "op", "value"]].tolist())


def explain(log: NDArray[np.void], about: dict[str, Any], run: RunDir) -> Explanation:
    """Compare the faults of an imported log with those of ``run``; ``about`` is the log's import.json."""
    events, scenario = run.events(), run.scenario()
    seen, expected = fault_counts(log), fault_counts(events)
    pages = {page for page, _, _ in expected}
    targets = _targets(events)
    host = scenario.host
    base = host.bdsm & ~0xFFFFF
    stolen = range(base, base + host.family.gms.decode(host.ggc))
    faults, reached = [], any(page in stolen for page in targets)
    for (page, read, reason), count in sorted(seen.items()):
        if (page, read, reason) in expected:
            why = "same"
        elif page in pages:
            why = "page"
        elif page in targets:
            why = "gtt"
        else:
            why = ("stolen" if reached else "where") if page in stolen else "none"
        faults.append(Explained(page, read, reason, count, why))
    missing = sorted(set(expected) - set(seen))
    return Explanation(str(run.path), faults, missing, int(about.get("suppressed", 0)), bool(about.get("overflowed")))


def _targets(events: NDArray[np.void]) -> set[int]:
    """The pages that the guest's valid GTT entries pointed at, at any time, high address bits left out."""
    written = events[(events["space"] == Space.GTT) & (events["op"] == Op.WRITE)]["value"]
    return set((written[(written & np.uint64(VALID)) != 0] & np.uint64(0xFFFFF000)).tolist())


def read_import(folder: RunDir) -> dict[str, Any]:
    """The import.json of a folder that ``trace import`` made. Raises FwsimError for another one."""
    data = folder.read(IMPORT)
    try:
        document = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        document = None
        detail = str(error)
    else:
        detail = "not an object with import = 1"
    if not isinstance(document, dict) or document.get("import") != 1:
        raise FwsimError(
            "a damaged import",
            where=str(folder.path / IMPORT),
            found=detail,
            expected="what trace import wrote",
            hint="import the logs again: fwsim trace import LOG --out DIR --force",
        )
    return document


def import_checks(folder: RunDir) -> list[CheckResult]:
    """The rules that an imported log can answer: its faults, and its GTT entries where it tells the guest's BDSM."""
    about, events = read_import(folder), folder.events()
    counts = fault_counts(events)
    total, lost = sum(counts.values()), int(about.get("suppressed", 0))
    reasons: Counter[int] = Counter()
    for (_, _, reason), count in counts.items():
        reasons[reason] += count
    named = ", ".join(f"{count}x reason {reason}" for reason, count in sorted(reasons.items()))
    more = f", {lost} more suppressed" if lost else ""
    detail = f"{total} DMA faults ({named}){more}" if total or lost else "none in the log"
    checks = [CheckResult("no-dma-faults", not total and not lost, detail)]
    mask = (events["space"] == Space.PCI) & (events["op"] == Op.WRITE) & (events["address"] == _BDSM)
    bases, size = events[mask]["value"], int(about.get("bdsm_mib", 0)) << 20
    written = events[(events["space"] == Space.GTT) & (events["op"] == Op.WRITE)]["value"]
    valid = written[(written & np.uint64(VALID)) != 0] & np.uint64(0xFFFFF000)
    if len(bases) and size and len(valid):
        base = int(bases[-1]) & ~0xFFFFF
        outside = valid[(valid < base) | (valid >= base + size)]
        where = f"{base:#x}-{base + size - 1:#x}"
        first = f", first {int(outside[0]):#x}" if len(outside) else ""
        text = f"{len(valid) - len(outside)} of {len(valid)} entries written in {where}{first}"
        checks.append(CheckResult("gtt-guest-stolen", not len(outside), text))
    return checks


def import_folder(logs: list[Path], out: RunDir) -> dict[str, Any]:
    """Import ``logs`` into the new folder ``out``: events.npy and import.json."""
    from fwsim.trace.importer import import_logs

    try:
        about = import_logs(logs, out.events_path)
    except OSError as error:
        raise FwsimError(
            f"cannot write the events: {error.strerror or error}", where=str(out.events_path),
            hint="free space, or give --out on another file system",
        ) from None  # fmt: skip
    out.write(IMPORT, msgspec.json.format(msgspec.json.encode(about), indent=2) + b"\n")
    return about
