"""An imported log, and its faults beside a run's, are shown as lines of 80 columns."""

from __future__ import annotations

import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

from fwsim.analysis.faults import Explained, Explanation
from fwsim.devices.vtd_lines import reason_words

_SHOWN = 6
_WIDTH = 80
_WHY = {
    "same": "the run has the same fault",
    "page": "the run has a fault on that page, of another kind",
    "gtt": "a GTT entry of the run points at that page",
    "stolen": "inside the host's stolen memory, where entries of the run point",
    "where": "in the host's stolen memory, but NOT EXPLAINED: the run writes no entry there",
    "none": "NOT EXPLAINED by the run",
}


def render_import(about: dict[str, Any], out: Path | None) -> list[str]:
    """What was read, what it was, and what was left aside."""
    lines = []
    for source in about["sources"]:
        lines.append(f"{source['file']}: {source['lines']:,} lines, sha256 {source['sha256'][:16]}")
    lines.append(f"{about['events']:,} events" + (f" in {out}" if out is not None else ""))
    lines += [f"  {count:>9,}  {kind}" for kind, count in about["kinds"].items()]
    lines += [f"  {count:>9,}  {reason_words(int(code))}" for code, count in about.get("reasons", {}).items()]
    for text, count in about.get("refused", {}).items():
        lines += textwrap.wrap(f"{count:>9,}  {text}", _WIDTH, initial_indent="  ", subsequent_indent=" " * 13)
    if about["suppressed"]:
        lines.append(f"{about['suppressed']:,} fault messages were suppressed by the kernel")
    if about["without_reason"]:
        lines.append(f"{about['without_reason']:,} faults without a reason: taken as 5 (write) or 6 (read)")
    if about["unknown"]:
        lines.append(f"lines of which nothing is known: {about['unknown']:,}")
    for kind, texts in about["samples"].items():
        lines += [f"  {kind}: {text}"[:_WIDTH] for text in texts]
    return lines


def render_explanation(result: Explanation) -> list[str]:
    """The faults of the log by what explains them, then what the run has and the log has not."""
    counts = Counter(fault.why for fault in result.faults)
    lines = [f"{result.explained} of {len(result.faults)} distinct faults are explained by {result.run}"]
    for why, text in _WHY.items():
        if counts[why]:
            lines.append(f"  {counts[why]:>6}  {text}")
            lines += [f"          {_fault(fault)}" for fault in _some(result.faults, why)]
    if result.missing:
        lines.append(f"{len(result.missing)} faults of the run are not in the log")
        lines += [f"          {_words(*key)}" for key in result.missing[:_SHOWN]]
        if result.suppressed:
            lines.append(f"  the kernel suppressed {result.suppressed:,} messages: they may be among these")
        if result.overflowed:
            lines.append("  the unit's records overflowed: those were lost without a word")
    return lines


def _some(faults: list[Explained], why: str) -> list[Explained]:
    return [fault for fault in faults if fault.why == why][:_SHOWN]


def _fault(fault: Explained) -> str:
    return f"{_words(fault.page, fault.read, fault.reason)}, {fault.count}x"


def _words(page: int, read: bool, reason: int) -> str:
    return f"{page:#x} {'read' if read else 'write'}, reason {reason}"
