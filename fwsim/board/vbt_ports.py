"""The ports that a ROM's VBT has: what a vBIOS looks for displays at."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import cast, get_args

from fwsim.rom.chain import Rom
from fwsim.rom.vbt import Vbt
from fwsim.scenario.model import Port

_NAMES = {"DP-A": "edp", "HDMI-A": "none"}
"""VBT's names that are other than a scenario's in lower case."""
_TYPE_C = {"tigerlake": "DEFG", "alderlake-p": "FGHI", "meteorlake": "FGHI"}
"""The letters by which a family's VBT calls Type-C ports 1 to 4 (Linux i915 display/intel_bios.c, dvo_port_to_port)."""
_CRT = 1
"""int_crt_support, byte 4 of general features (Linux intel_vbt_defs.h, bdb_general_features)."""
PANELS = ("edp", "lvds")


def vbt_ports(rom: Rom, family: str = "") -> tuple[Port, ...]:
    """Each port of the legacy image's child devices, in their order, once; empty where there is no VBT.

    A CRT need be no child device: general features (block 1) say that the chip drives one.
    """
    found = rom.legacy.vbt if rom.legacy else None
    return _ports(found, rom.data, family) if found else ()


def ports_of_file(path: str, family: str = "") -> tuple[Port, ...]:
    """Each port of the VBT in a file, as above. Raises FwsimError for a file that cannot be read or is no VBT."""
    from fwsim.rom.source import find_vbt

    found = find_vbt(Path(path))
    return _ports(found.vbt, found.data, family)


@lru_cache(maxsize=4)
def _ports(vbt: Vbt, data: bytes, family: str) -> tuple[Port, ...]:
    from fwsim.rom.bdb import Tables

    tables = Tables(vbt, data)
    children, features = tables.children(), tables.block(1)
    names = (_name(child.port_name, family) for child in children if child.present)
    ports = [*names, "crt"] if features and len(features.raw) > 4 and features.raw[4] & _CRT else names
    return tuple(cast(Port, name) for name in dict.fromkeys(ports) if name in get_args(Port) and name != "none")


def _name(port: str, family: str) -> str:
    """What a scenario calls the VBT's ``port`` of a host cpu."""
    kind, _, letter = port.partition("-")
    number = _TYPE_C.get(family, "").find(letter) + 1 if letter else 0
    return f"{kind.lower()}-tc{number}" if number else _NAMES.get(port, port.lower())
