"""The events that ``--where`` means: a condition of DuckDB's SQL on one event, in an event's own words.

    space == gtt and flags has rewritten
    address in (0xcf8, 0xcfc..0xcff) and not actor == rom
    value >> 12 != aux >> 12 and address & 0xfff == 0x5c

What ``trace query`` takes behind ``where`` in ``select * from events where ...``, but for the column ``run``: the same
columns and words, asked of each event alone.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fwsim.trace.describe import COLUMNS
from fwsim.trace.event import EVENT, NAMES
from fwsim.trace.shorthand import Shorthand
from fwsim.trace.sql import SHOWN, connect, explained, position

if TYPE_CHECKING:
    import duckdb

Mask = NDArray[np.bool_]
Test = Callable[[NDArray[np.void]], Mask]

_EXPECTED = "COLUMN == != < <= > >= in VALUE, flags has NAME, joined by and, or, not, ( )"
_COLUMNS = ", ".join((*COLUMNS, *NAMES["flags"]))
_HINT = "such as --where 'space == gtt and flags has rewritten'"
_ROWS = f'select "its row" from (select "its row", {SHOWN} from "one by one") as event where ('


def compile_where(expression: str) -> Test:
    """A function from events to the mask of those that ``expression`` holds for; where it is NULL it does not hold.

    Raises FwsimError that points at the column where the expression stops making sense; so does the function, where
    an event's values make it so (``value - aux``, below 0).
    """
    import duckdb

    line = ", line {line}" if "\n" in expression else ""
    text = Shorthand(expression, f"--where{line}, column {{column}}", _HINT, own=True)
    connection = connect()
    _check(connection, text)

    def test(events: NDArray[np.void]) -> Mask:
        columns = {name: np.asarray(events[name]) for name in EVENT.names or ()}
        mask = np.zeros(len(events), dtype=np.bool_)
        try:
            connection.register("one by one", columns | {"its row": np.arange(len(events))})
            mask[connection.execute(f"{_ROWS}{text.sql}\n)").fetchnumpy()["its row"]] = True
        except duckdb.Error as error:
            raise explained(error, text, _ROWS, expected=_EXPECTED, columns=_COLUMNS) from None
        return mask

    test(np.zeros(0, dtype=EVENT))
    return test


def _check(connection: "duckdb.DuckDBPyConnection", text: Shorthand) -> None:
    """Refuse what is no single expression, at its first mistake: DuckDB parses it in parentheses, and in a list."""
    import duckdb

    mistakes: list[tuple[int, str, Exception]] = []
    for before, after in ((_ROWS, "\n)"), ("select ", "\n, 1")):
        try:
            connection.extract_statements(before + text.sql + after)
        except duckdb.Error as error:
            mistakes.append((position(error, text, before) or 0, before, error))
    if mistakes:
        _, before, first = min(mistakes, key=lambda mistake: mistake[0])
        raise explained(first, text, before, expected=_EXPECTED)
