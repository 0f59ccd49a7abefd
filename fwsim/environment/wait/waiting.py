"""What a ROM that never ends waits for, read off the last events: the input that keeps giving the same answer."""

from collections import Counter

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fwsim.trace.event import Actor, Op, Space

CLOCK_PORTS = frozenset({0x40, 0x41, 0x42, 0x43, 0x61, 0x3BA, 0x3DA})
TAIL = 4096


class Wait(Struct, frozen=True):
    """The instruction, the input and its last answer. ``space``: an event space's name, "" for a loop without input."""

    cs: int
    ip: int
    space: str = ""
    address: int = 0
    last: int | None = None

    @property
    def text(self) -> str:
        """The input as a person names it."""
        if not self.space:
            return ""
        if self.space == "interrupt":
            return f"INT {self.address:02X}h"
        if self.space == "pci":
            return f"config {self.address >> 15 & 31:02x}.{self.address >> 12 & 7} @{self.address & 0xFFF:#x}"
        return f"{self.space} {self.address:#x}"


def _without_reads(tail: NDArray[np.void]) -> Wait:
    """A loop that asks the BIOS: the interrupt called most, with the AX it last came back with; else the last event."""
    interrupts = tail[tail["space"] == int(Space.INTERRUPT)]
    calls = interrupts[(interrupts["op"] == int(Op.CALL)) & (interrupts["actor"] == int(Actor.ROM))]
    if not len(calls):
        return Wait(int(tail[-1]["cs"]), int(tail[-1]["ip"])) if len(tail) else Wait(0, 0)
    vector = Counter(calls["address"].tolist()).most_common(1)[0][0]
    call = calls[calls["address"] == vector][-1]
    answers = interrupts[(interrupts["op"] == int(Op.RETURN)) & (interrupts["address"] == vector)]
    last = int(answers[-1]["value"]) & 0xFFFF if len(answers) else int(call["value"]) & 0xFFFF
    return Wait(int(call["cs"]), int(call["ip"]), "interrupt", vector, last)


def waited_for(tail: NDArray[np.void], clock_ports: frozenset[int] = CLOCK_PORTS) -> Wait:
    """The input most often read in ``tail`` that is no clock; where all of them are clocks, the clock."""
    reads = tail[(tail["op"] == int(Op.READ))]
    if not len(reads):
        return _without_reads(tail)
    counted: Counter[tuple[int, int]] = Counter()
    for space, address in zip(reads["space"].tolist(), reads["address"].tolist(), strict=True):
        counted[space, address] += 1
    inputs = [key for key, _ in counted.most_common() if not (key[0] == Space.PORT and key[1] in clock_ports)]
    space, address = inputs[0] if inputs else counted.most_common(1)[0][0]
    last = reads[(reads["space"] == space) & (reads["address"] == address)][-1]
    return Wait(int(last["cs"]), int(last["ip"]), Space(space).name.lower(), address, int(last["value"]))


def waits_for_a_device(tail: NDArray[np.void], clock_ports: frozenset[int] = CLOCK_PORTS) -> bool:
    """Whether anything is read in ``tail`` that is no clock, by the ROM itself."""
    reads = tail[(tail["op"] == int(Op.READ)) & (tail["actor"] == int(Actor.ROM))]
    clocks = (reads["space"] == int(Space.PORT)) & np.isin(reads["address"], list(clock_ports))
    return bool((~clocks).any())
