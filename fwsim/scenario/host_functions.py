"""``[[host_function]]``, ``[[group]]`` and ``host.rmrr`` become a host's topology, or are refused."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from fwsim.errors import FwsimError
from fwsim.hypervisor.groups.acs import BITS, Kernel
from fwsim.hypervisor.groups.groups import Groups
from fwsim.hypervisor.groups.opening import Asked, Holding, Refused, Reserved, no_group
from fwsim.hypervisor.groups.topology import HostFunction, Topology, short
from fwsim.memory.arm_map import MACHINE as ARM
from fwsim.memory.ram import PAGE
from fwsim.scenario.model import IGD_RMRR, Host, Scenario
from fwsim.scenario.model import HostFunction as Row

_PLACE = re.compile(r"(?:([0-9a-f]{4}):)?([0-9a-f]{2}):([01][0-9a-f])\.([0-7])", re.IGNORECASE)
_KERNEL = re.compile(r"(\d{1,2})\.(\d{1,3})(?:[.-].*)?")
_RANGE = re.compile(r"(?:0x)?([0-9a-f]{1,16})-(?:0x)?([0-9a-f]{1,16})(?: +(\S+))?", re.IGNORECASE)
_BIT = re.compile(r"([A-Z]{2})([+-])")
_DISPLAY = 0x030000


def place(text: str, where: str) -> int:
    """ "00:1c.0" or "0000:00:1c.0" as segment << 16 | bus << 8 | devfn. Raises FwsimError for another text."""
    match = _PLACE.fullmatch(text)
    if match is None:
        raise FwsimError(
            "not a function of a host", where=where, found=f'"{text}"',
            expected='bus:device.function in hex, such as "00:1c.0"', hint="as lspci prints it",
        )  # fmt: skip
    return int(match[1] or "0", 16) << 16 | int(match[2], 16) << 8 | int(match[3], 16) << 3 | int(match[4])


def kernel(host: Host, where: str = "host") -> Kernel:
    """The numbers of the host's kernel. Raises FwsimError for what is no release."""
    match = _KERNEL.fullmatch(host.kernel)
    if match is None:
        raise FwsimError(
            "not a release of Linux", where=f"{where}.kernel", found=f'"{host.kernel}"', expected='such as "6.12"',
            hint="uname -r on the host",
        )  # fmt: skip
    return int(match[1]), int(match[2])


def topology(scenario: Scenario, where: str = "scenario") -> Topology:
    """The host's functions; the IGD alone, bound to vfio-pci, where the scenario names none.

    Raises FwsimError for two in one slot, a bridge that is not there or is none, a loop, and an IGD that is not named.
    """
    igd = place(scenario.host.slot, f"{where}: host.slot")
    if not scenario.host_function:
        return Topology([HostFunction(igd, vendor=0x8086, device=scenario.host.device_id, class_code=_DISPLAY,
                                      driver="vfio-pci", field="host.slot")])  # fmt: skip
    functions = named(scenario.host_function, where)
    if igd not in functions.by_rid:
        raise FwsimError(
            "the IGD is none of the host's functions", where=f"{where}: host.slot", found=f'"{scenario.host.slot}"',
            expected="the slot of a [[host_function]]", hint="add a row for it, or correct host.slot",
        )  # fmt: skip
    return Topology(_as_igd(each, scenario.host) if each.rid == igd else each for each in functions.by_rid.values())


def named(rows: tuple[Row, ...], where: str = "scenario") -> Topology:
    """The functions of ``rows``. Raises FwsimError for two in one slot, a bridge that is not there or none, a loop."""
    found: dict[int, HostFunction] = {}
    for index, row in enumerate(rows):
        field = f"host_function.{index}"
        function = _function(row, f"{where}: {field}", field)
        if function.rid in found:
            raise FwsimError(
                "two functions in one slot", where=f"{where}: {field}.slot", found=f'"{row.slot}"',
                expected="each slot once", hint=f"{found[function.rid].field} is there already",
            )  # fmt: skip
        found[function.rid] = function
    _check_buses(found, where)
    return Topology(_with_multifunction(found, rows))


