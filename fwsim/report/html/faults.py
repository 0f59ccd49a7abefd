"""Refused DMA is gathered: pages that follow each other as one row, with the entries that led there."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from fwsim.devices.vtd_lines import reason
from fwsim.report.html.entries import CLASSES, HOST_STOLEN, WORDS, Entries, fault_pages
from fwsim.report.html.facts import PAGE, Facts
from fwsim.trace.event import Op

MOST_ROWS = 40
_REASON = {Op.READ: 6, Op.WRITE: 5}


def faults(facts: Facts, found: Entries) -> dict[str, Any]:
    """The rows of the table, and how many more there are."""
    rows: list[dict[str, Any]] = []
    for op in (Op.WRITE, Op.READ):
        pages, counts = fault_pages(facts.events, op)
        if not len(pages):
            continue
        numbers = (pages >> np.uint64(12)).astype(np.int64)
        cuts = np.flatnonzero((np.diff(numbers) != 1) | (np.diff(counts) != 0)) + 1
        edges = [0, *cuts.tolist(), len(pages)]
        for start, stop in pairwise(edges):
            if len(rows) < MOST_ROWS:
                rows.append(_row(facts, found, op, int(pages[start]), stop - start, int(counts[start])))
            else:
                rows[-1]["more"] = rows[-1].get("more", 0) + 1
    return {"rows": rows, "more": sum(row.pop("more", 0) for row in rows), "lines": facts.summary.iommu.lines}


def _row(facts: Facts, found: Entries, op: Op, page: int, count: int, times: int) -> dict[str, Any]:
    code = _REASON[op]
    end = page + count * PAGE
    led = (found.page >= np.uint64(page)) & (found.page < np.uint64(end)) & (found.kind != CLASSES.index("invalid"))
    return {
        "way": "write" if op == Op.WRITE else "read", "code": code, "text": reason(code).text,
        "page": page, "last": end - PAGE, "pages": count, "count": count * times, "why": _why(facts, found, led, page),
    }  # fmt: skip


def _why(facts: Facts, found: Entries, led: np.ndarray[Any, np.dtype[np.bool_]], page: int) -> list[str]:
    at = np.flatnonzero(led)
    if not len(at):
        return ["No GTT entry of this run leads there now: it was overwritten, or not written by the guest's ROM."]
    first, last = at[0], at[-1]
    cs, ip = int(found.place[first]) >> 32, int(found.place[first]) & 0xFFFFFFFF
    entry = f"GTT entry {found.number[first]:#x}" if len(at) == 1 else (
        f"GTT entries {found.number[first]:#x} to {found.number[last]:#x}")  # fmt: skip
    verb = "leads" if len(at) == 1 else "lead"
    kind = int(found.kind[first])
    place = WORDS[CLASSES[kind]]
    if kind == HOST_STOLEN:
        place += f", {page - facts.host_stolen[0]:#x} into it"
    moved = int((found.value[at] != found.was[at]).sum())
    if moved == 0:
        changed = "Nobody changed them on the way." if len(at) > 1 else "Nobody changed it on the way."
    else:
        changed = f"{moved} of them were changed on the way."
    told = [
        f"{entry} {verb} there. Code at {cs:04x}:{ip:04x} wrote {found.was[first]:#x}, event {found.seq[first]}.",
        changed,
        f"The address lies in {place}.",
    ]
    told.append("The guest's IOMMU domain maps the guest's RAM and BARs only, so the access is refused.")
    return told
