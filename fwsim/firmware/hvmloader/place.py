"""Xen's hvmloader puts BARs and the IGD's OpRegion into a growing MMIO hole below 4 GiB, and moves RAM for it.

Source: Xen tools/firmware/hvmloader/pci.c (c447b73), mem_hole_alloc in util.c, e820.c. "mmconfig" is that with the q35
series on xen-devel (2018, sent again in 2023 and 2026, never merged): the ECAM is one more BAR in the hole, PCIEXBAR
holds it, e820 reserves it (2026), and an MCFG table says where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from msgspec import Struct, field

from fwsim.errors import FwsimError
from fwsim.exactness import Exactness, Known, of_each
from fwsim.firmware.hvmloader.acpi import ACPI_END, tables
from fwsim.firmware.hvmloader.entries import ECAM, Entry, collect, unseen
from fwsim.firmware.hvmloader.hole import Hole, grow_hole, hole_by
from fwsim.firmware.hvmloader.kept import Named, kept, overlaps
from fwsim.firmware.hvmloader.options import (
    ECAM_SIZES,
    FOUR_GIB,
    HOLE_END,
    LARGEST_SAID,
    MERGED,
    MMCONFIG,
    PAGE_SHIFT,
    HvmloaderOptions,
    SizedBy,
    check_options,
    options_of,
    regions,
)
from fwsim.firmware.interface import Allocator, SizeSource, typed
from fwsim.firmware.request import Function, HoleSide, Options, Placement, Request
from fwsim.memory.e820 import E820Map, E820Type
from fwsim.memory.ranges import align_up
from fwsim.units import format_size

RESERVED_TOP = 0xFE000000
OPREGION_PAGES = 3
_SHARED_INFO_PAGES = 1
_EMULATED_VGA = ((0x1234, 0x1111), (0x1013, 0x00B8))
PCIEXBAR = 0x60
"""Its register on 00:00.0: bit 0 enables, bits 2:1 are the size's code, the base is above (Intel Q35 datasheet)."""
_IO = (0xC000, 0x10000)
_LPC = 0xF8
_DEFAULT_BITS = 39


class _Resource(Struct):
    base: int
    end: int


class _Laid(Struct):
    """Everything in its place: ``memory`` what is at memory addresses, ``gaps`` what alignment or a region left."""

    hole: Hole
    high: _Resource
    high_start: int
    out: Placement
    memory: list[Named] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


class Hvmloader(Allocator):
    """The allocator's row: hvmloader of Xen 4.23-dev (c447b730), i440fx only; with the MMCONFIG series q35 as well."""

    name = "hvmloader"
    versions = (MERGED, MMCONFIG)
    default_version = MERGED
    options = HvmloaderOptions
    guest_of = "xen"
    calls_vbios = True

    def size_from(self, options: Options) -> SizeSource:
        """The guest reads the host's registers."""
        return "host"

    def ecam(self, machine: str, version: str) -> tuple[int, int] | None:
        """Where it is placed, a placement says."""
        return None

    def has_chip(self, machine: str, bdf: int) -> bool:
        """All of the machine's, without the LPC bridge that QEMU adds to the i440fx."""
        return machine != "pc" or bdf != _LPC

    def ram_left(self, request: Request) -> tuple[int, int] | None:
        """Low RAM ends where the hole begins; options that say themselves where RAM ends, or are none, move none."""
        options = options_of(request)
        if options.low_mem_pgend or options.high_mem_pgend or options.mmio_hole_size > LARGEST_SAID:
            return None
        hole = grow_hole(request)
        return hole.low_pages << PAGE_SHIFT, max((hole.high_pages << PAGE_SHIFT) - FOUR_GIB, 0)

    def sees_bridges(self, options: Options) -> bool:
        """By its option only."""
        return typed(options, HvmloaderOptions).bridges

    def why_none(self, request: Request, display: Function, out: Placement) -> str:
        """It never places any."""
        return f"hvmloader places none: the guest reads the host's {request.host.bdsm:#x}, which is not mapped"

    def exactness(self, version: str, options: Options) -> Exactness:
        """BARs and OpRegion of the merged version are measured, and BARs of the q35 series; the rest is read.

        The toolstack's hole and bridges are a design.
        """
        given = typed(options, HvmloaderOptions)
        if given.bridges or given.hole != "firmware":
            return of_each("asls bars e820", Known("assumed", "a design after a mail on xen-devel; nobody's code"))
        if version == MMCONFIG:
            series = "with the q35 series of xen-devel, never merged"
            return of_each("bars", Known("measured", f"pci.c of Xen c447b73 {series}, compiled")) | of_each(
                "asls e820", Known("read", f"hvmloader {series}")
            )
        measured = Known("measured", "tools/firmware/hvmloader/pci.c of Xen c447b73, compiled")
        return of_each("asls bars", measured) | {
            "e820": Known("read", "tools/firmware/hvmloader/e820.c of Xen 4.15 on")
        }

    def place(self, request: Request) -> Placement:
        """Place BARs and the OpRegion; stolen memory is left alone.

        Raises FwsimError for a machine that the version does not know, an unknown version, or impossible options.
        """
        if request.version not in ("", *self.versions):
            raise FwsimError("no rules for this hvmloader", found=repr(request.version), expected=self.default_version)
        if request.machine != "pc" and (request.version != MMCONFIG or request.machine != "q35"):
            raise FwsimError(
                "hvmloader knows the i440fx only", where="guest.machine", found=request.machine, expected="pc",
                hint=f"--machine pc, or --version {MMCONFIG} for q35",
            )  # fmt: skip
        check_options(request)
        return _place(request)


