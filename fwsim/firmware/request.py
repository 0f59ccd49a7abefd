"""Requests and placements: what a firmware is asked to place, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from msgspec import Struct, field

from fwsim.errors import FwsimError
from fwsim.memory.e820 import E820Map
from fwsim.memory.ramsplit import high_start, qemu_e820, ram_split

ROM_BAR = 6
"""Index under which a placement gives the expansion ROM's address."""
BarKind = Literal["io", "mem", "pref"]
Accel = Literal["kvm", "tcg", ""]
IGD_BDF = 0x10
"""00:02.0, the only place where firmware gives an IGD stolen memory."""


QEMU_SUBSYSTEM = 0x11001AF4
"""1AF4:1100, what QEMU's own devices say (QEMU include/hw/pci/pci.h)."""
LATEST = (999,)
"""A release of QEMU that is newer than any."""
_KNOWS_HT = (7, 1)
"""Since when QEMU keeps the HyperTransport hole of AMD cpus free (hw/i386/pc.c, pc_memory_init)."""


class Bar(Struct, frozen=True):
    """One base address register: ``size`` in bytes, a power of two; ``index`` 0-5, a 64-bit one uses two."""

    index: int
    size: int
    kind: BarKind
    is64: bool = False


class Bridge(Struct, frozen=True):
    """A PCI-to-PCI bridge: its bus, which windows it has, and what it wants kept for hotplug.

    ``reserve`` is QEMU's resource-reserve capability: bytes for io, mem and pref, 0 where it says nothing.
    """

    secondary: int
    hotplug: Literal["none", "pcie", "shpc"] = "none"
    has_io: bool = True
    has_pref: bool = True
    pref64: bool = True
    reserve: tuple[int, int, int] = (0, 0, 0)


class Function(Struct, frozen=True):
    """One PCI function: ``bdf`` is bus<<8 | device<<3 | function, ``class_code`` its 24 bits, ``rom_size`` in bytes.

    ``ggc`` is the word at 0x50 as the guest reads it, None for a device that is no IGD. ``subsystem`` is
    id << 16 | vendor. ``config`` is the physical device's configuration space, its BARs 0; empty where nobody asks.
    ``host``: the function of the host that it is (segment<<16 | bus<<8 | devfn), None for one that is made up.
    """

    bdf: int
    vendor: int
    device: int
    class_code: int
    bars: tuple[Bar, ...] = ()
    rom_size: int = 0
    ggc: int | None = None
    bridge: Bridge | None = None
    subsystem: int = QEMU_SUBSYSTEM
    config: bytes = b""
    host: int | None = None

    @property
    def bdf_text(self) -> str:
        """The address as lspci prints it without the segment: 00:02.0."""
        return format_bdf(self.bdf)

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name != "host")
        return f"Function({', '.join(shown)})"  # as messages have it: for people who never meet a host


class Cpu(Struct, frozen=True):
    """The guest's CPUs: what CPUID tells the firmware, how many there are, and who runs them.

    ``vendor`` is CPUID's 12 letters, ``phys_bits`` the physical address bits (32 to 52), ``one_gib_pages`` whether
    there are pages of that size, ``rdrand`` whether it has that instruction, ``model`` QEMU's name; ``pae`` is true of
    all but the oldest. ``accel`` "" is a machine that nobody emulates. The default is the CPU of an Intel host, handed
    on by KVM.
    """

    vendor: str = "GenuineIntel"
    phys_bits: int = 39
    long_mode: bool = True
    count: int = 1
    one_gib_pages: bool = True
    rdrand: bool = True
    pae: bool = True
    model: str = "host"
    accel: Accel = "kvm"


class Host(Struct, frozen=True):
    """What a device model reads from the physical machine; ``bdsm_raw`` is the register itself, lock bit and all.

    ``cpu`` is the host cpu's name as ``fwsim.registers.families.family`` takes it, ``gen`` its generation.
    """

    bdsm: int = 0
    bdsm_raw: int = 0
    bdsm_size: int = 0
    asls: int = 0
    gen: int = 0
    cpu: str = ""


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An allocator's options: none. One that has some declares a subclass, a field each, all with defaults."""


