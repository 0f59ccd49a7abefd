"""OVMF's options: which IGD driver there is, and what its page allocator finds."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from fwsim.firmware.request import Options

Driver = Literal["vfioigd", "gvt", "none"]
DRIVERS: tuple[Driver, ...] = get_args(Driver)


class BootOptions(Options, frozen=True, kw_only=True):
    """What OVMF's page allocator finds when drivers start: ``cpus``, or the free runs and bins themselves, if known.

    ``free_list``: (start, end) of each run; ``bins``: (start, end) by memory type. Without them: as measured.
    """

    cpus: int = 1
    free_list: tuple[tuple[int, int], ...] = ()
    bins: dict[str, tuple[int, int]] = msgspec.field(default_factory=dict)
    opregion_version: tuple[int, int, int] = (2, 0, 0)


class OvmfOptions(BootOptions, frozen=True, kw_only=True):
    """Which IGD driver there is: VfioIgdPkg's, that of 2018, or none, as upstream."""

    driver: Driver = "vfioigd"
