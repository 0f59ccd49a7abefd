"""Who calls an option ROM's init, and by which rules, as data: what a firmware's build and its board decide.

The rules themselves are the environment's (``fwsim.environment.bios``): a firmware names one, and says what is its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

ROM_STACK = 0x6D14
"""SP as SeaBIOS 1.16.2 enters an option ROM, measured on pc."""


class Hook(Struct, frozen=True):
    """The answer to one leaf of INT 15h: ``ax`` is the leaf, ``sets`` register to value.

    ``when``: registers that have to hold one of these values, or this is not the answer. CF is clear.
    """

    ax: int
    sets: Mapping[str, int]
    when: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


class Board(Struct, frozen=True):
    """What a mainboard answers to the video BIOS's INT 15h. ``source``: the file that says so.

    ``rest``: whether a leaf that it does not know succeeds (with the registers as they are) or fails.
    """

    name: str
    source: str
    hooks: tuple[Hook, ...]
    rest: bool = False


class Caller(Struct, frozen=True):
    """One that calls the ROM's init. ``contract`` names the rules by which it does, ``title`` what people call it.

    ``stack``: SP at the entry, where the rules leave that to the build. ``enforces``: a ROM whose sum is not 0 is not
    run. ``locks``: ROMs are read-only once POST is over. ``board``: INT 15h's answers, None for none. ``vesa``: the VBE
    mode that is set after init and left so, 0 for none. ``direct``, ``others``, ``fakes``: an emulator lets the ROM
    reach all ports, read other functions' configuration, write there without effect.
    """

    contract: str = "seabios"
    title: str = "SeaBIOS"
    stack: int = ROM_STACK
    enforces: bool = True
    locks: bool = True
    board: Board | None = None
    vesa: int = 0
    direct: bool = False
    others: bool = False
    fakes: bool = False
