"""``pci-mirror.toml`` is read and judged: a list that cannot be is refused by file, field, and what was found."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

from fwsim.errors import FwsimError
from fwsim.hypervisor.interface import HOST_BRIDGE, IGD, LPC_BRIDGE
from fwsim.hypervisor.mirror.dangers import PMC
from fwsim.hypervisor.mirror.model import CONFIG_END, FORMAT, Access, Bdsm, ConfigRow, Mirror, Span
from fwsim.registers.database import name_of
from fwsim.registers.families import family
from fwsim.registers.family import Family
from fwsim.units import MIB

_T = TypeVar("_T", ConfigRow, Span)
_BDF = re.compile(r"00:([01][0-9a-f])\.([0-7])")
_PORT = re.compile(r"(?:in|out) ([0-9a-f]{1,4})/([124])")
_LEAF = re.compile(r"[0-9a-f]{2} ax=[0-9a-f]{4}")
VGA_PORTS = range(0x3B0, 0x3E0)
_FUNCTIONS = (HOST_BRIDGE, IGD, LPC_BRIDGE, PMC)
_AGAIN = "fwsim needs RUN --out FILE makes a list"
_ACCESS, _BDSM = get_args(Access), get_args(Bdsm)
_TABLES = {
    "": ("format", "cpu", "generation", "rom_sha256", "stolen", "pci", "bar0", "rest"), "stolen": ("bdsm",),
    "bar0": ("registers",), "rest": ("vga", "ports", "interrupts", "gtt", "opregion"),
}  # fmt: skip


def read_mirror(path: str) -> Mirror:
    """The list in the file ``path``. Raises FwsimError where it cannot be read, and for a list that cannot be."""
    file = Path(path)
    try:
        stat = file.stat()
        return _read(path, stat.st_mtime_ns, stat.st_size)
    except FileNotFoundError:
        raise FwsimError(
            "no such file", where="hypervisor.mirror", found=path,
            expected="a list of what the host shows; relative names start from the scenario's folder", hint=_AGAIN,
        ) from None  # fmt: skip
    except OSError as error:
        raise FwsimError(
            f"the list cannot be read: {error.strerror or error}", where="hypervisor.mirror", found=path,
            expected="a file that can be read", hint=_AGAIN,
        ) from None  # fmt: skip


@lru_cache(maxsize=16)
def _read(path: str, changed: int, size: int) -> Mirror:
    try:
        if size > MIB:
            raise FwsimError("not a mirror list", where=path, found=f"{size:,} bytes", expected="up to 1 MiB of TOML",
                             hint=_AGAIN)  # fmt: skip
        table = tomllib.loads(Path(path).read_bytes().decode("utf-8"))
    except UnicodeDecodeError:
        text = "not UTF-8 text"
        raise FwsimError("not a mirror list", where=path, found=text, expected="TOML", hint=_AGAIN) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise FwsimError(
            f"not valid TOML: {error}", where=path, expected="a mirror list, as fwsim needs writes it", hint=_AGAIN
        ) from None  # fmt: skip
    return _Reader(path).mirror(table)


class _Reader:
    """Reads one file, whose ``path`` errors name."""

    def __init__(self, path: str) -> None:
        self.path = path

    def wrong(self, what: str, field: str, found: object, expected: str, hint: str = _AGAIN) -> FwsimError:
        """The error for one field."""
        shown = found if isinstance(found, str) else repr(found)
        return FwsimError(what, where=f"{self.path}: {field}", found=shown[:100], expected=expected, hint=hint)

    def mirror(self, table: dict[str, Any]) -> Mirror:
        """The list in a parsed file."""
        if table.get("format") != FORMAT:
            raise self.wrong("a list of another format", "format", table.get("format", "none"), str(FORMAT),
                             "make it again: fwsim needs RUN --out FILE --force")  # fmt: skip
        self.known(table, "")
        cpu = self.text(table, "cpu")
        try:
            fam = family(cpu)
        except FwsimError as error:
            raise self.wrong("no such host", "cpu", cpu, error.expected, error.hint) from None
        generation = table.get("generation", fam.gen)
        if generation != fam.gen or isinstance(generation, bool):
            raise self.wrong("the list contradicts itself", "generation", generation, f"{fam.gen}: {fam.name} is that")
        rest, stolen = self.table(table, "rest"), self.table(table, "stolen")
        bdsm = self.one_of(stolen.get("bdsm", "virtual"), _BDSM, "stolen.bdsm")
        vga = self.ports(rest, "vga", lambda port: port in VGA_PORTS, "a VGA port, 3b0 to 3df")
        ports = self.ports(rest, "ports", lambda port: port not in VGA_PORTS, "no VGA port: those are in rest.vga")
        self.strings(rest, "interrupts", _LEAF, 'such as "15 ax=5f34"')
        bar0 = self.spans(self.table(table, "bar0"), "bar0.registers", fam.mmio_size, f"{fam.name}'s registers", fam)
        return Mirror(
            path=self.path, cpu=fam.name, generation=fam.gen, bdsm=cast(Bdsm, bdsm), bar0=bar0, vga=vga, ports=ports,
            config=self.config(self.table(table, "pci"), fam),
            gtt=self.spans(rest, "rest.gtt", fam.gtt_size, f"{fam.name}'s GTT"),
            opregion=self.spans(rest, "rest.opregion", MIB, "an OpRegion"),
        )  # fmt: skip

    # --- tables and their values -----------------------------------------------------------------------------------
    def known(self, table: dict[str, Any], name: str) -> None:
        """Refuse keys that no such table has."""
        for key in table:
            if key not in _TABLES[name]:
                raise self.wrong("unknown key", f"{name}.{key}".lstrip("."), key, "one of " + ", ".join(_TABLES[name]),
                                 "remove it")  # fmt: skip

    def table(self, table: dict[str, Any], name: str) -> dict[str, Any]:
        """One of the file's tables; empty where it is not there."""
        found = table.get(name, {})
        if not isinstance(found, dict):
            raise self.wrong("wrong type", name, found, f"a table [{name}]")
        if name in _TABLES:
            self.known(found, name)
        return found

    def text(self, table: dict[str, Any], name: str) -> str:
        """A text that must be there."""
        found = table.get(name)
        if not isinstance(found, str):
            raise self.wrong("wrong type" if name in table else "a value is missing", name, found, "a text")
        return found

    def one_of(self, found: object, known: Sequence[str], field: str) -> str:
        """One of a few words."""
        if not isinstance(found, str) or found not in known:
            raise self.wrong("unknown value", field, found, "one of " + ", ".join(known))
        return found

    def number(self, row: dict[str, Any], key: str, field: str) -> int:
        """A number that must be there, not negative."""
        found = row.get(key)
        if not isinstance(found, int) or isinstance(found, bool) or found < 0:
            raise self.wrong("wrong type" if key in row else "a value is missing", f"{field}.{key}", found, "a number")
        return found

    def rows(self, found: object, field: str, keys: Sequence[str]) -> list[dict[str, Any]]:
        """A list of tables with no keys but these."""
        if not isinstance(found, list):
            raise self.wrong("wrong type", field, found, "a list")
        for number, row in enumerate(found):
            if not isinstance(row, dict):
                raise self.wrong("wrong type", f"{field}.{number}", row, "a table { " + ", ".join(keys) + " }")
            if odd := sorted(set(row) - set(keys)):
                raise self.wrong("unknown key", f"{field}.{number}.{odd[0]}", odd[0], "one of " + ", ".join(keys))
        return found

    def strings(self, rest: dict[str, Any], key: str, form: re.Pattern[str], expected: str) -> list[re.Match[str]]:
        """A list of texts, each of that form."""
        field, found = f"rest.{key}", rest.get(key, [])
        if not isinstance(found, list):
            raise self.wrong("wrong type", field, found, "a list of texts")
        matches = []
        for number, each in enumerate(found):
            match = form.fullmatch(each) if isinstance(each, str) else None
            if match is None:
                raise self.wrong("not of the field's form", f"{field}.{number}", each, expected)
            matches.append(match)
        return matches

    def ports(self, rest: dict[str, Any], key: str, fits: Callable[[int], bool], expected: str) -> frozenset[int]:
        """The port numbers that texts such as ``in 3da/1`` name."""
        found: set[int] = set()
        for number, match in enumerate(self.strings(rest, key, _PORT, 'such as "in 408/4"')):
            first = int(match[1], 16)
            for port in range(first, first + int(match[2])):
                if not fits(port) or port > 0xFFFF:
                    raise self.wrong("a port that cannot be here", f"rest.{key}.{number}", match[0], expected)
                found.add(port)
        return frozenset(found)

    # --- registers -------------------------------------------------------------------------------------------------
    def config(self, table: dict[str, Any], fam: Family) -> tuple[ConfigRow, ...]:
        """The rows of ``[pci]``."""
        found: list[ConfigRow] = []
        for bdf, rows in table.items():
            field = f'pci."{bdf}"'
            match = _BDF.fullmatch(bdf)
            devfn = int(match[1], 16) << 3 | int(match[2]) if match else -1
            if devfn not in _FUNCTIONS:
                known = ", ".join(f"00:{each >> 3:02x}.{each & 7}" for each in _FUNCTIONS)
                raise self.wrong("a function that no host of ours has", field, bdf, f"one of {known}", "remove it")
            of_one = [
                self.config_row(row, devfn, f"{field}.{number}", fam)
                for number, row in enumerate(self.rows(rows, field, ("offset", "width", "access", "name")))
            ]
            self.apart(of_one, field)
            found += of_one
        return tuple(found)

    def config_row(self, row: dict[str, Any], bdf: int, field: str, fam: Family) -> ConfigRow:
        """One row of a function's."""
        offset, width = self.number(row, "offset", field), self.number(row, "width", field)
        if width not in (1, 2, 4) or offset % width or offset + width > CONFIG_END:
            raise self.wrong("a register that no function has", field, f"{width} bytes at {offset:#x}",
                             "1, 2 or 4 bytes, aligned, below 0x1000", "correct offset and width")  # fmt: skip
        access = self.one_of(row.get("access"), _ACCESS, f"{field}.access")
        name = self.name(row, field, "pci", bdf << 12 | offset, fam)
        return ConfigRow(bdf, offset, width, cast(Access, access), name)

    def spans(
        self, table: dict[str, Any], field: str, size: int, of: str, fam: Family | None = None
    ) -> tuple[Span, ...]:  # fmt: skip
        """The rows of a list of ranges in ``size`` bytes."""
        found, name = [], "name" if fam else "part"
        rows = self.rows(table.get(field.rpartition(".")[2], []), field, ("first", "end", "access", name))
        for number, row in enumerate(rows):
            at = f"{field}.{number}"
            first, end = self.number(row, "first", at), self.number(row, "end", at)
            if end <= first:
                raise self.wrong("a range without a byte", at, f"{first:#x} to {end:#x}", "first < end", "correct it")
            if end > size:
                raise self.wrong("a range past what the host has", at, f"{first:#x} to {end:#x}",
                                 f"an end up to {size:#x}, of {of}", "correct or remove it")  # fmt: skip
            if fam and (first % 4 or end % 4):
                raise self.wrong("not whole registers", at, f"{first:#x} to {end:#x}", "multiples of 4", "correct it")
            access = self.one_of(row.get("access"), _ACCESS, f"{at}.access")
            named = self.name(row, at, "mmio", first, fam) if fam else str(row.get(name, ""))
            found.append(Span(first, end, cast(Access, access), named))
        self.apart(found, field)
        return tuple(found)

    def name(self, row: dict[str, Any], field: str, space: str, address: int, fam: Family) -> str:
        """A register's name, which must be what the host has there. It may be left out."""
        found = row.get("name", "")
        if found == "":
            return ""
        known = name_of(space, address, fam.name)
        expected = "" if known is None else known.name + (f"+{address - known.address}" * (address != known.address))
        if found != expected:
            raise self.wrong(
                "a register that the host has not there", f"{field}.name", found,
                f"{expected}, {fam.name}'s register there" if expected else f"no name: {fam.name} has none known there",
                "correct the place or the name, or leave the name out",
            )  # fmt: skip
        return str(found)

    def apart(self, rows: Iterable[_T], field: str) -> None:
        """Refuse rows that overlap: with the same bytes twice nobody knows which counts."""
        before: _T | None = None
        for row in sorted(rows, key=lambda each: (each.first, each.end)):
            if before is not None and row.first < before.end:
                both = {before.access, row.access}
                what = "two rows overlap"
                if "hidden" in both and len(both) > 1:
                    what = "a register is both mirrored and hidden"
                elif (before.first, before.end) == (row.first, row.end):
                    what = "a register stands twice" + (", with other access" if len(both) > 1 else "")
                raise self.wrong(what, field, f"{before.text} and {row.text}", "each byte once", "keep one of them")
            if before is None or row.end > before.end:
                before = row
