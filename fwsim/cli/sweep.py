"""``fwsim sweep``: many placements or runs, one table."""

import os
from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common
from fwsim.errors import FwsimError
from fwsim.sweep.matrix import load
from fwsim.sweep.result import axes_named, result_of
from fwsim.sweep.store import Store
from fwsim.sweep.work import Dask, Processes, Workers
from fwsim.sweep.work import sweep as execute


def sweep(
    matrix: Annotated[Path, typer.Argument(metavar="MATRIX", help="The matrix, a TOML file.")],
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", help="Processes; default one for each CPU.")] = 0,
    dask: Annotated[str, typer.Option("--dask", metavar="ADDRESS", help="A Dask scheduler, tcp://HOST:PORT.")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The sweep's folder; default runs/NAME.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace another sweep in the folder.")] = False,
    png: Annotated[Path | None, typer.Option("--png", metavar="FILE", help="Draw a heat map.")] = None,
    axes: Annotated[str, typer.Option("--axes", metavar="X,Y", help="Its axes; default the first two.")] = "",
    markdown: Annotated[str, typer.Option("--markdown", metavar="A,B,C", help="Print a table of three axes.")] = "",
    json: common.Json = False,
) -> None:
    """Place or run every combination of a matrix; rows go to rows.parquet.

    A sweep that was ended goes on where it was when the same command is given again.

    \b
    Example:
      fwsim sweep examples/placements.toml --png heat.png --axes ram,firmware
    """
    wanted = load(matrix)
    table = axes_named(wanted, markdown, 3, "--markdown") if markdown else []
    pair = axes_named(wanted, axes, 2, "--axes") if png is not None or axes else []
    if png is not None:
        from fwsim.report.heat_map import check

        check(*pair)
    if jobs < 0 or jobs > 256:
        raise FwsimError("impossible number of processes", where="--jobs", found=str(jobs), expected="1 to 256")
    workers: Workers = Dask(dask) if dask else Processes(jobs or os.cpu_count() or 1)
    folder = out or Path("runs") / matrix.stem
    store = Store.open(folder, wanted, force)
    try:
        with common.progress_bar() as progress:
            execute(store, workers, progress)
    except KeyboardInterrupt:
        kept = f"{len(store.done)} of {wanted.chunks} parts are kept"
        common.note(f"fwsim: interrupted; the same command goes on: {kept}")
        raise
    from fwsim.report.sweep import lines
    from fwsim.report.sweep import markdown as as_markdown

    if png is not None:
        from fwsim.report.heat_map import write_heat_map

        write_heat_map(png, store, *pair)
    if json:
        common.emit_json(result_of(store))
    elif markdown:
        common.write(as_markdown(store, table))
    else:
        common.emit_lines(lines(result_of(store)))


app = common.app(sweep)
