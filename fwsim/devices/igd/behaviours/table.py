"""Each family has its row of behaviours, and says whether an image of its own was ever run on them."""

from functools import lru_cache

from msgspec import Struct

from fwsim.devices.igd.behaviours import (
    clock,
    crt,
    cx0,
    ddc,
    ddi,
    hotplug,
    panel,
    pch,
    phy,
    pipe,
    power,
    sideband,
    stolen,
    typec,
)
from fwsim.devices.igd.behaviours.core import Behaviour, Maker, Site
from fwsim.devices.igd.behaviours.wiring import FROM_ICELAKE
from fwsim.registers.family import Family

_DDC: tuple[Maker, ...] = (ddc.gmbus, ddc.gpio, ddc.aux_channels)
_GMCH: tuple[Maker, ...] = (
    pipe.scanline, pipe.pipe_status, stolen.page_table, *_DDC, hotplug.hotplug_enable, hotplug.hotplug_status,
    panel.panel_power,
)  # fmt: skip
_GEN3: tuple[Maker, ...] = (pipe.frame_halves, *_GMCH)
_CRESTLINE: tuple[Maker, ...] = (*_GEN3, pipe.pipe_state)
_G4X: tuple[Maker, ...] = (pipe.frame_counter, pipe.pipe_state, pipe.live_surface, *_GMCH)

_ILK: tuple[Maker, ...] = (
    *pipe.PIPES, pipe.live_surface, *_DDC, crt.detection, hotplug.port_straps, hotplug.lvds_strap, pch.transcoders,
    pch.fdi_receivers, panel.panel_power,
)  # fmt: skip
_IRONLAKE: tuple[Maker, ...] = (
    *_ILK, pipe.ilk_blanks, hotplug.ibex_live, hotplug.ilk_cpu_live, stolen.page_table, clock.ilk_fdi_pll,
)  # fmt: skip
_PCH: tuple[Maker, ...] = (*_ILK, hotplug.pch_live, stolen.stolen_mirrors)
_SANDYBRIDGE: tuple[Maker, ...] = (*_PCH, pipe.ilk_blanks, hotplug.ilk_cpu_live)
_IVYBRIDGE: tuple[Maker, ...] = (*_PCH, pipe.ivb_blanks, hotplug.ivb_cpu_live, pch.fdi_auto_training)
_HSW: tuple[Maker, ...] = (
    *pipe.PIPES, pipe.live_surface, *_DDC, crt.detection, hotplug.pch_live, hotplug.fuse_straps, hotplug.ddi_a_strap,
    pch.transcoders, pch.hsw_fdi_receiver, pch.mphy_reset, pch.iclk, panel.panel_power, stolen.stolen_mirrors,
    clock.hsw_lcpll, power.hsw_wells, ddi.buffers, ddi.transport,
)  # fmt: skip
_HASWELL: tuple[Maker, ...] = (*_HSW, pipe.ivb_blanks, hotplug.ivb_cpu_live)
_BROADWELL: tuple[Maker, ...] = (*_HSW, pipe.bdw_blanks, hotplug.bdw_cpu_live)

_DDI: tuple[Maker, ...] = (
    *pipe.PIPES, pipe.live_surface, pipe.bdw_blanks, *_DDC, hotplug.ddi_a_strap, panel.panel_power,
    stolen.stolen_mirrors, power.data_buffer, power.pcode, ddi.buffers, ddi.transport,
)  # fmt: skip
_GEN9: tuple[Maker, ...] = (*_DDI, power.skl_wells, power.skl_fuses)
_SKYLAKE: tuple[Maker, ...] = (
    *_GEN9, hotplug.pch_live, hotplug.fuse_straps, clock.skl_lcplls, clock.skl_pll_status, clock.skl_core_clock,
)  # fmt: skip
_BROXTON: tuple[Maker, ...] = (
    *_GEN9, hotplug.broxton_live, clock.bxt_plls, clock.bxt_core_clock, phy.bxt_power_good, phy.bxt_calibration,
)  # fmt: skip
_CANNONLAKE: tuple[Maker, ...] = (*_GEN9, hotplug.pch_live, hotplug.fuse_straps)
_ICELAKE: tuple[Maker, ...] = (
    *_DDI, power.icl_wells, power.icl_fuses, hotplug.icelake_live, hotplug.fuse_straps, clock.icl_plls,
)  # fmt: skip
_TIGERLAKE: tuple[Maker, ...] = (
    *_ICELAKE, clock.tgl_reference, typec.live, typec.flexible_io, typec.phy_mode, typec.microcontroller,
)  # fmt: skip
_ALDERLAKE_P: tuple[Maker, ...] = (*_TIGERLAKE, typec.subsystem)
_METEORLAKE: tuple[Maker, ...] = (
    *_ICELAKE, clock.tgl_reference, typec.pica_live, typec.subsystem, power.pm_demand, cx0.display_present,
    cx0.buffers, cx0.lanes, cx0.port_clocks, cx0.message_bus, cx0.aux_power,
)  # fmt: skip

