"""A matrix stands for configurations: its axes, how many cells they make, and the cell of a number."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from math import prod
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from fwsim import __version__
from fwsim.board.pc import MACHINES
from fwsim.errors import FwsimError
from fwsim.firmware.allocators import allocator
from fwsim.firmware.fake_bar import GUESTS, HOLDERS
from fwsim.firmware.ovmf_options import DRIVERS
from fwsim.placement.ask import ACCELS, SWITCH, Ask, cpu_of, parse_bars
from fwsim.scenario.text import parse_toml, show, suggest
from fwsim.units import parse_size

LIMIT = 10_000_000
"""Cells of the largest matrix."""
CHUNK = {"placement": 500, "run": 20}
"""Cells of one piece of work: a killed sweep loses this much for each worker."""
_KEYS = ("kind", "scenario", "set", "skip")
_RANGE = ("from", "to", "step", "times")
_LISTS = ("call", "display", "bars", "firmware.drivers")
"""Fields that are lists themselves: they take a list of lists."""
OPTION = "options."
"""How a placement's axis of an allocator's option begins."""
_MOST_CALLS = 64
"""The largest number in such a path as ``call.3.ax`` is one less."""
_WORDS = {"machine": MACHINES, "driver": DRIVERS, "holder": HOLDERS, "guest": GUESTS, "accel": ACCELS, "legacy": SWITCH}


class Axis(Struct, frozen=True, dict=True):
    """One field and the values it takes."""

    name: str
    values: Sequence[Any]

    @cached_property
    def plain(self) -> Sequence[Any]:
        """A number for each value that stands for one; any other as it is."""
        return self.values if isinstance(self.values, range) else tuple(plain_of(value) for value in self.values)

    @cached_property
    def labels(self) -> Sequence[int | str]:
        """The values as a table shows them: all numbers, or all text."""
        if isinstance(self.values, range) or all(isinstance(value, int) for value in self.plain):
            return self.plain
        return tuple(value if isinstance(value, str) else json.dumps(value) for value in self.values)


class Matrix(Struct, frozen=True, dict=True, eq=False):
    """A sweep: ``axes`` in the order of the columns, the last one varies fastest; ``skip`` what is left out."""

    kind: str
    axes: tuple[Axis, ...]
    skip: tuple[dict[str, tuple[Any, ...]], ...]
    base: dict[str, Any]
    folder: str
    where: str

    @property
    def cells(self) -> int:
        """Combinations, those left out included."""
        return prod(len(axis.values) for axis in self.axes)

    @property
    def chunks(self) -> int:
        """Pieces of work."""
        return -(-self.cells // CHUNK[self.kind])

    def chunk(self, number: int) -> list[int]:
        """The cells of a piece of work."""
        size = CHUNK[self.kind]
        cells = range(number * size, min((number + 1) * size, self.cells))
        return [cell for cell in cells if not self._skipped(self.at(cell))] if self.skip else list(cells)

    @property
    def shares_posts(self) -> bool:
        """Whether there are neighbours that differ in nothing that a POST sees."""
        return any(_after_post(axis.name) and len(axis.values) > 1 for axis in self.axes)

    def at(self, cell: int) -> tuple[int, ...]:
        """The position on each axis of cell number ``cell``."""
        return tuple(cell // below % count for below, count in self._strides)

    @cached_property
    def _strides(self) -> list[tuple[int, int]]:
        """For each axis how many cells there are to its next value, and how many values."""
        counts = [len(axis.values) for axis in self.axes]
        return [(prod(counts[number + 1 :]), count) for number, count in enumerate(counts)]

    def values(self, cell: int) -> dict[str, Any]:
        """Field to value."""
        return {axis.name: axis.values[place] for axis, place in zip(self.axes, self.at(cell), strict=True)}

    def labels(self, cell: int) -> dict[str, int | str]:
        """Field to what the table shows."""
        return {axis.name: axis.labels[place] for axis, place in zip(self.axes, self.at(cell), strict=True)}

    def _skipped(self, at: tuple[int, ...]) -> bool:
        now = {axis.name: axis.plain[place] for axis, place in zip(self.axes, at, strict=True)}
        return any(all(now[name] in wanted for name, wanted in rule.items()) for rule in self.skip)

    @cached_property
    def digest(self) -> str:
        """What tells this sweep from every other: the matrix, what its files hold, and this version."""
        state = hashlib.sha256()
        skip = [{name: list(wanted) for name, wanted in rule.items()} for rule in self.skip]
        axes = [
            [axis.name, str(axis.values) if isinstance(axis.values, range) else list(axis.values)] for axis in self.axes
        ]
        state.update(json.dumps([__version__, self.kind, self.base, axes, skip], sort_keys=True).encode())
        for text in _texts([self.base, *(axis.values for axis in self.axes)]):
            path = Path(self.folder, text).expanduser()
            if path.is_file():  # a ROM, an EDID, an OpRegion
                state.update(path.read_bytes())
        return state.hexdigest()

    def files(self, field: str) -> list[str]:
        """The files that ``field``, such as rom.file, names."""
        table, _, key = field.partition(".")
        named = self.base.get(table, {})
        found = [named[key]] if isinstance(named, dict) and isinstance(named.get(key), str) and named[key] else []
        return found + [str(value) for axis in self.axes if axis.name == field for value in axis.values]

    @cached_property
    def machines(self) -> frozenset[str]:
        """The guests' machines that its runs have."""
        axis = next((axis for axis in self.axes if axis.name in ("guest", "guest.machine")), None)
        cells = [{axis.name: value} for value in axis.values] if axis else [{}]
        tables = [table_of(self, self.values(0) | cell).get("guest") for cell in cells]
        return frozenset(str(each.get("machine", "pc")) if isinstance(each, dict) else "pc" for each in tables)


