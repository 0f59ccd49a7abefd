"""The diagnosis of a case: facts, assumptions, findings by weight, what to collect."""

from __future__ import annotations

from pathlib import Path

from fwsim.diagnose.case import Case, Seen
from fwsim.diagnose.collect import collect_of
from fwsim.diagnose.facts import facts_of
from fwsim.diagnose.finding import WEIGHT, Diagnosis, Finding
from fwsim.diagnose.messages.row import fill
from fwsim.diagnose.messages.table import ROWS
from fwsim.diagnose.remedies import remedy
from fwsim.diagnose.rules import RULES
from fwsim.diagnose.take import take


def diagnose(paths: list[Path]) -> Diagnosis:
    """Read ``paths``, files or folders, and conclude. Raises FwsimError where one is not there or nothing is told."""
    return conclude(take(paths))


def conclude(case: Case) -> Diagnosis:
    """What follows from ``case``."""
    findings = [*(finding for rule in RULES for finding in rule(case)), *_of_messages(case)]
    return Diagnosis(
        facts=facts_of(case), findings=sorted(findings, key=lambda each: WEIGHT[each.severity]), unread=case.unread,
        collect=collect_of(case),
    )  # fmt: skip


def _of_messages(case: Case) -> list[Finding]:
    """One finding for each row that was seen and each wording of it, its lines as evidence."""
    found: list[Finding] = []
    for row in ROWS.values():
        if row.severity is None:
            continue
        by_words: dict[str, list[Seen]] = {}
        for each in case.of(row.id):
            by_words.setdefault(fill(row.what, each.groups), []).append(each)
        lost = case.counts.get(row.id, 0) - sum(map(len, by_words.values()))
        for what, those in by_words.items():
            count = len(those) + (lost if len(by_words) == 1 else 0)
            times = f" ({count:,} times)" if count > 1 else ""
            found.append(Finding(
                id=row.id, severity=row.severity, what=_where(case, those[0]) + what + times,
                why=fill(row.why, those[0].groups), evidence=those[0].evidence,
                also=[each.evidence for each in those[1:4]], remedy=remedy(row.remedy, case.tool),
            ))  # fmt: skip
    return found


def _where(case: Case, seen: Seen) -> str:
    return "in the guest: " if seen.evidence.file in case.guest_files and ROWS[seen.id].who in ("i915", "Linux") else ""
