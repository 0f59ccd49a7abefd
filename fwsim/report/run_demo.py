"""The demo's two runs are told beside each other: of two hypervisors, or of two firmwares."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fwsim.report.run_parts import e820_block, ended, gtt_write, shown_lines, whole
from fwsim.results.summary import Summary

_DEMO_LINES = 3
_DEMO_TITLE = "One ROM, as its host hands it out, on one guest under two hypervisors"
_DEMO_MEANING = (
    "The ROM carries the address of the HOST's stolen memory: its POST on the host\n"
    "left it in the image. So its GTT entries point at host memory. Unless somebody\n"
    "rewrites them to the guest's own stolen memory, the IOMMU refuses the display's\n"
    "reads, and each page refused is missing from the picture."
)
_FIRMWARES_TITLE = "One ROM of one host, on one guest under two firmwares"
_FIRMWARES_MEANING = (
    "The ROM has a video BIOS, which SeaBIOS calls, and two EFI drivers, which OVMF\n"
    "starts: one places OpRegion and stolen memory, which SeaBIOS does by itself; the\n"
    "other lights the display. Both map the guest's stolen memory: the EFI driver all\n"
    "of it, the video BIOS 1 MiB, as GGC on this guest's host bridge reads 0."
)


def render_demo(summaries: Sequence[Summary], folder: Path | None = None, page: Path | None = None) -> RenderableType:
    """The demo's runs beside each other: placement, GTT writes and where they point, faults, checks and pictures.

    ``page`` is where all of it is shown in a browser.
    """
    firmwares = any(summary.efi for summary in summaries)
    parts: list[RenderableType] = [Text(_FIRMWARES_TITLE if firmwares else _DEMO_TITLE, style="bold")]
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, width=80, header_style="bold")
    table.add_column("", width=12)
    for summary in summaries:
        table.add_column(Text(summary.scenario), ratio=1, overflow="fold")
    columns = [_demo_column(summary) for summary in summaries]
    for label in columns[0] if columns else ():
        table.add_row(Text(label, style="bold"), *(Text(column.get(label, "")) for column in columns))
    parts.append(table)
    maps = [summary.firmware.e820 for summary in summaries]
    for summary in summaries[:1] if all(each == maps[0] for each in maps) else summaries:
        parts.append(e820_block(summary, "" if len(set(map(str, maps))) == 1 else f" ({summary.scenario})"))
    for summary in summaries:
        if summary.iommu.faults:
            head = Text(f"dmesg of {summary.scenario}:", style="bold")
            parts += [head, *shown_lines(summary.iommu.lines, _DEMO_LINES)]
        parts += [_failure(summary.scenario, check.id, check.detail) for check in summary.failed]
    for summary in summaries if folder is not None else ():
        parts += [whole("picture", Path(folder or "", summary.scenario, shot.file)) for shot in summary.display]
    parts += [whole("report", page)] if page is not None else []
    return Group(*parts, Text(_FIRMWARES_MEANING if firmwares else _DEMO_MEANING, style="dim"))


def _demo_column(summary: Summary) -> dict[str, str]:
    targets, faults = summary.gtt.targets, summary.iommu.faults
    return {
        "ended": ended(summary),
        "BDSM": f"{summary.firmware.bdsm:#010x}",
        "ASLS": f"{summary.firmware.asls:#010x}",
        "GTT writes": f"{summary.gtt.writes}, {summary.gtt.rewritten} of them rewritten",
        "first write": gtt_write(summary.gtt.first),
        "last write": gtt_write(summary.gtt.last),
        "point at": "\n".join(
            f"{count} {name}"
            for name, count in (
                ("guest's stolen memory", targets.guest_stolen),
                ("HOST's stolen memory", targets.host_stolen),
                ("guest RAM", targets.guest_ram),
                ("nothing mapped", targets.unmapped),
                ("silently guest RAM", targets.silent),
            )
            if count
        )
        or "nothing",
        "DMA faults": str(faults) if faults else "none",
        "unreadable": f"{sum(screen.unreadable_pages for screen in summary.display)} pages of the picture",
        "checks": f"{len(summary.checks) - len(summary.failed)} hold, {len(summary.failed)} fail",
    }


def _failure(scenario: str, check: str, detail: str) -> Text:
    return Text.assemble(("FAIL ", "bold red"), f"{scenario}: {check}: {detail}", overflow="fold")
