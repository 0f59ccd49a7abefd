"""What is asked of a firmware: one configuration with its defaults, refused where no machine can be it."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Literal, cast, get_args, get_origin

import msgspec
from msgspec import field
from msgspec.structs import replace

from fwsim.board.function import BarSpec, BoardFunction
from fwsim.board.pc import MACHINES, guest_board
from fwsim.errors import FwsimError
from fwsim.firmware.cpu_models import HOST, guest_cpu
from fwsim.firmware.fake_bar import GUESTS, HOLDERS
from fwsim.firmware.interface import Allocator
from fwsim.firmware.ovmf_options import DRIVERS
from fwsim.firmware.qemu_tables import ACPI_TABLES
from fwsim.firmware.request import Accel, BarKind, Bridge, Cpu, Function, Options, format_bdf, parse_bdf
from fwsim.hypervisor import kinds
from fwsim.hypervisor.interface import HOST_BRIDGE, Assignment, Choice, Device
from fwsim.hypervisor.qemu.releases import check_guest, release
from fwsim.registers.families import family
from fwsim.registers.family import Family
from fwsim.scenario.functions import BAR_KINDS, BarText, check_bars
from fwsim.units import MIB, format_size, parse_size

ACCELS = ("kvm", "tcg")
SWITCH = ("off", "on")
_OTHER = (0x1AF4, 0x0001, 0xFF0000)
"""Vendor, device and class of a function that only has BARs."""
_ROOT_PORT = (0x1B36, 0x000C, 0x060400)
"""QEMU's pcie-root-port (docs/specs/pci-ids.rst)."""
_FIRST_PORT, _MOST_PORTS = 0x10 << 3, 8
"""From 00:10.0 on, one device each."""
FLAGS: dict[str, tuple[str, ...]] = {"driver": DRIVERS, "holder": HOLDERS, "guest": GUESTS, "ecam": (),
                                      "acpi_tables": (), "smbios": ()}  # fmt: skip
"""Fields of an ``Ask`` that reach an option of the same name; their words, where the allocator has no such option."""


class BarAsk(msgspec.Struct, kw_only=True, frozen=True):
    """A BAR instead of, or besides, the usual ones: ``size`` in bytes, 0 takes it away; ``slot`` "" is the IGD's."""

    index: int
    size: int
    kind: str = "mem"
    is64: bool = False
    slot: str = ""


class Ask(msgspec.Struct, kw_only=True, frozen=True):
    """One configuration. Sizes and addresses in bytes; -1 and "" stand for what follows from the rest.

    ``gen``: a generation or a host cpu. ``stolen``: what the hypervisor asks the firmware for; ``ggc``: the word at
    0x50 that the guest reads; each follows from the other. ``opregion``: 0 for none. ``driver`` is OVMF's, ``holder``
    and ``guest`` fake-bar's; ``profile`` is QEMU's, ``host_bdsm`` and ``host_asls`` the host's registers. ``rom``:
    bytes of the ROM BAR; ``max_low``: QEMU's max-ram-below-4g; ``ecam``: hvmloader's on q35. ``options``: the
    allocator's own by name, as a scenario's [firmware.options] has them; they count before ``driver`` and its like.
    ``cpu``: QEMU's model of the guest's, ``phys_bits`` 0 what the model has, ``accel`` kvm or tcg. ``legacy`` on: where
    QEMU's legacy mode comes up, 00:00.0 has the host's subsystem id, as it has in a run; off: QEMU's own.
    ``acpi_tables`` and ``smbios``: bytes of those tables, SMBIOS 0 what QEMU makes by itself.
    """

    firmware: str = "seabios"
    version: str = ""
    machine: str = "pc"
    ram: int = 2 << 30
    stolen: int = -1
    opregion: int = 0x2000
    gen: str = "sandybridge"
    ggc: int = -1
    bars: list[BarAsk] = field(default_factory=list)
    slot: str = "00:02.0"
    class_code: int = 0x030000
    device: int = -1
    driver: str = "vfioigd"
    holder: str = "igd"
    guest: str = "linux"
    profile: str = "10.0"
    host_bdsm: int = -1
    host_asls: int = -1
    rom: int = 0
    max_low: int = 0
    ecam: int = 64 << 20
    cpu: str = HOST
    phys_bits: int = 0
    cpus: int = 1
    accel: str = "kvm"
    legacy: str = "off"
    acpi_tables: int = ACPI_TABLES
    smbios: int = 0
    options: dict[str, Any] = field(default_factory=dict)


