"""The trace tells which reads of a register the guest's ROM made, and which later writes carry such an address."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from fwsim.registers.pte import PteFormat
from fwsim.trace.describe import address_text
from fwsim.trace.event import Actor, Flag, Op, Space

Events = NDArray[np.void]


class Read(Struct, frozen=True):
    """Reads of one width at one place of the code: how many, the first's number, what it gave, what the device held."""

    seq: int
    cs: int
    ip: int
    width: int
    offset: int
    value: int
    device: int
    count: int


class Flow(Struct, frozen=True):
    """Writes that carry an address of the range: where to, how many, the first's number and value.

    ``moved``: how many of them the hypervisor rewrote on their way to the device. ``origin``: what the first came from,
    followed through the code; "" where it was not.
    """

    space: str
    where: str
    count: int
    seq: int
    value: int
    moved: int = 0
    origin: str = ""


def reads_of(events: Events, paths: set[str], offset: int, width: int, devfn: int) -> tuple[Read, ...]:
    """The ROM's reads of the register at ``offset``, by one of ``paths``; parts of it count."""
    made = events[(events["actor"] == int(Actor.ROM)) & (events["op"] == int(Op.READ))]
    if "config" in paths:
        made, base = made[made["space"] == int(Space.PCI)], devfn << 12 | offset
    else:
        indexed = made["flags"] & int(Flag.INDEXED) != 0
        wanted = (indexed & ("I/O BAR" in paths)) | (~indexed & ("BAR0" in paths))
        made, base = made[(made["space"] == int(Space.MMIO)) & wanted], offset
    at = made["address"].astype(np.int64)
    made = made[(at < base + width) & (at + made["width"] > base)]
    found: dict[tuple[int, int, int, int], Read] = {}
    for row in made[["seq", "cs", "ip", "width", "address", "value", "aux"]].tolist():
        seq, cs, ip, wide, address, value, aux = row
        key = (cs, ip, wide, address)
        if key in found:
            found[key] = replace(found[key], count=found[key].count + 1)
        else:
            place = address & 0xFFF if "config" in paths else address
            found[key] = Read(seq, cs, ip, wide, place, value, aux, 1)
    return tuple(sorted(found.values(), key=lambda read: read.seq))


def flows(events: Events, after: int, area: tuple[int, int], pte: PteFormat) -> tuple[Flow, ...]:
    """The ROM's writes behind event ``after`` whose value is an address in ``area``: a match of values."""
    wrote = events[
        (events["actor"] == int(Actor.ROM)) & (events["op"] == int(Op.WRITE)) & (events["seq"] > np.uint64(after))
    ]
    return (*_gtt(wrote, area, pte), *_registers(wrote, area))


def _gtt(wrote: Events, area: tuple[int, int], pte: PteFormat) -> list[Flow]:
    """GTT entries, as the ROM wrote them (``aux``), by the page that their low dword names."""
    gtt = wrote[wrote["space"] == int(Space.GTT)]
    low = gtt[gtt["address"] % np.uint64(pte.width) == 0]
    target = low["aux"] & np.uint64(pte.low_mask)
    if pte.high_mask and pte.width == 4:
        target = target | ((low["aux"] & np.uint64(pte.high_mask)) << np.uint64(pte.high_shift))
    hits = low[(low["aux"] & np.uint64(1) == 1) & (target >= np.uint64(area[0])) & (target < np.uint64(area[1]))]
    if not len(hits):
        return []
    first, last = int(hits["address"].min()) | 1, int(hits["address"].max()) | 1
    return [Flow("gtt", f"index {first:#x} to {last:#x}", len(hits), int(hits["seq"][0]), int(hits["aux"][0]),
                 int(np.count_nonzero(hits["flags"] & int(Flag.REWRITTEN))))]  # fmt: skip


def _registers(wrote: Events, area: tuple[int, int]) -> list[Flow]:
    """Registers and configuration: dwords whose page lies in the area."""
    page = wrote["aux"] & np.uint64(0xFFFFF000)
    wide = (wrote["space"] == int(Space.MMIO)) | ((wrote["space"] == int(Space.PCI)) & (wrote["width"] == 4))
    hits = wrote[wide & (page >= np.uint64(area[0])) & (page < np.uint64(area[1]))]
    found: dict[tuple[int, int], Flow] = {}
    for seq, space, address, value in hits[["seq", "space", "address", "aux"]].tolist():
        name = "mmio" if space == int(Space.MMIO) else "pci"
        held = found.get((space, address))
        found[space, address] = Flow(
            name, address_text(name, address), held.count + 1 if held else 1, held.seq if held else seq,
            held.value if held else value,
        )  # fmt: skip
    return list(found.values())
