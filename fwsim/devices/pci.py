"""PCI configuration as Python sees it: functions on any bus, their registers, who is told of writes, who owns what."""

from collections.abc import Callable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fwsim.devices.bridge import BUSES, CONTROL, bus_numbers
from fwsim.devices.bus import (
    ASK_OWNER,
    ASK_WRITTEN,
    DWORDS,
    P_ADDRESS,
    P_BLOCKS,
    P_ECAM,
    P_ECAM_SIZE,
    P_LEFT,
    P_LEFT_SIZE,
    P_NOTE,
    P_ROUTED,
    P_ROUTES,
    P_WHO,
    PCI_WORDS,
    ROUTES,
    T_VALUE,
    TABLES,
    config_read,
    config_write,
)
from fwsim.devices.config_traps import (
    VIA_LEFT,
    VIA_PORTS,
    ConfigTraps,
    Handler,
    Owner,
    Router,
    TrapState,
)
from fwsim.devices.ecam import Window
from fwsim.devices.routes import Function, routed
from fwsim.errors import FwsimError
from fwsim.native import TRAP_PCI_OWNER_READ, TRAP_PCI_ROUTE, TRAP_PCI_WRITE, address_of
from fwsim.trace.event import Flag

CONVENTIONAL, EXPRESS = 0x100, 0x1000
"""Bytes of a function's configuration space."""
ONES = 0xFFFFFFFF
_WAYS = {VIA_PORTS: Flag.INDEXED, VIA_LEFT: Flag.FAULTED}


class BusState(Struct, frozen=True):
    """The bus at one moment: CF8, the window's place and its last one, every table, and who is asked in Python."""

    words: tuple[int, Window | None, Window | None]
    blocks: list[NDArray[np.uint32]]
    traps: TrapState


