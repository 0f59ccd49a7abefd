"""The syntax of xl.cfg: assignments of strings, numbers and lists, read as Xen's toolstack reads them.

Source: Xen tools/libs/util/libxlu_cfg_y.y (the grammar, and where it goes on after an error), libxlu_cfg.c (``+=``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from fwsim.errors import FwsimError
from fwsim.hypervisor.xl.passage import Passage
from fwsim.hypervisor.xl.xl_words import Token, tokens, wrong_escape

_DEEPEST = 32
"""Lists in lists: xl's own keys have two levels."""
_VALUE = 'a string in quotes, a number, or a list such as ["a", "b"]'


class Listed(Struct, frozen=True):
    """A list's values, and the bracket that it begins with."""

    items: tuple[Value, ...]
    at: Passage


Value = Passage | Listed
"""A string or number as text, or a list."""


class Assignment(Struct, frozen=True):
    """``key = value``, or ``+=``; ``raw`` is the value as it stands in the file, ``row`` the key's line from 1."""

    key: str
    value: Value
    raw: str
    row: int
    adds: bool
    at: Passage


class Refused(Struct, frozen=True):
    """A statement that xl does not read, up to the end of the line that is wrong, and why.

    ``key``: what it would assign to, "" where nothing is said; ``words``: its value's words as far as there are any.
    """

    key: str
    words: tuple[Token, ...]
    raw: str
    row: int
    error: FwsimError


class Config(Struct):
    """A whole file's values by key: what is assigned later counts, ``+=`` goes behind what was there.

    ``repaired``: (key, line) of each value that ``bare`` words were taken for, which xl wants in quotes.
    """

    values: dict[str, Value] = field(default_factory=dict)
    repaired: list[tuple[str, int]] = field(default_factory=list)


def config(text: str, where: str, bare: Mapping[str, Sequence[str]] | None = None) -> Config:
    """The values of the file ``text``, called ``where`` in errors.

    ``bare``: by key the words that are taken without quotes too, as people write them. Raises FwsimError for the first
    statement that xl refuses, pointing at the character.
    """
    found = Config()
    for each in statements(text, where):
        if isinstance(each, Refused):
            if [word.raw for word in each.words if word.raw in (bare or {}).get(each.key, ())] != [each.raw]:
                raise each.error
            found.values[each.key] = each.words[0].passage
            found.repaired.append((each.key, each.row))
        elif each.adds and each.key in found.values:
            found.values[each.key] = _joined(found.values[each.key], each)
        else:
            found.values[each.key] = each.value
    return found


def _joined(before: Value, each: Assignment) -> Value:
    """A list behind a list, a string behind a string (xlu__cfg_concat_vals)."""
    if isinstance(before, Listed) and isinstance(each.value, Listed):
        return Listed(before.items + each.value.items, each.value.at)
    if isinstance(before, Listed) or isinstance(each.value, Listed):
        raise each.at.refused(
            "a list and a string cannot be joined", expected=f"{each.key} a list both times, or a string both times",
            hint=f"write = in place of +=, or correct the first {each.key}",
        )  # fmt: skip
    late = each.value
    return Passage(before.text + late.text, late.where, late.line, late.row, (), late.start, late.width)


def statements(text: str, where: str) -> Iterator[Assignment | Refused]:
    """Every statement of the file in order. After one that is wrong it goes on at the next line, as xl does."""
    reader = _Reader(text, where)
    while not reader.at_end:
        if (found := reader.statement()) is not None:
            yield found


class _Wrong(Exception):  # noqa: N818  # it never leaves this module
    def __init__(self, error: FwsimError) -> None:
        super().__init__()
        self.error = error


