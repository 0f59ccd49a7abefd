"""SeaBIOS gives each BAR its address: sizing, bridge windows, the 32-bit and the 64-bit placement."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from fwsim.firmware.request import QEMU_SUBSYSTEM, ROM_BAR, Bridge, Function, Placement, Request
from fwsim.firmware.seabios.versions import Version
from fwsim.memory.e820 import E820Map
from fwsim.memory.ranges import U64, align_down, align_up

PCIMEM_END = 0xFEC00000
FOUR_GIB = 1 << 32
GIB = 1 << 30
_DEVICE_MIN = 0x1000
_BRIDGE_MEM_MIN = 1 << 21
_BRIDGE_IO_MIN = 0x1000
_KINDS = ("io", "mem", "pref")
_USB_CLASS = 0x0C03
_IO_LOW_END = {"pc": 0xA000, "q35": 0x10000}


class PciPanicError(Exception):
    """The firmware stops: its address space is too small. The text is what it prints."""


class Entry(Struct):
    """One BAR, or with ``index`` -1 one window of a bridge."""

    function: Function
    index: int
    size: int
    align: int
    is64: bool
    bus: int = 0


class Region:
    """The BARs of one kind on one bus, largest alignment first; equal ones stay in scan order."""

    __slots__ = ("base", "entries")

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.base = 0
        self.entries = list(entries)

    def insert(self, entry: Entry) -> None:
        """Put ``entry`` behind every one that is as large."""
        key = (entry.align, entry.size)
        at = next((n for n, e in enumerate(self.entries) if (e.align, e.size) < key), len(self.entries))
        self.entries.insert(at, entry)

    @property
    def align(self) -> int:
        """The largest alignment in bytes, 1 for an empty region."""
        return self.entries[0].align if self.entries else 1

    @property
    def sum(self) -> int:
        """Bytes of all entries; there is no padding between them."""
        return sum(entry.size for entry in self.entries)


Bus = dict[str, Region]


def sees_qemu(request: Request) -> bool:
    """Whether it takes the machine for QEMU's: by the subsystem id of 00:00.0 (SeaBIOS src/fw/paravirt.c, qemu_detect).

    In legacy mode vfio-pci copies the host's id there. Where it does not see QEMU it never asks the CPU for its address
    bits and long mode: seen in 1.17.0 with the one compare changed.
    """
    return all(each.subsystem == QEMU_SUBSYSTEM for each in request.functions if each.bdf == 0)


def valid_phys_bits(request: Request) -> int:
    """Physical address bits the firmware believes, 0 where it does not (SeaBIOS src/fw/paravirt.c, under QEMU)."""
    cpu = request.cpu
    if not cpu.long_mode:
        return 36 if cpu.pae else 32
    known = {"GenuineIntel": (36, 39), "AuthenticAMD": (40,)}.get(cpu.vendor, ())
    return cpu.phys_bits if cpu.phys_bits >= 41 or cpu.phys_bits in known else 0


def high_policy(version: Version, request: Request, over_4g: int) -> tuple[bool, int]:
    """(whether 64-bit BARs go high although they would fit below, end of the address space that counts; 0: unknown)."""
    if not version.max_phys_bits or not sees_qemu(request):
        return False, 0
    bits = valid_phys_bits(request)
    capped = min(bits, version.max_phys_bits)
    if version.uncap_over_1t and over_4g >= 1 << 40:
        capped = bits
    top = 1 << capped if bits else 0
    pad = bool(over_4g) and (version.pad_option or (version.pad_needs_36_bits and bits >= 36))
    if version.pad_option:
        pad = _load_bool(request.fw_cfg.get("opt/org.seabios/pci64"), pad)
    return pad and request.cpu.long_mode, top


def _load_bool(raw: bytes | None, default: bool) -> bool:
    text = (raw or b"").partition(b"\0")[0]
    if text in (b"1", b"on", b"yes"):
        return True
    return default if text not in (b"0", b"off", b"no") else False


def place_bars(request: Request, version: Version, memory_map: E820Map, pcimem_start: int, out: Placement) -> None:
    """Place every BAR and bridge window of ``request`` into ``out``. Raises PciPanicError where the firmware panics."""
    over_4g = memory_map.ram_over_4g()
    pad, top = high_policy(version, request, over_4g)
    busses = _collect(request, version, top if pad else 0, out)
    root = busses[0]
    _root_io(root["io"], _IO_LOW_END[request.machine], out)
    out.windows["mem32"] = (pcimem_start, PCIMEM_END)
    if pad or not _root_mem(root, pcimem_start):
        high_mem, high_pref = _split64(root["mem"]), _split64(root["pref"])
        if not _root_mem(root, pcimem_start):
            raise PciPanicError("PCI: out of 32bit address space")
        reserved_end = int.from_bytes(request.fw_cfg.get("etc/reserved-memory-end", b""), "little")
        base = max(reserved_end, FOUR_GIB + over_4g)
        out.windows["mem64"] = _place_high(high_mem, high_pref, base, top, pad, memory_map)
        _map(high_mem, "mem", busses, out)
        _map(high_pref, "pref", busses, out)
    for number in sorted(busses):
        for kind in _KINDS:
            _map(busses[number][kind], kind, busses, out)


def _collect(request: Request, version: Version, pad_top: int, out: Placement) -> dict[int, Bus]:
    busses: dict[int, Bus] = {0: {kind: Region() for kind in _KINDS}}
    functions = sorted(request.functions, key=lambda f: f.bdf)
    bridges = {f.bridge.secondary: f for f in functions if f.bridge is not None}
    for number in bridges:
        busses[number] = {kind: Region() for kind in _KINDS}
    for function in functions:
        bus = busses.get(function.bdf >> 8, busses[0])
        rows = [(bar.index, bar.size, str(bar.kind), bar.is64) for bar in function.bars]
        if function.rom_size:
            rows.append((ROM_BAR, function.rom_size, "mem", False))
        for index, size, kind, is64 in sorted(rows):
            if function.bridge is not None and 2 <= index < ROM_BAR:
                continue
            size = size if kind == "io" else max(size, _DEVICE_MIN)
            bus[kind].insert(Entry(function, index, size, size, is64))
    for number in sorted(bridges, reverse=True):
        function = bridges[number]
        assert function.bridge is not None
        parent = busses.get(function.bdf >> 8, busses[0])
        for kind, entry in _bridge_windows(function, function.bridge, busses[number], version, pad_top):
            parent[kind].insert(entry)
            out.bridge_windows.append((number, entry.size, kind))
    return busses


def _bridge_windows(
    function: Function, bridge: Bridge, bus: Bus, version: Version, pad_top: int
) -> list[tuple[str, Entry]]:
    """The window entries a bridge adds to its parent bus. ``pad_top`` is 0 unless 64-bit BARs are moved high anyway."""
    windows = []
    express = bridge.hotplug == "pcie" or (version.optional_io_any_pcie and bridge.hotplug != "shpc")
    for kind, wanted in zip(_KINDS, bridge.reserve, strict=True):
        if (kind == "io" and not bridge.has_io) or (kind == "pref" and not bridge.has_pref):
            continue
        region = bus[kind]
        align = max(region.align, _BRIDGE_IO_MIN if kind == "io" else _BRIDGE_MEM_MIN)
        total = region.sum
        is64 = kind == "pref" and bridge.pref64 and all(e.is64 for e in region.entries)
        if bridge.hotplug != "none":
            if pad_top and is64 and version.max_phys_bits:
                step = pad_top >> 11
                align = max(align, step) if version.window_grows_only else step
            keep_from = total == 0 if not version.max_phys_bits else align > total
            if keep_from and not (express and kind == "io"):
                total = align
        size = wanted if kind == "io" and wanted > total else align_up(max(wanted, total), align)
        windows.append((kind, Entry(function, -1, size, align, is64, bridge.secondary)))
    return windows


def _root_io(region: Region, io_low_end: int, out: Placement) -> None:
    total = region.sum
    if total < 0x4000:
        region.base = 0xC000
    elif total < io_low_end - 0x1000:
        region.base = 0x1000
    else:
        raise PciPanicError("PCI: out of I/O address space")
    out.windows["io"] = (region.base, region.base + total - 1)


def _root_mem(bus: Bus, pcimem_start: int) -> bool:
    """Stack both memory regions below 0xFEC00000, the one with the larger alignment lowest; false: no room."""
    upper, lower = bus["pref"], bus["mem"]
    if lower.align < upper.align:
        upper, lower = lower, upper
    upper.base = align_down((PCIMEM_END - upper.sum) & U64, upper.align)
    lower.base = align_down((upper.base - lower.sum) & U64, lower.align)
    return pcimem_start <= lower.base <= PCIMEM_END


def _split64(region: Region) -> Region:
    """Take the 64-bit entries out of ``region``, but for USB controllers'."""
    moved = [e for e in region.entries if e.is64 and e.function.class_code >> 8 != _USB_CLASS]
    region.entries = [e for e in region.entries if e not in moved]
    return Region(moved)


def _place_high(mem: Region, pref: Region, base: int, top: int, pad: bool, memory_map: E820Map) -> tuple[int, int]:
    """Set both bases above 4 GiB; the window as (first, end), 1 GiB aligned."""
    if top:
        want = align_up(mem.sum, GIB) + align_up(pref.sum, GIB)
        if pad:
            want = align_up(want, top >> 3)
        if top >= want:
            base = max(base, top - want)
        if memory_map.is_used(base, want):
            base -= want
    mem.base = align_up(align_up(base, mem.align), GIB)
    pref.base = align_up(align_up(mem.base + mem.sum, pref.align), GIB)
    return mem.base, align_up(pref.base + pref.sum, GIB)


def _map(region: Region, kind: str, busses: dict[int, Bus], out: Placement) -> None:
    """Give out the region's addresses one behind the other; a bridge's window becomes its bus's base."""
    for entry in region.entries:
        address = region.base
        region.base += entry.size
        if entry.index < 0:
            busses[entry.bus][kind].base = address
        else:
            out.bars[entry.function.bdf, entry.index] = address
    region.entries = []