def resolve(ask: Ask, row: Allocator, reads_ggc: bool) -> Ask:
    """``ask`` with every default filled in. Raises FwsimError for what no machine can be.

    ``reads_ggc``: the firmware takes the size from GGC, so a size that no code stands for cannot be had.
    """
    name = cpu_of(ask.gen)
    fam = family(name)
    _one_of(ask.machine, MACHINES, "--machine")
    _one_of(ask.accel, ACCELS, "--accel")
    _one_of(ask.legacy, SWITCH, "--legacy")
    _check_profile(ask.profile)
    _check_sizes(ask)
    cpu_asked(ask)
    ggc, stolen = _ggc_and_stolen(ask, fam, reads_ggc)
    return replace(
        ask, gen=name, ggc=ggc, stolen=stolen, slot=format_bdf(parse_bdf(ask.slot)),
        device=fam.device_id if ask.device < 0 else ask.device,
        host_bdsm=fam.bdsm if ask.host_bdsm < 0 else ask.host_bdsm,
        host_asls=fam.asls if ask.host_asls < 0 else ask.host_asls,
    )  # fmt: skip


@lru_cache(maxsize=64)
def _check_profile(profile: str) -> None:
    try:
        kinds.hypervisor(Choice("qemu", profile))
    except FwsimError as error:
        error.where = "--profile"
        raise


def options_of(ask: Ask, row: Allocator) -> Options:
    """The options of ``row`` that ``ask`` stands for: its own, and flags that it has an option for.

    Raises FwsimError for an option that it does not have, or a value that is none.
    """
    given: dict[str, Any] = {}
    fields = set(row.options.__struct_fields__)
    for name, usual in _usual_flags().items():
        value = getattr(ask, name)
        if value == usual:
            continue  # what is usual for OVMF may be no word of this allocator's
        words = _words(row.options, name) if name in fields else FLAGS[name]
        if words:
            _one_of(value, words, f"--{name}")
        if name in fields:
            given[name] = value
    given |= ask.options
    if not given:
        return row.options()
    # One and true are equal, and not the same option.
    names, values = tuple(given), tuple((type(value), value) for value in given.values())
    try:
        return _read(row, names, values)
    except TypeError:  # a list or a table: nothing to look up by
        return _read.__wrapped__(row, names, values)


@lru_cache(maxsize=256)
def _read(row: Allocator, names: tuple[str, ...], values: tuple[tuple[type, Any], ...]) -> Options:
    """Kept: a sweep asks for few sets of options, and to read one takes as long as to place."""
    from fwsim.scenario.options import read_options

    given = dict(zip(names, (value for _, value in values), strict=True))
    return read_options(row, given, "--option")


@lru_cache(maxsize=1)
def _usual_flags() -> Mapping[str, Any]:
    usual = Ask()
    return {name: getattr(usual, name) for name in FLAGS}


@lru_cache(maxsize=64)
def _words(kind: type[Options], name: str) -> tuple[str, ...]:
    """The words of an option that is a Literal; none of any other."""
    found = next(field.type for field in msgspec.structs.fields(kind) if field.name == name)
    return tuple(map(str, get_args(found))) if get_origin(found) is Literal else ()


def parse_option(text: str) -> tuple[str, Any]:
    """Name and value of ``NAME=VALUE``: as in ``--set``, a bare VALUE is text. Raises FwsimError."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise FwsimError(
            "not an option", where=f"--option {text}", expected="NAME=VALUE", hint="such as --option driver=gvt"
        )
    from fwsim.scenario.text import override_value

    return name.strip(), override_value(value.strip(), f"--option {text}")


@lru_cache(maxsize=256)
def cpu_of(gen: str) -> str:
    """The host cpu of a generation's number (its first one) or name. Raises FwsimError naming the nearest."""
    from fwsim.registers.families import families

    text = gen.strip()
    if text.isdigit() and len(text) < 3:
        found = next((row.name for row in families() if row.gen == int(text)), None)
        if found is None:
            known = sorted({row.gen for row in families()})
            raise FwsimError(
                "no such generation", where="--gen", found=repr(gen), expected=", ".join(map(str, known)),
                hint="a host cpu's name does as well, such as haswell",
            )  # fmt: skip
        return found
    try:
        return family(gen).name
    except FwsimError as error:
        error.where = "--gen"
        raise


def parse_bars(text: str) -> list[BarAsk]:
    """BARs from ``[SLOT=]INDEX:SIZE[:KIND],...``; KIND is mem, pref, mem64, pref64 or io. Raises FwsimError."""
    return list(_parsed_bars(text))


