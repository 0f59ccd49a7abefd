"""The roots of an Arm guest's slices are said in words: configuration space through vPCI, a BAR's memory, the program.

Sources: PCI Local Bus 3.0, 6.1 and 6.2 (the header's registers); Arm DEN 0022D (PSCI's function ids).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from fwsim.analysis.events import event_text
from fwsim.analysis.guest_bars import BARS, ignored
from fwsim.analysis.nodes import Node
from fwsim.analysis.roots import Earlier, Roots
from fwsim.analysis.slicer import Slicer
from fwsim.analysis.stage2_notes import mapping_at
from fwsim.machine.build_arm import TREE_ROOM, tree_at
from fwsim.memory.arm_map import PL011_BASE, PL011_SIZE
from fwsim.rom.catalog import Licence
from fwsim.rom.elf import Program, program
from fwsim.scenario.model import Scenario
from fwsim.trace.arm import header_register, psci_name
from fwsim.trace.describe import pci_text
from fwsim.trace.event import Flag, Op, Space
from fwsim.trace.owners import is_owner_note, owner_text


class ArmOrigins(Roots):
    """Names what the slices of an Arm guest's program end at."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario

    @property
    def licence(self) -> Licence | None:
        """None: the program is the user's own."""
        return None

    @cached_property
    def program(self) -> Program:
        """What ran."""
        return program(self.scenario.payload.program, "payload.program")

    def function_at(self, address: int) -> str:
        """As ``Roots``."""
        return self.program.function_at(address)

    # --- inputs -----------------------------------------------------------------------------------------------------
    def input_text(self, node: Node, slicer: Slicer, short: bool = False) -> str:
        """As ``Roots``: ``config 00:01.0 @0x10``, or a place in a BAR's memory."""
        event = slicer.events[node.event - 1]
        place = self.place_text(slicer, node.event)
        if short:
            return place
        text = f"{place} read {int(event['value']):#x}"
        facts = self._facts(slicer, event)
        return f"{text} ({'; '.join(facts)})" if facts else text

    def _facts(self, slicer: Slicer, event: np.void) -> list[str]:
        if event["space"] != Space.PCI:
            return []
        facts = [_answer(slicer, event)]
        at, seq = int(event["address"]) & 0xFFF, int(event["seq"])
        if at & ~3 in BARS and (late := ignored(slicer.events, seq)):
            written = int(slicer.events[late - 1]["value"])
            facts.append(f"event {late} wrote {written:#x} while memory was decoded: ignored")
        elif at & ~3 in BARS and event["value"]:
            facts.append("as vPCI began with: the host's own address")
        return [each for each in facts if each]

    def readback_text(self, node: Node, slicer: Slicer) -> str:
        """As ``Roots``: which bits vPCI kept of a BAR's write, and what it ignored since."""
        read, write = slicer.events[node.event - 1], slicer.events[node.selected - 1]
        value, written = int(read["value"]), int(write["value"])
        text = f"{self.place_text(slicer, node.event)} read {value:#x}"
        if value == written:
            text += f", as event {node.selected} had stored it"
        else:
            kept = node.through & (1 << 8 * int(read["width"])) - 1
            text += f": of {written:#x}, which event {node.selected} wrote, vPCI keeps {kept:#x}"
            text += f", and adds {value & ~kept:#x}" if value & ~kept else ""
        if read["space"] == Space.PCI and (late := ignored(slicer.events, node.event)) > node.selected:
            text += f"; event {late} came while memory was decoded: ignored"
        return text

    def place_text(self, slicer: Slicer, seq: int) -> str:
        """The place that an event is about, with its name."""
        event = slicer.events[seq - 1]
        address = int(event["address"])
        if event["space"] == Space.PCI:
            return f"config {pci_text(address)}{config_name(address)}"
        return f"memory {address:#x}{self._behind(slicer, seq, address)}"

    def _behind(self, slicer: Slicer, seq: int, address: int) -> str:
        if PL011_BASE <= address < PL011_BASE + PL011_SIZE:
            return f" (UART +{address - PL011_BASE:#x})"
        note = mapping_at(slicer.events, seq, address)
        if note is None:
            return ""
        host = int(note["value"]) + address - int(note["address"])
        return f" (the host's {host:#x}{self.host_text(host)})"

    def host_text(self, address: int) -> str:
        """The BAR of the host's that has an address: ``, BAR 0 of 08:00.0 + 0x4``."""
        from fwsim.board.arm import arm_host

        for device in arm_host(self.scenario).devices.values():
            for bar in device.bars:
                if bar.kind != "io" and bar.address <= address < bar.address + bar.size:
                    past = address - bar.address
                    return f", BAR {bar.index} of {device.name}" + (f" + {past:#x}" if past else "")
        return ""

    def answer_text(self, node: Node, slicer: Slicer) -> str:
        """As ``Roots``: what PSCI answered to an HVC."""
        return f"the hypervisor's answer {node.value:#x}"

    # --- the program ------------------------------------------------------------------------------------------------
    def event_text(self, slicer: Slicer, seq: int) -> str:
        """As ``Roots``."""
        event = slicer.events[seq - 1]
        if event["space"] == Space.INTERRUPT:
            return exception_text(event)
        if event["space"] in (Space.PCI, Space.MEMORY):
            did = "written" if event["op"] == Op.WRITE else "read"
            return f"{self.place_text(slicer, seq)} {did} {int(event['value']):#x}"
        return event_text(slicer.events, seq, None)

    def start_text(self, node: Node) -> str:
        """As ``Roots``: Xen enters a guest's kernel so (Linux Documentation/arch/arm64/booting.rst)."""
        return "X0 as the hypervisor set it: the device tree's address" if node.key == -1 else "a register as it began"

    def byte_text(self, node: Node) -> tuple[str, Earlier | None]:
        """As ``Roots``: a byte of the program, or of what the hypervisor put into memory."""
        for start, data in self.program.segments:
            if start <= node.place < start + len(data):
                return f"{node.value:#x} at {node.place:#x}, as the program was loaded", None
        past = node.place - tree_at(self.scenario)
        if 0 <= past < TREE_ROOM:
            held = node.value.to_bytes(node.size, "little").hex(" ")
            return f"the device tree + {past:#x}: bytes {held}", None
        return f"{node.value:#x} at {node.place:#x}, as the hypervisor left memory", None

    def memory_text(self, address: int) -> str:
        """As ``Roots``."""
        return f"{address:#x}"


def config_name(address: int) -> str:
    """The name of a register of the header's, in brackets; "" for others."""
    at = address & 0xFFF
    name, byte = header_register(at)
    return f" ({name})" if name and (not byte or at & ~3 in BARS) else ""


def exception_text(event: np.void) -> str:
    """A call of the hypervisor's, or an exception that the code ran into."""
    number, value = int(event["address"]), int(event["value"])
    if event["flags"] & Flag.FAULTED:
        return f"exception {number} at {value:#x}" if value else f"exception {number}"
    return f"HVC: {f'PSCI {name}' if (name := psci_name(number)) else f'{number:#x}'} called"


def _answer(slicer: Slicer, event: np.void) -> str:
    """Who answered an access to configuration space, where the event behind it says so."""
    seq = int(event["seq"])
    if seq >= len(slicer.events):
        return ""
    note = slicer.events[seq]
    if not is_owner_note(note["actor"], note["space"], note["op"]) or note["address"] != event["address"]:
        return ""
    return owner_text(*(int(note[field]) for field in ("width", "value", "aux", "flags")))
