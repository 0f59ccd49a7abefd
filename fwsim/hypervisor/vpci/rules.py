"""How a guest is shown its functions: the choices of one guest, and the memory map that its BARs have to fit."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fwsim.memory import arm_map
from fwsim.units import MIB

Writes = Literal["drop", "filter", "error"]
Bars = Literal["relocate", "identity"]
Numbering = Literal["host", "virtual"]


class GuestMap(Struct, frozen=True):
    """A guest's memory map: ranges are (start, bytes). The defaults are Arm's (``fwsim/memory/arm_map.py``).

    ``other``: what else of the map is taken: GIC, ACPI tables, UART, grant table and magic pages.
    """

    ram: tuple[tuple[int, int], ...] = ((arm_map.RAM0_BASE, 256 * MIB),)
    ecam: tuple[int, int] = (arm_map.ECAM_BASE, arm_map.ECAM_SIZE)
    memory: tuple[int, int] = (arm_map.MEMORY_BASE, arm_map.MEMORY_SIZE)
    prefetchable: tuple[int, int] = (arm_map.PREFETCH_BASE, arm_map.PREFETCH_SIZE)
    other: tuple[tuple[int, int], ...] = tuple((each.base, each.size) for each in arm_map.DEVICES)


class Rules(Struct, frozen=True):
    """How vPCI shows functions to one guest.

    ``arm``: the build's architecture; x86's has no handler for an I/O BAR, and maps nothing over another mapping.
    ``writes``: what becomes of a write that no handler takes: "drop", Xen's; "filter", where a register's own read-only
    and reserved bits are kept and the rest reaches the device; "error", where such an access ends in ``RefusedError``.
    ``bars``: the guest's addresses are its own, or the host's ("identity", which no write changes).
    ``numbering``: of replicated bridges' buses. ``ids``: vendor, device, class, header type, subsystem and interrupt
    have handlers; Xen at c447b7308b has none of them for a domU, so that its guest finds no function at all.
    ``msi``: MSI and MSI-X have handlers; Xen builds msi.c and msix.c for x86 alone (CONFIG_HAS_PCI_MSI): on Arm the
    capabilities are in the list, and their registers read all ones. ``io``: an I/O BAR and the command's bit 0 are the
    device's own, which no Xen does.
    """

    arm: bool = True
    writes: Writes = "drop"
    bars: Bars = "relocate"
    numbering: Numbering = "host"
    ids: bool = True
    msi: bool = True
    io: bool = False
    guest: GuestMap = GuestMap()
