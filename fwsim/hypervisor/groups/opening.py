"""A user opens a group for a guest: the kernel says what stands in the way, in the order in which it is met.

Sources: Linux drivers/vfio/group.c and drivers/iommu/iommu.c (6.12; iommu_group_claim_dma_owner since 5.19),
drivers/vfio/vfio.c to 5.18 (vfio_dev_driver_allowed, vfio_group_viable); drivers/iommu/intel/iommu.c
(device_rmrr_is_relaxable) and, to 6.5, device_is_rmrr_locked. RMRRs: device assignment asks for them since 3.17
(c875d2c1b808), leaves graphics alone since 4.2 (18436afdc11a), and tells user space which are relaxable since 5.3.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from msgspec import Struct, field

from fwsim.hypervisor.groups.acs import Kernel
from fwsim.hypervisor.groups.groups import Group, Groups
from fwsim.hypervisor.groups.topology import HostFunction

_MANAGE_NO_DMA = ("pci-stub", "pcieport")
"""Drivers that set driver_managed_dma: they leave the domain alone (drivers/pci/pci-stub.c, pcie/portdrv.c)."""
_LOCKED = (
    "Device is ineligible for IOMMU domain attach due to platform RMRR requirement.  Contact your platform vendor."
)
_DIRECT = (
    "Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring the device without a 1:1 "
    "mapping. Contact your platform vendor."
)
Step = Literal["group", "open", "viable", "container", "iommu", "device"]


class Reserved(Struct, frozen=True):
    """A range of addresses that the firmware asks to keep mapped one to one for a function (RMRR); ``last`` is in."""

    start: int
    last: int
    rid: int


class Holding(Struct, frozen=True):
    """Who may open a group: the ``owner`` of /dev/vfio/N, a user id, and root; ``held``: who has it open already."""

    owner: int = 0
    held: str = ""


class Refused(Struct, frozen=True):
    """Where it ended: ``errno`` as the C library names it, ``group`` -1 for none, ``kernel`` the line in its log.

    ``culprits`` are the functions that are to blame, ``why`` says so in words, ``next`` what to do.
    """

    step: Step
    function: HostFunction
    group: int
    errno: str
    why: str
    next: str
    kernel: str = ""
    culprits: Sequence[HostFunction] = ()


class Asked(Struct, frozen=True):
    """A guest asks for the ``assigned`` functions, by rid, as ``user``; ``holdings`` by group number."""

    groups: Groups
    kernel: Kernel
    assigned: Collection[int]
    user: int = 0
    holdings: Mapping[int, Holding] = field(default_factory=dict)
    reserved: Sequence[Reserved] = ()

    def refusal(self, rid: int) -> Refused | None:
        """Why the function does not come up; None where it does."""
        function, group = self.groups.topology.by_rid[rid], self.groups.of(rid)
        return (
            self._not_opened(function, group)
            or self._not_viable(function, group)
            or self._direct(function, group)
            or self._no_device(function, group)
        )

    def bystanders(self, rid: int) -> list[HostFunction]:
        """The members of its group that the guest does not get: their DMA is in its domain all the same."""
        return [each for each in self.groups.of(rid).members if each.rid not in self.assigned]

    def _not_opened(self, function: HostFunction, group: Group) -> Refused | None:
        holding, number = self.holdings.get(group.number, Holding()), group.number
        if not any(is_vfio(each.driver) for each in group.members):
            return Refused(
                "open", function, number, "No such file or directory",
                f"no function of group {number} is bound to vfio-pci: the kernel makes no /dev/vfio/{number}",
                f'bind {function.short} to vfio-pci (driver = "vfio-pci")', culprits=(function,),
            )  # fmt: skip
        if self.user not in (0, holding.owner):
            return Refused(
                "open", function, number, "Permission denied",
                f"/dev/vfio/{number} is user {holding.owner}'s, and the guest runs as user {self.user}",
                f"chown {self.user} /dev/vfio/{number}, or run the guest as its owner",
            )  # fmt: skip
        if holding.held:
            return Refused(
                "open", function, number, "Device or resource busy",
                f"{holding.held} has group {number} open: a group is one user's at a time",
                "give both devices to one guest, or stop the other",
            )  # fmt: skip
        return None

    def _not_viable(self, function: HostFunction, group: Group) -> Refused | None:
        bad = not_viable(group, self.kernel)
        if not bad:
            return None
        named = ", ".join(f"{each.short} ({each.driver})" for each in bad)
        return Refused(
            "viable", function, group.number, "", f"drivers of the host have functions of the group: {named}",
            "bind every device of the group to vfio-pci, or to no driver", culprits=tuple(bad),
        )  # fmt: skip

    def _direct(self, function: HostFunction, group: Group) -> Refused | None:
        """An RMRR that is not relaxable keeps the whole group from a guest's domain."""
        if self.kernel < (3, 17):
            return None
        for each in self.reserved:
            member = next((member for member in group.members if member.rid == each.rid), None)
            if member is None or relaxable(member, self.kernel):
                continue
            new = self.kernel >= (6, 6)
            return Refused(
                "container" if new else "iommu", function, group.number,
                "Invalid argument" if new else "Operation not permitted",
                f"{member.short} has an RMRR, {each.start:#x}-{each.last:#x}, that the kernel does not relax",
                "switch that device's RMRR off in the firmware's setup", f"vfio-pci {member.name}: "
                + (_DIRECT if new else _LOCKED), (member,),
            )  # fmt: skip
        return None

    def _no_device(self, function: HostFunction, group: Group) -> Refused | None:
        if is_vfio(function.driver):
            return None
        bound = f"bound to {function.driver}" if function.driver else "bound to no driver"
        return Refused(
            "device", function, group.number, "No such device", f"{function.short} is {bound}",
            f'bind {function.short} to vfio-pci (driver = "vfio-pci")', culprits=(function,),
        )  # fmt: skip


def no_group(function: HostFunction) -> Refused:
    """The IOMMU is off: no function has a group."""
    return Refused(
        "group", function, -1, "No such file or directory", "the host's IOMMU is off: there are no groups",
        'switch VT-d on in the firmware\'s setup, and intel_iommu=on (host.iommu = "on")',
    )  # fmt: skip


def not_viable(group: Group, kernel: Kernel) -> list[HostFunction]:
    """The members whose drivers keep the group from user space; none where it is viable.

    To 5.18 any driver may have a bridge; since then only those that leave the domain alone.
    """
    fine = _MANAGE_NO_DMA if kernel >= (5, 19) else ("pci-stub",)
    bridges = kernel < (5, 19)
    return [
        each for each in group.members
        if each.driver and each.driver not in fine and not is_vfio(each.driver) and not (bridges and each.is_bridge)
    ]  # fmt: skip


def is_vfio(driver: str) -> bool:
    """Whether it hands a function to user space: vfio-pci and its kin (drivers/vfio/pci/*, such as mlx5_vfio_pci)."""
    return driver.replace("_", "-").endswith("vfio-pci")


def relaxable(function: HostFunction, kernel: Kernel) -> bool:
    """Whether the kernel assigns it without its RMRR: USB controllers, and graphics since 4.2."""
    return function.is_usb or (function.is_display and kernel >= (4, 2))