class Request(Struct, frozen=True):
    """Everything a placement depends on. Sizes and addresses in bytes.

    ``e820`` is what the hypervisor's own table says, (start, size, type); left out, it is QEMU's for ``machine`` and
    ``ram``. ``bdsm_file`` is the content of `etc/igd-bdsm-size` (None: no such file), ``opregion_size`` the length of
    `etc/igd-opregion`, ``fw_cfg`` other files the firmware reads, ``files`` how many fw_cfg files there are
    beyond the machine's usual ones. ``options`` are the allocator's own struct; None, or another allocator's, stands
    for its defaults. ``vbios``: a legacy video BIOS is called afterwards. ``release``: the numbers of QEMU's.
    ``reserved``: (start, size) of the host's regions that the guest has at the host's addresses.
    """

    machine: str = "pc"
    ram: int = 1 << 31
    functions: tuple[Function, ...] = ()
    opregion_size: int | None = None
    bdsm_file: bytes | None = None
    version: str = ""
    cpu: Cpu = field(default_factory=Cpu)
    e820: tuple[tuple[int, int, int], ...] = ()
    max_low: int | None = None
    fw_cfg: Mapping[str, bytes] = field(default_factory=dict)
    acpi: bool = True
    files: int = 0
    host: Host = field(default_factory=Host)
    options: Options | None = None
    vbios: bool = False
    release: tuple[int, ...] = LATEST
    reserved: tuple[tuple[int, int], ...] = ()

    def start_map(self) -> E820Map:
        """The map as the hypervisor gives it, before the firmware adds anything."""
        if self.e820:
            return E820Map(self.e820)
        low, high = ram_split(self.machine, self.ram, max_low=self.max_low)
        amd = self.release >= _KNOWS_HT and self.cpu.vendor == "AuthenticAMD"
        start = high_start(self.machine, high, amd=amd)
        told = amd and self.cpu.phys_bits >= 40
        return E820Map(qemu_e820(low, high, amd=told, kvm=self.cpu.accel == "kvm", start=start))

    def ram_split(self, limit: int) -> tuple[int, int]:
        """(End of RAM below 4 GiB, bytes of RAM from there up) where a hypervisor keeps low RAM below ``limit``.

        A table of the hypervisor's counts instead, where there is one.
        """
        if self.e820:
            given = self.start_map()
            return given.ram_below_4g(), given.ram_over_4g()
        low = min(self.ram, limit)
        return low, self.ram - low


class Step(Struct, frozen=True):
    """One moment of a guest's start: what happens, what of the placement is ``mapped`` then, and what ``breaks`` by it.

    ``sure`` is false for what only may happen. ``breaks`` is empty where nothing does.
    """

    step: str
    mapped: str
    breaks: str = ""
    sure: bool = True


class HoleSide(Struct, frozen=True):
    """What comes of a low hole that ``by`` sizes: firmware, toolstack or agreed. Addresses, bytes.

    ``start``: its first address; ``wanted``: bytes of what counts; ``moved``: of RAM that is moved out of it. ``gaps``
    (start, end) are left by alignment and reserved regions; ``lost`` are those without an address, ``high`` those above
    4 GiB, ``overlaps`` sentences on what lies over the device model's own memory.
    """

    by: str
    start: int
    wanted: int
    moved: int
    gaps: tuple[tuple[int, int], ...]
    lost: tuple[str, ...]
    high: tuple[str, ...]
    overlaps: tuple[str, ...]


