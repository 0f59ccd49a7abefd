"""A run's facts become one HTML file: pictures inside it, data as JSON, everything escaped, nothing fetched."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import shlex
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from fwsim import __version__
from fwsim.errors import FwsimError
from fwsim.report.html import arm, compare, stage2
from fwsim.report.html.entries import CLASSES, MOST_RUNS, WORDS, Entries, entries
from fwsim.report.html.facts import Facts, gather
from fwsim.report.html.faults import faults
from fwsim.report.html.given import diff_lines, leaks, needs, why
from fwsim.report.html.names import Names
from fwsim.report.html.spaces import aims, drawing
from fwsim.report.html.story import ended, mode_text, plural, story
from fwsim.report.html.timeline import timeline
from fwsim.results.folder import SCENARIO, RunDir
from fwsim.results.png import repacked

if TYPE_CHECKING:
    from markupsafe import Markup

PICTURES = 1_800_000
"""Bytes of PNG on one page at most: with all else it stays under 5 MB."""
_PNG = b"\x89PNG\r\n\x1a\n"
_PICTURE = "data:image/png;base64,"


def render(folders: Sequence[RunDir], paths: bool = False) -> str:
    """The page of one run, or of two compared; ``paths`` keeps this machine's absolute paths in it."""
    runs = [gather(folder) for folder in folders]
    _label(runs)
    names = Names(runs, kept=paths)
    room = PICTURES // len(runs)
    tables = [entries(facts) for facts in runs]
    aimed = [each for found in tables for each in aims(found)]
    sides = [_side(facts, found, aimed, room) for facts, found in zip(runs, tables, strict=True)]
    data = json.dumps(names.all([side.pop("data") for side in sides]), separators=(",", ":"))
    return _template(
        names, runs=sides, two=len(runs) > 1, arm=all(facts.arm for facts in runs), figures=compare.figures(runs),
        checks=compare.checks(runs),
        scenarios=compare.scenario_lines(runs), diff=diff_lines(runs), version=__version__, data=data,
    )  # fmt: skip


def _label(runs: Sequence[Facts]) -> None:
    """Names that tell the runs apart: the scenario's, or the folder's, or that with a letter."""
    for names in (
        [facts.summary.scenario or facts.folder.path.name for facts in runs],
        [facts.folder.path.name for facts in runs],
        [f"{facts.folder.path.name} ({letter})" for facts, letter in zip(runs, "AB", strict=False)],
    ):
        if len(set(names)) == len(names):
            for facts, name in zip(runs, names, strict=True):
                facts.label = name
            return


def _side(facts: Facts, found: Entries, aimed: list[tuple[int, int]], room: int) -> dict[str, Any]:
    """Everything the template shows of one run."""
    drawn = drawing(facts, found, aimed)
    own = _arm(facts) if facts.arm else {}
    line = timeline(facts)
    scenario = facts.folder.path / SCENARIO
    if len(found.runs) > MOST_RUNS:
        facts.notes.append("The GTT is in great disorder: only its first entries can be picked on the map.")
    places = sorted(set(found.place.tolist()))
    index = {place: number for number, place in enumerate(places)}
    runs = [[count, [*first[:9], index[first[9]], *first[10:]], step] for count, first, step in found.runs[:MOST_RUNS]]
    family = facts.scenario.host.family if facts.scenario else None
    data = {
        "entries": runs, "width": family.pte_width if family else 4,
        "places": [f"{place >> 32:04x}:{place & 0xFFFFFFFF:04x}" for place in places],
        "marks": drawn["marks"], "ys": drawn["ys"], "top": drawn["top"], "bottom": drawn["bottom"],
        "total": drawn["total"], "classes": [WORDS[name] for name in CLASSES], "kinds": CLASSES,
        "host": facts.host_stolen, "guest": facts.guest_stolen, "bare": facts.on_host, "timeline": line,
        "folder": shlex.quote(str(facts.folder.path)),
    }  # fmt: skip
    return {
        "label": facts.label, "facts": facts, "ended": ended(facts), "story": story(facts), "map": drawn, "line": line,
        "screens": _screens(facts, room), "leaks": leaks(facts),
        "faults": arm.faults(facts) if facts.arm else faults(facts, found),
        "why": why(facts, int(found.number[0]) if len(found.number) else None), "needs": needs(facts),
        "events": plural(len(facts.events), "event"), "failed": len(facts.summary.failed), "data": data,
        "again": f"fwsim run {shlex.quote(str(scenario))} --out {shlex.quote(str(facts.folder.path) + '-again')}"
        if facts.scenario else "", "rom": _rom_note(facts), **own,
    }  # fmt: skip


