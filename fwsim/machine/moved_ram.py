"""RAM that firmware moves out of its hole's way lies from the start where it ends up: nobody used it before.

Xen's hvmloader does that (tools/firmware/hvmloader/pci.c, "Relocate RAM that overlaps PCI space").
"""

from __future__ import annotations

from msgspec.structs import replace

from fwsim.board.function import Board
from fwsim.firmware.request import Request
from fwsim.memory.ram import PAGE
from fwsim.scenario.model import Scenario
from fwsim.scenario.options import allocator_of

Split = tuple[int, int]
"""Bytes of RAM below and above 4 GiB."""


def moved_ram(scenario: Scenario, board: Board, rom_size: int) -> tuple[Split, Split] | None:
    """RAM as the hypervisor builds it, and as the firmware leaves it; None where it moves none.

    ``rom_size``: bytes of the display's ROM BAR.
    """
    row, options = allocator_of(scenario.firmware)
    design = scenario.hypervisor.design
    if row.image or design.on_host:
        return None
    ram = scenario.guest.ram // PAGE * PAGE
    low, high = design.ram_split(scenario.guest.machine, ram)
    end = design.ram_end(scenario.device, low)
    built = end // PAGE * PAGE, high + low - end
    rom = 1 << (rom_size - 1).bit_length() if rom_size else 0
    functions = tuple(
        replace(each.asked(), rom_size=rom) if each is board.display else each.asked() for each in board.functions
    )
    reserved = tuple((start, end - start) for start, end in design.identity(scenario.device) or ())
    left = row.ram_left(
        Request(
            machine=scenario.guest.machine, ram=ram, functions=functions, version=scenario.firmware.version,
            cpu=scenario.cpu, e820=((0, built[0], 1), (1 << 32, built[1], 1)), options=options, reserved=reserved,
        )
    )  # fmt: skip
    return None if left in (None, built) else (built, left)
