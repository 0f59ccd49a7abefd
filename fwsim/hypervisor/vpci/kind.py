"""Xen's vPCI answers configuration space in the hypervisor: what has no handler is not there for a guest.

Source: Xen c447b7308b, xen/drivers/vpci. The guest here is a PC, as no Xen has one yet: its I/O BARs and the command's
bit 0 are the device's, or a vBIOS would reach nothing.
"""

from __future__ import annotations

from fwsim.devices.config_traps import Owner
from fwsim.exactness import Known
from fwsim.firmware.request import Function
from fwsim.hypervisor.interface import HOST_BRIDGE, Assignment, Choice, Device, Hypervisor
from fwsim.hypervisor.vpci.domain import Domain
from fwsim.hypervisor.vpci.function import VpciFunction
from fwsim.hypervisor.vpci.host import HostBar, HostDevice
from fwsim.hypervisor.vpci.rules import Rules

_BRIDGE_CLASS = 0x06
_PC = Rules(arm=False, io=True)


class Vpci(Hypervisor):
    """``vpci``: a domU's view. Registers without a handler read all ones and take no write; BARs are virtual."""

    kind = "vpci"
    firmware = "none"

    def __init__(self, choice: Choice) -> None:
        super().__init__(choice)
        self._domain = Domain(_PC)

    @property
    def known(self) -> Known:
        """Its registers were held against Xen's own code, compiled; nothing against a running Xen."""
        return Known("read", "Xen xen/drivers/vpci/vpci.c, header.c, cap.c, msi.c, msix.c")

    @property
    def story(self) -> str:
        """One sentence."""
        return "Xen's vPCI stands between: what it has no handler for reads all ones, BDSM and ASLS among it."

    def assign(self, device: Device) -> Assignment:
        """Nothing is offered: the guest cannot even see where stolen memory would be."""
        self._domain = Domain(_PC)
        return Assignment(opregion=False, own_bdsm=False, vga=False)

    def owner(self, device: Device, function: Function) -> Owner | None:
        """Every assigned function's is vPCI; the host bridge and other bridges are the machine's own."""
        if function.bdf == HOST_BRIDGE or function.class_code >> 16 == _BRIDGE_CLASS:
            return None
        return VpciFunction(host_device(function), self._domain)


def host_device(function: Function) -> HostDevice:
    """A function of a PC as the host has it, whose BARs have no address yet."""
    bars = tuple(HostBar(bar.index, bar.size, bar.kind, bar.is64) for bar in function.bars)
    return HostDevice(function.bdf, function.config, bars)
