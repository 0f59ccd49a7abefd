"""A run is told on one screen: one summary, two beside each other for ``fwsim demo``, and the checks."""

import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fwsim.report.assumed import assumed_line
from fwsim.results.summary import CallResult, GttWrite, Summary
from fwsim.units import format_size

_SHOWN_LINES = 4
_DEMO_LINES = 3
_SHOWN_LIST = 8
_SHOWN_LOG = 6
_LABEL = 13
_WIDTH = 80
_DEMO_TITLE = "One ROM, as its host hands it out, on one guest under two hypervisors"
_DEMO_MEANING = (
    "The ROM carries the address of the HOST's stolen memory: its POST on the host\n"
    "left it in the image. So its GTT entries point at host memory. Unless somebody\n"
    "rewrites them to the guest's own stolen memory, the IOMMU refuses the display's\n"
    "reads, and each page refused is missing from the picture."
)
_REASONS = {
    "completed": "completed",
    "hung": "HUNG: the ROM waits for what never comes",
    "budget": "OUT OF BUDGET",
    "invalid": "INVALID CODE",
    "aborted": "ABORTED: the hypervisor killed the guest",
    "error": "FAILED",
}


def render(summary: Summary, folder: Path | None = None) -> RenderableType:
    """One run on 80 columns: assists first, then how it ended, and everything it did. ``folder`` is where it lies."""
    parts: list[RenderableType] = []
    if summary.assists:
        parts.append(Text("ASSISTED: real hardware would not have helped the ROM here", style="bold yellow"))
        parts += [_item(f"{assist.count}x {assist.what}") for assist in summary.assists]
    parts += [*_stop(summary), _facts(_placement(summary)), _e820(summary), _facts(_gtt(summary))]
    parts += _iommu(summary, _SHOWN_LINES)
    parts += [table for table in (_calls(summary), _display(summary)) if table is not None]
    parts += [_facts(rows) for rows in (_hangs(summary), _unhandled(summary)) if rows]
    parts.append(render_checks(summary))
    if folder is not None:
        parts.append(_whole("run folder", folder))
    return Group(*parts)


def render_checks(summary: Summary) -> RenderableType:
    """The checks, one line each: what failed comes first."""
    if not summary.checks:
        return Text("checks       none were made")
    table = _grid()
    for check in sorted(summary.checks, key=lambda check: check.ok):
        mark = Text("ok", style="green") if check.ok else Text("FAIL", style="bold red")
        table.add_row(mark, Text(check.id), Text(check.detail))
    failed = len(summary.failed)
    return Group(Text(f"checks       {len(summary.checks) - failed} hold, {failed} fail", style="bold"), table)


def render_demo(summaries: Sequence[Summary], folder: Path | None = None, page: Path | None = None) -> RenderableType:
    """The demo's runs beside each other: placement, GTT writes and where they point, faults, checks and pictures.

    ``page`` is where all of it is shown in a browser.
    """
    parts: list[RenderableType] = [Text(_DEMO_TITLE, style="bold")]
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
        parts.append(_e820(summary, "" if len(set(map(str, maps))) == 1 else f" ({summary.scenario})"))
    for summary in summaries:
        if summary.iommu.faults:
            parts += [Text(f"dmesg of {summary.scenario}:", style="bold"), *_lines(summary.iommu.lines, _DEMO_LINES)]
        parts += [_failure(summary.scenario, check.id, check.detail) for check in summary.failed]
    for summary in summaries if folder is not None else ():
        parts += [_whole("picture", Path(folder or "", summary.scenario, shot.file)) for shot in summary.display]
    parts += [_whole("report", page)] if page is not None else []
    return Group(*parts, Text(_DEMO_MEANING, style="dim"))


