"""The physical IGD as the host's firmware left it: ids, BARs, GGC, BDSM (locked), ASLS, MSAC, capabilities."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.board.capabilities import capabilities, raw_capid
from fwsim.board.function import BarSpec, BoardFunction, Setting
from fwsim.registers.family import Family
from fwsim.scenario.model import Host


def igd_bars(family: Family) -> tuple[BarSpec, ...]:
    """The IGD's BARs with what lies behind each."""
    return tuple(BarSpec(bar.index, bar.size, bar.kind, bar.is64, bar.role) for bar in family.bars)


def igd(host: Host, bdf: int) -> BoardFunction:
    """The host's IGD, put at ``bdf``."""
    family = host.family
    lists = capabilities(family, host.device_id)
    return BoardFunction(
        bdf, 0x8086, host.device_id, 0x030000, family.revision, host.subsystem, igd_bars(family),
        tuple(_settings(host)), ggc=host.ggc if family.gen >= 6 else None,
        config_size=lists.config_size, power=lists.power_control,
    )  # fmt: skip


def _settings(host: Host) -> Iterator[Setting]:
    family = host.family
    if family.ggc_igd is not None:
        yield Setting(family.ggc_igd, 2, host.ggc)
    if family.bdsm_register is not None:
        yield Setting(family.bdsm_register, family.bdsm_width, host.bdsm | 1)
    if family.gen >= 11 and family.ggms:  # BGSM 0xF0, which gen 12 guests read (lf-edge/eve#6407)
        yield Setting(0xF0, 8, host.stolen_base - family.ggms.decode(host.ggc) | 1)
    yield Setting(0xFC, 4, host.asls, 0xFFFFFFFF)
    if family.name == "965":
        # A 965GM's GCFGC bits 12:8: core display clock, code 1 the slowest; codes 1 to 3 exist (Linux i915
        # display/intel_cdclk.c, i965gm_get_cdclk), and images refuse CRT modes at 0. LBPC 0xF4: the backlight.
        yield Setting(0xF0, 2, 0x0100, 0xFFFF)
        yield Setting(0xF4, 1, 0xFF, 0xFF)
    yield Setting(0x62, 1, 2)  # MSAC: an aperture of 256 MiB
    yield from raw_capid(family)
    yield from capabilities(family, host.device_id).settings()