def _texts(value: Any) -> Iterable[str]:
    """Every text in it that may be a file's name."""
    if isinstance(value, str):
        if 0 < len(value) < 256 and "\0" not in value:
            yield value
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def plain_of(value: Any) -> Any:
    """A number for whatever stands for one; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return json.dumps(value)
    try:
        return parse_size(value)
    except FwsimError:
        return value


def load(path: Path) -> Matrix:
    """The matrix in the TOML file ``path``. Raises FwsimError for what no sweep can be, before anything is run."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise FwsimError(f"cannot read the matrix: {why}", where=str(path), hint="name a .toml file") from None
    return read(parse_toml(text, str(path)), str(path), path.absolute().parent)


def read(table: dict[str, Any], where: str, folder: Path) -> Matrix:
    """The matrix of a parsed TOML text."""
    for key in table:
        if key not in _KEYS:
            raise FwsimError(
                "unknown key", where=f"{where}: {key}", found=key, expected=", ".join(_KEYS),
                hint=suggest(key, _KEYS) or "fields stand under [set]",
            )  # fmt: skip
    kind = table.get("kind", "placement")
    if kind not in CHUNK:
        raise FwsimError(
            "unknown kind", where=f"{where}: kind", found=show(kind), expected="placement or run",
            hint=suggest(str(kind), CHUNK) or 'kind = "placement" runs no ROM',
        )  # fmt: skip
    base, folder = _base(table, kind, where, folder)
    wanted = table.get("set", {})
    if not isinstance(wanted, dict) or not wanted:
        raise FwsimError(
            "a matrix without fields", where=f"{where}: set", found=show(wanted), expected="a table [set] of fields",
            hint='such as ram = ["1G", "2G"]',
        )  # fmt: skip
    flat = dict(_flatten(wanted, ""))
    if kind == "placement":
        flat = {name.replace("-", "_"): value for name, value in flat.items()}
    axes = _axes(flat, kind, where)
    matrix = Matrix(kind, axes, _skip(table.get("skip", []), axes, where), base, str(folder), where)
    _check(matrix)
    return matrix


def _base(table: dict[str, Any], kind: str, where: str, folder: Path) -> tuple[dict[str, Any], Path]:
    """The scenario that the cells start from, and the folder its files are relative to."""
    name = table.get("scenario")
    if name is None:
        return {}, folder
    if kind == "placement" or not isinstance(name, str):
        raise FwsimError(
            "a scenario is for runs", where=f"{where}: scenario", found=show(name), expected='kind = "run", and a file',
            hint="remove one of them",
        )  # fmt: skip
    path = folder / name
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FwsimError("cannot read the scenario", where=f"{where}: scenario", found=f"{path}: {error}") from None
    return parse_toml(text, str(path)), path.parent


def _flatten(table: dict[str, Any], path: str) -> Iterable[tuple[str, Any]]:
    for key, value in table.items():
        name = f"{path}{key}"
        if isinstance(value, dict) and "from" not in value:
            yield from _flatten(value, f"{name}.")
        else:
            yield name, value


