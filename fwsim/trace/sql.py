"""Events in DuckDB: how it is opened, the columns it shows, and its errors as fwsim says them."""

import json
import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from fwsim.errors import FwsimError
from fwsim.trace.describe import COLUMNS, enum_name
from fwsim.trace.event import ENUMS, NAMES
from fwsim.trace.shorthand import Shorthand, names_of

if TYPE_CHECKING:
    import duckdb

_UNKNOWN = re.compile(r'column "([^"]+)" not found|column named "([^"]+)"')
_MEANT = re.compile(rf"\b({'|'.join(NAMES)})\"?\s*(?:[=<>!]+|(?:not\s+)?(?:in\b[^()]*\(?|between\b)[^()]*)\s*$", re.I)
"""What stands before a word that DuckDB does not know and that can only be meant as a name of that column."""
_NO_USE = re.compile(r"(?<=ENUM)\((?:'(?:[^']|'')*'(?:, )?)*\)| Use \"SET .*")
"""What DuckDB says beside the fact: the 256 members of a type, and settings, which are locked."""
_CUT = 120
"""How much is shown of a text whose mistake has no place; twice as much of what is said of it."""


def by_name(column: str, cast: str = "") -> str:
    """SQL for what is in the enum ``column``, by name, else its number; ``cast`` as ``::TYPE``, else text."""
    cases = " ".join(f"when {number} then '{name}'{cast}" for name, number in NAMES[column].items())
    return f"case {column} {cases} else {column}::varchar{cast} end as {column}"


SHOWN = ", ".join(
    [
        *(by_name(column, f"::{column}s") if column in ENUMS else column for column in COLUMNS),
        *(f"flags & {bit} > 0 as {name}" for name, bit in NAMES["flags"].items()),
    ]
)
"""SQL for the columns of an event, from those of its record: enums by name, and a column of yes and no a flag."""


def connect() -> "duckdb.DuckDBPyConnection":
    """An empty database in memory that reaches no file and no network, with a type for each enum: ``spaces`` ...

    A type has the 256 members that a byte can be: a number without a name is one too, and they order as numbers do.
    """
    import duckdb

    # with the temporary directory empty a query that needs too much memory fails, and fills no disk
    closed = {"enable_external_access": "false", "autoload_known_extensions": "false", "temp_directory": ""}
    connection = duckdb.connect(":memory:", config={**closed, "autoinstall_known_extensions": "false"})
    for column in ENUMS:
        members = ", ".join(f"'{enum_name(column, number)}'" for number in range(256))
        connection.execute(f"create type {column}s as enum ({members})")
    connection.execute("set errors_as_json = true")
    connection.execute("set lock_configuration = true")
    return connection


def position(error: Exception, text: Shorthand, before: str = "") -> int | None:
    """The character of ``text`` that DuckDB's ``error`` points at, if at any; ``before`` stood before its SQL."""
    at = _said(error).get("position")
    return None if at is None else text.position(int(at) - len(before.encode()))


def explained(
    error: Exception, text: Shorthand, before: str = "", *, expected: str, columns: str = "", views: Sequence[str] = ()
) -> FwsimError:
    """DuckDB's ``error`` as fwsim says it, at its ``position`` in ``text``.

    ``expected`` is said where nothing better is known, ``columns`` of an unknown column, ``views`` of an unknown view.
    """
    said = _said(error)
    message = said["exception_message"]
    what = _NO_USE.sub("", message.partition("\n")[0]).rstrip("!. ")[: 2 * _CUT]
    near, hint = re.findall(r'Did you mean "([^"]+)"', message), ""
    at, unknown = position(error, text, before), _UNKNOWN.search(what)
    name = unknown[1] or unknown[2] if unknown else said.get("name", "")
    meant = _MEANT.search(text.text, max(0, at - 20 * _CUT), at) if at is not None else None
    if at is not None and at >= len(text.text.rstrip()):
        what, expected = "it ends too early", names_of(meant[1].lower()) if meant else expected
    elif unknown and meant and at is not None:
        return text.no_such(meant[1].lower(), name, at)
    elif unknown:
        what, expected = f"no such column: {name}", columns or expected
        candidates = re.findall(r'"([^"]+)"', message.partition("Candidate bindings:")[2])
        near = get_close_matches(name, candidates, n=1)
    elif said.get("type") == "Table":
        what, expected = f"no such view: {name}", ", ".join(views) or "the columns of one event"
        near, hint = get_close_matches(name.lower(), views, n=1), "fwsim trace query RUN 'select * from events limit 3'"
    elif said.get("exception_type") == "Out of Range":
        hint = "compare the two, or widen one: value::hugeint"
    if near:
        hint = f"did you mean {near[0]}?"
    if at is None:
        return FwsimError(what, where=text.place.partition(",")[0], found=text.text.strip()[:_CUT], expected=expected,
                          hint=hint or text.hint)  # fmt: skip
    return text.error(what, at, expected, hint)


def _said(error: Exception) -> dict[str, str]:
    """The fields of an error that DuckDB says as JSON; of another, its text."""
    message = str(error)
    try:
        return dict(json.loads(message[message.find("{") :]))
    except (ValueError, TypeError):
        return {"exception_message": message.partition("Error: ")[2] or message}
