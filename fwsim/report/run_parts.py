"""The parts of which a run is told on 80 columns: how it ended, placement, GTT, faults, calls, screens."""

import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fwsim.registers.database import leaf_name
from fwsim.report.assumed import assumed_line
from fwsim.results.summary import CallResult, GttWrite, Leaf, PanelScreen, Summary
from fwsim.units import format_size, short_size

WIDTH = 80
_SHOWN_LIST = 8
_SHOWN_LOG = 6
_LABEL = 13
_REASONS = {
    "completed": "completed",
    "hung": "HUNG: the ROM waits for what never comes",
    "budget": "OUT OF BUDGET",
    "invalid": "INVALID CODE",
    "aborted": "ABORTED: the hypervisor killed the guest",
    "error": "FAILED",
}


def grid() -> Table:
    """A table without lines, two blanks between its columns."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.pad_edge = False
    return table


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """Rows of a label and a text, which is wrapped under itself."""
    table = grid()
    table.add_column(width=11)
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(Text(label, style="bold"), Text(text))
    return table


def _plural(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def printable(text: str) -> str:
    """``text`` without what could steer a terminal: the log holds whatever the ROM printed."""
    return "".join(each if each.isprintable() else " " for each in text.rstrip()).rstrip()


def whole(label: str, path: Path) -> Text:
    """A path on one line, however long, so that it can be copied."""
    return Text.assemble((f"{label:<13}", "bold"), str(path), no_wrap=True, overflow="ignore")


def item(text: str, style: str = "") -> Text:
    """An indented line."""
    return Text(f"  {text}", style=style)


def shown_lines(lines: Sequence[str], shown: int) -> list[RenderableType]:
    """The first ``shown`` of a log's lines, uncut, and how many more there are."""
    parts: list[RenderableType] = [Text(f"  {text}", no_wrap=True, overflow="ignore") for text in lines[:shown]]
    if len(lines) > shown:
        parts.append(item(f"... {len(lines) - shown} more lines in summary.json", "dim"))
    return parts


def _place(cs: int, ip: int) -> str:
    return f"{cs:04x}:{ip:04x}"


def _stopped_at(summary: Summary) -> str:
    stop = summary.stop
    return f"{stop.ip:#x}" if summary.code == "program" else _place(stop.cs, stop.ip)


def ended(summary: Summary) -> str:
    """How the run ended, in a word, and where when it did not finish."""
    stop = summary.stop
    where = "" if stop.reason == "completed" else f" at {_stopped_at(summary)}"
    return _REASONS[stop.reason].partition(":")[0] + where


def gtt_write(write: GttWrite | None) -> str:
    """A write of an entry: index, value, and what the hypervisor made of it."""
    if write is None:
        return "none"
    if write.written is None:
        return f"[{write.index:#x}] {write.value:#010x} (never got there)"
    arrow = f" -> {write.written:#010x}" if write.written != write.value else ""
    return f"[{write.index:#x}] {write.value:#010x}{arrow}"


def stop_block(summary: Summary) -> list[RenderableType]:
    """How the run ended, with what was said of it; the ROM and the counts are the last part."""
    stop, rom = summary.stop, summary.rom
    good = stop.reason == "completed"
    head = Text(f"{summary.scenario}: ", style="bold", overflow="fold")
    reason = _REASONS[stop.reason].replace("the ROM", f"the {summary.code}")
    head.append(reason, style="bold green" if good else "bold red")
    if not good:
        head.append(f" (at {_stopped_at(summary)})")
    parts: list[RenderableType] = [head]
    parts += [item(text) for line in stop.detail.splitlines() for text in textwrap.wrap(line, WIDTH - 2)]
    shadow = ", as the host's POST left it" if rom.source == "shadow" else ""
    ids = f"{rom.vendor:04x}:{rom.device:04x}" if rom.images else "a UEFI driver"
    image = f"{ids}, {format_size(rom.size)}, sha256 {rom.sha256[:16]}{shadow}"
    what = ("rom", image) if summary.code != "program" else ("program", f"{rom.size} bytes, sha256 {rom.sha256[:16]}")
    took = f"{summary.virtual_ns / 1e6:.3f} ms virtual, {summary.wall_s:.2f} s real"
    counts = f"{_plural(summary.events, 'event')}, {_plural(summary.code_bytes, 'code byte')}"
    one_line = len(counts) + len(took) + 2 <= WIDTH - _LABEL
    run = [("run", f"{counts}, {took}")] if one_line else [("run", counts), ("", took)]
    return [*parts, facts([what, *run])]


