"""QEMU's vfio-igd by release: known generations, sizes offered, and what sets one state of its code off from another.

A release is a row of ``ROWS``; a user's release takes the newest row that is not newer than it. What a row's code
does at start-up is in ``trap_quirk`` (up to 9.2) and ``config_quirk`` (from 10.0 on).

Source: QEMU hw/vfio/igd.c of 7.2.22, 9.2.1, 10.0.2, 10.0.13, 10.1.0, 10.2.2 and 11.0.3, compiled and measured; read at
5.0.50, 9.1.0 (the context of lf-edge/eve pkg/xen-tools 08-vfio-igd-backport-igd-gen.patch, made for 9.1.0), 03828b00
(9.2.50) and 3844fbc0 (after 11.0); docs/igd-assign.txt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fwsim.exactness import Known
from fwsim.hypervisor.qemu.releases import release

MIB = 1 << 20
UNKNOWN_GEN = -1
BDSM_OLD, BDSM_NEW, GMCH = 0x5C, 0xC0, 0x50
VGA_DISABLED = 2
"""Bit 1 of GMCH: the device takes no VGA cycles."""
_NONE = dict.fromkeys((0x00, 0x25, 0x27, 0x29, 0x2A, 0x2E, 0x35, 0xA0), UNKNOWN_GEN)
_OLD = _NONE | {0x01: 6} | dict.fromkeys((0x04, 0x0A, 0x0C, 0x0D, 0x0F), 6) | dict.fromkeys((0x16, 0x19, 0x22, 0x59), 8)


@dataclass(frozen=True, slots=True)
class IgdVersion:
    """One state of vfio-igd, from release ``since`` on. ``first_test`` is (mask, value, generation) on the device id,
    before ``families``. ``does`` says in a few words what becomes of a GTT entry.

    ``trap``: up to 9.2 all is done where BAR4 is probed, and GTT entries are rewritten there. ``gms_from_host``: the
    size is the host's, not x-igd-gms alone; ``gms_capped``: GMS codes past 10h before gen 9 count as none;
    ``ggms_zero_is_one``: GGMS 0 is 1 MiB on gen 8. From 10.0 on: ``detects``: an OpRegion region makes the device an
    IGD, and x-igd-opregion is on by default; ``display_class``: base class 03h does, not 0300h alone.
    """

    name: str
    since: tuple[int, ...]
    first_test: tuple[int, int, int]
    families: Mapping[int, int] = field(repr=False)
    default_gen: int = UNKNOWN_GEN
    trap: bool = True
    gms_from_host: bool = True
    gms_capped: bool = False
    ggms_zero_is_one: bool = False
    detects: bool = False
    display_class: bool = False
    patches_shadow: bool = False
    does: str = "it adds (guest - host) to each GTT entry that the ROM writes through the I/O BAR, wherever that points"


_Q5 = IgdVersion("5.0", (2, 7), (0xFFF, 0xA84, 8), _OLD, 8, gms_from_host=False, ggms_zero_is_one=True)
_Q92 = IgdVersion(
    "9.2", (9, 2), (0xFFF, 0xA84, 8), _OLD | {0x3E: 9, 0x45: 11, 0x9A: 12}, gms_capped=True, ggms_zero_is_one=True
)
UNRELEASED = (9, 2, 50)
"""What lay between 9.2 and 10.0, which no release is."""
_Q9250 = replace(_Q92, name="9.2.50", since=UNRELEASED, ggms_zero_is_one=False)
_PATCHES = "it passes GTT entries as the ROM writes them, and clears the base that a posted image remembers"
_Q10 = IgdVersion(
    "10.0", (10, 0), (0xFFE, 0xA84, 9),
    _NONE | {0x01: 6, 0x16: 8, 0x22: 8, 0x9A: 12}
    | dict.fromkeys((0x04, 0x0A, 0x0C, 0x0D, 0x0F), 7)
    | dict.fromkeys((0x19, 0x59, 0x31, 0x9B, 0x3E), 9)
    | dict.fromkeys((0x45, 0x4E, 0x8A), 11)
    | dict.fromkeys((0x46, 0x4C, 0xA7), 12),
    trap=False, does="it passes GTT entries as the ROM writes them",
)  # fmt: skip
_Q101 = replace(_Q10, name="10.1", since=(10, 1), detects=True)
_Q102 = replace(_Q101, name="10.2", since=(10, 2), display_class=True)
ROWS = (
    _Q5,
    _Q92,
    _Q9250,
    _Q10,
    replace(_Q10, name="10.0.13", since=(10, 0, 13), patches_shadow=True, does=_PATCHES),
    _Q101,
    _Q102,
    replace(_Q102, name="11.1", since=(11, 1), patches_shadow=True, does=_PATCHES),
)
"""Oldest first. Measured: 7.2.22 has the first row's, 9.2.1, 10.0.2, 10.0.13, 10.1.0, 10.2.2 their own, 11.0.3 10.2's.