HVMLOADER = Hvmloader()
place = HVMLOADER.place


def _place(request: Request) -> Placement:
    options = options_of(request)
    entries = collect(request)
    laid = _lay(options.hole, request, entries)
    hole, out = laid.hole, laid.out
    for function in request.functions:
        seen = options.bridges or not function.bdf >> 8
        out.command[function.bdf] = out.command.get(function.bdf, 0) | 4 if seen else 0
    primary, opregion = _displays(request)
    if primary is not None:
        out.command[primary.bdf] |= 1  # the VGA ports, even without an I/O BAR
    out.windows = {"io": (_IO[0], _IO[1] - 1), "mem32": (hole.start, HOLE_END)}
    if laid.high.base > laid.high_start:
        out.windows["mem64"] = (laid.high_start, laid.high.base)
    _set_ecam(request, laid)
    out.overlaps = overlaps(request, hole, laid.memory)
    out.notes += out.overlaps
    out.notes += _notes(request, laid)
    if request.version == MMCONFIG or options.hole != "firmware":
        out.kept = kept(request, hole)
        ways = {by: laid if by == options.hole else _lay(by, request, entries) for by in get_args(SizedBy)}
        out.holes = [_side(by, request, each) for by, each in ways.items()]
    if opregion is not None:
        start = (RESERVED_TOP >> PAGE_SHIFT) - _SHARED_INFO_PAGES - OPREGION_PAGES << PAGE_SHIFT
        out.asls[opregion.bdf] = start
        out.mapped.append((start, start + (OPREGION_PAGES << PAGE_SHIFT)))
    out.e820 = _map(hole, out.mapped, request.reserved, out.ecam)
    if out.ecam is not None:
        out.mapped.append((HOLE_END, ACPI_END))
        out.contents = tables(*out.ecam)
    out.log.append(f"pci_mem_start=0x{hole.start:x}, {hole.moved:#x} pages relocated")
    return out


def _lay(by: SizedBy, request: Request, entries: Sequence[Entry]) -> _Laid:
    """Each of ``entries`` gets its address in a hole that ``by`` sized, largest first, as pci_setup does it."""
    hole = hole_by(by, request, entries)
    total = hole.wanted
    low = _Resource(hole.start, HOLE_END)
    bits = request.cpu.phys_bits or _DEFAULT_BITS
    high = _Resource(max(hole.high_pages << PAGE_SHIFT, FOUR_GIB), 1 << bits)
    ports = _Resource(*_IO)
    laid = _Laid(hole, high, high.base, Placement())
    reserved = regions(request)
    for entry in entries:
        wide = entry.is64 and hole.relocate64 and (total > low.end - low.base or entry.huge)
        resource = ports if entry.io else high if wide else low
        total -= entry.given_back
        if resource is high:
            high.base = align_up(high.base, entry.align)  # stays so where the BAR then does not fit
        _assign(entry, resource, reserved if resource is low else [], laid)
    return laid


def _assign(entry: Entry, resource: _Resource, rmrr: list[tuple[int, int]], laid: _Laid) -> None:
    base = align_up(resource.base, entry.align)
    for start, size in rmrr:
        if base < start + size and start < base + entry.size:
            base = align_up(start + size, entry.align)
    if base + entry.size > resource.end:
        text = f"pci dev {entry.function.bdf >> 3 & 31:02x}:{entry.function.bdf & 7:x} bar {entry.register:02x}"
        laid.out.warnings.append(f"{text} size {entry.size:x}: no space for resource!")
        laid.lost.append(entry.name)
        return
    if base > resource.base and resource is not laid.high and not entry.io:
        laid.gaps.append((resource.base, base))
    resource.base = base + entry.size
    _settle(entry, base, laid)


