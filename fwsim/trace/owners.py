"""Notes on configuration space in words: who had the access before, and where the configuration window went."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fwsim.trace.event import Actor, Flag, Op, Space

_WINDOW_NOTE = 8
"""Bytes: the note tells of the window; an access has fewer."""
_NAMES = ("nobody", "the hypervisor", "the device model")
_FORMS = ("", "request ", "MMIO ")


def is_owner_note(actor: int, space: int, op: int) -> bool:
    """Whether an event is such a note."""
    return actor == Actor.HYPERVISOR and space == Space.PCI and op == Op.NOTE


def is_lost(events: NDArray[np.void], at: int) -> bool:
    """Whether the access at index ``at`` did not reach what it was for: the note behind it says so."""
    if at + 1 >= len(events):
        return False
    note = events[at + 1]
    mine = is_owner_note(int(note["actor"]), int(note["space"]), int(note["op"])) and note["width"] != _WINDOW_NOTE
    return bool(mine and int(note["flags"]) & Flag.UNHANDLED)


def reached(events: NDArray[np.void], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of ``rows``, indices of accesses in ascending order, those up to the last one that was not lost."""
    end = len(rows)
    while end and is_lost(events, int(rows[end - 1])):
        end -= 1
    return rows[:end]


def matters(width: int, flags: int) -> bool:
    """Whether such a note belongs to the story: the window went elsewhere, or an access was lost."""
    return width == _WINDOW_NOTE or bool(flags & Flag.UNHANDLED)


def owner_text(width: int, value: int, aux: int, flags: int) -> str:
    """``-> emulator 1, MMIO by ECAM: lost``, or ``window at 0xe0000000, 64 buses``."""
    if width == _WINDOW_NOTE:
        return _window(value, aux, flags)
    who = _NAMES[value] if value < len(_NAMES) else f"emulator {value - len(_NAMES) + 1}"
    form = _FORMS[aux] if aux < len(_FORMS) else f"{aux} "
    way = "CF8/CFC" if flags & Flag.INDEXED else "ECAM"
    left = " where the window was" if flags & Flag.FAULTED else ""
    return f"-> {who}, {form}by {way}{left}{': lost' if flags & Flag.UNHANDLED else ''}"


def _window(value: int, size: int, flags: int) -> str:
    place = f"at {value & ~1:#x}, {size >> 20} buses"
    if flags & Flag.REWRITTEN:
        return f"PCIEXBAR is locked and stays: not {'on ' if value & 1 else 'off '}{place}"
    state = f"window {place}" if value & 1 else f"window off, it was {place}"
    return f"{state}{', the hypervisor is not told' if flags & Flag.UNHANDLED else ''}"
