"""OVMF's options: which IGD driver there is, and what its page allocator finds.

Beside the package, not in it: who only names an option needs nothing of what OVMF does.
"""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from fwsim.firmware.request import Options

Driver = Literal["vfioigd", "gvt", "none"]
DRIVERS: tuple[Driver, ...] = get_args(Driver)


class BootOptions(Options, frozen=True, kw_only=True):
    """What OVMF's page allocator finds when drivers start, if known: the free runs and the bins themselves.

    ``free_list``: (start, end) of each run; ``bins``: (start, end) by memory type. Without them: as measured.
    """

    free_list: tuple[tuple[int, int], ...] = ()
    bins: dict[str, tuple[int, int]] = msgspec.field(default_factory=dict)
    opregion_version: tuple[int, int, int] = (2, 0, 0)


class OvmfOptions(BootOptions, frozen=True, kw_only=True):
    """Which IGD driver there is: VfioIgdPkg's, that of 2018, or none, as upstream."""

    driver: Driver = "vfioigd"
