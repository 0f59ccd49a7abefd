"""``fwsim check``: the rules of what a correct run is, one line each."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common
from fwsim.rundir import RunDir


def check(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    json: common.Json = False,
) -> None:
    """Show a run's checks; exits 1 when one of them fails.

    \b
    Example:
      fwsim check runs/x220
    """
    summary = RunDir.open(run).summary()
    if json:
        common.emit_json({"run": str(run), "checks": summary.checks})
    else:
        from fwsim.report.run import render_checks

        common.emit(render_checks(summary))
    if summary.failed:
        raise typer.Exit(1)


app = common.app(check)
