"""Whom a configuration access reaches in Python: the handlers of a register, the owner of a function."""

from collections.abc import Callable
from typing import Any, Protocol

from msgspec import Struct

Handler = Callable[[int, int, int], object]
"""What is called after a write: with the dword's offset, its old and its new value as the guest sees them."""


class Owner(Protocol):
    """Who answers for a function instead of its tables: an emulator beside the main device model.

    ``bdf`` is where the access was routed (bus<<8 | device<<3 | function); ``offset`` and ``width`` lie in one dword.
    """

    def read(self, bdf: int, offset: int, width: int) -> int:
        """What a configuration read gives."""
        ...

    def write(self, bdf: int, offset: int, width: int, value: int) -> None:
        """A configuration write."""
        ...

    def state(self) -> object:
        """What a snapshot keeps."""
        ...

    def restore(self, state: Any) -> None:
        """Go back to it."""
        ...


class Route(Struct, frozen=True):
    """Who has an access, and in what form it came there.

    ``who``: NOBODY, HYPERVISOR, DEVICE_MODEL, or EMULATORS + n for the n-th other emulator. ``form``: AS_CONFIG or
    AS_MMIO; NOT_AT_ALL for nobody. ``reaches``: the function itself answers. ``lost``: there is one, and it does not:
    reads give ones, writes are dropped.
    """

    who: int
    form: int
    reaches: bool = False
    lost: bool = False


class Router(Protocol):
    """Who gets each access, where several answer for functions of one bus."""

    def route(self, way: int, bdf: int, offset: int) -> Route:
        """Who has an access by ``way`` (a VIA_* of the bus) to a register of the function at ``bdf``."""
        ...


VIA_PORTS, VIA_WINDOW, VIA_LEFT = 1, 2, 3
"""The ways of an access: CF8 and CFC, the configuration window, and the addresses where that was before."""
NOBODY, HYPERVISOR, DEVICE_MODEL, EMULATORS = range(4)
NOT_AT_ALL, AS_CONFIG, AS_MMIO = range(3)


class TrapState(Struct, frozen=True):
    """Who is told of writes and who owns functions, each owner with its own state."""

    handlers: dict[tuple[int, int], tuple[Handler, ...]]
    owners: dict[int, tuple[Owner, object]]


class ConfigTraps:
    """The handlers of each dword of each slot, and the owners of slots."""

    def __init__(self) -> None:
        self._handlers: dict[tuple[int, int], tuple[Handler, ...]] = {}
        self.owners: dict[int, Owner] = {}
        self.router: Router | None = None
        self.written = 0
        """While handlers run: the dword with the written lanes as they were written, whatever became of them."""

    def add(self, slot: int, offset: int, handler: Handler) -> None:
        """Call ``handler`` after each write to the dword at ``offset``, behind those that are there, once."""
        handlers = self._handlers.get((slot, offset), ())
        if handler not in handlers:
            self._handlers[slot, offset] = (*handlers, handler)

    def tell(self, slot: int, offset: int, old: int, new: int, written: int) -> None:
        """The dword at ``offset`` was written. A handler may write registers itself: its writes are told meanwhile."""
        before, self.written = self.written, written
        try:
            for handler in self._handlers.get((slot, offset), ()):
                handler(offset, old, new)
        finally:
            self.written = before

    def owner_read(self, slot: int, bdf: int, offset: int, width: int) -> int:
        """What the owner of a slot answers, no wider than asked for."""
        return self.owners[slot].read(bdf, offset, width) & (1 << 8 * width) - 1

    def owner_write(self, slot: int, bdf: int, offset: int, width: int, value: int) -> None:
        """A write to an owned function; who watches the dword is told what the owner answered before and after."""
        owner, dword = self.owners[slot], offset & ~3
        if (slot, dword) not in self._handlers:
            owner.write(bdf, offset, width, value)
            return
        old = self.owner_read(slot, bdf, dword, 4)
        owner.write(bdf, offset, width, value)
        lanes, shift = (1 << 8 * width) - 1, 8 * (offset & 3)
        written = old & ~(lanes << shift) | (value & lanes) << shift
        self.tell(slot, dword, old, self.owner_read(slot, bdf, dword, 4), written)

    def state(self) -> TrapState:
        """What a snapshot keeps."""
        return TrapState(dict(self._handlers), {slot: (owner, owner.state()) for slot, owner in self.owners.items()})

    def restore(self, state: TrapState) -> None:
        """Go back to it."""
        self._handlers = dict(state.handlers)
        self.owners = {slot: owner for slot, (owner, _) in state.owners.items()}
        for owner, kept in state.owners.values():
            owner.restore(kept)
