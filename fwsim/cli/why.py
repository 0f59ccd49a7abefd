"""``fwsim why`` follows a value back through the ROM's code, to a register, an answer or a byte."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common
from fwsim.results.folder import RunDir


def why(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    event: Annotated[str, typer.Argument(metavar="EVENT", help="What to explain, see below.")],
    full: Annotated[bool, typer.Option("--full", help="Add the instructions, where the ROM's licence allows.")] = False,
    graph: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the story: .dot, .svg or .png.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file that --graph names.")] = False,
    json: common.Json = False,
) -> None:
    """Follow a value back to its source, and tell it as a story, the newest line last.

    EVENT is an event's number (fwsim trace show), gtt[N] (entry N), fault[N] (DMA fault N, from 0), config[0x5c] (of
    00:02.0) or config[00:00.0@0x50], mmio[0x7019c], port[0x3d4], screen (the last picture) or hang; of an Arm guest
    also stage2[0x23000000] (what made that address lead to the host's) and memory[0x23000000]. The run is made again
    up to there, every instruction of it seen, and must give the same events.

    \b
    Examples:
      fwsim why runs/x220 'gtt[0]'
      fwsim why runs/x220 'fault[0]' --graph fault.svg
    """
    with common.imports():
        from fwsim.analysis.why import explain
        from fwsim.report.why_graph import check_name, write_graph

    if graph is not None:
        check_name(graph, force)
    found = explain(RunDir.open(run), event)
    if graph is not None:
        write_graph(graph, found, force)
    if json:
        from fwsim.report.why import document

        common.emit_json(document(found, full))
        return
    from fwsim.report.why import render

    common.emit_lines(render(found, full))


app = common.app(why)
