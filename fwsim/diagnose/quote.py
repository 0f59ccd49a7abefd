"""The line of a file that a fact is from, so that a finding can show it."""

from __future__ import annotations

from pathlib import Path

from fwsim.diagnose.case import Evidence
from fwsim.diagnose.text import lines, shown
from fwsim.host.facts import Dumps, Fact


def quoted(dumps: Dumps, fact: Fact) -> Evidence:
    """``fact``'s line as evidence; in a binary file, what it is of there."""
    path = next((source.path for source in dumps.sources if source.file == fact.file), "")
    try:
        found = (line for number, line in lines(Path(path)) if number == fact.line) if path and fact.line else iter(())
        text = next(found, "")
    except OSError:
        text = ""
    return Evidence(file=fact.file, line=fact.line, text=shown(text) or fact.how)
