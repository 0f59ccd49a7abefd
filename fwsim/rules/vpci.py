"""The run of an Arm guest is judged: did its program finish, does it have its devices, is each BAR where it belongs?"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UnsetType

from fwsim.results.summary import AssignedBar, AssignedFunction, CheckResult, Summary, VpciSummary
from fwsim.units import format_size

IDS = (
    "program-finished", "domain-alive", "functions-shown", "bars-in-windows", "bars-mapped", "no-aborts",
    "no-smmu-faults",
)  # fmt: skip
"""The checks of such a run, in their order."""


def check_vpci(summary: Summary) -> list[CheckResult]:
    """The checks of one run, those that concern it."""
    found = summary.vpci
    if isinstance(found, UnsetType):
        return []
    return [*_program(summary, found), *_functions(found), *_mappings(found), *_ends(summary, found)]


def _program(summary: Summary, found: VpciSummary) -> Iterator[CheckResult]:
    stop = summary.stop
    detail = stop.detail or stop.reason
    yield CheckResult(id="program-finished", ok=stop.reason == "completed", detail=f"{detail} at {stop.ip:#x}")
    crashed = found.crashed or "Xen let the guest run"
    yield CheckResult(id="domain-alive", ok=not found.crashed, detail=crashed)


def _functions(found: VpciSummary) -> Iterator[CheckResult]:
    assigned = [each for each in found.functions if each.host and not each.bridge]
    refused = [each for each in assigned if each.refused]
    if refused:
        detail = "; ".join(f"{each.host}: {each.refused}" for each in refused)
    else:
        detail = f"{len(assigned)} assigned functions are on the guest's bus"
    yield CheckResult(id="functions-shown", ok=not refused, detail=detail)


def _mappings(found: VpciSummary) -> Iterator[CheckResult]:
    outside = [text for each in found.functions for text in _outside(each, found)]
    mapped = sum(bar.mapped for each in found.functions for bar in each.bars)
    yield CheckResult(
        id="bars-in-windows",
        ok=not outside,
        detail="; ".join(outside) or f"{mapped} BARs mapped, in the guest's windows",
    )
    unmapped = [
        f"{each.guest} BAR {bar.index} at {bar.guest:#x} is mapped nowhere{_too_large(bar, found)}"
        for each in found.functions
        for bar in each.bars
        if not bar.mapped and bar.size
    ]
    yield CheckResult(id="bars-mapped", ok=not unmapped, detail="; ".join(unmapped) or f"{mapped} BARs are mapped")


def _too_large(bar: AssignedBar, found: VpciSummary) -> str:
    """Why no guest could place it: it is larger than the window that its kind lies in."""
    name = "prefetchable" if bar.kind == "pref" else "memory"
    room = found.windows.get(name, (0, 0))[1]
    return f" ({format_size(bar.size)}, the {name} window has {format_size(room)})" if bar.size > room else ""


def _outside(function: AssignedFunction, found: VpciSummary) -> Iterator[str]:
    """What of a function's mapped BARs lies in no window that the device tree names."""
    windows = [span for name, span in found.windows.items() if name in ("memory", "prefetchable")]
    for bar in function.bars:
        inside = any(start <= bar.guest and bar.guest + bar.size <= start + size for start, size in windows)
        if bar.mapped and not inside:
            yield f"{function.guest} BAR {bar.index} at {bar.guest:#x} is in no window of the tree's"


def _ends(summary: Summary, found: VpciSummary) -> Iterator[CheckResult]:
    aborts = f"{found.aborts} accesses ended in a data abort" if found.aborts else "no access ended in a data abort"
    yield CheckResult(id="no-aborts", ok=not found.aborts, detail=aborts)
    faults = summary.iommu.faults
    refused = f"{faults} DMA accesses led nowhere, and the SMMU refused them"
    detail = refused if faults else "no DMA of a device was refused"
    yield CheckResult(id="no-smmu-faults", ok=not faults, detail=detail)
