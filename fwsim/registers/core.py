"""The declarative form of the database: a register, its fields, and the places where it lies.

A register is a class; its fields are class attributes, its place and its source class keywords::

    class PP_CONTROL(Register, at=0x61204, gen="2-4", source=LINUX):
        "Panel power sequencer control."

        POWER = Field(0, 0, "panel power wanted")

``PP_CONTROL.POWER`` is the field, ``PP_CONTROL(1).POWER`` its value in the register value 1.
Several classes may share one ``name`` where a register's form changes from one generation to another.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple, Self, overload

from msgspec import Struct

from fwsim.registers.gms import SizeRule
from fwsim.registers.variants import expand

Access = Literal["ro", "rw", "wo", "w1c", "rc", "lock"]
"""ro: writes are ignored; wo: reads give 0; w1c: writing 1 clears; rc: reading clears; lock: read-only once the
register's field LOCK is set."""

INTERRUPTS: dict[str, Access] = {"ISR": "ro", "IIR": "w1c"}
"""Of an interrupt block the live state cannot be written, and pending events are cleared by ones (Linux i915
display/intel_display_irq.c, gen2_irq_reset); mask and enable are storage."""

FUNCTIONS: dict[str, int] = {"bridge": 0x0, "igd": 0x2 << 15, "lpc": 0x1F << 15, "pmc": 0x1F << 15 | 2 << 12}
"""PCI functions of the database by their ECAM address: 00:00.0, 00:02.0, 00:1f.0, 00:1f.2."""

RESERVED = "reserved"
"""The usual reason for bits without a field: the manual reserves them."""


class Field:
    """Bits ``msb`` down to ``lsb`` of a register.

    ``values`` names what numbers mean; ``plus`` is added before the number is shown with ``unit`` (a timing register
    holds its value less one); ``scale`` multiplies it; ``address`` shows the bits in place, as an address;
    ``rule`` decodes a stolen-memory size; ``gen`` restricts the field to some families; ``access`` overrides the
    register's own.
    """

    def __init__(
        self,
        msb: int,
        lsb: int,
        text: str,
        *,
        values: Mapping[int, str] | None = None,
        access: Access | None = None,
        gen: str = "2-",
        unit: str = "",
        plus: int = 0,
        scale: int = 1,
        address: bool = False,
        rule: SizeRule | None = None,
    ) -> None:
        self.name = ""
        self.msb = msb
        self.lsb = lsb
        self.text = text
        self.values = dict(values or {})
        self.access = access
        self.gen = gen
        self.unit = unit
        self.plus = plus
        self.scale = scale
        self.address = address
        self.rule = rule

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: "Register", owner: type) -> int: ...
    def __get__(self, instance: "Register | None", owner: type) -> "Self | int":
        return self if instance is None else self.get(instance.value)

    @property
    def mask(self) -> int:
        """The field's bits, in place."""
        return ((1 << (self.msb - self.lsb + 1)) - 1) << self.lsb

    @property
    def bits(self) -> str:
        """``31`` or ``29:26``."""
        return str(self.msb) if self.msb == self.lsb else f"{self.msb}:{self.lsb}"

    @property
    def families(self) -> frozenset[str]:
        """Host cpus whose register has this field."""
        return expand(self.gen)

    def get(self, value: int) -> int:
        """The field's number in the register value ``value``."""
        return (value & self.mask) >> self.lsb

    def put(self, value: int, number: int) -> int:
        """``value`` with the field set to ``number`` (surplus bits of it are dropped)."""
        return (value & ~self.mask) | ((number << self.lsb) & self.mask)

    def meaning(self, value: int) -> str:
        """What the field says in the register value ``value``, in words."""
        number = self.get(value)
        if self.rule is not None:
            return f"{_size(self.rule.decode(value))} {self.text}"
        if number in self.values:
            return self.values[number]
        if self.address:
            return f"{self.text}: {value & self.mask:#x}"
        if self.unit:
            return f"{(number + self.plus) * self.scale} {self.unit}, {self.text}"
        if self.values:
            return f"{self.text}: value not known"
        return self.text


def _size(size: int) -> str:
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size and size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size} bytes" if size else "no"


class Array(Struct, frozen=True):
    """Several registers of one form: (label, address) pairs."""

    members: tuple[tuple[str, int], ...]


def each(base: int, stride: int, labels: str | int | Sequence[str]) -> Array:
    """An array from ``base``, ``stride`` bytes apart; ``labels`` are names, letters, or a count (numbered from 0)."""
    names = [str(index) for index in range(labels)] if isinstance(labels, int) else list(labels)
    return Array(tuple((name, base + index * stride) for index, name in enumerate(names)))


def at_each(**places: int) -> Array:
    """An array whose members lie at addresses that follow no rule: ``at_each(A=0x70180, C=0x74180)``."""
    return Array(tuple(places.items()))


At = int | Array


def by_gen(places: dict[str, At]) -> dict[str, At]:
    """``places`` as they are: names the type where single registers and arrays are mixed."""
    return places


VLV_BASE = 0x180000
"""Where Bay Trail and Cherryview have their display registers, relative to older parts."""


def gmch(at: At, gen: str = "2-4") -> dict[str, At]:
    """A display register of ``gen`` that Bay Trail and Cherryview have as well, 0x180000 higher."""
    if isinstance(at, int):
        return {gen: at, "vlv": at + VLV_BASE}
    return {gen: at, "vlv": Array(tuple((label, address + VLV_BASE) for label, address in at.members))}


class Place(NamedTuple):
    """One address of a register, with the families that have it there."""

    label: str
    address: int
    families: frozenset[str]


