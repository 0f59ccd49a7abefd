"""A query's answer is shown as a table of 80 columns where it fits, as CSV, or as one JSON document."""

import csv
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain, islice
from typing import Any

import msgspec

from fwsim.registers.core import decode as decode_fields
from fwsim.registers.database import name_of, registers
from fwsim.registers.variants import selected
from fwsim.trace.query import Answer, Name

_HEX = frozenset(
    ("cs", "ip", "address", "value", "aux", "reg", "offset", "index", "entry", "target", "rom_entry", "page", "vector",
     "ax", "bx", "cx", "dx")
)  # fmt: skip
_INNER = re.compile(r'^(?:min|max|any_value|first|last)\((?:\w+\.)?"?(\w+)"?\)$')
_SIZED = 1000
"""Rows that a table's column widths are made from; later ones stick out where they are wider."""


def register_names(cpu: str | None, *, igd: bool = True) -> Iterator[Name]:
    """Each byte of each register of the host's ``cpu`` in ports, configuration and BAR0."""
    chosen = selected(cpu)
    seen: set[tuple[str, int]] = set()
    for register in registers():
        if register.space not in ("port", "pci", "mmio") or (not igd and register.function in ("igd",)):
            continue
        if not igd and register.space == "mmio":
            continue
        for place in register.places:
            if not place.families & chosen:
                continue
            name = f"{register.name}_{place.label}" if place.label else register.name
            for byte in range(register.width):
                key = (register.space, place.address + byte)
                if key not in seen:
                    seen.add(key)
                    yield (*key, name, byte)


def decoder(cpu: str | None) -> Any:
    """The SQL function decode(space, address, value): the register's fields in words, "" where none is known."""

    def decode(space: str, address: int, value: int) -> str:
        return fields_text(cpu, space, address, value)

    return decode


def fields_text(cpu: str | None, space: str, address: int, value: int) -> str:
    """The fields of ``value`` that are not 0, in words; "" where no register is known, or none is set."""
    found = name_of(space, address, cpu)
    if found is None:
        return ""
    shift = 8 * (address - found.address)
    fields = decode_fields(found, value << shift)
    return ", ".join(f"{row.field}={row.value:#x} ({row.meaning})" for row in fields if row.value)


def table_lines(answer: Answer) -> Iterator[str]:
    """A heading and a line a row, columns as wide as the first rows need; addresses and values in hex."""
    rows = (tuple(_cell(n, v) for n, v in zip(answer.columns, row, strict=True)) for row in answer.rows)
    first = list(islice(rows, _SIZED))
    widths = [max(map(len, column)) for column in zip(answer.columns, *first, strict=True)]
    count = 0
    for row in chain([tuple(answer.columns)], first, rows):
        count += 1
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    if count == 1:
        yield "no rows"


def _cell(column: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool) and _INNER.sub(r"\1", column.lower()) in _HEX:
        return f"{value:#x}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).replace("\n", " ")


def csv_lines(answer: Answer) -> Iterator[str]:
    """A heading and a line a row, integers in decimal."""
    for row in chain([tuple(answer.columns)], answer.rows):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(row)
        yield line.getvalue()


def json_lines(answer: Answer) -> Iterator[str]:
    """One JSON document, ``{"columns": [...], "rows": [{...}]}``, a row a line."""
    yield f'{{"columns": {msgspec.json.encode(answer.columns).decode()}, "rows": ['
    comma = ""
    for row in answer.rows:
        yield comma + msgspec.json.encode(dict(zip(answer.columns, map(_plain, row), strict=True))).decode()
        comma = ","
    yield "]}"


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value) if value % 1 else int(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
