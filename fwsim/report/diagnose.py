"""A diagnosis for a terminal of 80 columns: machine and VM in a few lines, findings by weight, what to collect."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from fwsim.diagnose.case import Evidence
from fwsim.diagnose.facts import GUEST
from fwsim.diagnose.finding import WEIGHT, Diagnosis, Finding, Stated

_WIDTH = 80
_STYLES = {"fatal": "bold red", "warning": "bold yellow", "note": "bold"}


def render(result: Diagnosis) -> RenderableType:
    """All of it: what is known, findings, what could not be read, what to collect, and the verdict."""
    host = [each for each in result.facts if not each.name.startswith(GUEST)]
    guest = [msgspec.structs.replace(each, name=each.name[len(GUEST) :]) for each in result.facts if each not in host]
    parts: list[RenderableType] = [*_known("host", host), *_known("guest", guest), *_known("assumed", result.assumed)]
    remedies: dict[str, int] = {}
    for number, finding in enumerate(result.findings, 1):
        parts += _finding(number, finding, remedies)
    if result.unread:
        parts += [Text(), Text("unread", style="bold")]
    for unread in result.unread:
        where = f"{unread.file}:{unread.line}" if unread.line else unread.file
        expected = f"; expected {unread.expected}" if unread.expected else ""
        parts.append(_indented(f"{where}: {unread.why}{expected}", "yellow", "  "))
    if result.collect:
        parts += [Text(), Text("collect next", style="bold")]
    for each in result.collect:
        parts.append(_indented(f"{each.what}{f'; {each.when}' if each.when else ''}", "", "  "))
        parts.append(_indented(each.command, "dim", "    "))
    return Group(*parts, Text(), _verdict(result))


def _verdict(result: Diagnosis) -> Text:
    counts = Counter(each.severity for each in result.findings)
    words = ", ".join(
        f"{counts[name]} {name}{'s' if counts[name] > 1 and name != 'fatal' else ''}" for name in WEIGHT if counts[name]
    )
    if not words:
        more = ": collect what stands above, and try again" if result.collect else ""
        return Text(f"nothing wrong was found in this{more}", style="bold")
    style = _STYLES["fatal" if counts["fatal"] else "warning" if counts["warning"] else "note"]
    return Text(f"{words}" + ("; begin with 1" if len(result.findings) > 1 else ""), style=style)


def _known(title: str, stated: Sequence[Stated]) -> list[RenderableType]:
    """One paragraph: names and values, with the file and line of each; a line, or a file, that is the last one's is
    not said again.
    """
    if not stated:
        return []
    pieces: list[tuple[str, str]] = []
    before = ""
    for number, each in enumerate(stated):
        after = stated[number + 1] if number + 1 < len(stated) else None
        place = _place_of(each)
        last = after is None or _place_of(after) != place
        file, _, line = place.rpartition(":")
        short = f":{line}" if file and file == before and line.isdecimal() else place
        pieces.append((f"{each.name} {each.value}", f" [{short}]" if last and place else ""))
        before = file if last else before
    return [_flow(f"{title}: ", pieces)]


def _place_of(each: Stated) -> str:
    return each.evidence.place if each.evidence else each.why


def _flow(title: str, pieces: list[tuple[str, str]]) -> Text:
    """``pieces`` one after the other, broken between them or, where one is too long, inside; places are dim."""
    text, column = Text(title, style="bold" if not pieces else ""), len(title)
    for number, (words, place) in enumerate(pieces):
        end = ", " if number + 1 < len(pieces) else ""
        for part, style in ((words, ""), (place + end, "dim" if place else "")):
            for at, word in enumerate(part.split(" ")):
                space = " " if at else ""
                if column + len(space) + len(word) > _WIDTH and column > 2:
                    text.append("\n  ")
                    column, space = 2, ""
                text.append(space + word, style=style)
                column += len(space) + len(word)
    return text


def _finding(number: int, finding: Finding, remedies: dict[str, int]) -> list[RenderableType]:
    """A finding; a remedy that an earlier one has is named by its number."""
    title = f"{number}. {finding.severity}: {finding.what}"
    head = textwrap.fill(title, _WIDTH, subsequent_indent="   ", break_on_hyphens=False)
    parts: list[RenderableType] = [Text(), Text(head, style=_STYLES[finding.severity])]
    if finding.evidence:
        parts.append(_indented(_quoted(finding.evidence, finding.also), "dim"))
    if finding.why:
        parts.append(_indented(f"why: {finding.why}"))
    if finding.remedy in remedies:
        parts.append(_indented(f"do: as in {remedies[finding.remedy]}", "green"))
    elif finding.remedy:
        remedies[finding.remedy] = number
        parts.append(_indented(f"do: {finding.remedy}", "green"))
    return parts


def _quoted(evidence: Evidence, also: list[Evidence]) -> str:
    more = ", ".join(dict.fromkeys(each.place for each in also))
    text = f"{evidence.place}: {evidence.text}" if evidence.text else evidence.place
    return text + (f" (also {more})" if more else "")


def _indented(text: str, style: str = "", indent: str = "   ") -> Text:
    """``text``, each of its lines wrapped by itself: a remedy may be a block of configuration."""
    lines = [
        textwrap.fill(
            line, _WIDTH, initial_indent=indent + (" " * (len(line) - len(line.lstrip()))), subsequent_indent=indent,
            break_on_hyphens=False,
        ) or ""
        for line in text.split("\n")
    ]  # fmt: skip
    return Text("\n".join(lines), style=style)