def _axes(flat: dict[str, Any], kind: str, where: str) -> tuple[Axis, ...]:
    """The axes, those of calls last: what a ROM is asked after its POST varies fastest. Refuses too large a matrix."""
    names = sorted(flat, key=lambda name: kind == "run" and _after_post(name))
    wanted = {name: _values(name, flat[name], f"{where}: set.{name}") for name in names}
    count = prod(len(values) for values in wanted.values())
    if count > LIMIT:
        sizes = " x ".join(f"{name} ({len(values):,})" for name, values in wanted.items() if len(values) > 1)
        raise FwsimError(
            f"{_count(count)} combinations, more than the {LIMIT:,} of the largest sweep", where=f"{where}: set",
            found=sizes, expected=f"up to {LIMIT:,}", hint="take fewer values, or make several sweeps",
        )  # fmt: skip
    return tuple(Axis(name, values if isinstance(values, range) else tuple(values)) for name, values in wanted.items())


def _after_post(name: str) -> bool:
    """Whether an axis says what is done when the ROM's POST is over."""
    return name.partition(".")[0] in ("call", "payload")


def _values(name: str, value: Any, where: str) -> Sequence[Any]:
    if isinstance(value, dict):
        return _range(value, where)
    if not isinstance(value, list):
        return [value]
    if not value:
        raise FwsimError("an empty list", where=where, found="[]", expected="at least one value", hint="or remove it")
    if name in _LISTS and not any(isinstance(each, list) for each in value):
        return [value]
    return value


def _range(value: dict[str, Any], where: str) -> Sequence[int]:
    """From, to (included), and a step that is added or a factor."""
    unknown = [key for key in value if key not in _RANGE]
    if unknown or "to" not in value or ("step" in value) == ("times" in value):
        raise FwsimError(
            "not a range", where=where, found=show(value), expected='{ from = "1G", to = "8G", step = "1G" }',
            hint="step is added, times = 2 doubles; one of them",
        )  # fmt: skip
    numbers = {key: parse_size(each, f"{where}.{key}") for key, each in value.items()}
    for key, each in numbers.items():
        if isinstance(each, bool) or not isinstance(each, int):
            raise FwsimError("wrong type", where=f"{where}.{key}", found=show(each), expected="a number")
    first, last = numbers["from"], numbers["to"]
    by = numbers.get("step", numbers.get("times", 0))
    if first < 0 or last < first or by < 1 or ("times" in value and (by < 2 or first < 1)):
        raise FwsimError(
            "a range that leads nowhere", where=where, found=show(value), expected="0 <= from <= to, step > 0"
        )
    if "step" in value:
        count = (last - first) // by + 1
        if count > LIMIT:
            raise FwsimError(
                f"{_count(count)} values, more than the {LIMIT:,} rows of the largest sweep", where=where,
                found=show(value), expected=f"up to {LIMIT:,}", hint="take a larger step",
            )  # fmt: skip
        return range(first, last + 1, by)
    found = []
    while first <= last:
        found.append(first)
        first *= by
    return found


def _count(number: int) -> str:
    return f"{number:,}" if number < 10**18 else "more than 10^18"


def _skip(rules: Any, axes: tuple[Axis, ...], where: str) -> tuple[dict[str, tuple[Any, ...]], ...]:
    names = [axis.name for axis in axes]
    if not isinstance(rules, list) or not all(isinstance(rule, dict) and rule for rule in rules):
        raise FwsimError("wrong type", where=f"{where}: skip", found=show(rules), expected="tables [[skip]] of fields")
    found = []
    for number, rule in enumerate(rules):
        flat = {}
        for name, value in _flatten(rule, ""):
            key = name if name in names else name.replace("-", "_")
            if key not in names:
                raise FwsimError(
                    "no such axis", where=f"{where}: skip.{number}.{name}", found=name, expected=", ".join(names),
                    hint=suggest(name, names) or "name a field of [set]",
                )  # fmt: skip
            flat[key] = tuple(plain_of(each) for each in _values(key, value, f"{where}: skip.{number}.{name}"))
        found.append(flat)
    return tuple(found)