class PciBus:
    """The configuration bus: for each function its registers, which bits are writable, what is emulated.

    A function is known by its *slot*, whatever the guest numbers the buses; ``value``, ``writable``, ``clear``,
    ``emulated``, ``answer`` and ``answer_writable`` hold for each slot the 1024 dwords of that table (see bus.py).
    ``follow`` is called when what decides over addresses may have changed: the address map's.
    """

    def __init__(self) -> None:
        self.routes: NDArray[np.uint16] = np.zeros(ROUTES, np.uint16)
        self.block: NDArray[np.uint64] = np.zeros(PCI_WORDS, np.uint64)
        self.block[P_ROUTES] = address_of(self.routes)
        self.value: list[NDArray[np.uint32]] = []
        self.writable: list[NDArray[np.uint32]] = []
        self.clear: list[NDArray[np.uint32]] = []
        self.emulated: list[NDArray[np.uint32]] = []
        self.answer: list[NDArray[np.uint32]] = []
        self.answer_writable: list[NDArray[np.uint32]] = []
        self._ask: list[NDArray[np.uint32]] = []
        self._blocks: list[NDArray[np.uint32]] = []
        self._places: NDArray[np.uint64] = np.zeros(0, np.uint64)
        self._functions: list[Function] = []
        self._bdf: dict[int, int] = {}
        self.traps = ConfigTraps()
        self.follow: Callable[[], None] = lambda: None
        self._add_block(0)

    # --- functions and routes --------------------------------------------------------------------------------------
    def add(self, devfn: int, behind: int = 0, size: int = EXPRESS) -> int:
        """Put a function at ``devfn`` of bus 0, or of the bus behind the bridge in a slot, and return its own slot.

        ``size`` is CONVENTIONAL or EXPRESS; offsets beyond read all ones. Raises FwsimError where one is already, and
        for a bridge that is not there. Functions are added while the machine is built: no snapshot may be older.
        """
        where = f"function {devfn >> 3:02x}.{devfn & 7}" + (f" behind slot {behind}" if behind else "")
        if any((function.devfn, function.behind) == (devfn, behind) for function in self._functions):
            raise FwsimError("two functions in one place", where=where, hint="give one of them another address")
        if behind > len(self._functions):
            raise FwsimError("a function behind a bridge that is not there", where=where)
        slot = self._add_block(size)
        self._functions.append(Function(devfn, slot, behind))
        if behind:
            self.on_write(behind, BUSES, self._renumbered)
            self.on_write(behind, CONTROL, self._renumbered)
        self._route()
        return slot

    def _add_block(self, size: int) -> int:
        """The tables of one more slot; what lies beyond ``size`` reads all ones."""
        tables = np.zeros((TABLES, DWORDS), np.uint32)
        tables[T_VALUE, size >> 2 :] = ONES
        lists = (
            self.value, self.writable, self.clear, self.emulated, self.answer, self.answer_writable, self._ask,
        )  # fmt: skip
        for rows, row in zip(lists, tables, strict=True):
            rows.append(row)
        self._blocks.append(tables)
        self._places = np.array([address_of(block) for block in self._blocks], np.uint64)
        self.block[P_BLOCKS] = address_of(self._places)
        return len(self._blocks) - 1

    def _renumbered(self, offset: int, old: int, new: int) -> None:
        self._route()

    def _route(self) -> None:
        """Work out where each function answers now."""
        self.routes[0x100:] = 0
        self._bdf = {slot: bdf for bdf, slot in routed(self._functions, lambda slot: bus_numbers(self, slot))}
        for slot, bdf in self._bdf.items():
            self.routes[bdf] = slot

    def above(self, slot: int) -> list[int]:
        """The slots of the bridges above a function, the nearest first."""
        chain = []
        while behind := self._functions[slot - 1].behind:
            chain.append(behind)
            slot = behind
        return chain

    def present(self) -> list[int]:
        """Where a function answers now, as bus<<8 | devfn in ascending order."""
        return sorted(self._bdf.values())

    def answers(self, bdf: int) -> bool:
        """Whether a function answers at ``bdf`` now."""
        return bool(self.routes[bdf])

    def slot(self, bdf: int) -> int:
        """The slot of the function that answers at ``bdf`` now; KeyError where none does."""
        if not self.routes[bdf]:
            raise KeyError(bdf)
        return int(self.routes[bdf])

    @property
    def ecam(self) -> Window | None:
        """Guest-physical start and bytes of the configuration window; None: there is none."""
        size = int(self.block[P_ECAM_SIZE])
        return (int(self.block[P_ECAM]), size) if size else None

    @ecam.setter
    def ecam(self, window: Window | None) -> None:
        self.block[P_ECAM], self.block[P_ECAM_SIZE] = window or (0, 0)

    @property
    def left(self) -> Window | None:
        """Where the window was before it moved or went off, on a routed bus; None: nowhere."""
        size = int(self.block[P_LEFT_SIZE])
        return (int(self.block[P_LEFT]), size) if size else None

    @left.setter
    def left(self, window: Window | None) -> None:
        self.block[P_LEFT], self.block[P_LEFT_SIZE] = window or (0, 0)

    def route_by(self, router: Router) -> None:
        """From now on ``router`` says who gets each access, and a note behind the access tells it."""
        self.traps.router = router
        self.block[P_ROUTED] = 1

    # --- registers -------------------------------------------------------------------------------------------------
    def set(self, slot: int, offset: int, width: int, value: int, writable: int = 0) -> None:
        """Give the device's own register at ``offset`` (aligned to ``width``) its value and its writable bits."""
        _put(self.value[slot], offset, width, value)
        _put(self.writable[slot], offset, width, writable)

    def get(self, slot: int, offset: int, width: int) -> int:
        """The device's own register, whatever is emulated over it."""
        return int(self.value[slot][offset >> 2]) >> 8 * (offset & 3) & (1 << 8 * width) - 1

    def emulate(self, slot: int, offset: int, width: int, value: int, writable: int, mask: int | None = None) -> None:
        """Answer these bytes in software from now on, or the bits of ``mask``; ``writable`` bits are plain storage."""
        _put(self.emulated[slot], offset, width, (1 << 8 * width) - 1 if mask is None else mask)
        _put(self.answer[slot], offset, width, value)
        _put(self.answer_writable[slot], offset, width, writable)

    def keep(self, slot: int, offset: int, width: int) -> None:
        """No guest's write reaches these bytes of the device from now on."""
        _put(self.writable[slot], offset, width, 0)
        _put(self.clear[slot], offset, width, 0)

    def answer_with(self, slot: int, offset: int, value: int) -> None:
        """Change what is answered in software at the dword ``offset``."""
        self.answer[slot][offset >> 2] = value

    def seen_by_guest(self, slot: int, offset: int, width: int) -> int:
        """What a configuration read gives, unrecorded; of an owned function that cannot be reached all ones."""
        at = offset >> 2
        if slot in self.traps.owners:
            bdf = self._bdf.get(slot)
            return (1 << 8 * width) - 1 if bdf is None else self.traps.owner_read(slot, bdf, offset, width)
        mask = int(self.emulated[slot][at])
        merged = int(self.value[slot][at]) & ~mask | int(self.answer[slot][at]) & mask
        return merged >> 8 * (offset & 3) & (1 << 8 * width) - 1

    def read(self, root: NDArray[np.uint64], bdf: int, offset: int, width: int) -> int:
        """A configuration read by code that does not run in the engine: the same path as a guest's, recorded alike.

        ``bdf`` is bus<<8 | device<<3 | function, ``offset`` up to FFFh, aligned to ``width``; all ones where nothing
        answers.
        """
        return int(config_read(address_of(root), bdf << 12 | offset, width))

    def write(self, root: NDArray[np.uint64], bdf: int, offset: int, width: int, value: int) -> None:
        """A configuration write, likewise."""
        config_write(address_of(root), bdf << 12 | offset, width, value)

    # --- who is told of writes, who owns ---------------------------------------------------------------------------
    def on_write(self, slot: int, offset: int, handler: Handler | None = None) -> None:
        """Call ``handler`` after each write that touches the dword at ``offset``; without one the address map follows.

        Each handler of a dword is called once, in the order in which they came; ``traps.written`` is meanwhile what was
        written: also a read-only register's writes are told.
        """
        self.traps.add(slot, offset & ~3, handler or self._followed)
        self._ask[slot][offset >> 2] |= ASK_WRITTEN

    def _followed(self, offset: int, old: int, new: int) -> None:
        self.follow()

    def own(self, slot: int, owner: Owner | None) -> None:
        """Have ``owner`` answer for a function from now on; None: its tables again. Its bus numbers count too."""
        if owner is None:
            self.traps.owners.pop(slot, None)
            self._ask[slot] &= ~np.uint32(ASK_OWNER)
        else:
            self.traps.owners[slot] = owner
            self._ask[slot] |= np.uint32(ASK_OWNER)
        self._route()

    def on_trap(self, kind: int, a: int, b: int, c: int) -> int:
        """What native code asks: a TRAP_PCI_* and what goes with it."""
        if kind == TRAP_PCI_WRITE:
            self.traps.tell(a >> 12, a & 0xFFF, b & ONES, b >> 32, c)
            return 0
        bdf, offset = a >> 12, a & 0xFFF
        if kind == TRAP_PCI_ROUTE:
            return self._routed(bdf, offset, b)
        if kind == TRAP_PCI_OWNER_READ:
            return self.traps.owner_read(int(self.routes[bdf]), bdf, offset, b)
        self.traps.owner_write(int(self.routes[bdf]), bdf, offset, b, c)
        return 0

    def _routed(self, bdf: int, offset: int, way: int) -> int:
        """The slot that an access reaches, its note left in the block.

        INDEXED: by CF8 and CFC; FAULTED: where the window was before; UNHANDLED: the access is lost.
        """
        assert self.traps.router is not None
        route = self.traps.router.route(way, bdf, offset)
        flags = _WAYS.get(way, 0) | (Flag.UNHANDLED if route.lost else 0)
        self.block[P_WHO], self.block[P_NOTE] = route.who, route.form | int(flags) << 8
        return int(self.routes[bdf]) if route.reaches else 0

    # --- snapshots -------------------------------------------------------------------------------------------------
    def snapshot(self) -> BusState:
        """Every register, and who is told and who owns."""
        words = (int(self.block[P_ADDRESS]), self.ecam, self.left)
        return BusState(words, [block.copy() for block in self._blocks], self.traps.state())

    def restore(self, state: BusState) -> None:
        """Go back to it; the address map has to follow."""
        self.block[P_ADDRESS], self.ecam, self.left = state.words
        for block, saved in zip(self._blocks, state.blocks, strict=True):
            block[...] = saved
        self.traps.restore(state.traps)
        if any(function.behind for function in self._functions):
            self._route()


def _put(row: NDArray[np.uint32], offset: int, width: int, value: int) -> None:
    if width == 8:
        _put(row, offset, 4, value & ONES)
        _put(row, offset + 4, 4, value >> 32)
        return
    shift = 8 * (offset & 3)
    mask = ((1 << 8 * width) - 1) << shift
    row[offset >> 2] = int(row[offset >> 2]) & ~mask & ONES | value << shift & mask


def bar_write_mask(size: int, io: bool) -> int:
    """Writable address bits of a BAR of ``size`` bytes: 32 bits wide for I/O too, as QEMU and SeaBIOS expect."""
    return -size & (0xFFFFFFFC if io else 0xFFFFFFFFFFFFFFF0)
