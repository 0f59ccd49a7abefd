"""What is asked of a firmware? One configuration with its defaults, refused where no machine can be it."""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from typing import cast

import msgspec
from msgspec import field
from msgspec.structs import replace

from fwsim.errors import FwsimError
from fwsim.firmware.fake_bar import GUESTS, HOLDERS
from fwsim.firmware.request import Bar, BarKind, Function, format_bdf, parse_bdf
from fwsim.hypervisor.qemu.versions import VERSIONS as PROFILES
from fwsim.registers.families import family
from fwsim.registers.family import Family
from fwsim.scenario.choices import ADDRESS_SPACE
from fwsim.units import MIB, format_size, parse_size

MACHINES = ("pc", "q35")
DRIVERS = ("vfioigd", "gvt", "none")
_KINDS = {
    "mem": ("mem", False), "pref": ("pref", False), "mem64": ("mem", True), "pref64": ("pref", True),
    "io": ("io", False),
}  # fmt: skip
_CHIPS = {
    "pc": ((0x00, 0x1237, 0x060000), (0x08, 0x7000, 0x060100), (0x09, 0x7010, 0x010180), (0x0B, 0x7113, 0x068000)),
    "q35": ((0x00, 0x29C0, 0x060000), (0xF8, 0x2918, 0x060100), (0xFA, 0x2922, 0x010601), (0xFB, 0x2930, 0x0C0500)),
}
"""(devfn, device id, class) of what QEMU's machines have by themselves."""
_CHIP_BARS = {
    ("pc", 0x09): (Bar(4, 16, "io"),),
    ("q35", 0xFA): (Bar(4, 32, "io"), Bar(5, 4096, "mem")),
    ("q35", 0xFB): (Bar(4, 64, "io"),),
}
_LPC = (0xF8, 0x060100)
_OTHER = (0x1AF4, 0x0001, 0xFF0000)


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
    bytes of the ROM BAR; ``max_low``: QEMU's max-ram-below-4g;
    ``ecam``: hvmloader's on q35.
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


def resolve(ask: Ask, reads_ggc: bool) -> Ask:
    """``ask`` with every default filled in. Raises FwsimError for what no machine can be.

    ``reads_ggc``: the firmware takes the size from GGC, so a size that no code stands for cannot be had.
    """
    name = cpu_of(ask.gen)
    fam = family(name)
    for what, word, known in (
        ("machine", ask.machine, MACHINES), ("driver", ask.driver, DRIVERS), ("holder", ask.holder, HOLDERS),
        ("guest", ask.guest, GUESTS), ("profile", ask.profile, tuple(PROFILES)),
    ):  # fmt: skip
        _one_of(word, known, f"--{what}")
    _check_sizes(ask)
    ggc, stolen = _ggc_and_stolen(ask, fam, reads_ggc)
    return replace(
        ask, gen=name, ggc=ggc, stolen=stolen, slot=format_bdf(parse_bdf(ask.slot)),
        device=fam.device_id if ask.device < 0 else ask.device,
        host_bdsm=fam.bdsm if ask.host_bdsm < 0 else ask.host_bdsm,
        host_asls=fam.asls if ask.host_asls < 0 else ask.host_asls,
    )  # fmt: skip


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
    slot, equals, rows = text.rpartition("=")
    if equals:
        slot = format_bdf(parse_bdf(slot))
    found = []
    for row in rows.split(","):
        index, _, rest = row.partition(":")
        size, _, kind = rest.partition(":")
        if not index.strip().isdigit() or not size or (kind and kind not in _KINDS):
            raise FwsimError(
                "not a BAR", where="--bars", found=repr(row),
                expected="INDEX:SIZE[:KIND], KIND one of " + ", ".join(_KINDS),
                hint="such as --bars 0:16M:mem64,2:256M:pref64 or --bars 00:04.0=0:64K",
            )  # fmt: skip
        name, is64 = _KINDS[kind] if kind else ("", False)
        found.append(
            BarAsk(index=int(index), size=parse_size(size, "--bars"), kind=name, is64=is64, slot=slot if equals else "")
        )
    return found


def igd_bars(fam: Family, ask: Ask) -> tuple[Bar, ...]:
    """The IGD's BARs: the family's with those of ``ask`` in their place. Raises FwsimError for an impossible one."""
    rows = {bar.index: Bar(bar.index, bar.size, bar.kind, bar.is64) for bar in fam.bars}
    wanted = [each for each in ask.bars if each.slot in ("", ask.slot)]
    for each in wanted:
        old = rows.pop(each.index, None)
        if each.size:
            kind, is64 = (each.kind, each.is64) if each.kind else (old.kind, old.is64) if old else ("mem", False)
            rows[each.index] = Bar(each.index, each.size, cast(BarKind, kind), is64)
    return _checked(rows.values(), ask.slot)


