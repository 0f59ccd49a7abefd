"""``fwsim trace show``: the events of a run, folded into a story or one a line."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common
from fwsim.errors import FwsimError


def show(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or its events.npy.")],
    where: Annotated[str, typer.Option("--where", metavar="EXPR", help="Only the events EXPR holds for.")] = "",
    first: Annotated[int | None, typer.Option("--first", min=0, metavar="N", help="The first N of them.")] = None,
    last: Annotated[int | None, typer.Option("--last", min=0, metavar="N", help="The last N of them.")] = None,
    event: Annotated[
        int | None, typer.Option("--event", min=0, metavar="N", help="Event N, its fields, and its neighbours.")
    ] = None,
    verbosity: Annotated[
        int | None,
        typer.Option(
            "--verbosity",
            "-v",
            min=0,
            max=3,
            metavar="0-3",
            help="0 story, 1 folded, 2 with fields, 3 every event. Default 1; 3 with --where, --first or --last.",
        ),
    ] = None,
    json: common.Json = False,
) -> None:
    """Show a run's events, folded or one a line.

    \b
    Verbosity
      0  the story: calls, configuration writes, reads of host addresses, GTT
         entries, rewrites, faults, notes; a last line counts the other events
      1  everything: polls, delays, index/data pairs, GMBUS and AUX transactions
         and runs of GTT entries in one line each, with its number of events
      2  as 1, and what the fields of registers say
      3  every event, one a line, as recorded (--json always is)

    EXPR is a condition of DuckDB's SQL, as behind where in trace query, on the columns seq time_ns actor cs ip space op
    width address value aux flags: == != < <= > >= in, flags has NAME, joined by and, or, not and parentheses. Numbers
    have any base; actors, spaces, operations and flags have names; 00:02.0@0x5c is a PCI address, LOW..HIGH a range
    after in. Registers are named for the run's host.cpu.

    \b
    Examples:
      fwsim trace show runs/x220 -v 0
      fwsim trace show runs/x220 --event 2312
      fwsim trace show runs/x220 --where 'space == gtt and flags has rewritten' --first 20
      fwsim trace show runs/x220 --where 'address in (0xcf8, 0x3c0..0x3df) or value != aux'
      fwsim trace show runs/x220 --where 'rewritten and value & 0xfff == 0x1'
    """
    from fwsim.cli.opened import open_trace
    from fwsim.report.trace import json_lines, names_for, select, table_lines

    if first is not None and last is not None:
        raise FwsimError("--first and --last at once", expected="one of them", hint="leave one out")
    cut = bool(where.strip()) or first is not None or last is not None
    if event is not None:
        if cut or verbosity is not None:
            raise FwsimError("--event with another selection", expected="--event N alone", hint="leave the others out")
        _show_event(run, event, json)
        return
    if verbosity is None:
        verbosity = 3 if cut else 1
    test = None
    if where.strip():
        from fwsim.trace.where import compile_where  # and DuckDB, which takes 0.1 s

        test = compile_where(where)
    opened = open_trace(run)
    chunks = select(opened.events, test, first, last)
    told = opened.arm.told if opened.arm else None
    if json:
        common.emit_lines(json_lines(chunks, len(opened.events)))
    elif verbosity == 3:
        common.emit_lines(table_lines(chunks, names_for(opened.cpu, igd=opened.igd, arm=opened.arm), told))
    else:
        from fwsim.report.fold_lines import folded_lines

        common.emit_lines(folded_lines(chunks, verbosity, opened.cpu, igd=opened.igd, arm=opened.arm))


def _show_event(run: Path, number: int, json: bool) -> None:
    from fwsim.cli.opened import open_trace
    from fwsim.report.one_event import event_document, event_lines

    opened = open_trace(run)
    if json:
        common.emit_json(event_document(opened.events, number, opened.cpu, str(run), igd=opened.igd, arm=opened.arm))
    else:
        common.emit_lines(event_lines(opened.events, number, opened.cpu, str(run), igd=opened.igd, arm=opened.arm))


app = common.app(show)
