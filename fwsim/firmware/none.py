"""Nobody knows of the IGD: SeaBIOS's BARs and map; BDSM and ASLS stay 0."""

from __future__ import annotations

from msgspec.structs import replace

from fwsim.exactness import Exactness
from fwsim.firmware.interface import Allocator, SizeSource
from fwsim.firmware.request import Options, Placement, Request
from fwsim.firmware.seabios import SEABIOS


class NoFirmware(Allocator):
    """The allocator's row: PC services only."""

    name = "none"
    calls_vbios = True
    knows_igd = False

    def size_from(self, options: Options) -> SizeSource:
        """Nobody tells it of any."""
        return "nobody"

    def exactness(self, version: str, options: Options) -> Exactness:
        """The BARs and the map are SeaBIOS's."""
        known = SEABIOS.exactness("", SEABIOS.options())
        return {name: known[name] for name in ("bars", "e820")}

    def place(self, request: Request) -> Placement:
        """Place BARs only, as SeaBIOS does. Raises FwsimError for a machine other than pc and q35."""
        out = SEABIOS.place(replace(request, opregion_size=None, bdsm_file=None, version=""))
        out.notes.append("nobody places stolen memory or OpRegion: BDSM and ASLS stay 0")
        return out


NONE = NoFirmware()
