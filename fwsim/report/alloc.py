"""A placement is shown as its facts and the address space drawn for a terminal of 80 columns; several side by side.

The pictures need a list of segments: every address with what answers there, ``segments``.
"""

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fwsim.exactness import Known
from fwsim.placement.allocate import Allocation, HoleBy
from fwsim.report.checks import rules
from fwsim.report.segments import E820_KINDS, Segment, flatten
from fwsim.units import MIB, format_size, short_size

FOUR_GIB = 1 << 32
_CELLS = 64
_CELL = FOUR_GIB // _CELLS
_LABEL = 10
_WIDTH = 80
_HOLE_END = 0xFC000000
"""Where hvmloader's low hole ends (Xen tools/firmware/hvmloader/config.h, RESERVED_MEMBASE)."""
_SIDE = 3
_BAR = 12
_SHORT = 12
_MATTERS = ("IGD", "WARNING", "option rom")
"""Lines of a log up to which it is shown whole, and the words by which those of a longer one are chosen."""
"""Columns of the widest bar in the address space's list."""

STYLES = {
    "stolen": ("S", "bold red"), "opregion": ("O", "bold magenta"), "bar": ("B", "cyan"), "ecam": ("E", "yellow"),
    "nvs": ("N", "magenta"), "acpi": ("A", "magenta"), "reserved": ("x", "dim"), "ram": ("#", "green"),
    "hole": (".", "dim"),
}  # fmt: skip
"""Kind of a segment: its letter and style. Of several in one cell the first of this table is shown."""


def segments(result: Allocation) -> list[Segment]:
    """The address space, lowest first and without overlaps: what lies on top wins (stolen memory over e820)."""
    details, firmware = result.details, result.firmware
    layers = [Segment(*details.hole, "hole", "free for devices")] if details.hole else []
    layers += [Segment(e.start, e.end, E820_KINDS.get(e.type, "reserved"), e.type) for e in firmware.e820]
    layers += [Segment(*details.ecam, "ecam", "ECAM")] if details.ecam else []
    layers += [
        Segment(bar.address, bar.address + bar.size, "bar", f"{bar.name}")
        for bar in details.bars
        if bar.kind != "io" and bar.address is not None
    ]
    size = details.size or result.ask.stolen
    if firmware.bdsm and size:
        layers.append(Segment(firmware.bdsm, firmware.bdsm + size, "stolen", "stolen memory (BDSM)"))
    if firmware.asls:
        opregion = result.ask.opregion or 0x2000
        layers.append(Segment(firmware.asls, firmware.asls + opregion, "opregion", "OpRegion (ASLS)"))
    return flatten(layers)


def render(result: Allocation) -> RenderableType:
    """One placement: registers, log, the address space, what a guest does to it, and the checks."""
    details = result.details
    parts: list[RenderableType] = [title(result)]
    if details.boot != "ok":
        parts += _wrapped("boot", [details.boot], "bold red")
    parts += _facts(result)
    parts += _wrapped("log", _told(result.firmware.log))
    parts += _wrapped("note", details.notes)
    parts += _wrapped("known", known_lines(result.exactness))
    parts += [Text(), strip_title(), strip(result), Text(), picture(result)]
    if details.steps:
        parts += [Text(), steps(result)]
    if details.holes:
        parts += [Text(), holes(result)]
    return Group(*parts, Text(), checks(result))


def _told(log: list[str]) -> list[str]:
    """The log, or what a long one says of the IGD and warns of: an image that is executed prints all its steps."""
    if len(log) <= _SHORT:
        return log
    chosen = [line for line in log if any(word in line for word in _MATTERS)]
    return [*chosen, f"... {len(log) - len(chosen)} more lines with --json"]


def title(result: Allocation) -> Text:
    """The firmware and the guest in one line."""
    ask = result.ask
    head = Text(f"{ask.firmware} {result.details.version}".rstrip(), style="bold")
    return head.append(f" on {ask.machine}, {format_size(ask.ram)} of RAM, {ask.gen}, GGC {ask.ggc:#06x}", style="")


