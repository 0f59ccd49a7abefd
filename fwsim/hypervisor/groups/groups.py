"""Functions that the IOMMU cannot keep apart are one group: Linux assigns all of it or nothing.

Source: Linux 6.12 drivers/iommu/iommu.c, pci_device_group, get_pci_alias_group, get_pci_function_alias_group; the
rules are those of 3.16 on. Each function is looked at in the order of the bus scan, and each step asks only the
functions of one bus, so the work grows with the number of functions, not with its square.
"""

from __future__ import annotations

from msgspec import Struct, field

from fwsim.hypervisor.groups.acs import Kernel, isolated, lacking
from fwsim.hypervisor.groups.topology import HostFunction, Topology, short


class Shared(Struct, frozen=True):
    """``function`` is in the group of ``other``, because of what ``why`` says."""

    function: HostFunction
    other: HostFunction
    why: str


class Group(Struct):
    """One group: its number, its members in the order of the scan, and why each but the first is in it."""

    number: int
    members: list[HostFunction] = field(default_factory=list)
    shared: list[Shared] = field(default_factory=list)


class Groups:
    """The groups of a host under one kernel.

    Where the host's kernel told the number of every function's group, its groups are those (``listed``); else they
    are computed. Groups keep the number of a listed member; else they are numbered as they come.
    """

    def __init__(self, topology: Topology, kernel: Kernel) -> None:
        self.topology = topology
        self._kernel = kernel
        self._of: dict[int, Group] = {}
        self._gaps: dict[int, HostFunction | None] = {}
        self.computed: list[Group] = []
        for function in topology.scanned():
            if function.rid not in self._of:
                self._join(function)
        told = all(each.listed >= 0 for each in topology.by_rid.values())
        self.listed = _as_listed(topology) if told else None
        self.all = self.computed if self.listed is None else self.listed
        if self.listed is None:
            _number(self.computed)
        self._at = {member.rid: group for group in self.all for member in group.members}

    def of(self, rid: int) -> Group:
        """The group of a function."""
        return self._at[rid]

    def differing(self) -> list[Group]:
        """The host's own groups that the rules here would make otherwise; none where the host told nothing."""
        made = {frozenset(member.rid for member in group.members) for group in self.computed}
        return [each for each in self.listed or () if frozenset(member.rid for member in each.members) not in made]

    def _join(self, function: HostFunction) -> None:
        """pci_device_group."""
        found = self._found(function)
        if found is None:
            group = Group(len(self.computed), [function])
            self.computed.append(group)
        else:
            group = self._of[found[0].rid]
            group.members.append(function)
            group.shared.append(Shared(function, *found))
        self._of[function.rid] = group

    def _found(self, function: HostFunction) -> tuple[HostFunction, str] | None:
        """(whose group it joins, why); None for a group of its own. What is above it has its group already."""
        for whose, rid in self.topology.aliases(function):
            if whose is not function:
                return whose, f"bridge {whose.short} sends its DMA as {short(rid)}"
        bridge = self.topology.bridge_above(function)
        if bridge is not None and (gap := self._gap(bridge)) is not None:
            return bridge, f"it is behind {bridge.short}, and {'that' if gap is bridge else gap.short} {lacking(gap)}"
        seen: set[int] = set()
        return self._by_alias(function, seen) or self._by_function(function, seen)

    def _gap(self, bridge: HostFunction) -> HostFunction | None:
        """The first function from ``bridge`` to the root that does not isolate: pci_acs_path_enabled."""
        if bridge.rid not in self._gaps:
            above = self.topology.bridge_above(bridge)
            further = None if above is None else self._gap(above)
            self._gaps[bridge.rid] = further if self._isolated(bridge) else bridge
        return self._gaps[bridge.rid]

    def _isolated(self, function: HostFunction) -> str:
        return isolated(function, self._kernel)

    def _by_alias(self, function: HostFunction, seen: set[int]) -> tuple[HostFunction, str] | None:
        """get_pci_alias_group: on the same bus one is the alias of the other."""
        if function.rid in seen:
            return None
        seen.add(function.rid)
        if function.rid in self._of:
            return function, ""
        for other in self.topology.sharing_ids(function):
            found = self._by_alias(other, seen) or self._by_function(other, seen)
            if found is not None:
                return found[0], found[1] or f"{function.short} and {other.short} send under one id"
        return None

    def _by_function(self, function: HostFunction, seen: set[int]) -> tuple[HostFunction, str] | None:
        """get_pci_function_alias_group: functions of one device that do not isolate themselves from each other."""
        if not function.multifunction or self._isolated(function):
            return None
        for other in self.topology.slot(function):
            if other is function or self._isolated(other):
                continue
            found = self._by_alias(other, seen)
            if found is not None:
                return found[0], found[1] or f"both are functions of one device, and it {lacking(function)}"
        return None


def _as_listed(topology: Topology) -> list[Group]:
    groups: dict[int, Group] = {}
    for function in topology.scanned():
        groups.setdefault(function.listed, Group(function.listed)).members.append(function)
    return [groups[number] for number in sorted(groups)]


def _number(groups: list[Group]) -> None:
    """A listed member's number where it is free, else the lowest that nobody has."""
    taken: set[int] = set()
    for group in groups:
        told = next((member.listed for member in group.members if member.listed >= 0), -1)
        group.number = -1 if told in taken else told
        taken.add(group.number)
    free = iter(sorted(set(range(len(groups))) - taken))
    for group in groups:
        if group.number < 0:
            group.number = next(free)
