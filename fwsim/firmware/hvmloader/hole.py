"""The hole for devices below 4 GiB has ways to its size: hvmloader doubles it, a toolstack sums what it knows, or both
have agreed.

Doubling: Xen tools/firmware/hvmloader/pci.c (c447b73). Summing is nobody's code yet: it is what Alexey Gerasimenko's
mail of March 2018 on "allocate MMCONFIG area in the MMIO hole" says that a toolstack would have to do, put into the
bounds of xl's ``mmio_hole`` (tools/xl/xl_parse.c, tools/libs/light/libxl_dom.c: libxl__build_hvm splits RAM there).
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from fwsim.firmware.hvmloader.entries import Entry, collect
from fwsim.firmware.hvmloader.options import (
    FOUR_GIB,
    HOLE_END,
    HOLE_START,
    LARGEST_HOLE,
    LEAST_HOLE,
    PAGE_SHIFT,
    SizedBy,
    options_of,
    regions,
)
from fwsim.firmware.request import Request
from fwsim.memory.ranges import align_up
from fwsim.units import MIB

_MAX_CHUNK = 0xFFFF


class Hole(Struct):
    """The MMIO hole and where RAM ends, in pages; ``moved`` are the pages of RAM moved up for it.

    ``wanted``: bytes of all that counts. ``built_high``: where high RAM ended before any moved, 0 without any;
    ``stuck``: it may not grow further, for RAM is in its way and may not be moved.
    """

    start: int
    low_pages: int
    high_pages: int
    wanted: int
    moved: int = 0
    relocate64: bool = False
    built_high: int = 0
    stuck: bool = False


def grow_hole(request: Request) -> Hole:
    """Where the hole starts for the memory BARs of ``request``, and the RAM moved out of it."""
    return hole_by(options_of(request).hole, request, collect(request))


def hole_by(by: SizedBy, request: Request, entries: Sequence[Entry]) -> Hole:
    """The hole for ``entries`` as ``by`` sizes it, and the RAM that hvmloader moves out of it.

    A toolstack's is told to hvmloader as ``platform/mmio_hole_size``, and RAM is split there from the start.
    """
    options, reserved = options_of(request), regions(request)
    total = sum(entry.in_hole for entry in entries)
    told = 0
    if by != "firmware" and not options.mmio_hole_size:
        told = toolstack_hole(total, reserved) if by == "toolstack" else agreed_hole(total)
    wanted = options.mmio_hole_size or told
    hole = _built(request, FOUR_GIB - told if told else HOLE_START, total)
    if wanted:
        if FOUR_GIB - wanted <= HOLE_START:
            hole.start = FOUR_GIB - wanted
    else:
        _double(hole, options.allow_relocate)
        ram_top = hole.low_pages << PAGE_SHIFT
        if hole.start > ram_top and any(s < HOLE_END and s + n > hole.start for s, n in reserved):
            hole.start = ram_top
    hole.relocate64 = any(entry.huge for entry in entries) or total > HOLE_END - hole.start
    _move_ram(hole)
    return hole


def toolstack_hole(total: int, reserved: Sequence[tuple[int, int]]) -> int:
    """Bytes from 4 GiB down that hold ``total`` bytes of devices: their sum, what is ``reserved`` in it, whole MiB.

    At least what xl takes for ``mmio_hole``, at most what hvmloader grows to: the rest is for it to put high. It knows
    nothing of the order in which hvmloader stacks, and so of no gap before a BAR.
    """
    start = HOLE_END - total
    while True:
        inside = sum(min(at + size, HOLE_END) - max(at, start) for at, size in reserved
                     if at < HOLE_END and at + size > start)  # fmt: skip
        lower = max(HOLE_END - total - inside, FOUR_GIB - LARGEST_HOLE)
        if lower >= start:
            return min(max(align_up(FOUR_GIB - start, MIB), LEAST_HOLE), LARGEST_HOLE)
        start = lower


def agreed_hole(total: int) -> int:
    """Bytes from 4 GiB down by hvmloader's own doubling, done before the guest is built: no RAM is in its way yet."""
    hole = Hole(HOLE_START, 0, 0, total)
    _double(hole, allow_relocate=True)
    return FOUR_GIB - hole.start


def _built(request: Request, split: int, total: int) -> Hole:
    """RAM as the toolstack builds it, below ``split`` and above 4 GiB, before hvmloader runs."""
    options = options_of(request)
    low, spill = (size >> PAGE_SHIFT for size in request.ram_split(split))
    if options.low_mem_pgend:
        low, spill = options.low_mem_pgend, 0
    high = options.high_mem_pgend or ((FOUR_GIB >> PAGE_SHIFT) + spill if spill else 0)
    return Hole(HOLE_START, low, high, total, built_high=high << PAGE_SHIFT)


def _double(hole: Hole, allow_relocate: bool) -> None:
    while hole.wanted > HOLE_END - hole.start:
        doubled = (hole.start << 1) & 0xFFFFFFFF
        if not doubled:
            return
        if not (allow_relocate or doubled >> PAGE_SHIFT >= hole.low_pages):
            hole.stuck = True
            return
        hole.start = doubled


def _move_ram(hole: Hole) -> None:
    while hole.start >> PAGE_SHIFT < hole.low_pages:
        pages = min(hole.low_pages - (hole.start >> PAGE_SHIFT), _MAX_CHUNK)
        hole.high_pages = hole.high_pages or FOUR_GIB >> PAGE_SHIFT
        hole.low_pages -= pages
        hole.high_pages += pages
        hole.moved += pages
