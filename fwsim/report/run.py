"""A run is told on one screen of 80 columns and 24 lines, the verdict last; or whole; and its checks."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from rich.console import Console, Group, RenderableType
from rich.segment import Segment, Segments
from rich.text import Text

from fwsim.report.config_space import config_space_block
from fwsim.report.run_parts import (
    WIDTH,
    calls_block,
    display_block,
    drivers_block,
    e820_block,
    facts,
    gop_rows,
    grid,
    gtt_rows,
    hang_rows,
    interrupt_rows,
    iommu_block,
    item,
    placement_rows,
    stop_block,
    unhandled_rows,
    whole,
)
from fwsim.report.verdict import verdict
from fwsim.report.vpci import (
    design_rows,
    ends_block,
    functions_block,
    mappings_block,
    printed_block,
    printed_rows,
    vpci_of,
)
from fwsim.results.summary import CheckResult, Summary
from fwsim.scenario.guess import Guessed

SCREEN = 24
"""Lines of a terminal that nobody has made larger."""
_PROMPT = 1
_SHOWN_LINES = 4
_ALL = 1 << 30
_URGENT = ("warning", "error", "QEMU")


class _Block(Struct):
    """Lines of the short form: ``least`` are kept at any rate, ``rank`` 0 gets what is left of the screen first."""

    lines: list[list[Segment]]
    least: int
    rank: int

    def height(self, shown: int) -> int:
        """Rows of an 80 column terminal that the first ``shown`` lines take: long ones are not cut."""
        return sum(max(1, -(-Segment.get_line_length(line) // WIDTH)) for line in self.lines[:shown])


def render(summary: Summary, folder: Path | None = None, guessed: Guessed | None = None) -> RenderableType:
    """One run on one screen: how it ended, what was guessed, what it did, what failed, and the verdict, the last line.

    ``folder`` is where it lies. What does not fit is in ``render_whole``.
    """
    tail: list[RenderableType] = [whole("run folder", folder)] if folder is not None else []
    blocks = [
        _block(_assists(summary), 0, 2),
        _block(stop_block(summary)[:-1], 1, 1),
        _block(guessed_block(guessed), 1, 1),
        _block(stop_block(summary)[-1:], 1, 3),
        *_blocks_of(summary),
        _block([*tail, _count(summary, " (-v shows all of it)")], 9, 0),
        _block(_failed(summary.failed), 2, 0),
        _block([Text(verdict(summary), style="bold", no_wrap=True, overflow="ignore")], 9, 0),
    ]
    return Group(*_fitted([block for block in blocks if block.lines], SCREEN - _PROMPT))


def _blocks_of(summary: Summary) -> list[_Block]:
    """What a run of its kind did: a guest's with a graphics device, or an Arm guest's."""
    shown = vpci_of(summary)
    if shown is not None:
        return [
            _block([facts(printed_rows(summary))], 1, 5),
            _block([facts(design_rows(shown))], 1, 4),
            _block([functions_block(shown)], 2, 3),
            _block(ends_block(summary, shown, 1), 2, 4),
        ]
    log = [line for line in summary.firmware.log if any(word in line for word in _URGENT)]
    return [
        _block([facts(placement_rows(summary, log))], 1, 4),
        _block([facts(gtt_rows(summary))], 1, 5),
        _block(iommu_block(summary, 1), 1, 4),
        _block([facts(interrupt_rows(summary))] if interrupt_rows(summary) else [], 1, 4),
        _block(config_space_block(summary), 1, 3),
        _block([each for each in (drivers_block(summary),) if each], 2, 4),
        _block([facts(gop_rows(summary))] if gop_rows(summary) else [], 1, 4),
        _block([each for each in (calls_block(summary),) if each], 1, 6),
        _block([each for each in (display_block(summary),) if each], 1, 4),
        _block([facts(hang_rows(summary))] if hang_rows(summary) else [], 0, 2),
    ]


def render_whole(summary: Summary, folder: Path | None = None, guessed: Guessed | None = None) -> RenderableType:
    """Everything of one run that a terminal can show; what failed and the verdict come last."""
    parts: list[RenderableType] = [*_assists(summary), *stop_block(summary), *guessed_block(guessed)]
    parts += _whole_of(summary)
    if folder is not None:
        parts.append(whole("run folder", folder))
    parts.append(render_checks(summary, failed_last=True))
    return Group(*parts, Text(verdict(summary), style="bold", no_wrap=True, overflow="ignore"))


def _whole_of(summary: Summary) -> list[RenderableType]:
    """All that a run of its kind did."""
    shown = vpci_of(summary)
    if shown is not None:
        parts = [*printed_block(summary), facts(design_rows(shown)), functions_block(shown)]
        return [*parts, mappings_block(shown), *ends_block(summary, shown, _ALL)]
    parts = [facts(placement_rows(summary)), e820_block(summary), facts(gtt_rows(summary))]
    parts += iommu_block(summary, _SHOWN_LINES)
    if rows := interrupt_rows(summary):
        parts.append(facts(rows))
    parts += config_space_block(summary)
    parts += [table for table in (drivers_block(summary), *([facts(gop_rows(summary))] if gop_rows(summary) else []))
              if table is not None]  # fmt: skip
    parts += [table for table in (calls_block(summary), display_block(summary)) if table is not None]
    return parts + [facts(rows) for rows in (hang_rows(summary), unhandled_rows(summary)) if rows]


def render_checks(summary: Summary, failed_last: bool = False) -> RenderableType:
    """The checks, one line each: what failed comes first, or last."""
    if not summary.checks:
        return _count(summary)
    table = grid()
    for check in sorted(summary.checks, key=lambda check: check.ok != failed_last):
        mark = Text("ok", style="green") if check.ok else Text("FAIL", style="bold red")
        table.add_row(mark, Text(check.id), Text(check.detail))
    return Group(_count(summary), table)


def _count(summary: Summary, more: str = "") -> Text:
    if not summary.checks:
        return Text("checks       none were made")
    failed = len(summary.failed)
    return Text.assemble((f"checks       {len(summary.checks) - failed} hold, {failed} fail", "bold"), more)


def guessed_block(guessed: Guessed | None) -> list[RenderableType]:
    """What was guessed for a ROM alone, each with its reason, and the command for another guess."""
    if guessed is None:
        return []
    rows = [("guessed" if not number else "", f"{each.field}={each.value}: {each.why}")
            for number, each in enumerate(guessed.guesses)]  # fmt: skip
    parts: list[RenderableType] = [facts(rows)] if rows else []
    return [*parts, Text(f"{'if not':<13}{guessed.other}", no_wrap=True, overflow="ignore")] if guessed.other else parts


def _assists(summary: Summary) -> list[RenderableType]:
    if not summary.assists:
        return []
    head = Text("ASSISTED: real hardware would not have helped the ROM here", style="bold yellow")
    lines = (textwrap.wrap(f"{assist.count}x {assist.what}", WIDTH - 2) for assist in summary.assists)
    return [head, *(item(line) for each in lines for line in each)]


def _failed(failed: Sequence[CheckResult]) -> list[RenderableType]:
    """A line or two for each check that fails."""
    table = grid()
    width = WIDTH - len("FAIL") - max((len(check.id) for check in failed), default=0) - 4
    for check in failed:
        detail = "\n".join(textwrap.wrap(check.detail, width, max_lines=2, placeholder=" ..."))
        table.add_row(Text("FAIL", style="bold red"), Text(check.id), Text(detail))
    return [table] if failed else []


def _block(parts: Sequence[RenderableType], least: int, rank: int) -> _Block:
    console = Console(width=WIDTH, highlight=False, markup=False, emoji=False, color_system=None)
    options = console.options.update(overflow="ignore")
    lines: list[list[Segment]] = []
    for part in parts:
        if isinstance(part, Text) and part.no_wrap:
            lines.append(list(part.render(console)))  # uncut, so that it can be copied
        else:
            lines += [_stripped(line) for line in console.render_lines(part, options, pad=False)]
    return _Block(lines, least, rank)


def _stripped(line: list[Segment]) -> list[Segment]:
    """The line without the blanks that a table's last column is filled up with."""
    while line and not line[-1].text.strip():
        line = line[:-1]
    return line


def _fitted(blocks: Sequence[_Block], room: int) -> list[RenderableType]:
    """The blocks' lines in their order, as many as fit into ``room`` rows; each block says what it left out."""
    shown = {id(block): min(block.least, len(block.lines)) for block in blocks}
    left = room - sum(block.height(shown[id(block)]) for block in blocks)
    for block in sorted(blocks, key=lambda block: block.rank):
        while shown[id(block)] < len(block.lines):
            more = block.height(shown[id(block)] + 1) - block.height(shown[id(block)])
            if more > left:
                break
            left -= more
            shown[id(block)] += 1
    parts: list[RenderableType] = []
    for block in blocks:
        count, missing = shown[id(block)], len(block.lines) - shown[id(block)]
        cut = missing and count > 1
        for line in block.lines[: count - 1 if cut else count]:
            parts.append(Segments([*line, Segment.line()]))
        if cut:
            parts.append(item(f"... {missing + 1} more lines: -v", "dim"))
    return parts
