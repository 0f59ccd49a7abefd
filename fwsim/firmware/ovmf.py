"""OVMF puts BARs into the platform's windows by PCI enumeration; an IGD driver places OpRegion and stolen memory.

Source: edk2 OvmfPkg/Library/PlatformInitLib and MdeModulePkg/Bus/Pci/PciBusDxe; BARs and pages measured with 2022.11.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from fwsim.errors import FwsimError
from fwsim.firmware.interface import Allocator, SizeSource, typed
from fwsim.firmware.ovmf_igd import announced_size, run_driver, why_vfioigd
from fwsim.firmware.ovmf_options import BootOptions, OvmfOptions
from fwsim.firmware.ovmf_pages import LEAST_RAM, PageAllocator, dispatch_bins, dispatch_free_list
from fwsim.firmware.request import IGD_BDF, ROM_BAR, Function, Options, Placement, Request
from fwsim.memory.e820 import E820Map, E820Type
from fwsim.memory.ranges import align_up
from fwsim.registers.family import Family

FOUR_GIB = 1 << 32
CLASSIC_WINDOW64 = 32 << 30
DEFAULT = "2022.11"
NEWER = "c5aa7e7d"
_PCIEXBAR = {DEFAULT: 0xB0000000, NEWER: 0xE0000000}
_PCIEXBAR_SIZE = 0x10000000
_MMIO_END = 0xFC000000
_IO = {"pc": (0xC000, 0x4000), "q35": (0x6000, 0xA000)}
_COMMAND = 0x7
_MAX_BITS = 46


@dataclass(frozen=True, slots=True)
class Aperture:
    """The 32-bit layout: start of uncached memory, PCI window [base, end), (first port, count), ECAM or None."""

    uc32_base: int
    mmio_base: int
    mmio_end: int
    io: tuple[int, int]
    pciexbar: int | None


def aperture(machine: str, low_memory: int, version: str = NEWER) -> Aperture:
    """The layout for ``low_memory`` bytes of RAM below 4 GiB on "pc" or "q35". Raises FwsimError for too many."""
    if not 0 < low_memory < FOUR_GIB or (machine == "q35" and low_memory > 0xE0000000):
        raise FwsimError("OVMF asserts on this much RAM below 4 GiB", found=hex(low_memory), expected="to 0xe0000000")
    size = 1 << (FOUR_GIB - low_memory).bit_length() - 1
    uc32 = max(FOUR_GIB - size, 0x80000000)
    if machine != "q35":
        return Aperture(uc32, uc32, _MMIO_END, _IO["pc"], None)
    ecam = _PCIEXBAR[version]
    base = uc32 if ecam > 0xC0000000 else ecam + _PCIEXBAR_SIZE
    return Aperture(uc32, base, ecam if ecam > 0xC0000000 else _MMIO_END, _IO["q35"], ecam)


def window64(phys_bits: int) -> tuple[int, int]:
    """(base, size) of the dynamic 64-bit window: the top eighth of the address space."""
    size = 1 << (phys_bits - 3)
    return (1 << phys_bits) - size, size


def _usable_bits(request: Request) -> int:
    cpu = request.cpu
    if not cpu.long_mode:
        return 0
    known = {"GenuineIntel": (36, 39), "AuthenticAMD": (40,)}.get(cpu.vendor, ())
    return min(cpu.phys_bits, _MAX_BITS) if cpu.phys_bits >= 41 or cpu.phys_bits in known else 0


class Edk2(Allocator):
    """What any OVMF has in common, whatever its IGD driver."""

    versions = (DEFAULT, NEWER)
    default_version = DEFAULT
    options = BootOptions
    uefi = True
    whole_pages = True

    def size_from(self, options: Options) -> SizeSource:
        """GGC, as VfioIgdPkg reads it."""
        return "ggc"

    def announced(self, family: Family, device: int, ggc: int, options: Options) -> int:
        """VfioIgdPkg's reading of GGC for a device in its table; the family's own for any other."""
        size = announced_size(device, ggc) if self.size_from(options) == "ggc" else None
        return family.gms.decode(ggc) if size is None else size

    def ecam(self, machine: str, version: str) -> tuple[int, int] | None:
        """At PCIEXBAR, by version; only on q35."""
        base = _PCIEXBAR.get(version or DEFAULT, _PCIEXBAR[DEFAULT])
        return (base, base + _PCIEXBAR_SIZE) if machine == "q35" else None

    def why_none(self, request: Request, display: Function, out: Placement) -> str:
        """What VfioIgdPkg looks at: the slot, room, the OpRegion's file, its table of devices, GGC."""
        return _why_none(super().why_none(request, display, out), display, out) or why_vfioigd(request, display)


def _why_none(asked: str, display: Function, out: Placement) -> str:
    """What holds for every driver: nothing was asked for, the slot, no room."""
    if asked or display.bdf != IGD_BDF:
        return asked or f"the device is at {display.bdf_text}: stolen memory is for 00:02.0 only"
    return next((line for line in out.log if "failed to allocate" in line), "")


