"""One known message is a row: its words as a pattern, what it means for the user, and the key of what helps."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fwsim.diagnose.finding import Severity


@dataclass(frozen=True)
class Row:
    """``pattern`` is a regular expression with named groups; ``needle`` a text that each such line has, for speed.

    ``severity`` None: the message is a fact for others to conclude from, and no finding by itself. ``what`` and ``why``
    are sentences, ``{name}`` a group's text. ``remedy`` is a key of ``fwsim.diagnose.remedies``, "" where nothing has
    to be done. ``source`` says where the words are from: file and releases.
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
        object.__setattr__(self, "compiled", re.compile(self.pattern))
