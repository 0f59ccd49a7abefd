"""An Arm host is the functions of a scenario's rows, as Xen finds them: what its guests are given of them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from fwsim.board.host_config import configuration, host_bars
from fwsim.errors import FwsimError
from fwsim.hypervisor.groups.topology import Topology
from fwsim.hypervisor.vpci.host import HostDevice, sbdf_text
from fwsim.scenario.host_devices import host_devices
from fwsim.scenario.model import Scenario


class ArmHost(Struct, frozen=True):
    """A host's functions by sbdf (segment << 16 | bus << 8 | device << 3 | function), from the lowest up.

    ``late``: those that are attached when the guest first waits.
    """

    devices: dict[int, HostDevice]
    late: frozenset[int]
    topology: Topology

    @property
    def bridges(self) -> tuple[HostDevice, ...]:
        """Every bridge."""
        return tuple(each for each in self.devices.values() if each.is_bridge)

    def assigned(
        self, sbdfs: Sequence[int], where: str = "hypervisor.options.pci"
    ) -> tuple[tuple[HostDevice, ...], tuple[HostDevice, ...]]:
        """(what the guest has from its start, what is attached later), each in the order of ``sbdfs``.

        Raises FwsimError naming ``where``.index for a function that the host does not have, one that is named twice,
        and a bridge: vPCI has handlers for a bridge's BARs, none for its bus numbers and windows (Xen
        xen/drivers/vpci/header.c, vpci_init_header), so that nothing behind it could be reached.
        """
        for index, sbdf in enumerate(sbdfs):
            device, at = self.devices.get(sbdf), f"{where}.{index}"
            if device is None:
                raise FwsimError(
                    "the host has no such function", where=at, found=sbdf_text(sbdf),
                    expected="the slot of a [[host_function]]", hint="add a row for it",
                )  # fmt: skip
            if sbdf in sbdfs[:index]:
                raise FwsimError(
                    "a device assigned twice", where=at, found=device.name, expected="each function once",
                    hint="remove one",
                )  # fmt: skip
            if device.is_bridge:
                raise FwsimError(
                    "a bridge is assigned to no guest", where=at, found=device.name,
                    expected="a function that is no bridge", hint="name what is behind it",
                )  # fmt: skip
        given = [self.devices[sbdf] for sbdf in sbdfs]
        return (
            tuple(each for each in given if each.sbdf not in self.late),
            tuple(each for each in given if each.sbdf in self.late),
        )

    def stream(self, sbdf: int) -> int:
        """The stream id under which the function's DMA reaches the SMMU: its requester id.

        Linux Documentation/devicetree/bindings/pci/pci-iommu.txt: without an iommu-map of another form, stream ids are
        requester ids.
        """
        return self.topology.requester(sbdf)


def arm_host(scenario: Scenario, where: str = "scenario") -> ArmHost:
    """The host of ``scenario``. Raises FwsimError for rows that no host is, naming ``where`` and the row."""
    facts = host_devices(scenario, where)
    made = {
        each.place.rid: HostDevice(
            each.place.rid, configuration(each, facts.forwarded.get(each.place.rid)), host_bars(each), each.place.parent
        )
        for each in facts.functions
    }
    late = frozenset(each.place.rid for each in facts.functions if each.row.hotplug)
    return ArmHost(dict(sorted(made.items())), late, facts.topology)
