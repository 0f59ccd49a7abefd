"""The display has its own copies of what configuration space says of stolen memory."""

from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import ALL, read_only
from fwsim.registers.family import Family

_RESERVED_TOP = {9: (1 << 20, 0x47), 10: (1 << 20, 0x47), 11: (2 << 20, 0x87), 12: (2 << 20, 0x87),
                 13: (2 << 20, 0x87)}  # fmt: skip
"""By generation: size of the reserved part at the end of stolen memory, and the low bits of STOLEN_RESERVED, as two
hosts have them: Comet Lake 7f700047 below 7f800000, gen 11 50200087 below 50400000. Before gen 9: 1 MiB, in use."""


def stolen_mirrors(site: Site) -> Behaviour:
    """GGC 0x108040, DSMBASE 0x1080C0 and GSMBASE 0x108100 of the host, locked; 0x1082C0: the reserved part.

    Linux i915 i915_reg.h (GEN6_DSMBASE), gem/i915_gem_stolen.c (GEN6_STOLEN_RESERVED). The guest's hypervisor may
    answer in their place.
    """
    family = site.family
    size = family.gms.decode(site.ggc)
    gsm = site.bdsm - (family.ggms.decode(site.ggc) if family.ggms else 0)
    values = {0x108040: site.ggc, 0x1080C0: site.bdsm & 0xFFF00000 | 1, 0x108100: gsm & 0xFFF00000 | 1}
    if family.gen >= 11:
        values |= {0x1080C4: site.bdsm >> 32, 0x108104: gsm >> 32}
    if size:
        values |= _reserved(family, site.bdsm + size)
    return Behaviour("stolen mirrors", tuple(read_only(at, ALL) for at in values), values)


def _reserved(family: Family, end: int) -> dict[int, int]:
    """STOLEN_RESERVED, and what firmware leaves pointing there, read-only after its POST (lf-edge/eve#6432).

    RC6_CTX_BASE 0xD48 must lie inside (Linux i915 gt/intel_rc6.c, bxt_check_bios_rc6_setup), 0xDC8 points at it on gen
    12. Which page of it they name is the firmware's affair: here its first.
    """
    size, low = _RESERVED_TOP.get(family.gen, (1 << 20, 1))
    base = end - size
    values = {0x1082C0: base & 0xFFF00000 | low}
    if family.gen >= 11:
        values[0x1082C4] = base >> 32
    if base >= 1 << 32:  # how these two say more than 32 bits is not public
        return values
    if family.gen >= 9:
        values[0xD48] = base & 0xFFFFF000 | 1
    if family.gen >= 12:
        values[0xDC8] = base & 0xFFFFF000
    return values


def page_table(site: Site) -> Behaviour:
    """PGTBL_CTL 0x2020 as firmware leaves it: the GTT is the end of stolen memory, enabled (bit 0), size by code 3:1.

    Linux char/agp/intel-agp.h: 0 is 512 KiB, 1 256 KiB, 2 128 KiB; G33 and G45 have memory beside it (3: 1 MiB, 4: 2).
    """
    family = site.family
    codes = {512 << 10: 0, 256 << 10: 1, 128 << 10: 2, 1 << 20: 3, 2 << 20: 4}
    code = codes.get(family.gtt_size, 0)
    outside = family.ggms.decode(site.ggc) if family.ggms else 0
    end = site.bdsm + family.gms.decode(site.ggc)
    base = site.bdsm - outside if outside else end - family.gtt_size
    return Behaviour("PGTBL_CTL", (), {0x2020: base & 0xFFFFF000 | code << 1 | 1})
