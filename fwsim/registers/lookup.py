"""A stranger's address is answered as data: what `fwsim lookup` prints."""

import re

from msgspec import Struct
from msgspec.structs import asdict

from fwsim.errors import FwsimError
from fwsim.registers.core import FUNCTIONS, Decoded, Place, Register, RegisterAt, decode
from fwsim.registers.database import SPACES, all_at, named, nearest, show_address
from fwsim.registers.families import families, family
from fwsim.registers.pte import FORMATS, PteFormat
from fwsim.registers.variants import GROUPS, describe, selected

_LEAF = re.compile(r"(?:(?:int\s*)?([0-9a-f]{2})h?\s*[: ]\s*)?(?:ax\s*=\s*)?(?:0x)?([0-9a-f]{4})h?", re.IGNORECASE)
_FUNCTION = re.compile(r"(?:(?:0000:)?00:)?([0-9a-f]{1,2})\.([0-7])[:@+]\s*(?:0x)?([0-9a-f]+)", re.IGNORECASE)
_OTHER_FORMS = {"pci": ", or FUNCTION:OFFSET such as 02.0:5c", "int": ", or VECTOR:AX such as 15:5f51"}


class Answer(Struct, frozen=True):
    """One register that lies at the address asked for. ``value`` None: only what it is was asked."""

    name: str
    space: str
    address: int
    where: str
    width: int
    access: str
    reset: int | None
    generations: str
    description: str
    source: str
    value: int | None
    fields: list[Decoded]

    def as_dict(self) -> dict[str, object]:
        """The answer for --json."""
        row = asdict(self)
        row["fields"] = [field._asdict() for field in self.fields]
        return row


class Where(Struct, frozen=True):
    """One place of a register asked for by name."""

    name: str
    space: str
    address: int
    where: str
    label: str
    width: int
    access: str
    generations: str
    description: str
    source: str

    def as_dict(self) -> dict[str, object]:
        """The place for --json."""
        return asdict(self)


def parse_address(text: str, space: str) -> list[int]:
    """The addresses that ``text`` may mean in ``space``; raises FwsimError for one that is no address.

    In pci space a number below 0x100 is an offset in each function of the database, and 02.0:5c is one in one. In int
    space 15:5f51 is INT 15h AX=5F51, and so is 5f51.
    """
    if space not in SPACES:
        raise FwsimError("no such address space", where="--space", found=repr(space), expected=", ".join(SPACES))
    match = _FUNCTION.fullmatch(text.strip())
    if space == "pci" and match:
        return [int(match[1], 16) << 15 | int(match[2]) << 12 | int(match[3], 16)]
    leaf = _LEAF.fullmatch(text.strip())
    if space == "int" and leaf:
        return [int(leaf[1] or "15", 16) << 16 | int(leaf[2], 16)]
    try:
        number = int(text, 0)
    except ValueError:
        number = -1
    if number < 0:
        raise FwsimError(
            "not an address",
            where="ADDRESS",
            found=repr(text),
            expected="a number such as 0x70180" + _OTHER_FORMS.get(space, ""),
        )
    if space == "pci" and number < 0x1000:
        return [base + number for base in FUNCTIONS.values()]
    return [number]


def parse_value(text: str) -> int:
    """A register value in any base; raises FwsimError for anything else."""
    try:
        number = int(text, 0)
    except ValueError:
        number = -1
    if number < 0 or number >= 1 << 64:
        raise FwsimError("not a register value", where="VALUE", found=repr(text), expected="0 to 2^64 - 1, in any base")
    return number


def parse_gen(gen: int | str | None) -> int | str | None:
    """A generation number, a host cpu's name or a range's text; raises FwsimError for what is none of them."""
    if isinstance(gen, str) and gen.strip().isdigit() and int(gen) < 100:
        gen = int(gen)
    if isinstance(gen, str) and not re.search(r"[\d,!-]", gen) and gen.lower() not in GROUPS:
        gen = _family_name(gen)
    selected(gen)
    return gen


def _family_name(text: str) -> str:
    try:
        return family(text).name
    except FwsimError as error:
        raise FwsimError(
            "no such generation or host cpu",
            where="--gen",
            found=repr(text),
            expected=f"2 to 13, or one of {error.expected}",
            hint=error.hint,
        ) from None


