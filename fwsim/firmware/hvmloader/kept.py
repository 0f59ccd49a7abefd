"""Memory that the device model keeps beside guest RAM, in no map: video RAM, then option ROMs; and what meets it.

QEMU takes both from the guest's physical addresses right behind RAM (hw/i386/xen/xen-hvm.c: xen_ram_init has RAM as one
block, up to its end above 4 GiB where there is some; xen_ram_alloc populates each later block at its offset).
RAM that hvmloader moves there replaces those pages: Xen frees what was at the new place (xen/arch/x86/mm/p2m.c,
xenmem_add_to_physmap_one). A BAR there is memory for the guest: what it writes, no device hears.
"""

from __future__ import annotations

from collections.abc import Iterable

from fwsim.firmware.hvmloader.hole import Hole
from fwsim.firmware.hvmloader.options import FOUR_GIB, PAGE_SHIFT, options_of
from fwsim.firmware.request import Request

Named = tuple[str, int, int]
"""What it is, its first address, and the end."""


def kept(request: Request, hole: Hole) -> list[Named]:
    """What the device model keeps, as RAM was before hvmloader moved any."""
    options = options_of(request)
    at = hole.built_high if hole.built_high > FOUR_GIB else request.ram
    found = []
    for name, size in (("video RAM", options.vram), ("option ROMs", options.option_roms)):
        if size:
            found.append((name, at, at + size))
        at += size
    return found


def overlaps(request: Request, hole: Hole, placed: Iterable[Named]) -> list[str]:
    """A sentence for the RAM that was moved over it, and for each of ``placed`` that lies there."""
    rows = kept(request, hole)
    if not rows:
        return []
    first, last = rows[0][1], rows[-1][2] - 1
    said = f"overlaps video RAM and option ROMs that the device model keeps at {first:#x}-{last:#x}"
    end = hole.high_pages << PAGE_SHIFT
    ram = [("RAM moved to", end - (hole.moved << PAGE_SHIFT), end)] if hole.moved else []
    rows = [*ram, *((f"{name} at", start, stop) for name, start, stop in placed)]
    return [f"{name} {start:#x}-{stop - 1:#x} {said}" for name, start, stop in rows if start <= last and first < stop]
