"""What a guest reads from a BAR that vPCI shows is a part of what it wrote there, or vPCI's own: the events tell which.

Sources: PCI Local Bus 3.0, 6.2.5.1 (bits below the size read as zero, the lowest four are the type); Xen c447b7308b,
xen/drivers/vpci/header.c (guest_mem_bar_write: nothing is taken while the BAR is mapped).
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fwsim.trace.event import Actor, Op, Space

BARS = tuple(range(0x10, 0x28, 4))
ROM_BAR = 0x30
IS_BAR = frozenset((*BARS, ROM_BAR))
COMMAND, DECODES = 4, 1 << 1
_TYPE, _ONES = 0xF, 0xFFFFFFFF


def written_bar(events: NDArray[np.void], seq: int) -> tuple[int, int] | None:
    """The write whose address event ``seq``, a read of a BAR, gave back, and which bits of it; None for vPCI's own.

    A write that cannot have given the value, or came while memory was decoded, was dropped: one before it is sought.
    """
    read = events[seq - 1]
    first, width = int(read["address"]), int(read["width"])
    value, ones = int(read["value"]), (1 << 8 * width) - 1
    for write in reversed(_writes(events[: seq - 1], first & ~3)):
        at = first - int(write["address"])
        if at < 0 or at + width > write["width"] or decoded(events, int(write["seq"])):
            continue
        written = int(write["value"]) >> 8 * at & ones
        kept = _kept(written, value, first & 3)
        if kept:
            return int(write["seq"]), kept & ones
    return None


def ignored(events: NDArray[np.void], seq: int) -> int:
    """The latest write of the BAR that event ``seq`` reads which came while memory was decoded; 0: none did."""
    rows = _writes(events[: seq - 1], int(events[seq - 1]["address"]) & ~3)
    return int(rows[-1]["seq"]) if len(rows) and decoded(events, int(rows[-1]["seq"])) else 0


def decoded(events: NDArray[np.void], seq: int) -> bool:
    """Whether memory of the function that event ``seq`` is about was decoded by then, as the guest had written it."""
    command = int(events[seq - 1]["address"]) & ~0xFFF | COMMAND
    rows = _writes(events[: seq - 1], command)
    return bool(len(rows)) and bool(int(rows[-1]["value"]) >> 8 * (command - int(rows[-1]["address"])) & DECODES)


class Chosen(Struct, frozen=True):
    """A BAR as the guest placed it: the ``writes`` of its one or two registers, and the address that they make."""

    register: int
    address: int
    writes: tuple[int, ...]


def chosen_by(events: NDArray[np.void], command: int, address: int) -> Chosen | None:
    """The BAR whose writes put it to ``address`` or next below it, when event ``command`` switched decoding on.

    None where the guest never wrote it: then vPCI shows the host's own address.
    """
    function = int(events[command - 1]["address"]) & ~0xFFF
    last = {at: found for at in BARS if (found := _last(events, command, function | at)) is not None}
    best: Chosen | None = None
    for at, low in last.items():
        base = int(low["value"]) & ~_TYPE & _ONES
        choices = [Chosen(at, base, (int(low["seq"]),))]
        if (high := last.get(at + 4)) is not None:
            whole = base | int(high["value"]) << 32
            choices.append(Chosen(at, whole, (int(low["seq"]), int(high["seq"]))))
        for each in choices:
            if each.address <= address and (best is None or each.address >= best.address):
                best = each
    return best if best is not None and (best.address or not address) else None


def _last(events: NDArray[np.void], before: int, register: int) -> np.void | None:
    rows = [each for each in _writes(events[: before - 1], register) if not decoded(events, int(each["seq"]))]
    return rows[-1] if rows else None


def _writes(events: NDArray[np.void], register: int) -> NDArray[np.void]:
    """The guest's writes that reach the dword ``register``, of configuration space's address."""
    mine = (events["actor"] == Actor.GUEST) & (events["space"] == Space.PCI) & (events["op"] == Op.WRITE)
    rows: NDArray[np.void] = events[mine]
    reach: NDArray[np.void] = rows[(rows["address"] < register + 4) & (rows["address"] + rows["width"] > register)]
    return reach


def _kept(written: int, value: int, lane: int) -> int:
    """The bits that ``value`` has from what was written: all from the size's up; 0 where it cannot be of it."""
    types = _TYPE if not lane else 0
    apart = (written ^ value) & ~types
    size = 1 << apart.bit_length()
    above = value & -size or written & ~types == value & ~types
    if value & (size - 1) & ~types or not above:
        return 0
    return -size & ~types
