"""What happened in the run of an Arm guest is told for each of those who acted; its figures are its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import UnsetType

from fwsim.report.arm_names import stream_text
from fwsim.report.html.facts import Facts
from fwsim.report.vpci import DESIGNS, MADE_UP, program_lines, short_bdf
from fwsim.results.summary import AssignedFunction, VpciSummary
from fwsim.trace.event import Op, Space
from fwsim.units import format_size, short_size

_MOST_FAULTS = 40


def shown(facts: Facts) -> VpciSummary:
    """What vPCI showed the guest; of a run that was killed, no more than its scenario says."""
    found = facts.summary.vpci
    if not isinstance(found, UnsetType):
        return found
    return VpciSummary(design=facts.scenario.hypervisor.profile if facts.scenario else "")


def story(facts: Facts) -> list[tuple[str, list[str]]]:
    """(who, sentences) in the order of what happened; who had no part is left out."""
    found = shown(facts)
    parts = [
        ("Host", _host(facts)), ("Xen", _xen(facts, found)), ("Program", _program(facts)),
        ("Functions", _functions(found)), ("Stage 2", _stage2(found)), ("SMMU", _smmu(facts)),
        ("End", _end(facts, found)),
    ]  # fmt: skip
    told = ((who, list(sentences)) for who, sentences in parts)
    return [(who, sentences) for who, sentences in told if sentences]


def _host(facts: Facts) -> Iterator[str]:
    if facts.scenario is not None:
        rows = facts.scenario.host_function
        ports = sum(row.class_code >> 8 == 0x0604 for row in rows)
        yield f"An Arm host with {_plural(len(rows) - ports, 'device')} behind {_plural(ports, 'bridge')}."


def _xen(facts: Facts, found: VpciSummary) -> Iterator[str]:
    if facts.scenario is not None:
        pci = facts.scenario.hypervisor.options.get("pci", "")
        said = ", ".join(pci) if isinstance(pci, tuple) else str(pci)
        yield f"It gives the guest {said or 'no device'}: vPCI answers configuration space."
        yield f"The guest is an Arm one with {format_size(facts.scenario.guest.ram)} of RAM."
    yield f"Bridges: {DESIGNS.get(found.design, found.design or 'not known')}."
    if found.crashed:
        yield f"It ended the guest: {found.crashed}."
    if found.log:
        yield f"It printed {_plural(len(found.log), 'line')}, the first one: {found.log[0]}"


def _program(facts: Facts) -> Iterator[str]:
    name = Path(facts.scenario.payload.program).name if facts.scenario else "A program"
    how = facts.summary.rom.how
    yield f"{name}, {facts.summary.rom.size:,} bytes{f': {how}' if how else ''}."
    log = program_lines(facts.summary)
    if log:
        yield f"It printed {_plural(len(log), 'line')}."


def _functions(found: VpciSummary) -> Iterator[str]:
    assigned = [each for each in found.functions if each.host and not each.bridge]
    there = [each for each in assigned if not each.refused]
    bridges = sum(each.bridge for each in found.functions)
    yield f"{len(there)} of {_plural(len(assigned), 'assigned function')} and {_plural(bridges, 'bridge')} were shown."
    late = [short_bdf(each.guest) for each in there if each.late]
    if late:
        yield f"{', '.join(late)} came when the guest ran."
    for each in assigned:
        if each.refused:
            yield f"{short_bdf(each.host)} was refused: {each.refused}."


def _stage2(found: VpciSummary) -> Iterator[str]:
    bars = [bar for each in found.functions for bar in each.bars]
    size = sum(each.size for each in found.mappings)
    if bars:
        mapped = sum(bar.mapped for bar in bars)
        yield f"{mapped} of {_plural(len(bars), 'BAR')} are mapped at the end, {format_size(size)} in all."
    moved = sum(bar.mapped and bar.guest != bar.host for bar in bars)
    if moved:
        yield f"{moved} of them at another address than the host's."


def _smmu(facts: Facts) -> Iterator[str]:
    faults = facts.summary.iommu.faults
    yield f"It refused {_plural(faults, 'DMA access', 'DMA accesses')}." if faults else "It refused nothing."


def _end(facts: Facts, found: VpciSummary) -> Iterator[str]:
    summary = facts.summary
    detail = summary.stop.detail.partition("\n")[0].rstrip(".")
    if detail:
        yield f"{detail}."
    if found.aborts:
        yield f"{_plural(found.aborts, 'access', 'accesses')} ended in a data abort."
    yield f"{_plural(summary.events, 'event')} in {summary.virtual_ns / 1e6:,.3f} ms of virtual time."


def _plural(count: int, what: str, many: str = "") -> str:
    return f"{count:,} {what if count == 1 else many or what + 's'}"


def functions(found: VpciSummary) -> list[dict[str, Any]]:
    """The table's rows: each function, with a row for each of its BARs."""
    return [
        {
            "guest": short_bdf(each.guest) or "none", "ids": f"{each.vendor:04x}:{each.device:04x}",
            "host": (short_bdf(each.host) or MADE_UP) + (", attached later" if each.late else ""),
            "rows": _bars(each),
        }
        for each in found.functions
    ]  # fmt: skip


