"""The write behind a read is found among the events, where a device only gave back what code had stored in it."""

import numpy as np
from numpy.typing import NDArray

from fwsim.analysis.guest_bars import IS_BAR, written_bar
from fwsim.trace.event import Actor, Op, Space
from fwsim.trace.owners import is_lost, reached

INDEXED = {0x71: 0x70, 0x73: 0x72, 0x3C5: 0x3C4, 0x3CF: 0x3CE, 0x3D5: 0x3D4, 0x3B5: 0x3B4}
"""Data port: its index port."""
CODE = (Actor.ROM, Actor.GUEST)
"""Who runs the code that slices are of."""


def stored_by(events: NDArray[np.void], seq: int, mask: int) -> tuple[int, int] | None:
    """The event by which code stored what event ``seq`` read back from the same register, and which bits are from it;
    None: the device's own.

    The last write of code to the same place; its value must be what was read, in the bits of ``mask``, and a write of
    somebody else since makes it that one's. A BAR that vPCI shows gives back a part of what was written. An access to
    configuration space that was lost stores and reads nothing.
    """
    read = events[seq - 1]
    if read["actor"] == Actor.GUEST and read["space"] == Space.PCI and int(read["address"]) & 0xFFC in IS_BAR:
        found = written_bar(events, seq)
        return found if found is not None and found[1] & mask else None
    same = (events["space"][: seq - 1] == read["space"]) & (events["address"][: seq - 1] == read["address"])
    candidates = np.flatnonzero(same & (events["op"][: seq - 1] == Op.WRITE))
    address = int(read["address"])
    if read["space"] == Space.PORT and address in INDEXED:
        index = index_before(events, seq, INDEXED[address])
        candidates = np.array(
            [at for at in candidates if index_before(events, int(at) + 1, INDEXED[address]) == index], np.int64
        )
    if is_lost(events, seq - 1):
        return None
    candidates = reached(events, candidates)
    if not len(candidates):
        return None
    write = events[candidates[-1]]
    if write["actor"] not in CODE or write["width"] < read["width"]:
        return None
    return (int(write["seq"]), mask) if not (int(write["value"]) ^ int(read["value"])) & mask else None


def index_before(events: NDArray[np.void], seq: int, port: int) -> int:
    """What was last written to an index port before event ``seq``; -1: nothing."""
    rows = events[: seq - 1]
    found = np.flatnonzero((rows["space"] == Space.PORT) & (rows["address"] == port) & (rows["op"] == Op.WRITE))
    return int(rows[found[-1]]["value"]) & 0xFF if len(found) else -1
