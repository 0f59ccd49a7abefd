"""What does a ROM that never ends wait for? Read off the last events: the input that keeps giving the same answer."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fwsim.trace.event import Op, Space

CLOCK_PORTS = frozenset({0x40, 0x41, 0x42, 0x43, 0x61, 0x3BA, 0x3DA})
TAIL = 4096


@dataclass(frozen=True)
class Wait:
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
        if self.space == "pci":
            return f"config {self.address >> 15 & 31:02x}.{self.address >> 12 & 7} @{self.address & 0xFFF:#x}"
        return f"{self.space} {self.address:#x}"


def waited_for(tail: NDArray[np.void], clock_ports: frozenset[int] = CLOCK_PORTS) -> Wait:
    """The input most often read in ``tail`` that is no clock; where all of them are clocks, the clock."""
    reads = tail[(tail["op"] == int(Op.READ))]
    if not len(reads):
        last = tail[-1] if len(tail) else None
        return Wait(int(last["cs"]), int(last["ip"])) if last is not None else Wait(0, 0)
    counted: Counter[tuple[int, int]] = Counter()
    for space, address in zip(reads["space"].tolist(), reads["address"].tolist(), strict=True):
        counted[space, address] += 1
    inputs = [key for key, _ in counted.most_common() if not (key[0] == Space.PORT and key[1] in clock_ports)]
    space, address = inputs[0] if inputs else counted.most_common(1)[0][0]
    last = reads[(reads["space"] == space) & (reads["address"] == address)][-1]
    return Wait(int(last["cs"]), int(last["ip"]), Space(space).name.lower(), address, int(last["value"]))
