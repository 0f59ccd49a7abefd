"""``fwsim sweep``: many placements or runs, one table."""

import os
from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common, output
from fwsim.errors import FwsimError
from fwsim.sweep.matrix import load
from fwsim.sweep.result import axes_named, checks_named, result_of
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
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with the map of safe and unsafe.")
    ] = None,
    axes: Annotated[
        str,
        typer.Option("--axes", metavar="X,Y", help="Their axes; default the first two. --html: more make more maps."),
    ] = "",
    check: Annotated[
        str, typer.Option("--check", metavar="ID,ID", help="Count rows as ok by these checks alone.")
    ] = "",
    markdown: Annotated[str, typer.Option("--markdown", metavar="A,B,C", help="Print a table of three axes.")] = "",
    json: common.Json = False,
) -> None:
    """Place or run every combination of a matrix; rows go to rows.parquet.

    A sweep that was ended goes on where it was when the same command is given again.

    \b
    Examples:
      fwsim sweep examples/placements.toml --png heat.png --axes ram,firmware
      fwsim sweep examples/xen-hole.toml --html map.html --check device-model-clear,bars-placed
    """
    wanted = load(matrix)
    table = axes_named(wanted, markdown, 3, "--markdown") if markdown else []
    many = axes.count(",") + 1 if html and not png else 2
    pair = axes_named(wanted, axes, max(many, 2), "--axes") if png or html or axes else []
    checks = checks_named(wanted, check, "--check")
    if png is not None:
        from fwsim.report.heat_map import check as check_axes

        check_axes(*pair)
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

        write_heat_map(png, store, pair[0], pair[1], checks)
    if html is not None:
        from fwsim.report.sweep_page import write_page

        write_page(html, store, pair, checks)
    if json:
        common.emit_json(result_of(store, checks))
    elif markdown:
        output.write(as_markdown(store, table))
    else:
        common.emit_lines(lines(result_of(store, checks)))


app = common.app(sweep)
