"""``fwsim report``: a run, or two runs compared, as one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common
from fwsim.errors import FwsimError
from fwsim.results.folder import REPORT, RunDir


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    other: Annotated[Path | None, typer.Argument(metavar="RUN2", help="Another one, to compare it with.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Default RUN/report.html.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file --out names.")] = False,
    paths: Annotated[bool, typer.Option("--paths", help="Keep this machine's absolute paths in it.")] = False,
    json: common.Json = False,
) -> None:
    """Show a run in a browser: one HTML file that needs no network.

    The story of the run in words, its screens, who points where in the address space, a timeline, checks, refused DMA
    and why, leaks, needs, and the scenario. Two runs are put beside each other, and their differences marked.
    Files and folders are named without where they lie, so that it can be sent.

    \b
    Examples:
      fwsim report runs/x220
      fwsim report runs/demo/qemu-10.0 runs/demo/ranged --out compared.html
    """
    folders = [RunDir.open(each) for each in (run, other) if each is not None]
    if out is not None and out.exists() and not force:
        raise FwsimError(
            "the file exists", where=str(out), expected="a file that is not there yet",
            hint="give another --out, or --force to replace it",
        )  # fmt: skip
    from fwsim.report.html.page import as_json, render, save

    file = out or folders[0].file(REPORT)
    size = save(render(folders, paths), file)
    if json:
        common.emit_json(as_json(folders, file, size, paths))
    else:
        common.emit_lines([f"report  {file}  ({size // 1000:,} kB)"])


app = common.app(report)
