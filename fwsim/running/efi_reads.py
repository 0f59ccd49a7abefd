"""What a UEFI driver read last before its Start returned: the registers by name, the newest first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fwsim.registers.database import name_of
from fwsim.results.summary import EfiInput
from fwsim.trace.describe import enum_name
from fwsim.trace.event import Actor, Op, Space

READS = 6
"""Registers that are kept."""
_CONFIG_PORTS = range(0xCF8, 0xD00)
_CONFIG = 0x1000
"""Bytes of a function's configuration space, as event addresses have it."""
_SPACES = (int(Space.PCI), int(Space.MMIO), int(Space.PORT))


def register_accesses(events: NDArray[np.void]) -> int:
    """Accesses to the display device's registers and its GTT among ``events``."""
    device = (events["space"] == int(Space.MMIO)) | (events["space"] == int(Space.GTT))
    return int((device & (events["actor"] == int(Actor.ROM))).sum())


def last_reads(events: NDArray[np.void], cpu: str) -> list[EfiInput]:
    """The registers that code read last, each once, the newest first: at most ``READS``.

    A register that was asked again and again until it was given up has all reads in a row as its ``count``. One that
    was read to be changed, as the command register is at the end, is no input.
    """
    found: dict[tuple[int, int], EfiInput] = {}
    newest: tuple[int, int] | None = None
    reads = events[(events["op"] == int(Op.READ)) & (events["actor"] == int(Actor.ROM)) & ~_changed(events)]
    for event in reads[::-1]:
        space, address = int(event["space"]), int(event["address"])
        if space not in _SPACES:
            continue
        if space == int(Space.PORT) and address in _CONFIG_PORTS:
            continue
        key = space, address
        if key in found:
            found[key].count += key == newest
            continue
        if len(found) == READS:
            break
        found[key], newest = _input(event, cpu), key
    return list(found.values())


def _changed(events: NDArray[np.void]) -> NDArray[np.bool_]:
    """The reads that a write of the same register follows at once."""
    found = np.zeros(len(events), np.bool_)
    same = (events["space"][1:] == events["space"][:-1]) & (events["address"][1:] == events["address"][:-1])
    found[:-1] = same & (events["op"][1:] == int(Op.WRITE))
    return found


def _input(event: np.void, cpu: str) -> EfiInput:
    space, address = enum_name("space", int(event["space"])), int(event["address"])
    width, value = int(event["width"]), int(event["value"])
    if space == "pci" and address % _CONFIG == 0 and width == 4:  # vendor and device: the latter tells
        address, width, value = address + 2, 2, value >> 16
    known = name_of(space, address, cpu)
    name = known.name if known and known.address == address else ""
    return EfiInput(
        seq=int(event["seq"]), space=space, address=address, width=width, value=value, name=name,
    )  # fmt: skip
