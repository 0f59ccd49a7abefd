"""Where do the registers say that stolen memory is? The display's own copies of what configuration space holds."""

from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import ALL, read_only

_RESERVED_MIB = {1: 0, 2: 1 << 7, 4: 2 << 7, 8: 3 << 7}


def stolen_mirrors(site: Site) -> Behaviour:
    """GGC 0x108040, DSMBASE 0x1080C0 and GSMBASE 0x108100 of the host, locked; 0x1082C0: 1 MiB at the end, reserved.

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
        values[0x1082C0] = (site.bdsm + size - (1 << 20)) & 0xFFF00000 | _RESERVED_MIB[1] | 1
    return Behaviour("stolen mirrors", tuple(read_only(at, ALL) for at in values), values)


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