_CHERRYVIEW: tuple[Maker, ...] = (
    *pipe.PIPES, pipe.pipe_status, *_DDC, hotplug.hotplug_enable, hotplug.hotplug_status, hotplug.port_straps,
    panel.panel_power, stolen.stolen_mirrors, sideband.iosf, sideband.punit, clock.vlv_plls, clock.vlv_core_clock,
    phy.chv_power_good,
)  # fmt: skip
_BAYTRAIL: tuple[Maker, ...] = (*(maker for maker in _CHERRYVIEW if maker is not phy.chv_power_good), crt.detection)


class Known(Struct, frozen=True):
    """A family's behaviours. ``like``: whose they are, where no image of the family's own has run on them; "drivers"
    where they are only what Linux waits for.
    """

    makers: tuple[Maker, ...]
    like: str = ""


_BY_FAMILY: dict[str, Known] = {
    **dict.fromkeys(("830", "845", "855", "865", "915", "945", "G33"), Known(_GEN3, "965")),
    "965": Known(_CRESTLINE),
    **dict.fromkeys(("G45", "GM45"), Known(_G4X, "965")),
    "ironlake": Known(_IRONLAKE, "sandybridge"),
    "sandybridge": Known(_SANDYBRIDGE),
    "ivybridge": Known(_IVYBRIDGE),
    "haswell": Known(_HASWELL),
    "broadwell": Known(_BROADWELL, "haswell"),
    "baytrail": Known(_BAYTRAIL),
    "cherryview": Known(_CHERRYVIEW),
    "skylake": Known(_SKYLAKE),
    "kabylake": Known(_SKYLAKE, "skylake"),
    "coffeelake": Known(_SKYLAKE),
    "cometlake": Known(_SKYLAKE, "coffeelake"),
    "apollolake": Known(_BROXTON),
    "geminilake": Known(_BROXTON, "apollolake"),
    "cannonlake": Known(_CANNONLAKE, "drivers"),
    **dict.fromkeys(FROM_ICELAKE, Known(_ICELAKE, "drivers")),
    "tigerlake": Known(_TIGERLAKE),
    "alderlake-p": Known(_ALDERLAKE_P),
    "meteorlake": Known(_METEORLAKE),
}
_NOTHING = Known((), "nothing")


def known(family: Family) -> Known:
    """The family's row; one without has no behaviour at all, and is registers only."""
    return _BY_FAMILY.get(family.name, _NOTHING)


@lru_cache(maxsize=16)
def behaviours(site: Site) -> tuple[Behaviour, ...]:
    """Everything the display of this site does by itself: nobody changes it, machines of one kind share it."""
    return tuple(make(site) for make in known(site.family).makers)


def unmeasured(family: Family) -> str:
    """What to know of a run on a family that no image of its own was run on; "" for the others."""
    like = known(family).like
    if not like:
        return ""
    by = {"nothing": "nothing: registers are storage", "drivers": "what Linux's driver waits for"}
    shown = by.get(like, f"what {like}'s does, where the registers are the same")
    return f"no video BIOS of {family.name} was ever run here; its display does {shown}"
