"""The ways in which a guest's PC shows its driver the host's PCH: the choices of ``guest.isa_bridge``.

All but ``auto`` take the place of what the hypervisor does at 00:1f.0. Sources: the discussion of "xen: add Intel IGD
passthrough support" on qemu-devel and xen-devel, July 2014 (two bridges, a stub at 1f.0, the subsystem id, the real
chipset); QEMU hw/i386/pc_piix.c and hw/pci-host/xen_igd_pt.c for what became of it; ACRN pull request 4746 for a stub
without a class, which Linux does not find.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from fwsim.board.function import BoardFunction
from fwsim.hypervisor.interface import HOST_BRIDGE, LPC_BRIDGE

if TYPE_CHECKING:
    from fwsim.scenario.model import IsaBridge

XEN_VENDOR = 0x5853
"""The subsystem vendor by which a guest is to know that the subsystem id is the PCH's (xen/include/public/hvm)."""
ISA = 0x0601
"""Base class and sub-class of an ISA bridge."""
_NO_CLASS = 0x000000
Rows = Sequence[BoardFunction]
Hosts = Mapping[int, BoardFunction]


def with_bridge(choice: IsaBridge, rows: Rows, host: Hosts) -> list[BoardFunction]:
    """The chipset ``rows`` with the bridge of ``choice``; ``host`` has the physical machine's functions by bdf."""
    return _WAYS[choice](rows, host)


def _one(rows: Rows, host: Hosts) -> list[BoardFunction]:
    return list(rows)


def _two(rows: Rows, host: Hosts) -> list[BoardFunction]:
    """A second ISA bridge, which has the host's ids, revision, class and subsystem, and nothing behind them."""
    return [*rows, replace(host[LPC_BRIDGE], settings=(), qemu=True)]


def _stub(rows: Rows, host: Hosts) -> list[BoardFunction]:
    """Ids and revision of the host's; no class, so that nobody takes it for a bridge."""
    return [*rows, replace(host[LPC_BRIDGE], settings=(), qemu=True, class_code=_NO_CLASS)]


def _subsystem(rows: Rows, host: Hosts) -> list[BoardFunction]:
    """The chipset's own bridge, whose subsystem is the host's PCH by number, the vendor Xen's."""
    subsystem = host[LPC_BRIDGE].device << 16 | XEN_VENDOR
    return [replace(row, subsystem=subsystem) if row.class_code >> 8 == ISA else row for row in rows]


def _real(rows: Rows, host: Hosts) -> list[BoardFunction]:
    """The MCH and the ICH9's bridge with the host's vendor, device, revision and subsystem, their registers QEMU's."""
    return [
        replace(
            row, vendor=host[row.bdf].vendor, device=host[row.bdf].device, revision=host[row.bdf].revision,
            subsystem=host[row.bdf].subsystem,
        ) if row.bdf in (HOST_BRIDGE, LPC_BRIDGE) else row
        for row in rows
    ]  # fmt: skip


_WAYS: dict[str, Callable[[Rows, Hosts], list[BoardFunction]]] = {
    "one": _one, "two": _two, "stub-1f.0": _stub, "subsystem-id": _subsystem, "real-chipset": _real,
}  # fmt: skip
