"""Xen's hvmloader puts BARs and the IGD's OpRegion into a growing MMIO hole below 4 GiB, and moves RAM for it.

Source: Xen tools/firmware/hvmloader/pci.c (c447b73), mem_hole_alloc in util.c, e820.c. "mmconfig" is that with the q35
series on xen-devel (2018, sent again in 2026, never merged): the ECAM is one more BAR in the hole, PCIEXBAR holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fwsim.errors import FwsimError
from fwsim.exactness import Exactness, Known, of_each
from fwsim.firmware.interface import Allocator, SizeSource, typed
from fwsim.firmware.request import ROM_BAR, Function, Options, Placement, Request
from fwsim.memory.e820 import E820Map, E820Type
from fwsim.memory.ranges import align_up

PAGE_SHIFT = 12
FOUR_GIB, GIB = 1 << 32, 1 << 30
HOLE_START, HOLE_END = 0xF0000000, 0xFC000000
RESERVED_TOP = 0xFE000000
OPREGION_PAGES = 3
ACPI_END = 0xFC00B000
"""Where the ACPI tables end that begin at ``HOLE_END``: NVS in e820 since Xen 4.15 (commit de6d188a, 2020).

Guests of Xen 4.16 and 4.17 print that in their logs. It moves by pages with the tables: one with an IGD has FC00A000.
"""
_SHARED_INFO_PAGES = 1
_EMULATED_VGA = ((0x1234, 0x1111), (0x1013, 0x00B8))
_MAX_CHUNK = 0xFFFF
MERGED, MMCONFIG = "4.23", "mmconfig"
PCIEXBAR = 0x60
"""Its register on 00:00.0: bit 0 enables, bits 2:1 are the size's code, the base is above (Intel Q35 datasheet)."""
ECAM_SIZES = {256 << 20: 0, 128 << 20: 1, 64 << 20: 2}
_ECAM_INDEX = -1
_IO = (0xC000, 0x10000)
_LPC = 0xF8
_DEFAULT_BITS = 39


@dataclass(slots=True)
class Hole:
    """The MMIO hole and where RAM ends, in pages; ``moved`` are the pages of RAM moved up for it."""

    start: int
    low_pages: int
    high_pages: int
    moved: int = 0
    relocate64: bool = False


@dataclass(slots=True)
class _Resource:
    base: int
    end: int


@dataclass(frozen=True, slots=True)
class _Bar:
    function: Function
    index: int
    size: int
    io: bool
    is64: bool

    @property
    def huge(self) -> bool:
        """A 64-bit BAR above 1 GiB always goes high and does not count against the hole."""
        return self.is64 and self.size > GIB

    @property
    def in_hole(self) -> int:
        """Bytes that the hole is made larger for."""
        return 0 if self.io or self.huge else self.size

    @property
    def given_back(self) -> int:
        """Bytes that are taken off the hole's total where it is placed: nothing above 1 GiB, even of a 32-bit BAR."""
        return 0 if self.size > GIB else self.in_hole


class HvmloaderOptions(Options, frozen=True, kw_only=True):
    """What Xen's toolstack tells hvmloader, and what lies beside it. Sizes in bytes.

    ``low_mem_pgend`` and ``high_mem_pgend``: where RAM ends below and above 4 GiB, in pages; 0: as the RAM's size says.
    ``mmio_hole_size``: 0 lets the hole grow. ``rmrr``: (start, size) of reserved regions. ``ecam``: on q35, 64, 128 or
    256 MiB. ``vram`` and ``option_roms``: what the device model keeps right behind guest RAM.
    """

    low_mem_pgend: int = 0
    high_mem_pgend: int = 0
    allow_relocate: bool = True
    mmio_hole_size: int = 0
    rmrr: tuple[tuple[int, int], ...] = ()
    ecam: int = 64 << 20
    vram: int = 16 << 20
    option_roms: int = 0


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

    def why_none(self, request: Request, display: Function, out: Placement) -> str:
        """It never places any."""
        return f"hvmloader places none: the guest reads the host's {request.host.bdsm:#x}, which is not mapped"

    def exactness(self, version: str, options: Options) -> Exactness:
        """BARs and OpRegion of the merged version are measured; its map is read; the q35 series is read."""
        if version == MMCONFIG:
            return of_each("asls bars e820", Known("read", "hvmloader with the q35 series of xen-devel, never merged"))
        measured = Known("measured", "tools/firmware/hvmloader/pci.c of Xen c447b73, compiled")
        return of_each("asls bars", measured) | {
            "e820": Known("read", "tools/firmware/hvmloader/e820.c of Xen 4.15 on")
        }

    def place(self, request: Request) -> Placement:
        """Place BARs and the OpRegion; stolen memory is left alone.

        Raises FwsimError for a machine that the version does not know, an unknown version, or an impossible ECAM.
        """
        if request.version not in ("", *self.versions):
            raise FwsimError("no rules for this hvmloader", found=repr(request.version), expected=self.default_version)
        if request.machine != "pc" and (request.version != MMCONFIG or request.machine != "q35"):
            raise FwsimError(
                "hvmloader knows the i440fx only", where="guest.machine", found=request.machine, expected="pc",
                hint=f"--machine pc, or --version {MMCONFIG} for q35",
            )  # fmt: skip
        size = _ecam_size(request)
        if size not in ECAM_SIZES:
            raise FwsimError(
                "no such ECAM", where="--ecam", found=hex(size), expected="64, 128 or 256 MiB: PCIEXBAR has no others"
            )
        return _place(request)


