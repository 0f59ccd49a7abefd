"""SeaBIOS from power-on to boot, as far as memory goes: zones, BARs, IGD set-up, ACPI tables, the final e820 map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from fwsim.errors import FwsimError
from fwsim.exactness import Exactness, of_each
from fwsim.firmware.interface import Allocator, typed
from fwsim.firmware.qemu_smbios import smbios_bytes
from fwsim.firmware.qemu_tables import ACPI_TABLES
from fwsim.firmware.request import IGD_BDF, Function, Options, Placement, Request, format_bdf
from fwsim.firmware.seabios import drivers
from fwsim.firmware.seabios.bars import PciPanicError, place_bars
from fwsim.firmware.seabios.versions import DEFAULT, VERSIONS, Version, find_version, version_row
from fwsim.firmware.seabios.zones import DETAIL_SIZE, Memory
from fwsim.memory.e820 import E820Map, E820Type
from fwsim.memory.ranges import U32, align_down

_MIB = 1 << 20
_PAGE = 0x1000
_MIN_HIGH, _MAX_HIGH = 256 << 10, 16 << 20
_INIT_ALIGN = 32
_OWN_ACPI_TABLES = 0x2000
_SMBIOS_IN_FSEG = 600
"""Bytes of SMBIOS tables up to which they go into the F segment (SeaBIOS src/config.h, BUILD_MAX_SMBIOS_FSEG)."""
_SMBIOS_TYPE0 = 67
"""Bytes of the structure of type 0 that it adds to QEMU's, with a version text of 22 letters, as Debian's have."""
_POINTER = 24
"""Bytes of the record of a pointer that is written back to QEMU (src/fw/romfile_loader.c)."""
_VMGENID_FILES = 2
_EBDA = 0x9FC00
_COMMAND = 0x103
_PCIEXBAR = (0xB0000000, 0x10000000)
_RCBA = (0xFED1C000, 0x4000)
_VGA_CLASS = 0x0300
_FUNCTIONS = 7
_ICH9_SMBUS, _SMB_BASE, _SMBUS_AT = (0x8086, 0x2930), 4, 0x700
"""ICH9's SMBus goes to 100h past the ACPI block, wherever it was mapped (src/fw/pciinit.c, ich9_smbus_enable)."""

UNKNOWN = -1
"""What a user who does not say leaves ``drivers`` at."""
_FILE = 208
"""ZoneTmpHigh bytes of one fw_cfg file's record with its bookkeeping; a PCI function's takes 80 (measured, 1.16.2)."""
_FUNCTION = 80
_ACPI_FILES = {"pc": 5, "q35": 4}
_TEMPORARY = {"pc": 2688, "q35": 3520}
"""Other ZoneTmpHigh bytes in use when the IGD is set up, its files, ACPI and functions apart (measured, 1.16.2)."""
_LATER = {"pc": 4784, "q35": 4528}
"""ZoneTmpHigh bytes that are taken between then and the first option ROM (measured, 1.16.2)."""


def load_int(raw: bytes | None) -> int:
    """The number in a fw_cfg file: little-endian, 1, 2, 4 or 8 bytes; 0 for any other length or no file."""
    return int.from_bytes(raw, "little") if raw is not None and len(raw) in (1, 2, 4, 8) else 0


def pcimem_start(machine: str, ram_below_4g: int) -> int:
    """First address of the 32-bit PCI window: above RAM and, on q35, above the 256 MiB at PCIEXBAR."""
    if machine == "q35":
        return sum(_PCIEXBAR)
    return next((start for start in (0x80000000, 0xC0000000) if ram_below_4g <= start), ram_below_4g)


