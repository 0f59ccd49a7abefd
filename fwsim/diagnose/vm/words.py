"""Shell words with their lines: quotes, continued lines, comments, variables and arrays of people's scripts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from msgspec import Struct, field

MOST_WORDS = 20_000
"""Words of one command: a variable that holds itself over and over ends here."""
_MOST_PUT_IN = 1 << 20
"""Characters: a hostile script doubles its variables line by line."""
_LONGEST = 1 << 16
_LONGEST_ARRAY = 500
_LARGEST_SCRIPT = 5000
"""Lines of a file whose assignments are looked at: a longer one is a log."""
_ASSIGNMENT = re.compile(r"(?:export\s+|local\s+|readonly\s+)?([A-Za-z_]\w*)(\+?=)")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)(?:\[[@*]\])?\}|([A-Za-z_]\w*))")


class Word(Struct, frozen=True):
    """A word without its quotes, and the line that it begins on."""

    text: str
    line: int


class Variables(dict[str, list[Word]]):
    """A script's variables by name. ``spent``: characters that were put in for them, up to ``_MOST_PUT_IN``."""

    spent: int = 0

    def worth(self, name: str) -> list[Word] | None:
        """The value to put in, None for an unknown name, and once too much was put in."""
        found = self.get(name)
        if found is None or self.spent > _MOST_PUT_IN:
            return None
        self.spent += sum(len(word.text) + 1 for word in found)
        return found


Odd = Callable[[int, str, str], None]
"""Told (line, what is wrong, what was expected)."""


def ignore(line: int, why: str, expected: str) -> None:
    """For readers to whom nothing is odd."""


class _Scan(Struct):
    """Where in ``lines`` the scan is: line from 0 and column. ``words`` so far."""

    lines: list[str]
    row: int
    column: int
    variables: Variables
    odd: Odd
    words: list[Word] = field(default_factory=list)


def command(lines: list[str], row: int, column: int, variables: Variables, odd: Odd = ignore) -> tuple[list[Word], int]:
    """(the words of the command that begins at ``column`` of ``lines[row]``, the row after it).

    The command ends where its line does; a backslash at the end continues it. A space after that backslash, and a
    comment among continued lines, end it in a shell: both are told, and reading goes on, as the author meant it.
    """
    scan = _Scan(lines, row, column, variables, odd)
    while len(scan.words) < MOST_WORDS and _next(scan):
        pass
    return scan.words, scan.row + 1


def _next(scan: _Scan) -> bool:
    """Take the next word; False where the command ends."""
    line = scan.lines[scan.row]
    while scan.column < len(line) and line[scan.column] in " \t":
        scan.column += 1
    rest = line[scan.column :]
    if rest.startswith("\\") and not rest[1:].strip():
        if rest[1:]:
            scan.odd(
                scan.row + 1, "a space after the backslash ends the command here", "\\ as the line's last character"
            )
        return _continued(scan)
    if rest.startswith("#"):
        return _commented(scan)
    if not rest or rest[0] in ";&|<>" or rest[0] == ")":
        return False
    _word(scan)
    return True


def _commented(scan: _Scan) -> bool:
    """A comment ends the command; where it stands among continued lines, what follows was meant to be of it."""
    first, after = scan.row, scan.row + 1
    while after < len(scan.lines) and scan.lines[after].lstrip().startswith("#"):
        after += 1
    continued = first > 0 and scan.lines[first - 1].rstrip().endswith("\\")
    if not continued or after >= len(scan.lines) or not scan.lines[after].lstrip().startswith("-"):
        return False
    scan.odd(first + 1, "a comment ends the command here: the shell gives nothing after it to the program", "")
    scan.row, scan.column = after, 0
    return True


def _continued(scan: _Scan) -> bool:
    if scan.row + 1 >= len(scan.lines):
        return False
    scan.row, scan.column = scan.row + 1, 0
    return True


def _word(scan: _Scan) -> None:
    """One word, quotes taken away; unquoted variables become words of their own."""
    start = scan.row + 1
    line = scan.lines[scan.row]
    if line[scan.column] == "{":  # JSON as ps shows it: without the shell's quotes
        end = _balanced(line, scan.column)
        scan.words.append(Word(line[scan.column : end], start))
        scan.column = end
        return
    whole = re.compile(r'"?\$(?:\{(\w+)(?:\[[@*]\])?\}|(\w+))"?(?=\s|$)').match(line, scan.column)
    spliced = scan.variables.worth(whole[1] or whole[2]) if whole else None
    if whole and spliced is not None:
        scan.words += spliced
        scan.column = whole.end()
        return
    text = "".join(_pieces(scan))
    scan.words.append(Word(text, start))