HVMLOADER = Hvmloader()
place = HVMLOADER.place


def _options(request: Request) -> HvmloaderOptions:
    return typed(request.options, HvmloaderOptions)


def _ecam_size(request: Request) -> int:
    return _options(request).ecam


def _rmrr(request: Request) -> list[tuple[int, int]]:
    """The user's, and those of the devices that the guest is given."""
    return sorted({*_options(request).rmrr, *request.reserved})


def _collect(request: Request) -> list[_Bar]:
    """All BARs, largest first; equal ones in scan order."""
    bars = []
    for function in sorted(request.functions, key=lambda f: f.bdf):
        rows = [_Bar(function, bar.index, bar.size, bar.kind == "io", bar.is64) for bar in function.bars]
        if function.rom_size:
            rows.append(_Bar(function, ROM_BAR, function.rom_size, False, False))
        if request.machine == "q35" and function.bdf == 0:
            rows.append(_Bar(function, _ECAM_INDEX, _ecam_size(request), False, False))
        bars += sorted(rows, key=lambda bar: bar.index)
    return sorted(bars, key=lambda bar: -bar.size)


def grow_hole(request: Request) -> Hole:
    """Where the hole starts for the memory BARs of ``request``, and the RAM moved out of it."""
    bars = _collect(request)
    options, total = _options(request), sum(bar.in_hole for bar in bars)
    low, spill = (size >> PAGE_SHIFT for size in request.ram_split(HOLE_START))
    if options.low_mem_pgend:
        low, spill = options.low_mem_pgend, 0
    high = options.high_mem_pgend or ((FOUR_GIB >> PAGE_SHIFT) + spill if spill else 0)
    hole = Hole(HOLE_START, low, high)
    wanted = options.mmio_hole_size
    rmrr = _rmrr(request)
    if wanted:
        if FOUR_GIB - wanted <= HOLE_START:
            hole.start = FOUR_GIB - wanted
    else:
        while total > HOLE_END - hole.start:
            doubled = (hole.start << 1) & 0xFFFFFFFF
            if not doubled or not (options.allow_relocate or doubled >> PAGE_SHIFT >= hole.low_pages):
                break
            hole.start = doubled
        ram_top = hole.low_pages << PAGE_SHIFT
        if hole.start > ram_top and any(s < HOLE_END and s + n > hole.start for s, n in rmrr):
            hole.start = ram_top
    hole.relocate64 = any(bar.huge for bar in bars) or total > HOLE_END - hole.start
    while hole.start >> PAGE_SHIFT < hole.low_pages:
        pages = min(hole.low_pages - (hole.start >> PAGE_SHIFT), _MAX_CHUNK)
        hole.high_pages = hole.high_pages or FOUR_GIB >> PAGE_SHIFT
        hole.low_pages -= pages
        hole.high_pages += pages
        hole.moved += pages
    return hole


def _place(request: Request) -> Placement:
    out = Placement()
    bars = _collect(request)
    total, hole = sum(bar.in_hole for bar in bars), grow_hole(request)
    low = _Resource(hole.start, HOLE_END)
    bits = request.cpu.phys_bits or _DEFAULT_BITS
    high = _Resource(max(hole.high_pages << PAGE_SHIFT, FOUR_GIB), 1 << bits)
    ports = _Resource(*_IO)
    high_start = high.base
    for bar in bars:
        wide = bar.is64 and hole.relocate64 and (total > low.end - low.base or bar.huge)
        resource = ports if bar.io else high if wide else low
        total -= bar.given_back
        if resource is high:
            high.base = align_up(high.base, bar.size)  # stays so where the BAR then does not fit
        _assign(bar, resource, _rmrr(request) if resource is low else [], out)
    for function in request.functions:
        out.command[function.bdf] = out.command.get(function.bdf, 0) | 4
    primary, opregion = _displays(request)
    if primary is not None:
        out.command[primary.bdf] |= 1  # the VGA ports, even without an I/O BAR
    out.windows = {"io": (_IO[0], _IO[1] - 1), "mem32": (hole.start, HOLE_END)}
    if high.base > high_start:
        out.windows["mem64"] = (high_start, high.base)
    _enable_ecam(request, out)
    if hole.moved:
        _beside_the_device_model(request, hole, out)
    if opregion is not None:
        start = (RESERVED_TOP >> PAGE_SHIFT) - _SHARED_INFO_PAGES - OPREGION_PAGES << PAGE_SHIFT
        out.asls[opregion.bdf] = start
        out.mapped.append((start, start + (OPREGION_PAGES << PAGE_SHIFT)))
    out.e820 = _map(hole, out.mapped, request.reserved)
    out.log.append(f"pci_mem_start=0x{hole.start:x}, {hole.moved:#x} pages relocated")
    return out