def _bars(each: AssignedFunction) -> list[dict[str, Any]]:
    if each.refused:
        return [{"bar": "", "guest": f"refused: {each.refused}", "host": "", "bad": True}]
    if not each.bars:
        return [{"bar": "a bridge" if each.bridge or not each.host else "none", "guest": "", "host": "", "bad": False}]
    return [
        {"bar": f"{bar.index} {bar.kind} {short_size(bar.size)}", "host": f"{bar.host:#x}", "bad": not bar.mapped,
         "guest": f"{bar.guest:#x}" if bar.mapped else "not mapped"}
        for bar in each.bars
    ]  # fmt: skip


def faults(facts: Facts) -> dict[str, Any]:
    """What the SMMU refused: a row for each device, way and address."""
    chosen = facts.events[facts.events["space"] == Space.IOMMU]
    found = Counter((int(each["op"]), int(each["value"]), int(each["address"])) for each in chosen)
    ram = ", ".join(f"{start:#x} to {end - 1:#x}" for start, end in facts.ram)
    rows = [
        {
            "way": "write" if op == Op.WRITE else "read", "code": 0, "text": "", "page": address, "last": address,
            "pages": 1, "count": count, "why": [
                f"{stream_text(stream)} asked for it. Xen gives the SMMU the guest's own stage 2: DMA reaches the BARs "
                f"that are mapped, and RAM: {ram}."
            ],
        }
        for (op, stream, address), count in found.most_common(_MOST_FAULTS)
    ]  # fmt: skip
    more = max(0, len(found) - _MOST_FAULTS)
    return {"rows": rows, "more": more, "lines": facts.summary.iommu.lines}


def figures(facts: Facts) -> dict[str, str]:
    """The figures that two runs are compared by."""
    summary, found = facts.summary, shown(facts)
    assigned = [each for each in found.functions if each.host and not each.bridge]
    bars = [bar for each in assigned for bar in each.bars]
    options = facts.scenario.hypervisor.options if facts.scenario else {}
    unknown = "not known" if not facts.whole else ""
    return {
        "program": f"{Path(facts.scenario.payload.program).name if facts.scenario else ''} {summary.rom.sha256[:12]}",
        "bridges": DESIGNS.get(found.design, found.design),
        "writes without a handler": str(options.get("writes", "drop")),
        "functions shown": unknown or f"{sum(not each.refused for each in assigned)} of {len(assigned)}",
        "bridges shown": unknown or f"{sum(each.bridge for each in found.functions)}",
        "BARs mapped": unknown or f"{sum(bar.mapped for bar in bars)} of {len(bars)}",
        "data aborts": unknown or f"{found.aborts:,}",
        "DMA refused": f"{summary.iommu.faults:,}",
        "Xen's lines": unknown or f"{len(found.log):,}",
        "checks failed": unknown or f"{len(summary.failed)} of {len(summary.checks)}",
        "events": f"{summary.events:,}",
        "virtual time": f"{summary.virtual_ns / 1e6:,.3f} ms",
    }
