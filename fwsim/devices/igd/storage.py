"""What the registers of a family keep of a write, give to a read and hold at reset, from the database."""

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from msgspec import Struct
from msgspec.structs import asdict, replace
from numpy.typing import NDArray

from fwsim.devices.igd import layout as w
from fwsim.registers.core import Access, RegisterAt
from fwsim.registers.database import registers
from fwsim.registers.family import Family

_DWORD = 0xFFFFFFFF


class Form(Struct, frozen=True):
    """How one dword of the register file is accessed: masks of bits, all of them 0 for plain storage.

    ``read_only`` keeps its value, ``write_clears`` is cleared by ones, ``read_clears`` by each read and by nothing
    else, ``hidden`` reads as 0; ``frozen`` keeps its value while ``lock`` is set.
    """

    read_only: int = 0
    write_clears: int = 0
    read_clears: int = 0
    hidden: int = 0
    lock: int = 0
    frozen: int = 0

    @property
    def acts_on_read(self) -> bool:
        """Whether a read is more than to look."""
        return bool(self.read_clears or self.hidden)


PLAIN = Form()


class Storage(Struct, frozen=True):
    """A family's register file by the database.

    ``kinds`` has for each dword the number of its form in ``forms``, of which the first is plain storage, and the first
    ``plain_reads`` give what they hold to each read. ``reset`` is what dwords hold at reset, by number, where not 0.
    ``described``: every address that has a byte of a register of the database.
    """

    kinds: NDArray[np.uint16]
    forms: tuple[Form, ...]
    plain_reads: int
    reset: dict[int, int]
    described: frozenset[int]


def masks(place: RegisterAt) -> dict[Access, int]:
    """The bits of a register by how they are accessed, on the one family of ``place``: a field's own way, else its
    register's.
    """
    register = place.register
    found: dict[Access, int] = {place.access: (1 << 8 * register.width) - 1}
    for field in register.fields:
        if field.access and field.families & place.families:
            found = {access: mask & ~field.mask for access, mask in found.items()}
            found[field.access] = found.get(field.access, 0) | field.mask
    return found


def lock_bit(place: RegisterAt) -> int:
    """The bit that freezes the register's lockable fields: its field LOCK; 0 where it has none."""
    return sum(
        field.mask for field in place.register.fields if field.name == "LOCK" and field.families & place.families
    )


def places(family: str, space: str = "mmio") -> Iterator[RegisterAt]:
    """Every register that the family has in ``space``, one after another."""
    only = frozenset({family})
    for register in registers():
        if register.space == space:
            for label, address in register.on(family):
                yield RegisterAt(register, label, address, only)


def _dwords(place: RegisterAt) -> Iterator[tuple[int, Form, int]]:
    """The dwords of a register: number in the file, form, reset value."""
    bits, lock = masks(place), lock_bit(place)
    shift = 8 * (place.address & 3)
    for number in range((place.register.width + 3) // 4):

        def part(mask: int, number: int = number) -> int:
            return (mask << shift) >> 32 * number & _DWORD

        form = Form(
            read_only=part(bits.get("ro", 0)), write_clears=part(bits.get("w1c", 0)),
            read_clears=part(bits.get("rc", 0)), hidden=part(bits.get("wo", 0)),
            lock=part(lock) if "lock" in bits else 0, frozen=part(bits.get("lock", 0)) if lock else 0,
        )  # fmt: skip
        yield (place.address >> 2) + number, form, part(place.register.reset or 0)


@cache
def storage(family: Family) -> Storage:
    """The family's register file. Registers narrower than a dword share theirs with their neighbours."""
    size = family.mmio_size // 4
    found: dict[int, Form] = {}
    reset: dict[int, int] = {}
    described: set[int] = set()
    for place in places(family.name):
        register = place.register
        described.update(range(place.address, place.address + register.width))
        if not register.reset and place.access == "rw" and not any(each.access for each in register.fields):
            continue
        for number, form, value in _dwords(place):
            if number >= size:
                continue
            if form != PLAIN:
                found[number] = _joined(found.get(number, PLAIN), form)
            if value:
                reset[number] = reset.get(number, 0) | value
    forms = sorted(dict.fromkeys((PLAIN, *found.values())), key=lambda form: (form.acts_on_read, form != PLAIN))
    kinds = np.zeros(size, np.uint16)
    kinds[list(found)] = [forms.index(form) for form in found.values()]
    return Storage(kinds, tuple(forms), sum(not form.acts_on_read for form in forms), reset, frozenset(described))


def _joined(one: Form, other: Form) -> Form:
    """Two registers in one dword."""
    return replace(one, **{name: value | getattr(one, name) for name, value in asdict(other).items()})


def form_table(forms: Sequence[Form], first_rows: dict[int, int]) -> NDArray[np.uint32]:
    """The table that native code reads, a row a form; ``first_rows``: by its number 1 + its first behaviour row."""
    table = np.zeros((len(forms), w.FORM_WORDS), np.uint32)
    for number, form in enumerate(forms):
        table[number, w.F_READ_ONLY] = form.read_only | form.read_clears
        table[number, w.F_WRITE_CLEARS] = form.write_clears
        table[number, w.F_READ_CLEARS] = form.read_clears
        table[number, w.F_HIDDEN] = form.hidden
        table[number, w.F_LOCK] = form.lock
        table[number, w.F_FROZEN] = form.frozen
        table[number, w.F_ROW] = first_rows.get(number, 0)
    return table
