"""``fwsim needs`` lists what a ROM reads and writes outside the device, so that a hypervisor must provide it."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common
from fwsim.errors import FwsimError


def needs(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Also write it as pci-mirror.toml.")] = None,
    compare: Annotated[
        str, typer.Option("--compare", metavar="KIND[:PROFILE]", help="What it shows too much and too little.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace the file --out names.")] = False,
    json: common.Json = False,
) -> None:
    """List what the ROM of a run touched: configuration registers, ports, INT leaves, GTT ranges, OpRegion.

    Run it on the host itself (hypervisor.kind = "none") for the list of what a hypervisor has to mirror. --compare
    builds the guest's machine under that kind, in place of the list, and runs no code; of custom, PROFILE is its list.

    \b
    Examples:
      fwsim needs runs/host
      fwsim needs runs/host --out pci-mirror.toml
      fwsim needs runs/host --compare qemu:10.0
      fwsim needs runs/host --compare custom:pci-mirror.toml
    """
    from fwsim.analysis.needs import needs_of
    from fwsim.report.mirror_toml import mirror_toml
    from fwsim.report.needs import render_needs
    from fwsim.results.folder import RunDir

    folder = RunDir.open(run)
    found = needs_of(folder)
    if out is not None:
        _write(out, mirror_toml(found), force)
    if compare:
        from fwsim.analysis.compare import compare as held_against
        from fwsim.report.compare import render_comparison

        held = held_against(folder, found, compare)
        if json:
            common.emit_json(held)
        else:
            common.emit(*render_comparison(held))
    elif json:
        common.emit_json(found)
    else:
        common.emit(*render_needs(found))


def _write(path: Path, text: str, force: bool) -> None:
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise FwsimError("the file exists", where=str(path), hint="give another --out, or --force") from None
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise FwsimError(what, where=str(path), hint="give another --out") from None


app = common.app(needs)
