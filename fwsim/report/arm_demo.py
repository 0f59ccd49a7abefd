"""The two designs of an Arm guest's bridges are told beside each other: what each shows, costs, and gets wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fwsim.report.run_parts import ended, whole
from fwsim.report.vpci import short_bdf, vpci_of
from fwsim.results.summary import AssignedFunction, Summary, VpciSummary

_TITLE = "One program on one Arm guest, its devices behind no bridge and behind the host's"
_MEANING = (
    "fake: each device has a slot of its own on one made-up bus, so that a late one\n"
    "always finds a place; what lies between the devices on the host is not seen.\n"
    "replicated: the guest sees the host's own bridges and sets their windows. A late\n"
    "device has a place only where its bridge was shown from the guest's start on.\n"
    "In both, the program aims edu's DMA at nothing on purpose: the SMMU refuses it."
)


def render_arm_demo(
    summaries: Sequence[Summary], folder: Path | None = None, page: Path | None = None
) -> RenderableType:
    """The runs beside each other on one screen; ``page`` is where all of it is shown in a browser."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, width=80, header_style="bold")
    table.add_column("", width=12)
    for summary in summaries:
        table.add_column(Text(summary.scenario), ratio=1, overflow="fold")
    columns = [_column(summary, found) for summary in summaries if (found := vpci_of(summary)) is not None]
    for label in columns[0] if columns else ():
        table.add_row(Text(label, style="bold"), *(Text(column[label]) for column in columns))
    parts: list[RenderableType] = [Text(_TITLE, style="bold"), table]
    parts += [whole("run", folder / summary.scenario) for summary in summaries if folder is not None]
    parts += [whole("report", page)] if page is not None else []
    return Group(*parts, Text(_MEANING, style="dim"))


def _column(summary: Summary, found: VpciSummary) -> dict[str, str]:
    devices = [each for each in found.functions if each.host and not each.bridge]
    bridges = [each for each in found.functions if each.bridge]
    bars = [bar for each in devices for bar in each.bars]
    wrong = [check.id for check in summary.failed]
    return {
        "ended": ended(summary),
        "bridges": f"{len(bridges)} shown" if bridges else "none shown",
        "devices": "\n".join(_device(each) for each in devices),
        "BARs": f"{sum(bar.mapped for bar in bars)} of {len(bars)} mapped, {len(found.mappings)} mappings",
        "traps": f"{found.reads:,} reads, {found.writes:,} writes",
        "windows": f"{found.window_writes:,} of them set bridges' windows" if bridges else "none to set",
        "time": f"{summary.virtual_ns / 1e6:.3f} ms virtual, {summary.events:,} events",
        "aborts": f"{found.aborts}" if found.aborts else "none",
        "DMA faults": f"{summary.iommu.faults}" if summary.iommu.faults else "none",
        "checks": f"{len(summary.checks) - len(wrong)} hold, {len(wrong)} fail" + "".join(f"\n  {id}" for id in wrong),
    }


def _device(each: AssignedFunction) -> str:
    """``00:01.0 is 0b:00.0``, whether it came later, and why it did not."""
    host = short_bdf(each.host)
    if each.refused:
        return f"{host} came later and is refused: {each.refused}"
    return f"{short_bdf(each.guest)} is {host}" + (", came later" if each.late else "")