@lru_cache(maxsize=256)
def _parsed_bars(text: str) -> tuple[BarAsk, ...]:
    slot, equals, rows = text.rpartition("=")
    if equals:
        slot = format_bdf(parse_bdf(slot))
    found = []
    for row in rows.split(","):
        index, _, rest = row.partition(":")
        size, _, kind = rest.partition(":")
        if not index.strip().isdigit() or not size or (kind and kind not in BAR_KINDS):
            raise FwsimError(
                "not a BAR", where="--bars", found=repr(row),
                expected="INDEX:SIZE[:KIND], KIND one of " + ", ".join(BAR_KINDS),
                hint="such as --bars 0:16M:mem64,2:256M:pref64 or --bars 00:04.0=0:64K",
            )  # fmt: skip
        name, is64 = BAR_KINDS[kind] if kind else ("", False)
        found.append(
            BarAsk(index=int(index), size=parse_size(size, "--bars"), kind=name, is64=is64, slot=slot if equals else "")
        )
    return tuple(found)


def igd_bars(fam: Family, ask: Ask) -> tuple[BarText, ...]:
    """The IGD's BARs: the family's with those of ``ask`` in their place. Raises FwsimError for an impossible one."""
    return _igd_bars(fam, tuple(ask.bars), ask.slot)


def _igd_bars(fam: Family, bars: Sequence[BarAsk], slot: str) -> tuple[BarText, ...]:
    rows = {bar.index: BarText(bar.index, bar.size, bar.kind, bar.is64) for bar in fam.bars}
    for each in bars:
        if each.slot not in ("", slot):
            continue
        old = rows.pop(each.index, None)
        if each.size:
            kind, is64 = (each.kind, each.is64) if each.kind else (old.kind, old.is64) if old else ("mem", False)
            rows[each.index] = BarText(each.index, each.size, cast(BarKind, kind), is64)
    return _checked(rows.values(), slot)


def machine_functions(ask: Ask, fam: Family, row: Allocator, options: Options) -> tuple[Function, ...]:
    """Every function of the machine: what of QEMU's chipset a guest of ``row``'s has, the IGD, and the others.

    Raises FwsimError for two in one place, and for a bus that ``row`` does not come to.
    """
    given = assignment(ask)
    rows = _functions(
        ask.machine, fam.name, ask.slot, ask.device, ask.class_code, tuple(ask.bars), ask.rom, ask.ggc, given.lpc,
        row, row.sees_bridges(options),
    )  # fmt: skip
    if ask.legacy == "on" and HOST_BRIDGE in given.copies:
        host = fam.host_bridge_id << 16 | 0x8086
        rows = tuple(replace(row, subsystem=host) if row.bdf == HOST_BRIDGE else row for row in rows)
    return rows


@lru_cache(maxsize=256)
def _functions(
    machine: str, cpu: str, slot: str, device: int, class_code: int, bars: Sequence[BarAsk], rom: int, ggc: int,
    lpc: tuple[int, int] | None, row: Allocator, bridges: bool,
) -> tuple[Function, ...]:  # fmt: skip
    """``machine_functions`` without legacy mode's ids: kept, for neighbours in a sweep mostly have the same."""
    fam = family(cpu)
    igd = BoardFunction(
        parse_bdf(slot), 0x8086, device, class_code, bars=_specs(_igd_bars(fam, bars, slot)), rom=rom,
        ggc=ggc if fam.gen >= 6 else None,
    )  # fmt: skip
    others = []
    for place in dict.fromkeys(bar.slot for bar in bars if bar.slot not in ("", slot)):
        made = [
            BarText(bar.index, bar.size, cast(BarKind, bar.kind or "mem"), bar.is64)
            for bar in bars
            if bar.slot == place and bar.size
        ]
        others.append(BoardFunction(parse_bdf(place), *_OTHER, bars=_specs(_checked(made, place))))
    others += _root_ports(bridges, [igd, *others])
    board = guest_board(
        machine, igd, others, lpc=lpc, has_chip=lambda bdf: row.has_chip(machine, bdf), said=("--slot", "--bars")
    )
    return tuple(function.asked() for function in board.functions)


def _root_ports(allowed: bool, functions: Sequence[BoardFunction]) -> list[BoardFunction]:
    """A root port of QEMU's on bus 0 for each other bus that a function is on. Raises FwsimError where none may be."""
    beyond = sorted({each.bdf >> 8: format_bdf(each.bdf) for each in functions if each.bdf >> 8}.items())
    if beyond and not allowed:
        raise FwsimError("no bus but 00 here", found=beyond[0][1], expected="00:DD.F", hint="such as 00:04.0")
    if len(beyond) > _MOST_PORTS:
        raise FwsimError(
            "more buses than root ports", where="--bars", found=", ".join(name for _, name in beyond),
            expected=f"up to {_MOST_PORTS} buses beyond 00", hint="put several devices on one bus",
        )  # fmt: skip
    return [
        BoardFunction(_FIRST_PORT + (number << 3), *_ROOT_PORT, bridge=Bridge(bus))
        for number, (bus, _) in enumerate(beyond)
    ]