class Placement(Struct):
    """What the firmware did. Addresses are integers; ``bars`` is keyed (bdf, index) in the order of assignment.

    ``bars`` has what was written: a register holds no bits below its BAR's size. ``bdsm_register`` says where each base
    went (0x5C or 0xC0), ``bdsm_size`` how long it is; ``windows`` has "io" as (first, last), "mem32" and "mem64" as
    (first, end); ``bridge_windows`` is (bus, size, kind); ``zonehigh_returned`` and ``init_relocated`` (address, size)
    are SeaBIOS's; ``boot`` is "ok" or the text of the panic; ``command`` the command register of each function set up.
    ``reserved`` (start, size) is what belongs to the stolen memory besides its ``bdsm_size`` bytes; ``behind_bar``
    (start, end) is address space that PCI keeps free instead of e820; ``steps`` tell what a guest does to the
    placement, ``notes`` why things are as they are, in our words: ``log`` and ``warnings`` have the firmware's own.
    ``ecam`` (start, end) is set by an allocator that places it. ``bdsm_value`` is what the register holds where that is
    more than the base: a lock bit, say. ``mapped`` (start, end) is where the device model maps memory of its own, which
    need not be the guest's RAM. ``post_e820`` is the map while option ROMs run and ``temporary`` the (start, end) above
    1 MiB that PMM then hands out, the first first: both empty where the firmware has no such time. ``moved``, keyed as
    ``bars``: the address that a BAR was given afterwards. ``held`` is (function, BAR index): the function as it is with
    a BAR that the device model adds, what is there being memory of its own. ``zeroed`` (bdf, offset) are dwords of
    configuration space that are written 0 before BARs, ``written`` (bdf, offset, value) what is written after them;
    ``pciexbar`` is that register's 64 bits, 0 where nobody sets it. ``contents`` (address, bytes): what is put into
    memory. ``kept`` (what, start, end) is memory that the device model keeps in no map, ``overlaps`` are sentences on
    what meets it, ``holes`` the low hole by each of the ways to size it, where there are two.
    """

    e820: list[tuple[int, int, str]] = field(default_factory=list)
    bars: dict[tuple[int, int], int] = field(default_factory=dict)
    moved: dict[tuple[int, int], int] = field(default_factory=dict)
    asls: dict[int, int] = field(default_factory=dict)
    bdsm: dict[int, int] = field(default_factory=dict)
    bdsm_register: dict[int, int] = field(default_factory=dict)
    bdsm_size: dict[int, int] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    windows: dict[str, tuple[int, int]] = field(default_factory=dict)
    bridge_windows: list[tuple[int, int, str]] = field(default_factory=list)
    zonehigh_returned: int | None = None
    init_relocated: tuple[int, int] | None = None
    command: dict[int, int] = field(default_factory=dict)
    boot: str = "ok"
    reserved: list[tuple[int, int]] = field(default_factory=list)
    behind_bar: list[tuple[int, int]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ecam: tuple[int, int] | None = None
    bdsm_value: dict[int, int] = field(default_factory=dict)
    mapped: list[tuple[int, int]] = field(default_factory=list)
    post_e820: list[tuple[int, int, str]] = field(default_factory=list)
    temporary: list[tuple[int, int]] = field(default_factory=list)
    held: list[tuple[Function, int]] = field(default_factory=list)
    zeroed: list[tuple[int, int]] = field(default_factory=list)
    written: list[tuple[int, int, int]] = field(default_factory=list)
    pciexbar: int = 0
    contents: list[tuple[int, bytes]] = field(default_factory=list)
    kept: list[tuple[str, int, int]] = field(default_factory=list)
    overlaps: list[str] = field(default_factory=list)
    holes: list[HoleSide] = field(default_factory=list)


@lru_cache(maxsize=1024)
def format_bdf(bdf: int) -> str:
    """``bdf`` as bb:dd.f in hex."""
    return f"{bdf >> 8:02x}:{bdf >> 3 & 31:02x}.{bdf & 7:x}"


@lru_cache(maxsize=1024)
def parse_bdf(text: str) -> int:
    """bus<<8 | device<<3 | function from "02.0", "00:02.0" or "0000:00:02.0". Raises FwsimError."""
    bus, _, slot = text.rpartition(":")
    device, dot, function = slot.partition(".")
    try:
        result = int(bus.rpartition(":")[2] or "0", 16) << 8 | int(device, 16) << 3 | int(function, 16)
    except ValueError:
        dot, result = "", 0
    if not dot or result > 0xFFFF:
        raise FwsimError("not a PCI address", found=repr(text), expected="bus:device.function in hex, such as 00:02.0")
    return result