def _function(row: Row, where: str, field: str) -> HostFunction:
    rid = place(row.slot, f"{where}.slot")
    aliases = []
    for index, text in enumerate(row.alias):
        alias = place(text, f"{where}.alias.{index}")
        if alias >> 8 != rid >> 8 or alias == rid:
            raise FwsimError(
                "not an alias that it can have", where=f"{where}.alias.{index}", found=f'"{text}"',
                expected="another slot of its own bus", hint="a bridge's id is found from the bridge's type",
            )  # fmt: skip
        aliases.append(alias & 0xFF)
    acs, enabled = _acs(row.acs, f"{where}.acs")
    return HostFunction(
        rid, row.type, row.vendor, row.device, row.class_code, place(row.behind, f"{where}.behind")
        if row.behind else None, acs, enabled, row.acs == "override", row.multifunction == "on", row.driver,
        tuple(aliases), row.group, field,
    )  # fmt: skip


def _as_igd(function: HostFunction, host: Host) -> HostFunction:
    """What its row leaves out is the IGD's own: its device id, and that it is a display."""
    return replace(function, device=function.device or host.device_id, class_code=function.class_code or _DISPLAY)


def _acs(text: str, where: str) -> tuple[int | None, int]:
    """(the bits of the capability, those that are on)."""
    if text in ("", "override"):
        return None, 0
    have = on = 0
    for word in [] if text == "empty" else text.split():
        match = _BIT.fullmatch(word)
        if match is None or match[1] not in BITS:
            raise FwsimError(
                "not an ACS bit", where=where, found=f'"{word}"',
                expected=f"{', '.join(BITS)}, each with + (on) or - (off); or empty, or override",
                hint='such as "SV+ RR+ CR+ UF+", from lspci -vv: SrcValid, ReqRedir, CmpltRedir, UpstreamFwd',
            )  # fmt: skip
        have |= BITS[match[1]]
        on |= BITS[match[1]] if match[2] == "+" else 0
    return have, on


def _check_buses(found: dict[int, HostFunction], where: str) -> None:
    """Each bus behind one bridge, each bridge with one bus, and every way leads up to a root."""
    behind: dict[int, HostFunction] = {}
    bus_of: dict[int, HostFunction] = {}
    for each in found.values():
        at = f"{where}: {each.field}.behind"
        first = bus_of.setdefault(each.bus, each)
        if first.parent != each.parent:
            raise FwsimError(
                "one bus behind two bridges", where=at, found=_at(each.parent), expected=_at(first.parent),
                hint=f"{first.field} is on the same bus",
            )  # fmt: skip
        if each.parent is None:
            continue
        bridge = found.get(each.parent)
        if each.parent == each.rid or bridge is None:
            raise FwsimError(
                "a function behind itself" if bridge else "the bridge is not there", where=at, found=_at(each.parent),
                expected="the slot of another [[host_function]]", hint="a bridge needs a row of its own",
            )  # fmt: skip
        if bridge.rid >> 16 != each.rid >> 16:
            raise FwsimError(
                "a bridge of another segment", where=at, found=f'"{bridge.name}"',
                expected=f"one of segment {each.rid >> 16:04x}", hint="each segment has root buses of its own",
            )  # fmt: skip
        if not bridge.is_bridge:
            raise FwsimError(
                "not a bridge", where=at, found=f'"{bridge.short}", type {bridge.kind}',
                expected="a port, a bridge's type, or class 0x060400", hint=f"correct {bridge.field}.type",
            )  # fmt: skip
        if behind.setdefault(bridge.rid, each).bus != each.bus:
            raise FwsimError(
                "two buses behind one bridge", where=f"{where}: {each.field}.slot", found=each.short,
                expected=f"bus {behind[bridge.rid].bus & 0xFF:02x}", hint=f"as {behind[bridge.rid].field}",
            )  # fmt: skip
    _check_loops(found, where)


