"""The table of contracts: by the name under which a firmware asks for one, loaded when asked for."""

from __future__ import annotations

from importlib import import_module

from fwsim.environment.bios.contract import Contract
from fwsim.environment.x86 import X86
from fwsim.firmware.callers import Caller
from fwsim.machine.built import Built

ROWS: dict[str, tuple[str, str]] = {
    "seabios": ("fwsim.environment.bios.seabios", "SeaBiosContract"),
    "realmode": ("fwsim.environment.bios.realmode", "RealMode"),
    "yabel": ("fwsim.environment.bios.yabel", "Yabel"),
}
"""Name: (module, class)."""


def contract(built: Built, caller: Caller, x86: X86) -> Contract:
    """The rules by which ``caller`` calls, on ``built``."""
    module, name = ROWS[caller.contract]
    made: Contract = getattr(import_module(module), name)(built, caller, x86)
    return made
