"""A step is one executed instruction with what it accessed; its data flow is said in demands.

A *location* is a number: 0-31 the general registers, FLAGS, VECTORS + n the bytes of a vector register, and MEMORY +
the linear address of a byte. A *demand* is a location with a mask: of 64 bits of a register, of 8 bits of a byte, of
the 16 bytes of a vector register.
"""

from collections.abc import Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from msgspec import Struct, field

from fwsim.cpu.moves import Move

FLAGS, VECTORS = 32, 33
PLACES = VECTORS + 32
"""Locations that are no memory."""
MEMORY = 128
Demand = tuple[int, int]


class Access(NamedTuple):
    """A memory access: linear address, bytes, value (None where it is not known)."""

    address: int
    size: int
    value: int | None


class Code(Protocol):
    """An instruction, whatever the CPU."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def size(self) -> int:
        """Its bytes."""


C = TypeVar("C", bound=Code, covariant=True)


class Step(Struct, Generic[C]):
    """One executed instruction: what it is, the registers and flags before it, what it read and wrote in memory."""

    code: C
    address: int
    regs: Sequence[int]
    reads: list[Access] = field(default_factory=list)
    writes: list[Access] = field(default_factory=list)
    raw: bytes = b""
    moves: list[Move] = field(default_factory=list)
    """What it did, where it is a service that is answered outside of the code."""
    flags: int = 0

    @property
    def name(self) -> str:
        """The mnemonic without its prefixes."""
        return self.code.name.split()[-1]

    def move_of(self, seq: int) -> Move | None:
        """What gave event ``seq`` to a device, where it is a service."""
        return next((each for each in self.moves if each.events[0] <= seq < each.events[1]), None)


class Flow(Struct):
    """Where some written bits come from. ``address`` are the registers that chose which memory was read;
    ``outside``: from a device, a port or the CPU itself. ``how`` is what was done, in a word; ``constant``: the
    instruction's own part in it, where that is no memory.
    """

    how: str
    demands: list[Demand] = field(default_factory=list)
    address: list[int] = field(default_factory=list)
    outside: bool = False
    constant: int | None = None


def below(mask: int) -> int:
    """All bits up to the highest of ``mask``: what a carry can come from."""
    return (1 << mask.bit_length()) - 1


def bytes_of(access: Access, mask: int) -> list[Demand]:
    """The bytes of memory that ``mask`` of what was accessed lies in."""
    parts = ((MEMORY + access.address + at, mask >> 8 * at & 0xFF) for at in range(access.size))
    return [(place, part) for place, part in parts if part]
