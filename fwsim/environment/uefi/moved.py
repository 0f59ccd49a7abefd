"""What a service does with values is told to who records the code's steps: where each came from, and where it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

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

        A long row of a device's registers is as many reads as there are events.
        """
        events = self._machine.recorder.read(before, self._seq)
        reads = events[events["op"] == Op.READ]
        if not len(reads):
            return [Move("memory", address, size)]
        if int(reads["width"].sum()) != size:
            return [Move("event", int(reads["seq"][-1]), size)]
        return [Move("event", int(each["seq"]), int(each["width"])) for each in reads]

    def stored(self, to: int, length: int, sources: Sequence[Move], before: int) -> None:
        """``length`` bytes were written at ``to``: ``sources`` in a row; none: the service made them."""
        at = 0
        for each in sources or (Move("service", 0, length),):
            size = length if each.fill else each.size
            self.went(each, to + at, size, before)
            at += size

    def went(self, source: Move, to: int, length: int, before: int) -> None:
        """What came from ``source`` was written, ``length`` bytes, to ``to``: to memory, or to a device where there are
        events since number ``before``.
        """
        events = before + 1, self._seq + 1
        if events[0] == events[1]:
            self._steps.stored(replace(source, to=to), length)
        else:
            self._steps.moved(replace(source, events=events))

    @property
    def _seq(self) -> int:
        return int(self._machine.root[R_SEQ])
