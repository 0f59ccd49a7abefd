"""``fwsim leaks`` lists the addresses of the host that a guest can read, those it did read, and where they went."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common


def leaks(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or a scenario file (no ROM is run).")],
    full: Annotated[bool, typer.Option("--full", help="Also what does not get through, and every source.")] = False,
    json: common.Json = False,
) -> None:
    """Find the addresses of the host that a guest can read, and those that its ROM did.

    The guest's machine is built and read as the guest would: configuration space, BAR0, I/O BAR, OpRegion, the image.

    \b
    Examples:
      fwsim leaks runs/x220
      fwsim leaks tigerlake.toml --full
    """
    from fwsim.analysis.leaks import leaks_of

    found = leaks_of(run)
    if json:
        common.emit_json(found)
        return
    from fwsim.report.leaks import render_leaks

    common.emit(*render_leaks(found, full))


app = common.app(leaks)
