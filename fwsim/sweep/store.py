"""A sweep's rows come as a part for each piece of work, JSON lines in gzip, and are one Parquet file at the end.

Who makes rows packs them: one process keeps the parts of all, and only moves bytes. A part is written beside and then
renamed, so a sweep that is killed keeps whole parts only, and goes on after them.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import shutil
import signal
import threading
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from fwsim.errors import FwsimError
from fwsim.sweep.cell import Row, columns
from fwsim.sweep.matrix import Matrix

STATE, PARTS, ROWS = "sweep.json", "parts", "rows.parquet"
_PART = ".json.gz"
_OURS = {STATE, PARTS, ROWS, "heatmap.png"}
_MEMORY = "SET threads = 1; SET memory_limit = '256MB'; SET preserve_insertion_order = true"


def packed(rows: Sequence[Row]) -> bytes:
    """``rows`` as a part has them; such texts one behind the other are one as well."""
    return gzip.compress(msgspec.json.Encoder().encode_lines(rows), compresslevel=1, mtime=0)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C waits: a part is whole or not there, and DuckDB, imported or at work, makes errors of its own of it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)


class Store:
    """A sweep's folder. ``done`` holds the numbers of the pieces of work that need not be done again."""

    def __init__(self, path: Path, matrix: Matrix) -> None:
        self.path = path
        self.matrix = matrix
        self.done: set[int] = set()

    @classmethod
    def open(cls, path: Path, matrix: Matrix, force: bool = False) -> Store:
        """A new folder, or that of the same sweep to go on with. Raises FwsimError for any other folder."""
        store = cls(path, matrix)
        with _uninterrupted():
            _connection()  # needed when everything is done: who lacks DuckDB hears of it before
        if path.exists() or path.is_symlink():
            store._take_up(force)
        try:
            (path / PARTS).mkdir(parents=True, exist_ok=True)
            (path / STATE).write_text(json.dumps({"matrix": matrix.digest, "cells": matrix.cells}) + "\n")
            for left in (path / PARTS).glob(".*"):
                left.unlink()
        except OSError as error:
            raise _failed(path, error) from None
        store.done = {int(part.name.removesuffix(_PART)) for part in (path / PARTS).glob(f"*{_PART}")}
        if store.rows.exists():
            store.done = set(range(matrix.chunks))
        return store

    @property
    def rows(self) -> Path:
        """The file with every row."""
        return self.path / ROWS

    def _take_up(self, force: bool) -> None:
        """The same sweep goes on; of another one the folder is replaced by ``force`` only, anything else never."""
        path = self.path
        if path.is_symlink() or not path.is_dir():
            raise FwsimError("not a folder", where=str(path), expected="a sweep's folder", hint="give another --out")
        names = {entry.name for entry in path.iterdir()}
        if not names:
            return
        state: Any = None
        with contextlib.suppress(OSError, ValueError):
            state = json.loads((path / STATE).read_bytes())
        if not isinstance(state, dict) or names - _OURS:
            foreign = sorted(names - _OURS) or [STATE + " cannot be read"]
            raise FwsimError(
                "the folder is not a sweep's", where=str(path), found=foreign[0], expected=f"a folder with {STATE}",
                hint="give another --out",
            )  # fmt: skip
        if state.get("matrix") == self.matrix.digest and not force:
            return
        if not force:
            raise FwsimError(
                "the folder holds another sweep", where=str(path), found="another matrix, ROM or version of fwsim",
                expected="the same sweep, to go on with it", hint="give another --out, or --force to replace it",
            )  # fmt: skip
        for name in names:
            entry = path / name
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    @_uninterrupted()
    def write(self, number: int, part: bytes) -> None:
        """Keep the packed rows of a piece of work. Raises FwsimError when the disk is full."""
        made = self.path / PARTS / f".{number:06d}{_PART}"
        try:
            made.write_bytes(part)
            made.rename(made.with_name(made.name[1:]))
        except OSError as error:
            raise _failed(self.path, error) from None
        self.done.add(number)

    @_uninterrupted()
    def finish(self) -> None:
        """Every row into one file, in the order of the cells; the parts go."""
        if self.rows.exists():
            return
        made = self.path / PARTS / ".rows.parquet"
        types = ", ".join(f"'{name}': '{kind}'" for name, kind in columns(self.matrix).items())
        # one after the other as they are numbered: to sort a million rows takes twice the memory and the time
        parts = sorted((self.path / PARTS).glob(f"*{_PART}"), key=lambda part: int(part.name.removesuffix(_PART)))
        read = f"[{', '.join(map(_quoted, parts))}], format = 'newline_delimited', columns = {{{types}}}"
        query = f"SELECT * FROM read_json({read})"
        _execute(f"COPY ({query}) TO {_quoted(made)} (FORMAT parquet, COMPRESSION zstd)", self.path)
        try:
            made.rename(self.rows)
            shutil.rmtree(self.path / PARTS)
        except OSError as error:
            raise _failed(self.path, error) from None

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Rows of an SQL query over the table ``rows``."""
        view = f"CREATE OR REPLACE TEMP VIEW rows AS SELECT * FROM read_parquet({_quoted(self.rows)})"
        return _execute(text, self.path, view)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


@cache
def _connection() -> Any:
    """One for the process: to open one takes as long as a hundred placements."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(_MEMORY)
    return connection


@_uninterrupted()
def _execute(text: str, where: Path, before: str = "") -> list[tuple[Any, ...]]:
    import duckdb

    try:
        connection = _connection()
        if before:
            connection.execute(before)
        rows: list[tuple[Any, ...]] = connection.execute(text).fetchall()
        return rows
    except duckdb.IOException as error:
        first = str(error).splitlines()[0]
        raise FwsimError(f"cannot write the rows: {first}", where=str(where), hint="free space; the sweep goes on "
                         "where it was") from None  # fmt: skip


def _failed(path: Path, error: OSError) -> FwsimError:
    return FwsimError(
        f"cannot write the sweep: {error.strerror or error}", where=str(path),
        hint="free space, or give another --out; the same command goes on where it was",
    )  # fmt: skip