class Ovmf(Edk2):
    """The allocator's row: OVMF 2022.11 and edk2 c5aa7e7d."""

    name = "ovmf"
    title = "OVMF"
    options = OvmfOptions

    def size_from(self, options: Options) -> SizeSource:
        """GGC with VfioIgdPkg; the driver of 2018 reads the file, and without a driver nobody does."""
        return "ggc" if typed(options, OvmfOptions).driver == "vfioigd" else "file"

    def why_none(self, request: Request, display: Function, out: Placement) -> str:
        """By the driver."""
        driver = typed(request.options, OvmfOptions).driver
        if driver == "vfioigd":
            return super().why_none(request, display, out)
        asked = Allocator.why_none(self, request, display, out)
        if asked or display.bdf != IGD_BDF:
            return _why_none(asked, display, out)
        if driver == "none":
            return "upstream OVMF has no IGD driver: nobody sets BDSM or ASLS"
        if display.class_code != 0x030000:
            return f"class {display.class_code:06x}: the driver sets up 030000 only"
        return _why_none(asked, display, out)

    def place(self, request: Request) -> Placement:
        """Place with OVMF. Raises FwsimError for an unknown version or machine, or more low RAM than OVMF takes."""
        return boot(request, partial(run_driver, typed(request.options, OvmfOptions).driver))


OVMF = Ovmf()
place = OVMF.place


def boot(request: Request, driver: Callable[[Request, PageAllocator, Placement], None]) -> Placement:
    """OVMF from the platform's windows to the final map; ``driver`` sets the IGD up. Raises as ``Ovmf.place``."""
    version = request.version or DEFAULT
    if version not in _PCIEXBAR:
        raise FwsimError("no rules for this OVMF version", found=repr(version), expected=", ".join(_PCIEXBAR))
    if request.machine not in _IO:
        raise FwsimError("no such machine", where="guest.machine", found=request.machine, expected="pc or q35")
    memory_map = request.start_map()
    low_top = memory_map.ram_below_4g()
    layout = aperture(request.machine, low_top, version)
    out = Placement()
    if low_top < LEAST_RAM and not typed(request.options, BootOptions).free_list:
        out.boot = f"no memory for DXE: {low_top:#x} bytes of RAM, its usual layout needs {LEAST_RAM:#x}"
        out.e820 = memory_map.rows()
        return out
    _bars(request, layout, memory_map, out)
    driver(request, _pages(request, low_top, bool(memory_map.ram_over_4g())), out)
    _finish_map(request, layout, memory_map, out)
    return out


def _pages(request: Request, low_top: int, high_ram: bool) -> PageAllocator:
    options = typed(request.options, BootOptions)
    if options.free_list:
        return PageAllocator(options.free_list, options.bins or None)
    runs = dispatch_free_list(request.machine, low_top, high_ram=high_ram, cpus=options.cpus)
    return PageAllocator(runs, dispatch_bins(low_top))


def _bars(request: Request, layout: Aperture, memory_map: E820Map, out: Placement) -> None:
    """Each kind largest first; of equal ones the function scanned last comes first.

    Where a CSM is to call a ROM, 64-bit BARs stay below 4 GiB as long as any device has a ROM (MdeModulePkg PciBusDxe
    DegradeResource; OvmfPkg/IncompatiblePciDeviceSupportDxe keeps out of it when there is a CSM).
    """
    low_only = request.vbios and any(function.rom_size for function in request.functions)
    lists: dict[str, list[tuple[int, Function, int]]] = {"io": [], "mem32": [], "mem64": []}
    for function in sorted(request.functions, key=lambda f: f.bdf):
        rows = [(bar.index, bar.size, "io" if bar.kind == "io" else "mem64" if bar.is64 and not low_only else "mem32")
                for bar in function.bars]  # fmt: skip
        if function.rom_size:
            rows.append((ROM_BAR, function.rom_size, "mem32"))
        for index, size, kind in sorted(rows):
            lists[kind].insert(0, (size if kind == "io" else max(size, 0x1000), function, index))
        out.command[function.bdf] = _COMMAND
    bits = _usable_bits(request)
    high_base, high_size = window64(bits) if bits else (0, 0)
    if high_size <= CLASSIC_WINDOW64:
        ram_end = FOUR_GIB + memory_map.ram_over_4g()
        high_base, high_size = align_up(ram_end, CLASSIC_WINDOW64), CLASSIC_WINDOW64
    out.windows = {
        "io": (layout.io[0], sum(layout.io) - 1),
        "mem32": (layout.mmio_base, layout.mmio_end),
        "mem64": (high_base, high_base + high_size),
    }
    for kind, entries in lists.items():
        cursor = out.windows[kind][0]
        for size, function, index in sorted(entries, key=lambda row: -row[0]):
            cursor = align_up(cursor, size)
            if index != ROM_BAR:
                out.bars[function.bdf, index] = cursor
            cursor += size


def _finish_map(request: Request, layout: Aperture, memory_map: E820Map, out: Placement) -> None:
    if layout.pciexbar is not None:
        memory_map.add(layout.pciexbar, _PCIEXBAR_SIZE, E820Type.RESERVED)
    for address in out.asls.values():
        memory_map.add(address, align_up(request.opregion_size or 0, 0x1000), E820Type.NVS)
    for bdf, address in out.bdsm.items():
        memory_map.add(address, out.bdsm_size[bdf], E820Type.RESERVED)
    for start, size in out.reserved:
        memory_map.add(start, size, E820Type.RESERVED)
    out.e820 = memory_map.rows()
