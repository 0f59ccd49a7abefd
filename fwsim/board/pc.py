"""QEMU's two PCs as data, i440FX and Q35, with what a hypervisor copies into their bridges and what a user plugs in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from fwsim.board.function import Board, BoardFunction
from fwsim.board.i440fx import i440fx
from fwsim.board.isa_bridge import with_bridge
from fwsim.board.q35 import q35
from fwsim.board.setup import PM_BASE
from fwsim.errors import FwsimError
from fwsim.firmware.request import format_bdf
from fwsim.hypervisor.interface import LPC_BRIDGE, Copied, Stub

if TYPE_CHECKING:
    from fwsim.scenario.model import IsaBridge

_CHIPSETS: dict[str, Callable[[tuple[int, ...], int], tuple[BoardFunction, ...]]] = {
    "pc": lambda release, ram: i440fx(ram),
    "q35": lambda release, ram: q35(release),
}
MACHINES = tuple(_CHIPSETS)


@lru_cache(maxsize=64)
def chipset(machine: str, release: tuple[int, ...] = (), ram: int = 0) -> tuple[BoardFunction, ...]:
    """What ``machine`` has by itself, with ``ram`` bytes, by QEMU's ``release``: () for a guest of none."""
    return _CHIPSETS[machine](release, ram)


def guest_board(
    machine: str, display: BoardFunction | None, others: Sequence[BoardFunction] = (), *,
    lpc: tuple[int, int] | None = None, stubs: Sequence[Stub] = (),
    copies: dict[int, tuple[Copied, ...]] | None = None, host: Iterable[BoardFunction] = (),
    has_chip: Callable[[int], bool] = lambda bdf: True,
    said: tuple[str, str] = ("guest.slot", "function"), release: tuple[int, ...] = (), ram: int = 0,
    isa_bridge: IsaBridge = "auto",
) -> Board:  # fmt: skip
    """The guest's PC with ``display`` and ``others`` plugged in.

    ``lpc``: (device id, revision) of the bridge that an i440FX gets at 00:1f.0, ``stubs`` what else is made where
    the guest has nothing. ``copies``: what the bridges take from
    the host's functions ``host``, by devfn. ``has_chip`` of a bdf False: this guest lacks that part of the chipset.
    ``release``: QEMU's, () for another hypervisor; ``ram`` in bytes. ``isa_bridge``: another way to show the host's PCH
    than the hypervisor's, in whose place it stands; it needs ``host``.
    Raises FwsimError for two functions in one place, naming where display and others are ``said``, and for a stub of
    what the host has not.
    """
    rows = [row for row in chipset(machine, release, ram) if has_chip(row.bdf)]
    from_host = {function.bdf: function for function in host}
    copied = dict(copies or {})
    if isa_bridge != "auto":
        lpc = None
        copied.pop(LPC_BRIDGE, None)
        rows = with_bridge(isa_bridge, rows, from_host)
    if lpc and has_chip(LPC_BRIDGE) and not any(row.bdf == LPC_BRIDGE for row in rows):
        rows.append(BoardFunction(LPC_BRIDGE, 0x8086, lpc[0], 0x060100, lpc[1], qemu=True))
    rows += _made(stubs, {row.bdf for row in rows}, from_host)
    rows = [_copied(row, copied.get(row.bdf, ()), from_host.get(row.bdf)) for row in rows]
    taken = {row.bdf: "the chipset" for row in rows}
    named = [(said[0], "the display", each) for each in (display,) if each]
    for where, name, row in [*named, *((said[1], said[1], each) for each in others)]:
        if row.bdf in taken:
            raise FwsimError(
                f"two devices claim slot {format_bdf(row.bdf)}", where=where, found=f"{taken[row.bdf]} and {name}",
                expected="one of them", hint=f"{format_bdf(free_slot(taken))} is free",
            )  # fmt: skip
        taken[row.bdf] = name
        rows.append(row)
    return Board(tuple(sorted(rows, key=lambda row: row.bdf)), (PM_BASE,), display)


def free_slot(taken: Iterable[int]) -> int:
    """The first device of bus 0, from 03 on, none of whose functions is in ``taken``; 1e where all are."""
    devices = {bdf >> 3 for bdf in taken}
    return next((device << 3 for device in range(3, 31) if device not in devices), 0xF0)


def _made(stubs: Sequence[Stub], taken: set[int], host: Mapping[int, BoardFunction]) -> Iterator[BoardFunction]:
    """The functions that are made because the host has them."""
    for each in stubs:
        if each.bdf not in host:
            raise FwsimError(
                "the hypervisor shows a function that the host has not", where="hypervisor.mirror",
                found=format_bdf(each.bdf), expected="one of " + ", ".join(map(format_bdf, sorted(host))),
                hint="remove it from the list, or name the host's CPU: host.cpu",
            )  # fmt: skip
        if each.bdf not in taken:
            yield BoardFunction(each.bdf, 0x8086, each.device, each.class_code, qemu=True)


def _copied(row: BoardFunction, copies: Sequence[Copied], source: BoardFunction | None) -> BoardFunction:
    if source is None:
        return row
    for each in copies:
        held = bytes(source.byte(each.offset + i) for i in range(each.width))
        row = row.with_bytes(each.offset, held, writable=each.writable)
    return row