def cpu_asked(ask: Ask) -> Cpu:
    """The guest's CPUs. Raises FwsimError naming the option for what no guest can have, RAM past their reach too."""
    try:
        return _cpu(
            ask.cpu, ask.phys_bits, ask.cpus, cast(Accel, ask.accel), ask.gen, ask.machine, ask.ram, ask.max_low,
            ask.profile,
        )  # fmt: skip
    except FwsimError as error:
        error.where = f"--{error.where.removeprefix('guest.').replace('_', '-')}"
        raise


@lru_cache(maxsize=64)
def _cpu(
    model: str, phys_bits: int, cpus: int, accel: Accel, gen: str, machine: str, ram: int, max_low: int, profile: str
) -> Cpu:
    cpu = guest_cpu(model, phys_bits, cpus, accel, cpu_of(gen))
    check_guest(machine, ram, max_low or None, cpu, release(profile))
    return cpu


def assignment(ask: Ask) -> Assignment:
    """What QEMU makes of the device, for a firmware whose guests are QEMU's."""
    return _assigned(ask.profile, ask.device, ask.ggc, ask.machine, parse_bdf(ask.slot), ask.class_code)


@lru_cache(maxsize=256)
def _assigned(profile: str, device: int, ggc: int, machine: str, devfn: int, class_code: int) -> Assignment:
    return kinds.hypervisor(Choice("qemu", profile)).assign(
        Device(device, 0, ggc, 0, 0, 0, class_code=class_code, machine=machine, devfn=devfn)
    )


def _specs(bars: Iterable[BarText]) -> tuple[BarSpec, ...]:
    return tuple(BarSpec(bar.index, bar.size, bar.kind, bar.is64) for bar in bars)


def _checked(bars: Iterable[BarText], slot: str) -> tuple[BarText, ...]:
    rows = tuple(sorted(bars, key=lambda bar: bar.index))
    check_bars(rows, slot, "--bars")
    return rows


def _one_of(word: str, known: tuple[str, ...], where: str) -> None:
    if word not in known:
        near = get_close_matches(word, known, n=1, cutoff=0.5)
        raise FwsimError(
            "unknown value", where=where, found=repr(word), expected=", ".join(known),
            hint=f"did you mean {near[0]}?" if near else "",
        )  # fmt: skip


def _check_sizes(ask: Ask) -> None:
    if ask.ram < MIB or ask.ram % 4096:
        raise FwsimError(
            "RAM below 1 MiB" if ask.ram < MIB else "impossible RAM size", where="--ram", found=format_size(ask.ram),
            expected="from 1M on, whole 4 KiB pages", hint="such as --ram 2G",
        )  # fmt: skip
    for where, value, most in (
        ("--stolen", ask.stolen, (1 << 64) - 1), ("--opregion", ask.opregion, (1 << 32) - 1),
        ("--ggc", ask.ggc, 0xFFFF), ("--host-bdsm", ask.host_bdsm, (1 << 64) - 1),
        ("--host-asls", ask.host_asls, (1 << 32) - 1),
        ("--class", ask.class_code, 0xFFFFFF), ("--device", ask.device, 0xFFFF),
    ):  # fmt: skip
        if value > most:
            raise FwsimError(
                "too large", where=where, found=f"{value:#x}", expected=f"up to {most:#x}", hint="check the unit"
            )


def _ggc_and_stolen(ask: Ask, fam: Family, reads_ggc: bool) -> tuple[int, int]:
    """The two agree unless both are given; a size that no code stands for is an error where only GGC counts."""
    rule = fam.gms
    if ask.ggc >= 0:
        return ask.ggc, rule.decode(ask.ggc) if ask.stolen < 0 else ask.stolen
    if ask.stolen < 0:
        return fam.ggc, rule.decode(fam.ggc)
    code = rule.encode(ask.stolen)
    if code is not None:
        return (fam.ggc & ~rule.mask) | code, ask.stolen
    if not reads_ggc:
        return fam.ggc, ask.stolen
    sizes = sorted({rule.decode(each << rule.shift) for each in range((rule.mask >> rule.shift) + 1)} - {0})
    below = [size for size in sizes if size < ask.stolen]
    raise FwsimError(
        f"GGC has no code for this size, and {ask.firmware} reads the size there", where="--stolen",
        found=format_size(ask.stolen), expected=f"a size that {fam.title} can announce, {_some(sizes)}",
        hint=f"the largest that would fit is {format_size(below[-1] if below else sizes[0])}",
    )  # fmt: skip


def _some(sizes: list[int]) -> str:
    shown = [format_size(size) for size in sizes]
    return ", ".join(shown) if len(shown) < 6 else f"{shown[0]}, {shown[1]} ... {shown[-1]}"
