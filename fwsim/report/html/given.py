"""Why, leaks, needs and the difference of two runs are taken from the other analyses, as the page shows them.

Each may have nothing to say (no Intel device, no scenario, no ROM any more): then its section has the reason.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from fwsim.errors import FwsimError
from fwsim.report.html.facts import Facts

MOST_EVENTS = 2_000_000
"""Of a run with more, the commands that take longer are named, not made."""
MOST_DIFF = 20
MOST_ROWS = 300
"""Of each table: a ROM that runs wild may touch anything."""
_VERDICT = {
    "passes": "gets through", "hides": "hidden", "traps": "trapped", "patches": "patched",
    "same": "same as the guest's", "own": "the host's own", "size": "sizes only",
}  # fmt: skip


def why(facts: Facts, entry: int | None) -> dict[str, Any]:
    """Where a hang's input, the first refused access or the first GTT entry (number ``entry``) came from."""
    if facts.scenario is None:
        return {}
    first = facts.summary.gtt.first
    if entry is None and first is not None:  # one that never got there
        entry = first.index // facts.scenario.host.family.pte_width
    faults, hung = facts.summary.iommu.faults, facts.summary.stop.reason == "hung"
    target = "hang" if hung else "fault[0]" if faults else "" if entry is None else f"gtt[{entry:#x}]"
    if not target:
        return {}
    if len(facts.events) > MOST_EVENTS:
        return {"why": _too_many(f"why {target}", facts)}
    from fwsim.analysis.why import explain

    try:
        found = explain(facts.folder, target)
    except FwsimError as error:
        return {"why": _reason(error)}
    command = f"fwsim why {shlex.quote(str(facts.folder.path))} {shlex.quote(target)}"
    return {"lines": found.lines(), "prevented": found.prevented if faults else [], "command": command}


def leaks(facts: Facts) -> dict[str, Any]:
    """The places where the guest may meet an address of its host; those that get through come first."""
    if facts.scenario is None or not facts.graphics:
        return {}
    if len(facts.events) > MOST_EVENTS:
        return {"why": _too_many("leaks", facts)}
    from fwsim.analysis.leaks import leaks_of

    try:
        found = leaks_of(facts.folder.path, followed=False)  # the section above has a story of that kind
    except FwsimError as error:
        return {"why": _reason(error)}
    rows = [
        {
            "where": leak.where, "register": leak.register, "guest": leak.guest, "host": leak.host,
            "verdict": _VERDICT.get(leak.verdict, leak.verdict), "through": leak.verdict == "passes",
            "reads": sum(read.count for read in leak.reads),
            "flows": _some(
                [f"{flow.space} {flow.where}, {flow.count}x, first at event {flow.seq}" for flow in leak.flows]
            ),
        }
        for leak in found.leaks[:MOST_ROWS]
    ]  # fmt: skip
    return {"rows": sorted(rows, key=lambda row: not row["through"]), "notes": found.notes}


def needs(facts: Facts) -> dict[str, Any]:
    """What the ROM touched of the machine: the list a hypervisor's author needs."""
    if facts.scenario is None or not facts.graphics:
        return {}
    if len(facts.events) > MOST_EVENTS:
        return {"why": _too_many("needs", facts)}
    from fwsim.analysis.needs import needs_of

    try:
        found = needs_of(facts.folder)
    except FwsimError as error:
        return {"why": _reason(error)}
    return {
        "config": found.config[:MOST_ROWS], "ports": _some([each.text for each in found.ports]),
        "more": max(0, len(found.config) - MOST_ROWS),
        "interrupts": _some([f"INT {each.vector:02X}h AX={each.ax:04X}" for each in found.interrupts]),
        "gtt": [f"{each.access} {each.first:#x} to {each.end - 1:#x}" for each in found.gtt[:MOST_DIFF]],
        "opregion": ": ".join(filter(None, (
            found.opregion, ", ".join(f"{each.part} ({each.access})" for each in found.opregion_parts),
        ))), "registers": found.registers, "notes": found.notes,
    }  # fmt: skip


def diff_lines(runs: Sequence[Facts]) -> list[str]:
    """What ``fwsim trace diff`` says of the two runs; why it says nothing, where it cannot."""
    if len(runs) != 2:
        return []
    if any(len(facts.events) > MOST_EVENTS for facts in runs):
        return [_too_many("trace diff", *runs)]
    from fwsim.analysis.diff import diff
    from fwsim.report.diff import render

    try:
        return list(render(diff(runs[0].folder.path, runs[1].folder.path), MOST_DIFF))
    except FwsimError as error:
        return [_reason(error)]


def _too_many(command: str, *runs: Facts) -> str:
    folders = " ".join(shlex.quote(str(facts.folder.path)) for facts in runs)
    return f"Not made for more than {MOST_EVENTS:,} events. Ask for it: fwsim {command} {folders}"


def _some(texts: list[str]) -> list[str]:
    """The first of them, and how many more there are."""
    more = len(texts) - MOST_DIFF
    return texts if more <= 0 else [*texts[:MOST_DIFF], f"{more:,} more"]


def _reason(error: FwsimError) -> str:
    return f"Nothing to say: {error.what}" + (f" ({error.found})" if error.found else "") + "."
