"""A ROM's needs are shown as tables."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from fwsim.analysis.needs import GttRange, Needs
from fwsim.registers.database import leaf_name

_WIDTH, _LABEL, _SHOWN_GTT = 80, 13, 6


def render_needs(found: Needs) -> list[RenderableType]:
    """The page, on 80 columns."""
    parts: list[RenderableType] = [
        Text(f"{found.name}: {found.cpu} (gen {found.generation}), hypervisor {found.hypervisor}")
    ]
    parts += [Text(line) for note in found.notes for line in textwrap.wrap(f"note: {note}", _WIDTH)]
    parts.append(_registers(found))
    writes = [f"{each.bdf} 0x{each.offset:02x}/{each.width}" for each in found.config if each.access == "w"]
    rows = {
        "write access": ", ".join(writes) or "none",
        "ports": ", ".join(each.text for each in found.ports) or "none",
        "INT": ", ".join(f"{each.text} x{each.count}" for each in found.interrupts) or "none",
        "GTT": ", ".join(_gtt(found.gtt)) or "none",
        "OpRegion": ", ".join(
            [
                found.opregion,
                *(
                    f"{part.access.upper()} {part.first:#x}-{part.end - 1:#x} ({part.part})"
                    for part in found.opregion_parts
                ),
            ]
        ),
        "BAR0": f"{found.registers} registers",
    }
    unanswered = [each.text for each in found.ports if not each.answered]
    unanswered += [
        each.text + (f" ({name})" if (name := leaf_name(each.vector, each.ax)) else "")
        for each in found.interrupts if not each.known
    ]  # fmt: skip
    if unanswered:
        rows["unanswered"] = ", ".join(unanswered)
    return parts + [Text(line) for label, text in rows.items() for line in _labelled(label, text)]


def _registers(found: Needs) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, width=_WIDTH, header_style="bold")
    for name in ("function", "access", "register", "times", "first value"):
        table.add_column(name, overflow="fold")
    for each in found.config:
        how = "  (emulated)" if each.emulated else ""
        table.add_row(*(Text(cell) for cell in (each.bdf, each.text, each.name or "?", str(each.count),
                                                f"{each.first:#x}{how}")))  # fmt: skip
    return table


def _gtt(ranges: list[GttRange]) -> Iterator[str]:
    for each in ranges[:_SHOWN_GTT]:
        yield f"{each.access.upper()} {each.first:#x}-{each.end - 1:#x}"
    if len(ranges) > _SHOWN_GTT:
        yield f"and {len(ranges) - _SHOWN_GTT} ranges more"


def _labelled(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=f"{label:<{_LABEL}}", subsequent_indent=" " * _LABEL, break_long_words=False
    )