def _check_loops(found: dict[int, HostFunction], where: str) -> None:
    sound: set[int] = set()
    for each in found.values():
        way: dict[int, None] = {}
        at: HostFunction | None = each
        while at is not None and at.rid not in sound:
            if at.rid in way:
                raise FwsimError(
                    "the bridges go round in a loop", where=f"{where}: {at.field}.behind", found=_at(at.parent),
                    expected='a way up to a root bus (behind = "")', hint="one of the bridges is behind itself",
                )  # fmt: skip
            way[at.rid] = None
            at = None if at.parent is None else found[at.parent]
        sound |= way.keys()


def _at(rid: int | None) -> str:
    return '"", a root bus' if rid is None else f'"{short(rid)}"'


def _with_multifunction(found: dict[int, HostFunction], rows: tuple[Row, ...]) -> list[HostFunction]:
    """``auto``: a slot with more than one function is a multifunction device, one with function 0 alone is none."""
    slots: dict[int, int] = {}
    for rid in found:
        slots[rid >> 3] = slots.get(rid >> 3, 0) + 1
    return [
        replace(each, multifunction=slots[each.rid >> 3] > 1) if row.multifunction == "auto" else each
        for each, row in zip(found.values(), rows, strict=True)
    ]


def reserved(scenario: Scenario, functions: Topology, where: str = "scenario") -> list[Reserved]:
    """The host's reserved ranges, each with the function that it is for. Raises FwsimError for what is none."""
    host, found = scenario.host, []
    igd = place(host.slot, f"{where}: host.slot")
    for index, text in enumerate(host.rmrr):
        at = f"{where}: host.rmrr.{index}"
        if text == IGD_RMRR:
            if host.stolen_size:
                start, last = usual_rmrr(host)
                found.append(Reserved(start, last, igd))
            continue
        match = _RANGE.fullmatch(text)
        start, last = (int(match[1], 16), int(match[2], 16)) if match else (0, 0)
        if match is None or start % PAGE or (last + 1) % PAGE or last < start:
            raise FwsimError(
                "not a reserved range", where=at, found=f'"{text}"',
                expected=f'"{IGD_RMRR}", or START-END in hex, whole pages, END the last byte',
                hint='as in dmesg, DMAR: RMRR base: ... end: ...: "0x8b800000-0x8fffffff"',
            )  # fmt: skip
        rid = place(match[3], at) if match[3] else igd
        if rid not in functions.by_rid:
            raise FwsimError(
                "a range of a function that is not there", where=at, found=f'"{match[3]}"',
                expected="the slot of a [[host_function]]", hint="add a row for it",
            )  # fmt: skip
        found.append(Reserved(start, last, rid))
    return found


def usual_rmrr(host: Host) -> tuple[int, int]:
    """(first, last byte) of what firmware reserves for the IGD: from the GTT's stolen memory to the end of stolen.

    Some BIOSes round the end up. Read from dmesg's lines (DMAR: RMRR base: ... end: ...) beside the same hosts' BDSM.
    """
    gtt = host.family.ggms.decode(host.ggc) if host.family.ggms else 0
    return max(0, host.stolen_base - gtt), host.stolen_base + host.stolen_size - 1


