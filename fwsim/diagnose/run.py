"""A case's scenario is run, its faults stand beside the log's, and each check that fails is a finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from fwsim.analysis.faults import fault_counts
from fwsim.diagnose.case import Case, Evidence
from fwsim.diagnose.finding import Finding, Severity
from fwsim.diagnose.remedies import remedy
from fwsim.diagnose.scenario import relative, scenario_of
from fwsim.errors import FwsimError
from fwsim.host.hostfile import packed_names
from fwsim.host.places import Place, place_of, places
from fwsim.results.folder import RunDir
from fwsim.results.summary import Summary
from fwsim.rules.run import RULES
from fwsim.scenario.load import loads

Progress = Callable[[str, float | None], None]
REMEDIES = {
    "legacy-mode": "legacy-igd", "gtt-guest-stolen": "host-base-in-rom", "no-dma-faults": "host-base-in-rom",
    "screens-complete": "host-base-in-rom", "bdsm-set": "legacy-igd", "asls-set": "opregion", "rom-found": "rom-id",
}  # fmt: skip
"""A check of the run: what helps where it fails."""
_WEIGHTY = (
    "rom-found",
    "rom-finished",
    "legacy-mode",
    "gtt-guest-stolen",
    "gtt-no-corruption",
    "no-dma-faults",
    "screens-complete",
)


def run(case: Case, out: Path | None, force: bool, progress: Progress | None = None) -> list[Finding]:
    """Run ``case``'s scenario into ``out`` (None: runs/diagnosed), and say what the run shows.

    Raises FwsimError where there is no scenario or no ROM to run.
    """
    _refuse(case)
    with RunDir.create(out, force, name="diagnosed") as folder:
        target = folder.file("given.toml")
        written: dict[str, str] = {}
        for kind, path in packed_names(case.packed, target).items():
            written[kind] = str(folder.write(path.name, case.packed[kind]))
        text = scenario_of(case, target, written)
        scenario = loads(text, "the case's scenario", target.parent)
        folder.write_scenario(scenario)
        from fwsim.running.pipeline import run as execute

        summary = execute(scenario, folder, progress)
    return [*_of_checks(case, summary, folder), *_beside(case, folder)]


def _refuse(case: Case) -> None:
    if not scenario_of(case):
        raise FwsimError(
            "there is no scenario to run", where="--run", found=case.host.cpu or "no Intel IGD in the dumps",
            expected="the host's 00:02.0, and a VM of QEMU, Proxmox, libvirt or xl",
            hint="add lspci -xxxx of the host: sudo lspci -nnvvvxxxx > lspci.txt",
        )  # fmt: skip
    if not case.host.rom:
        raise FwsimError(
            "there is no ROM to run", where="--run", expected="the vBIOS among the files",
            hint="add the file that romfile= names, or a dump: fwsim host capture",
        )  # fmt: skip


def _of_checks(case: Case, summary: Summary, folder: RunDir) -> Iterator[Finding]:
    protects = {rule.id: rule.protects for rule in RULES}
    for check in summary.failed:
        severity: Severity = "fatal" if check.id in _WEIGHTY else "warning"
        yield Finding(
            id=f"run-{check.id}", severity=severity, what=f"the run: {check.id}: {check.detail}",
            why=f"the check protects from {protects.get(check.id, check.id)}", evidence=_in(folder),
            remedy=remedy(REMEDIES.get(check.id, ""), case.tool, case.vm) or _why(folder),
        )  # fmt: skip
    if not summary.failed:
        yield Finding(
            id="run-whole", severity="note", what=f"the run: all {len(summary.checks)} checks hold",
            why="in fwsim this host, VM and ROM give a screen: what is wrong is not in them", evidence=_in(folder),
        )  # fmt: skip


def _why(folder: RunDir) -> str:
    return f"see where: fwsim why {relative(folder.path)}"


def _in(folder: RunDir) -> Evidence:
    return Evidence(file=relative(folder.path), text="the run's folder: fwsim report and fwsim why take it")


def _beside(case: Case, folder: RunDir) -> Iterator[Finding]:
    """The log's faults and the run's, page by page and place by place."""
    mine = [fault for fault in case.faults if fault.function.startswith("00:02.")]
    ran: Counter[int] = Counter()
    for (page, _, _), count in fault_counts(folder.events()).items():
        ran[page] += count
    if not mine and not ran:
        return
    known = places(case.host)
    logged = Counter(fault.page for fault in mine)
    rows = [f"{name}: log {log}, run {run}" for name, log, run in _by_place(logged, ran, known)]
    same = len(logged.keys() & ran.keys())
    hidden = f" and {case.suppressed} that the kernel did not print" if case.suppressed else ""
    ended = "; the log has none" if not mine else "" if ran else "; the run does not explain the log's"
    yield Finding(
        id="run-faults", severity="note",
        what=f"{len(mine)} faults in the log{hidden}, {sum(ran.values())} in the run; {same} of {len(logged)} pages of "
             "the log are in the run",
        why="; ".join(rows) + ended,
        evidence=mine[0].evidence if mine else _in(folder), also=[_in(folder)] if mine else [],
    )  # fmt: skip


def _by_place(logged: Counter[int], ran: Counter[int], known: list[Place]) -> Iterator[tuple[str, int, int]]:
    """(place, faults of the log in it, faults of the run)."""
    names: dict[str, list[int]] = {}
    for at, pages in enumerate((logged, ran)):
        for page, count in pages.items():
            place = place_of(page, known)
            names.setdefault(str(place) if place else "no place that is known", [0, 0])[at] += count
    yield from ((name, log, run) for name, (log, run) in names.items())
