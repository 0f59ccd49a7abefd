"""The drivers by name, and what one of them concludes in a guest and on the guest's own host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fwsim.board.function import Board
from fwsim.drivers import by_place, i915, pair
from fwsim.drivers.probe import Config, Driver, Found
from fwsim.machine.machine import Machine
from fwsim.native import R_CS, R_IP, R_STEP, R_TIME
from fwsim.trace.event import Actor

DRIVERS: dict[str, Driver] = {each.name: each for each in (*i915.KERNELS, *by_place.DRIVERS, pair.DRIVER)}
"""In the order in which tables show them; guest.driver names one."""


class OnHost:
    """The configuration space of a physical machine that is known as a board: nobody is in between."""

    guest = False

    def __init__(self, board: Board) -> None:
        self._board = board

    def read(self, bdf: int, offset: int, width: int) -> int:
        """The board's bytes."""
        function = self._board.at(bdf)
        if function is None:
            return (1 << 8 * width) - 1
        return sum(function.byte(offset + at) << 8 * at for at in range(width))

    def write(self, bdf: int, offset: int, width: int, value: int) -> None:
        """Nothing that a driver writes here changes what it reads."""


class InGuest:
    """The configuration space of ``machine`` as its guest sees it, each access an event of the driver's.

    No code of a machine's makes them: they have no address, and each takes the time of one access.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.guest = not machine.design.on_host

    def read(self, bdf: int, offset: int, width: int) -> int:
        """By the path that CF8 and CFC take."""
        machine = self._machine
        with self._acting():
            return machine.pci.read(machine.root, bdf, offset, width)

    def write(self, bdf: int, offset: int, width: int, value: int) -> None:
        """Likewise."""
        machine = self._machine
        with self._acting():
            machine.pci.write(machine.root, bdf, offset, width, value)

    @contextmanager
    def _acting(self) -> Iterator[None]:
        root = self._machine.root
        root[R_TIME] += root[R_STEP]
        root[R_CS] = root[R_IP] = 0
        with self._machine.acting(Actor.DRIVER):
            yield


def concluded(driver: Driver, guest: Config, host: Board) -> tuple[Found, Found]:
    """What ``driver`` makes of ``guest``, and what it would have made of the ``host`` itself."""
    return driver.probe(guest), driver.probe(OnHost(host))