def render_many(results: Sequence[Allocation | tuple[str, str]]) -> RenderableType:
    """Several placements beside each other, three at a time; a firmware that refuses is (name, why)."""
    parts: list[RenderableType] = []
    for first in range(0, len(results), _SIDE):
        parts += [_side_by_side(results[first : first + _SIDE]), Text()]
    parts.append(strip_title())
    for result in results:
        if isinstance(result, Allocation):
            parts.append(strip(result, result.ask.firmware))
    parts.append(Text())
    for result in results:
        name = result.ask.firmware if isinstance(result, Allocation) else result[0]
        if not isinstance(result, Allocation):
            parts += _indented(f"{name} refuses: {result[1]}", "bold red")
            continue
        for check in result.failed:
            parts += _indented(f"FAIL {name}: {check.id}: {check.detail}")
    return Group(*parts)


def checks(result: Allocation) -> RenderableType:
    """The rules it was judged by."""
    return rules(result.checks)


def strip_title() -> Text:
    """What the strip's cells mean."""
    names = " ".join(f"{letter} {kind}" for kind, (letter, _) in STYLES.items() if kind not in ("nvs", "acpi"))
    return Text(f"0-4 GiB, {_CELL // MIB} MiB a cell: {names}", style="dim")


def strip(result: Allocation, name: str = "") -> Text:
    """The lowest 4 GiB in one line: in each cell the most interesting thing that lies in it."""
    cells = [" "] * _CELLS
    styles = [""] * _CELLS
    for kind, (letter, style) in reversed(STYLES.items()):
        for segment in segments(result):
            if segment.kind == kind:
                for cell in range(segment.start // _CELL, min(_CELLS, -(-segment.end // _CELL))):
                    if letter not in "#.x" or _most(segment, cell) or cells[cell] == " ":
                        cells[cell], styles[cell] = letter, style
    line = Text(f"{name:<{_LABEL}} ", style="bold")
    line.append("|", style="dim")
    for letter, style in zip(cells, styles, strict=True):
        line.append(letter, style=style)
    return line.append("|", style="dim")


def _most(segment: Segment, cell: int) -> bool:
    """Whether ``segment`` fills more than half of ``cell``."""
    start, end = max(segment.start, cell * _CELL), min(segment.end, (cell + 1) * _CELL)
    return end - start > _CELL // 2


def picture(result: Allocation) -> RenderableType:
    """The address space from the top down, one line a segment; a bar's length goes with the size's logarithm."""
    table = Table.grid(padding=(0, 1, 0, 0))
    for justify in ("right", "right", "right", "left", "left"):
        table.add_column(justify=justify, no_wrap=True)
    last = 0
    for segment in reversed(segments(result)):
        if last and segment.end != last:
            table.add_row("", "", Text(short_size(last - segment.end), style="dim"), "", Text("nothing", style="dim"))
        size = segment.end - segment.start
        letter, style = STYLES[segment.kind]
        length = min(_BAR, max(1, (size.bit_length() - 12) * _BAR // 24))
        table.add_row(
            f"{segment.start:#x}", f"{segment.end - 1:#x}", short_size(size), Text(letter * length, style=style),
            Text(segment.label, style=style if segment.kind in ("stolen", "opregion") else ""),
        )  # fmt: skip
        last = segment.start
    return table


def steps(result: Allocation) -> RenderableType:
    """What a guest does to the placement: the step, what is mapped then, and what breaks."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, width=_WIDTH, header_style="bold")
    for title, ratio in (("step", 5), ("mapped", 4), ("what breaks", 6)):
        table.add_column(title, ratio=ratio, overflow="fold")
    for step in result.details.steps:
        style = "" if not step.breaks else "red" if step.sure else "yellow"
        table.add_row(Text(step.step), Text(step.mapped), Text(step.breaks or "nothing", style=style))
    return table


def holes(result: Allocation) -> RenderableType:
    """The low hole by each way to size it, and what comes of either."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, width=_WIDTH, header_style="bold")
    table.add_column("hole sized by", width=14)
    for side in result.details.holes:
        table.add_column(side.by, ratio=1, overflow="fold")
    for label, tell in _HOLE_ROWS:
        table.add_row(Text(label, style="bold"), *(Text(tell(side)) for side in result.details.holes))
    return table


def _spans(side: HoleBy) -> str:
    rows = [f"{start:#x}-{end - 1:#x} ({format_size(end - start)})" for start, end in side.gaps]
    return ", ".join(rows) or "none"


_AT = re.compile(r" (at|to) 0x.*")
"""The checks say where."""
_HOLE_ROWS: tuple[tuple[str, Callable[[HoleBy], str]], ...] = (
    ("from", lambda side: f"{side.start:#x}, {format_size(_HOLE_END - side.start)}"),
    ("for devices of", lambda side: format_size(side.wanted)),
    ("RAM moved", lambda side: format_size(side.moved) if side.moved else "none"),
    ("gaps", _spans),
    ("no address", lambda side: ", ".join(side.lost) or "none"),
    ("above 4 GiB", lambda side: ", ".join(side.high) or "none"),
    ("overlaps", lambda side: ", ".join(_AT.sub("", each) for each in side.overlaps) or "none"),
)


def _facts(result: Allocation) -> list[RenderableType]:
    firmware, details, ask = result.firmware, result.details, result.ask
    size = f", {format_size(details.size)}" if details.size else ""
    where = f" at {details.register:#04x}" if details.register else ""
    rows = [f"{firmware.bdsm:#010x}{size}{where}"]
    parts = _wrapped("BDSM", rows) + _wrapped("ASLS", [f"{firmware.asls:#010x}, {format_size(ask.opregion)}"])
    bars = ", ".join(f"BAR{number} {address:#x}" for number, address in sorted(firmware.bars.items()))
    return parts + _wrapped("BARs", [bars] if bars else ["left to the device model"])


def known_lines(exactness: Mapping[str, Known]) -> list[str]:
    """A line for each ground: the numbers that rest on it, how well they are known by it."""
    grounds: dict[Known, list[str]] = {}
    for name, known in exactness.items():
        grounds.setdefault(known, []).append(name)
    return [f"{', '.join(names)} {known.certainty}: {known.source}" for known, names in grounds.items()]


def _wrapped(label: str, lines: Sequence[str], style: str = "") -> list[RenderableType]:
    parts: list[RenderableType] = []
    for line in lines:
        printable = "".join(each if each.isprintable() else " " for each in line)
        for text in textwrap.wrap(printable, _WIDTH - _LABEL, break_long_words=False) or [""]:
            parts.append(Text.assemble((f"{label if not parts else '':<{_LABEL}}", "bold"), (text, style)))
    return parts


def _indented(line: str, style: str = "") -> list[RenderableType]:
    return [Text(text, style=style) for text in textwrap.wrap(line, _WIDTH, subsequent_indent="     ")]


def _side_by_side(results: Sequence[Allocation | tuple[str, str]]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, width=_WIDTH, header_style="bold")
    table.add_column("", width=_LABEL)
    for result in results:
        name = f"{result.ask.firmware} {result.details.version}" if isinstance(result, Allocation) else result[0]
        table.add_column(Text(name.rstrip()), ratio=1, overflow="fold")
    for _ in range(_SIDE - len(results)):
        table.add_column("", ratio=1)
    for label, tell in _ROWS:
        table.add_row(
            Text(label, style="bold"),
            *(tell(result) if isinstance(result, Allocation) else Text("refuses", style="red") for result in results),
        )
    return table


def _bar(number: str) -> Callable[[Allocation], Text]:
    def tell(result: Allocation) -> Text:
        address = result.firmware.bars.get(number)
        return Text("-" if address is None else f"{address:#x}")

    return tell


def _bdsm(result: Allocation) -> Text:
    register = f" at {result.details.register:#04x}" if result.details.register else ""
    return Text(f"{result.firmware.bdsm:#x}{register}", style="" if result.firmware.bdsm else "red")


def _verdict(result: Allocation) -> Text:
    failed = len(result.failed)
    return Text(f"{failed} fail" if failed else "all hold", style="red" if failed else "green")


_ROWS: tuple[tuple[str, Callable[[Allocation], Text]], ...] = (
    ("BDSM", _bdsm),
    ("stolen", lambda result: Text(format_size(result.details.size) if result.details.size else "-")),
    ("ASLS", lambda result: Text(f"{result.firmware.asls:#x}", style="" if result.firmware.asls else "red")),
    ("BAR0", _bar("0")),
    ("BAR2", _bar("2")),
    ("BAR4", _bar("4")),
    ("e820", lambda result: Text(f"{len(result.firmware.e820)} entries")),
    ("boot", lambda result: Text("ok" if result.details.boot == "ok" else "panics")),
    ("checks", _verdict),
)
