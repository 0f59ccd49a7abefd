"""An event of the code's is said in words: what was written where, and what the hypervisor made of it."""

import numpy as np
from numpy.typing import NDArray

from fwsim.registers.database import name_of
from fwsim.trace.describe import pci_text
from fwsim.trace.efi import answer_text, service_name
from fwsim.trace.event import Flag, Op, Space


def event_text(events: NDArray[np.void], seq: int, cpu: str | None) -> str:
    """An event in words: what was written where, and what the hypervisor made of it."""
    event = events[seq - 1]
    space, address = Space(int(event["space"])), int(event["address"])
    value, was = int(event["value"]), int(event["aux"])
    if space == Space.EFI:
        return f"{service_name(address)} called, which answered {answer_text(address, value)}"
    if space == Space.INTERRUPT:
        return f"INT {address:02X}h called with AX={value & 0xFFFF:04X}"
    did = "written" if event["op"] == Op.WRITE else "read"
    found = name_of(space.name.lower(), address, cpu) if space in (Space.PCI, Space.MMIO, Space.PORT) else None
    name = f" ({found.name})" if found else ""
    place = {
        Space.PCI: f"config {pci_text(address)}", Space.GTT: f"GTT[{address | 1:#x}]",
        Space.MMIO: f"register {address:#x}", Space.PORT: f"port {address:#x}",
    }.get(space, f"{space.name.lower()} {address:#x}")  # fmt: skip
    if event["flags"] & Flag.REWRITTEN and was != value:
        return f"{place}{name} {did} {was:#x}, which the hypervisor made {value:#x}"
    return f"{place}{name} {did} {value:#x}"
