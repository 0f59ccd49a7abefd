"""OVMF's IGD drivers set up OpRegion and stolen memory: IgdAssignmentDxe of 2018, VfioIgdPkg 067328df."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from fwsim.firmware.interface import typed
from fwsim.firmware.ovmf.pages import PAGE, PageAllocator
from fwsim.firmware.ovmf_options import BootOptions
from fwsim.firmware.request import IGD_BDF, Function, Placement, Request
from fwsim.memory.ranges import align_up
from fwsim.registers import families
from fwsim.registers.device_ids import DEVICE_IDS
from fwsim.registers.gms import GMS

_MIB = 1 << 20
_NO_ROOM = "Out of Resources"


class Family(NamedTuple):
    """How VfioIgdPkg treats a family: the GMS rule of its GGC and where BDSM is (0: no stolen memory is set up)."""

    gms: str
    bdsm_register: int


_NAMES = {
    Family("gen6", 0x5C): ("sandybridge", "ivybridge", "haswell", "baytrail"),
    Family("gen8", 0x5C): ("broadwell",),
    Family("chv", 0x5C): ("cherryview",),
    Family("gen9", 0x5C): ("skylake", "apollolake", "kabylake", "coffeelake", "cometlake", "geminilake"),
    Family("gen9", 0xC0): (
        "icelake", "elkhartlake", "jasperlake", "tigerlake", "rocketlake", "alderlake", "raptorlake",
        "alderlake-p",
    ),
    Family("", 0): ("meteorlake",),
}  # fmt: skip
_NEWEST = (
    0x7D51, 0x7DD1, 0x7D41, 0x7D67, 0xB640, 0x6420, 0x64A0, 0x64B0, 0xB080, 0xB081, 0xB082, 0xB083, 0xB084, 0xB085,
    0xB086, 0xB087, 0xB08F, 0xB090, 0xB0A0, 0xB0B0, 0xFD80, 0xFD81, 0xD740, 0xD741, 0xD742, 0xD743, 0xD744, 0xD745,
    0xD750, 0xD751, 0xD752, 0xD753, 0xD75F,
)  # fmt: skip
"""Arrow, Lunar, Panther, Wildcat and Nova Lake: OpRegion only."""


@lru_cache(maxsize=256)
def family_of(device_id: int) -> Family | None:
    """VfioIgdPkg's handling of a device id, None for one that is not in its table (then it is skipped altogether)."""
    if device_id in _NEWEST:
        return Family("", 0)
    for family, names in _NAMES.items():
        if any(device_id in DEVICE_IDS[name] for name in names):
            return family
    return None


def stolen_size(family: Family, ggc: int) -> int:
    """Bytes of stolen memory that VfioIgdPkg reads out of the word at 0x50; the fw_cfg file does not count."""
    if not family.gms:
        return 0
    code = ggc >> 3 & 31
    if family.gms == "chv" and code >= 0x17:
        return (36 + 4 * (code - 0x17)) * _MIB
    return GMS[family.gms].decode(ggc)


def announced_size(device: int, ggc: int) -> int | None:
    """``stolen_size`` for a device id; None for one that VfioIgdPkg sets up no stolen memory for."""
    family = family_of(device)
    return stolen_size(family, ggc) if family is not None and family.gms else None


def why_vfioigd(request: Request, display: Function) -> str:
    """Why VfioIgdPkg sets up no stolen memory for the device at 00:02.0; "" where nothing speaks against it."""
    if request.opregion_size is None:
        return "without etc/igd-opregion the driver refuses altogether"
    if not request.opregion_size:
        return "etc/igd-opregion is empty: the driver fails (EFI_PROTOCOL_ERROR)"
    family = family_of(display.device)
    title = families.family(request.host.cpu).title if request.host.cpu else "of an unknown family"
    if family is None:
        return f"device id {display.device:04x} ({title}) is not in the driver's table"
    if not family.gms:
        return f"{title}: the driver sets up no stolen memory from Meteor Lake on"
    ggc = display.ggc or 0
    return "" if stolen_size(family, ggc) else f"GGC {ggc:#06x} announces none"


