"""What `rom find` found in a flash image is rendered for a screen of 80 columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fwsim.report.rom import fields, findings_table, size_text

if TYPE_CHECKING:
    from fwsim.rom.catalog import KnownRom
    from fwsim.rom.flash.find import Search
    from fwsim.rom.flash.item import Item

_NOTES_SHOWN = 8
_DEVICES_SHOWN = 8


def render_search(found: "Search", path: str, known: "Sequence[KnownRom | None]") -> RenderableType:
    """What the file is, each thing with its number, what could not be read, and how to take something out."""
    head = fields()
    head.add_row("file", Text(path, overflow="fold"))
    head.add_row("size", size_text(found.size))
    head.add_row("is", "\n".join(found.what))
    parts: list[RenderableType] = [head, Text()]
    for number, (item, entry) in enumerate(zip(found.items, known, strict=True)):
        parts += [_title(number, item), _item(item, entry)]
    if not found.items:
        parts.append(Text("No option ROM, VBT or EFI graphics driver was found.", style="bold yellow"))
    if found.others:
        parts += [Text(), Text(f"{found.others} other EFI drivers are left out (--all).", style="dim")]
    if found.notes:
        parts += [Text(), Text("Could not be read", style="bold"), findings_table(found.notes[:_NOTES_SHOWN])]
        if len(found.notes) > _NOTES_SHOWN:
            parts.append(Text(f"{len(found.notes) - _NOTES_SHOWN} more (--json has all).", style="dim"))
    if found.items:
        parts += [Text(), Text(f"Take one out: fwsim rom extract {path} --only N --out DIR", overflow="fold")]
    return Group(*parts)


def _title(number: int, item: "Item") -> Text:
    title = Text(f"{number:>2}  {item.title}", style="bold" if item.graphics else "")
    if not item.graphics:
        title.append("  (no graphics)", style="dim")
    if item.cut:
        title.append("  cut short", style="yellow")
    return title


def _item(item: "Item", entry: "KnownRom | None") -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(width=2)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    rows = [("what", ", ".join(text for text in (size_text(len(item.data)), item.code) if text))]
    if len(item.devices) > 1:
        more = " .." if len(item.devices) > _DEVICES_SHOWN else ""
        rows.append(("devices", " ".join(f"{device:04x}" for device in item.devices[:_DEVICES_SHOWN]) + more))
    if item.version:
        rows.append(("version", item.version))
    if entry is not None:
        rows.append(("known as", f"{entry.name}: {entry.about}"))
    rows += [("where", _where(item)), ("sha256", item.sha256)]
    for name, text in rows:
        table.add_row("", name, Text(text, overflow="fold"))
    return table


def _where(item: "Item") -> str:
    if item.packed_at is None:
        place = f"{item.offset:#x}-{item.offset + len(item.data) - 1:#x} of the file"
    else:
        place = f"{item.offset:#x} of what is packed at {item.packed_at:#x} of the file"
    return place + (f": {' > '.join(item.path)}" if item.path else "")
