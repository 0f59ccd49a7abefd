"""What is placed when nobody knows of the IGD? SeaBIOS's BARs and map; BDSM and ASLS stay 0."""

from __future__ import annotations

from dataclasses import replace

from fwsim.firmware.request import Placement, Request
from fwsim.firmware.seabios import SEABIOS


class NoFirmware:
    """The allocator's row: PC services only."""

    name = "none"
    versions: tuple[str, ...] = ("",)
    default_version = ""

    def place(self, request: Request) -> Placement:
        """Place BARs only, as SeaBIOS does. Raises FwsimError for a machine other than pc and q35."""
        out = SEABIOS.place(replace(request, opregion_size=None, bdsm_file=None, version=""))
        out.notes.append("nobody places stolen memory or OpRegion: BDSM and ASLS stay 0")
        return out


NONE = NoFirmware()
