"""The paravirtual register pair is put into a guest's machine, at the place that its scenario names."""

from __future__ import annotations

from typing import Any

from fwsim.board.host import host_bridge, lpc_bridge
from fwsim.devices.igd.device import Igd
from fwsim.hypervisor.register_pair import CONFIG, PORT, PORT_MASK, PORT_PRESENT, PRESENT, REGISTERS, Fact
from fwsim.machine.built import Built
from fwsim.scenario.model import Scenario


def install(built: Built, scenario: Scenario) -> None:
    """Let the hypervisor of ``scenario`` tell its facts, once the firmware has placed what they speak of."""
    igd, place = built.machine.igd, scenario.hypervisor.pair
    if place == "none" or igd is None or scenario.hypervisor.design.on_host:
        return
    facts = _facts(built, scenario)
    if place == "config":
        _in_config(built, scenario.guest.devfn, facts)
    elif place == "ports":
        built.machine.add_device(PairPorts(facts))
    else:
        _in_registers(igd, facts)


def _facts(built: Built, scenario: Scenario) -> list[int]:
    """By ``Fact``: the host's ids, and the guest's own GGC and stolen memory."""
    host, pci, bdsm = scenario.host, built.machine.pci, built.placed.bdsm
    at = host.family.ggc_igd
    ggc = host.ggc if at is None else pci.seen_by_guest(pci.slot(scenario.guest.devfn), at, 2)
    bridges = {Fact.PCH: lpc_bridge(host), Fact.HOST_BRIDGE: host_bridge(host)}
    told = {fact: row.device << 16 | row.vendor for fact, row in bridges.items()} | {
        Fact.GGC: ggc, Fact.BDSM: bdsm & 0xFFFFFFFF, Fact.BDSM_HIGH: bdsm >> 32,
    }  # fmt: skip
    return [told[fact] for fact in Fact]


def _in_config(built: Built, devfn: int, facts: list[int]) -> None:
    pci = built.machine.pci
    slot = pci.slot(devfn)

    def asked(offset: int, old: int, new: int) -> None:
        pci.answer_with(slot, CONFIG, PRESENT | new)
        pci.answer_with(slot, CONFIG + 4, facts[new] if new < len(facts) else 0)

    pci.emulate(slot, CONFIG, 4, PRESENT, 0xFF)
    pci.emulate(slot, CONFIG + 4, 4, facts[0], 0)
    pci.on_write(slot, CONFIG, lambda offset, old, new: asked(offset, old, new & 0xFF))


def _in_registers(igd: Igd, facts: list[int]) -> None:
    """A reset of the device does not take them away: the hypervisor answers in its place."""
    for number, value in enumerate([PRESENT, *facts]):
        igd.at_reset[(REGISTERS >> 2) + number] = value
        igd.mmio[(REGISTERS >> 2) + number] = value


class PairPorts:
    """The pair at ports 3DBh and 3DCh."""

    ports: tuple[int, ...] = tuple(range(PORT, PORT + 5))

    def __init__(self, facts: list[int]) -> None:
        self._facts = facts
        self.address = 0

    def read(self, port: int, width: int) -> int:
        """The address with its mark, or the fact from that byte on."""
        if port == PORT:
            return PORT_PRESENT | self.address
        fact = self._facts[self.address] if self.address < len(self._facts) else 0
        return fact >> 8 * (port - PORT - 1)

    def write(self, port: int, width: int, value: int) -> None:
        """The address is stored; the facts cannot be written."""
        if port == PORT:
            self.address = value & PORT_MASK

    def snapshot(self) -> object:
        """The address."""
        return self.address

    def restore(self, state: Any) -> None:
        """Go back to it."""
        self.address = state
