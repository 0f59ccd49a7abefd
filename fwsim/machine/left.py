"""A display device is kept as one machine left it, and the next machine has it so, with or without a reset between.

What is the device's goes over: registers, GTT, engines, links, the legacy VGA with its planes. What is the machine's
does not: its memory, its configuration space (vfio puts it back when a guest ends), what is plugged into the ports.
"""

from __future__ import annotations

from msgspec import Struct

from fwsim.devices.igd.device import Igd
from fwsim.devices.vga.state import V_GMADR, VgaState
from fwsim.machine.machine import Machine
from fwsim.native import R_TIME, R_TIME_LIMIT


class Left(Struct, frozen=True):
    """An IGD and its VGA at the end of a machine, ``time_ns`` after that machine's reset.

    ``reset``: it gets a function level reset before anyone has it again.
    """

    igd: Igd
    vga: VgaState
    time_ns: int
    reset: bool


def left_by(machine: Machine, *, reset: bool) -> Left:
    """The IGD of ``machine``, whose code runs no more."""
    assert machine.igd is not None
    return Left(machine.igd, machine.vga.snapshot(), int(machine.root[R_TIME]), reset)


def take_over(machine: Machine, left: Left) -> None:
    """Be the machine that has it next. Without a reset time goes on: the device counts in it (panel power, frames)."""
    assert machine.igd is not None
    machine.igd.take_over(left.igd, reset=left.reset)
    if left.reset:
        return
    aperture = machine.vga.word(V_GMADR)
    machine.vga.restore(left.vga)
    machine.vga.block[V_GMADR] = aperture
    machine.root[R_TIME] = left.time_ns
    machine.root[R_TIME_LIMIT] += left.time_ns