class _Reader:
    """The grammar over the file's words, one word ahead."""

    def __init__(self, text: str, where: str) -> None:
        self._text = text
        self._words = tokens(text, where)
        self._next = next(self._words)
        self._seen: list[Token] = []

    @property
    def at_end(self) -> bool:
        """Whether the file is read."""
        return self._next.kind == "end"

    @property
    def _ends(self) -> bool:
        """Whether the line ends here."""
        return self._next.kind in ("newline", "end")

    def statement(self) -> Assignment | Refused | None:
        """The next one; None for an empty line."""
        self._seen = []
        try:
            if self._next.kind == "newline" or self._next.isa(";"):
                self._take()
                return None
            return self._assignment()
        except _Wrong as wrong:
            return self._refused(wrong.error)

    def _take(self) -> Token:
        token = self._next
        if token.kind == "end":
            return token
        self._seen.append(token)
        self._next = next(self._words)
        return token

    def _assignment(self) -> Assignment:
        if self._next.kind != "word":
            raise self._wrong("no assignment begins so", "a key in small letters, such as pci = [ ... ]")
        key = self._take()
        if not (self._next.isa("=") or self._next.isa("+=")):
            raise self._wrong(f"{key.raw} is given no value", f"= behind {key.raw}")
        adds = self._take().raw == "+="
        first = self._next
        value = self._value(1)
        last = self._seen[-1]
        if not (self._ends or self._next.isa(";")):
            raise self._wrong("the statement does not end here", "the end of the line, or ;")
        self._take()
        raw = self._text[first.start : last.end]
        return Assignment(key.raw, value, raw, key.row, adds, key.passage)

    def _value(self, depth: int) -> Value:
        token = self._next
        if token.kind == "string" and (at := wrong_escape(token)) is not None:
            whole = token._replace(kind="word").passage
            raise _Wrong(
                whole.error("xl has no such escape", at, 2, expected="\\ before one of a b f n r t v \" ' \\",
                            hint="\\\\ is a backslash; xl refuses \\x41 and loses \\012")
            )  # fmt: skip
        if token.kind in ("string", "number"):
            return self._take().passage
        if token.isa("["):
            return self._list(depth)
        raise self._wrong("no value", _VALUE)

    def _list(self, depth: int) -> Value:
        begin = self._take()
        if depth > _DEEPEST:
            raise _Wrong(begin.passage.refused("lists too deep in each other", expected=f"{_DEEPEST} levels at most"))
        found: list[Value] = []
        self._empty_lines()
        while not self._next.isa("]"):
            if self.at_end:
                raise self._unfinished(begin)
            found.append(self._value(depth + 1))
            self._empty_lines()
            if self._next.isa(","):
                self._take()
                self._empty_lines()
            elif self.at_end:
                raise self._unfinished(begin)
            elif not self._next.isa("]"):
                raise self._wrong("the list does not go on so", f", or ]: the list begins in {begin.passage.place()}")
        self._take()
        return Listed(tuple(found), begin.passage)

    def _empty_lines(self) -> None:
        while self._next.kind == "newline":
            self._take()

    def _unfinished(self, begin: Token) -> _Wrong:
        return _Wrong(begin.passage.refused("the list does not end", expected="a ] before the end of the file",
                                            hint="close it with ]"))  # fmt: skip

    def _wrong(self, what: str, expected: str) -> _Wrong:
        """An error at the next word."""
        token = self._next
        first = token.raw[:1]
        if token.kind == "bad" and first in "'\"":
            return _Wrong(
                token.passage.error("the string does not end", 0, len(token.raw),
                                    expected=f"another {first} on the same line", hint=f"close it with {first}")
            )  # fmt: skip
        hint = ""
        if token.kind == "word" and self._seen and self._seen[-1].raw in ("=", "+=", "[", ","):
            hint = f'write it in quotes: "{token.raw}"'
        elif token.kind == "bad" and first == "\r":
            hint = "xl reads no line that ends in CR LF: dos2unix FILE"
        elif token.kind == "bad" and first == "#":
            hint = "xl reads no comment without an end of line behind it: end the last line"
        elif token.kind == "bad" and first in "+-.():":
            hint = "it looks like Python, which xl does not read: strings, numbers and lists only"
        elif token.kind == "bad" and first.isupper() and not self._seen:
            hint = f"keys are of small letters: {token.raw.lower()}"
        if self._ends:
            return _Wrong(token.passage.error(what, 0, 1, expected=expected, hint=hint))
        return _Wrong(token.passage.refused(what, expected=expected, hint=hint))

    def _refused(self, error: FwsimError) -> Refused:
        """The rest of the line goes with the statement (the grammar's ``error NEWLINE``)."""
        while not self._ends:
            self._take()
        words = self._seen
        row = (words[0] if words else self._next).row
        self._seen = []
        if self._next.kind == "newline":
            self._take()
        key, value = "", words
        if len(words) > 1 and words[1].raw in ("=", "+="):
            key, value = words[0].raw, words[2:]
        value = [each for each in value if each.kind != "newline"]
        raw = self._text[value[0].start : value[-1].end] if value else ""
        return Refused(key, tuple(value), raw, row, error)
