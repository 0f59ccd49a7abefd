"""``fwsim trace diff``: where two runs part, and what differs."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common


def diff(
    a: Annotated[Path, typer.Argument(metavar="A", help="A run's folder, or its events.npy.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The other run.")],
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="Show N differences; --json has all.")] = 24,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 when the runs differ.")] = False,
    json: common.Json = False,
) -> None:
    """Compare two runs: what was asked for differently, where they part, and what differs from there on.

    Runs are aligned by what the code did. How often a wait polled, virtual time and the timer's ticks are no
    differences. Instructions are told apart, unless the code lies elsewhere (another build of the ROM).

    \b
    Examples:
      fwsim trace diff runs/pristine runs/shadow
      fwsim trace diff runs/qemu-9.2 runs/qemu-10.0 --json
    """
    from fwsim.analysis.diff import diff as compare
    from fwsim.report.diff import render

    result = compare(a, b)
    if json:
        common.emit_json(result)
    else:
        common.emit_lines(render(result, limit))
    if strict and not result.same:
        raise typer.Exit(1)


app = common.app(diff)