def run_driver(driver: str, request: Request, pages: PageAllocator, out: Placement) -> None:
    """Let ``driver`` ("gvt", "vfioigd" or "none") set up every function of ``request``, with what it logs."""
    handler = {"gvt": _gvt, "vfioigd": _vfioigd}.get(driver)
    if handler is not None:
        handler(request, pages, out)


def _each(request: Request, wanted: Callable[[Function], bool]) -> list[Function]:
    return [f for f in sorted(request.functions, key=lambda f: f.bdf) if f.vendor == 0x8086 and wanted(f)]


def _gvt(request: Request, pages: PageAllocator, out: Placement) -> None:
    """The 2018 driver: sizes from fw_cfg, class 0300 only, any device id, BDSM always at 0x5C."""
    raw = request.bdsm_file
    where = "IgdAssignmentEntry: etc/igd-"
    if request.opregion_size == 0:
        out.log.append(f"{where}opregion: zero size")
        return
    if raw is not None and len(raw) != 8:
        out.log.append(f"{where}bdsm-size: invalid fw_cfg size: {len(raw)}")
        return
    size = int.from_bytes(raw, "little") if raw is not None else 0
    if raw is not None and not size:
        out.log.append(f"{where}bdsm-size: invalid value: 0")
        return
    for function in _each(request, lambda f: f.class_code == 0x030000):
        if request.opregion_size:
            _opregion(function, request.opregion_size, pages, out, "")
        if size and function.bdf == IGD_BDF:
            _stolen(function, size, 0x5C, pages, out, f" size 0x{size:X}")


def _vfioigd(request: Request, pages: PageAllocator, out: Placement) -> None:
    """The 2026 driver."""

    def stolen(function: Function, size: int, register: int) -> None:
        _stolen(function, size, register, pages, out, f", size {size // _MIB} MB")

    vfioigd(request, pages, out, stolen)


def vfioigd(
    request: Request, pages: PageAllocator, out: Placement, stolen: Callable[[Function, int, int], None]
) -> None:
    """VfioIgdPkg: nothing without an OpRegion file, a table of devices, sizes from GGC.

    ``stolen`` sets up the stolen memory of one function, told its size in bytes and where BDSM is.
    """
    if request.opregion_size is None:
        return
    if not request.opregion_size:
        out.log.append("IgdAssignmentEntry: etc/igd-opregion: zero size")
        return
    version = typed(request.options, BootOptions).opregion_version
    tail = " version " + ".".join(str(part) for part in version)
    for function in _each(request, lambda f: f.class_code == 0x030000 or f.class_code >> 8 == 0x0380):
        family = family_of(function.device)
        if family is None:
            continue
        _opregion(function, request.opregion_size, pages, out, tail)
        size = stolen_size(family, function.ggc or 0)
        if size and function.bdf == IGD_BDF:
            stolen(function, size, family.bdsm_register)


def _opregion(function: Function, size: int, pages: PageAllocator, out: Placement, tail: str) -> None:
    name = f"SetupOpRegion: 0000:{function.bdf_text}"
    base = pages.allocate("NVS", size)
    if base is None:
        out.log.append(f"{name}: failed to allocate OpRegion: {_NO_ROOM}")
        return
    out.asls[function.bdf] = base
    out.log.append(f"{name}: OpRegion @ 0x{base:X} size 0x{size:X}{tail}")


def _stolen(function: Function, size: int, register: int, pages: PageAllocator, out: Placement, tail: str) -> None:
    name = f"SetupStolenMemory: 0000:{function.bdf_text}"
    base = pages.allocate_aligned("Reserved", align_up(size, PAGE), _MIB)
    if base is None:
        out.log.append(f"{name}: failed to allocate stolen memory: {_NO_ROOM}")
        return
    out.bdsm[function.bdf] = base
    out.bdsm_register[function.bdf] = register
    out.bdsm_size[function.bdf] = align_up(size, PAGE)
    out.log.append(f"{name}: stolen memory @ 0x{base:X}{tail}")
