"""Stolen memory at the very top of low RAM, right below the BARs; the OpRegion below it."""

from msgspec.structs import replace

from fwsim.firmware.allocators import allocator
from fwsim.firmware.interface import Allocator
from fwsim.firmware.request import IGD_BDF, Placement, Request
from fwsim.memory.e820 import E820Map, E820Type


class BelowBars(Allocator):
    """``below-bars``: BARs and map are SeaBIOS's."""

    name = "below-bars"
    versions = ("1",)
    default_version = "1"

    def place(self, request: Request) -> Placement:
        """Place with one subtraction each."""
        out = allocator("seabios").place(replace(request, opregion_size=None, bdsm_file=None, version=""))
        size = int.from_bytes(request.bdsm_file or b"", "little")
        base = (request.start_map().ram_below_4g() - size) & -(1 << 20)
        asls = (base - (request.opregion_size or 0)) & -0x1000
        out.bdsm[IGD_BDF], out.bdsm_size[IGD_BDF], out.asls[IGD_BDF] = base, size, asls
        out.bdsm_register[IGD_BDF] = 0xC0 if request.host.gen >= 11 else 0x5C
        memory_map = E820Map((start, end - start, E820Type[name]) for start, end, name in out.e820)
        memory_map.add(base, size, E820Type.RESERVED)
        memory_map.add(asls, base - asls, E820Type.NVS)
        out.e820 = memory_map.rows()
        out.log.append(f"below-bars: stolen memory at {base:#x}, OpRegion at {asls:#x}")
        return out
