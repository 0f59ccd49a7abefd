"""The display has its own copies of what configuration space says of stolen memory."""

from collections.abc import Iterator

from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import value_of
from fwsim.registers import mmio_gt as gt
from fwsim.registers.core import RegisterAt

_MIB, _FOUR_GIB = 1 << 20, 1 << 32
_RESERVED_TOP = ((11, 2 << 20, 0x87), (9, 1 << 20, 0x47), (2, 1 << 20, 1))
"""From a generation on: size of the reserved part at the end of stolen memory, and the low bits of STOLEN_RESERVED, as
two hosts have them: gen 11 50200087 below 50400000, Comet Lake 7f700047 below 7f800000. Before gen 9: 1 MiB, in use."""


def _dwords(place: RegisterAt, value: int) -> Iterator[tuple[int, int]]:
    """A register's value by offset; one of 64 bits takes two dwords."""
    for part in range(place.register.width // 4):
        yield place.address + 4 * part, value >> 32 * part & 0xFFFFFFFF


def stolen_mirrors(site: Site) -> Behaviour:
    """GGC_MIRROR, DSMBASE and GSMBASE of the host, locked; STOLEN_RESERVED: the reserved part.

    Linux i915 i915_reg.h (GEN6_DSMBASE), gem/i915_gem_stolen.c (GEN6_STOLEN_RESERVED). The guest's hypervisor may
    answer in their place.
    """
    family = site.family
    size = family.gms.decode(site.ggc)
    below = family.ggms.decode(site.ggc) if family.ggms else 0
    values = dict(_dwords(site.at(gt.GGC_MMIO_GEN6, gt.GGC_MMIO), site.ggc))
    for place, base in ((site.at(gt.DSMBASE, gt.DSMBASE64), site.bdsm), (site.at(gt.GSMBASE), site.bdsm - below)):
        values |= _dwords(place, base & -_MIB | gt.DSMBASE.LOCK.mask)
    if size:
        values |= _reserved(site, site.bdsm + size)
    return Behaviour("stolen mirrors", (), values)


def _reserved(site: Site, end: int) -> dict[int, int]:
    """STOLEN_RESERVED, and what firmware leaves pointing there, read-only after its POST (lf-edge/eve#6432).

    RC6_CTX_BASE must lie inside (Linux i915 gt/intel_rc6.c, bxt_check_bios_rc6_setup), DC8 points at it on gen 12.
    Which page of it they name is the firmware's affair: here its first.
    """
    size, low = next(rest for first, *rest in _RESERVED_TOP if site.family.gen >= first)
    base = end - size
    values = dict(_dwords(site.at(gt.STOLEN_RESERVED, gt.STOLEN_RESERVED64), base & -_MIB | low))
    if base >= _FOUR_GIB:  # how these two say more than 32 bits is not public
        return values
    for form, lock in ((gt.RC6_CTX_BASE, gt.RC6_CTX_BASE.LOCK.mask), (gt.DC8, 0)):
        if site.has(form):
            values |= _dwords(site.at(form), base & -0x1000 | lock)
    return values


def page_table(site: Site) -> Behaviour:
    """PGTBL_CTL as firmware leaves it: the GTT is the end of stolen memory, enabled, its size by a code.

    Linux char/agp/intel-agp.h: 0 is 512 KiB, 1 256 KiB, 2 128 KiB; G33 and G45 have memory beside it (3: 1 MiB, 4: 2).
    """
    family, form = site.family, gt.PGTBL_CTL
    codes = {512 << 10: 0, 256 << 10: 1, 128 << 10: 2, 1 << 20: 3, 2 << 20: 4}
    code = codes.get(family.gtt_size, 0)
    outside = family.ggms.decode(site.ggc) if family.ggms else 0
    end = site.bdsm + family.gms.decode(site.ggc)
    base = site.bdsm - outside if outside else end - family.gtt_size
    at = site.at(form)
    value = value_of(at, (form.BASE, base >> form.BASE.lsb), (form.ENABLE, 1))
    return Behaviour("PGTBL_CTL", (), {at.address: value | code << form.SIZE.lsb})
