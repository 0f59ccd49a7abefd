"""A host's functions with their BARs and capabilities: what an Arm guest's hypervisor finds, each row checked."""

from __future__ import annotations

from msgspec import Struct

from fwsim.errors import FwsimError
from fwsim.hypervisor.groups.topology import HostFunction, Topology
from fwsim.scenario.host_bars import HostBarText, all_host_bars
from fwsim.scenario.host_capabilities import HostCapability, host_capabilities
from fwsim.scenario.host_functions import named
from fwsim.scenario.host_windows import Forwarded, forwarded
from fwsim.scenario.model import HostFunction as Row
from fwsim.scenario.model import Scenario

_BRIDGE_BARS = 2


class FunctionFacts(Struct, frozen=True):
    """One row: its place among the host's buses, its BARs, and its capabilities."""

    row: Row
    place: HostFunction
    bars: tuple[HostBarText, ...]
    capabilities: tuple[HostCapability, ...]


class HostFacts(Struct, frozen=True):
    """A whole host: its buses, its functions in the order of their rows, and what each bridge forwards, by its rid."""

    topology: Topology
    functions: tuple[FunctionFacts, ...]
    forwarded: dict[int, Forwarded]


def host_devices(scenario: Scenario, where: str = "scenario") -> HostFacts:
    """An Arm host. Raises FwsimError for what no host is: buses, BARs, capabilities, and what its bridges forward."""
    topology = named(scenario.host_function, where)
    functions = host_rows(scenario, where)
    bars = {each.place.rid: each.bars for each in functions}
    return HostFacts(topology, functions, forwarded(topology, bars, f"{where}: host_function"))


def host_rows(scenario: Scenario, where: str = "scenario") -> tuple[FunctionFacts, ...]:
    """Each row's BARs and capabilities. Raises FwsimError for what no function has, and for BARs over each other."""
    rows = scenario.host_function
    if not rows:
        return ()
    functions = {each.field: each for each in named(rows, where).by_rid.values()}
    bars = all_host_bars(rows, f"{where}: host_function")
    found = []
    for index, (row, own) in enumerate(zip(rows, bars, strict=True)):
        field = f"host_function.{index}"
        place = functions[field]
        if place.is_bridge and any(bar.index + bar.is64 >= _BRIDGE_BARS for bar in own):
            raise FwsimError(
                "a bridge has two BARs at most", where=f"{where}: {field}.bars", found=", ".join(row.bars),
                expected="BAR0 and BAR1", hint="registers 18h to 24h are its bus numbers and windows",
            )  # fmt: skip
        capabilities = host_capabilities(row.capabilities, own, place.is_express, f"{where}: {field}.capabilities")
        found.append(FunctionFacts(row, place, own, capabilities))
    return tuple(found)
