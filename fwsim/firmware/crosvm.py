"""crosvm gives an IGD an OpRegion in the MMIO window and no stolen memory at all.

Source: crosvm devices/src/pci/vfio_pci.rs.
"""

from __future__ import annotations

from fwsim.exactness import Exactness, Known, of_each
from fwsim.firmware.interface import Allocator, SizeSource
from fwsim.firmware.request import Function, Options, Placement, Request
from fwsim.memory.e820 import E820Map, E820Type
from fwsim.memory.ranges import align_up
from fwsim.registers.family import Family

FOUR_GIB = 1 << 32
MMIO32 = (0xD0000000, 0xF4000000)
"""The window for 32-bit BARs behind 3.25 GiB of RAM; the OpRegion takes the first page behind the BARs."""


class Crosvm(Allocator):
    """The allocator's row."""

    name = "crosvm"
    versions = ("main",)
    default_version = "main"
    guest_of = "crosvm"
    places_io_bars = False

    def size_from(self, options: Options) -> SizeSource:
        """The GMS code reads 0."""
        return "nobody"

    def announced(self, family: Family, device: int, ggc: int, options: Options) -> int:
        """Nothing, whatever the host's GGC says."""
        return 0

    def ecam(self, machine: str, version: str) -> tuple[int, int] | None:
        """Not known."""
        return None

    def has_chip(self, machine: str, bdf: int) -> bool:
        """The host bridge only."""
        return bdf == 0

    def why_none(self, request: Request, display: Function, out: Placement) -> str:
        """There is none to place."""
        return "crosvm shows GMS 0: the guest has no stolen memory, whatever the host has"

    def exactness(self, version: str, options: Options) -> Exactness:
        """Nothing of it was held against a running crosvm."""
        known = Known("read", "crosvm devices/src/pci/vfio_pci.rs")
        return of_each("asls bars e820", known)

    def place(self, request: Request) -> Placement:
        """Place the OpRegion of each Intel display device, after the 32-bit BARs; I/O BARs are hidden."""
        out = Placement()
        low, over = request.ram_split(MMIO32[0])
        memory_map = E820Map([(0, low, E820Type.RAM)])
        memory_map.remove(0xA0000, 0x60000)
        if over:
            memory_map.add(FOUR_GIB, over, E820Type.RAM)
        high = cursor64 = align_up(FOUR_GIB + over, 1 << 30)
        cursor = MMIO32[0]
        rows = [(f.bdf, bar) for f in request.functions for bar in f.bars if bar.kind != "io"]
        for bdf, bar in sorted(rows, key=lambda row: -row[1].size):
            if bar.is64:
                out.bars[bdf, bar.index] = align_up(cursor64, bar.size)
                cursor64 = out.bars[bdf, bar.index] + bar.size
            else:
                out.bars[bdf, bar.index] = align_up(cursor, bar.size)
                cursor = out.bars[bdf, bar.index] + bar.size
        for function in request.functions:
            if request.opregion_size and function.vendor == 0x8086 and function.class_code >> 16 == 0x03:
                out.asls[function.bdf] = align_up(cursor, 0x1000)
                cursor = out.asls[function.bdf] + request.opregion_size
                out.behind_bar.append((out.asls[function.bdf], cursor))  # a region of the device, as a BAR is
        out.windows["mem32"] = MMIO32
        if cursor64 > high:
            out.windows["mem64"] = (high, cursor64)
        out.e820 = memory_map.rows()
        return out


CROSVM = Crosvm()
place = CROSVM.place
