"""The words of an xl.cfg, each with its place: keys, numbers, strings, signs, ends of lines.

Source: Xen tools/libs/util/libxlu_cfg_l.l; libxlu_cfg.c for escapes. Of numeric ones ``\\x`` is never right there, and
``\\012`` is lost: none is an escape here. One wrong character at the very end of a file is not seen there, and is here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from fwsim.hypervisor.xl.passage import Passage

Kind = Literal["word", "number", "string", "sign", "newline", "bad", "end"]
_TOKEN = re.compile(
    r"""[ \t]*(?:(?P<word>[a-z][._0-9a-z]*)|(?P<number>[0-9][0-9a-fx]*)|(?P<sign>\+=|[,\[\]=;])
    |(?P<newline>\n|\#[^\n]*\n)|(?P<string>'(?:[^'\\\n]|\\[^\n])*'|"(?:[^"\\\n]|\\[^\n])*")
    |(?P<bad>[A-Z_]\w*|[^ \t\n]+)|(?P<end>\Z))""",
    re.VERBOSE,
)
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"} | {
    each: each for each in "\"'\\"
}


class Token(NamedTuple):
    """One word of the file, ``raw`` as it stands: at ``start`` of it, in line ``row`` (from 1), which is ``line``."""

    kind: Kind
    raw: str
    start: int
    row: int
    column: int
    line: str
    where: str

    @property
    def end(self) -> int:
        """Behind it."""
        return self.start + len(self.raw)

    @property
    def passage(self) -> Passage:
        """What it means, a string without quotes and escapes, and where it stands."""
        columns: Sequence[int] = range(self.column, self.column + len(self.raw))
        value = self.raw
        if self.kind == "string":
            value, columns = self.raw[1:-1], columns[1:-1]
            if "\\" in value:
                value, columns = _dequoted(value, columns)
        return Passage(value, self.where, self.line, self.row, columns, self.column, len(self.raw))

    def isa(self, sign: str) -> bool:
        """Whether it is that sign."""
        return self.kind == "sign" and self.raw == sign


def tokens(text: str, where: str) -> Iterator[Token]:
    """The file's words; the last one is the end."""
    row, begin, at = 1, 0, 0
    line = text.partition("\n")[0]
    while True:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:  # the last alternative takes every character: this is unreachable
            raise AssertionError(text[at : at + 10])
        kind: Kind = match.lastgroup  # type: ignore[assignment]  # the pattern's groups are the kinds
        start, at = match.span(kind)
        yield Token(kind, match[kind], start, row, start - begin, line, where)
        if kind == "end":
            return
        if kind == "newline":
            row, begin = row + 1, at
            end = text.find("\n", begin)
            line = text[begin : len(text) if end < 0 else end]


def _dequoted(inner: str, columns: Sequence[int]) -> tuple[str, Sequence[int]]:
    """A string's inside without its escapes, and the column of each character. A wrong escape stays as it is."""
    found: list[str] = []
    places: list[int] = []
    at = 0
    while at < len(inner):
        escaped = inner[at] == "\\" and inner[at + 1] in _ESCAPES
        found.append(_ESCAPES[inner[at + 1]] if escaped else inner[at])
        places.append(columns[at])
        at += 1 + escaped
    return "".join(found), places


def wrong_escape(token: Token) -> int | None:
    """Where in a string a backslash stands before what xl has no escape for; None for nowhere."""
    at = 1
    while (at := token.raw.find("\\", at)) >= 0:
        if token.raw[at + 1] not in _ESCAPES:
            return at
        at += 2
    return None
