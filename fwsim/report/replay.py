"""A replay is told: how far it got, the access that was not recorded, and what the record had in its place."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap

from fwsim.analysis.replay import Replayed, Row
from fwsim.report.events import place_of, said

_OUTCOMES = {
    "matched": "the same: every recorded access was made again, in order, and no other",
    "beyond": "the same as far as the record goes; the code goes on where it was cut",
    "differs": "DIFFERENT: an access that the record does not have",
    "ended": "DIFFERENT: the code ended before the record did",
}
_REGISTERS = ("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp")


def render(result: Replayed, out: Path | None = None) -> Iterator[str]:
    """A line each, 80 columns where they fit."""
    yield f"{Path(result.rom).name} against {result.run}"
    yield _OUTCOMES[result.outcome]
    yield f"  matched    {result.matched:,} of {result.recorded:,} recorded accesses"
    if result.outcome in ("matched", "ended"):
        yield f"  the code   {result.stop}"
    cpu = result.cpu
    if result.before:
        yield "  before     the last that matched"
        yield from (f"    {_numbered(row, cpu)}" for row in result.before[-4:])
    if result.wanted:
        yield f"  wanted     {said(result.wanted, cpu)}"
        yield f"             at {place_of(result.wanted)}"
        yield "             " + " ".join(f"{name} {result.registers[name]:08x}" for name in _REGISTERS[:4])
        yield "             " + " ".join(f"{name} {result.registers[name]:08x}" for name in _REGISTERS[4:])
    if not result.ok:
        yield f"  recorded   {_numbered(result.next, cpu) if result.next else 'nothing more'}"
    if result.moved_first:
        yield f"  moved      {result.moved:,} of them made elsewhere in the code; the first was"
        yield f"    {_numbered(result.moved_first, cpu)}"
    if result.other_first:
        reads = "1 read" if result.other == 1 else f"{result.other:,} reads"
        yield f"  models     would answer {reads} otherwise; the first, with {result.other_value:#x}:"
        yield f"    {_numbered(result.other_first, cpu)}"
    for note in result.notes:
        yield from wrap(note, 80, initial_indent="  note       ", subsequent_indent=" " * 13)
    if out is not None:
        yield f"  folder     {out}"


def _numbered(row: Row, cpu: str) -> str:
    return f"{row['seq']:>7} {place_of(row):<10} {said(row, cpu)}"
