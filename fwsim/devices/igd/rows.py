"""A behaviour is written down as rows of data that native code follows."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fwsim.devices.igd import layout as w
from fwsim.errors import FwsimError
from fwsim.registers.core import Field, RegisterAt
from fwsim.registers.variants import describe


class Condition(Struct, frozen=True):
    """``register & mask == value``, by the register's byte offset."""

    at: int = 0
    mask: int = 0
    value: int = 0


ALWAYS = Condition()


class Row(Struct, frozen=True):
    """One reaction of the hardware: on an access to ``register``, ``op`` acts on ``at`` (the same register if None)."""

    register: int
    when: int
    op: int
    mask: int = 0
    value: int = 0
    at: int | None = None
    condition: Condition = ALWAYS
    second: Condition = ALWAYS


def mask_of(place: RegisterAt, *fields: Field) -> int:
    """The bits of ``fields``; raises FwsimError for one that the register lacks on the family of ``place``."""
    for field in fields:
        if field not in place.register.fields or not field.families & place.families:
            raise FwsimError(
                "a behaviour names a field that the register lacks",
                where=f"{place.name} of {describe(place.families)}",
                found=field.name, expected=", ".join(known.name for known in place.register.fields),
            )  # fmt: skip
    return sum(field.mask for field in fields)


def value_of(place: RegisterAt, *pairs: tuple[Field, int]) -> int:
    """The register's reset value with these fields set to these numbers; likewise."""
    mask_of(place, *(field for field, _ in pairs))
    value = place.register.reset or 0
    for field, number in pairs:
        value = field.put(value, number)
    return value


def is_set(place: RegisterAt, *fields: Field) -> Condition:
    """All of ``fields`` are set in the register."""
    mask = mask_of(place, *fields)
    return Condition(place.address, mask, mask)


def is_clear(place: RegisterAt, *fields: Field) -> Condition:
    """All of ``fields`` are clear in the register."""
    return Condition(place.address, mask_of(place, *fields), 0)


def follows(place: RegisterAt, fields: Sequence[Field], condition: Condition, second: Condition = ALWAYS) -> Row:
    """Status ``fields`` are set while the conditions hold, clear otherwise."""
    mask = mask_of(place, *fields)
    return Row(place.address, w.WHEN_READ, w.OP_FOLLOW, mask, mask, condition=condition, second=second)


def copies(place: RegisterAt, field: Field, source: RegisterAt) -> Row:
    """``field`` shows what ``source`` holds in the same bits."""
    return Row(place.address, w.WHEN_READ, w.OP_COPY, mask_of(place, field), condition=Condition(source.address))


def self_clears(
    place: RegisterAt, trigger: Field, *, clear: Sequence[Field] = (), then: int = 0, condition: Condition = ALWAYS
) -> Row:
    """Writing ``trigger`` starts something that is over at once: trigger and ``clear`` are 0, the bits ``then`` 1."""
    mask = mask_of(place, trigger, *clear)
    return Row(
        place.address, w.WHEN_WRITE, w.OP_SET, mask, then, condition=is_set(place, trigger), second=condition
    )  # fmt: skip


def compile_rows(rows: list[Row]) -> tuple[NDArray[np.uint32], dict[int, int]]:
    """The table native code follows, and 1 + the first row of each register that has any, by its dword's number."""
    table = np.zeros((len(rows) + 1, w.ROW_WORDS), np.uint32)
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for number, row in enumerate(rows):
        table[number] = (
            row.when,
            row.op,
            row.register if row.at is None else row.at,
            row.mask,
            row.value,
            row.condition.at,
            row.condition.mask,
            row.condition.value,
            row.second.at,
            row.second.mask,
            row.second.value,
            0,
        )
        dword = row.register >> 2
        if dword in last:
            table[last[dword], w.W_NEXT] = number + 1
        else:
            first[dword] = number + 1
        last[dword] = number
    return table, first