def at_address(text: str, value: int | None, space: str | None, gen: int | str | None) -> list[Answer]:
    """Every register at the address, decoded when a ``value`` is given; raises FwsimError where there is none.

    ``space`` None: the first of mmio, pci and port that has one. ``gen``: a generation number, a host cpu's name, or
    None for all of them.
    """
    gen = parse_gen(gen)
    space = space or _space_of(text, gen)
    addresses = parse_address(text, space)
    if space == "gtt":
        return [_entry(addresses[0], value, form) for form in _formats(gen)]
    hits = [hit for address in addresses for hit in all_at(space, address, gen)]
    if not hits:
        near = nearest(space, addresses[0], gen)
        raise FwsimError(
            f"the database has no register there{'' if gen is None else f' for {gen}'}",
            where=f"{space} {show_address(space, addresses[0])}",
            hint="nearest: " + ", ".join(f"{hit.name} at {show_address(space, hit.address)}" for hit in near)
            if near
            else "",
        )
    if value is not None:
        _fits(value, hits)
    return [_answer(hit, value) for hit in hits]


def _space_of(text: str, gen: int | str | None) -> str:
    """The first of the usual spaces that has a register at ``text``; mmio where none has."""
    if _FUNCTION.fullmatch(text.strip()):
        return "pci"
    spaces = ("mmio", "pci", "port")
    return next((each for each in spaces if any(all_at(each, at, gen) for at in parse_address(text, each))), "mmio")


def _fits(value: int, hits: list[RegisterAt]) -> None:
    widest = max(hit.register.width for hit in hits)
    if value >> (8 * widest):
        raise FwsimError(
            f"{hits[0].name} has {widest * 8} bits",
            where="VALUE",
            found=f"{value:#x}",
            expected=f"at most {widest * 8} bits",
        )


def _answer(hit: RegisterAt, value: int | None) -> Answer:
    register = hit.register
    shown = decode(hit, value) if value is not None else _names(hit)
    return Answer(
        name=hit.name,
        space=register.space,
        address=hit.address,
        where=show_address(register.space, hit.address),
        width=register.width,
        access=hit.access,
        reset=register.reset,
        generations=describe(hit.families),
        description=register.description(),
        source=register.source,
        value=value,
        fields=shown,
    )


def _names(hit: RegisterAt) -> list[Decoded]:
    """The register's fields with what they are, for an address without a value."""
    reset = hit.register.reset or 0
    return [
        Decoded(field.name, field.bits, field.get(reset), field.text)
        for field in hit.register.fields
        if field.families & hit.families
    ]


def _formats(gen: int | str | None) -> list[PteFormat]:
    chosen = selected(gen)
    names = {row.pte for row in families() if row.name in chosen}
    return [form for name, form in FORMATS.items() if name in names]


def _entry(address: int, value: int | None, form: PteFormat) -> Answer:
    """A GTT entry's answer; ``address`` is its byte offset in the GTT."""
    fields: list[Decoded] = []
    if value is not None:
        valid, page = form.decode(value)
        fields.append(Decoded("ADDRESS", "", page, f"page {page:#x}"))
        fields += [Decoded("FLAG", "", 1, text) for text in form.flag_names(value)]
        fields.append(Decoded("VALID", "0", int(valid), "the entry may be used" if valid else "not valid"))
        if form.unnamed(value):
            fields.append(Decoded("?", "", form.unnamed(value), "not named (no field of this format)"))
    number = address // form.width
    return Answer(
        name=f"PTE[{number}]",
        space="gtt",
        address=address,
        where=f"{address:#x}",
        width=form.width,
        access="rw",
        reset=None,
        generations=describe(frozenset(row.name for row in families() if row.pte == form.name)),
        description=f"Graphics page table entry {number}: it maps graphics address {number << 12:#x}.",
        source=form.source,
        value=value,
        fields=fields,
    )


def places_of(name: str, gen: int | str | None = None) -> list[Where]:
    """Where the register called ``name`` lies in each generation (of ``gen`` only, unless None).

    A name that bears an array's label, or is another name of one place, gives that place only.

    Raises FwsimError for a name that is not known, or that no family of ``gen`` has.
    """
    chosen = selected(parse_gen(gen))
    rows = [row for register, places in named(name).items() for row in _places(register, places, chosen)]
    if not rows:
        raise FwsimError(f"no part of generation {gen} has it", where="--name", found=repr(name))
    return rows


def _places(register: type[Register], places: tuple[Place, ...], chosen: frozenset[str]) -> list[Where]:
    return [
        Where(
            name=register.name,
            space=register.space,
            address=place.address,
            where=show_address(register.space, place.address),
            label=place.label,
            width=register.width,
            access=register.access_at(place.label),
            generations=describe(place.families & chosen),
            description=register.description(),
            source=register.source,
        )
        for place in places
        if place.families & chosen
    ]
