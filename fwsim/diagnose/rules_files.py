"""What is said of a file that is something else than it may have been given for: a firmware image in place of a ROM."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.diagnose.case import Case, Evidence
from fwsim.diagnose.finding import Finding
from fwsim.host import recognise


def flash_images(case: Case) -> Iterator[Finding]:
    """A note for each firmware image: what is in it for a graphics device, and how to take it out."""
    images = {source.file for source in case.host.sources if recognise.FLASH in source.kinds}
    for note in case.host.notes:
        if note.where in images and note.expected == "an option ROM":
            yield Finding(
                id="flash-image", severity="note", what=f"{note.where} is {note.what}",
                why="a VM takes an option ROM by itself, and a vBIOS taken out of the board's own firmware has not "
                    "run yet: no base of this host is baked into it",
                evidence=Evidence(file=note.where, text=note.found), remedy=note.next,
            )  # fmt: skip
