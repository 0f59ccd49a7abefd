"""Xen's vPCI answers configuration space in the hypervisor: what has no handler is not there for a guest.

Source: Xen c447b7308b, xen/drivers/vpci. The guest here is a PC, as no Xen has one yet: its I/O BARs and the command's
bit 0 are the device's, or a vBIOS would reach nothing.
"""

from __future__ import annotations

from collections.abc import Collection

from fwsim.devices.config_traps import Owner
from fwsim.errors import FwsimError
from fwsim.exactness import Known
from fwsim.firmware.request import Function
from fwsim.hypervisor.interface import HOST_BRIDGE, Assignment, Choice, Device, Hypervisor
from fwsim.hypervisor.vpci.domain import Domain
from fwsim.hypervisor.vpci.function import VpciFunction
from fwsim.hypervisor.vpci.host import HostBar, HostDevice
from fwsim.hypervisor.vpci.options import read
from fwsim.hypervisor.vpci.rules import Rules
from fwsim.hypervisor.vpci.topology import PROFILES
from fwsim.hypervisor.xl.pci_host import check_window, resolved
from fwsim.memory.arm_map import MACHINE

_BRIDGE_CLASS = 0x06
_PC = Rules(arm=False, io=True)


class Vpci(Hypervisor):
    """``vpci``: a domU's view. Registers without a handler read all ones and take no write; BARs are virtual."""

    kind = "vpci"
    defaults = "fake"
    firmware = "none"
    machines = frozenset(("pc", "q35", "arm-virt"))
    reads_xl_cfg = True

    def __init__(self, choice: Choice) -> None:
        """Raises FwsimError for a profile that is no design of the guest's bus, and for an option that vPCI has not."""
        super().__init__(choice)
        if self.profile not in PROFILES:
            raise FwsimError(
                "vpci has no such design of the guest's bus", where="hypervisor.profile", found=f'"{self.profile}"',
                expected="one of " + ", ".join(f'"{each}"' for each in PROFILES),
                hint="fake: one made-up bridge; replicated: the host's own",
            )  # fmt: skip
        self.options = read(choice.options, choice.xl_cfg)
        self._domain = Domain(_PC)

    @property
    def name(self) -> str:
        """The design is part of it where it is not Xen's own."""
        return self.kind if self.profile == self.defaults else f"{self.kind} {self.profile}"

    def check_assigned(self, functions: Collection[int], machine: str) -> None:
        """The entries of ``pci`` against the host's functions. Raises FwsimError, pointing at the entry."""
        found = resolved(self.options.pci, functions, machine)
        if machine == MACHINE and self.profile == "replicated" and self.options.rules.numbering == "host":
            check_window(found, self.options.ecam[1])

    def check_memory(self, machine: str, ram: int) -> None:
        """The ECAM of an Arm guest lies beside everything else."""
        if machine == MACHINE:
            self.options.of_guest(ram)

    def assigned(self, functions: Collection[int]) -> list[int]:
        """What an Arm guest is given of the host's ``functions``, in the order of the entries."""
        return [each.sbdf for each in resolved(self.options.pci, functions, MACHINE).devices if each.sbdf is not None]

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
