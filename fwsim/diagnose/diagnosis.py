"""The diagnosis of a case: facts, assumptions, findings by weight, what to collect."""

from __future__ import annotations

from pathlib import Path

from fwsim.diagnose.case import Case, Evidence
from fwsim.diagnose.finding import WEIGHT, Collect, Diagnosis, Finding, Stated
from fwsim.diagnose.messages.table import ROWS
from fwsim.diagnose.remedies import remedy
from fwsim.diagnose.rules import RULES
from fwsim.diagnose.scenario import assumed as of_scenario
from fwsim.diagnose.scenario import scenario_of
from fwsim.diagnose.take import take
from fwsim.diagnose.vm import model
from fwsim.diagnose.vm.choose import choose
from fwsim.host.judge import missing


def diagnose(paths: list[Path], vm: str = "") -> Diagnosis:
    """Read ``paths``, files or folders, and conclude; ``vm`` names the VM in question where there are several.

    Raises FwsimError where a path is not there, nothing is told, or no VM is called so.
    """
    return conclude(taken(paths, vm))


def taken(paths: list[Path], vm: str = "") -> Case:
    """The case, with the VM in question chosen. Raises FwsimError as ``diagnose`` does."""
    case = take(paths)
    choose(case, vm)
    return case


def conclude(case: Case, more: list[Finding] | None = None) -> Diagnosis:
    """What follows from ``case``; ``more`` are findings of a run of it."""
    findings = [*_of_messages(case), *(finding for rule in RULES for finding in rule(case)), *(more or [])]
    vm = case.vm if len(case.vms) == 1 else None
    known, assumed = model.stated(case, vm) if vm is not None else ([], [])
    scenario = scenario_of(case)
    return Diagnosis(
        facts=[*_facts(case), *known], assumed=[*assumed, *(of_scenario(case) if scenario else [])],
        findings=sorted(findings, key=lambda each: WEIGHT[each.severity]), scenario=scenario,
        unread=[*case.unread, *(each for one in case.vms for each in one.unread)],
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
