"""The functions that a user plugs in, bridges among them, on the buses that firmware will number."""

from __future__ import annotations

from collections.abc import Sequence

from fwsim.board.function import BarSpec, BoardFunction, Setting
from fwsim.firmware.request import Bridge
from fwsim.scenario.buses import arranged
from fwsim.scenario.host_functions import place
from fwsim.scenario.model import Function

_EXTENDED = (
    Setting(0x06, 2, 0x0010), Setting(0x34, 1, 0x40),
    Setting(0x40, 4, 0x00020010), Setting(0x44, 4, 0x00008000),
    Setting(0x100, 4, 0x0001000B), Setting(0x104, 4, 0x01000001), Setting(0x108, 4, 0, 0xFFFFFFFF),
)  # fmt: skip
"""PCI Express' capability at 40h, and one of the vendor's own at 100h: 16 bytes, with a dword at 108h that keeps what
is written (PCI Express Base 5.0, 7.5.3 and 7.9.5)."""


def other_functions(rows: Sequence[Function]) -> tuple[BoardFunction, ...]:
    """The functions of ``rows``. Raises FwsimError for rows that hang nowhere, or twice in one place."""
    return tuple(
        BoardFunction(
            each.bdf, each.row.vendor, each.row.device, each.row.class_code, subsystem=each.row.subsystem,
            bars=tuple(BarSpec(bar.index, bar.size, bar.kind, bar.is64) for bar in each.bars), rom=each.row.rom,
            bridge=Bridge(each.secondary, each.row.hotplug) if each.secondary else None, parent=each.parent,
            owner=each.row.owner, host=place(each.row.host, "function") if each.row.host else None,
            settings=_EXTENDED if each.row.extended else (),
        )
        for each in arranged(rows)
    )  # fmt: skip