def _assign(bar: _Bar, resource: _Resource, rmrr: list[tuple[int, int]], out: Placement) -> None:
    base = align_up(resource.base, bar.size)
    for start, size in rmrr:
        if base < start + size and start < base + bar.size:
            base = align_up(start + size, bar.size)
    if base + bar.size > resource.end:
        register = PCIEXBAR if bar.index == _ECAM_INDEX else 0x10 + 4 * bar.index
        text = f"pci dev {bar.function.bdf >> 3 & 31:02x}:{bar.function.bdf & 7:x} bar {register:02x}"
        out.warnings.append(f"{text} size {bar.size:x}: no space for resource!")
        return
    resource.base = base + bar.size
    out.bars[bar.function.bdf, bar.index] = base
    out.command[bar.function.bdf] = out.command.get(bar.function.bdf, 0) | (1 if bar.io else 2)


def _enable_ecam(request: Request, out: Placement) -> None:
    """Turn the pseudo-BAR into PCIEXBAR: off while it is written, then base, size code and enable."""
    base = out.bars.pop((0, _ECAM_INDEX), None)
    if base is None:
        return
    size = _ecam_size(request)
    out.ecam = (base, base + size)
    value = base | ECAM_SIZES[size] << 1 | 1
    out.notes.append(f"PCIEXBAR (00:00.0 @{PCIEXBAR:#x}) is {value:#x}: {size >> 20} buses in {size >> 20} MiB")


def _beside_the_device_model(request: Request, hole: Hole, out: Placement) -> None:
    """Moved RAM goes where the device model keeps video RAM and option ROMs: right behind guest RAM, in no e820 entry.

    Source: QEMU hw/i386/xen/xen-hvm.c, xen_ram_init and xen_ram_alloc.
    """
    kept = _options(request).vram + _options(request).option_roms
    end = hole.high_pages << PAGE_SHIFT
    start = end - (hole.moved << PAGE_SHIFT)
    first = start if start > FOUR_GIB else request.ram
    if kept and first < end and start < first + kept:
        out.notes.append(
            f"RAM moved to {start:#x}-{end - 1:#x} overlaps video RAM and option ROMs that the device model keeps at "
            f"{first:#x}-{first + kept - 1:#x}"
        )


def _displays(request: Request) -> tuple[Function | None, Function | None]:
    """(Primary VGA, the device that gets an OpRegion), of class 0300, in the order of the scan.

    The last emulated VGA is primary, else the first other one; that gets an OpRegion if it is Intel's and comes first.
    """
    emulated = passed = None
    for function in sorted(request.functions, key=lambda f: f.bdf):
        if function.class_code >> 8 != 0x0300:
            continue
        if (function.vendor, function.device) in _EMULATED_VGA:
            emulated = function
        elif emulated is None and passed is None:
            passed = function
    return emulated or passed, passed if passed is not None and passed.vendor == 0x8086 else None


def _map(
    hole: Hole, opregion: list[tuple[int, int]], reserved: Sequence[tuple[int, int]]
) -> list[tuple[int, int, str]]:
    """Reserved regions (start, size) come in libxl's own map (libxl_x86.c, libxl__arch_domain_construct_memmap)."""
    memory_map = E820Map([(0, hole.low_pages << PAGE_SHIFT, E820Type.RAM)])
    memory_map.remove(0xA0000, 0x60000)
    memory_map.add(0xF0000, 0x10000, E820Type.RESERVED)
    memory_map.add(HOLE_END, FOUR_GIB - HOLE_END, E820Type.RESERVED)
    for start, size in reserved:
        memory_map.add(start, size, E820Type.RESERVED)
    for start, end in [(HOLE_END, ACPI_END), *opregion]:
        memory_map.add(start, end - start, E820Type.NVS)
    if hole.high_pages:
        memory_map.add(FOUR_GIB, (hole.high_pages << PAGE_SHIFT) - FOUR_GIB, E820Type.RAM)
    return memory_map.rows()
