"""Where does OVMF put BARs, OpRegion and stolen memory? The platform's windows, PCI enumeration and the IGD driver.

Source: edk2 OvmfPkg/Library/PlatformInitLib and MdeModulePkg/Bus/Pci/PciBusDxe; BARs and pages measured with 2022.11.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from fwsim.errors import FwsimError
from fwsim.firmware.ovmf_igd import run_driver
from fwsim.firmware.ovmf_pages import LEAST_RAM, PageAllocator, dispatch_bins, dispatch_free_list
from fwsim.firmware.request import ROM_BAR, Function, Placement, Request
from fwsim.memory.e820 import E820Map, E820Type
from fwsim.memory.ranges import align_up

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


class Ovmf:
    """The allocator's row: OVMF 2022.11 and edk2 c5aa7e7d."""

    name = "ovmf"
    versions = (DEFAULT, NEWER)
    default_version = DEFAULT

    def place(self, request: Request) -> Placement:
        """Place with OVMF; ``options``: "driver" (vfioigd, gvt or none), "cpus"; "free_list", "bins" if known.

        Raises FwsimError for an unknown version, machine or driver, or more low RAM than OVMF takes.
        """
        driver = str(request.options.get("driver", "vfioigd"))
        if driver not in ("vfioigd", "gvt", "none"):
            raise FwsimError("no such machine or driver", found=f"{request.machine}, {driver}",
                             expected="pc or q35; vfioigd, gvt or none")  # fmt: skip
        return boot(request, partial(run_driver, driver))


OVMF = Ovmf()
place = OVMF.place


def boot(request: Request, driver: Callable[[Request, PageAllocator, Placement], None]) -> Placement:
    """OVMF from the platform's windows to the final map; ``driver`` sets the IGD up. Raises as ``Ovmf.place``."""
    version = request.version or DEFAULT
    if version not in _PCIEXBAR:
        raise FwsimError("no rules for this OVMF version", found=repr(version), expected=", ".join(_PCIEXBAR))
    if request.machine not in _IO:
        raise FwsimError("no such machine or driver", found=request.machine, expected="pc or q35")
    memory_map = request.start_map()
    low_top = memory_map.ram_below_4g()
    layout = aperture(request.machine, low_top, version)
    out = Placement()
    if low_top < LEAST_RAM and "free_list" not in request.options:
        out.boot = f"no memory for DXE: {low_top:#x} bytes of RAM, its usual layout needs {LEAST_RAM:#x}"
        out.e820 = memory_map.rows()
        return out
    _bars(request, layout, memory_map, out)
    driver(request, _pages(request, low_top, bool(memory_map.ram_over_4g())), out)
    _finish_map(request, layout, memory_map, out)
    return out


def _pages(request: Request, low_top: int, high_ram: bool) -> PageAllocator:
    free, bins = request.options.get("free_list"), request.options.get("bins")
    if isinstance(free, (list, tuple)):
        return PageAllocator([(a, b) for a, b in free], bins if isinstance(bins, dict) else None)
    cpus = request.options.get("cpus", 1)
    count = cpus if isinstance(cpus, int) else 1
    runs = dispatch_free_list(request.machine, low_top, high_ram=high_ram, cpus=count)
    return PageAllocator(runs, dispatch_bins(low_top))


def _bars(request: Request, layout: Aperture, memory_map: E820Map, out: Placement) -> None:
    """Each kind largest first; of equal ones the function scanned last comes first."""
    lists: dict[str, list[tuple[int, Function, int]]] = {"io": [], "mem32": [], "mem64": []}
    for function in sorted(request.functions, key=lambda f: f.bdf):
        rows = [(bar.index, bar.size, "io" if bar.kind == "io" else "mem64" if bar.is64 else "mem32")
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
