"""Xen's ioreq servers: who gets an access that no page of the guest's and no handler of Xen's own takes.

Sources: Xen xen/common/ioreq.c (ioreq_server_select, FOR_EACH_IOREQ_SERVER: from the highest id down, the first whose
range has all of it; two servers may have the same), xen/arch/x86/hvm/ioreq.c (arch_ioreq_server_get_type_addr: CFC is
configuration space, anything else memory or ports; nobody gets what no server has), xen/arch/x86/hvm/emulate.c
(hvmemul_do_io: reads give ones). QEMU hw/xen/xen-hvm-common.c: it registers a function under the bus number that it has
when it is made, behind a bridge 0 (xen_device_realize), and each region of its address space, the window among them
(xen_set_memory); a configuration request reaches the first 256 bytes only (cpu_ioreq_config, PCI_CONFIG_SPACE_SIZE).
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from fwsim.devices.config_traps import (
    AS_CONFIG,
    AS_MMIO,
    DEVICE_MODEL,
    EMULATORS,
    HYPERVISOR,
    NOBODY,
    NOT_AT_ALL,
    VIA_LEFT,
    VIA_PORTS,
    Route,
)
from fwsim.hypervisor.config_space import CONVENTIONAL, ConfigBoard, Seat
from fwsim.hypervisor.xen.mmcfg import Knows, known

MAX_SERVERS = 8
"""MAX_NR_IOREQ_SERVERS (xen/include/xen/ioreq.h)."""
QEMU = "qemu"


class Server(Struct, frozen=True):
    """One server and the functions (SBDF) that it registered; ``who`` is what a note calls it."""

    name: str
    who: int
    functions: frozenset[int]


def servers(seats: Iterable[Seat], own: frozenset[int]) -> tuple[Server, ...]:
    """The servers in the order of their ids: the device model's, then the other emulators' as they come.

    ``own``: functions that Xen answers itself.
    """
    rows: dict[str, set[int]] = {QEMU: set()}
    for seat in seats:
        if seat.bdf in own:
            continue
        registered = seat.bdf & 0xFF if seat.behind and not seat.owner else seat.bdf
        rows.setdefault(seat.owner or QEMU, set()).add(registered)
    return tuple(
        Server(name, DEVICE_MODEL + number, frozenset(found)) for number, (name, found) in enumerate(rows.items())
    )


class Ioreq:
    """The way of each access to ``board``'s functions; ``own`` are those that Xen answers itself."""

    def __init__(self, board: ConfigBoard, own: frozenset[int], knows: Knows) -> None:
        self._board, self._own, self._knows = board, own, knows
        self._seats = {seat.bdf: seat for seat in board.seats}
        self.servers = servers(board.seats, own)

    def route(self, way: int, bdf: int, offset: int) -> Route:
        """Who has it, as configuration space where Xen knows it for that."""
        there = bdf in self._seats
        if way == VIA_PORTS:
            return self._request(bdf, offset) or Route(NOBODY, NOT_AT_ALL, lost=there)
        window = self._board.window()
        if way == VIA_LEFT or window is None:
            return Route(NOBODY, NOT_AT_ALL, lost=there)
        address = window[0] + (bdf << 12 | offset)
        mmcfg = known(self._knows, window)
        found = mmcfg.decode(address) if mmcfg else None
        if found is not None:
            sbdf, register = found
            server = self.select(sbdf)
            knows_none = server is not None and server.who != DEVICE_MODEL
            if knows_none or sbdf in self._own or self._knows == "hypervisor":
                return self._request(sbdf, register) or Route(NOBODY, NOT_AT_ALL, lost=there)
        return self._memory(bdf, address)

    def select(self, sbdf: int) -> Server | None:
        """The server that has a function: the highest id first."""
        return next((each for each in reversed(self.servers) if sbdf in each.functions), None)

    def _request(self, sbdf: int, register: int) -> Route | None:
        """As configuration space; None: no server has the function."""
        if sbdf in self._own:
            return Route(HYPERVISOR, AS_CONFIG, reaches=True)
        server, seat = self.select(sbdf), self._seats.get(sbdf)
        if server is None:
            return None
        reaches = seat is not None and (seat.owner or QEMU) == server.name
        if server.who == DEVICE_MODEL and register >= CONVENTIONAL:
            return Route(server.who, AS_CONFIG, lost=seat is not None and seat.size > CONVENTIONAL)
        return Route(server.who, AS_CONFIG, reaches, lost=seat is not None and not reaches)

    def _memory(self, bdf: int, address: int) -> Route:
        """As memory: an emulator whose BAR has the address, else the device model, whose window it is."""
        under, seat = self._board.bar_at(address), self._seats.get(bdf)
        name = self._seats[under].owner if under is not None else ""
        for server in reversed(self.servers):
            if server.who >= EMULATORS and server.name == name:
                return Route(server.who, AS_MMIO, lost=seat is not None)
        reaches = seat is not None and not seat.owner and seat.bdf not in self._own
        return Route(DEVICE_MODEL, AS_MMIO, reaches, lost=seat is not None and not reaches)
