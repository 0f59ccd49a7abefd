"""An allocator's options: a table of a scenario or of the command line becomes the struct that it declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fwsim.errors import FwsimError
from fwsim.firmware.allocators import allocator
from fwsim.firmware.interface import Allocator
from fwsim.firmware.request import Options
from fwsim.scenario.model import Firmware
from fwsim.scenario.text import read_struct, suggest


def read_options(row: Allocator, given: Mapping[str, Any], where: str) -> Options:
    """``given`` as ``row.options``; what is left out has its default. Numbers may be sizes, such as "64M".

    Raises FwsimError naming ``where``, the option, and what it may be.
    """
    if not given:
        return row.options()
    known = row.options.__struct_encode_fields__
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        raise FwsimError(
            f"firmware {row.name} has no such option", where=f"{where}: {unknown}", found=unknown,
            expected=", ".join(known) or "none: it has no options", hint=suggest(unknown, known) or "remove it",
        )  # fmt: skip
    return read_struct(dict(given), row.options, where, None)


def allocator_of(firmware: Firmware) -> tuple[Allocator, Options]:
    """The allocator that a scenario names, and its options. Raises FwsimError for what there is not."""
    row = allocator(firmware.kind)
    return row, read_options(row, firmware.options, "firmware.options")
