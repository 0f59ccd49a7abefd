"""QEMU's two PCs as data, i440FX and Q35, with what a hypervisor copies into their bridges and what a user plugs in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fwsim.board.function import BarSpec, Board, BoardFunction, Setting
from fwsim.errors import FwsimError
from fwsim.firmware.request import format_bdf
from fwsim.hypervisor.interface import LPC_BRIDGE, Copied

PM_BASE = 0x600
"""ACPI base of both machines (QEMU hw/i386/acpi-build.c; SeaBIOS src/config.h, PORT_ACPI_PM_BASE)."""
_PCIEXBAR = 0xB0000000
"""As SeaBIOS programs it (src/fw/dev-q35.h, Q35_HOST_BRIDGE_PCIEXBAR_ADDR)."""
_I440FX = BoardFunction(0x00, 0x8086, 0x1237, 0x060000, 2)
_Q35 = BoardFunction(0x00, 0x8086, 0x29C0, 0x060000, 2, pciexbar=_PCIEXBAR | 1)
CHIPSETS: dict[str, tuple[BoardFunction, ...]] = {
    "pc": (
        _I440FX,
        BoardFunction(0x08, 0x8086, 0x7000, 0x060100),
        BoardFunction(0x09, 0x8086, 0x7010, 0x010180, bars=(BarSpec(4, 16, "io", role="ide"),)),
        BoardFunction(
            0x0B, 0x8086, 0x7113, 0x068000, 3,
            settings=(Setting(0x40, 4, PM_BASE | 1, 0xFFC0), Setting(0x80, 1, 1, 1)),
        ),
    ),
    "q35": (
        _Q35,
        BoardFunction(
            LPC_BRIDGE, 0x8086, 0x2918, 0x060100, 2, settings=(Setting(0x40, 4, PM_BASE | 1), Setting(0x44, 1, 0x80)),
        ),
        BoardFunction(
            0xFA, 0x8086, 0x2922, 0x010601, 2,
            bars=(BarSpec(4, 32, "io", role="sata"), BarSpec(5, 4096, "mem", role="ahci")),
        ),
        BoardFunction(0xFB, 0x8086, 0x2930, 0x0C0500, 2, bars=(BarSpec(4, 64, "io", role="smbus"),)),
    ),
}  # fmt: skip
"""What each machine has by itself (QEMU hw/pci-host/i440fx.c, hw/isa/piix.c; hw/pci-host/q35.c, hw/isa/lpc_ich9.c)."""


def guest_board(
    machine: str, display: BoardFunction | None, others: Sequence[BoardFunction] = (), *,
    lpc: tuple[int, int] | None = None, copies: dict[int, tuple[Copied, ...]] | None = None,
    host: Iterable[BoardFunction] = (), has_chip: Callable[[int], bool] = lambda bdf: True,
    said: tuple[str, str] = ("guest.slot", "function"),
) -> Board:  # fmt: skip
    """The guest's PC with ``display`` and ``others`` plugged in.

    ``lpc``: (device id, revision) of the bridge that an i440FX gets at 00:1f.0. ``copies``: what the bridges take from
    the host's functions ``host``, by devfn. ``has_chip`` of a bdf False: this guest lacks that part of the chipset.
    Raises FwsimError for two functions in one place, naming where display and others are ``said``.
    """
    rows = [row for row in CHIPSETS[machine] if has_chip(row.bdf)]
    if lpc and has_chip(LPC_BRIDGE) and not any(row.bdf == LPC_BRIDGE for row in rows):
        rows.append(BoardFunction(LPC_BRIDGE, 0x8086, lpc[0], 0x060100, lpc[1]))
    from_host = {function.bdf: function for function in host}
    rows = [_copied(row, (copies or {}).get(row.bdf, ()), from_host.get(row.bdf)) for row in rows]
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


def _copied(row: BoardFunction, copies: Sequence[Copied], source: BoardFunction | None) -> BoardFunction:
    if source is None:
        return row
    for each in copies:
        row = row.with_bytes(each.offset, bytes(source.byte(each.offset + i) for i in range(each.width)))
    return row
