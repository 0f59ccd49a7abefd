"""A data block of bit fields is read by rows of a table: what they say, and the bits that no row names."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

Value = int | str | bool | float | None

YES_NO = {0: "no", 1: "yes"}


class Bits(Struct, frozen=True):
    """``width`` bits from bit ``low`` of the ``size``-byte little-endian number at byte ``at`` of a structure.

    ``values`` names numbers, ``unit`` follows the number times ``scale``; the field is there in BDB versions ``since``
    up to ``until``. ``members`` names single bits of a set.
    """

    at: int
    size: int
    low: int
    width: int
    name: str
    values: Mapping[int, str] = field(default_factory=dict)
    unit: str = ""
    scale: int = 1
    since: int = 0
    until: int = 0xFFFF
    hexadecimal: bool = False
    members: Mapping[int, str] = field(default_factory=dict)

    def get(self, raw: bytes) -> int:
        """The field's number in the structure ``raw``."""
        return int.from_bytes(raw[self.at : self.at + self.size], "little") >> self.low & (1 << self.width) - 1

    def text(self, value: int) -> str:
        """``value`` in words, or as a number with its unit."""
        if self.values:
            return self.values.get(value, f"{value:#x}, not known")
        if self.members:
            rest = value & ~sum(self.members)
            named = [name for bit, name in self.members.items() if value & bit] + [hex(rest)] * (rest != 0)
            return ", ".join(named) or "none"
        if self.hexadecimal:
            return f"{value:#x}"
        if self.unit:
            return f"{value * self.scale} {self.unit}"
        return str(value)


def flag(at: int, bit: int, name: str, *, size: int = 1, since: int = 0, until: int = 0xFFFF) -> Bits:
    """One bit that says yes or no."""
    return Bits(at, size, bit, 1, name, YES_NO, since=since, until=until)


def number(at: int, size: int, name: str, unit: str = "", scale: int = 1, since: int = 0, until: int = 0xFFFF) -> Bits:
    """A whole number of ``size`` bytes."""
    return Bits(at, size, 0, 8 * size, name, {}, unit, scale, since, until)


def choice(at: int, size: int, low: int, width: int, name: str, values: Sequence[str], since: int = 0) -> Bits:
    """A number whose values 0, 1, 2... have names."""
    return Bits(at, size, low, width, name, dict(enumerate(values)), since=since)


def hexes(at: int, size: int, name: str, since: int = 0, until: int = 0xFFFF) -> Bits:
    """A number best read in hex."""
    return Bits(at, size, 0, 8 * size, name, since=since, until=until, hexadecimal=True)


class Row(Struct, frozen=True):
    """One field of a block: its name, its value as stored, and what that says."""

    name: str
    value: Value
    text: str


class Grid(Struct, frozen=True):
    """Structures of one form, one a row: a value for each of ``columns``; ``marked`` numbers the one in use."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    marked: int | None = None


class Decoded(Struct, frozen=True):
    """What a data block says: single fields, then repeated structures, then what is wrong with it."""

    rows: tuple[Row, ...] = ()
    grids: tuple[Grid, ...] = ()
    problems: tuple[str, ...] = ()


def read_rows(raw: bytes, fields: Iterable[Bits], version: int) -> tuple[Row, ...]:
    """The fields that a structure of BDB ``version`` has, as far as ``raw`` goes; bits that none names come last."""
    rows: list[Row] = []
    whole, named = int.from_bytes(raw, "little"), 0
    for each in fields:
        if not each.since <= version <= each.until or each.at + each.size > len(raw):
            continue
        shift, mask = 8 * each.at + each.low, (1 << each.width) - 1
        value = whole >> shift & mask
        rows.append(Row(each.name, bool(value) if each.values is YES_NO else value, each.text(value)))
        named |= mask << shift
    left = whole & ~named
    rest = {at: bits for at, bits in enumerate(left.to_bytes(len(raw), "little")) if bits} if left else {}
    if rest:
        shown = list(rest.items())[:16]
        text = ", ".join(f"+{at:#x}: {bits:#04x}" for at, bits in shown) + (", ..." if len(rest) > len(shown) else "")
        rows.append(Row("bits without a name", len(rest), text))
    return tuple(rows)
