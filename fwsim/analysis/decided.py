"""The last conditional branch of an Arm guest's program whose condition comes from a read says why it ended so."""

from __future__ import annotations

from fwsim.analysis.gave_up import arrival, before_the_end
from fwsim.analysis.nodes import Slice
from fwsim.analysis.slicer import Slicer
from fwsim.results.summary import Stop
from fwsim.scenario.model import Scenario

REACH = 1 << 14
"""Steps before the end that are looked at,"""
JUMPS = 64
"""and different branches among them."""


def decided(scenario: Scenario, stop: Stop) -> tuple[Slice, Slicer] | None:
    """What decided which way a run of ``scenario`` came to ``stop``; None where no read had a part in it."""
    slicer = before_the_end(scenario, stop)
    steps, at = slicer.last, arrival(slicer.last, stop)
    seen: set[int] = set()
    for index in range(at - 1, max(-1, at - 1 - REACH), -1):
        place = steps.address(index)
        if place in seen or steps.jump(index) is None:
            continue
        seen.add(place)
        found = slicer.of_flags(steps, index)
        if any(node.event for node in found.nodes.values() if node.kind in ("input", "readback", "answer")):
            return found, slicer
        if len(seen) == JUMPS:
            break
    return None
