"""A finding: what is wrong, the line that shows it, why that is so, and what to change in the user's own tool."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import field

from fwsim.diagnose.case import Evidence, Unread

Severity = Literal["fatal", "warning", "note"]
WEIGHT: dict[Severity, int] = {"fatal": 0, "warning": 1, "note": 2}
"""How findings are ordered; fatal: this alone explains a black screen or a guest that does not start."""


class Finding(msgspec.Struct, kw_only=True, frozen=True):
    """``id`` is stable, for programs; ``what`` a sentence; ``remedy`` may be of several lines, "" where none is known.

    ``evidence`` None: it follows from what is missing. ``also`` are further lines that show the same.
    """

    id: str
    severity: Severity
    what: str
    why: str
    evidence: Evidence | None = None
    also: list[Evidence] = field(default_factory=list)
    remedy: str = ""


class Stated(msgspec.Struct, kw_only=True, frozen=True):
    """A fact as it is shown: ``value`` as its field's people write it; ``why`` what an assumption rests on."""

    name: str
    value: str
    evidence: Evidence | None = None
    why: str = ""


class Collect(msgspec.Struct, kw_only=True, frozen=True):
    """What to collect next, and the command; ``when`` such as "before vfio-pci is bound"."""

    what: str
    command: str
    when: str = ""


class Diagnosis(msgspec.Struct, kw_only=True):
    """What ``--json`` prints. ``scenario``: TOML that ``--run`` runs, "" where the machine is unknown."""

    facts: list[Stated] = field(default_factory=list)
    assumed: list[Stated] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    scenario: str = ""
    unread: list[Unread] = field(default_factory=list)
    collect: list[Collect] = field(default_factory=list)

    @property
    def weighs(self) -> bool:
        """Whether a finding stands that explains a guest that does not work."""
        return any(each.severity != "note" for each in self.findings)
