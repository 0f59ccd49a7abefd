"""A text out of a file or a scenario's field, whose errors point at the character that is wrong."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from msgspec import Struct

from fwsim.errors import FwsimError

_INDENT = " " * len("  found: ")
"""What ``FwsimError`` writes before the value found: the caret's line begins below the quoted one."""
_BEFORE, _SHOWN = 60, 100
"""Characters of a long line that are shown before the one that is pointed at, and at all."""


class Passage(Struct, frozen=True):
    """``text`` as its reader has it, and where it stands: in the field or file ``where``.

    ``line`` is the whole line that it is part of, ``row`` that line's number from 1 (0: a field, which has no lines);
    ``columns`` says for each character of ``text`` where in ``line`` it stands (from 0), empty where it is ``line``.
    ``width`` is how many characters the whole takes there, quotes and all, ``start`` the first.
    """

    text: str
    where: str
    line: str = ""
    row: int = 0
    columns: Sequence[int] = ()
    start: int = 0
    width: int = 0

    def error(
        self, what: str, at: int = 0, length: int = 1, *, expected: str = "", hint: str = ""
    ) -> FwsimError:  # fmt: skip
        """An error about ``length`` characters of ``text`` from ``at`` on (past the end: about what is missing)."""
        first = self._column(at)
        last = self._column(at + max(length, 1) - 1)
        return self._pointing(what, first, last + 1, expected, hint)

    def refused(self, what: str, *, expected: str = "", hint: str = "") -> FwsimError:
        """An error about all of it, quotes included."""
        if not self.columns and not self.width:
            return self.error(what, 0, len(self.text), expected=expected, hint=hint)
        return self._pointing(what, self.start, self.start + max(self.width, 1), expected, hint)

    def place(self, at: int = 0) -> str:
        """ "line 3, column 9" of character ``at``, both from 1; a field has no lines."""
        column = f"column {self._column(at) + 1}"
        return f"line {self.row}, {column}" if self.row else column

    def _column(self, at: int) -> int:
        if not self.columns:
            return self.start + at
        if at < len(self.columns):
            return self.columns[at]
        return self.columns[-1] + 1 + at - len(self.columns)

    def _pointing(self, what: str, first: int, end: int, expected: str, hint: str) -> FwsimError:
        line = self.line or self.text
        place = f"line {self.row}, column {first + 1}" if self.row else f"column {first + 1}"
        return FwsimError(
            what, where=f"{self.where}: {place}", found=_with_caret(line, first, end), expected=expected, hint=hint
        )


def _with_caret(line: str, first: int, end: int) -> str:
    """The line, or the part of it around ``first``, and below it a ``^`` under each character up to ``end``."""
    start = max(0, first - _BEFORE) if len(line) > _SHOWN else 0
    shown = "".join(each if each.isprintable() else " " for each in line[start : start + _SHOWN])
    before, after = "..." if start else "", "..." if start + _SHOWN < len(line) else ""
    gap = len(before) + _width(shown[: first - start])
    carets = max(1, _width(shown[first - start : end - start]))
    return f"{before}{shown}{after}\n{_INDENT}{' ' * gap}{'^' * carets}"


def _width(text: str) -> int:
    """Columns that a terminal gives ``text``."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )
