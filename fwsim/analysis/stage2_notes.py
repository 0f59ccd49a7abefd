"""Stage-2 mappings are found among the events: the note that says where a guest's address led, and what made it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fwsim.analysis.guest_bars import COMMAND
from fwsim.trace.event import Actor, Op, Space


def is_mapping(event: np.void) -> bool:
    """Whether the event says that stage 2 changed: address the guest's, value the host's (0: gone), aux bytes."""
    return bool(event["actor"] == Actor.HYPERVISOR and event["space"] == Space.MEMORY and event["op"] == Op.NOTE)


def mapping_at(events: NDArray[np.void], seq: int, address: int) -> np.void | None:
    """The note whose mapping answered ``address`` at event ``seq``; None where none did."""
    before = events[: seq - 1]
    rows = before[(before["actor"] == Actor.HYPERVISOR) & (before["space"] == Space.MEMORY) & (before["op"] == Op.NOTE)]
    rows = rows[(rows["address"] <= address) & (rows["address"] + rows["aux"] > address)]
    return rows[-1] if len(rows) and rows[-1]["value"] else None


def command_for(events: NDArray[np.void], seq: int) -> int:
    """The guest's write of a command register behind which stage 2 changed, as event ``seq`` says; 0 for none."""
    before = events[: seq - 1]
    mine = (before["actor"] == Actor.GUEST) & (before["op"] != Op.NOTE)
    rows = before[mine]
    if not len(rows) or rows[-1]["space"] != Space.PCI or rows[-1]["op"] != Op.WRITE:
        return 0
    last = rows[-1]
    at = int(last["address"]) & 0xFFF
    return int(last["seq"]) if at <= COMMAND < at + int(last["width"]) else 0


def dma_writes(events: NDArray[np.void], seq: int) -> list[int]:
    """The guest's writes that led to the DMA of event ``seq``: of its address to a device's register, where one gave
    that very value, and the one behind which the device began.
    """
    before = events[: seq - 1]
    rows = before[(before["actor"] == Actor.GUEST) & (before["space"] == Space.MEMORY) & (before["op"] == Op.WRITE)]
    if not len(rows):
        return []
    named = rows[rows["value"] == events[seq - 1]["address"]]
    return sorted({*([int(named[-1]["seq"])] if len(named) else []), int(rows[-1]["seq"])})
