"""Two VBTs beside each other, and a ROM that was given another one, are rendered for a screen of 80 columns."""

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fwsim.report.rom import fields, size_text

if TYPE_CHECKING:
    from pathlib import Path

    from fwsim.rom.vbt import Vbt
    from fwsim.rom.vbt_compare import VbtDifference
    from fwsim.rom.vbt_replace import Replaced


def render_vbt_diff(difference: "VbtDifference", a: str, b: str, limit: int) -> RenderableType:
    """`rom diff` of two VBTs: each field that differs under its block (the first ``limit``, 0 for all)."""
    head = fields()
    head.add_row("A", Text(a, overflow="fold"))
    head.add_row("B", Text(b, overflow="fold"))
    if not difference.fields:
        return Group(head, Text("The VBTs say the same.", style="green"))
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("field", overflow="fold")
    table.add_column("A", overflow="fold")
    table.add_column("B", overflow="fold")
    shown = difference.fields[:limit] if limit else difference.fields
    previous = ""
    for row in shown:
        title = row.title if row.block is None else f"block {row.block}: {row.title}"
        if title != previous:
            table.add_row(Text(title, style="bold"), "", "")
            previous = title
        table.add_row(Text(f"  {row.field}"), Text(row.a or "-"), Text(row.b or "-"))
    parts: list[RenderableType] = [head, table]
    if len(shown) < len(difference.fields):
        parts.append(Text(f"{len(difference.fields) - len(shown)} more (--limit 0 shows all).", style="dim"))
    blocks = len({row.block for row in difference.fields if row.block is not None})
    differ = "1 block differs" if blocks == 1 else f"{blocks} blocks differ"
    parts.append(Text(f"{differ}; of the others {difference.same} say the same."))
    return Group(*parts)


def render_replaced(result: "Replaced", path: "Path") -> RenderableType:
    """`rom vbt --replace`: the old table and the new one, the lengths, the checksums, and the file written."""
    head = fields()
    head.add_row("was", _table(result.before))
    head.add_row("is", _table(result.after))
    grown = result.length[1] != result.length[0]
    head.add_row("room", f"{result.room:#x} bytes" + (" without the image growing" if grown else ""))
    now = f", now {size_text(result.length[1])} by its length byte and PCIR" if grown else ", as before"
    head.add_row("image", size_text(result.length[0]) + now)
    summed = "; the VBT's own made right too" if result.summed else ""
    head.add_row("checksum", f"right{summed}")
    head.add_row("written", Text(str(path), overflow="fold"))
    return head


def _table(vbt: "Vbt") -> str:
    return f'"{vbt.signature}", {vbt.size:#x} bytes at {vbt.offset:#x}, BDB version {vbt.bdb_version}'
