"""``fwsim trace show``: the events of a run, one a line."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common
from fwsim.errors import FwsimError
from fwsim.rundir import RunDir


def show(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or its events.npy.")],
    where: Annotated[str, typer.Option("--where", metavar="EXPR", help="Only the events EXPR holds for.")] = "",
    first: Annotated[int | None, typer.Option("--first", min=0, metavar="N", help="The first N of them.")] = None,
    last: Annotated[int | None, typer.Option("--last", min=0, metavar="N", help="The last N of them.")] = None,
    json: common.Json = False,
) -> None:
    """Show a run's events, one a line.

    EXPR compares columns (seq time_ns actor cs ip space op width address value aux flags) by == != < <= > >= has in,
    joined by and, or, not and parentheses. Numbers have any base; actors, spaces, operations and flags have names;
    00:02.0@0x5c is a PCI address, LOW..HIGH a range after in. Registers are named for the run's host.cpu.

    \b
    Examples:
      fwsim trace show runs/x220 --where 'space == gtt and flags has rewritten' --first 20
      fwsim trace show runs/x220 --where 'space == mmio and address == 0xe1100'
      fwsim trace show runs/x220 --where 'address in (0xcf8, 0x3c0..0x3df) or value != aux'
    """
    from fwsim.report.trace import json_lines, names_for, select, table_lines
    from fwsim.trace.store import open_events
    from fwsim.trace.where import compile_where

    if first is not None and last is not None:
        raise FwsimError("--first and --last at once", expected="one of them", hint="leave one out")
    test = compile_where(where) if where.strip() else None
    events = open_events(run) if run.is_file() else RunDir.open(run).events()
    chunks = select(events, test, first, last)
    if json:
        common.emit_lines(json_lines(chunks, len(events)))
        return
    cpu, igd = _host(run.absolute().parent if run.is_file() else run)
    common.emit_lines(table_lines(chunks, names_for(cpu, igd=igd)))


def _host(folder: Path) -> tuple[str | None, bool]:
    """The run's ``host.cpu``, and whether its display device is an IGD; (None, True) where its files do not say."""
    run = RunDir(folder)
    try:
        scenario = run.scenario()
    except FwsimError:
        return None, True
    try:
        return scenario.host.cpu, scenario.host.vga == "igd" or run.summary().rom.vendor == 0x8086
    except FwsimError:
        return scenario.host.cpu, True


app = common.app(show)
