"""The rules that a placement or a host was judged by are shown one line each."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fwsim.results.summary import CheckResult


def rules(results: Sequence[CheckResult]) -> RenderableType:
    """How many hold and fail, then each rule: what failed comes first."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=4)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in sorted(results, key=lambda check: check.ok):
        mark = Text("ok", style="green") if check.ok else Text("FAIL", style="bold red")
        table.add_row(mark, Text(check.id), Text(check.detail))
    failed = sum(not check.ok for check in results)
    return Group(Text(f"checks    {len(results) - failed} hold, {failed} fail", style="bold"), table)
