"""Folded steps are shown a line each in 80 columns, as much as the verbosity asks for; the rest is counted."""

import textwrap
from collections.abc import Callable, Iterator

from fwsim.registers.core import decode
from fwsim.registers.database import name_of
from fwsim.registers.host_addresses import ROWS
from fwsim.report.arm_names import ArmNames
from fwsim.report.fold import Folder, HostAddresses
from fwsim.report.fold_cycle import repeated
from fwsim.report.fold_step import Step
from fwsim.report.trace import Events, Names, names_for
from fwsim.trace.event import Space

HEADING = f"{'seq':>8} {'time us':>12} {'events':>7}  what"
_MARGIN = 31
_WIDTH = 80
_NUMBERS = {"port": int(Space.PORT), "pci": int(Space.PCI), "mmio": int(Space.MMIO)}
_FUNCTIONS = {"igd": 0x2 << 15, "bridge": 0}
Fields = Callable[[str, int, int], list[str]]
"""What a register's value says, field by field, from (space, address, value)."""


def folded_lines(
    chunks: Iterator[Events], verbosity: int, cpu: str | None = None, *, igd: bool = True, arm: ArmNames | None = None
) -> Iterator[str]:
    """A heading, then the steps of ``chunks`` that ``verbosity`` (0 to 2) shows; a last line counts the others.

    ``arm``: the names of an Arm guest's run.
    """
    yield HEADING
    names: Names = names_for(cpu, igd=igd, arm=arm)
    folder = Folder(names, host_addresses(cpu) if igd and arm is None else frozenset(), arm.told if arm else None)
    fields = fields_for(cpu, names) if verbosity >= 2 and arm is None else None
    hidden = total = 0
    for step in repeated(folder.steps(chunks)):
        total += step.n
        if step.level > verbosity:
            hidden += step.n
        else:
            yield from _shown(step, fields)
    if hidden:
        yield f"{hidden} events not shown at this verbosity"
    elif not total:
        yield "no events"


def host_addresses(cpu: str | None) -> HostAddresses:
    """The registers that hold an address of the host on a host of this cpu (None: on any)."""
    rows = [row for row in ROWS if cpu is None or cpu in row.families]
    return frozenset(
        ("mmio", row.offset) if row.space == "mmio" else ("pci", _FUNCTIONS[row.space] | row.offset) for row in rows
    )


def fields_for(cpu: str | None, names: Names) -> Fields:
    """The register database as ``Fields``: what is not 0 in a value, a field a line; ``names`` knows the others."""

    def fields(space: str, address: int, value: int) -> list[str]:
        found = name_of(space, address, cpu)
        if found is None or (space in _NUMBERS and not names(_NUMBERS[space], address)):
            return []
        rows = decode(found, value << 8 * (address - found.address))
        return [f"{row.field} = {row.value:#x}: {row.meaning}" for row in rows if row.value]

    return fields


def _shown(step: Step, fields: Fields | None) -> Iterator[str]:
    seq, time_ns = step.first[0], step.first[1]
    lead = f"{seq:>8} {time_ns / 1000:>12.3f} {step.n:>7}  "
    for text in step.lines:
        for line in _wrapped(text):
            yield lead + line
            lead = " " * len(lead)
    if fields and step.decode:
        for text in fields(*step.decode):
            for line in _wrapped("  " + text):
                yield " " * len(lead) + line


def _wrapped(text: str) -> list[str]:
    if len(text) <= _WIDTH - _MARGIN:
        return [text]
    indent = " " * (len(text) - len(text.lstrip()) + 2)
    return textwrap.wrap(text, _WIDTH - _MARGIN, subsequent_indent=indent, break_long_words=False)
