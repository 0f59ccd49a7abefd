"""A host's dumps are shown as what was taken from where, what contradicts, what is missing and what holds."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fwsim.host.capture import Piece
from fwsim.host.facts import Dumps, Fact, Imported, Missing, Note, locate
from fwsim.registers.families import family
from fwsim.report.checks import rules
from fwsim.results.summary import CheckResult
from fwsim.units import format_size

_SHOWN = (
    "device_id", "ggc", "bdsm", "asls", "lpc_id", "host_bridge_id", "bgsm", "tolud", "tseg", "pciexbar",
    "stolen_size", "stolen_reserved",
)  # fmt: skip
_SIZES = ("stolen_size", "stolen_usable", "gtt_reach")


def render_import(result: Imported) -> RenderableType:
    """The table of ``fwsim host import``."""
    dumps = result.dumps
    head = f"{family(dumps.cpu).title}, 8086:{dumps.value('device_id') or 0:04x}" if dumps.cpu else "unknown cpu"
    if dumps.guest_of:
        head += f", in a guest: the bridge is {dumps.guest_of}"
    parts: list[RenderableType] = [Text(head, style="bold"), taken(dumps)]
    for first, others in dumps.disagreements():
        parts += [Text("\ndisagrees", style="bold red"), _claims(first.name, [first, *others])]
    parts += [*notes(dumps.notes), *absent(result.missing)]
    if result.checks:
        parts += [Text(), rules(result.checks)]
    if result.host_file:
        parts += [Text(), Text(f"written   {result.host_file}; next: fwsim run {result.host_file}"
                               + ("" if dumps.rom else " --rom FILE"))]  # fmt: skip
    else:
        parts += [Text(), Text("nothing was written; --out host.toml makes a host file")]
    return Group(*parts)


def taken(dumps: Dumps) -> Table:
    """Each value with the file and the line it is from."""
    table = _grid()
    for name in _SHOWN:
        fact = dumps.best(name)
        if fact:
            value = format_size(fact.value) if name in _SIZES else f"{fact.value:#06x}"
            table.add_row(name, value, fact.place)
    for name in ("opregion", "vbt", "rom"):
        path = getattr(dumps, name)
        if path:
            table.add_row(name, "", path.rpartition("/")[2])
    if dumps.e820:
        table.add_row("e820", f"{len(dumps.e820)} entries", dumps.e820_from)
    for area in dumps.rmrr:
        table.add_row("rmrr", f"{area.start:#x}", f"to {area.end - 1:#x}, {area.file}:{area.line}")
    for bar in dumps.bars:
        table.add_row(bar.label, f"{bar.start:#x}", f"{format_size(bar.end - bar.start)}, {locate(bar.file, bar.line)}")
    for monitor in dumps.monitors:
        table.add_row("display", monitor.port, monitor.place)
    return table


def notes(found: list[Note]) -> list[RenderableType]:
    """What is odd, one paragraph each."""
    parts: list[RenderableType] = []
    for note in found:
        style = "yellow" if note.level == "warning" else ""
        parts.append(Text(f"\n{note.level}: {note.where}: {note.what}", style=style))
        for label, text in (("found", note.found), ("expected", note.expected), ("next", note.next)):
            if text:
                parts.append(Text(f"  {label}: {text}"))
    return parts


def absent(missing: list[Missing]) -> list[RenderableType]:
    """What no dump tells, each with its command."""
    if not missing:
        return []
    parts: list[RenderableType] = [Text("\nmissing", style="bold")]
    for each in missing:
        parts += [Text(f"  {each.what}"), Text(f"    {each.command}", style="dim")]
    return parts


def render_guest(dumps: Dumps, results: list[CheckResult], missing: list[Missing]) -> RenderableType:
    """``fwsim check`` of a guest's dumps."""
    where = f", in a guest: the bridge is {dumps.guest_of}" if dumps.guest_of else ""
    head = f"{family(dumps.cpu).title}, 8086:{dumps.value('device_id') or 0:04x}{where}"
    parts: list[RenderableType] = [Text(head, style="bold"), rules(results)]
    for first, others in dumps.disagreements():
        parts += [Text("\ndisagrees", style="bold red"), _claims(first.name, [first, *others])]
    said = [note for note in dumps.notes if not (dumps.guest_of and note.what.startswith("a guest's dumps"))]
    return Group(*parts, *notes(said), *absent(missing))


def render_capture(pieces: list[Piece], out: str) -> RenderableType:
    """What was collected and what was not."""
    table = _grid()
    for piece in pieces:
        size = format_size(piece.size) if piece.file else "nothing"
        problem = Text(piece.problem or "", style="yellow")
        if piece.problem and piece.next:
            problem.append(f"; next: {piece.next}")
        table.add_row(piece.what, size, Group(Text(piece.file or piece.source), *([problem] if piece.problem else [])))
    got = sum(bool(piece.file) for piece in pieces)
    return Group(Text(f"{got} of {len(pieces)} collected in {out}; next: fwsim host import {out}", style="bold"), table)


def _claims(name: str, facts: list[Fact]) -> Table:
    table = _grid()
    for number, fact in enumerate(facts):
        table.add_row(name if not number else "", f"{fact.value:#06x}", fact.place + ("" if number else " (taken)"))
    return table


def _grid() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(overflow="fold")
    return table