class _Places:
    """A register's ``places`` are made when they are first asked for: there are 13,000, and a run names few."""

    def __get__(self, instance: "Register | None", owner: "type[Register]") -> tuple[Place, ...]:
        made = tuple(Place(label, address, chosen) for chosen, members in owner.groups() for label, address in members)
        owner.places = made
        return made


_FIRST_ASKED: Any = _Places()


class Register:
    """One register (or an array of them): the class is the definition, an instance a value of it."""

    name: ClassVar[str] = ""
    space: ClassVar[str] = ""
    function: ClassVar[str] = ""
    width: ClassVar[int] = 4
    access: ClassVar[Access] = "rw"
    access_by_label: ClassVar[Mapping[str, Access]] = {}
    reset: ClassVar[int | None] = 0
    source: ClassVar[str] = ""
    gaps: ClassVar[str] = ""
    places: ClassVar[tuple[Place, ...]] = ()
    _at: ClassVar[Mapping[str, At] | Mapping[frozenset[str], At]] = {}
    _base: ClassVar[int] = 0
    fields: ClassVar[tuple[Field, ...]] = ()

    def __init__(self, value: int = 0) -> None:
        self.value = value

    def __init_subclass__(
        cls,
        *,
        at: At | Mapping[str, At] | Mapping[frozenset[str], At],
        source: str,
        gen: str = "2-",
        name: str = "",
        space: str = "mmio",
        function: str = "",
        width: int = 4,
        access: Access | Mapping[str, Access] = "rw",
        reset: int | None = 0,
        gaps: str = "",
        **rest: object,
    ) -> None:
        """Read the class keywords; ``width`` in bytes, ``gaps`` the reason for bits that no field names.

        ``access`` of a block by the end of its labels (``IIR`` for A_IIR too); the rest of the block is rw.
        ``reset`` None: not one value, but the board's, its fuses' or its firmware's.
        """
        super().__init_subclass__(**rest)
        cls.name = name or cls.__name__
        cls.space, cls.function, cls.width = space, function, width
        cls.access, cls.access_by_label = (access, {}) if isinstance(access, str) else ("rw", access)
        cls.reset, cls.source, cls.gaps = reset, source, gaps
        cls._at, cls._base = at if isinstance(at, Mapping) else {gen: at}, FUNCTIONS.get(function, 0)
        cls.places = _FIRST_ASKED
        own = [field for field in vars(cls).values() if isinstance(field, Field)]
        cls.fields = tuple(sorted(own, key=lambda field: (-field.msb, field.gen)))

    @classmethod
    def description(cls) -> str:
        """What the register is for."""
        return " ".join((cls.__doc__ or "").split())

    @classmethod
    def access_at(cls, label: str) -> Access:
        """How the member called ``label`` is accessed, where its fields do not say otherwise."""
        return cls.access_by_label.get(label.rpartition("_")[2], cls.access)

    @classmethod
    def on(cls, family: str) -> Iterator[tuple[str, int]]:
        """Label and address of each place that the host cpu ``family`` has; most runs ask about one family only."""
        for chosen, members in cls.groups():
            if family in chosen:
                yield from members

    @classmethod
    def groups(cls) -> Iterator[tuple[frozenset[str], list[tuple[str, int]]]]:
        """The families that have it at the same places, with label and address of each place."""
        for gen, where in cls._at.items():
            members = (("", where),) if isinstance(where, int) else where.members
            chosen = expand(gen) if isinstance(gen, str) else gen
            yield chosen, [(label, cls._base + address) for label, address in members]

    @classmethod
    def families(cls) -> frozenset[str]:
        """Host cpus that have it somewhere."""
        return frozenset().union(*(place.families for place in cls.places))


class RegisterAt(Struct, frozen=True):
    """A register found at an address: which one of an array, and for which families the answer holds."""

    register: type[Register]
    label: str
    address: int
    families: frozenset[str]

    @property
    def name(self) -> str:
        """The register's name with its array label: ``DSPCNTR_B``."""
        return f"{self.register.name}_{self.label}" if self.label else self.register.name

    @property
    def access(self) -> Access:
        """How it is accessed, where its fields do not say otherwise."""
        return self.register.access_at(self.label)


class Decoded(NamedTuple):
    """One field of a decoded value. ``field`` is ``?`` for bits that no field names."""

    field: str
    bits: str
    value: int
    meaning: str


def _runs(mask: int) -> Iterator[tuple[int, int]]:
    """The runs of ones in ``mask`` as (msb, lsb), highest first."""
    while mask:
        msb = mask.bit_length() - 1
        lsb = msb
        while lsb and mask >> (lsb - 1) & 1:
            lsb -= 1
        yield msb, lsb
        mask &= (1 << lsb) - 1


def decode(register: type[Register] | RegisterAt, value: int) -> list[Decoded]:
    """Every field of ``value``, highest bit first, and every set bit that no field names; nothing is hidden."""
    if isinstance(register, RegisterAt):
        form, chosen = register.register, register.families
    else:
        form, chosen = register, register.families()
    rows: list[tuple[int, Decoded]] = []
    left = value
    for field in form.fields:
        if field.families & chosen:
            rows.append((field.msb, Decoded(field.name, field.bits, field.get(value), field.meaning(value))))
            left &= ~field.mask
    for msb, lsb in _runs(left):
        bits = str(msb) if msb == lsb else f"{msb}:{lsb}"
        number = (left >> lsb) & ((1 << (msb - lsb + 1)) - 1)
        reason = form.gaps if msb < form.width * 8 else f"past the register's {form.width * 8} bits"
        rows.append((msb, Decoded("?", bits, number, f"not named ({reason or 'unknown'})")))
    return [row for _, row in sorted(rows, key=lambda pair: -pair[0])]