def asked(scenario: Scenario, where: str = "scenario") -> Asked:
    """What the guest asks of the host's groups: its IGD, and each [[function]] that is the host's.

    Raises FwsimError for what no host is, a device assigned twice, a group named twice, and a reset that is not there;
    and for an Arm guest, whose hypervisor knows no groups.
    """
    if scenario.guest.on_arm:
        raise FwsimError(
            "Xen gives functions one by one", where=f"{where}: guest.machine", found=f'"{ARM}"',
            expected="a guest of a PC: groups are vfio's", hint="which functions it has: hypervisor.options.pci",
        )  # fmt: skip
    functions = topology(scenario, where)
    release = kernel(scenario.host, f"{where}: host")
    groups = Groups(functions, release)
    igd = place(scenario.host.slot, f"{where}: host.slot")
    assigned = {igd: "host.slot"}
    for index, row in enumerate(scenario.function):
        at = f"{where}: function.{index}.host"
        rid = place(row.host, at) if row.host else -1
        if row.host and (rid not in functions.by_rid or rid in assigned):
            twice = rid in assigned
            raise FwsimError(
                "a device assigned twice" if twice else "the host has no such function", where=at,
                found=f'"{row.host}"', expected="each function of the host once" if twice else
                "the slot of a [[host_function]]", hint=f"{assigned[rid]} is it already" if twice else "add a row",
            )  # fmt: skip
        if row.host:
            assigned[rid] = f"function.{index}"
    _check_reset(scenario, igd, where)
    return Asked(
        groups, release, tuple(assigned), scenario.guest.user, _holdings(scenario, groups, where),
        reserved(scenario, functions, where),
    )  # fmt: skip


def _holdings(scenario: Scenario, groups: Groups, where: str) -> dict[int, Holding]:
    found: dict[int, Holding] = {}
    named: dict[int, int] = {}
    for index, row in enumerate(scenario.group):
        at = f"{where}: group.{index}.function"
        rid = place(row.function, at)
        if rid not in groups.topology.by_rid:
            raise FwsimError(
                "the host has no such function", where=at, found=f'"{row.function}"',
                expected="the slot of a [[host_function]]", hint="add a row for it",
            )  # fmt: skip
        number = groups.of(rid).number
        if number in named:
            raise FwsimError(
                "a group named twice", where=at, found=f'"{row.function}", of group {number}',
                expected="one [[group]] for each group", hint=f"group.{named[number]} is the same group",
            )  # fmt: skip
        named[number] = index
        found[number] = Holding(row.owner, row.held)
    return found


def _check_reset(scenario: Scenario, igd: int, where: str) -> None:
    """A POST on the host before the guest's needs the device reset in between."""
    if scenario.rom.source != "shadow" or scenario.rom.reset != "flr":
        return
    for index, row in enumerate(scenario.host_function):
        if place(row.slot, where) == igd and row.reset not in ("auto", "flr"):
            raise FwsimError(
                "the device needs a reset that it has not", where=f"{where}: host_function.{index}.reset",
                found=f'"{row.reset}"',
                expected='"flr": rom.reset is "flr", between the POST on the host and the guest\'s',
                hint='rom.reset = "none" is a host that resets nothing',
            )  # fmt: skip


def requester(scenario: Scenario) -> int:
    """The id, bus << 8 | devfn, under which the IGD's DMA arrives at the host's IOMMU."""
    return topology(scenario).requester(place(scenario.host.slot, "host.slot"))


def refusals(scenario: Scenario) -> Iterator[Refused]:
    """What vfio refuses of what the guest is given, the IGD first."""
    wanted = asked(scenario)
    for rid in wanted.assigned:
        refused = wanted.refusal(rid)
        if scenario.host.iommu == "off":
            refused = no_group(wanted.groups.topology.by_rid[rid])
        if refused is not None:
            yield refused


def place_of(scenario: Scenario, refused: Refused) -> str:
    """The field to correct."""
    if refused.step == "group":
        return "host.iommu"
    if refused.culprits:
        field = refused.culprits[0].field
        return "host.rmrr" if refused.kernel else f"{field}.driver"
    if refused.errno == "Permission denied":
        return "guest.user"
    wanted = asked(scenario)
    number = next(
        index for index, row in enumerate(scenario.group)
        if wanted.groups.of(place(row.function, "group")).number == refused.group
    )  # fmt: skip
    return f"group.{number}.held"
