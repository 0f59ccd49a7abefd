"""A diagnosis for a terminal of 80 columns: machine and VM as understood, findings by weight, what to collect."""

from __future__ import annotations

import textwrap

from rich.console import Group, RenderableType
from rich.text import Text

from fwsim.diagnose.finding import Diagnosis, Finding, Stated

_WIDTH = 80
_STYLES = {"fatal": "bold red", "warning": "bold yellow", "note": "bold"}


def render(result: Diagnosis) -> RenderableType:
    """All of it."""
    parts: list[RenderableType] = [_stated(each, False) for each in result.facts]
    parts += [_stated(each, True) for each in result.assumed]
    for number, finding in enumerate(result.findings, 1):
        parts += _finding(number, finding)
    if not result.findings:
        parts.append(Text("\nnothing wrong was found in this", style="bold"))
    for unread in result.unread:
        parts.append(Text(f"unread    {unread.file}:{unread.line}: {unread.why}", style="yellow"))
    if result.collect:
        parts.append(Text("\ncollect next", style="bold"))
    for each in result.collect:
        parts += [
            Text(f"  {each.what}{f', {each.when}' if each.when else ''}"),
            Text(f"    {each.command}", style="dim"),
        ]
    return Group(*parts)


def _stated(each: Stated, assumed: bool) -> RenderableType:
    where = each.evidence.place if each.evidence else each.why
    return Text.assemble(
        (f"{each.name:<18}", ""), f"{each.value:>12}  ", ("assumed: " if assumed else "", "yellow"), (where, "dim")
    )


def _finding(number: int, finding: Finding) -> list[RenderableType]:
    head = textwrap.fill(f"{number}. {finding.what}", _WIDTH, subsequent_indent="   ")
    parts: list[RenderableType] = [Text(), Text(head, style=_STYLES[finding.severity])]
    if finding.evidence:
        parts.append(_indented(f"{finding.evidence.place}: {finding.evidence.text}", "dim"))
    parts.append(_indented(f"why: {finding.why}"))
    if finding.remedy:
        parts.append(_indented(f"do: {finding.remedy}", "green"))
    return parts


def _indented(text: str, style: str = "") -> Text:
    return Text(textwrap.fill(text, _WIDTH, initial_indent="   ", subsequent_indent="   "), style=style)
