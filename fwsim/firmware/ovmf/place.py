"""OVMF puts BARs into the platform's windows by PCI enumeration; an IGD driver places OpRegion and stolen memory.

Source: edk2 MdeModulePkg/Bus/Pci/PciBusDxe; the modules beside this one name theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from fwsim.errors import FwsimError
from fwsim.exactness import Exactness, Known, of_each
from fwsim.firmware.interface import Allocator, SizeSource, typed
from fwsim.firmware.ovmf.igd import announced_size, run_driver, why_vfioigd
from fwsim.firmware.ovmf.layout import least_ram, page_allocator
from fwsim.firmware.ovmf.pages import PageAllocator
from fwsim.firmware.ovmf.versions import DEFAULT, VERSIONS, Version, version_row
from fwsim.firmware.ovmf.window import ECAM_SIZE, IO_PORTS, Aperture, aperture, window64
from fwsim.firmware.ovmf_options import BootOptions, OvmfOptions
from fwsim.firmware.request import IGD_BDF, ROM_BAR, Function, Options, Placement, Request
from fwsim.memory.e820 import E820Map, E820Type
from fwsim.memory.ranges import align_up
from fwsim.registers.family import Family

_COMMAND = 0x7
_E820 = "what IGD and ECAM take of QEMU's table; OVMF's own runtime memory is not in it"


class Edk2(Allocator):
    """What any OVMF has in common, whatever its IGD driver."""

    versions = tuple(VERSIONS)
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
        base = version_row(version).ecam
        return (base, base + ECAM_SIZE) if machine == "q35" else None

    def exactness(self, version: str, options: Options) -> Exactness:
        """Measured in boots of the build; what its own memory makes of the e820 map is left out of it."""
        row = version_row(version)
        return {**of_each("bdsm asls bars", Known("measured", row.measured)), "e820": Known("assumed", _E820)}

    def why_none(self, request: Request, display: Function, out: Placement) -> str:
        """What VfioIgdPkg looks at: the slot, room, the OpRegion's file, its table of devices, GGC."""
        return _why_none("", display, out) or why_vfioigd(request, display)


def _why_none(asked: str, display: Function, out: Placement) -> str:
    """What holds for every driver: nothing was asked for, the slot, no room."""
    if asked or display.bdf != IGD_BDF:
        return asked or f"the device is at {display.bdf_text}: stolen memory is for 00:02.0 only"
    return next((line for line in out.log if "failed to allocate" in line), "")


class Ovmf(Edk2):
    """The allocator's row: OVMF as Debian builds it, with the IGD driver of one's choice."""

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
    version = version_row(request.version)
    if request.machine not in IO_PORTS:
        raise FwsimError("no such machine", where="guest.machine", found=request.machine, expected="pc or q35")
    memory_map = request.start_map()
    low_top = memory_map.ram_below_4g()
    low = aperture(request.machine, low_top, version)
    out = Placement()
    out.boot = _why_not(request, version, low_top) or out.boot
    if out.boot != "ok":
        out.e820 = memory_map.rows()
        return out
    _bars(request, version, low, memory_map, out)
    driver(request, _pages(request, version, memory_map), out)
    _finish_map(request, low, memory_map, out)
    return out


def _why_not(request: Request, version: Version, low_top: int) -> str:
    """Why OVMF does not come as far as its drivers; "" where it does."""
    if not request.cpu.long_mode:
        return "the CPU has no long mode, and DXE is 64-bit code"
    if typed(request.options, BootOptions).free_list:
        return ""
    least = least_ram(version, request.machine, request.cpu)
    if low_top >= least:
        return ""
    return f"no memory for DXE: {low_top:#x} bytes of RAM, its usual layout needs {least:#x}"


def _pages(request: Request, version: Version, memory: E820Map) -> PageAllocator:
    options = typed(request.options, BootOptions)
    if options.free_list:
        return PageAllocator(options.free_list, options.bins or None)
    return page_allocator(version, request.machine, request.cpu, memory.ram_below_4g(), memory.ram_over_4g())


def _bars(request: Request, version: Version, low: Aperture, memory_map: E820Map, out: Placement) -> None:
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
    high_base, high_size = window64(request.cpu, version, memory_map)
    out.windows = {
        "io": (low.io[0], sum(low.io) - 1),
        "mem32": (low.mmio_base, low.mmio_end),
        "mem64": (high_base, high_base + high_size),
    }
    for kind, entries in lists.items():
        cursor = out.windows[kind][0]
        for size, function, index in sorted(entries, key=lambda row: -row[0]):
            cursor = align_up(cursor, size)
            if index != ROM_BAR:
                out.bars[function.bdf, index] = cursor
            cursor += size


def _finish_map(request: Request, low: Aperture, memory_map: E820Map, out: Placement) -> None:
    if low.pciexbar is not None:
        memory_map.add(low.pciexbar, ECAM_SIZE, E820Type.RESERVED)
    for address in out.asls.values():
        memory_map.add(address, align_up(request.opregion_size or 0, 0x1000), E820Type.NVS)
    for bdf, address in out.bdsm.items():
        memory_map.add(address, out.bdsm_size[bdf], E820Type.RESERVED)
    for start, size in out.reserved:
        memory_map.add(start, size, E820Type.RESERVED)
    out.e820 = memory_map.rows()
