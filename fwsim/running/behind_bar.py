"""The screen is looked at whenever a guest's program takes the memory behind a BAR away from it.

A display reads its frame buffer all the time; here it does where it is looked at. In a real guest the memory is gone
for as long as the hypervisor takes to map and to unmap it twice, some milliseconds of a frame's sixteen; how many of a
frame's pages are met then is not known: all of them are, which is the worst.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fwsim.machine.machine import Machine
from fwsim.running.calls import Caller


@contextmanager
def looked_at(machine: Machine, caller: Caller) -> Iterator[None]:
    """Look at each loss meanwhile."""

    def moved(key: tuple[int, int], before: int | None, now: int | None) -> None:
        if before is not None:
            caller.look_again()

    machine.windows.moved.append(moved)
    try:
        yield
    finally:
        machine.windows.moved.remove(moved)
