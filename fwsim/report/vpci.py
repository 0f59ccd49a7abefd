"""The run of an Arm guest is told on 80 columns: its program's words, functions, where BARs are, what went wrong."""

from __future__ import annotations

from collections import Counter

from msgspec import UnsetType
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from fwsim.report.run_parts import facts, grid, printable, shown_lines
from fwsim.results.summary import AssignedFunction, Summary, VpciSummary
from fwsim.units import short_size

DESIGNS = {
    "fake": "one host bridge that the host has not, every device on its bus 0",
    "replicated": "the host's own bridges, their windows in the guest's addresses",
}
"""What a bridge design shows a guest, by ``hypervisor.profile``."""
MADE_UP = "(made up)"
_LAST = 3
_ENDS = {
    "completed": "the program ran to its end", "hung": "the program hangs",
    "budget": "the run was cut short, the program was not done", "invalid": "the program crashed",
    "aborted": "the hypervisor kills the guest",
}  # fmt: skip


def short_bdf(name: str) -> str:
    """A function of segment 0 without that: 0000:08:00.0 is 08:00.0."""
    return name.removeprefix("0000:")


def vpci_of(summary: Summary) -> VpciSummary | None:
    """What vPCI showed the guest; None for every other run."""
    return None if isinstance(summary.vpci, UnsetType) else summary.vpci


def program_lines(summary: Summary) -> list[str]:
    """What the program wrote to its UART; Xen's own lines of the same log are in ``vpci.log``."""
    shown = vpci_of(summary)
    others = Counter(shown.log if shown else ())
    lines = []
    for line in summary.firmware.log:
        others[line] -= 1
        if others[line] < 0:
            lines.append(line)
    return lines


def printed_rows(summary: Summary) -> list[tuple[str, str]]:
    """How much the program wrote to its UART, and the last lines of it."""
    log = [text for line in program_lines(summary) if (text := printable(line).strip())]
    if not log:
        return [("printed", "nothing")]
    return [("printed", f"{len(log)} line{'s' if len(log) > 1 else ''}, at the end: {' | '.join(log[-_LAST:])}")]


def printed_block(summary: Summary) -> list[RenderableType]:
    """All that the program wrote to its UART."""
    log = [printable(line) for line in program_lines(summary)]
    return [facts([("printed", f"{len(log)} lines" if log else "nothing")]), *shown_lines(log, len(log))]


def design_rows(found: VpciSummary) -> list[tuple[str, str]]:
    """The design of the bridges, and what of the guest's windows is taken."""
    return [("design", f"{found.design}: {DESIGNS.get(found.design, 'a design of its own')}")]


def functions_block(found: VpciSummary) -> Table:
    """A heading, and a row for each BAR: the guest's function, the host's, its ids; the guest's address, the host's."""
    table = grid()
    table.add_row(*(Text(name, style="bold") for name in ("guest", "host", "device", "BAR", "guest address", "host's")))
    for each in found.functions:
        host = short_bdf(each.host) or MADE_UP
        names = (short_bdf(each.guest) or "none", host + (" late" if each.late else ""))
        cells = [*names, f"{each.vendor:04x}:{each.device:04x}"]
        for bar in _bars(each):
            table.add_row(*(Text(cell) for cell in (*cells, *bar)))
            cells = ["", "", ""]
    if not found.functions:
        table.add_row(Text("none: no device is assigned"))
    return table


def _bars(each: AssignedFunction) -> list[tuple[str, ...]]:
    """The cells of each BAR's row; one row that says why there is none."""
    if each.refused:
        return [("", f"refused: {each.refused}")]
    if not each.bars:
        return [("bridge" if each.bridge or not each.host else "none",)]
    return [
        (f"{bar.index} {bar.kind} {short_size(bar.size)}", f"{bar.guest:#x}" if bar.mapped else "not mapped",
         f"{bar.host:#x}")
        for bar in each.bars
    ]  # fmt: skip


def ends_block(summary: Summary, found: VpciSummary, shown: int) -> list[RenderableType]:
    """Data aborts, refused DMA, and what Xen printed, of each as many lines as ``shown``."""
    rows = [("aborts", f"{found.aborts} accesses ended in a data abort" if found.aborts else "none")]
    if found.crashed:
        rows.insert(0, ("Xen", f"ended the guest: {printable(found.crashed)}"))
    faults = summary.iommu.faults
    rows.append(("SMMU", f"{faults} DMA fault{'s' if faults > 1 else ''}" if faults else "no DMA was refused"))
    parts: list[RenderableType] = [facts(rows), *shown_lines([printable(each) for each in summary.iommu.lines], shown)]
    if found.log:
        parts += [facts([("Xen", f"printed {len(found.log)} line{'s' if len(found.log) > 1 else ''}:")])]
        parts += shown_lines([printable(line) for line in found.log], shown)
    return parts


def mappings_block(found: VpciSummary) -> Table:
    """Stage 2 at the end: guest's addresses, host's, and whose they are."""
    table = grid()
    table.add_column(width=11)
    if not found.mappings:
        table.add_row(Text("stage 2", style="bold"), Text("maps nothing of the host's devices"))
    for number, each in enumerate(found.mappings):
        span = f"{each.guest:#x}-{each.guest + each.size - 1:#x} -> {each.host:#x}-{each.host + each.size - 1:#x}"
        whose = f"{short_bdf(each.function)} BAR{each.bar}"
        table.add_row(Text("" if number else "stage 2", style="bold"), Text(span), Text(whose))
    for name, (start, size) in found.windows.items():
        table.add_row(Text("guest has", style="bold"), Text(f"{start:#x}-{start + size - 1:#x}"), Text(name))
    return table


def story_of(summary: Summary, found: VpciSummary) -> str:
    """How far the program got and what it has, as the first half of a verdict."""
    how = _ENDS.get(summary.stop.reason) or summary.stop.detail.partition("\n")[0] or "the run failed"
    assigned = [each for each in found.functions if each.host and not each.bridge]
    shown = sum(not each.refused for each in assigned)
    bars = [bar for each in assigned for bar in each.bars]
    mapped = sum(bar.mapped for bar in bars)
    return f"{how}, with {shown} of {len(assigned)} functions and {mapped} of {len(bars)} BARs"