class SeaBiosOptions(Options, frozen=True, kw_only=True):
    """What takes high memory besides the IGD, and so is not given back to e820 below the top of RAM. Sizes in bytes.

    ``acpi_tables``: `etc/acpi/tables`, a multiple of 128 KiB. ``smbios``: all SMBIOS structures, as dmidecode says
    ("occupying N bytes"); 0: what QEMU makes without -smbios. ``vmgenid``: there is such a device. ``drivers``: what
    SeaBIOS's own drivers keep; left out, what they do with nothing attached to their controllers.
    """

    acpi_tables: Annotated[int, Meta(extra={"as": "size"})] = ACPI_TABLES
    smbios: Annotated[int, Meta(extra={"as": "size"})] = 0
    vmgenid: bool = False
    drivers: Annotated[int, Meta(extra={"as": "size"})] = UNKNOWN


class SeaBios(Allocator):
    """The allocator's row: SeaBIOS 1.12 to 1.17 and commit 41514a7a."""

    name = "seabios"
    title = "SeaBIOS"
    versions = tuple(VERSIONS)
    default_version = DEFAULT
    calls_vbios = True
    options = SeaBiosOptions

    def knows_version(self, version: str) -> bool:
        """Tags (rel-1.16.2), series (1.16) and HEAD as well."""
        return find_version(version) is not None

    def rom_stack(self, version: str) -> int:
        """As measured for the release."""
        return version_row(version).rom_stack

    def exactness(self, version: str, options: Options) -> Exactness:
        """As the release's row says."""
        return of_each("bdsm asls bars e820", version_row(version).known)

    def heeds_bridge(self, version: str) -> bool:
        """From 1.16.3 on: see ``bars.sees_qemu``."""
        return version_row(version).max_phys_bits > 0

    def why_none(self, request: Request, display: Function, out: Placement) -> str:
        """What intel_igd_setup looks at: the slot, the class, the OpRegion before it."""
        if (why := super().why_none(request, display, out)) or display.bdf != IGD_BDF:
            return why or f"the device is at {display.bdf_text}: stolen memory is for 00:02.0 only"
        if display.class_code >> 8 != _VGA_CLASS:
            return f"class {display.class_code:06x}: SeaBIOS sets up 0300 only"
        if request.opregion_size and not out.asls:
            return "the OpRegion found no room, and SeaBIOS then leaves BDSM alone too"
        return ""

    def why_no_opregion(self, request: Request, display: Function, out: Placement) -> str:
        """What intel_igd_setup looks at before it copies the OpRegion: the class, in whatever slot."""
        if display.class_code >> 8 != _VGA_CLASS:
            return f"class {display.class_code:06x}: SeaBIOS sets up 0300 only"
        return ""

    def place(self, request: Request) -> Placement:
        """See ``place``."""
        return place(request)


SEABIOS = SeaBios()


def place(request: Request) -> Placement:
    """What SeaBIOS does with ``request``. Raises FwsimError for an unknown version or machine."""
    version = version_row(request.version)
    if request.machine not in _TEMPORARY:
        raise FwsimError("no such machine", found=repr(request.machine), expected='"pc" or "q35"')
    unseen = _unseen(request.functions)
    if unseen:
        seen = tuple(each for each in request.functions if each not in unseen)
        request = replace(request, functions=seen)
    run = _Run(request, version)
    for each in unseen:
        first = format_bdf(each.bdf & ~_FUNCTIONS)
        run.out.notes.append(f"nothing is at {first}: firmware does not look at {each.bdf_text} then")
    run.start_memory()
    try:
        run.set_up_pci()
    except PciPanicError as panic:
        run.out.boot = str(panic)
        run.out.warnings.append(str(panic))
        return run.out
    run.finish()
    return run.out


def _unseen(functions: Sequence[Function]) -> list[Function]:
    """Those that SeaBIOS does not find: of a device without function 0 it asks for no other (src/hw/pci.c, pci_next).

    Where the machine has no host bridge, ``functions`` are not all that it has: those that have BARs, say.
    """
    present = {each.bdf for each in functions}
    return [each for each in functions if each.bdf & ~_FUNCTIONS not in present] if 0 in present else []


