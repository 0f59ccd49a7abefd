"""What the ROM room decoded of a VBT and an OpRegion is rendered for a screen of 80 columns."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fwsim.report.rom import fields, findings_table, size_text

if TYPE_CHECKING:
    from fwsim.rom.bdb_fields import Decoded, Grid, Row, Value
    from fwsim.rom.child import ChildDevice
    from fwsim.rom.finding import Finding
    from fwsim.rom.opregion import OpRegion
    from fwsim.rom.panels import Panel
    from fwsim.rom.vbt import BdbBlock, Vbt

Section = tuple["BdbBlock", "Decoded | None", bytes]
"""A data block, what it says (None for one that is only named), and its bytes."""

_LINE = 16
_FOLDED_LINES = 3


def render_vbt(
    vbt: "Vbt", sections: "Sequence[Section]", findings: "Sequence[Finding]", panel: "Panel | None"
) -> RenderableType:
    """`rom vbt`: the header's fields, the list of data blocks, what each says, then the findings."""
    parts: list[RenderableType] = [_header(vbt, panel), _block_list(vbt)]
    for block, decoded, raw in sections:
        parts += [Text(), *_section(block, decoded, raw, whole=False)]
    if findings:
        parts += [Text(), findings_table(findings)]
    return Group(*parts)


def render_block(sections: "Sequence[Section]", children: "Sequence[ChildDevice]") -> RenderableType:
    """`rom vbt --block N`: the blocks of one number with every field, each child device, and all bytes."""
    parts: list[RenderableType] = []
    for block, decoded, raw in sections:
        parts += [Text()] if parts else []
        parts += _section(block, decoded, raw, whole=True)
        for child in children if block.id == 2 else ():
            parts += [Text(), Text(f"Child device {child.index}: {child.type_name}", style="bold"), _rows(child.rows)]
            bits = ", ".join(child.type_bits)
            parts += [Text(f"type bits: {bits}", style="dim")] if bits else []
        if decoded is not None and (decoded.rows or any(grid.rows for grid in decoded.grids)):
            parts += [Text(), *_dump(raw, whole=True)]
    return Group(*parts)


def render_opregion(
    region: "OpRegion", size: int, vbt: "Vbt | None", findings: "Sequence[Finding]", path: str
) -> RenderableType:
    """`rom info` of an OpRegion dump of ``size`` bytes: header, mailboxes, ASLE, and the VBT in it."""
    from fwsim.rom.opregion import MAILBOXES, display_name

    table = fields()
    table.add_row("file", Text(path, overflow="fold"))
    table.add_row("size", size_text(size))
    table.add_row("OpRegion", f"version {region.version_name}, revision {region.revision}, {region.size >> 10} KiB")
    mailboxes = ", ".join(f"{number} {MAILBOXES[number]}" for number in region.mailboxes)
    table.add_row("mailboxes", mailboxes or "none")
    for name, text in (
        ("system BIOS", region.system_bios),
        ("vBIOS", region.video_bios),
        ("driver", ", ".join(text for text in (region.graphics_driver, region.driver) if text)),
    ):
        if text:
            table.add_row(name, text)
    table.add_row("platform", f"{region.pcon:#x}")
    for name, ids in (("displays", region.displays), ("attached", region.attached), ("active", region.active)):
        if ids:
            table.add_row(name, "; ".join(f"{value:#x} {display_name(value)}" for value in ids))
    if 1 in region.mailboxes:
        table.add_row("lid, dock", f"{'open' if region.lid_open else 'closed'}, {'in' if region.docked else 'out'}")
    if region.brightness is not None:
        table.add_row("brightness", f"{region.brightness} %")
    if region.backlight:
        table.add_row("levels", " ".join(f"{level}:{duty}" for level, duty in region.backlight) + "  (%: duty of 255)")
    if 3 in region.mailboxes:
        state = "counts" if region.extended else "does not count"
        table.add_row("RVDA, RVDS", f"{region.rvda:#x}, {region.rvds:#x}: {state}")
    if vbt is not None:
        said = f'by {region.vbt_from} at {vbt.offset:#x}, "{vbt.signature}", {vbt.size:#x} bytes'
        table.add_row("VBT", f"{said}, BDB version {vbt.bdb_version}, {len(vbt.blocks)} blocks")
    else:
        table.add_row("VBT", "none in this file")
    parts: list[RenderableType] = [table]
    if findings:
        parts += [Text(), Text("Findings", style="bold"), findings_table(findings)]
    return Group(*parts)


