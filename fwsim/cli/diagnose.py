"""``fwsim diagnose``: whatever a user has of his machine and VM, to what is wrong and what to change."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common


def diagnose(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER...", help="Logs, dumps, VM configuration, ROM.")],
    json: common.Json = False,
) -> None:
    """Read logs, lspci, VM configuration and ROM, in any mix: what is wrong, the line that shows it, what to change.

    Exit 1 where a finding of weight stands.

    \b
    Examples:
      fwsim diagnose dmesg.txt lspci.txt /etc/pve/qemu-server/100.conf
      fwsim diagnose dumps --json
    """
    from fwsim.diagnose.diagnosis import diagnose as conclude

    result = conclude(paths)
    if json:
        common.emit_json(result)
    else:
        from fwsim.report.diagnose import render

        common.emit(render(result))
    if result.weighs:
        raise typer.Exit(1)


app = common.app(diagnose)
