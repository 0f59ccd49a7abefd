"""``fwsim diagnose``: whatever a user has of his machine and VM, to what is wrong and what to change."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fwsim.cli import common

if TYPE_CHECKING:
    from fwsim.diagnose.case import Case
    from fwsim.diagnose.finding import Finding


def diagnose(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER...", help="Logs, dumps, VM configuration, ROM.")],
    vm: Annotated[str, typer.Option("--vm", metavar="NAME", help="The VM in question, where there are several.")] = "",
    run: Annotated[bool, typer.Option("--run", help="Run the scenario that comes of it, with its ROM.")] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="--run's folder; runs/diagnosed.")] = None,
    force: common.Force = False,
    json: common.Json = False,
) -> None:
    """Read logs, lspci, VM configuration and ROM, in any mix; say what is wrong, which line shows it, what to change.

    Exit 1 where a finding of weight stands.

    \b
    Examples:
      fwsim diagnose dmesg.txt lspci.txt /etc/pve/qemu-server/100.conf
      fwsim diagnose dumps --json
      fwsim diagnose dumps 100.conf igd.rom --run --out runs/mine
    """
    from fwsim.diagnose.diagnosis import conclude, taken

    case = taken(paths, vm)
    result = conclude(case, _run(case, out, force) if run else None)
    if json:
        common.emit_json(result)
    else:
        from fwsim.report.diagnose import render

        common.emit(render(result))
    if result.weighs:
        raise typer.Exit(1)


def _run(case: "Case", out: Path | None, force: bool) -> "list[Finding]":
    from fwsim.diagnose.run import run

    with common.progress_bar() as progress:
        return run(case, out, force, progress)


app = common.app(diagnose)
