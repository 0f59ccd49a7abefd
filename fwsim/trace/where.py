"""Which events are meant? The expressions of ``--where``, compiled to one vectorised numpy test.

    space == gtt and flags has rewritten
    address in (0xcf8, 0xcfc..0xcff) and not actor == rom
    value != aux or address == 00:02.0@0x5e

Grammar: ``or`` of ``and`` of ``not`` of comparisons or parentheses; a comparison is a column, one of
``== != < <= > >= has in``, and a number in any base, a PCI address, an enum or flag name, or another column.
``in`` takes a list of these, or ranges ``LOW..HIGH`` (both ends included).
"""

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fwsim.errors import FwsimError
from fwsim.trace.event import ENUMS, EVENT, Flag

Mask = NDArray[np.bool_]
Test = Callable[[NDArray[np.void]], Mask]
_Operand = Callable[[NDArray[np.void]], "NDArray[np.generic] | int"]

_TOKEN = re.compile(
    r"\s*(?:(?P<pci>[0-9a-f]{2}:[01][0-9a-f]\.[0-7]\s*@\s*(?:0x)?[0-9a-f]{1,3}\b)"
    r"|(?P<number>0x[0-9a-f_]+|0b[01_]+|0o[0-7_]+|[0-9][0-9_]*)(?![a-z0-9_])"
    r"|(?P<word>[a-z_][a-z0-9_]*)|(?P<sign>\.\.|==|!=|<=|>=|<|>|\(|\)|,))",
    re.IGNORECASE,
)
_COLUMNS = EVENT.names or ()
_COMPARE: dict[str, Callable[[NDArray[np.generic], "NDArray[np.generic] | int"], Mask]] = {
    "==": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
}  # fmt: skip
_OPERATORS = (*_COMPARE, "has", "in")
_NAMES: dict[str, dict[str, int]] = {
    column: {member.name.lower(): int(member) for member in kind} for column, kind in ENUMS.items()
} | {"flags": {flag.name.lower(): int(flag) for flag in Flag if flag.name}}
_MAX_DEPTH = 100


class _Token(NamedTuple):
    kind: str
    text: str
    column: int


