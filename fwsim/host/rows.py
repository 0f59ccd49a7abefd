"""The functions of a host's dumps become the rows of a host file, with what a scenario does not have left out."""

from fwsim.host.facts import HostFunctionFact, locate
from fwsim.host.gather import Gathered
from fwsim.host.lspci import Function

IGD = "00:02.0"


def take_functions(found: Gathered) -> None:
    """Put what the dumps say of the host's buses into ``dumps.functions``: nothing of a guest, or where too little is
    known to tell groups.
    """
    dumps = found.dumps
    merged: dict[str, HostFunctionFact] = {}
    for function, file in found.functions:
        fact = merged.setdefault(function.bdf, HostFunctionFact(slot=function.bdf))
        _add(fact, function, file)
    for slot, (number, place) in found.groups.items():
        if slot in merged:
            merged[slot].group = number
            merged[slot].place = merged[slot].place or place
    known = any(fact.group >= 0 or fact.type not in ("", "pci") for fact in merged.values())
    if dumps.guest_of or not known or IGD not in merged:
        return
    bridges = {fact.secondary: fact.slot for fact in merged.values() if fact.secondary > 0}
    for fact in merged.values():
        fact.behind = bridges.get(_bus(fact.slot), "") if fact.slot.count(":") == 1 else ""
    dumps.functions = sorted(merged.values(), key=lambda fact: fact.slot)


def _bus(slot: str) -> int:
    return int(slot.rpartition(".")[0].split(":")[-2], 16)


def _add(fact: HostFunctionFact, function: Function, file: str) -> None:
    vendor, device = function.vendor, function.device
    if not vendor and function.read(0, 4) is not None:
        vendor, device = function.read(0, 2) or 0, function.read(2, 2) or 0
    fact.vendor, fact.device = fact.vendor or vendor, fact.device or device
    fact.class_code = fact.class_code or (function.class_code or 0) << 8
    fact.type = fact.type or function.express
    fact.acs = fact.acs or function.acs
    fact.driver = fact.driver or function.driver[0]
    fact.group = function.group if fact.group < 0 else fact.group
    fact.secondary = fact.secondary or function.secondary
    fact.place = fact.place or locate(file, function.line)


def row_lines(fact: HostFunctionFact) -> list[str]:
    """The row of one function, in the order of a scenario's fields, what has its default left out."""
    lines = ["", "[[host_function]]", f'slot = "{fact.slot}"']
    lines += [f'type = "{fact.type}"'] if fact.type else []
    lines += [f'behind = "{fact.behind}"'] if fact.behind else []
    lines += [f"vendor = {fact.vendor:#06x}", f"device = {fact.device:#06x}", f"class = {fact.class_code:#08x}"]
    lines += [f'acs = "{fact.acs}"'] if fact.acs else []
    if fact.slot == IGD:
        had = f"    # {fact.driver} when it was dumped" if fact.driver not in ("", "vfio-pci") else ""
        lines.append(f'driver = "vfio-pci"{had}')
    elif fact.driver:
        lines.append(f'driver = "{fact.driver}"')
    return [*lines, f"group = {fact.group}"] if fact.group >= 0 else lines