def _header(vbt: "Vbt", panel: "Panel | None") -> Table:
    table = fields()
    table.add_row("VBT", f'at {vbt.offset:#x}, "{vbt.signature}", version {vbt.version}')
    table.add_row("size", f"header {vbt.header_size:#x}, table {vbt.size:#x}")
    state = "right" if vbt.sum == 0 else "wrong, as in every vBIOS seen: never required"
    table.add_row("checksum", f"{vbt.checksum:#04x}, sum {vbt.sum:#04x}: {state}")
    table.add_row(
        "BDB",
        f"at {vbt.bdb_offset:#x}, version {vbt.bdb_version}, header {vbt.bdb_header_size:#x}, {vbt.bdb_size:#x} bytes",
    )
    if vbt.sign_on:
        table.add_row("sign-on", "\n".join(vbt.sign_on))
    if panel is not None and panel.timing is not None:
        mode = f"{panel.timing.hactive}x{panel.timing.vactive}, {panel.timing.clock_khz / 1000:g} MHz"
        table.add_row("panel", f"{panel.index}: {mode}, {panel.maker} {panel.product:04x} {panel.name}".rstrip())
    return table


def _block_list(vbt: "Vbt") -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("block", "offset", "size"):
        table.add_column(name, justify="right")
    table.add_column("name")
    for block in vbt.blocks:
        table.add_row(str(block.id), f"{block.offset:#x}", f"{block.size:#x}", block.name)
    return table


def _section(block: "BdbBlock", decoded: "Decoded | None", raw: bytes, whole: bool) -> list[RenderableType]:
    title = Text(f"Block {block.id}: {block.name} ({block.size} bytes)", style="bold")
    if decoded is None:
        return [title, *_dump(raw, whole)]
    parts: list[RenderableType] = [title]
    if decoded.rows:
        parts.append(_rows(decoded.rows) if whole else _short_rows(decoded.rows))
    for grid in decoded.grids:
        if grid.rows:
            parts += [Text(f"{grid.title}:", style="dim"), _grid(grid, whole)]
    parts += [Text(f"note: {problem}", style="cyan") for problem in decoded.problems]
    return parts if len(parts) > 1 else [title, *_dump(raw, whole)]


def _rows(rows: "Iterable[Row]") -> Table:
    table = fields()
    for row in rows:
        table.add_row(row.name, row.text)
    return table


def _short_rows(rows: "Iterable[Row]") -> Table:
    """Numbers at a line each; the flags that are set on one line, those that are not on another."""
    table = fields()
    flags: dict[bool, list[str]] = {True: [], False: []}
    for row in rows:
        if isinstance(row.value, bool):
            flags[row.value].append(row.name)
        elif row.value or row.text not in ("0", "0x0", ""):
            table.add_row(row.name, row.text)
    for value, label in ((True, "yes"), (False, "no")):
        if flags[value]:
            table.add_row(label, ", ".join(flags[value]))
    return table


def _grid(grid: "Grid", whole: bool) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for index, name in enumerate(grid.columns):
        numeric = all(isinstance(row[index], int | float) for row in grid.rows)
        named = index == 0 and any(isinstance(row[0], str) for row in grid.rows)
        justify: Literal["left", "right"] = "right" if numeric and index else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=named)
    for label, row, marked in _folded(grid, whole):
        table.add_row(label, *(_cell(value) for value in row[1:]), style="bold" if marked else "")
    return table


def _folded(grid: "Grid", whole: bool) -> "Iterator[tuple[str, tuple[Value, ...], bool]]":
    """Each row with its label; consecutive ones that say the same are one, but for the marked and the named."""
    start = 0
    rows = grid.rows
    for index, row in enumerate(rows):
        following = rows[index + 1] if index + 1 < len(rows) else None
        alike = following is not None and following[1:] == row[1:] and grid.marked not in (row[0], following[0])
        if alike and not whole and not isinstance(row[0], str):
            continue
        label = _cell(rows[start][0]) if start == index else f"{_cell(rows[start][0])}-{_cell(row[0])}"
        marked = grid.marked is not None and row[0] == grid.marked
        yield (f"{label} *" if marked else label), row, marked
        start = index + 1


def _cell(value: "Value") -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _dump(raw: bytes, whole: bool) -> list[RenderableType]:
    """Hex, sixteen bytes a line, repeated lines as one star; only the first lines unless ``whole``."""
    if not raw:
        return [Text("  empty", style="dim")]
    text = Text(no_wrap=True, overflow="ignore")
    lines = list(_hex_lines(raw))
    shown = lines if whole or len(lines) <= _FOLDED_LINES + 1 else lines[:_FOLDED_LINES]
    text.append("\n".join(shown))
    if len(shown) < len(lines):
        text.append(f"\n  {len(lines) - len(shown)} more lines: --block shows all", style="dim")
    return [text]


def _hex_lines(raw: bytes) -> Iterator[str]:
    previous, starred = b"", False
    for at in range(0, len(raw), _LINE):
        line = raw[at : at + _LINE]
        if line == previous and at + _LINE < len(raw):
            if not starred:
                yield "  *"
            starred = True
            continue
        previous, starred = line, False
        letters = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in line)
        yield f"  {at:04x}  {line.hex(' '):<{3 * _LINE - 1}}  {letters}"
