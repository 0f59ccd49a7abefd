"""An event's own words in SQL, put into DuckDB's: ``--where`` and ``trace query`` are both written so.

    space == gtt and flags has rewritten
    address in (0xcf8, 0xcfc..0xcff) and not actor == rom
    value != aux or address == 00:02.0@0x5e

| written | DuckDB reads |
|---|---|
| ``0x5c``, ``0b11``, ``0o17``, ``00:02.0@0x5c`` (its ECAM address) | the number, in decimal |
| ``space == gtt``, ``== 'gtt'`` or ``== 4`` | ``== 'gtt'::spaces``, which compares as its number does |
| ``flags == rewritten``, ``flags has rewritten`` | ``flags == 1``, ``flags & 1 = 1`` |
| ``in gtt``, ``in 3..5``, ``in (1, 3..5)`` | ``in ('gtt'::spaces)``, ``between 3 and 5``, the two joined by ``or`` |

A name stands for its value only behind its column and an operator: ``from gtt`` is a view. Strings, comments and quoted
names are left alone, and whatever else is written is DuckDB's own.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from difflib import get_close_matches
from typing import NamedTuple

from fwsim.errors import FwsimError
from fwsim.trace.describe import enum_name
from fwsim.trace.event import ENUMS, EVENT, NAMES

_COMMENT = r"/\*(?:(?!/\*|\*/).)*+\*/"
for _ in range(3):  # comments nest
    _COMMENT = rf"/\*(?:{_COMMENT}|(?!/\*|\*/).)*+\*/"
_STRING = r"'(?:[^']|'')*+'"
_PCI = r"[0-9a-f]{2}:[01][0-9a-f]\.[0-7]\s*@\s*(?:0x)?[0-9a-f]{1,3}\b"
_NUMBER = r"[0-9](?:\w|\.(?!\.))*+"
_VALUE = rf"(?:{_STRING}|{_PCI}|-?{_NUMBER}|[a-z_]\w*+)(?!\s*\(|\s*\.(?!\.))"
_RANGE = rf"{_VALUE}(?:\s*\.\.\s*{_VALUE})?+"
_SHORTHAND = re.compile(
    rf"""
    # what is passed over: comments, strings with escapes, dollar-quoted text
    --[^\n]* | {_COMMENT} | e'(?:[^'\\]|\\.|'')*+' | \$(?P<tag>(?:[^\W\d]\w*+)?)\$.*?\$(?P=tag)\$
    | (?P<number>{_PCI}|{_NUMBER})
    # a column, or the end of something longer, and what it is compared with
    | (?:(?P<column>(?:\w++\.)?(?:[a-z_]\w*+|"[a-z_]\w*+"))\s*)?+
      (?: (?:[=<>!]=|<>|[=<>])\s*(?P<value>{_VALUE})
        | (?P<not>not\b)?+\s*(?: between\b\s*(?P<bounds>{_VALUE}\s+and\s+{_VALUE})
          | (?P<in>in\b)\s*(?P<list>{_RANGE}|\(\s*{_RANGE}(?:\s*,\s*{_RANGE})*+\s*\)) )
        | (?P<has>has\b)\s*(?P<bits>{_VALUE}) )
    # passed over, too: strings, quoted names, other words
    | {_STRING} | "(?:[^"]|"")*+" | [^\W\d]\w*+""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_RANGES = re.compile(rf"(?P<low>{_VALUE})(?:\s*\.\.\s*(?P<high>{_VALUE}))?+", re.IGNORECASE)
_WIDEST = 128
"""The bits of DuckDB's widest integer."""
_SHOWN = 60
"""How many characters before and behind a mistake are shown."""


class _Edit(NamedTuple):
    start: int
    end: int
    text: str


