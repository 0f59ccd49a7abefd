"""A behaviour is written down as rows of data that native code follows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fwsim.devices.igd import layout as w

ALL = 0xFFFFFFFF


@dataclass(frozen=True)
class Condition:
    """``register & mask == value``, by the register's byte offset."""

    at: int = 0
    mask: int = 0
    value: int = 0


ALWAYS = Condition()


@dataclass(frozen=True)
class Row:
    """One reaction of the hardware: on an access to ``register``, ``op`` acts on ``at`` (the same register if None)."""

    register: int
    when: int
    op: int
    mask: int = 0
    value: int = 0
    at: int | None = None
    condition: Condition = ALWAYS
    second: Condition = ALWAYS


def bit(*numbers: int) -> int:
    """The mask of these bits."""
    return sum(1 << number for number in numbers)


def is_set(register: int, mask: int) -> Condition:
    """All of ``mask`` is set in ``register``."""
    return Condition(register, mask, mask)


def is_clear(register: int, mask: int) -> Condition:
    """All of ``mask`` is clear in ``register``."""
    return Condition(register, mask, 0)


def follows(register: int, mask: int, condition: Condition, second: Condition = ALWAYS) -> Row:
    """Status bits ``mask`` of ``register`` are set while the conditions hold, clear otherwise."""
    return Row(register, w.WHEN_READ, w.OP_FOLLOW, mask, mask, condition=condition, second=second)


def copies(register: int, mask: int, source: int, shift: int) -> Row:
    """Status bits ``mask`` of ``register`` are bits of ``source``, ``shift`` up (negative: down)."""
    code = shift if shift >= 0 else 32 - shift
    return Row(register, w.WHEN_READ, w.OP_COPY, mask, code, condition=Condition(source))


def self_clears(register: int, trigger: int, *, clear: int = 0, then: int = 0, condition: Condition = ALWAYS) -> Row:
    """Writing ``trigger`` starts something that is over at once: trigger and ``clear`` read 0, and ``then`` reads 1."""
    mask = trigger | clear | then
    return Row(register, w.WHEN_WRITE, w.OP_SET, mask, then, condition=is_set(register, trigger), second=condition)


def read_only(register: int, mask: int = ALL) -> Row:
    """Bits that writes do not change."""
    return Row(register, w.WHEN_WRITE, w.OP_READ_ONLY, mask)


def write_clears(register: int, mask: int = ALL) -> Row:
    """Bits cleared by writing ones, and not set by writes."""
    return Row(register, w.WHEN_WRITE, w.OP_CLEAR, mask)


def compile_rows(rows: list[Row], first: NDArray[np.uint16]) -> NDArray[np.uint32]:
    """The table native code follows; ``first`` (a word for each register dword) gets the entry points."""
    table = np.zeros((len(rows) + 1, w.ROW_WORDS), np.uint32)
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
        if row.register in last:
            table[last[row.register], w.W_NEXT] = number + 1
        else:
            first[row.register >> 2] = number + 1
        last[row.register] = number
    return table
