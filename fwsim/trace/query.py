"""SQL is asked of events by DuckDB on the memory-mapped columns, with views: nothing is copied or written."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fwsim.errors import FwsimError
from fwsim.trace.event import EVENT, NAMES
from fwsim.trace.shorthand import Shorthand
from fwsim.trace.sql import SHOWN, connect, explained

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
_AT_CODE = "run, seq, time_ns, actor, cs, ip, op"
_FLAGS = ", ".join(NAMES["flags"])
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
_EXPECTED = "DuckDB's SQL over " + ", ".join(VIEWS)


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
    """The answer to ``sql``, one SELECT over ``VIEWS`` in an event's own words (``Shorthand``).

    ``decode`` becomes the SQL function decode(space, address, value). Raises FwsimError that points at what is wrong.
    """
    import duckdb

    text = Shorthand(sql, "SQL, line {line}, column {column}", "describe a view: select * from VIEW limit 1")
    try:
        connection = connect()
        _prepare(connection, sources, sql, decode)
        statements = connection.extract_statements(text.sql)
        kinds = [str(statement.type).rpartition(".")[2] for statement in statements]
        if kinds not in (["SELECT"], ["EXPLAIN"]):
            raise FwsimError(
                "one SELECT is wanted", where="SQL", found=", ".join(kinds) or "nothing",
                expected="select ... from " + " | ".join(VIEWS), hint="such as: select * from gtt limit 3",
            )  # fmt: skip
        connection.execute(text.sql)
        columns = [column[0] for column in connection.description or []]
    except duckdb.Error as error:
        raise explained(error, text, expected=_EXPECTED, views=tuple(VIEWS)) from None
    return Answer(columns, _rows(connection, text))


def _rows(connection: Any, text: Shorthand) -> Iterator[tuple[Any, ...]]:
    import duckdb

    try:
        while batch := connection.fetchmany(4096):
            yield from batch
    except duckdb.Error as error:
        raise explained(error, text, expected=_EXPECTED, views=tuple(VIEWS)) from None


def _prepare(connection: Any, sources: list[Source], sql: str, decode: Callable[[str, int, int], str] | None) -> None:
    for number, source in enumerate(sources):
        columns = {name: np.asarray(source.events[name]) for name in EVENT.names or ()}
        connection.register(f"raw_{number}", columns)
    _name_registers(connection, sources, re.search(r"\b(accesses|config|mmio|registers)\b", sql, re.I) is not None)
    parts = [f"select {_text(source.name)}::runs as run, * from raw_{n}" for n, source in enumerate(sources)]
    connection.execute(f"create view events as select run, {SHOWN} from ({' union all '.join(parts)})")
    for view, definition in _DEFINITIONS.items():
        connection.execute(f"create view {view} as {definition}")
    if decode:
        connection.create_function("decode", decode, ["VARCHAR", "UBIGINT", "UBIGINT"], "VARCHAR")


def _name_registers(connection: Any, sources: list[Source], named: bool) -> None:
    """Enums for what repeats: they group and join as numbers do. ``named``: the query needs the registers' names."""
    names = dict.fromkeys(source.name for source in sources)
    connection.execute(f"create type runs as enum ({','.join(map(_text, names))})")
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