class Shorthand:
    """One text, and what DuckDB reads in its place: ``sql``.

    ``place`` is how a place in the text is told, with ``{line}`` and ``{column}``; ``hint`` what to do where nothing
    better is known. ``own``: its columns are an event's, so that to compare one with a number it cannot hold is a
    mistake. Raises FwsimError that points at what makes no sense; DuckDB judges the rest.
    """

    def __init__(self, text: str, place: str, hint: str, *, own: bool = False) -> None:
        self.text = text
        self.place = place
        self.hint = hint
        self.own = own
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise self.error("not UTF-8", error.start, "text") from None
        self._edits = [edit for match in _SHORTHAND.finditer(text) for edit in self._edits_for(match)]
        self._starts: list[int] = []
        parts, done, length = [], 0, 0
        for edit in self._edits:
            parts += [text[done : edit.start], edit.text]
            self._starts.append(length + edit.start - done)
            done, length = edit.end, self._starts[-1] + len(edit.text)
        self.sql = "".join([*parts, text[done:]])

    def position(self, offset: int) -> int:
        """The character of the text that the byte at ``offset`` in ``sql`` comes from."""
        at = len(self.sql.encode()[: max(0, offset)].decode(errors="ignore"))
        number = bisect_right(self._starts, at) - 1
        if number >= 0:
            edit, behind = self._edits[number], at - self._starts[number]
            at = edit.start if behind < len(edit.text) else edit.end + behind - len(edit.text)
        return min(at, len(self.text.rstrip()))

    def error(self, what: str, position: int, expected: str, hint: str = "") -> FwsimError:
        """The error ``what`` at the character ``position`` of the text, its line shown with a mark under the place."""
        start = self.text.rfind("\n", 0, position) + 1
        line, column = self.text[start:].partition("\n")[0].replace("\t", " "), position - start
        first, last = max(0, column - _SHOWN), column + _SHOWN
        left, right = "..." * (first > 0), "..." * (last < len(line))
        found = f"{left}{line[first:last]}{right}\n{' ' * (9 + len(left) + column - first)}^"
        where = self.place.format(line=self.text.count("\n", 0, position) + 1, column=column + 1)
        return FwsimError(what, where=where, found=found, expected=expected, hint=hint or self.hint)

    def no_such(self, column: str, word: str, position: int) -> FwsimError:
        """The error that ``word``, at ``position``, is none of the names of ``column``."""
        near = get_close_matches(word.lower(), NAMES[column], n=1)
        hint = f"did you mean {near[0]}?" if near else ""
        return self.error(f"no such {column}", position, names_of(column), hint)

    def _edits_for(self, match: re.Match[str]) -> Iterator[_Edit]:
        """What becomes of one number, or of a column and what it is compared with."""
        column = (match["column"] or "").rpartition(".")[2].strip('"').lower()
        if match["number"]:
            number = self._number(match["number"], match.start())
            if number is not None and str(number) != match["number"]:
                yield _Edit(match.start(), match.end(), str(number))
        elif match["list"]:
            yield from self._in(column, match)
        elif match["has"] and column in (EVENT.names or ()):
            if column != "flags":
                hint = f"write {column} == VALUE"
                raise self.error("has is for flags", match.start("has"), "flags has NAME", hint)
            bits = self._needed(column, match["bits"], match.start("bits"))
            yield _Edit(match.start("has"), match.end(), f"& {bits} = {bits}")
        else:
            for group in ("value", "bounds"):
                yield from self._each(column, match[group] or "", match.start(group))

    def _each(self, column: str, values: str, start: int) -> Iterator[_Edit]:
        """What becomes of each of ``values``, which begin at ``start``."""
        for value in _RANGES.finditer(values):
            literal = self._literal(column, value[0], start + value.start())
            if literal is not None and literal != value[0]:
                yield _Edit(start + value.start(), start + value.end(), literal)

    def _in(self, column: str, match: re.Match[str]) -> Iterator[_Edit]:
        """What becomes of ``column in ...``: several ranges are several comparisons."""
        elements, start, end = list(_RANGES.finditer(match["list"])), match.start("list"), match.end()
        if not any(element["high"] for element in elements):
            alone = None if match["list"][0] == "(" else self._literal(column, match["list"], start)
            yield from self._each(column, match["list"], start) if alone is None else [_Edit(start, end, f"({alone})")]
            return
        values, tests = [], []
        for element in elements:
            low, *high = (
                self._needed(column, element[group], start + element.start(group))
                for group in ("low", "high") if element[group]
            )  # fmt: skip
            if high:
                tests.append(f"between {low} and {high[0]}")
            else:
                values.append(low)
        if values:
            tests.append(f"in ({', '.join(values)})")
        if len(tests) == 1:
            yield _Edit(match.start("in"), end, tests[0])
        elif not match["column"]:
            raise self.error("several ranges are of a column", start, "COLUMN in (LOW..HIGH, ...)", "join them by or")
        else:
            joined = " or ".join(f"{match['column']} {test}" for test in tests)
            yield _Edit(match.start(), end, f"{match['not'] or ''} ({joined})")

    def _needed(self, column: str, text: str, position: int) -> str:
        """As ``_literal``, where a value is the only thing that makes sense."""
        literal = self._literal(column, text, position)
        if literal is None and column in NAMES:
            raise self.no_such(column, text, position)
        if literal is None:
            raise self.error("a range is of numbers", position, "a number in any base")
        return literal

    def _literal(self, column: str, text: str, position: int) -> str | None:
        """The value ``text`` behind ``column`` as DuckDB reads it; None for what may be another column, or text."""
        names = NAMES.get(column, {})
        word = text.strip("'").lower()
        number = names.get(word)
        if number is None and text[0] != "'" and not text.isidentifier():
            number = self._number(text, position)
        elif number is None and names and (text[0] == "'" or word in NAMES["flags"]):
            raise self.no_such(column, word, position)
        if number is None:
            return None
        if names or (self.own and column in (EVENT.names or ())):
            most = (1 << 8 * EVENT[column].itemsize) - 1
            if not 0 <= number <= most:
                what = f"too large for {column}" if number > 0 else f"{column} is never below 0"
                raise self.error(what, position, f"0 to {most:#x}")
        return f"'{enum_name(column, number)}'::{column}s" if column in ENUMS else str(number)

    def _number(self, text: str, position: int) -> int | None:
        """The integer ``text``; None where it is another kind of number, which DuckDB knows."""
        digits = text.lstrip("-")
        try:
            if "@" in text:
                bus, device, function, offset = re.split("[:.@]", text)
                return int(bus, 16) << 20 | int(device, 16) << 15 | int(function) << 12 | int(offset, 16)
            if digits[:2].lower() in ("0x", "0b", "0o"):
                number = int(digits, 0)
                if number >> _WIDEST:
                    raise self.error("too large a number", position, f"at most {_WIDEST} bits")
                return -number if text[0] == "-" else number
            return int(text) if digits.replace("_", "").isdecimal() else None
        except ValueError:
            raise self.error("not a number", position, "a number, as 92, 0x5c, 0b1011100 or 0o134") from None


def names_of(column: str) -> str:
    """What may stand behind the enum ``column``, or ``flags``."""
    return ", ".join(NAMES[column]) + ", or a number"
