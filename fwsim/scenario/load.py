"""Scenarios come from TOML files, with overrides, and go back to TOML."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fwsim.errors import FwsimError
from fwsim.hypervisor.kinds import DEFAULT, default_profile
from fwsim.scenario.check import check, check_files
from fwsim.scenario.model import Scenario
from fwsim.scenario.text import parse_toml, read_struct, with_overrides, write_struct
from fwsim.units import MIB

_KIND, _ELF = "hypervisor.kind", b"\x7fELF"
__all__ = ["dumps", "from_table", "load", "loads", "name_from", "with_overrides"]


def load(path: str | Path, overrides: Sequence[str] = (), rom: str | Path | None = None) -> Scenario:
    """The scenario in the TOML file ``path``, with ``PATH=VALUE`` overrides, and ``rom`` in place of its ROM file.

    Files in it are relative to its folder (``rom``: to the current one), and must exist; ``name`` defaults to the
    file's. Overrides that name another kind of hypervisor take the file's profile away, which is its own
    kind's. Raises FwsimError for a file that cannot be read, and for everything ``loads`` refuses.
    """
    path = Path(path)
    table = with_overrides(_without_foreign_profile(parse_toml(_read_text(path), str(path)), overrides), overrides)
    table.setdefault("name", name_from(path.stem))
    if rom is not None:
        section = table.setdefault("rom", {})
        if isinstance(section, dict):
            section["file"] = str(Path(rom).absolute())
    scenario = from_table(table, str(path), path.absolute().parent)
    check_files(scenario, str(path))
    return scenario


def _without_foreign_profile(table: dict[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """``table`` without ``hypervisor.profile`` where ``overrides`` name another kind that has profiles of its own."""
    named = dict(each.partition("=")[::2] for each in overrides)
    kind, section = named.get(_KIND, "").strip("\"'"), table.get("hypervisor")
    if not isinstance(section, dict) or "hypervisor.profile" in named or kind in ("", section.get("kind", DEFAULT)):
        return table
    if not default_profile(kind):
        return table
    return table | {"hypervisor": {name: value for name, value in section.items() if name != "profile"}}


def loads(text: str, where: str = "scenario", base: Path | None = None) -> Scenario:
    """The scenario in a TOML text; ``where`` names it in errors, ``base`` is where relative files start.

    Raises FwsimError with the field's path, the value found and what was expected. Files are not opened.
    """
    return from_table(parse_toml(text, where), where, base)


def dumps(scenario: Scenario) -> str:
    """``scenario`` as TOML with every default written out: ``loads(dumps(s)) == s``."""
    return write_struct(scenario)


def from_table(table: dict[str, Any], where: str, base: Path | None) -> Scenario:
    """The scenario in parsed TOML, judged: what ``loads`` makes of a text."""
    try:
        scenario = read_struct(table, Scenario, where, base)
    except FwsimError as error:
        if error.where == "host.cpu":  # the look-up of a family does not know the file
            error.where = f"{where}: host.cpu"
            error.hint = error.hint or "choose the family of the host's processor"
        raise
    check(scenario, where)
    return scenario


def _read_text(path: Path) -> str:
    try:
        data = path.read_bytes() if path.stat().st_size <= MIB else b"\0"
    except FileNotFoundError:
        raise FwsimError(
            "no such scenario file", where=str(path), hint="name a .toml file, or try: fwsim demo"
        ) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise FwsimError(
            f"cannot read the scenario: {reason}", where=str(path), hint="name a readable .toml file"
        ) from None
    try:
        if b"\0" not in data:
            return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    raise FwsimError(
        "not a scenario", where=str(path), found=_kind_of(data), expected="a TOML file",
        hint="a scenario names it, as payload.program: examples/arm-vpci.toml" if data[:4] == _ELF
        else "a ROM that begins with 55 AA runs alone: fwsim run FILE",
    )  # fmt: skip


def _kind_of(data: bytes) -> str:
    if data[:4] == _ELF:
        return "an ELF program"
    return "55 AA: a ROM" if data[:2] == b"\x55\xaa" else "not UTF-8 text"


def name_from(stem: str) -> str:
    """A file's name as a run's: what a folder may not be called becomes a dash."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:100] or "default"
