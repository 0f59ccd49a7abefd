"""Rules that look at everything together: a rule gives the findings that only several facts show."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fwsim.diagnose.case import Case, Fault
from fwsim.diagnose.finding import Finding
from fwsim.diagnose.places import Place, place_of, places
from fwsim.diagnose.remedies import remedy
from fwsim.diagnose.rules_vm import of_vm

Rule = Callable[[Case], Iterator[Finding]]


def faults(case: Case) -> Iterator[Finding]:
    """Refused DMA of the device, by where it goes."""
    known = places(case.host)
    mine = [each for each in case.faults if each.function.startswith("00:02.")]
    by_place: dict[Place | None, list[Fault]] = {}
    for fault in mine:
        by_place.setdefault(place_of(fault.page, known), []).append(fault)
    for place, those in by_place.items():
        if place is not None and place.kind in ("the host's stolen memory", "the RMRR"):
            yield _host_stolen(case, place, those)


def _host_stolen(case: Case, place: Place, those: list[Fault]) -> Finding:
    known = place.kind == "the host's stolen memory"
    more = f", and {case.suppressed} more that the kernel did not print" if case.suppressed else ""
    where = str(place) if known else f"{place}, which is where the host's stolen memory is"
    return Finding(
        id="faults-host-stolen", severity="fatal", what=f"{len(those)} DMA faults of 00:02.0{more}: all in {where}",
        why="the guest's GTT has the host's addresses: a vBIOS that has run on the host carries the base of the host's "
            "stolen memory, and the IOMMU refuses what is not the guest's",
        evidence=those[0].evidence, also=[each.evidence for each in those[1:4]],
        remedy=remedy("host-base-in-rom", case.tool),
    )  # fmt: skip


RULES: tuple[Rule, ...] = (faults, of_vm)
