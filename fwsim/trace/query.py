"""What does SQL say about events? DuckDB on the memory-mapped columns, with views: nothing is copied or written."""

import re
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fwsim.errors import FwsimError
from fwsim.trace.event import ENUMS, EVENT, Flag

Name = tuple[str, int, str, int]
"""(space, address, register's name, offset in it)."""
VIEWS: dict[str, str] = {
    "events": "every event, enums by name, a column a flag",
    "accesses": "reads and writes of ports, configuration and registers, with the register's name",
    "config": "configuration accesses: bdf, reg (the offset), register",
    "mmio": "accesses of BAR0's registers, with the register's name",
    "gtt": "GTT accesses: offset, index as in the index port, entry, target (its page), valid; rom_entry: the ROM's",
    "faults": "what the IOMMU refused: page, reason",
    "interrupts": "INT calls and returns: vector, ax, bx, cx, dx",
    "registers": "what is called how on the run's host: space, address (of each byte), register, byte",
}
"""The views with what a row of each is."""
_BASE = "run, seq, time_ns, actor, cs, ip, space, op, width, address, value, aux, flags"
_AT_CODE = "run, seq, time_ns, actor, cs, ip, op"
_FLAGS = ", ".join(flag.name.lower() for flag in Flag if flag.name)
_JOIN = "left join registers r using (run, space, address)"
_DEFINITIONS = {
    "accesses": f"select e.*, register from events e {_JOIN} where op in ('read', 'write') "
    "and space in ('port', 'pci', 'mmio')",
    "config": f"select {_AT_CODE}, width, printf('%02x:%02x.%d', address >> 20, address >> 15 & 31, address >> 12 & 7) "
    f"as bdf, address & 4095 as reg, register, value, aux, flags, {_FLAGS} from events e {_JOIN} where space = 'pci'",
    "mmio": f"select {_AT_CODE}, address, register, value, aux, flags, {_FLAGS} from events e {_JOIN} "
    "where space = 'mmio'",
    "gtt": f'select {_AT_CODE}, address as "offset", address | 1 as index, value as entry, '
    f"value & 4294963200 as target, value & 1 = 1 as valid, aux as rom_entry, flags, {_FLAGS} "
    "from events where space = 'gtt'",
    "faults": "select run, seq, time_ns, address as page, value as reason from events where space = 'iommu'",
    "interrupts": f"select {_AT_CODE}, address as vector, value & 65535 as ax, value >> 16 & 65535 as bx, "
    "value >> 32 & 65535 as cx, value >> 48 as dx, aux, flags from events where space = 'interrupt'",
}
_PLACE = re.compile(r"\n*LINE (\d+): (.*)\n( *)\^")
_NO_TABLE = re.compile(r"(?:Table|View) with name (\S+) does not exist")
_NO_COLUMN = re.compile(r'column "([^"]+)"|named "([^"]+)"')


class Source(NamedTuple):
    """One run to ask: what it is called in the ``run`` column, its events, and its registers' names."""

    name: str
    events: NDArray[np.void]
    names: Iterable[Name]


class Answer(NamedTuple):
    """Columns, and the rows as they come."""

    columns: list[str]
    rows: Iterator[tuple[Any, ...]]


def ask(sources: list[Source], sql: str, decode: Callable[[str, int, int], str] | None = None) -> Answer:
    """The answer to ``sql``, one SELECT over ``VIEWS``. Raises FwsimError that points at what is wrong with it.

    ``decode`` becomes the SQL function decode(space, address, value).
    """
    import duckdb

    try:
        # with the temporary directory empty a query that needs too much memory fails, and fills no disk
        connection = duckdb.connect(":memory:", config={"enable_external_access": "false", "temp_directory": ""})
        _prepare(connection, sources, sql, decode)
        statements = connection.extract_statements(sql)
        kinds = [str(statement.type).rpartition(".")[2] for statement in statements]
        if kinds not in (["SELECT"], ["EXPLAIN"]):
            raise FwsimError(
                "one SELECT is wanted", where="SQL", found=", ".join(kinds) or "nothing",
                expected="select ... from " + " | ".join(VIEWS), hint="such as: select * from gtt limit 3",
            )  # fmt: skip
        connection.execute(sql)
        columns = [column[0] for column in connection.description or []]
    except duckdb.Error as error:
        raise _explained(str(error), sql) from None
    return Answer(columns, _rows(connection, sql))


def _rows(connection: Any, sql: str) -> Iterator[tuple[Any, ...]]:
    import duckdb

    try:
        while batch := connection.fetchmany(4096):
            yield from batch
    except duckdb.Error as error:
        raise _explained(str(error), sql) from None


