"""What an Arm host's bridges forward: bus numbers and windows that hold what is behind each, and nothing else's.

Source: PCI-to-PCI Bridge Architecture 1.2, 3.2.5 (windows of 1 MiB and of 4 KiB, one of each kind) and 3.2.5.5: a
prefetchable window may hold addresses past 4 GiB, the other may not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from fwsim.errors import FwsimError
from fwsim.hypervisor.groups.topology import HostFunction, Topology
from fwsim.scenario.host_bars import HostBarText
from fwsim.units import GIB, KIB, MIB

GRAIN = {"io": 4 * KIB, "mem": MIB, "pref": MIB}


class Forwarded(Struct, frozen=True):
    """One bridge: the buses from ``secondary`` to ``subordinate``, 0 where there is none, and its windows by kind.

    ``windows``: (first byte, end) of io, mem and pref; a kind without a BAR behind the bridge is not there.
    """

    secondary: int
    subordinate: int
    windows: Mapping[str, tuple[int, int]]


def forwarded(
    topology: Topology, bars: Mapping[int, Sequence[HostBarText]], where: str = "host_function"
) -> dict[int, Forwarded]:
    """What each bridge forwards, by its rid. ``bars``: each function's, by rid.

    Raises FwsimError for bus numbers that no two bridges can share out, and for windows that meet another's, or a BAR
    that is not behind their bridge.
    """
    found: dict[int, Forwarded] = {}
    behind: dict[int, set[int]] = {}
    for each in topology.by_rid.values():
        if each.is_bridge:
            inside = behind[each.rid] = _behind(topology, each.rid)
            buses = [rid >> 8 & 0xFF for rid in inside]
            direct = [one.rid >> 8 & 0xFF for one in topology.by_rid.values() if one.parent == each.rid]
            own = [bar for rid in inside for bar in bars.get(rid, ())]
            found[each.rid] = Forwarded(direct[0] if direct else 0, max(buses, default=0), _windows(own))
    for rid, one in found.items():
        bridge = topology.by_rid[rid]
        _check_buses(bridge, one, topology, behind[rid], where)
        _check_windows(bridge, one, topology, behind, found, bars, where)
    return found


def _behind(topology: Topology, bridge: int) -> set[int]:
    """The rids of what is behind a bridge, bridges behind it included with theirs."""
    found: set[int] = set()
    waiting = [bridge]
    while waiting:
        above = waiting.pop()
        below = [each.rid for each in topology.by_rid.values() if each.parent == above]
        found.update(below)
        waiting += below
    return found


def _windows(bars: Sequence[HostBarText]) -> dict[str, tuple[int, int]]:
    high = any(bar.address >= 4 * GIB and bar.kind != "io" for bar in bars)
    kept: dict[str, list[HostBarText]] = {}
    for bar in bars:
        past = bar.kind != "io" and bar.address >= 4 * GIB
        kind: str = bar.kind if bar.kind != "pref" else "mem" if high and not past else "pref"
        kept.setdefault("pref" if past else kind, []).append(bar)
    found: dict[str, tuple[int, int]] = {}
    for kind, held in kept.items():
        grain = GRAIN[kind]
        found[kind] = min(bar.address for bar in held) & -grain, -(-max(bar.end for bar in held) // grain) * grain
    return found


def _check_buses(bridge: HostFunction, one: Forwarded, topology: Topology, inside: set[int], where: str) -> None:
    """Its own bus is before them, and none of the range is on another way."""
    if not one.secondary:
        return
    segment, own = bridge.rid >> 16, bridge.rid >> 8 & 0xFF
    strange = [
        rid for rid in topology.by_rid
        if rid >> 16 == segment and one.secondary <= rid >> 8 & 0xFF <= one.subordinate and rid not in inside
    ]  # fmt: skip
    lowest = min(rid >> 8 & 0xFF for rid in inside)
    if own >= lowest or lowest < one.secondary or strange:
        other = topology.by_rid[strange[0]].short if strange else bridge.short
        raise FwsimError(
            "bus numbers that no bridge can route", where=f"{_row(bridge, where)}.slot",
            found=f"{bridge.short} forwards {lowest:02x}-{one.subordinate:02x}, where {other} is not behind it",
            expected="a range of its own, above its own bus", hint="as lspci -t shows them on a running host",
        )  # fmt: skip


def _check_windows(
    bridge: HostFunction, one: Forwarded, topology: Topology, behind: Mapping[int, set[int]],
    others: Mapping[int, Forwarded], bars: Mapping[int, Sequence[HostBarText]], where: str,
) -> None:  # fmt: skip
    inside = behind[bridge.rid]
    for kind, (first, end) in one.windows.items():
        for rid, given in bars.items():
            for bar in given if rid not in inside else ():
                if (bar.kind == "io") == (kind == "io") and bar.address < end and first < bar.end:
                    raise _meets(bridge, kind, first, end, f"{bar} of {topology.by_rid[rid].short}", where)
        for rid, other in others.items():
            if rid in inside or bridge.rid in behind[rid] or rid == bridge.rid:
                continue
            for name, (low, high) in other.windows.items():
                if (name == "io") == (kind == "io") and low < end and first < high:
                    raise _meets(bridge, kind, first, end, f"that of {topology.by_rid[rid].short}", where)


def _meets(bridge: HostFunction, kind: str, first: int, end: int, what: str, where: str) -> FwsimError:
    return FwsimError(
        "a bridge's window meets what is not behind it", where=f"{_row(bridge, where)}",
        found=f"{kind} {first:#x}-{end - 1:#x}, and {what}",
        expected=f"BARs behind {bridge.short} in {'4K' if kind == 'io' else '1M'} blocks of their own",
        hint="a bridge forwards whole blocks: move one of the BARs",
    )  # fmt: skip


def _row(bridge: HostFunction, where: str) -> str:
    return f"{where}.{bridge.field.rpartition('.')[2]}"
