"""A host's IOMMU groups are shown with what keeps each from a guest, and why its members are in one."""

from __future__ import annotations

import msgspec
from rich.console import Group as Parts
from rich.console import RenderableType
from rich.text import Text

from fwsim.hypervisor.groups.groups import Group
from fwsim.hypervisor.groups.opening import Asked, not_viable, relaxable
from fwsim.hypervisor.groups.topology import short
from fwsim.rules.placement import span
from fwsim.scenario.host_functions import asked
from fwsim.scenario.model import Scenario


class Member(msgspec.Struct, kw_only=True):
    """One function. ``requester``: the id that its DMA bears at the IOMMU, where it is not its own."""

    slot: str
    type: str
    vendor: int
    device: int
    driver: str
    assigned: bool
    requester: str = ""
    shares_with: str = ""
    why: str = ""
    rmrr: list[str] = []


class OneGroup(msgspec.Struct, kw_only=True):
    """One group; ``blocked_by`` are the members whose drivers, or RMRRs, keep it from every guest."""

    number: int
    viable: bool
    blocked_by: list[str]
    members: list[Member]


class HostGroups(msgspec.Struct, kw_only=True):
    """What ``fwsim host groups --json`` prints. ``listed``: the groups are the ones that the host's kernel said;
    ``differing`` the numbers of those that the rules of Linux ``kernel`` make otherwise."""

    file: str
    kernel: str
    listed: bool
    differing: list[int]
    groups: list[OneGroup]


def host_groups(scenario: Scenario, file: str) -> HostGroups:
    """The document. Raises FwsimError for a topology that no host has."""
    wanted = asked(scenario, file)
    return HostGroups(
        file=file, kernel=scenario.host.kernel, listed=wanted.groups.listed is not None,
        differing=[group.number for group in wanted.groups.differing()],
        groups=[_one(wanted, group) for group in sorted(wanted.groups.all, key=lambda each: each.number)],
    )  # fmt: skip


def _one(wanted: Asked, group: Group) -> OneGroup:
    why = {each.function.rid: each for made in wanted.groups.computed for each in made.shared}
    here = {member.rid for member in group.members}
    members = []
    locked = []
    for each in group.members:
        shared = why.get(each.rid)
        requester = wanted.groups.topology.requester(each.rid)
        ranges = [span(row.start, row.last + 1) for row in wanted.reserved if row.rid == each.rid]
        if ranges and wanted.kernel >= (3, 17) and not relaxable(each, wanted.kernel):
            locked.append(f"{each.short} (RMRR)")
        told = shared is not None and shared.other.rid in here
        members.append(Member(
            slot=each.short, type=each.kind, vendor=each.vendor, device=each.device, driver=each.driver,
            assigned=each.rid in wanted.assigned, rmrr=ranges,
            requester=short(requester) if requester != each.rid & 0xFFFF else "",
            shares_with=shared.other.short if shared and told else "", why=shared.why if shared and told else "",
        ))  # fmt: skip
    bad = [f"{each.short} ({each.driver})" for each in not_viable(group, wanted.kernel)] + locked
    return OneGroup(number=group.number, viable=not bad, blocked_by=bad, members=members)


def render(found: HostGroups) -> RenderableType:
    """Each group, its members, and why they share it."""
    whose = "as the host's kernel listed them" if found.listed else f"as Linux {found.kernel} makes them"
    parts: list[RenderableType] = [Text(f"{len(found.groups)} groups, {whose}", style="bold")]
    for group in found.groups:
        state = Text("viable", "green") if group.viable else Text(f"not viable: {', '.join(group.blocked_by)}", "red")
        parts.append(Text.assemble((f"group {group.number:<3} ", "bold"), state))
        for member in group.members:
            mark = "*" if member.assigned else " "
            ids = f"{member.vendor:04x}:{member.device:04x}"
            line = f"  {mark} {member.slot:<8} {member.type:<15} {ids}  {member.driver or 'no driver'}"
            parts.append(Text(line + (f", sends as {member.requester}" if member.requester else "")))
            parts += [Text(f"      {member.why}", style="dim")] if member.why else []
            parts += [Text(f"      RMRR {each}", style="dim") for each in member.rmrr]
    parts.append(Text("* the guest's; a group is given whole or not at all"))
    if found.differing:
        numbers = ", ".join(map(str, found.differing))
        parts.append(Text(
            f"Linux {found.kernel} would group otherwise: {numbers}. ACS bits that the file lacks, another kernel or "
            "pcie_acs_override make such a difference", style="yellow",
        ))  # fmt: skip
    return Parts(*parts)
