"""A placement reaches the machine: the firmware is asked where things go, and what it would write is written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace
from numpy.typing import NDArray

from fwsim.devices.pci import ONES, PciBus
from fwsim.errors import FwsimError
from fwsim.firmware.interface import Allocator
from fwsim.firmware.request import LATEST, ROM_BAR, Cpu, Host, Placement, Request
from fwsim.firmware.seabios import SEABIOS
from fwsim.machine.behind_bar import plug_held
from fwsim.machine.plugged import ROM_REGISTER, Plugged
from fwsim.machine.program_bridges import number_buses, open_windows
from fwsim.memory.e820 import E820Map, E820Type
from fwsim.memory.ram import PAGE, Ram
from fwsim.scenario.model import Firmware
from fwsim.scenario.options import allocator_of

ASLS = 0xFC
OLD_BDSM = 0x5C
"""BDSM before gen 11, 32 bits wide; from there on it is at 0xC0 and has 64."""
_LEAST_ROM = 2048
"""The address bits of a ROM BAR begin at bit 11 (PCI Local Bus 3.0, 6.2.5.2)."""
_COMMAND = 0x103
"""I/O, memory and SERR#, where the allocator does not say: SeaBIOS src/fw/pciinit.c, pci_bios_init_device."""


class Placed(Struct):
    """What the firmware did, as the run reports it. ``e820_entries`` is (start, size, type) as INT 15h gives it.

    ``size``: bytes of stolen memory at ``bdsm``; ``backing``: memory of the device model's own, with its first address;
    ``held``: that part of it which is where a BAR, by (bdf, index), is; ``behind_bar`` (start, end): what PCI keeps
    free for it instead of e820. ``post_entries`` is e820 while
    option ROMs run, ``temporary`` (start, end) what PMM has for them above 1 MiB.
    """

    bdsm: int = 0
    asls: int = 0
    size: int = 0
    backing: list[tuple[int, Ram]] = field(default_factory=list)
    held: dict[tuple[int, int], Ram] = field(default_factory=dict)
    behind_bar: list[tuple[int, int]] = field(default_factory=list)
    bars: dict[int, int] = field(default_factory=dict)
    e820: list[tuple[int, int, str]] = field(default_factory=list)
    e820_entries: list[tuple[int, int, int]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    boot: str = "ok"
    post_entries: list[tuple[int, int, int]] = field(default_factory=list)
    temporary: list[tuple[int, int]] = field(default_factory=list)


class Wish(Struct, frozen=True):
    """What a machine asks of its firmware. ``host``: (first, end) ranges taken on a real host; none in a guest.

    ``functions`` get what the device model plugs in besides. ``files`` are fw_cfg's, ``rom_size`` bytes of the ROM BAR
    of the display at ``display`` (a devfn), ``low`` and ``high`` the end of RAM below 4 GiB and the bytes above.
    ``facts``: the host's registers, as a device model reads them; ``ggc`` the word that the guest reads, ``cpu`` its
    CPUs, ``release`` the numbers of QEMU's.
    ``hypervisor``: who runs the guest, in a log's words; "" for a host. ``reserved``: (first, end) ranges of the
    host's that the guest has at the host's addresses. ``placed_by``: the firmware kind and version by
    which that hypervisor places itself, ("", "") where it leaves it to the guest. ``built``: ``low`` and ``high``
    before the firmware moved RAM; None where it moved none.
    """

    machine: str
    low: int
    high: int
    functions: list[Plugged]
    display: int
    files: dict[str, bytes]
    rom_size: int
    firmware: Firmware
    facts: Host = field(default_factory=Host)
    ggc: int | None = None
    cpu: Cpu = field(default_factory=Cpu)
    release: tuple[int, ...] = LATEST
    hypervisor: str = ""
    placed_by: tuple[str, str] = ("", "")
    host: Sequence[tuple[int, int]] = ()
    reserved: Sequence[tuple[int, int]] = ()
    built: tuple[int, int] | None = None


def place(wish: Wish, pci: PciBus, root: NDArray[np.uint64], ram: Ram) -> Placed:
    """Place BARs, OpRegion and stolen memory as the scenario's firmware does, and write it all where it goes.

    Firmware that finds no room is no error: it says so in ``log``, and the run goes on. Raises FwsimError for a machine
    that the firmware has no rules for, and for an installed allocator that gives what is no placement.
    """
    row, options = allocator_of(wish.firmware)
    request = replace(_request(wish, ram.size, row), options=options)
    try:
        placement = row.place(request)
    except FwsimError as error:
        name = error.where.removeprefix("--").removeprefix("option ")
        if name != error.where and name in row.options.__struct_fields__:
            error.where = f"firmware.options.{name}"  # not that of ``fwsim alloc``
        raise
    log = _told(row, wish, request, placement)
    log += _give_bars(row, request, placement)
    if wish.host:
        _clear_of(placement, wish)
        for told in (placement.asls, placement.bdsm, placement.mapped, placement.behind_bar, placement.held,
                     placement.zeroed, placement.written, placement.contents):  # fmt: skip
            told.clear()  # the host's own stay
    backing = _backing(placement, wish)
    plug_held(pci, wish.functions, placement.held)
    apply(placement, pci, root, wish.functions)
    if not wish.host:
        _show_rom(placement, pci, request, wish)
    memory = [(0, wish.low, ram, 0), *((start, start + each.size, each, start) for start, each in backing)]
    for address in placement.asls.values():
        copy_opregion(wish.files.get("etc/igd-opregion", b""), address, memory, whole_pages=row.whole_pages)
    for address, content in placement.contents:
        copy(content, address, memory)
    rows = _reserve(placement.e820, wish.host)
    post = _reserve(placement.post_e820, wish.host) if placement.post_e820 else rows
    return Placed(
        bdsm=placement.bdsm.get(wish.display, 0), asls=placement.asls.get(wish.display, 0),
        size=placement.bdsm_size.get(wish.display, 0), backing=backing, held=_held(placement, dict(backing)),
        behind_bar=placement.behind_bar,
        bars={index: address for (bdf, index), address in placement.bars.items() if bdf == wish.display},
        e820=rows, e820_entries=_entries(rows), post_entries=_entries(post),
        log=[*log, *placement.log, *placement.warnings], boot=placement.boot,
        temporary=placement.temporary if placement.post_e820 and not wish.host else _highest(rows, wish.low),
    )  # fmt: skip


def _entries(rows: list[tuple[int, int, str]]) -> list[tuple[int, int, int]]:
    return [(start, end - start, int(E820Type[name])) for start, end, name in rows]


def _highest(rows: list[tuple[int, int, str]], low: int) -> list[tuple[int, int]]:
    """The highest RAM below ``low`` and above 1 MiB, where the firmware does not say what it has free."""
    found = [(max(start, 1 << 20), end) for start, end, name in rows if name == "RAM" and 1 << 20 < end <= low]
    return sorted(found)[-1:]


def _request(wish: Wish, ram: int, row: Allocator) -> Request:
    """What the machine asks. Firmware of another hypervisor finds the RAM that this machine has, not that one's; and
    QEMU's that of a hypervisor which splits RAM its own way.
    """
    rom = 1 << (wish.rom_size - 1).bit_length() if wish.rom_size else 0
    rows = tuple(
        replace(each.spec.asked(), rom_size=rom, ggc=wish.ggc) if each.devfn == wish.display else each.spec.asked()
        for each in wish.functions
    )
    files = wish.files if row.knows_igd else {}
    opregion = files.get("etc/igd-opregion")
    low, high = wish.built or (wish.low, wish.high)
    e820 = ((0, low, 1), (1 << 32, high, 1)) if row.guest_of != "qemu" or wish.placed_by[0] else ()
    return Request(
        machine=wish.machine, ram=ram, functions=rows, opregion_size=len(opregion) if opregion else None,
        bdsm_file=files.get("etc/igd-bdsm-size"), version=_version(wish), e820=e820, host=wish.facts, vbios=True,
        cpu=wish.cpu, release=wish.release, reserved=tuple((start, end - start) for start, end in wish.reserved),
        fw_cfg={name: files[name] for name in ("etc/igd-stolen-base",) if name in files},
    )  # fmt: skip


def _version(wish: Wish) -> str:
    """Whose rules: where the hypervisor itself places, its release says so."""
    kind, version = wish.placed_by
    return version if kind == wish.firmware.kind else wish.firmware.version


def _told(row: Allocator, wish: Wish, request: Request, placement: Placement) -> list[str]:
    """What is unusual about this firmware calling a vBIOS for this guest, and what the allocator notes.

    Where SeaBIOS does it, nothing is: then its own log says what there is to say.
    """
    lines = []
    if wish.hypervisor and row.guest_of not in ("qemu", wish.hypervisor):
        lines.append(f"{row.shown} places for guests of {row.guest_of}: it is tried under {wish.hypervisor}")
    kind, version = wish.placed_by
    if kind and kind != wish.firmware.kind:
        lines.append(
            f"warning: {wish.hypervisor} places stolen memory and OpRegion itself, no firmware of its guests does: "
            f'firmware.kind = "{kind}"'
        )
    elif kind and wish.firmware.version not in (version, row.default_version):
        lines.append(
            f'warning: firmware.version = "{wish.firmware.version}" does not count: {wish.hypervisor} of this profile '
            f'places by "{version}"'
        )
    if not row.calls_vbios:
        lines.append(f"{row.shown} itself calls no legacy vBIOS: fwsim does, with its own BIOS services")
    if not row.knows_igd:
        return lines
    display = next((function for function in request.functions if function.bdf == wish.display), None)
    if lines and display and display.ggc is not None and not placement.bdsm:
        at_home = row.guest_of in ("qemu", wish.hypervisor)
        reason = row.why_none(request, display, placement) if at_home else f"{row.shown} places no stolen memory"
        lines += [reason] if reason else []
    value = placement.bdsm_value.get(wish.display)
    if value is not None and value != placement.bdsm.get(wish.display):
        lines.append(f"{row.shown} hands on the low bits of the host's BDSM: the guest reads {value:#x}")
    high = [f"BAR{index}" for (bdf, index), at in placement.bars.items() if bdf == wish.display and at >= 1 << 32]
    if lines and high:
        lines.append(f"{', '.join(sorted(high))} are past 4 GiB: a vBIOS reaches the device by its I/O BAR only")
    return lines + placement.notes


def _give_bars(row: Allocator, request: Request, placement: Placement) -> list[str]:
    """Place the BARs that the firmware leaves to the device model, and the I/O BARs that it hides, as SeaBIOS does."""
    if placement.boot != "ok" or (placement.bars and row.places_io_bars):
        return []
    plain = replace(request, opregion_size=None, bdsm_file=None, version="", options=None)
    given = SEABIOS.place(plain).bars
    io = {(f.bdf, bar.index) for f in request.functions for bar in f.bars if bar.kind == "io"}
    missing = {key: at for key, at in given.items() if key not in placement.bars and (key in io or not placement.bars)}
    if not missing:
        return []
    what = "I/O BARs" if placement.bars else "BARs"
    placement.bars |= missing
    return [f"{row.shown} gives the {what} no address: they are placed as SeaBIOS places them"]


def _backing(placement: Placement, wish: Wish) -> list[tuple[int, Ram]]:
    """Memory for what the device model maps beside the guest's RAM: OpRegion or stolen memory of its own.

    What lies in RAM is that RAM's; BARs and the PC's own addresses are not looked at: that is for the checks.
    """
    holes = ((wish.low, 1 << 32), ((1 << 32) + wish.high, 1 << 52))
    found = []
    for start, end in (*placement.mapped, *placement.behind_bar):
        for low, high in holes:
            first, last = max(start, low) // PAGE * PAGE, (min(end, high) + PAGE - 1) // PAGE * PAGE
            if first < last:
                found.append((first, Ram(last - first, "memory of the device model")))
    return found


def _held(placement: Placement, backing: dict[int, Ram]) -> dict[tuple[int, int], Ram]:
    """The memory at the address of each BAR that the device model added."""
    keys = [(function.bdf, index) for function, index in placement.held]
    return {key: backing[placement.bars[key]] for key in keys if placement.bars.get(key) in backing}


Piece = tuple[int, int, Ram, int]
"""Guest addresses from first to end, and the memory there: its ``Ram``, and the address of that one's first byte."""


def copy_opregion(data: bytes, address: int, memory: Sequence[Piece], *, whole_pages: bool) -> None:
    """Copy the OpRegion ``data`` to guest address ``address``, as far as there is memory.

    ``whole_pages``: the rest of its last page is zeroed (VfioIgdPkg IgdAssignmentDxe, SetupOpRegion).
    """
    copy(data + bytes(-len(data) % PAGE) if whole_pages else data, address, memory)


def copy(data: bytes, address: int, memory: Sequence[Piece]) -> None:
    """Put ``data`` at guest address ``address``, as far as there is memory."""
    for start, end, ram, base in memory:
        first, last = max(start, address), min(end, address + len(data))
        if first < last:
            ram.write(first - base, data[first - address : last - address])


def _clear_of(placement: Placement, wish: Wish) -> None:
    """Move memory BARs that would lie over a host's stolen memory or OpRegion to the next free place below."""
    sizes = {(function.devfn, bar.index): bar for function in wish.functions for bar in function.bars}
    taken = list(wish.host)
    for key, address in placement.bars.items():
        bar = sizes.get(key)
        if bar is None or bar.kind == "io":
            continue
        others = [
            (at, at + sizes[other].size)
            for other, at in placement.bars.items()
            if other != key and other in sizes and sizes[other].kind != "io"
        ]
        if any(start < address + bar.size and address < end for start, end in taken):
            placement.bars[key] = _below(address, bar.size, [*taken, *others])


def apply(placement: Placement, pci: PciBus, root: NDArray[np.uint64], functions: Sequence[Plugged]) -> None:
    """Write BARs, command registers, ASLS and BDSM as the firmware does, by the same path as the guest's writes."""
    number_buses(pci, root, functions)
    for bdf, offset in placement.zeroed:
        pci.write(root, bdf, offset, 4, 0)
    kinds = {(function.devfn, bar.index): bar for function in functions for bar in function.bars}
    roms = {(function.devfn, ROM_BAR) for function in functions if function.spec.rom}
    for (bdf, index), address in placement.bars.items():
        bar = kinds.get((bdf, index))
        if bar is None:
            if index == ROM_BAR and (bdf, index) in roms:
                pci.write(root, bdf, ROM_REGISTER, 4, address)
            continue
        pci.write(root, bdf, 0x10 + 4 * index, 4, address & 0xFFFFFFFF)
        if bar.is64:
            pci.write(root, bdf, 0x14 + 4 * index, 4, address >> 32)
    for bdf, offset, value in placement.written:
        pci.write(root, bdf, offset, 4, value)
    for bdf, address in placement.asls.items():
        pci.write(root, bdf, ASLS, 4, address)
    for bdf, address in placement.bdsm.items():
        register, value = placement.bdsm_register.get(bdf, OLD_BDSM), placement.bdsm_value.get(bdf, address)
        pci.write(root, bdf, register, 4, value & 0xFFFFFFFF)
        if register != OLD_BDSM:
            pci.write(root, bdf, register + 4, 4, value >> 32)
    for function in functions:
        for index, address in function.spec.moved:
            pci.write(root, function.devfn, 0x10 + 4 * index, 4, address)
        if function.bars:
            command = placement.command.get(function.devfn, _COMMAND)
            assigned = function.spec.class_code == 0x030000 and not function.spec.qemu
            pci.write(root, function.devfn, 4, 2, command | 4 * assigned)
    open_windows(pci, root, functions, placement)


def _show_rom(placement: Placement, pci: PciBus, request: Request, wish: Wish) -> None:
    """The display's ROM BAR, closed again: there is nothing behind it, its content is at C0000."""
    address = placement.bars.get((wish.display, ROM_BAR))
    display = next((each for each in wish.functions if each.devfn == wish.display), None)
    if address and display and not display.spec.rom:
        size = next(each.rom_size for each in request.functions if each.bdf == wish.display)
        pci.set(display.slot, ROM_REGISTER, 4, address, -max(size, _LEAST_ROM) & ONES | 1)


def _below(address: int, size: int, taken: Sequence[tuple[int, int]]) -> int:
    """The highest place not above ``address``, aligned to ``size``, that overlaps none of ``taken`` (first, end)."""
    while any(start < address + size and address < end for start, end in taken):
        lowest = min(start for start, end in taken if start < address + size and address < end)
        address = (lowest - size) // size * size
    return address


def _reserve(rows: Sequence[tuple[int, int, str]], ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
    """The map with ``ranges`` (first, end) reserved: what a real host's firmware reports of its own stolen memory."""
    memory_map = E820Map([(start, end - start, E820Type[name]) for start, end, name in rows])
    for start, end in ranges:
        first, last = start // PAGE * PAGE, (end + PAGE - 1) // PAGE * PAGE
        memory_map.add(first, last - first, E820Type.RESERVED)
    return list(memory_map.rows())
