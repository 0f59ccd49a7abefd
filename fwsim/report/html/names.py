"""Paths of the machine that made a report become names: it can be sent without telling where it was made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from fwsim.report.html.facts import Facts


class Names:
    """What absolute paths are called on the page.

    A file that a run's scenario or summary names, and a run's folder, become their last part; what lies in the same
    folders is shortened the same way, and the user's home is ``~``. With ``kept`` nothing is changed.
    """

    def __init__(self, runs: Iterable[Facts], kept: bool = False) -> None:
        self._short: dict[str, str] = {}
        if not kept:
            for path in sorted(set(_paths(runs)), key=len, reverse=True):
                name = path.rpartition("/")[2]
                self._short[path] = name
                folder = path[: -len(name)]
                if folder != "/":
                    self._short.setdefault(folder, "")
            self._short.setdefault(str(Path.home()) + "/", "~/")
        longest = sorted(self._short, key=len, reverse=True)
        self._pattern = _pattern(longest) if longest else None

    def text(self, text: str) -> str:
        """``text`` with its paths shortened."""
        return self._pattern.sub(lambda match: self._short[match[0]], text) if self._pattern else text

    def all(self, value: Any) -> Any:
        """A tree of plain values with every text of it shortened."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.all(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.all(each) for each in value]
        return value


def _pattern(paths: list[str]) -> re.Pattern[str]:
    """Any of ``paths``, where one begins and not inside another: the first that fits, so the longest come first."""
    return re.compile(r"(?<![\w.~/-])(?:" + "|".join(re.escape(path) for path in paths) + ")")


def _paths(runs: Iterable[Facts]) -> Iterator[str]:
    for facts in runs:
        yield str(facts.folder.path.absolute())
        for struct in (facts.scenario, facts.summary):
            yield from _absolute(msgspec.to_builtins(struct))


def _absolute(value: Any) -> Iterator[str]:
    """Every text in a tree of plain values that is an absolute path by its form."""
    if isinstance(value, str):
        if value.startswith("/") and len(value) > 1 and not value.endswith("/") and value.isprintable():
            yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _absolute(each)
    elif isinstance(value, list):
        for each in value:
            yield from _absolute(each)