class _Run:
    """One boot: the request, the map and zones as they change, and what comes out."""

    def __init__(self, request: Request, version: Version) -> None:
        self.request = request
        self.version = version
        self.options = typed(request.options, SeaBiosOptions)
        self.map: E820Map = request.start_map()
        self.memory = Memory()
        self.zone_high_start: int | None = None
        self.out = Placement()

    def start_memory(self) -> None:
        """Mark the fixed ranges, set the zones up, move the init code to the top of ZoneTmpHigh."""
        request, tmp = self.request, self.memory.tmp_high
        self.ram_below_4g = self.map.ram_below_4g()
        self.map.add(0xFFFC0000, 0x40000, E820Type.RESERVED)
        self.map.remove(0xA0000, 0x50000)
        self.map.add(0xF0000, 0x10000, E820Type.RESERVED)
        high: tuple[int, int] | None = None
        for entry in reversed(self.map.entries):
            if entry.end < _MIB:
                break
            if entry.type != E820Type.RAM or entry.end > U32:
                continue
            start, end = entry.start, entry.end
            if high is None:
                high = self._zone_high(start, end)
                end = high[0] if high else end
            self.memory.add(tmp, start, end)
        tmp.take(DETAIL_SIZE)  # ZoneTmpLow's
        if high:
            self.zone_high_start = high[0]
            self.memory.add(self.memory.high, *high)
            self.map.add(high[0], high[1] - high[0], E820Type.RESERVED)
        address = self.memory.allocate(tmp, self.version.init_size, _INIT_ALIGN)
        self.out.init_relocated = (address, self.version.init_size) if address else None
        if self.version.kvmclock and request.cpu.accel == "kvm":
            tmp.take(DETAIL_SIZE)  # of the clock's page in low memory
        files = sum(x is not None for x in (request.opregion_size, request.bdsm_file)) + request.files
        files += _VMGENID_FILES if self.options.vmgenid else 0
        files += _ACPI_FILES[request.machine] if request.acpi else 0
        tmp.take(_TEMPORARY[request.machine] + files * _FILE + len(request.functions) * _FUNCTION)

    def _zone_high(self, start: int, end: int) -> tuple[int, int] | None:
        big = align_down((end - _MAX_HIGH) & U32, 16)
        if self.version.big_zonehigh and start + _MAX_HIGH <= big <= end:
            return big, big + _MAX_HIGH
        small = align_down((end - _MIN_HIGH) & U32, 16)
        return (small, small + _MIN_HIGH) if start <= small <= end else None

    def set_up_pci(self) -> None:
        """Place BARs, then initialise each function in the order of its address."""
        request, out = self.request, self.out
        q35 = request.machine == "q35"
        if q35:
            self.map.add(*_PCIEXBAR, E820Type.RESERVED)
        start = pcimem_start(request.machine, self.ram_below_4g)
        place_bars(request, self.version, self.map, start, out)
        for function in sorted(request.functions, key=lambda f: f.bdf):
            if function.vendor == 0x8086 and function.class_code >> 8 == _VGA_CLASS:
                self._set_up_igd(function)
            if (function.vendor, function.device) == _ICH9_SMBUS:
                out.moved[function.bdf, _SMB_BASE] = _SMBUS_AT
            out.command[function.bdf] = _COMMAND
        if q35:
            self.map.add(*_RCBA, E820Type.RESERVED)

    def _set_up_igd(self, function: Function) -> None:
        out, request = self.out, self.request
        if request.opregion_size:
            address = self.memory.allocate(self.memory.high, request.opregion_size, _PAGE)
            if not address:
                self._no_room("intel_igd_setup", self.version.warn_lines[0])
                return
            out.asls[function.bdf] = address
            size = request.opregion_size >> 10
            out.log.append(f"Intel IGD OpRegion enabled at 0x{address:08x}, size {size}KB, dev {function.bdf_text}")
        size = load_int(request.bdsm_file)
        if size and function.bdf == IGD_BDF:
            address = self.memory.allocate(self.memory.tmp_high, size, _MIB)
            if not address:
                self._no_room("intel_igd_setup", self.version.warn_lines[1])
                return
            self.map.add(address, size, E820Type.RESERVED)
            out.bdsm[function.bdf] = address
            out.bdsm_register[function.bdf] = 0x5C
            out.bdsm_size[function.bdf] = size
            out.log.append(
                f"Intel IGD BDSM enabled at 0x{address:08x}, size {_as_printed(size >> 20)}MB, dev {function.bdf_text}"
            )

    def _no_room(self, where: str, line: int) -> None:
        self.out.warnings.append(f"WARNING - Unable to allocate resource at {where}:{line}!")

    def finish(self) -> None:
        """Load the ACPI tables, start the drivers, give back what ZoneHigh has left, write the final map."""
        self.out.temporary = self._temporary()
        self._smbios()
        self._acpi()
        self._drivers()
        self.map.add(_EBDA, 0xA0000 - _EBDA, E820Type.RESERVED)
        self.out.post_e820 = self.map.rows()
        lowest = self.memory.high.lowest()
        if lowest:
            size = align_down(lowest.end - lowest.start, _PAGE)
            self.map.add(lowest.start, size, E820Type.RAM)
            self.out.zonehigh_returned = size
        self.out.e820 = self.map.rows()

    def _temporary(self) -> list[tuple[int, int]]:
        """What ZoneTmpHigh has free when the first option ROM runs."""
        zone = self.memory.tmp_high
        zone.take(_LATER[self.request.machine])
        return zone.free()

    def _smbios(self) -> None:
        """The SMBIOS structures, QEMU's and one of SeaBIOS's own: in high memory where they are large."""
        request = self.request
        high = max(0, request.ram - self.ram_below_4g)
        size = self.options.smbios or _SMBIOS_TYPE0 + smbios_bytes(
            request.machine, self.ram_below_4g, high, request.cpu.count, request.release
        )
        if size > _SMBIOS_IN_FSEG:
            self.memory.allocate(self.memory.high, size)

    def _acpi(self) -> None:
        high, q35 = self.memory.high, self.request.machine == "q35"
        if not self.request.acpi:
            if q35:
                self.memory.allocate(high, _OWN_ACPI_TABLES)
            return
        if self.options.vmgenid:
            self.memory.allocate(high, _PAGE, _PAGE)
        if self.memory.allocate(high, self.options.acpi_tables, 64):
            if self.options.vmgenid:
                self.memory.allocate(high, _POINTER)
            return
        self._no_room("romfile_loader_allocate", 87)
        pattern = "CPPPCCCCCPPPPPCP" if q35 else "CPPCCCCPPPPCP"
        names = {"C": "add_checksum:152", "P": "add_pointer:129"}
        for step in pattern:
            self.out.warnings.append(f"WARNING - internal error detected at romfile_loader_{names[step]}!")

    def _drivers(self) -> None:
        """What SeaBIOS's own drivers keep, as the user says or as they do with nothing attached."""
        request, line = self.request, self.version.nvme_line
        if self.options.drivers != UNKNOWN:
            self.memory.allocate(self.memory.high, self.options.drivers, _PAGE)
            return
        if line and any(drivers.NVME.fits(function) for function in request.functions):
            self._no_room("nvme_controller_enable", line)
        started = drivers.start(request.functions, self.memory, without=drivers.NVME.name if line else "")
        if started:
            self.out.notes.append(
                f"assumed: nothing is attached to what SeaBIOS has drivers for ({', '.join(dict.fromkeys(started))}); "
                "with disks or keyboards they keep more of the memory below the OpRegion (option drivers)"
            )


def _as_printed(value: int) -> int:
    """A %lld as the firmware's own printf shows it: the low 32 bits, signed."""
    return (value & U32) - ((value & 0x80000000) << 1)
