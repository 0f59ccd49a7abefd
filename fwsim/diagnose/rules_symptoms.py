"""What a user says in place of a file: a symptom narrows down where to look, and is never the cause itself."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.diagnose.case import Case
from fwsim.diagnose.finding import Finding
from fwsim.diagnose.remedies import remedy

_MEANS = {
    "code 43": (
        "Windows' driver found the IGD and gave it up (Code 43)",
        "it reads the OpRegion's VBT and the stolen memory's base: without an OpRegion (ASLS 0), with the host's "
        "base in "
        "the mirror at BAR0 (gen 11 and later), or behind a machine that it takes for another, it stops", "opregion",
    ),
    "black screen": (
        "the guest's screen is dark",
        "dark until the guest's driver loads: no ROM ran, or it drew to the host's memory. Dark for good: the driver "
        "has "
        "no OpRegion, or the picture goes to another port", "opregion",
    ),
}  # fmt: skip


def symptoms(case: Case) -> Iterator[Finding]:
    """Each symptom that was said, with what it can come from."""
    for name in dict.fromkeys(case.symptoms):
        what, why, key = _MEANS[name]
        yield Finding(
            id=name.replace(" ", "-"), severity="note", what=what, why=why, remedy=remedy(key, case.tool, case.vm),
        )  # fmt: skip
