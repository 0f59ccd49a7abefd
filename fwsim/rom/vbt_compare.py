"""Two VBTs are compared field by field, block by block: what each says, not where its bytes lie."""

from collections.abc import Iterator

from msgspec import Struct

from fwsim.rom.bdb import Tables
from fwsim.rom.bdb_fields import Decoded, Grid

_MAX_BYTES = 16
_CHILDREN = 2


class FieldDifference(Struct, frozen=True):
    """One thing that differs: block (None: the header), the block's or header's name, the field, and what each says.

    Empty where one has no such field; a block that only one has is the field ``block`` with its size.
    """

    block: int | None
    title: str
    field: str
    a: str
    b: str


class VbtDifference(Struct, frozen=True):
    """What differs between two tables, and how many blocks say the same in both."""

    fields: tuple[FieldDifference, ...]
    same: int


def compare_vbts(a: Tables, b: Tables) -> VbtDifference:
    """Header and blocks of both; of a number that a table has twice the first counts, as for drivers."""
    found = [FieldDifference(None, "header", name, one, other) for name, one, other in _header(a, b) if one != other]
    same = 0
    for id_, title in sorted({block.id: block.name for block in (*a.vbt.blocks, *b.vbt.blocks)}.items()):
        differences = [FieldDifference(id_, title, *row) for row in _block(a, b, id_)]
        found += differences
        same += not differences
    return VbtDifference(tuple(found), same)


def _header(a: Tables, b: Tables) -> Iterator[tuple[str, str, str]]:
    one, other = a.vbt, b.vbt
    yield "signature", one.signature, other.signature
    yield "version", str(one.version), str(other.version)
    yield "size", f"{one.size:#x}", f"{other.size:#x}"
    yield "BDB version", str(one.bdb_version), str(other.bdb_version)
    yield "BDB size", f"{one.bdb_size:#x}", f"{other.bdb_size:#x}"


def _block(a: Tables, b: Tables, id_: int) -> Iterator[tuple[str, str, str]]:
    one, other = a.block(id_), b.block(id_)
    if one is None or other is None:
        yield "block", f"{len(one.raw):#x} bytes" if one else "", f"{len(other.raw):#x} bytes" if other else ""
        return
    rows = list(_fields(a, b, id_))
    yield from rows
    if one.raw == other.raw or (rows and len(one.raw) == len(other.raw)):
        return
    if len(one.raw) != len(other.raw):
        yield "size", f"{len(one.raw):#x} bytes", f"{len(other.raw):#x} bytes"
    if not rows:
        yield from _bytes(one.raw, other.raw)


def _decoded(tables: Tables, id_: int) -> Decoded:
    block = next(block for block in tables.vbt.blocks if block.id == id_)
    return tables.decode(block) or Decoded()


def _fields(a: Tables, b: Tables, id_: int) -> Iterator[tuple[str, str, str]]:
    """Rows by name, then each grid's values by title, row and column; of child devices every field."""
    one, other = _named(_decoded(a, id_)), _named(_decoded(b, id_))
    if id_ == _CHILDREN:
        one, other = _with_children(one, a), _with_children(other, b)
    for name in dict.fromkeys((*one, *other)):
        if one.get(name) != other.get(name):
            yield name, one.get(name, ""), other.get(name, "")


def _named(decoded: Decoded) -> dict[str, str]:
    named: dict[str, str] = {}
    for row in decoded.rows:
        name, count = row.name, 2
        while name in named:
            name, count = f"{row.name} {count}", count + 1
        named[name] = row.text
    for grid in decoded.grids:
        named.update(_cells(grid))
    return named


def _with_children(named: dict[str, str], tables: Tables) -> dict[str, str]:
    """The child devices by number and what each is, with all their fields instead of the grid's few."""
    kept = {name: text for name, text in named.items() if not name.startswith("Child devices ")}
    for child in tables.children():
        if child.present:
            kept |= {f"child device {child.index}: {row.name}": row.text for row in child.rows}
    return kept


def _cells(grid: Grid) -> Iterator[tuple[str, str]]:
    for number, row in enumerate(grid.rows):
        for index, value in enumerate(row):
            column = grid.columns[index] if index < len(grid.columns) else ""
            yield f"{grid.title} {number}: {column or f'column {index}'}", str(value)


def _bytes(a: bytes, b: bytes) -> Iterator[tuple[str, str, str]]:
    """Where no field tells the difference: the bytes themselves, the first of them."""
    places = [at for at in range(min(len(a), len(b))) if a[at] != b[at]]
    for at in places[:_MAX_BYTES]:
        yield f"byte +{at:#x}", f"{a[at]:02x}", f"{b[at]:02x}"
    if len(places) > _MAX_BYTES:
        yield "bytes that differ", f"{len(places)}", f"{len(places)}"
