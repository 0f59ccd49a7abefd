"""QEMU's vfio-igd by release: known generations, sizes offered, registers emulated, and when legacy mode comes up.

A release is a row of ``ROWS``; a user's release takes the newest row that is not newer than it.

Source: QEMU hw/vfio/igd.c at three states: about 5.x (QV1), about 9.1 (QV2), after 11.0 (QN); docs/igd-assign.txt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fwsim.errors import FwsimError
from fwsim.hypervisor.interface import ASLS

MIB = 1 << 20
UNKNOWN_GEN = -1
BDSM_OLD, BDSM_NEW, GMCH = 0x5C, 0xC0, 0x50
VGA_DISABLED = 2
"""Bit 1 of GMCH: the device takes no VGA cycles."""
NEWEST = (1 << 16,)
"""The number of the release that is still being made."""
_NONE = dict.fromkeys((0x00, 0x25, 0x27, 0x29, 0x2A, 0x2E, 0x35, 0xA0), UNKNOWN_GEN)
_OLD = _NONE | {0x01: 6} | dict.fromkeys((0x04, 0x0A, 0x0C, 0x0D, 0x0F), 6) | dict.fromkeys((0x16, 0x19, 0x22, 0x59), 8)


@dataclass(frozen=True, slots=True)
class IgdVersion:
    """One state of vfio-igd, from release ``since`` on. ``first_test`` is (mask, value, generation) on the device id,
    before ``families``. ``does`` says in a few words what becomes of a GTT entry.
    """

    name: str
    since: tuple[int, ...]
    first_test: tuple[int, int, int]
    families: Mapping[int, int] = field(repr=False)
    default_gen: int = UNKNOWN_GEN
    gms_from_host: bool = True
    gms_capped: bool = False
    counts_ggms: bool = True
    ggms_zero_is_one: bool = False
    legacy_only: bool = True
    traps_iobar: bool = True
    patches_shadow: bool = False
    does: str = "it adds (guest - host) to each GTT entry that the ROM writes through the I/O BAR, wherever that points"


_QV1 = IgdVersion("QV1", (2, 7), (0xFFF, 0xA84, 8), _OLD, 8, gms_from_host=False, ggms_zero_is_one=True)
_QV2 = IgdVersion(
    "QV2", (9, 1), (0xFFF, 0xA84, 8), _OLD | {0x3E: 9, 0x45: 11, 0x9A: 12}, gms_capped=True
)  # fmt: skip
_Q10 = IgdVersion(
    "QN-", (10, 0), (0xFFE, 0xA84, 9),
    _NONE | {0x01: 6, 0x16: 8, 0x22: 8, 0x9A: 12}
    | dict.fromkeys((0x04, 0x0A, 0x0C, 0x0D, 0x0F), 7)
    | dict.fromkeys((0x19, 0x59, 0x31, 0x9B, 0x3E), 9)
    | dict.fromkeys((0x45, 0x4E, 0x8A), 11)
    | dict.fromkeys((0x46, 0x4C, 0xA7), 12),
    counts_ggms=False, legacy_only=False, traps_iobar=False, does="it passes GTT entries as the ROM writes them",
)  # fmt: skip
_QN = replace(
    _Q10, name="QN", since=NEWEST, patches_shadow=True,
    does="it passes GTT entries as the ROM writes them, and clears the base that a posted image remembers",
)  # fmt: skip
ROWS = (_QV1, _QV2, _Q10, _QN)
"""Oldest first."""
_NUMBER = re.compile(r"\d{1,3}(\.\d{1,3}){1,2}")


def version(profile: str) -> IgdVersion:
    """The row of a release such as "8.2", "10.0.13" or "next". Raises FwsimError for a text that is none."""
    if profile == "next":
        return ROWS[-1]
    number = tuple(map(int, profile.split("."))) if _NUMBER.fullmatch(profile) else ()
    if number < ROWS[0].since:
        raise FwsimError(
            "no such QEMU release", where="hypervisor.profile", found=repr(profile),
            expected='a release from 2.7 on, such as "9.1" or "10.0.2", or "next"',
            hint="2.7 is the first with IGD assignment" if number else "",
        )  # fmt: skip
    return next(row for row in reversed(ROWS) if row.since <= number)


def generation(row: IgdVersion, device_id: int) -> int:
    """The generation this version takes ``device_id`` for, -1 where it does not know it."""
    mask, value, gen = row.first_test
    if device_id & mask == value:
        return gen
    return row.families.get(device_id >> 8, row.default_gen)


def gms_field(gen: int) -> tuple[int, int]:
    """(mask, shift) of the GMS field in the word at 0x50: 5 bits at 3 before gen8, 8 bits at 8 from there on."""
    return (0x1F, 3) if gen < 8 else (0xFF, 8)


def gms_code_mib(row: IgdVersion, gen: int, code: int) -> int:
    """MiB of data stolen memory for a GMS ``code``; 0 where this version refuses it."""
    if gen < 9:
        return 0 if row.gms_capped and code > 0x10 else code * 32
    return code * 32 if code < 0xF0 else (code - 0xF0) * 4 + 4


def gms_mib(row: IgdVersion, gen: int, gmch: int) -> int:
    """MiB of data stolen memory that ``gmch`` names, as this version decodes it."""
    mask, shift = gms_field(gen)
    return gms_code_mib(row, gen, gmch >> shift & mask)


def ggms_mib(row: IgdVersion, gen: int, gmch: int) -> int:
    """MiB of GTT memory: bits 9:8 before gen8, 1 << bits 7:6 from there on (0 is 1 MiB in QV1, else none)."""
    if gen < 8:
        return gmch >> 8 & 3
    code = gmch >> 6 & 3
    return 1 << code if code or row.ggms_zero_is_one else 0


def index_limit(row: IgdVersion, gen: int, gmch: int) -> int:
    """First IOBAR index that is not rewritten: pages of GTT memory times the entry size, not its length in bytes."""
    return ggms_mib(row, gen, gmch) * MIB // 4096 * (4 if gen < 8 else 8)


def zeroed_indices(row: IgdVersion, gen: int, gmch: int) -> range:
    """The indices at which start-up writes 0 through IOBAR; none where the version does not trap it."""
    return range(1, index_limit(row, gen, gmch) if row.traps_iobar else 0, 4)


@dataclass(frozen=True, slots=True)
class Stolen:
    """What QEMU offers the guest: ``bdsm_size`` in bytes (`etc/igd-bdsm-size`), the word at 0x50, a refusal or none."""

    bdsm_size: int
    gmch: int
    error: str = ""


def stolen(row: IgdVersion, gen: int, host_gmch: int, x_igd_gms: int = 0) -> Stolen:
    """Stolen memory for a guest, from the host's GMCH and the option x-igd-gms (a GMS code, 0: not given).

    A non-empty ``error`` with QN means that the device does not come up at all; with QV1 the option counts as 0.
    """
    mask, shift = gms_field(gen)
    cleared = host_gmch & ~(mask << shift)
    if not row.gms_from_host:
        error = "" if x_igd_gms <= 0x10 else f"unsupported x-igd-gms {x_igd_gms:#x}"
        code = 0 if error else x_igd_gms
        return Stolen((ggms_mib(row, gen, host_gmch) + code * 32) * MIB, cleared | code << shift, error)
    if row.counts_ggms:
        return Stolen((ggms_mib(row, gen, host_gmch) + gms_mib(row, gen, host_gmch)) * MIB, host_gmch)
    if x_igd_gms and not _gms_allowed(gen, x_igd_gms):
        return Stolen(0, host_gmch, f"unsupported x-igd-gms {x_igd_gms:#x} for generation {gen}")
    if gen == UNKNOWN_GEN:
        return Stolen(0, host_gmch)
    gmch = cleared | x_igd_gms << shift if x_igd_gms else host_gmch
    return Stolen(gms_mib(row, gen, gmch) * MIB, gmch)


def _gms_allowed(gen: int, code: int) -> bool:
    if gen == UNKNOWN_GEN:
        return False
    if gen < 8:
        return code <= 0x10
    return code <= 0x40 or (gen >= 9 and 0xF0 <= code <= 0xFE)


@dataclass(frozen=True, slots=True)
class Emulated:
    """A config register that QEMU answers itself: ``width`` in bytes, read-only or plain storage reset to 0."""

    offset: int
    width: int
    writable: bool


def emulated_registers(
    row: IgdVersion, gen: int, *, legacy: bool, opregion: bool, x_igd_gms: int = 0
) -> list[Emulated]:
    """The registers of 00:02.0 that do not reach the device; what is not listed passes through.

    ``legacy`` is whether legacy mode came up, ``opregion`` whether the kernel offers an OpRegion region.
    """
    new_bdsm = gen >= 11 and row.name != "QV1"
    bdsm = Emulated(BDSM_NEW, 8, True) if new_bdsm else Emulated(BDSM_OLD, 4, True)
    out = []
    if row.legacy_only:
        if not row.gms_from_host or legacy:
            out.append(Emulated(GMCH, 4, False))
        if legacy:
            out.append(bdsm)
        if opregion:
            out.append(Emulated(ASLS, 4, True))
    elif opregion:
        if x_igd_gms:
            out.append(Emulated(GMCH, 4, False))
        if gen > 0:
            out.append(bdsm)
        out.append(Emulated(ASLS, 4, True))
    return out


def bar0_mirrors(
    row: IgdVersion, gen: int, *, at_slot_2: bool = True, x_igd_gms: int = 0
) -> list[tuple[int, int, int]]:
    """(BAR0 offset, bytes, config offset) of the registers that QEMU answers from config space."""
    if row.legacy_only:
        return [(0x1080C0, 8, BDSM_NEW)] if row.gms_from_host and gen >= 11 and at_slot_2 else []
    if gen < 6:
        return []
    mirrors = [(0x1080C0, 8, BDSM_NEW) if gen >= 11 else (0x1080C0, 4, BDSM_OLD)]
    return mirrors + ([(0x108040, 2, GMCH)] if x_igd_gms else [])


@dataclass(frozen=True, slots=True)
class LegacyFacts:
    """What decides legacy mode: the device's identity and place, its ROM, and what kernel and machine offer."""

    gen: int
    gmch: int
    machine: str = "pc"
    slot_2: bool = True
    intel: bool = True
    vga_class: bool = True
    rom: bool = True
    lpc_occupied: bool = False
    hotplugged: bool = False
    kernel_regions: bool = True
    vga_region: bool = True
    option: str = "auto"


