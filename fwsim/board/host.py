"""The physical machine's functions: host bridge, IGD, LPC bridge and, from Skylake's PCH on, power management."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.board.function import Board, BoardFunction, Setting
from fwsim.hypervisor.interface import HOST_BRIDGE, LPC_BRIDGE
from fwsim.registers.family import Family
from fwsim.scenario.model import Host

PMC = 0xFA
"""Sunrise Point and later: the ACPI base moved from the LPC bridge to 00:1f.2, the power management controller."""
_PMC_DEVICES = {"skylake": 0xA121, "kabylake": 0xA2A1, "coffeelake": 0xA321, "cometlake": 0x06A1}
_HOST_PM_BASES = {"skylake": 0x1800, "kabylake": 0x1800, "coffeelake": 0x1800, "cometlake": 0x1800}
HOST_PM_BASE = 0x400
"""ACPI base on a real host: where its firmware puts it in the dumps of real-world PCHs (00:1f.0 @0x40 = 0x401)."""
_LPC_REVISION = 4
_ACPI_ENABLED = 0x80


def host_board(host: Host, display: BoardFunction | None) -> Board:
    """The host with ``display`` plugged in."""
    rows = [host_bridge(host), *_south(host), *([display] if display else [])]
    functions = tuple(sorted(rows, key=lambda function: function.bdf))
    return Board(functions, (host_pm_base(host.family),), display)


def host_pm_base(family: Family) -> int:
    """Where a host's firmware puts the ACPI base: 400h, from Skylake's PCH on 1800h (both seen in dumps of hosts)."""
    return _HOST_PM_BASES.get(family.name, HOST_PM_BASE)


def host_bridge(host: Host) -> BoardFunction:
    """00:00.0."""
    family = host.family
    return BoardFunction(
        HOST_BRIDGE, 0x8086, family.host_bridge_id, 0x060000, family.revision, host.bridge_subsystem,
        settings=tuple(_bridge_settings(host)),
    )  # fmt: skip


def _bridge_settings(host: Host) -> Iterator[Setting]:
    """GGC, and from gen 6 on the bases of stolen memory at B0h-BCh (Intel 2nd gen Core datasheet, vol. 2)."""
    family = host.family
    yield Setting(family.ggc_bridge, 2, host.ggc)
    if family.gen >= 6:
        gsm = family.ggms.decode(host.ggc) if family.ggms else 0
        for offset, value in ((0xB0, host.bdsm), (0xB4, host.bdsm - gsm), (0xBC, host.bdsm + host.stolen_size)):
            yield Setting(offset, 4, value & 0xFFF00000 | 1)


def lpc_bridge(host: Host) -> BoardFunction:
    """00:1f.0; it has the ACPI base where no 00:1f.2 does."""
    family = host.family
    base = Setting(0x40, 4, HOST_PM_BASE | 1), Setting(0x44, 1, _ACPI_ENABLED)
    return BoardFunction(
        LPC_BRIDGE, 0x8086, host.lpc_id, host.lpc_class, _LPC_REVISION, host.bridge_subsystem,
        settings=() if family.name in _PMC_DEVICES else base,
    )  # fmt: skip


def _south(host: Host) -> Iterator[BoardFunction]:
    if host.lpc_id:
        yield lpc_bridge(host)
    device = _PMC_DEVICES.get(host.family.name)
    if device is not None:
        settings = Setting(0x40, 4, host_pm_base(host.family) | 1), Setting(0x44, 1, _ACPI_ENABLED)
        yield BoardFunction(PMC, 0x8086, device, 0x058000, 0, host.bridge_subsystem, settings=settings)
