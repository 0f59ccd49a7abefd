"""What hvmloader is told, and the addresses that it never changes.

Source: Xen tools/firmware/hvmloader/config.h and pci.c (c447b73), public/hvm/e820.h.
"""

from __future__ import annotations

from typing import Literal

from fwsim.errors import FwsimError
from fwsim.firmware.interface import typed
from fwsim.firmware.request import Options, Request
from fwsim.units import MIB, format_size

PAGE_SHIFT = 12
FOUR_GIB, GIB = 1 << 32, 1 << 30
HOLE_START, HOLE_END = 0xF0000000, 0xFC000000
"""HVM_BELOW_4G_MMIO_START, and RESERVED_MEMBASE: what is above belongs to hvmloader and the chipset."""
MERGED, MMCONFIG = "4.23", "mmconfig"
ECAM_SIZES = {256 << 20: 0, 128 << 20: 1, 64 << 20: 2}
"""Bytes of the window to the code in PCIEXBAR's bits 2:1."""
LARGEST_SAID = HOLE_START
"""Of ``mmio_hole`` in bytes: what is left is 256 MiB of RAM (tools/xl/xl_parse.c)."""
SizedBy = Literal["firmware", "toolstack", "agreed"]
_MOST_PAGES = HOLE_END >> PAGE_SHIFT


class HvmloaderOptions(Options, frozen=True, kw_only=True):
    """What Xen's toolstack tells hvmloader, and what lies beside it. Sizes in bytes.

    ``low_mem_pgend`` and ``high_mem_pgend``: where RAM ends below and above 4 GiB, in pages; 0: as the RAM's size says.
    ``mmio_hole_size``: 0 lets the hole grow. ``hole``: who sizes it then, hvmloader by doubling, a toolstack that sums
    what it knows and splits RAM there, or one that has agreed with hvmloader to double as well. ``rmrr``: (start, size)
    of reserved regions. ``ecam``: on q35, 64, 128 or 256 MiB. ``vram`` and ``option_roms``: what the device model keeps
    right behind guest RAM. ``bridges``: devices behind PCI-PCI bridges are placed too.
    """

    low_mem_pgend: int = 0
    high_mem_pgend: int = 0
    allow_relocate: bool = True
    mmio_hole_size: int = 0
    rmrr: tuple[tuple[int, int], ...] = ()
    ecam: int = 64 << 20
    vram: int = 16 << 20
    option_roms: int = 0
    hole: SizedBy = "firmware"
    bridges: bool = False


def options_of(request: Request) -> HvmloaderOptions:
    """The request's options, or the defaults."""
    return typed(request.options, HvmloaderOptions)


def check_options(request: Request) -> None:
    """Raises FwsimError, naming the option of ``fwsim alloc``, for what no chipset or toolstack can be."""
    options = options_of(request)
    if options.ecam not in ECAM_SIZES:
        raise FwsimError(
            "no such ECAM", where="--ecam", found=hex(options.ecam),
            expected="64, 128 or 256 MiB: PCIEXBAR has no others", hint="64M is enough for bus 0",
        )  # fmt: skip
    if options.low_mem_pgend > _MOST_PAGES:
        raise FwsimError(
            "RAM leaves no hole", where="--option low_mem_pgend", expected=f"up to {_MOST_PAGES:#x}: {HOLE_END:#x}",
            found=f"{options.low_mem_pgend:#x} pages: RAM up to {options.low_mem_pgend << PAGE_SHIFT:#x}",
            hint="0 takes what the RAM's size says",
        )  # fmt: skip
    if options.mmio_hole_size > LARGEST_SAID:
        raise FwsimError(
            "no such hole", where="--option mmio_hole_size", found=format_size(options.mmio_hole_size),
            expected=f"up to {format_size(LARGEST_SAID)}: xl refuses more of mmio_hole", hint="0 lets it grow",
        )  # fmt: skip
    if options.mmio_hole_size and options.hole != "firmware":
        raise FwsimError(
            "the toolstack's hole has two sizes", where="--option mmio_hole_size",
            found=format_size(options.mmio_hole_size), expected=f"0: hole={options.hole} works it out",
            hint="remove one",
        )  # fmt: skip
    if options.bridges and request.version != MMCONFIG:
        raise FwsimError(
            "this hvmloader looks at bus 0 only", where="--option bridges", found="true",
            expected=f"false, but with version {MMCONFIG}", hint=f"--version {MMCONFIG}",
        )  # fmt: skip


def regions(request: Request) -> list[tuple[int, int]]:
    """Reserved regions (start, size): the user's, and those of the devices that the guest is given."""
    return sorted({*options_of(request).rmrr, *request.reserved})


LEAST_HOLE, LARGEST_HOLE = 256 * MIB, 2 * GIB
"""From 4 GiB down: HVM_BELOW_4G_MMIO_LENGTH, xl's least ``mmio_hole``; and where hvmloader's doubling ends."""