def machine_functions(ask: Ask, fam: Family, foreign: bool) -> tuple[Function, ...]:
    """Every function of the machine: QEMU's chipset (a host bridge only where ``foreign``), the IGD, and the others.

    Raises FwsimError for two in one place.
    """
    chips = _CHIPS["pc"][:1] if foreign and ask.firmware != "hvmloader" else _CHIPS[ask.machine]
    rows = {
        bdf: Function(bdf, 0x8086, device, code, _CHIP_BARS.get((ask.machine, bdf), ())) for bdf, device, code in chips
    }
    if not foreign:
        rows.setdefault(_LPC[0], Function(_LPC[0], 0x8086, fam.lpc_id, _LPC[1]))
    names = dict.fromkeys(rows, "the chipset")
    igd = Function(
        parse_bdf(ask.slot), 0x8086, ask.device, ask.class_code, igd_bars(fam, ask), ask.rom,
        ggc=ask.ggc if fam.gen >= 6 else None,
    )  # fmt: skip
    _add(rows, names, igd, "the IGD")
    slots = dict.fromkeys(bar.slot for bar in ask.bars if bar.slot not in ("", ask.slot))
    for slot in slots:
        bars = (bar for bar in ask.bars if bar.slot == slot and bar.size)
        made = [Bar(bar.index, bar.size, cast(BarKind, bar.kind or "mem"), bar.is64) for bar in bars]
        vendor, device, code = _OTHER
        _add(rows, names, Function(parse_bdf(slot), vendor, device, code, _checked(made, slot)), "--bars")
    return tuple(rows[bdf] for bdf in sorted(rows))


def _add(rows: dict[int, Function], names: dict[int, str], function: Function, name: str) -> None:
    if function.bdf in rows:
        taken = {bdf >> 3 for bdf in rows}
        free = next((slot for slot in range(3, 31) if slot not in taken), 30)
        raise FwsimError(
            f"two devices claim slot {function.bdf_text}", where="--slot" if name == "the IGD" else "--bars",
            found=f"{names[function.bdf]} and {name}", expected="one of them", hint=f"00:{free:02x}.0 is free",
        )  # fmt: skip
    if function.bdf >> 8:
        raise FwsimError("no bus but 00 here", found=function.bdf_text, expected="00:DD.F", hint="such as 00:04.0")
    rows[function.bdf], names[function.bdf] = function, name


def _checked(bars: Iterable[Bar], slot: str) -> tuple[Bar, ...]:
    rows = sorted(bars, key=lambda bar: bar.index)
    taken: dict[int, int] = {}
    for bar in rows:
        least, most = (4, 0x10000) if bar.kind == "io" else (16, 1 << (39 if bar.is64 else 31))
        if bar.index > 5 - bar.is64 or bar.size & (bar.size - 1) or not least <= bar.size <= most:
            raise FwsimError(
                f"impossible BAR{bar.index} of {slot}", where="--bars", found=f"{format_size(bar.size)} {bar.kind}",
                expected=f"BAR0 to BAR{5 - bar.is64}, a power of two from {least} to {format_size(most)}",
                hint=f"the largest that this kind can be is {format_size(most)}",
            )  # fmt: skip
        for index in (bar.index, bar.index + bar.is64):
            if taken.setdefault(index, bar.index) != bar.index:
                raise FwsimError(
                    f"two BARs of {slot} claim register BAR{index}", where="--bars",
                    found=f"BAR{taken[index]} (64-bit) and BAR{bar.index}", expected="each register once",
                )  # fmt: skip
    return tuple(rows)


def _one_of(word: str, known: tuple[str, ...], where: str) -> None:
    if word not in known:
        near = get_close_matches(word, known, n=1, cutoff=0.5)
        raise FwsimError(
            "unknown value", where=where, found=repr(word), expected=", ".join(known),
            hint=f"did you mean {near[0]}?" if near else "",
        )  # fmt: skip


def _check_sizes(ask: Ask) -> None:
    if ask.ram < MIB or ask.ram > ADDRESS_SPACE or ask.ram % 4096:
        raise FwsimError(
            "RAM below 1 MiB" if ask.ram < MIB else "impossible RAM size", where="--ram", found=format_size(ask.ram),
            expected="1M to 1T (2^40, the address space), whole 4 KiB pages", hint="such as --ram 2G",
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
