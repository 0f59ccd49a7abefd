"""Each family has its row of behaviours; those without a real image have what their neighbours have."""

from fwsim.devices.igd.behaviours import clock, crt, ddc, ddi, hotplug, pch, phy, pipe, power, sideband, stolen
from fwsim.devices.igd.behaviours.core import Behaviour, Maker, Site
from fwsim.devices.igd.behaviours.panel import panel_power
from fwsim.registers.family import Family

_OLD: tuple[Maker, ...] = (*pipe.PIPES, pipe.pipe_status, stolen.page_table)
_DDC: tuple[Maker, ...] = (ddc.gmbus, ddc.gpio, ddc.aux_channels)
_GMCH: tuple[Maker, ...] = (*_OLD, *_DDC, hotplug.hotplug_enable, hotplug.hotplug_status, panel_power(0x61200))

_PCH: tuple[Maker, ...] = (
    *pipe.PIPES, *_DDC, crt.pch_crt, hotplug.pch_live, hotplug.pch_port_straps, hotplug.lvds_strap, pch.transcoders,
    pch.fdi_receivers, panel_power(0xC7200), stolen.stolen_mirrors,
)  # fmt: skip
_IRONLAKE: tuple[Maker, ...] = (*(maker for maker in _PCH if maker is not stolen.stolen_mirrors), stolen.page_table)
_HASWELL: tuple[Maker, ...] = (
    *pipe.PIPES, *_DDC, crt.pch_crt, hotplug.pch_live, hotplug.fuse_straps, hotplug.ddi_a_strap, pch.transcoders,
    pch.fdi_receivers, pch.iclk, panel_power(0xC7200), stolen.stolen_mirrors, clock.hsw_lcpll, power.hsw_wells,
    ddi.buffers, ddi.transport,
)  # fmt: skip

_GEN9: tuple[Maker, ...] = (
    *pipe.PIPES, *_DDC, hotplug.ddi_a_strap, panel_power(0xC7200), stolen.stolen_mirrors, power.wells, power.fuses,
    power.data_buffer, power.pcode, ddi.buffers, ddi.transport,
)  # fmt: skip
_SKYLAKE: tuple[Maker, ...] = (
    *_GEN9, hotplug.pch_live, hotplug.fuse_straps, clock.skl_lcplls, clock.skl_pll_status, clock.skl_core_clock,
)  # fmt: skip
_BROXTON: tuple[Maker, ...] = (*_GEN9, hotplug.broxton_live, clock.bxt_plls, phy.bxt_power_good, phy.bxt_calibration)

_VALLEYVIEW: tuple[Maker, ...] = (
    *pipe.PIPES, pipe.pipe_status, *_DDC, crt.vlv_crt, hotplug.hotplug_enable, hotplug.hotplug_status,
    hotplug.vlv_port_straps, panel_power(0x1E1200, 0x1E1300), stolen.stolen_mirrors, sideband.iosf, sideband.punit,
    clock.vlv_plls, clock.vlv_core_clock,
)  # fmt: skip
_CHERRYVIEW: tuple[Maker, ...] = (
    *(maker for maker in _VALLEYVIEW if maker is not crt.vlv_crt), phy.chv_power_good,
)  # fmt: skip

_BY_FAMILY: dict[str, tuple[Maker, ...]] = {
    "ironlake": _IRONLAKE,
    "sandybridge": _PCH,
    "ivybridge": (*_PCH, pch.fdi_auto_training),
    "haswell": _HASWELL,
    "broadwell": _HASWELL,
    "baytrail": _VALLEYVIEW,
    "cherryview": _CHERRYVIEW,
    "skylake": _SKYLAKE,
    "kabylake": _SKYLAKE,
    "coffeelake": _SKYLAKE,
    "cometlake": _SKYLAKE,
    "apollolake": _BROXTON,
    "geminilake": _BROXTON,
}


def makers(family: Family) -> tuple[Maker, ...]:
    """What the family has; the GMCH's to generation 4, Skylake's from generation 9 on where no row says otherwise."""
    return _BY_FAMILY.get(family.name, _GMCH if family.gen <= 4 else _SKYLAKE)


def behaviours(site: Site) -> list[Behaviour]:
    """Everything the display of this site does by itself."""
    return [make(site) for make in makers(site.family)]