def _arm(facts: Facts) -> dict[str, Any]:
    """What the template shows of an Arm guest's run in place of a graphics page table and screens."""
    found = arm.shown(facts)
    return {"stage2": stage2.drawing(facts, found), "functions": arm.functions(found), "xen": found.log}


def _rom_note(facts: Facts) -> str:
    """Whether the run can be made again: its ROM is where it was, and the same."""
    if facts.scenario is None or not facts.whole:
        return ""
    try:
        facts.folder.rom()
    except FwsimError as error:
        return f"{error.what}: {error.where}" + (f" ({error.found})" if error.found else "")
    return ""


def _screens(facts: Facts, room: int) -> list[dict[str, Any]]:
    """The pictures as data URIs, as many as there is room for; one that is gone is said to be."""
    shown: list[dict[str, Any]] = []
    for number, screen in enumerate(facts.summary.display, 1):
        uri, why = "", ""
        name = Path(screen.file).name
        try:
            data = facts.folder.read(name) if name else b""
        except FwsimError as error:
            data, why = b"", error.what
        if data and not data.startswith(_PNG):
            why = f"{name} is not a PNG"
        elif data:
            data = repacked(data) if len(data) > room else data
            if len(data) <= room:
                room -= len(data)
                uri = _PICTURE + base64.b64encode(data).decode()
            else:
                why = f"{name} is left out: the page would become too large"
        mode = mode_text(facts, screen.mode)
        shown.append({"number": number, "screen": screen, "uri": uri, "why": why, "mode": mode})
    return shown


def _template(names: Names, **values: Any) -> str:
    from jinja2 import Environment, FunctionLoader
    from markupsafe import Markup

    style, script = _file("page.css"), _file("page.js")
    made = Environment(
        loader=FunctionLoader(_file),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: _plain(value, names),
    )
    made.filters["hex"] = lambda value, digits=0: f"{value:#0{digits + 2}x}"
    values["data"] = Markup(values["data"].replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
    return made.get_template("page.html.j2").render(
        style=Markup(style), script=Markup(script), style_hash=_hash(style), script_hash=_hash(script), **values
    )


def _plain(value: Any, names: Names) -> Any:
    """Text without control characters, for a log holds whatever the ROM printed, and without this machine's paths."""
    if type(value) is not str or value.startswith(_PICTURE):
        return value
    value = names.text(value)
    if value.isprintable():
        return value
    return "".join(each if each.isprintable() or each in "\n\t" else " " for each in value)


def _file(name: str) -> str:
    return resources.files(__package__ or "fwsim.report.html").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> Markup:
    """The CSP source that lets this very text run, and no other."""
    from markupsafe import Markup

    return Markup("'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'")


def as_json(folders: Sequence[RunDir], file: Path, size: int, paths: bool = False) -> dict[str, Any]:
    """What ``--json`` prints: the file, its size, and what the page says of each run in words; ``paths`` as above."""
    runs = [gather(folder) for folder in folders]
    _label(runs)
    names = Names(runs, kept=paths)
    document = {
        "file": str(file) if paths else file.name, "bytes": size,
        "runs": [{"name": facts.label, "folder": str(facts.folder.path), "notes": facts.notes,
                  "story": {who: " ".join(told) for who, told in story(facts)},
                  "summary": msgspec.to_builtins(facts.summary)} for facts in runs],
        "differences": {row.name: row.values for row in compare.figures(runs) if row.differs},
    }  # fmt: skip
    shown: dict[str, Any] = names.all(document)
    return shown


def save(page: str, file: Path) -> int:
    """Write the page, all of it or nothing, and return its size. Raises FwsimError when it cannot be written."""
    file = file.absolute()
    partial = file.with_name(f".{file.name}.partial")
    data = page.encode("utf-8", "replace")
    try:
        partial.write_bytes(data)
        partial.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise FwsimError(
            f"cannot write the report: {error.strerror or error}", where=str(file),
            expected="a file in a folder that can be written", hint="give another file: --out FILE",
        ) from None  # fmt: skip
    return len(data)