def placement_rows(summary: Summary, log: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """BDSM, ASLS, the BARs and the firmware's ``log``: its own where None is given."""
    firmware = summary.firmware
    bars = ", ".join(f"BAR{number} {address:#x}" for number, address in firmware.bars.items())
    assumed = assumed_line(summary)
    rows = [("host", assumed)] if assumed else []
    rows.append(("firmware", f"{firmware.kind}: BDSM {firmware.bdsm:#010x}, ASLS {firmware.asls:#010x}"))
    if bars:
        rows.append(("", bars))
    printed = [printable(text) for text in (firmware.log if log is None else log)]
    rows += [("", text) for text in printed[:_SHOWN_LOG] if text]
    if len(printed) > _SHOWN_LOG:
        rows.append(("", f"... {_plural(len(printed) - _SHOWN_LOG, 'more line')} in summary.json"))
    return rows


def e820_block(summary: Summary, which: str = "") -> RenderableType:
    """The guest's memory map, a range a line."""
    if not summary.firmware.e820:
        return Text("e820         empty")
    table = grid()
    table.add_column(width=11)
    for number, entry in enumerate(summary.firmware.e820):
        size = short_size(entry.end - entry.start)
        label = Text(f"e820{which}" if number == 0 else "", style="bold")
        last = f"{entry.end - 1:#010x}"
        span = Text(f"{entry.start:#010x} - {last:>{_digits(summary)}}", justify="right")
        table.add_row(label, span, Text(size, justify="right"), Text(entry.type))
    return table


def _digits(summary: Summary) -> int:
    """Characters of the map's largest address, 0x and all; at least those of 32 bits."""
    return max(10, *(len(f"{entry.end - 1:#x}") for entry in summary.firmware.e820))


def gtt_rows(summary: Summary) -> list[tuple[str, str]]:
    """The writes to the GTT and where their entries point."""
    gtt = summary.gtt
    if not gtt.writes and gtt.first is None:
        return [("gtt", "no writes")]
    targets = gtt.targets
    rows = [
        ("gtt", f"{_plural(gtt.writes, 'write')}, {gtt.rewritten} of them rewritten on the way"),
        ("  first", gtt_write(gtt.first)),
        ("  last", gtt_write(gtt.last)),
        ("  point at", f"guest stolen {targets.guest_stolen}, HOST stolen {targets.host_stolen}, "
         f"guest RAM {targets.guest_ram}, unmapped {targets.unmapped}"),
    ]  # fmt: skip
    if targets.silent:
        rows.append(("", f"{targets.silent} of those on host stolen memory hit guest RAM: silent corruption"))
    return rows


def iommu_block(summary: Summary, shown: int) -> list[RenderableType]:
    """The DMA faults, with ``shown`` of their lines."""
    iommu = summary.iommu
    if not iommu.faults:
        return [facts([("iommu", "no DMA faults")])]
    reasons = ", ".join(f"reason {reason}: {count}" for reason, count in iommu.by_reason.items())
    lost = "; the recording registers overflowed" if iommu.overflowed else ""
    text = f"{iommu.faults} DMA faults ({reasons}), {iommu.recorded} recorded{lost}"
    return [facts([("iommu", text)]), *shown_lines(iommu.lines, shown)]


def interrupt_rows(summary: Summary) -> list[tuple[str, str]]:
    """How the IGD's interrupts went; nothing where it asked for none."""
    found = summary.interrupts
    if found.kind == "none" and not found.lost:
        return []
    counts = f"{found.fired} fired, {found.injected} injected, {found.unmasked} unmasked by EOI, {found.held} held"
    return [("interrupts", f"{found.kind}: {counts}"), *(("  lost", reason) for reason in found.lost)]


def calls_block(summary: Summary) -> RenderableType | None:
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
        if call.detail and len(line) + 2 + len(call.detail) <= WIDTH:
            line.append(f"  {call.detail}")
        elif call.detail:
            lines.append(Text(f"{'':<{_LABEL + 2}}{call.detail}"))
    return Group(*lines)


def _asked(call: CallResult) -> str:
    others = "".join(f" {name}={value:04x}" for name in ("bx", "cx", "dx") if (value := getattr(call, name)))
    return f"int {call.vector:02x}h ax={call.ax:04x}{others}"


def display_block(summary: Summary) -> Table | None:
    """Each screen: mode, size, file, pages that could not be read. None where there was none."""
    if not summary.display:
        return None
    table = grid()
    table.add_column(width=11)
    for number, screen in enumerate(summary.display):
        unreadable = f"{screen.unreadable_pages} pages unreadable" if screen.unreadable_pages else ""
        table.add_row(
            Text("display" if number == 0 else "", style="bold"),
            Text(f"mode {_mode(summary, screen.mode)}, {screen.width}x{screen.height} {screen.format}"),
            Text(screen.file),
            Text(unreadable, style="red"),
        )
        if screen.panel:
            table.add_row(Text(), Text(f"  {panel_text(screen.panel)}"), Text(screen.panel.file), Text())
    return table


def panel_text(panel: PanelScreen) -> str:
    """``sent as 1024x768, centred: 640x480 at 192, 144``."""
    window = panel.window
    how = "no fitter" if panel.fitting == "off" else panel.fitting
    place = "" if (window.w, window.h) == (panel.width, panel.height) else f": {window.w}x{window.h}"
    return f"sent as {panel.width}x{panel.height}, {how}{place}" + (
        f" at {window.x}, {window.y}" if window.x or window.y else ""
    )


def _mode(summary: Summary, number: int) -> str:
    """A VBE mode in hexadecimal, a GOP's by its number."""
    return f"{number:x}h" if summary.efi is None else str(number)


def drivers_block(summary: Summary) -> RenderableType | None:
    """Each UEFI driver: name and version, and what its entry, Supported and Start returned. None under a BIOS."""
    if summary.efi is None or not summary.efi.drivers:
        return None
    table = grid()
    table.add_column(width=11)
    table.add_column(overflow="fold")
    for number, driver in enumerate(summary.efi.drivers):
        version = f" {driver.version:08x}" if driver.version else ""
        steps = Text()
        for step, status in (("entry", driver.entry), ("Supported", driver.supported), ("Start", driver.start)):
            if status and (step != "entry" or status != "SUCCESS" or not driver.supported):
                steps.append(f"{', ' if steps else ''}{step} ")
                steps.append(status, style="green" if status == "SUCCESS" else "red")
        table.add_row(
            Text("drivers" if number == 0 else "", style="bold"), Text(f"{driver.name}{version}"),
            steps or Text("not called"),
        )  # fmt: skip
    return table


def gop_rows(summary: Summary) -> list[tuple[str, str]]:
    """The GOP: its modes, the one that was set last, and the frame buffer; nothing where there is none."""
    gop = summary.efi.gop if summary.efi else None
    if gop is None:
        return []
    bad = {mode.number: f" ({mode.set})" for mode in gop.modes if mode.set != "SUCCESS"}
    modes = [f"{mode.width}x{mode.height}{bad.get(mode.number, '')}" for mode in gop.modes]
    return [("gop", f"modes {_some(modes)}; frame buffer {gop.base:#x}, {format_size(gop.size)}")]


def hang_rows(summary: Summary) -> list[tuple[str, str]]:
    """Each hang, but for one of which the stop has said everything."""
    rows: list[tuple[str, str]] = []
    for hang in summary.hangs:
        last = "" if hang.last is None else f", last answer {hang.last:#x}"
        text = hang.detail or f"waits for {hang.input or 'nothing'}{last}"
        if text != summary.stop.detail:
            rows.append(("hang" if not rows else "", f"at {_place(hang.cs, hang.ip)}: {text}"))
    return rows


def unhandled_rows(summary: Summary) -> list[tuple[str, str]]:
    """Ports, registers and interrupts that nothing models."""
    unhandled = summary.unhandled
    rows: list[tuple[str, str]] = []
    for label, places in (("ports", unhandled.ports), ("registers", unhandled.registers)):
        if places:
            rows.append((label, _some([f"{place.address:#x} x{place.count}" for place in places])))
    if unhandled.interrupts:
        rows.append(("interrupts", _some([_leaf(leaf) for leaf in unhandled.interrupts])))
    if unhandled.services:
        rows.append(("services", _some([f"{each.name} x{each.count}" for each in unhandled.services])))
    return [("unmodelled" if number == 0 else "", f"{label}: {text}") for number, (label, text) in enumerate(rows)]


def _leaf(leaf: Leaf) -> str:
    name = leaf_name(leaf.vector, leaf.ax)
    return f"int {leaf.vector:02x}h ax={leaf.ax:04x}{f' ({name})' if name else ''} x{leaf.count}"


def _some(texts: Sequence[str]) -> str:
    more = f", {len(texts) - _SHOWN_LIST} more" if len(texts) > _SHOWN_LIST else ""
    return ", ".join(texts[:_SHOWN_LIST]) + more