9.2 has what the pull request "vfio queue: Support for IGDs of gen 11 and later" of 2024-09-17 brought (87192241 is its
head), after 9.1.0 (2024-09-03) and for 9.2; no 9.1.x has it: 9.1.2 takes a Raptor Lake, 9.2.0 refuses it
(gangqizai/igd#27). 9.2.2 to 9.2.4 changed nothing of it, by the lists of their patches (qemu-devel, "Patch Round-up for
stable 9.2.4"). 9.2.50 is the development tree between 9.2 and 10.0 at 03828b00, which takes GGMS 0 for no memory;
no release is of that state. The shadow patch is 256229e8, in the pull request of 2026-07-21 (after 11.0, before 11.1);
of 10.0.x, 10.0.13 is the first with it, by the changes that Debian lists for each (10.0.12, 2026-07-25, is without).
11.0.3 has it not; whether a later 11.0.x or 10.2.x has is not known. 11.1 was read at 3844fbc0.
"""
COMPILED = ("7.2.22", "9.2.1", "10.0.2", "10.0.13", "10.1.0", "10.2.2", "11.0.3")
"""The releases whose igd.c was compiled and measured."""


def version(profile: str) -> IgdVersion:
    """The row of a release such as "8.2", "10.0.13" or "next". Raises FwsimError for what is none."""
    number = release(profile)
    return next(row for row in reversed(ROWS) if row.since <= number)


def known(profile: str) -> Known:
    """How well what this release does is known: measured where one of its series with the same row was."""
    row = version(profile)
    series = profile.split(".")[:2]
    near = [each for each in COMPILED if each.split(".")[:2] == series and version(each) is row]
    if near:
        return Known("measured", f"hw/vfio/igd.c of QEMU {near[-1]}, compiled")
    return Known("read", f"hw/vfio/igd.c of QEMU; {profile} has what {row.name} brought, as far as it was read")


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


def gms_code(gen: int, gmch: int) -> int:
    """The GMS code in ``gmch``."""
    mask, shift = gms_field(gen)
    return gmch >> shift & mask


def gms_mib(row: IgdVersion, gen: int, gmch: int) -> int:
    """MiB of data stolen memory that ``gmch`` names, as this version decodes it."""
    return gms_code_mib(row, gen, gms_code(gen, gmch))


def with_gms(gen: int, gmch: int, code: int) -> int:
    """``gmch`` with GMS ``code`` in the place of its own."""
    mask, shift = gms_field(gen)
    return gmch & ~(mask << shift) | code << shift


def ggms_mib(row: IgdVersion, gen: int, gmch: int) -> int:
    """MiB of GTT memory: bits 9:8 before gen8, 1 << bits 7:6 from there on (0 is 1 MiB in the oldest, else none)."""
    if gen < 8:
        return gmch >> 8 & 3
    code = gmch >> 6 & 3
    return 1 << code if code or row.ggms_zero_is_one else 0


def index_limit(row: IgdVersion, gen: int, gmch: int) -> int:
    """First IOBAR index that is not rewritten: pages of GTT memory times the entry size, not its length in bytes."""
    return ggms_mib(row, gen, gmch) * MIB // 4096 * (4 if gen < 8 else 8)


def zeroed_indices(row: IgdVersion, gen: int, gmch: int) -> range:
    """The indices at which start-up writes 0 through IOBAR; none where the version does not trap it."""
    return range(1, index_limit(row, gen, gmch) if row.trap else 0, 4)


@dataclass(frozen=True, slots=True)
class Stolen:
    """What QEMU offers the guest: ``bdsm_size`` in bytes (`etc/igd-bdsm-size`), the word at 0x50, what it says of a
    size that it does not take.
    """

    bdsm_size: int
    gmch: int
    error: str = ""


def stolen(row: IgdVersion, gen: int, host_gmch: int, x_igd_gms: int = 0) -> Stolen:
    """Stolen memory for a guest, from the host's GMCH and the option x-igd-gms (a GMS code, 0: not given).

    A non-empty ``error`` from 10.1 on means that the device does not come up at all; before, that the code is ignored.
    """
    if row.trap:
        return _with_gtt(row, gen, host_gmch, x_igd_gms)
    gmch, error = host_gmch, _gms_error(row, gen, x_igd_gms) if x_igd_gms else ""
    if x_igd_gms and not error:
        gmch = with_gms(gen, host_gmch, x_igd_gms)
    size = 0 if gen == UNKNOWN_GEN or (error and row.detects) else gms_mib(row, gen, gmch)
    return Stolen(size * MIB, gmch, error)


def _with_gtt(row: IgdVersion, gen: int, host_gmch: int, x_igd_gms: int) -> Stolen:
    """Up to 9.2: with the memory for the GTT."""
    code = gms_code(gen, host_gmch) if row.gms_from_host else x_igd_gms
    gmch, size, error = host_gmch, gms_code_mib(row, gen, code), ""
    if gen < 9 and code > 0x10:
        error, size = f"Unsupported IGD GMS value {code:#x}", 0
    if not row.gms_from_host:
        size = 0 if error else code * 32
        gmch = with_gms(gen, host_gmch, 0 if error else code)
    return Stolen((ggms_mib(row, gen, host_gmch) + size) * MIB, gmch, error)


def _gms_error(row: IgdVersion, gen: int, code: int) -> str:
    """What it says of an x-igd-gms that it does not take."""
    if gen == UNKNOWN_GEN:
        return "x-igd-gms is not supported on this device"
    small = row.detects and gen >= 9  # 4 MiB steps are codes F0h to FEh
    if code <= (0x10 if gen < 8 else 0x40) or (small and 0xF0 <= code <= 0xFE):
        return ""
    return f"Parameter 'x-igd-gms' expects {'0~0x10' if gen < 8 else '0~0x40 or 0xf0~0xfe' if small else '0~0x40'}"
