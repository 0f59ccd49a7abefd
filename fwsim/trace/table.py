"""Events become a table that others read: Parquet, CSV and JSON lines, written by DuckDB."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fwsim.errors import FwsimError
from fwsim.trace.describe import COLUMNS
from fwsim.trace.event import ENUMS, NAMES
from fwsim.trace.sql import by_name
from fwsim.trace.stream import EventStream

FORMATS = {"parquet": "FORMAT parquet, COMPRESSION zstd", "csv": "FORMAT csv, HEADER", "jsonl": "FORMAT json"}


def write_table(events: NDArray[np.void], path: Path, kind: str) -> None:
    """Write the events to ``path`` as ``kind`` (a key of ``FORMATS``): the columns by their names, enums and flags by
    name, flags joined by blanks. Raises FwsimError when it cannot be written.
    """
    import duckdb

    connection = duckdb.connect()
    try:
        connection.execute("SET memory_limit = '256MB'; SET preserve_insertion_order = true")
        connection.execute("SET temp_directory = ?", [str(path.parent)])
        target = str(path).replace("'", "''")
        connection.register("raw", EventStream(events, COLUMNS))
        connection.execute(f"COPY (SELECT {_selected()} FROM raw) TO '{target}' ({FORMATS[kind]})")
    except duckdb.Error as error:
        raise FwsimError(
            f"cannot write the {kind} file: {str(error).splitlines()[0]}", where=str(path.parent),
            hint="free space, or give --out on another file system",
        ) from None  # fmt: skip
    finally:
        connection.close()


def _selected() -> str:
    parts = []
    for name in COLUMNS:
        if name in ENUMS:
            parts.append(by_name(name))
        elif name == "flags":
            bits = ", ".join(f"CASE WHEN flags & {bit} <> 0 THEN '{flag}' END" for flag, bit in NAMES["flags"].items())
            parts.append(f"concat_ws(' ', {bits}) AS flags")
        else:
            parts.append(name)
    return ", ".join(parts)
