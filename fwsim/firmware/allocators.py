"""Which firmware allocators are there? One row each, loaded when asked for."""

from __future__ import annotations

from importlib import import_module

from fwsim.errors import FwsimError
from fwsim.firmware.request import Allocator

ROWS: dict[str, tuple[str, str]] = {
    "seabios": ("fwsim.firmware.seabios.place", "SEABIOS"),
    "ovmf": ("fwsim.firmware.ovmf", "OVMF"),
    "hvmloader": ("fwsim.firmware.hvmloader", "HVMLOADER"),
    "bhyve": ("fwsim.firmware.bhyve", "BHYVE"),
    "acrn": ("fwsim.firmware.acrn", "ACRN"),
    "crosvm": ("fwsim.firmware.crosvm", "CROSVM"),
}
"""Name: (module, attribute) of an ``Allocator``."""


def allocator(name: str) -> Allocator:
    """The allocator called ``name``. Raises FwsimError with the names there are."""
    if name not in ROWS:
        raise FwsimError("no such firmware", where="firmware.kind", found=repr(name), expected=", ".join(ROWS))
    module, attribute = ROWS[name]
    found: Allocator = getattr(import_module(module), attribute)
    return found
