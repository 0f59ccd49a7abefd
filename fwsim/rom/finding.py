"""Findings are what is odd about an image: facts that a parser states without giving up on the rest of the file."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from fwsim.errors import FwsimError

Level = Literal["error", "warning", "note"]


class Finding(Struct, frozen=True):
    """One statement about a file.

    ``level``: ``error`` when the image cannot be run as it is, ``warning`` when firmware or a driver may refuse it,
    ``note`` for what is worth knowing. ``offset`` counts bytes from the start of the file; the texts are FwsimError's.
    """

    level: Level
    offset: int
    what: str
    found: str = ""
    expected: str = ""
    hint: str = ""

    def to_error(self, path: str) -> FwsimError:
        """This finding as the error that refuses ``path``."""
        where = f"{path} at {self.offset:#x}" if path else f"offset {self.offset:#x}"
        return FwsimError(self.what, where=where, found=self.found, expected=self.expected, hint=self.hint)


def first_error(findings: Iterable[Finding]) -> Finding | None:
    """The first finding that keeps the image from being run, or None."""
    return next((finding for finding in findings if finding.level == "error"), None)