def _prepare(connection: Any, sources: list[Source], sql: str, decode: Callable[[str, int, int], str] | None) -> None:
    for number, source in enumerate(sources):
        columns = {name: np.asarray(source.events[name]) for name in EVENT.names or ()}
        connection.register(f"raw_{number}", columns)
    _make_types(connection, sources, re.search(r"\b(accesses|config|mmio|registers)\b", sql, re.I) is not None)
    parts = [f"select {_text(source.name)}::runs as run, * from raw_{n}" for n, source in enumerate(sources)]
    flags = ", ".join(f"flags & {int(flag)} > 0 as {flag.name.lower()}" for flag in Flag if flag.name)
    raw = _BASE
    for column, kind in ENUMS.items():
        cases = " ".join(f"when {int(member)} then '{member.name.lower()}'::{column}s" for member in kind)
        raw = raw.replace(f" {column},", f" case {column} {cases} end as {column},")
    connection.execute(f"create view events as select {raw}, {flags} from ({' union all '.join(parts)})")
    for view, definition in _DEFINITIONS.items():
        connection.execute(f"create view {view} as {definition}")
    if decode:
        connection.create_function("decode", decode, ["VARCHAR", "UBIGINT", "UBIGINT"], "VARCHAR")
    connection.execute("set lock_configuration = true")


def _make_types(connection: Any, sources: list[Source], named: bool) -> None:
    """Enums for what repeats: they group and join as numbers do. ``named``: the query needs the registers' names."""
    names = dict.fromkeys(source.name for source in sources)
    connection.execute(f"create type runs as enum ({','.join(map(_text, names))})")
    for column, kind in ENUMS.items():
        connection.execute(f"create type {column}s as enum ({','.join(_text(each.name.lower()) for each in kind)})")
    columns = "run runs, space spaces, address ubigint, register {}, byte int"
    connection.execute(f"create table named ({columns.format('varchar')})")
    for source in sources if named else []:
        rows = list(source.names)
        table: dict[str, NDArray[Any]] = {
            "space": np.array([row[0] for row in rows], dtype=object),
            "address": np.array([row[1] for row in rows], dtype=np.uint64),
            "register": np.array([f"{row[2]}+{row[3]}" if row[3] else row[2] for row in rows], dtype=object),
            "byte": np.array([row[3] for row in rows], dtype=np.int32),
        }
        connection.register("names_in", table)
        connection.execute(f"insert into named select {_text(source.name)}, * from names_in")
        connection.unregister("names_in")
    connection.execute("create type names as enum (select distinct register from named)" if named else
                       "create type names as enum ('')")  # fmt: skip
    connection.execute(f"create table registers ({columns.format('names')})")
    connection.execute("insert into registers select distinct on (run, space, address) * from named")
    connection.execute("drop table named")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _explained(message: str, sql: str) -> FwsimError:
    """DuckDB's message with the place it points at as fwsim says it, and the nearest name."""
    what, where, found = message, "SQL", sql.strip()
    place = _PLACE.search(message)
    if place:
        what = message[: place.start()]
        line, excerpt = int(place[1]), place[2]
        prefix = len(f"LINE {line}: ")
        shown = len(place[3]) - prefix
        lines = sql.splitlines() or [""]
        text = lines[min(line, len(lines)) - 1]
        inner = excerpt.strip(".")
        column = shown - excerpt.find(inner) + max(0, text.find(inner))
        where = f"SQL, line {line}, column {column + 1}"
        found = f"{excerpt}\n{' ' * (9 + shown)}^"
    what = what.splitlines()[0] if what else "the query failed"
    what = re.sub(r"^\w+ Error: ", "", what).rstrip("!. ")
    table = _NO_TABLE.search(message)
    if table:
        near = get_close_matches(table[1].lower(), VIEWS, n=1)
        return FwsimError(
            f"no such view: {table[1]}", where=where, found=found, expected=", ".join(VIEWS),
            hint=f"did you mean {near[0]}?" if near else "select * from events limit 3",
        )  # fmt: skip
    candidates = re.search(r"Candidate bindings: (.*)", message)
    hint = "describe a view: select * from VIEW limit 1"
    wanted = _NO_COLUMN.search(message)
    if candidates:
        names = re.findall(r'"([^"]+)"', candidates[1])
        near = get_close_matches((wanted[1] or wanted[2]) if wanted else "", names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"columns there: {', '.join(names)}"
    return FwsimError(what, where=where, found=found, expected="DuckDB's SQL over " + ", ".join(VIEWS), hint=hint)
