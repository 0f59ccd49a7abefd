"""``fwsim needs`` lists what a ROM reads and writes outside the device, so that a hypervisor must provide it."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common
from fwsim.errors import FwsimError


def needs(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Also write it as pci-mirror.toml.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file --out names.")] = False,
    json: common.Json = False,
) -> None:
    """List what the ROM of a run touched: configuration registers, ports, INT leaves, GTT ranges, OpRegion.

    Run it on the host itself (hypervisor.kind = "none") for the list of what a hypervisor has to mirror.

    \b
    Examples:
      fwsim needs runs/host
      fwsim needs runs/host --out pci-mirror.toml
    """
    from fwsim.analysis.needs import needs_of
    from fwsim.report.mirror_toml import mirror_toml
    from fwsim.report.needs import render_needs
    from fwsim.results.folder import RunDir

    found = needs_of(RunDir.open(run))
    if out is not None:
        _write(out, mirror_toml(found), force)
    if json:
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
