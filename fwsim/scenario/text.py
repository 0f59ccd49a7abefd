"""TOML text is checked against msgspec structs, takes overrides, and is written back from structs.

Knows nothing of any one scenario field: ranges and notations come with the field's annotation, as
``Meta(extra={"as": "hex" | "size" | "ns" | "path", "min": ..., "max": ...})``.
"""

import copy
import difflib
import json
import os
import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from fwsim.errors import FwsimError
from fwsim.units import format_size, parse_size

_S = TypeVar("_S", bound=msgspec.Struct)
_TIME = re.compile(r"([0-9][0-9_]*)\s*(ns|us|ms|s|m)?")
_TIME_UNITS = {"m": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_HINTS = {
    "a string": 'write it in quotes: "..."',
    "true or false": "write it without quotes",
    "a number": 'such as 0x209, 2048 or "64M"',
    "a list": 'such as ["a", "b"], or [[...]] for tables',
    "a table": "such as { ax = 0x005f }",
}
_KIND_NAMES = {str: "a string", bool: "a boolean", int: "a number", float: "a number with a point"}


def parse_time(value: str | int, where: str) -> int:
    """Nanoseconds from ``"300s"``, ``"5m"``, ``"20us"``; a bare number is milliseconds. Raises FwsimError."""
    match = _TIME.fullmatch(str(value).strip())
    if not match:
        raise FwsimError(
            "not a time", where=where, found=show(value), expected="a time in ns, us, ms, s or m", hint="such as 300s"
        )
    return int(match[1]) * _TIME_UNITS[match[2] or "ms"]


def format_time(ns: int) -> str:
    """``ns`` nanoseconds in the largest unit, up to seconds, that divides it."""
    for unit in ("s", "ms", "us"):
        if ns and ns % _TIME_UNITS[unit] == 0:
            return f"{ns // _TIME_UNITS[unit]}{unit}"
    return f"{ns}ns"


def _parse_number(value: str | int, where: str) -> int:
    try:
        return parse_size(value, where)
    except FwsimError as error:
        error.hint = error.hint or 'such as 0x209, 2048 or "64M"'
        raise


def show(value: object) -> str:
    """``value`` as its author wrote it in TOML, cut to one line."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "..."


def suggest(word: str, known: Iterable[str]) -> str:
    """``did you mean "x"?`` for the nearest of ``known``, or nothing when none is near."""
    near = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""


class Reader:
    """Checks parsed TOML against a struct type and turns its notations into plain values.

    ``where`` names the source in errors; ``base`` is the folder that relative paths start from (None: left alone).
    """

    def __init__(self, where: str, base: Path | None) -> None:
        self.where = where
        self.base = base

    def _at(self, path: str) -> str:
        return f"{self.where}: {path}" if path else self.where

    def _wrong_type(self, value: object, expected: str, path: str) -> FwsimError:
        if isinstance(value, list):
            found = "a list"
        elif isinstance(value, dict):
            found = "a table"
        else:
            found = f"{show(value)}, {_KIND_NAMES.get(type(value), 'a ' + type(value).__name__)}"
        hint = _HINTS.get(expected, "write what is expected")
        if expected == "a string" and type(value) in (int, float):
            hint = f'write it in quotes: "{value}"'
        return FwsimError("wrong type", where=self._at(path), found=found, expected=expected, hint=hint)

    def read(self, value: Any, kind: inspect.Type, path: str = "") -> Any:
        """``value`` as ``kind`` wants it. Raises FwsimError with the field's path for anything else."""
        extra: dict[str, Any] = {}
        while isinstance(kind, inspect.Metadata):
            extra |= kind.extra or {}
            kind = kind.type
        match kind:
            case inspect.StructType():
                return self._struct(value, kind, path)
            case inspect.IntType():
                return self._int(value, extra, path)
            case inspect.BoolType():
                return self._exactly(value, bool, "true or false", path)
            case inspect.StrType():
                text = self._exactly(value, str, "a string", path)
                return self._path(text, path) if extra.get("as") == "path" else text
            case inspect.LiteralType():
                return self._choice(value, [str(choice) for choice in kind.values], path)
            case inspect.VarTupleType():
                items = self._exactly(value, list, "a list", path)
                return [self.read(item, kind.item_type, f"{path}.{index}") for index, item in enumerate(items)]
            case inspect.DictType():
                table = self._exactly(value, dict, "a table", path)
                return {key: self.read(item, kind.value_type, f"{path}.{key}") for key, item in table.items()}
        return value  # of no notation of ours: msgspec says whether it is of the type

    def _exactly(self, value: Any, python: type, expected: str, path: str) -> Any:
        if type(value) is not python:
            raise self._wrong_type(value, expected, path)
        return value

    def _struct(self, value: Any, kind: inspect.StructType, path: str) -> dict[str, Any]:
        table: dict[str, Any] = self._exactly(value, dict, f"a table [{path}]", path)
        fields = {field.encode_name: field for field in kind.fields}
        prefix = f"{path}." if path else ""
        for key in table:
            if key not in fields:
                raise FwsimError(
                    "unknown key", where=self._at(prefix + key), found=key, expected="one of " + ", ".join(fields),
                    hint=self._owner(key, kind, path) or suggest(key, fields) or "remove it",
                )  # fmt: skip
        for key, field in fields.items():
            if field.required and key not in table:
                raise FwsimError(
                    "a key is missing", where=self._at(prefix + key), found="nothing",
                    expected=", ".join(name for name, each in fields.items() if each.required), hint=f"give {key}",
                )  # fmt: skip
        return {key: self.read(item, fields[key].type, prefix + key) for key, item in table.items()}

    def _owner(self, key: str, kind: inspect.StructType, path: str) -> str:
        """``put it under [host]`` for a key at the top that is a field of one of the tables; "" for another."""
        if path:
            return ""
        for table in kind.fields:
            inner = table.type.item_type if isinstance(table.type, inspect.VarTupleType) else table.type
            if isinstance(inner, inspect.StructType) and key in {field.encode_name for field in inner.fields}:
                name = table.encode_name
                return f"put it under {f'[{name}]' if inner is table.type else f'[[{name}]]'}"
        return ""

    def _int(self, value: Any, extra: dict[str, Any], path: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise self._wrong_type(value, "a time such as 300s" if extra.get("as") == "ns" else "a number", path)
        if isinstance(value, str) and value.startswith("-"):
            number = -1
        else:
            number = (parse_time if extra.get("as") == "ns" else _parse_number)(value, self._at(path))
        low, high = extra.get("min", 0), extra.get("max", (1 << 63) - 1)
        if not low <= number <= high:
            notation = extra.get("as", "")
            raise FwsimError(
                "out of range", where=self._at(path), found=_as_found(value, number, notation),
                expected=f"{format_number(low, notation)} to {format_number(high, notation)}", hint="correct the value",
            )  # fmt: skip
        return number

    def _choice(self, value: Any, choices: Sequence[str], path: str) -> str:
        if isinstance(value, bool) and "on" in choices:
            return "on" if value else "off"
        if not isinstance(value, str):
            raise self._wrong_type(value, "a string", path)
        if value not in choices:
            raise FwsimError(
                "unknown value", where=self._at(path), found=show(value), expected="one of " + ", ".join(choices),
                hint=suggest(value, choices) or "choose one of these",
            )  # fmt: skip
        return value

    def _path(self, text: str, path: str) -> str:
        if "\0" in text:
            raise FwsimError(
                "not a file name",
                where=self._at(path),
                found=show(text),
                expected="a path without NUL",
                hint="correct it",
            )
        if not text or self.base is None:
            return text
        return os.path.abspath(self.base / Path(text).expanduser())


def read_struct(table: dict[str, Any], kind: type[_S], where: str, base: Path | None) -> _S:
    """A ``kind`` from a parsed TOML document; errors name ``where`` and the field."""
    plain = Reader(where, base).read(table, _described(kind))
    try:
        return msgspec.convert(plain, kind, strict=False)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$.")
        at = f"{where}: {path.rstrip('`')}" if path else where
        raise FwsimError("not of the field's type", where=at, found=what, hint="correct the field it names") from None


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """The tables of a TOML text. Raises FwsimError with line and column."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FwsimError(
            f"not valid TOML: {error}", where=where, found=_line_of(text, str(error)),
            expected='lines such as [host], bdsm = 0xdba00000 or kind = "qemu"',
            hint="text values need quotes; a table starts with [name]; no key stands twice",
        ) from None  # fmt: skip


def _line_of(text: str, message: str) -> str:
    """The line that tomllib's ``message`` complains of, at most 80 characters of it; "" when it is empty."""
    lines = text.splitlines() or [""]
    match = re.search(r"at line (\d+)", message)
    number = min(int(match[1]), len(lines)) if match else len(lines)
    line = "".join(each if each.isprintable() else " " for each in lines[number - 1]).strip()
    return f"line {number}: {line[:80]}" if line else ""


def with_overrides(table: dict[str, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """A copy of ``table`` with each ``PATH=VALUE`` of the command line set; list elements are ``call.0.ax``.

    VALUE is taken as text (numbers in any base, sizes); ``true``, ``false`` and TOML lists, tables and quoted strings
    mean themselves. Raises FwsimError for a malformed assignment, or a list element past the next free one.
    """
    result = copy.deepcopy(table)
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        keys = path.strip().split(".")
        if not equals or not all(keys):
            raise FwsimError(
                "not an assignment",
                where=f"--set {assignment}",
                expected="PATH=VALUE",
                hint="such as --set host.bdsm=0xdba00000",
            )
        _assign(result, keys, override_value(text.strip(), f"--set {assignment}"), assignment)
    return result


def override_value(text: str, assignment: str) -> Any:
    """The value that ``text`` stands for: see ``with_overrides``. ``assignment`` names it in errors."""
    if text in ("true", "false"):
        return text == "true"
    if text[:1] in ('"', "'", "[", "{"):
        return parse_toml(f"value = {text}", assignment)["value"]
    return text


def _assign(container: Any, keys: list[str], value: Any, assignment: str) -> None:
    for depth, key in enumerate(keys):
        last = depth == len(keys) - 1
        empty: Any = None if last else [] if _is_index(keys[depth + 1]) else {}
        if isinstance(container, list):
            if not _is_index(key) or int(key) > len(container):
                raise FwsimError(
                    "no such list element", where=f"--set {assignment}", found=key, expected=f"0 to {len(container)}",
                    hint="elements count from 0; the one after the last is appended",
                )  # fmt: skip
            if int(key) == len(container):
                container.append(empty)
            slot: Any = int(key)
        elif isinstance(container, dict):
            slot = key
            container.setdefault(key, empty)
        else:
            raise FwsimError(
                f"{'.'.join(keys[:depth])} is a value, not a table", where=f"--set {assignment}",
                found=show(container), hint="set a field of a table, such as host.bdsm",
            )  # fmt: skip
        if last:
            container[slot] = value
        container = container[slot]


def _is_index(key: str) -> bool:
    return key.isdecimal() and len(key) <= 2  # int15 leaves are four digits


def _as_found(value: object, number: int, notation: str) -> str:
    """A number as its author wrote it; one whose base TOML has not kept, in its field's notation too."""
    shown = show(value)
    return f"{shown} ({number:#x})" if notation == "hex" and isinstance(value, int) and number > 9 else shown


def format_number(number: int, notation: str) -> str:
    """``number`` in the notation of its field: hex, size, ns (a time), or decimal."""
    if notation == "hex":
        return f"{number:#x}"
    if notation == "size":
        return format_size(number)
    return format_time(number) if notation == "ns" else str(number)


def write_struct(struct: msgspec.Struct) -> str:
    """``struct`` as a TOML document with every field written out, in the order of its definition."""
    lines: list[str] = []
    _write_table(struct, "", lines)
    return "\n".join(lines).strip("\n") + "\n"


def _write_table(struct: msgspec.Struct, path: str, lines: list[str]) -> None:
    kind = _described(type(struct))
    assert isinstance(kind, inspect.StructType)
    nested: list[tuple[str, Any]] = []
    for field in kind.fields:
        value = getattr(struct, field.name)
        if _is_nested(value):
            nested.append((f"{path}.{field.encode_name}" if path else field.encode_name, value))
        else:
            lines.append(f"{field.encode_name} = {_literal(value, _notation(field.type))}")
    for name, value in nested:
        if isinstance(value, tuple):
            for item in value:
                lines += ["", f"[[{name}]]"]
                _write_table(item, name, lines)
        elif isinstance(value, dict):
            lines += ["", f"[{name}]"]
            lines += [f"{_literal(key, '')} = {_literal(item, 'hex')}" for key, item in value.items()]
        else:
            lines += ["", f"[{name}]"]
            _write_table(value, name, lines)


def _is_nested(value: object) -> bool:
    if isinstance(value, tuple):
        return bool(value) and isinstance(value[0], msgspec.Struct)
    return isinstance(value, msgspec.Struct | dict)


@cache
def _described(kind: type) -> inspect.Type:
    return inspect.type_info(kind)


def _notation(kind: inspect.Type) -> str:
    return str((kind.extra or {}).get("as", "")) if isinstance(kind, inspect.Metadata) else ""


def _literal(value: Any, notation: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        text = format_number(value, notation)
        return f'"{text}"' if not text[-1].isalnum() or (notation in ("size", "ns") and not text.isdecimal()) else text
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_literal(item, notation)}" for key, item in value.items()) + " }"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_literal(item, notation) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