# --- checks before anything is run ---------------------------------------------------------------------------------
def _check(matrix: Matrix) -> None:
    """Each value by itself, beside the first of every other axis; what does not go together is a failed row later."""
    if matrix.kind == "placement":
        for axis in matrix.axes:
            for value in axis.values[:1] if isinstance(axis.values, range) else axis.values:
                ask_value(axis.name, value, f"{matrix.where}: set.{axis.name}")
        return
    from fwsim.scenario.model import Scenario
    from fwsim.scenario.text import read_struct

    first = matrix.values(0)
    for axis in matrix.axes:
        for value in axis.values[:1000]:
            if axis.name == "firmware.kind":
                _known_firmware(value, f"{matrix.where}: set.{axis.name}")
            table = table_of(matrix, first | {axis.name: value})
            read_struct(table, Scenario, f"{matrix.where}: set", Path(matrix.folder))
    table = table_of(matrix, first)
    if not (table.get("rom", {}).get("file") or table.get("payload", {}).get("program")):
        raise FwsimError(
            "no ROM named", where=f"{matrix.where}: set.rom.file", expected="an option ROM's file",
            hint='rom.file = "x220.rom" under [set]',
        )  # fmt: skip
    for what, field in (("ROM", "rom.file"), ("program", "payload.program")):
        for name in matrix.files(field):
            if not Path(matrix.folder, name).expanduser().is_file():
                raise FwsimError(f"no such {what}", where=f"{matrix.where}: {field}", found=name, expected="a file")


def _known_firmware(name: Any, where: str) -> None:
    """Refuse a name that is no firmware's; what an installed package did wrong names that package itself."""
    try:
        allocator(str(name))
    except FwsimError as error:
        if error.where == "firmware.kind":
            error.where = where
        raise


@cache
def _ask_fields() -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(Ask)}


def ask_of(values: dict[str, Any], where: str) -> Ask:
    """The Ask of one cell's ``values``. Raises FwsimError."""
    given = {name: ask_value(name, value, f"{where}.{name}") for name, value in values.items()}
    options = {name.removeprefix(OPTION): given.pop(name) for name in list(given) if name.startswith(OPTION)}
    return Ask(**given, options=options)


def ask_value(name: str, value: Any, where: str) -> Any:
    """``value`` as the field ``name`` of an Ask has it; ``options.NAME`` is as it stands. Raises FwsimError."""
    fields = _ask_fields()
    if name.startswith(OPTION):
        return value
    if name not in fields:
        raise FwsimError(
            "unknown field", where=where, found=name, expected=", ".join(fields),
            hint=suggest(name, fields) or "these are the options of fwsim alloc",
        )  # fmt: skip
    if fields[name] is int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise FwsimError("wrong type", where=where, found=show(value), expected="a number", hint='such as "64M"')
        return parse_size(value, where)
    if name == "bars":
        texts = value if isinstance(value, list) else [value]
        return [bar for text in texts for bar in parse_bars(str(text))]
    if name == "gen" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise FwsimError("wrong type", where=where, found=show(value), expected="a string", hint='write it as "..."')
    if name == "firmware":
        _known_firmware(value, where)
    elif name == "gen":
        try:
            cpu_of(value)
        except FwsimError as error:
            error.where = where
            raise
    if name in _WORDS and value not in _WORDS[name]:
        raise FwsimError(
            "unknown value", where=where, found=show(value), expected=", ".join(_WORDS[name]),
            hint=suggest(value, _WORDS[name]) or "choose one of these",
        )  # fmt: skip
    return value


def table_of(matrix: Matrix, values: dict[str, Any]) -> dict[str, Any]:
    """The scenario's TOML tables with ``values`` set in them."""
    import copy

    table: dict[str, Any] = copy.deepcopy(matrix.base)
    table.setdefault("name", "sweep")
    for name, value in values.items():
        *path, last = name.split(".")
        place: Any = table
        for number, key in enumerate(path):
            empty: Any = [] if [*path, last][number + 1].isdecimal() else {}
            if isinstance(place, list) and key.isdecimal() and int(key) < _MOST_CALLS:
                place.extend({} for _ in range(len(place), int(key) + 1))
                place = place[int(key)]
            else:
                place = place.setdefault(key, empty) if isinstance(place, dict) else None
        if not isinstance(place, dict):
            where = f"{matrix.where}: set.{name}"
            raise FwsimError("not a field", where=where, found=name, expected="such as call.0.ax")
        place[last] = copy.deepcopy(value)
    return table
