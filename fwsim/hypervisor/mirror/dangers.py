"""Registers of the host's bridges that a guest must not write: what each one opens, in a sentence.

Sources: PCI Local Bus 3.0, 6.1; Intel 945G/GM, 965/GM45 and 2nd generation Core (vol. 2, 2.5) datasheets for PAM,
SMRAM, PCIEXBAR, MCHBAR, DMIBAR and the top of memory; ICH7 to 6 Series PCH datasheets, LPC interface bridge.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from fwsim.hypervisor.interface import HOST_BRIDGE, LPC_BRIDGE
from fwsim.hypervisor.mirror.model import Mirror

_COMMAND = "switch the bridge's decoding off, and with it what the host has behind it"
_BAR = "lay the bridge's own registers over the host's memory or over another device; of a PCI bridge these are its " \
       "bus numbers, by which all that is behind it is lost or taken"  # fmt: skip
_PAM = "choose what lies at C0000-FFFFF of the host: its BIOS and option ROMs are then the guest's to replace"
_SMRAM = "open the host's SMRAM, and run code in system management mode"
_ECAM = "move the window through which every function of the host is configured"
_MCHBAR = "move the memory controller's registers over the host's memory"
_DMI = "move the registers of the link to the south bridge over the host's memory"
_TOP = "move the top of the host's memory, and with it stolen memory and TSEG"
_GGC = "change how much memory is stolen from the host"
_PM = "move the host's power management ports: it could switch the host off"
_FLASH = "write the host's flash"
_DECODE = "route I/O ports and interrupts of the host to itself"


class Danger(Struct, frozen=True):
    """Bytes ``first`` to ``end`` (exclusive) of one bridge on ``generations``: what a guest could do by writing."""

    bdf: int
    first: int
    end: int
    generations: range
    name: str
    could: str


_ALL, _GEN3, _GEN4, _GEN6 = range(0, 100), range(0, 4), range(4, 6), range(6, 100)
DANGERS = (
    Danger(HOST_BRIDGE, 0x04, 0x06, _ALL, "command", _COMMAND),
    Danger(HOST_BRIDGE, 0x10, 0x28, _ALL, "BARs", _BAR),
    Danger(HOST_BRIDGE, 0x44, 0x48, _GEN3, "MCHBAR", _MCHBAR),
    Danger(HOST_BRIDGE, 0x48, 0x4C, _GEN3, "PCIEXBAR", _ECAM),
    Danger(HOST_BRIDGE, 0x4C, 0x50, _GEN3, "DMIBAR", _DMI),
    Danger(HOST_BRIDGE, 0x90, 0x97, _GEN3, "PAM", _PAM),
    Danger(HOST_BRIDGE, 0x9C, 0x9D, _GEN3, "TOLUD", _TOP),
    Danger(HOST_BRIDGE, 0x9D, 0x9F, _GEN3, "SMRAM", _SMRAM),
    Danger(HOST_BRIDGE, 0x48, 0x50, range(4, 100), "MCHBAR", _MCHBAR),
    Danger(HOST_BRIDGE, 0x60, 0x68, range(4, 100), "PCIEXBAR", _ECAM),
    Danger(HOST_BRIDGE, 0x68, 0x70, range(4, 100), "DMIBAR", _DMI),
    Danger(HOST_BRIDGE, 0x90, 0x97, _GEN4, "PAM", _PAM),
    Danger(HOST_BRIDGE, 0x9D, 0x9F, _GEN4, "SMRAM", _SMRAM),
    Danger(HOST_BRIDGE, 0xB0, 0xB2, _GEN4, "TOLUD", _TOP),
    Danger(HOST_BRIDGE, 0x80, 0x87, _GEN6, "PAM", _PAM),
    Danger(HOST_BRIDGE, 0x88, 0x89, _GEN6, "SMRAM", _SMRAM),
    Danger(HOST_BRIDGE, 0xA0, 0xC0, _GEN6, "the top of memory, BDSM, BGSM and TSEG", _TOP),
    Danger(HOST_BRIDGE, 0x52, 0x54, range(0, 6), "GGC", _GGC),
    Danger(HOST_BRIDGE, 0x50, 0x52, _GEN6, "GGC", _GGC),
    Danger(LPC_BRIDGE, 0x04, 0x06, _ALL, "command", _COMMAND),
    Danger(LPC_BRIDGE, 0x10, 0x28, _ALL, "BARs", _BAR),
    Danger(LPC_BRIDGE, 0x40, 0x50, _ALL, "PMBASE and GPIOBASE", _PM),
    Danger(LPC_BRIDGE, 0x60, 0x94, _ALL, "interrupt routing and I/O decoding", _DECODE),
    Danger(LPC_BRIDGE, 0xD8, 0xE0, _ALL, "BIOS decoding and BIOS_CNTL", _FLASH),
    Danger(LPC_BRIDGE, 0xF0, 0xF4, _ALL, "RCBA", "move the south bridge's own registers over the host's memory"),
)
PMC = 0xFA
"""00:1f.2 of Skylake's PCH and later: its power management."""


def opened(mirror: Mirror) -> Iterator[str]:
    """A sentence for each register of a bridge that ``mirror`` lets a guest write: which, and what it could do."""
    for row in mirror.config:
        if "w" not in row.access or row.access == "hidden":
            continue
        at = f"00:{row.bdf >> 3:02x}.{row.bdf & 7} @0x{row.offset:02x}"
        for danger in DANGERS:
            if row.bdf == danger.bdf and mirror.generation in danger.generations and (
                row.first < danger.end and danger.first < row.end
            ):  # fmt: skip
                yield f"isolation: {at} ({danger.name}) is written through: a guest could {danger.could}"
        if row.bdf == PMC:
            yield f"isolation: {at} (power management) is written through: a guest could {_PM}"
