"""Who answers configuration space, where several do: what a hypervisor is told of a board, and what it makes of it."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from fwsim.devices.config_traps import Router
from fwsim.devices.ecam import Window

CONVENTIONAL = 0x100
"""Bytes of a function's configuration space without PCI Express."""


class Seat(Struct, frozen=True):
    """One function: ``owner`` is another emulator's name, "" for the device model. ``size`` bytes of configuration
    space; ``behind``: a bridge; ``host``: the function of the host that it is, None for one that is made up.
    """

    bdf: int
    owner: str = ""
    size: int = CONVENTIONAL
    behind: bool = False
    host: int | None = None


class ConfigBoard(Struct, frozen=True):
    """A guest's functions, ``window`` where PCIEXBAR puts the configuration window now, and ``bar_at``: the function
    of a decoded BAR that is emulated and has this address, None for none.
    """

    seats: tuple[Seat, ...]
    window: Callable[[], Window | None] = lambda: None
    bar_at: Callable[[int], int | None] = lambda address: None


class Party(Struct, frozen=True):
    """Who answers, and the functions that it has registered, as bus<<8 | device<<3 | function; in the order of ids."""

    name: str
    functions: tuple[int, ...]


class ConfigDesign(Struct, frozen=True):
    """How one guest's accesses are routed. ``name`` is the design's.

    ``parties``: the hypervisor itself first, then the device model, then the others. ``told``: whether the hypervisor
    knows where the window is. ``locks``: PCIEXBAR takes no write any more once it was enabled. ``cause``: why an
    access is lost, "" where none is; ``remedy``: what helps. ``lacks``: what its guests do not have, in a sentence.
    """

    name: str
    title: str
    parties: tuple[Party, ...]
    router: Router
    told: bool
    locks: bool
    cause: str
    remedy: str
    lacks: str = ""
