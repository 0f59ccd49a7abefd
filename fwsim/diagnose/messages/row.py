"""One known message is a row: its words as a pattern, what it means for the user, and the key of what helps."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from fwsim.diagnose.finding import Severity

BDF = r"(?P<bdf>[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])"
"""The function a line of the host is about: only those of the IGD count."""
IGD = re.compile(r"(?:0000:)?00:02\.[0-7]")


@dataclass(frozen=True)
class Row:
    """``pattern`` is a regular expression with named groups, "" where ``needle`` is all; ``needle`` a text of each such
    line, of three letters or more, for speed.

    A group ``bdf`` is a function of the host: lines about another than the IGD's do not count. ``severity`` None: the
    message is a fact for others to conclude from, and no finding by itself. ``what`` and ``why`` are sentences,
    ``{name}`` a group's text. ``remedy`` is a key of ``fwsim.diagnose.remedies``, "" where nothing has to be done.
    ``source`` says where the words are from: file and releases.
    """

    id: str
    who: str
    needle: str
    pattern: str
    severity: Severity | None
    what: str
    why: str = ""
    remedy: str = ""
    source: str = ""
    compiled: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compiled", re.compile(self.pattern or re.escape(self.needle)))

    def find(self, line: str) -> dict[str, str] | None:
        """What the pattern found by name in ``line``, None where this is not the message."""
        found = self.compiled.search(line) if self.needle in line else None
        if found is None:
            return None
        groups = {name: text for name, text in found.groupdict().items() if text is not None}
        return groups if IGD.fullmatch(groups.get("bdf", "00:02.0")) else None


def fill(text: str, groups: Mapping[str, str]) -> str:
    """``text`` with each ``{name}`` as ``groups`` has it, "" where it has none."""
    return text.format_map(defaultdict(str, groups))
