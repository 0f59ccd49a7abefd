"""What a service does with values is told to who records the code's steps: where each came from, and where it went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from fwsim.cpu.moves import Move
from fwsim.machine.machine import Machine
from fwsim.native import R_SEQ
from fwsim.trace.event import Op

if TYPE_CHECKING:
    from fwsim.cpu.steps import Steps


class Moved:
    """Tells one recording of steps. An access that makes events is a device's; any other is memory's."""

    def __init__(self, machine: Machine, steps: Steps) -> None:
        self._machine, self._steps = machine, steps

    def origin(self, address: int, size: int, before: int) -> list[Move]:
        """Where ``size`` bytes, read at ``address`` when the last event was number ``before``, come from.

        What is wider than a device's register is as many reads as there are events.
        """
        reads = self._since(before, Op.READ)
        if not len(reads):
            return [Move("memory", address, size)]
        if int(reads["width"].sum()) != size:
            return [Move("event", int(reads["seq"][-1]), size)]
        return [Move("event", int(each["seq"]), int(each["width"])) for each in reads]

    def stored(self, to: int, length: int, sources: Sequence[Move], before: int) -> None:
        """``length`` bytes were written at ``to`` when the last event was number ``before``: ``sources`` in a row; what
        they do not have the service made.
        """
        writes = self._since(before, Op.WRITE)
        places = np.cumsum(writes["width"]) - writes["width"]
        at = 0
        rest = length - sum(length if each.fill else each.size for each in sources)
        for each in (*sources, Move("service", 0, rest)) if rest else sources:
            size = length if each.fill else each.size
            mine = writes["seq"][(places >= at) & (places < at + size)]
            if len(mine):
                self._steps.moved(replace(each, events=(int(mine[0]), int(mine[-1]) + 1)))
            elif not len(writes):
                self._steps.stored(replace(each, to=to + at), size)
            at += size

    def _since(self, before: int, op: Op) -> NDArray[np.void]:
        events = self._machine.recorder.read(before, int(self._machine.root[R_SEQ]))
        found: NDArray[np.void] = events[events["op"] == op]
        return found
