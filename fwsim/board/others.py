"""The functions that a user plugs in, bridges among them, on the buses that firmware will number."""

from __future__ import annotations

from collections.abc import Sequence

from fwsim.board.function import BarSpec, BoardFunction
from fwsim.firmware.request import Bridge
from fwsim.scenario.buses import arranged
from fwsim.scenario.model import Function


def other_functions(rows: Sequence[Function]) -> tuple[BoardFunction, ...]:
    """The functions of ``rows``. Raises FwsimError for rows that hang nowhere, or twice in one place."""
    return tuple(
        BoardFunction(
            each.bdf, each.row.vendor, each.row.device, each.row.class_code, subsystem=each.row.subsystem,
            bars=tuple(BarSpec(bar.index, bar.size, bar.kind, bar.is64) for bar in each.bars), rom=each.row.rom,
            bridge=Bridge(each.secondary, each.row.hotplug) if each.secondary else None, parent=each.parent,
        )
        for each in arranged(rows)
    )  # fmt: skip