def _settle(entry: Entry, base: int, laid: _Laid) -> None:
    """``entry`` is at ``base``: a BAR with its decoding, the ECAM, or a window with all that is in it."""
    out, bdf = laid.out, entry.function.bdf
    out.command[bdf] = out.command.get(bdf, 0) | (1 if entry.io else 2)
    if entry.inside:
        assert entry.function.bridge is not None
        out.bridge_windows.append((entry.function.bridge.secondary, entry.size, entry.kind))
        for offset, inner in entry.inside:
            _settle(inner, base + offset, laid)
        return
    if not entry.io:
        laid.memory.append((entry.name, base, base + entry.size))
    if entry.index == ECAM:
        out.ecam = (base, base + entry.size)
    else:
        out.bars[bdf, entry.index] = base


def _side(by: SizedBy, request: Request, laid: _Laid) -> HoleSide:
    """What comes of it where ``by`` sizes the hole."""
    hole = laid.hole
    return HoleSide(
        by, hole.start, hole.wanted, hole.moved << PAGE_SHIFT, tuple(laid.gaps), tuple(laid.lost),
        tuple(name for name, start, _ in laid.memory if start >= FOUR_GIB),
        tuple(overlaps(request, hole, laid.memory)),
    )  # fmt: skip


def _set_ecam(request: Request, laid: _Laid) -> None:
    """Turn the entry into PCIEXBAR: both halves zero before BARs are placed, then base, size code and enable.

    The upper half is written only for a 64-bit entry that went high.
    """
    out = laid.out
    if request.version != MMCONFIG or request.machine != "q35":
        return
    out.zeroed = [(0, PCIEXBAR), (0, PCIEXBAR + 4)]
    if out.ecam is None:
        return
    base, size = out.ecam[0], out.ecam[1] - out.ecam[0]
    value = base | ECAM_SIZES[size] << 1 | 1
    out.pciexbar = value
    out.written = [(0, PCIEXBAR, value & 0xFFFFFFFF)]
    if base >= FOUR_GIB:
        out.written.append((0, PCIEXBAR + 4, base >> 32))
    out.notes.append(f"PCIEXBAR (00:00.0 @{PCIEXBAR:#x}) is {value:#x}: {size >> 20} buses in {size >> 20} MiB")


def _notes(request: Request, laid: _Laid) -> list[str]:
    """What else is to be said: RAM in the hole's way, and functions that nobody comes to."""
    hole, found = laid.hole, []
    if hole.stuck:
        room = HOLE_END - hole.start
        found.append(
            f"RAM leaves no larger hole: it ends at {hole.low_pages << PAGE_SHIFT:#x} and may not be moved "
            f"(allow_relocate); {format_size(hole.wanted)} of devices have {format_size(room)}"
        )
    names = ", ".join(function.bdf_text for function in unseen(request))
    if names:
        found.append(f"hvmloader scans bus 0 only: {names} gets no address")
    return found


def _displays(request: Request) -> tuple[Function | None, Function | None]:
    """(Primary VGA, the device that gets an OpRegion), of class 0300, in the order of the scan.

    The last emulated VGA is primary, else the first other one; that gets an OpRegion if it is Intel's and comes first.
    """
    emulated = passed = None
    for function in sorted(request.functions, key=lambda f: f.bdf):
        if function.class_code >> 8 != 0x0300 or (function.bdf >> 8 and not options_of(request).bridges):
            continue
        if (function.vendor, function.device) in _EMULATED_VGA:
            emulated = function
        elif emulated is None and passed is None:
            passed = function
    return emulated or passed, passed if passed is not None and passed.vendor == 0x8086 else None


def _map(
    hole: Hole, opregion: list[tuple[int, int]], reserved: Sequence[tuple[int, int]], ecam: tuple[int, int] | None
) -> list[tuple[int, int, str]]:
    """Reserved regions (start, size) come in libxl's own map (libxl_x86.c, libxl__arch_domain_construct_memmap).

    The ECAM is reserved by "Use libacpi to build MCFG table" of March 2026, right before low RAM is added.
    """
    memory_map = E820Map([(0, hole.low_pages << PAGE_SHIFT, E820Type.RAM)])
    memory_map.remove(0xA0000, 0x60000)
    memory_map.add(0xF0000, 0x10000, E820Type.RESERVED)
    memory_map.add(HOLE_END, FOUR_GIB - HOLE_END, E820Type.RESERVED)
    for start, size in reserved:
        memory_map.add(start, size, E820Type.RESERVED)
    if ecam is not None:
        memory_map.add(ecam[0], ecam[1] - ecam[0], E820Type.RESERVED)
    for start, end in [(HOLE_END, ACPI_END), *opregion]:
        memory_map.add(start, end - start, E820Type.NVS)
    if hole.high_pages:
        memory_map.add(FOUR_GIB, (hole.high_pages << PAGE_SHIFT) - FOUR_GIB, E820Type.RAM)
    return memory_map.rows()