def compile_where(expression: str) -> Test:
    """A function from events to the mask of those that ``expression`` means.

    Raises FwsimError that points at the column where the expression stops making sense.
    """
    return _Parser(expression).parse()


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.tokens = list(self._tokens())
        self.at = 0
        self.depth = 0

    def _tokens(self) -> list[_Token]:
        tokens, position = [], 0
        end = len(self.expression.rstrip())
        while position < end:
            match = _TOKEN.match(self.expression, position)
            if not match:
                start = position + len(self.expression[position:]) - len(self.expression[position:].lstrip())
                raise self._error("not understood", start, "a column, an operator, a number or a name")
            kind = match.lastgroup or ""
            tokens.append(_Token(kind, match[kind].lower(), match.start(kind)))
            position = match.end()
        return [*tokens, _Token("end", "", end)]

    def _error(self, what: str, column: int, expected: str, hint: str = "") -> FwsimError:
        shown = self.expression.replace("\t", " ").replace("\n", " ")
        return FwsimError(
            what, where=f"--where, column {column + 1}", found=f"{shown}\n{' ' * (9 + column)}^", expected=expected,
            hint=hint or "such as --where 'space == gtt and flags has rewritten'",
        )  # fmt: skip

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def _take(self, *texts: str) -> bool:
        if self.token.kind in ("word", "sign") and self.token.text in texts:
            self.at += 1
            return True
        return False

    def parse(self) -> Test:
        test = self._either()
        if self.token.kind != "end":
            raise self._error("expected the expression to end here", self.token.column, "and, or, or the end")
        return test

    def _either(self) -> Test:
        test = self._both()
        while self._take("or"):
            test = _join(np.logical_or, test, self._both())
        return test

    def _both(self) -> Test:
        test = self._negated()
        while self._take("and"):
            test = _join(np.logical_and, test, self._negated())
        return test

    def _negated(self) -> Test:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self._error("nested too deep", self.token.column, f"at most {_MAX_DEPTH} levels")
        try:
            if self._take("not"):
                inner = self._negated()
                return lambda events: np.logical_not(inner(events))
            if self._take("("):
                inner = self._either()
                self._need(")")
                return inner
            return self._comparison()
        finally:
            self.depth -= 1

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            raise self._error(f"{sign} is missing", self.token.column, sign)

    def _comparison(self) -> Test:
        token = self.token
        if token.kind != "word" or token.text not in _COLUMNS:
            near = get_close_matches(token.text, _COLUMNS, n=1)
            raise self._error(
                "no such column" if token.kind == "word" else "a column is missing", token.column, ", ".join(_COLUMNS),
                f"did you mean {near[0]}?" if near else "",
            )  # fmt: skip
        self.at += 1
        column, operator = token.text, self.token
        if not self._take(*_OPERATORS):
            raise self._error("an operator is missing", operator.column, " ".join(_OPERATORS))
        if operator.text == "has":
            return self._has(column, operator)
        if operator.text == "in":
            return self._in(column)
        compare, operand = _COMPARE[operator.text], self._operand(column)
        return lambda events: compare(events[column], operand(events))

    def _has(self, column: str, operator: _Token) -> Test:
        if column != "flags":
            raise self._error("has is for flags", operator.column, "flags has NAME", f"write {column} == VALUE")
        bits = self._number(column)
        return lambda events: np.equal(np.bitwise_and(events[column], np.uint16(bits)), bits)

    def _in(self, column: str) -> Test:
        if self._take("("):
            test = self._element(column)
            while self._take(","):
                test = _join(np.logical_or, test, self._element(column))
            self._need(")")
            return test
        return self._element(column)

    def _element(self, column: str) -> Test:
        low = self._number(column)
        if not self._take(".."):
            return lambda events: np.equal(events[column], low)
        high = self._number(column)
        return lambda events: np.logical_and(np.greater_equal(events[column], low), np.less_equal(events[column], high))

    def _operand(self, column: str) -> _Operand:
        token = self.token
        if token.kind == "word" and token.text in _COLUMNS and token.text not in _NAMES.get(column, {}):
            self.at += 1
            return lambda events: events[token.text]
        number = self._number(column)
        return lambda events: number

    def _number(self, column: str) -> int:
        token = self.token
        names = _NAMES.get(column, {})
        expected = ", ".join(names) + ", or a number" if names else "a number in any base, or a column"
        if token.kind == "number":
            number = self._plain(token, expected)
        elif token.kind == "pci":
            number = _ecam(token.text)
        elif token.kind == "word" and token.text in names:
            number = names[token.text]
        else:
            near = get_close_matches(token.text, names, n=1)
            what = f"no such {column}" if token.kind == "word" and names else "a value is missing"
            raise self._error(what, token.column, expected, f"did you mean {near[0]}?" if near else "")
        size = 8 * EVENT[column].itemsize
        if number >> size:
            raise self._error(f"too large for {column}", token.column, f"at most {(1 << size) - 1:#x}")
        self.at += 1
        return number

    def _plain(self, token: _Token, expected: str) -> int:
        try:
            return int(token.text, 0) if not token.text.isdecimal() else int(token.text)
        except ValueError:
            raise self._error("not a number", token.column, expected) from None


def _join(how: Callable[[Mask, Mask], Mask], left: Test, right: Test) -> Test:
    return lambda events: how(left(events), right(events))


def _ecam(text: str) -> int:
    slot, _, offset = text.replace(" ", "").partition("@")
    bus, device, function = re.split("[:.]", slot)
    return int(bus, 16) << 20 | int(device, 16) << 15 | int(function) << 12 | int(offset, 16)
