"""``fwsim trace query``: SQL over the events of one run, or several."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common
from fwsim.errors import FwsimError


def query(
    what: Annotated[list[str], typer.Argument(metavar="RUN... SQL", help="Runs' folders, then one SELECT.")],
    csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")] = False,
    json: common.Json = False,
) -> None:
    """Ask a run's events by SQL (DuckDB's), read only.

    Views: events, accesses, config, mmio, gtt, faults, interrupts, registers; the column run has the run's folder.
    Function: decode(space, address, value), a register's fields in words. Numbers have any base, and actors, spaces,
    operations and flags names, as in trace show --where: space = gtt and value in 0x10..0x1f.

    \b
    Examples:
      fwsim trace query runs/x220 "select space, op, count(*) from events group by all order by all"
      fwsim trace query runs/x220 "select * from config where register like 'BDSM%'"
      fwsim trace query runs/x220 "select count(*) from events where space = gtt and op = write"
      fwsim trace query runs/a runs/b "select run, min(entry), max(entry) from gtt group by run"
    """
    from fwsim.cli.opened import open_trace
    from fwsim.report import query as report
    from fwsim.trace.query import VIEWS, Source, ask

    *runs, sql = what
    if not runs or (json and csv):
        raise FwsimError(
            "--json and --csv at once" if runs else "a run and a query are needed", where="fwsim trace query",
            expected="one of them" if runs else "RUN, then SQL over " + ", ".join(VIEWS),
            hint='fwsim trace query RUN "select op, count(*) from gtt group by op"',
        )  # fmt: skip
    sources, cpu = [], None
    for run in runs:
        opened = open_trace(Path(run))
        cpu = cpu or opened.cpu
        names = report.register_names(opened.cpu, igd=opened.igd) if opened.arm is None else opened.arm.registers()
        sources.append(Source(run, opened.events, names))
    answer = ask(sources, sql, report.decoder(cpu))
    lines = report.json_lines if json else report.csv_lines if csv else report.table_lines
    common.emit_lines(lines(answer))


app = common.app(query)
