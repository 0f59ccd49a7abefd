"""``fwsim host import``: a real machine's dumps to a host file, with where each value is from."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common


def import_(
    dumps: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders or files with the dumps.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.toml", help="Write the host file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the files that --out names.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 1 on a contradiction, a warning or a failed check.")
    ] = False,
    json: common.Json = False,
) -> None:
    """Read lspci -xxxx, /proc/iomem, dmesg, OpRegion, VBT, ROM, EDID, inteltool and intel_reg dumps, in any mix.

    Files are recognised by what they hold, whatever their names; gzip's too. The host file is a scenario: fwsim run
    takes it as it is. What has no field in it goes into FILE.facts.json, which fwsim check reads.

    \b
    Examples:
      fwsim host import dumps
      fwsim host import dumps --out host.toml
    """
    from fwsim.host.hostfile import import_host

    result = import_host(dumps, out, force)
    if json:
        common.emit_json(result)
    else:
        from fwsim.report.host import render_import

        common.emit(render_import(result))
    odd = any(result.dumps.disagreements()) or any(note.level == "warning" for note in result.dumps.notes)
    if strict and (odd or any(not check.ok for check in result.checks)):
        raise typer.Exit(1)


app = common.app(import_)
