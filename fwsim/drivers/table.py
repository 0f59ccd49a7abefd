"""The drivers by name, and what one of them concludes in a guest and on the guest's own host."""

from __future__ import annotations

from collections.abc import Callable

from fwsim.board.function import Board
from fwsim.drivers import by_place, i915, pair
from fwsim.drivers.probe import Config, Driver, Found

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
    """A guest's configuration space, by the accesses that its code would make."""

    def __init__(
        self, read: Callable[[int, int, int], int], write: Callable[[int, int, int, int], None], guest: bool
    ) -> None:
        self.read, self.write, self.guest = read, write, guest


def concluded(driver: Driver, guest: Config, host: Board) -> tuple[Found, Found]:
    """What ``driver`` makes of ``guest``, and what it would have made of the ``host`` itself."""
    return driver.probe(guest), driver.probe(OnHost(host))
