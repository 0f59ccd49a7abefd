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
from fwsim.diagnose.scenario import assumed as of_scenario
from fwsim.diagnose.scenario import scenario_of
from fwsim.diagnose.take import take
from fwsim.diagnose.vm import model
from fwsim.diagnose.vm.choose import choose


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
    findings = [*(finding for rule in RULES for finding in rule(case)), *_of_messages(case), *(more or [])]
    vm = case.vm if len(case.vms) == 1 else None
    known, assumed = model.stated(case, vm) if vm is not None else ([], [])
    scenario = scenario_of(case)
    return Diagnosis(
        facts=[*facts_of(case), *known], assumed=[*assumed, *(of_scenario(case) if scenario else [])],
        findings=sorted(findings, key=lambda each: WEIGHT[each.severity]), scenario=scenario,
        unread=[*case.unread, *(each for one in case.vms for each in one.unread)], collect=collect_of(case),
    )  # fmt: skip


def _of_messages(case: Case) -> list[Finding]:
    """One finding for each row that was seen and each wording of it, its lines as evidence."""
    found: list[Finding] = []
    for row in ROWS.values():
        if row.severity is None or case.of(*_TOLD_BY.get(row.id, ())):
            continue
        by_words: dict[str, list[Seen]] = {}
        for each in case.of(row.id):
            if row.id in _OF_HOSTS and each.evidence.file in case.guest_files:
                continue
            by_words.setdefault(fill(row.what, each.groups), []).append(each)
        lost = case.counts.get(row.id, 0) - sum(map(len, by_words.values()))
        for what, those in by_words.items():
            count = len(those) + (lost if len(by_words) == 1 else 0)
            times = f" ({count:,} times)" if count > 1 else ""
            found.append(Finding(
                id=row.id, severity=row.severity, what=_where(case, those[0]) + what + times,
                why=fill(row.why, those[0].groups), evidence=those[0].evidence,
                also=[each.evidence for each in those[1:4]], remedy=remedy(row.remedy, case.tool, case.vm),
            ))  # fmt: skip
    return found


_OF_HOSTS = ("vgaarb-boot-other", "vgaarb-none")
"""In a guest the IGD may be anywhere, and its virtual functions decode no VGA: these say nothing there."""
_TOLD_BY = {"qemu-x-vga": ("qemu-vga-mdev",), "igdpkg-setup": ("igdpkg-setup-zero",)}
"""Messages that another one, when it is there, tells better."""


def _where(case: Case, seen: Seen) -> str:
    return "in the guest: " if seen.evidence.file in case.guest_files and ROWS[seen.id].who in ("i915", "Linux") else ""
