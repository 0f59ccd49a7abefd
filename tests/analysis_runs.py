"""A run of a scenario's text, for tests that compare and replay."""

from pathlib import Path

from fwsim.results.folder import RunDir
from fwsim.running.pipeline import run
from fwsim.scenario.load import loads


def made(out: Path, text: str) -> Path:
    """A run of the scenario ``text`` in the folder ``out``."""
    scenario = loads(text, "a test's scenario")
    with RunDir.create(out) as folder:
        run(scenario, folder)
    return out
