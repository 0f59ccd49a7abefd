"""The vBIOS's own blocks of a VBT are lists of registers and values; the voltage swing tables are rows of words.

Source: Linux drivers/gpu/drm/i915/display/intel_vbt_defs.h, struct bdb_reg_table and struct bdb_vswing_preemph.
"""

from fwsim.rom.bdb_fields import Decoded, Grid, Row, Value

_WIDTHS = {0xCE: 1, 0x02: 4}
"""Bytes of an offset, and of a value, by the list's access size."""

_END = b"\xff\xff"

_SWINGS = ("V0 P0", "V0 P1", "V0 P2", "V0 P3", "V1 P0", "V1 P1", "V1 P2", "V2 P0", "V2 P1", "V3 P0")
"""Voltage and pre-emphasis levels in a swing table's order."""


def register_list(raw: bytes) -> Decoded:
    """Blocks 6, 7 and 8: the list's id and access size, then (offset, value) up to the end marker FFFFh."""
    if len(raw) < 3:
        return Decoded(problems=("cut off before its access size",))
    name, kind = int.from_bytes(raw[:2], "little"), raw[2]
    rows = (Row("list id", name, f"{name:#x}"), Row("access size", kind, f"{kind:#x}"))
    width = _WIDTHS.get(kind)
    if width is None:
        return Decoded(rows, (), (f"access size {kind:#x} is not known: 0xce for bytes, 0x2 for dwords",))
    found: list[tuple[Value, ...]] = []
    at = 3
    while at + 2 * width <= len(raw) and raw[at : at + 2] != _END:
        pair = (int.from_bytes(raw[place : place + width], "little") for place in (at, at + width))
        found.append((len(found), *(f"{value:#0{2 + 2 * width}x}" for value in pair)))
        at += 2 * width
    problems = () if raw[at : at + 2] == _END else ("no end marker",)
    return Decoded(rows, (Grid("Registers", ("", "offset", "value"), tuple(found)),) if found else (), problems)


def swing_tables(raw: bytes) -> Decoded:
    """Block 57: for each table ten rows, a row for a voltage and pre-emphasis level, of so many register values."""
    if len(raw) < 2:
        return Decoded(problems=("cut off before its counts",))
    tables, columns = raw[0], raw[1]
    rows = (Row("tables", tables, str(tables)), Row("columns", columns, str(columns)))
    size = 4 * columns
    grids: list[Grid] = []
    for table in range(tables if columns else 0):
        lines: list[tuple[Value, ...]] = []
        for level, name in enumerate(_SWINGS):
            at = 2 + (table * len(_SWINGS) + level) * size
            if at + size <= len(raw):
                words = (int.from_bytes(raw[place : place + 4], "little") for place in range(at, at + size, 4))
                lines.append((name, *(f"{word:x}" for word in words)))
        if lines:
            heads = ("level", *(str(column) for column in range(columns)))
            grids.append(Grid(f"Table {table}", heads, tuple(lines)))
    short = len(raw) < 2 + tables * len(_SWINGS) * size
    return Decoded(rows, tuple(grids), ("fewer words than the tables need",) if short else ())