def legacy_refusal(row: IgdVersion, facts: LegacyFacts) -> str:
    """Why legacy mode does not come up, "" where it does; the first condition that fails, in the version's order."""
    gens = (6, 8) if row.name == "QV1" else range(6, 10) if not row.legacy_only else range(0, 99)
    vga_needed = not facts.gmch & VGA_DISABLED
    common = [
        (facts.intel, "not an Intel device"),
        (facts.vga_class, "not of VGA class"),
        (facts.slot_2, "not at guest address 00:02.0"),
        (facts.gen in gens, f"generation {facts.gen} is not supported"),
    ]
    if row.legacy_only:
        checks = [
            *common,
            (not facts.lpc_occupied and facts.machine != "q35", "00:1f.0 is occupied by another device"),
            (facts.rom, "no ROM"),
            (not facts.hotplugged, "hotplugged"),
            (facts.kernel_regions, "the kernel offers no IGD regions"),
            (not vga_needed or facts.vga_region, "VGA access cannot be enabled"),
        ]
    else:
        checks = [
            (facts.kernel_regions, "the kernel offers no OpRegion"),
            (facts.option != "off", "switched off by x-igd-legacy-mode"),
            *common,
            (vga_needed, "GMCH says that VGA is disabled"),
            (facts.machine == "pc", "the machine is not an i440fx"),
            (facts.rom, "no ROM"),
            (facts.vga_region, "VGA access cannot be enabled"),
        ]
    return next((text for holds, text in checks if not holds), "")
