"""The event that is asked about is found by its name: ``gtt[0]``, ``fault[0]``, ``config[0x5c]``, ``screen``, ``hang``
or a number.
"""

import re
from collections.abc import Callable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fwsim.errors import FwsimError
from fwsim.trace.event import Op, Space
from fwsim.trace.owners import reached

EXPECTED = (
    "an event's number, gtt[N], fault[N], config[0xNN], config[00:00.0@0xNN], mmio[0xN], stage2[0xN], screen or hang"
)
_Finder = Callable[[int, NDArray[np.void], int, str], int]
_ITEM = re.compile(r"(gtt|fault|config|mmio|port|memory|stage2)\[\s*(.+?)\s*\]")
_BDF = re.compile(r"(?:(\w\w):)?(\w\w)\.(\d)\s*@\s*(\w+)")


class Target(Struct, frozen=True):
    """``kind`` as asked for; ``seq`` of the event; ``number`` the entry's, fault's or register's."""

    kind: str
    seq: int
    number: int = 0


def parse(text: str, events: NDArray[np.void], pte_width: int) -> Target:
    """The event that ``text`` means. Raises FwsimError with what would do, and the nearest that there is."""
    word = text.strip().lower()
    if word in ("screen", "hang"):
        return Target(word, len(events))
    match = _ITEM.fullmatch(word)
    if match is None:
        number = _number(word, text)
        if not 1 <= number <= len(events):
            raise FwsimError(
                "no such event", where="EVENT", found=text, expected=f"1 to {len(events)}",
                hint=f"the run recorded {len(events)} events; fwsim trace show --last 3 shows the last ones",
            )  # fmt: skip
        return Target("event", number)
    kind, item = match[1], match[2]
    number = _register(item, text) if kind == "config" else _number(item, text)
    return Target(kind, _FINDERS[kind](number, events, pte_width, text), number)


def _number(item: str, text: str) -> int:
    try:
        return int(item, 0) if not item.isdecimal() else int(item)
    except ValueError:
        raise FwsimError("not an event", where="EVENT", found=repr(text), expected=EXPECTED) from None


def _register(item: str, text: str) -> int:
    match = _BDF.fullmatch(item)
    if match is None:
        return 0x10000 | _number(item, text) & 0xFFF
    try:
        bus, device, function, offset = int(match[1] or "0", 16), int(match[2], 16), int(match[3]), int(match[4], 0)
    except ValueError:
        raise FwsimError("not an event", where="EVENT", found=repr(text), expected=EXPECTED) from None
    return bus << 20 | device << 15 | function << 12 | offset


def _last(rows: NDArray[np.int64], what: str, text: str, have: str) -> int:
    if not len(rows):
        raise FwsimError(f"the run has no {what}", where="EVENT", found=text, expected=have, hint=f"or {EXPECTED}")
    return int(rows[-1]) + 1


def _gtt(number: int, events: NDArray[np.void], pte_width: int, text: str) -> int:
    writes = (events["space"] == Space.GTT) & (events["op"] == Op.WRITE)
    rows = np.flatnonzero(writes & (events["address"] == number * pte_width))
    every = events["address"][writes] // pte_width
    have = f"entries {int(every.min())} to {int(every.max())} were written" if len(every) else "no entry was written"
    return _last(rows, f"write of GTT entry {number}", text, have)


def _fault(number: int, events: NDArray[np.void], pte_width: int, text: str) -> int:
    rows = np.flatnonzero(events["space"] == Space.IOMMU)
    if number >= len(rows):
        have = f"fault[0] to fault[{len(rows) - 1}]" if len(rows) else "no DMA fault happened"
        return _last(rows[:0], f"fault {number}", text, have)
    return int(rows[number]) + 1


def _config(number: int, events: NDArray[np.void], pte_width: int, text: str) -> int:
    hit = (events["space"] == Space.PCI) & (events["address"] <= number)
    hit &= (events["address"] + events["width"].astype(np.uint64) > number) & (events["op"] <= Op.WRITE)
    writes = reached(events, np.flatnonzero(hit & (events["op"] == Op.WRITE)))
    return _last(writes if len(writes) else np.flatnonzero(hit), "access to that register", text, "one it accessed")


def _plain(space: Space) -> _Finder:
    def find(number: int, events: NDArray[np.void], pte_width: int, text: str) -> int:
        hit = (events["space"] == space) & (events["address"] == number)
        writes = np.flatnonzero(hit & (events["op"] == Op.WRITE))
        return _last(writes if len(writes) else np.flatnonzero(hit), "access to that register", text, "one it accessed")

    return find


def _stage2(number: int, events: NDArray[np.void], pte_width: int, text: str) -> int:
    """The last change of stage 2 for an address of the guest's."""
    notes = (events["space"] == Space.MEMORY) & (events["op"] == Op.NOTE)
    hit = notes & (events["address"] <= number) & (events["address"] + events["aux"] > number)
    places = ", ".join(dict.fromkeys(f"{int(each):#x}" for each in events["address"][notes])) or "nothing was mapped"
    return _last(np.flatnonzero(hit), "mapping of that address", text, places)


_FINDERS: dict[str, _Finder] = {
    "gtt": _gtt, "fault": _fault, "config": _config, "mmio": _plain(Space.MMIO), "port": _plain(Space.PORT),
    "memory": _plain(Space.MEMORY), "stage2": _stage2,
}  # fmt: skip
