"""One event is said as a story has it: what was done to which register, by its name, and where in the code."""

from functools import cache

from fwsim.registers.database import name_of
from fwsim.trace.describe import address_text

Row = dict[str, object]


def said(row: Row, cpu: str | None = None) -> str:
    """``read.2 pci 00:02.0 @0x5E (BDSM+2): 0xdba0``, from an event as ``trace.describe.rows`` gives it."""
    space, op, address = str(row["space"]), str(row["op"]), int(str(row["address"]))
    width = f".{row['width']}" if op in ("read", "write") else ""
    value, aux = int(str(row["value"])), int(str(row["aux"]))
    text = f"{op}{width} {place(space, address, cpu)}: {value:#x}"
    return text + (f" (was {aux:#x})" if aux != value else "")


def place(space: str, address: int, cpu: str | None = None) -> str:
    """``mmio 0x70180 (DSPACNTR)``: an address with its space and, where known, its name."""
    name = register(space, address, cpu)
    shown = address_text(space, address)
    return (shown if space == "interrupt" else f"{space} {shown}") + (f" ({name})" if name else "")


@cache
def register(space: str, address: int, cpu: str | None = None) -> str:
    """What the register at ``address`` is called on ``cpu``; "" where nobody knows."""
    if space not in ("port", "pci", "mmio"):
        return ""
    found = name_of(space, address, cpu)
    if found is None:
        return ""
    return found.name if found.address == address else f"{found.name}+{address - found.address}"


def place_of(row: Row) -> str:
    """CS:IP, or who it was where no code did it."""
    cs, ip = int(str(row["cs"])), int(str(row["ip"]))
    return f"{cs:04x}:{ip:04x}" if cs or ip else str(row["actor"])
