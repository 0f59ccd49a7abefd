"""The diagnosis of a case: facts, assumptions, findings by weight, what to collect."""

from __future__ import annotations

from pathlib import Path

from fwsim.diagnose.case import Case, Evidence
from fwsim.diagnose.finding import WEIGHT, Collect, Diagnosis, Finding, Stated
from fwsim.diagnose.messages.table import ROWS
from fwsim.diagnose.remedies import remedy
from fwsim.diagnose.rules import RULES
from fwsim.diagnose.take import take
from fwsim.host.judge import missing


def diagnose(paths: list[Path]) -> Diagnosis:
    """Read ``paths``, files or folders, and conclude. Raises FwsimError where one is not there or nothing is told."""
    return conclude(take(paths))


def conclude(case: Case) -> Diagnosis:
    """What follows from ``case``."""
    findings = [*_of_messages(case), *(finding for rule in RULES for finding in rule(case))]
    return Diagnosis(
        facts=_facts(case), findings=sorted(findings, key=lambda each: WEIGHT[each.severity]), unread=case.unread,
        collect=[Collect(what=each.what, command=each.command) for each in missing(case.host)],
    )  # fmt: skip


def _of_messages(case: Case) -> list[Finding]:
    """One finding for each row that was seen, its lines as evidence."""
    found: list[Finding] = []
    for row in ROWS.values():
        those = case.of(row.id)
        if row.severity is None or not those:
            continue
        first = those[0]
        found.append(Finding(
            id=row.id, severity=row.severity, what=row.what.format(**first.groups), why=row.why.format(**first.groups),
            evidence=first.evidence, also=[each.evidence for each in those[1:4]], remedy=remedy(row.remedy, case.tool),
        ))  # fmt: skip
    return found


def _facts(case: Case) -> list[Stated]:
    return [
        Stated(
            name=fact.name, value=f"{fact.value:#x}", evidence=Evidence(file=fact.file, line=fact.line, text=fact.how)
        )
        for name in dict.fromkeys(fact.name for fact in case.host.facts)
        if (fact := case.host.best(name))
    ]