def _demo_column(summary: Summary) -> dict[str, str]:
    targets, faults = summary.gtt.targets, summary.iommu.faults
    return {
        "ended": _ended(summary),
        "BDSM": f"{summary.firmware.bdsm:#010x}",
        "ASLS": f"{summary.firmware.asls:#010x}",
        "GTT writes": f"{summary.gtt.writes}, {summary.gtt.rewritten} of them rewritten",
        "first write": _write(summary.gtt.first),
        "last write": _write(summary.gtt.last),
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


def _grid() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.pad_edge = False
    return table


def _facts(rows: Iterable[tuple[str, str]]) -> Table:
    table = _grid()
    table.add_column(width=11)
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(Text(label, style="bold"), Text(text))
    return table


def _plural(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _printable(text: str) -> str:
    """``text`` without what could steer a terminal: the log holds whatever the ROM printed."""
    return "".join(each if each.isprintable() else " " for each in text.rstrip()).rstrip()


def _whole(label: str, path: Path) -> Text:
    """A path on one line, however long, so that it can be copied."""
    return Text.assemble((f"{label:<13}", "bold"), str(path), no_wrap=True, overflow="ignore")


def _item(text: str, style: str = "") -> Text:
    return Text(f"  {text}", style=style)


def _failure(scenario: str, check: str, detail: str) -> Text:
    return Text.assemble(("FAIL ", "bold red"), f"{scenario}: {check}: {detail}", overflow="fold")


def _lines(lines: Sequence[str], shown: int) -> list[RenderableType]:
    parts: list[RenderableType] = [Text(f"  {text}", no_wrap=True, overflow="ignore") for text in lines[:shown]]
    if len(lines) > shown:
        parts.append(_item(f"... {len(lines) - shown} more lines in summary.json", "dim"))
    return parts


def _place(cs: int, ip: int) -> str:
    return f"{cs:04x}:{ip:04x}"


def _ended(summary: Summary) -> str:
    stop = summary.stop
    where = "" if stop.reason == "completed" else f" at {_place(stop.cs, stop.ip)}"
    return _REASONS[stop.reason].partition(":")[0] + where


def _write(write: GttWrite | None) -> str:
    if write is None:
        return "none"
    if write.written is None:
        return f"[{write.index:#x}] {write.value:#010x} (never got there)"
    arrow = f" -> {write.written:#010x}" if write.written != write.value else ""
    return f"[{write.index:#x}] {write.value:#010x}{arrow}"


def _stop(summary: Summary) -> list[RenderableType]:
    stop, rom = summary.stop, summary.rom
    good = stop.reason == "completed"
    head = Text(f"{summary.scenario}: ", style="bold", overflow="fold")
    head.append(_REASONS[stop.reason], style="bold green" if good else "bold red")
    if not good:
        head.append(f" (at {_place(stop.cs, stop.ip)})")
    parts: list[RenderableType] = [head]
    parts += [_item(text) for line in stop.detail.splitlines() for text in textwrap.wrap(line, _WIDTH - 2)]
    shadow = ", as the host's POST left it" if rom.source == "shadow" else ""
    image = f"{rom.vendor:04x}:{rom.device:04x}, {format_size(rom.size)}, sha256 {rom.sha256[:16]}{shadow}"
    took = f"{summary.virtual_ns / 1e6:.3f} ms virtual, {summary.wall_s:.2f} s real"
    counts = f"{_plural(summary.events, 'event')}, {_plural(summary.code_bytes, 'code byte')}"
    one_line = len(counts) + len(took) + 2 <= _WIDTH - _LABEL
    run = [("run", f"{counts}, {took}")] if one_line else [("run", counts), ("", took)]
    return [*parts, _facts([("rom", image), *run])]


def _placement(summary: Summary) -> list[tuple[str, str]]:
    firmware = summary.firmware
    bars = ", ".join(f"BAR{number} {address:#x}" for number, address in firmware.bars.items())
    assumed = assumed_line(summary)
    rows = [("host", assumed)] if assumed else []
    rows.append(("firmware", f"{firmware.kind}: BDSM {firmware.bdsm:#010x}, ASLS {firmware.asls:#010x}"))
    if bars:
        rows.append(("", bars))
    log = [_printable(text) for text in firmware.log]
    rows += [("", text) for text in log[:_SHOWN_LOG] if text]
    if len(log) > _SHOWN_LOG:
        rows.append(("", f"... {_plural(len(log) - _SHOWN_LOG, 'more line')} in summary.json"))
    return rows


def _e820(summary: Summary, which: str = "") -> RenderableType:
    if not summary.firmware.e820:
        return Text("e820         empty")
    table = _grid()
    table.add_column(width=11)
    for number, entry in enumerate(summary.firmware.e820):
        size = format_size(entry.end - entry.start)
        label = Text(f"e820{which}" if number == 0 else "", style="bold")
        last = f"{entry.end - 1:#010x}"
        span = Text(f"{entry.start:#010x} - {last:>{_digits(summary)}}", justify="right")
        table.add_row(label, span, Text(size, justify="right"), Text(entry.type))
    return table


def _digits(summary: Summary) -> int:
    """Characters of the map's largest address, 0x and all; at least those of 32 bits."""
    return max(10, *(len(f"{entry.end - 1:#x}") for entry in summary.firmware.e820))


def _gtt(summary: Summary) -> list[tuple[str, str]]:
    gtt = summary.gtt
    if not gtt.writes and gtt.first is None:
        return [("gtt", "no writes")]
    targets = gtt.targets
    rows = [
        ("gtt", f"{_plural(gtt.writes, 'write')}, {gtt.rewritten} of them rewritten on the way"),
        ("  first", _write(gtt.first)),
        ("  last", _write(gtt.last)),
        ("  point at", f"guest stolen {targets.guest_stolen}, HOST stolen {targets.host_stolen}, "
         f"guest RAM {targets.guest_ram}, unmapped {targets.unmapped}"),
    ]  # fmt: skip
    if targets.silent:
        rows.append(("", f"{targets.silent} of those on host stolen memory hit guest RAM: silent corruption"))
    return rows


def _iommu(summary: Summary, shown: int) -> list[RenderableType]:
    iommu = summary.iommu
    if not iommu.faults:
        return [_facts([("iommu", "no DMA faults")])]
    reasons = ", ".join(f"reason {reason}: {count}" for reason, count in iommu.by_reason.items())
    lost = "; the recording registers overflowed" if iommu.overflowed else ""
    text = f"{iommu.faults} DMA faults ({reasons}), {iommu.recorded} recorded{lost}"
    return [_facts([("iommu", text)]), *_lines(iommu.lines, shown)]


def _calls(summary: Summary) -> RenderableType | None:
    """One line a call, registers that are 0 left out; an answer too long for it goes on the next one."""
    if not summary.calls:
        return None
    asked = [_asked(call) for call in summary.calls]
    width = max(map(len, asked))
    lines: list[RenderableType] = []
    for number, call in enumerate(summary.calls):
        line = Text.assemble((f"{'calls' if number == 0 else '':<{_LABEL}}", "bold"), f"{asked[number]:<{width}}  ")
        line.append(f"-> ax={call.result_ax:04x}  ")
        line.append("ok" if call.ok else "failed", style="green" if call.ok else "red")
        lines.append(line)
        if call.detail and len(line) + 2 + len(call.detail) <= _WIDTH:
            line.append(f"  {call.detail}")
        elif call.detail:
            lines.append(Text(f"{'':<{_LABEL + 2}}{call.detail}"))
    return Group(*lines)


def _asked(call: CallResult) -> str:
    others = "".join(f" {name}={value:04x}" for name in ("bx", "cx", "dx") if (value := getattr(call, name)))
    return f"int {call.vector:02x}h ax={call.ax:04x}{others}"


def _display(summary: Summary) -> Table | None:
    if not summary.display:
        return None
    table = _grid()
    table.add_column(width=11)
    for number, screen in enumerate(summary.display):
        unreadable = f"{screen.unreadable_pages} pages unreadable" if screen.unreadable_pages else ""
        table.add_row(
            Text("display" if number == 0 else "", style="bold"),
            Text(f"mode {screen.mode:x}h, {screen.width}x{screen.height} {screen.format}"),
            Text(screen.file),
            Text(unreadable, style="red"),
        )
    return table


def _hangs(summary: Summary) -> list[tuple[str, str]]:
    """Each hang, but for one of which the stop has said everything."""
    rows: list[tuple[str, str]] = []
    for hang in summary.hangs:
        last = "" if hang.last is None else f", last answer {hang.last:#x}"
        text = hang.detail or f"waits for {hang.input or 'nothing'}{last}"
        if text != summary.stop.detail:
            rows.append(("hang" if not rows else "", f"at {_place(hang.cs, hang.ip)}: {text}"))
    return rows


def _unhandled(summary: Summary) -> list[tuple[str, str]]:
    unhandled = summary.unhandled
    rows: list[tuple[str, str]] = []
    for label, places in (("ports", unhandled.ports), ("registers", unhandled.registers)):
        if places:
            rows.append((label, _some([f"{place.address:#x} x{place.count}" for place in places])))
    if unhandled.interrupts:
        leaves = [f"int {leaf.vector:02x}h ax={leaf.ax:04x} x{leaf.count}" for leaf in unhandled.interrupts]
        rows.append(("interrupts", _some(leaves)))
    return [("unmodelled" if number == 0 else "", f"{label}: {text}") for number, (label, text) in enumerate(rows)]


def _some(texts: Sequence[str]) -> str:
    more = f", {len(texts) - _SHOWN_LIST} more" if len(texts) > _SHOWN_LIST else ""
    return ", ".join(texts[:_SHOWN_LIST]) + more