def _pieces(scan: _Scan) -> Iterator[str]:
    while scan.column < len(line := scan.lines[scan.row]):
        sign = line[scan.column]
        if sign in " \t":
            return
        if sign == "\\" and scan.column + 1 < len(line):
            yield line[scan.column + 1]
            scan.column += 2
        elif sign == "\\":
            if scan.row + 1 >= len(scan.lines):
                scan.column += 1
                return
            scan.row, scan.column = scan.row + 1, 0
        elif sign in "'\"":
            yield _quoted(scan, sign)
        else:
            end = re.compile(r"[^\s\\'\"]+").match(line, scan.column)
            assert end is not None
            yield _expanded(end[0], scan.variables)
            scan.column = end.end()


def _quoted(scan: _Scan, sign: str) -> str:
    """What stands between two quotes, over lines if it must; one that is never closed is told."""
    first, parts = scan.row, list[str]()
    scan.column += 1
    while True:
        line = scan.lines[scan.row]
        end = scan.column
        while end < len(line) and line[end] != sign:
            end += 2 if line[end] == "\\" and sign == '"' else 1
        parts.append(line[scan.column : end])
        if end < len(line):
            scan.column = end + 1
            break
        if scan.row + 1 >= len(scan.lines) or scan.row - first > 200:
            scan.odd(first + 1, f"a quote {sign} is never closed", sign)
            scan.row, scan.column = first, len(scan.lines[first])
            return parts[0]
        scan.row, scan.column = scan.row + 1, 0
    text = "\n".join(parts)
    if sign == "'":
        return text
    return _expanded(re.sub(r'\\(["\\$`\n])', r"\1", text), scan.variables)


def _expanded(text: str, variables: Variables) -> str:
    def value(match: re.Match[str]) -> str:
        found = variables.worth(match[1] or match[2])
        return match[0] if found is None else " ".join(word.text for word in found)[:_LONGEST]

    return _VARIABLE.sub(value, text) if "$" in text else text


def _balanced(line: str, start: int) -> int:
    """The end of the braces that open at ``start``; the line's where they do not close."""
    depth, inside, at = 0, False, start
    while at < len(line):
        sign = line[at]
        if sign == "\\" and inside:
            at += 1
        elif sign == '"':
            inside = not inside
        elif not inside:
            depth += (sign == "{") - (sign == "}")
            if not depth:
                return at + 1
        at += 1
    return len(line)


def assigned(lines: list[str], row: int, variables: Variables) -> int | None:
    """Take the assignment in ``lines[row]`` into ``variables``: the row after it, None where there is none."""
    line = lines[row]
    if len(lines) > _LARGEST_SCRIPT:
        return None
    indent = len(line) - len(line.lstrip())
    match = _ASSIGNMENT.match(line, indent)
    if not match:
        return None
    name, sign = match[1], match[2]
    before = variables.get(name, []) if sign == "+=" else []
    again = re.compile(rf'"\$(?:{name}|\{{{name}\}})(?=[\s"])').match(line, match.end())
    if again:  # OPTS="$OPTS more": what it had keeps its own lines
        before = variables.get(name, [])
        lines = [*lines[:row], line[: match.end()] + '"' + line[again.end() :], *lines[row + 1 :]]
        line = lines[row]
    if line.startswith("(", match.end()):
        values, after = _array(lines, row, match.end() + 1, variables)
    else:
        quoted, after = command(lines, row, match.end(), variables)
        if len(quoted) > 1:
            return None  # NAME=VALUE PROGRAM: the program's environment, nothing of the script's
        first = quoted[0] if quoted else Word("", row + 1)
        values = _split(first, variables)
    variables[name] = [*before, *values][:MOST_WORDS]
    return after


def _array(lines: list[str], row: int, column: int, variables: Variables) -> tuple[list[Word], int]:
    """The words between parentheses, whose lines need no backslash."""
    values: list[Word] = []
    last = min(row + _LONGEST_ARRAY, len(lines))
    for at in range(row, last):
        text = lines[at][column if at == row else 0 :]
        closed = re.search(r"(?:^|\s|['\"])\)\s*$", text)
        kept = text[: text.rindex(")")] if closed else text.rstrip().removesuffix("\\")
        values += [Word(each.text, at + 1) for each in command([kept], 0, 0, variables)[0]]
        if closed:
            return values, at + 1
    return values, last


def _split(word: Word, variables: Variables) -> list[Word]:
    """The words of a variable's value, each on the line of the assignment."""
    found, _ = command([word.text.replace("\n", " ")], 0, 0, variables)
    return [Word(each.text, word.line) for each in found]
