"""The BARs of ``[[host_function]]`` rows: as a ``[[function]]``'s, each with the address that it has on the host."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from fwsim.errors import FwsimError
from fwsim.firmware.request import BarKind
from fwsim.scenario.functions import bars_of
from fwsim.scenario.model import HostFunction
from fwsim.units import GIB, format_size, parse_size

_IO_END = 1 << 32
"""I/O BARs have 32 address bits (PCI Local Bus 3.0, 6.2.5.1); an Arm host translates its port space."""
_EXAMPLE = 'such as "mem 128K @ 0x50000000", the address from lspci -v: Memory at 50000000'


class HostBarText(Struct, frozen=True):
    """One BAR: its index, ``size`` in bytes, kind, whether it takes two registers, and its address on the host."""

    index: int
    size: int
    kind: BarKind
    is64: bool
    address: int

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.address + self.size

    def __str__(self) -> str:
        return f"{self.kind} {self.address:#x}-{self.end - 1:#x}"


def host_bars(texts: Sequence[str], where: str) -> tuple[HostBarText, ...]:
    """The BARs of ``texts`` such as "mem 128K @ 0x50000000", from BAR0 on. Raises FwsimError naming ``where``.index."""
    halves = [text.partition("@") for text in texts]
    for number, (text, (_, _, address)) in enumerate(zip(texts, halves, strict=True)):
        if not address.strip():
            raise FwsimError(
                "a host's BAR without its address", where=f"{where}.{number}", found=f'"{text}"',
                expected="KIND SIZE @ ADDRESS", hint=_EXAMPLE,
            )  # fmt: skip
    found = []
    for number, (bar, (_, _, address)) in enumerate(
        zip(bars_of([half[0].strip() for half in halves], where), halves, strict=True)
    ):
        at = parse_size(address.strip(), f"{where}.{number}")
        _check_address(bar.kind, bar.is64, bar.size, at, f"{where}.{number}")
        found.append(HostBarText(bar.index, bar.size, bar.kind, bar.is64, at))
    return tuple(found)


def _check_address(kind: BarKind, is64: bool, size: int, address: int, where: str) -> None:
    """A BAR decodes at a multiple of its size, in as many bits as it has. 0 is one that nobody has placed."""
    if address % size or not address:
        raise FwsimError(
            "a BAR that is not aligned to its size" if address else "a host's BAR at 0", where=where,
            found=f"{address:#x}", expected=f"a multiple of {format_size(size)} ({size:#x}), not 0",
            hint=f"the nearest is {max(address & -size, size):#x}",
        )  # fmt: skip
    end = _IO_END if kind == "io" else (1 << 64 if is64 else 4 * GIB)
    if address + size > end:
        raise FwsimError(
            "a BAR beyond what its register holds", where=where, found=f"{address:#x}",
            expected=f"below {end:#x}", hint="a memory BAR of 64 bits is a mem64 or a pref64",
        )  # fmt: skip


def all_host_bars(rows: Sequence[HostFunction], where: str = "host_function") -> list[tuple[HostBarText, ...]]:
    """Each row's BARs. Raises FwsimError for what no BAR can be, and for two that lie over each other."""
    found = [host_bars(row.bars, f"{where}.{index}.bars") for index, row in enumerate(rows)]
    placed = sorted(
        (bar.kind == "io", bar.address, index, number)
        for index, bars in enumerate(found) for number, bar in enumerate(bars)
    )  # fmt: skip
    for (io, _, index, number), (next_io, _, other, late) in pairwise(placed):
        first, second = found[index][number], found[other][late]
        if io == next_io and second.address < first.end:
            late_first = (other, late) > (index, number)  # the later row is the one to correct
            at, bar, taken, owner = (
                (f"{other}.bars.{late}", second, first, index) if late_first
                else (f"{index}.bars.{number}", first, second, other)
            )  # fmt: skip
            raise FwsimError(
                "two BARs of the host lie over each other", where=f"{where}.{at}", found=str(bar),
                expected=f"a range beside {taken} of {where}.{owner}", hint=_EXAMPLE,
            )  # fmt: skip
    return found
