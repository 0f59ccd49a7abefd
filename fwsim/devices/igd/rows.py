"""How is a behaviour written down? As rows of data that native code follows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fwsim.devices.igd import layout as w


@dataclass(frozen=True)
class Condition:
    """``register & mask == value``, by the register's byte offset."""

    at: int = 0
    mask: int = 0
    value: int = 0


ALWAYS = Condition()


@dataclass(frozen=True)
class Row:
    """One reaction of the hardware: on an access to ``register``, ``op`` acts on ``at`` (the same register unless given)."""

    name: str
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


def follows(name: str, register: int, mask: int, source: int, source_mask: int) -> Row:
    """Status bits ``mask`` of ``register`` are set while all of ``source_mask`` is set in ``source``, clear otherwise."""
    return Row(name, register, w.WHEN_READ, w.OP_FOLLOW, mask, mask, condition=Condition(source, source_mask, source_mask))


def self_clears(name: str, register: int, trigger: int, *, clear: int = 0, then: int = 0) -> Row:
    """Writing ``trigger`` starts something that is over at once: trigger and ``clear`` read 0, and ``then`` reads 1."""
    return Row(
        name, register, w.WHEN_WRITE, w.OP_SET, trigger | clear | then, then, condition=Condition(register, trigger, trigger)
    )


def read_only(name: str, register: int, mask: int = 0xFFFFFFFF) -> Row:
    """Bits that writes do not change."""
    return Row(name, register, w.WHEN_WRITE, w.OP_READ_ONLY, mask)


def write_clears(name: str, register: int, mask: int = 0xFFFFFFFF) -> Row:
    """Bits cleared by writing ones, and not set by writes."""
    return Row(name, register, w.WHEN_WRITE, w.OP_CLEAR, mask)


def gmbus(name: str, base: int) -> list[Row]:
    """The GMBUS engine whose registers GMBUS0-3 start at ``base``."""
    rows = [Row(name, base + 4 * which, w.WHEN_WRITE, w.OP_GMBUS, which) for which in range(4)]
    return rows + [Row(name, base + 4 * which, w.WHEN_READ, w.OP_GMBUS, which) for which in (2, 3)]


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
