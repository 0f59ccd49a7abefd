"""Every dword of the device and its bridges is read for addresses of the host in registers that no table knows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fwsim.analysis.leaks_rows import PAGE, Leak
from fwsim.machine.probe import Probe
from fwsim.registers.database import name_of
from fwsim.registers.host_addresses import rows_for
from fwsim.trace.event import Actor, Op, Space

FUNCTIONS = {"bridge": 0x00, "lpc": 0xF8}
CONFIG_BYTES = 0x100
"""What CF8 and CFC reach of a function."""
LOWEST = 1 << 20
"""No stolen memory lies lower; where a base is 0 there is none."""
_HEADER_BARS = (*range(0x10, 0x28, 4), 0x30)


def unlisted(probe: Probe, host: tuple[int, int]) -> Iterator[Leak]:
    """Dwords that name a page in the host's stolen memory, in configuration or BAR0, outside the table's registers.

    A register that the database knows counts only if one of its fields is an address; what the guest's firmware wrote
    is the guest's own.
    """
    machine = probe.built.machine
    cpu, devfn = machine.scenario.host.cpu, machine.scenario.guest.devfn
    if host[0] < LOWEST:
        return
    rows = rows_for(cpu)
    known = {(row.space, (row.offset + at) & ~3) for row in rows for at in range(0, row.width, 4)}
    for space, at in (("igd", devfn), *FUNCTIONS.items()):
        if not machine.pci.answers(at):
            continue
        written, slot = _written(probe, at), machine.pci.slot(at)
        for offset in range(0, CONFIG_BYTES, 4):
            held = machine.pci.get(slot, offset, 4)
            if (space, offset) in known or offset in _HEADER_BARS or offset in written or not _inside(held, host):
                continue
            if name := _name("pci", at << 12 | offset, cpu):
                where = f"config 00:{at >> 3:02x}.{at & 7} @0x{offset:02X}"
                guest = probe.config(at, offset, 4)
                yield Leak(where, "config", name, "stolen", held, guest, "passes", function=at, offset=offset)
    igd = machine.igd
    for number in np.flatnonzero(igd.mmio).tolist() if igd else ():
        offset = 4 * number
        held = probe.device(offset, 4)
        if ("mmio", offset) in known or not _inside(held, host):
            continue
        if name := _name("mmio", offset, cpu):
            guest = probe.bar0(offset, 4)
            yield Leak(f"BAR0 {offset:#x}", "BAR0", name, "stolen", held, guest, "passes", offset=offset)


def _inside(value: int, host: tuple[int, int]) -> bool:
    return host[0] <= value & PAGE < host[1]


def _name(space: str, address: int, cpu: str) -> str:
    """The register's name; "" for one whose fields are known, and none of them is an address."""
    found = name_of(space, address, cpu)
    if found is None:
        return "not in any table"
    return found.name if any(field.address for field in found.register.fields) else ""


def _written(probe: Probe, devfn: int) -> set[int]:
    """Offsets of the dwords that the guest's firmware has written."""
    recorder = probe.built.machine.recorder
    events = recorder.read(0, recorder.count)
    made = events[
        (events["space"] == int(Space.PCI)) & (events["op"] == int(Op.WRITE)) & (events["actor"] == int(Actor.FIRMWARE))
    ]
    here = made[made["address"] >> np.uint64(12) == devfn]
    return {int(address) & 0xFFC for address in here["address"]}
