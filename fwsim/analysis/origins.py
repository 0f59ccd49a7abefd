"""The roots of a slice are said in words: a configuration register, an answer, a byte of the ROM's file."""

from __future__ import annotations

import numpy as np

from fwsim.analysis.again import Again
from fwsim.analysis.events import event_text
from fwsim.analysis.nodes import Node
from fwsim.analysis.roots import Earlier, Roots
from fwsim.analysis.slicer import Slicer
from fwsim.analysis.stored import INDEXED, index_before
from fwsim.registers.database import name_of
from fwsim.rom.catalog import Licence, licence_of
from fwsim.rom.chain import Rom, load
from fwsim.running.earlier import ROM_BASE
from fwsim.running.option_rom import legacy_image
from fwsim.running.pipeline import earlier
from fwsim.scenario.model import Scenario
from fwsim.trace.describe import pci_text
from fwsim.trace.efi import service_name
from fwsim.trace.event import Actor, Flag, Op, Space
from fwsim.trace.owners import is_lost, owner_text, reached

_INDEX_NAMES = {0x71: "CMOS", 0x73: "CMOS", 0x3C5: "VGA sequencer", 0x3CF: "VGA graphics", 0x3D5: "VGA CRTC",
                0x3B5: "VGA CRTC"}  # fmt: skip
_LOW_AREAS = (
    (0x000, 0x400, "the interrupt vector table"),
    (0x400, 0x500, "the BIOS data area"),
    (0xF0000, 0x100000, "the firmware's segment"),
)


class Origins(Roots):
    """Names what one run's slices end at. A shadow's POST on the host is made again when it is asked for."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.rom: Rom = load(scenario.rom.file)
        legacy = self.rom.legacy
        self.file_offset = legacy.offset if legacy else 0
        self.image = legacy_image(self.rom.data, self.rom) if legacy else self.rom.data
        self._host: Slicer | None = None
        self._shadow: bytes | None = None

    @property
    def licence(self) -> Licence | None:
        """What is known of the ROM's licence."""
        return licence_of(self.rom)

    # --- inputs -----------------------------------------------------------------------------------------------------
    def input_text(self, node: Node, slicer: Slicer, short: bool = False) -> str:
        """An input as ``config 00:02.0 @0x5E``, whatever width and port carried it; unless ``short``, with what it
        read and who gave it.
        """
        event = slicer.events[node.event - 1]
        first = _first_byte(node.mask) if event["space"] in (Space.PCI, Space.PORT) else 0
        address = int(event["address"]) + first
        width = max(1, (node.mask.bit_length() + 7) // 8 - first)
        value = int(event["value"]) >> 8 * first & (1 << 8 * width) - 1
        place = self._place(int(event["space"]), address, node.event, slicer)
        if short:
            return place
        text = f"{place} read {value:#x}"
        facts = list(filter(None, (self._name(int(event["space"]), address), self._who(event, address, slicer))))
        return f"{text} ({'; '.join(facts)})" if facts else text

    def _place(self, space: int, address: int, seq: int, slicer: Slicer) -> str:
        if space == Space.PCI:
            return f"config {pci_text(address)}"
        if space == Space.MMIO:
            return f"register {address:#x}"
        if space == Space.GTT:
            return f"GTT[{address | 1:#x}]"
        if address in _INDEX_NAMES:
            return f"{_INDEX_NAMES[address]} {index_before(slicer.events, seq, INDEXED[address]):#04x}"
        return f"port {address:#x}"

    def _name(self, space: int, address: int) -> str:
        if space not in (Space.PCI, Space.MMIO, Space.PORT):
            return ""
        found = name_of(Space(space).name.lower(), address, self.scenario.host.cpu)
        if found is None:
            return ""
        return found.name if found.address == address else f"{found.name}+{address - found.address}"

    def _who(self, event: np.void, address: int, slicer: Slicer) -> str:
        """Who gave the value: the firmware that placed it, the hypervisor that shows another one, the device."""
        flags, space = int(event["flags"]), int(event["space"])
        seq = int(event["seq"])
        if space == Space.PCI:
            if is_lost(slicer.events, seq - 1):
                note = slicer.events[seq]
                text = owner_text(int(note["width"]), int(note["value"]), int(note["aux"]), int(note["flags"]))
                return f"ones: the access went to {text.removeprefix('-> ')}"
            rows = slicer.events[: seq - 1]
            near = (rows["space"] == space) & (rows["op"] == Op.WRITE) & (rows["address"] <= address)
            near &= rows["address"] + rows["width"] > address
            if len(writes := reached(slicer.events, np.flatnonzero(near))):
                write = rows[writes[-1]]
                who = "the firmware" if write["actor"] == Actor.FIRMWARE else "the ROM"
                return f"{who} put {int(write['value']):#x} there, event {int(write['seq'])}"
        if flags & Flag.ASSISTED:
            return "given by --assist"
        if flags & Flag.EMULATED:
            return "the hypervisor's"
        return self._mirrored(event, slicer) if flags & Flag.MIRRORED else "the device's"

    def _mirrored(self, event: np.void, slicer: Slicer) -> str:
        """The configuration register that a read of BAR0 was answered from, and who wrote it last."""
        rows = slicer.events[: int(event["seq"]) - 1]
        devfn = self.scenario.guest.devfn
        same = (rows["space"] == Space.PCI) & (rows["op"] == Op.WRITE) & (rows["value"] == event["value"])
        rows = rows[same & (rows["address"] >> 12 == devfn)] if event["value"] else rows[:0]
        if not len(rows):
            return "mirrored from config by the hypervisor"
        write = rows[-1]
        who = "the firmware" if write["actor"] == Actor.FIRMWARE else "the ROM"
        place = pci_text(int(write["address"]))
        return f"mirrored from config {place} by the hypervisor; {who} put it there, event {int(write['seq'])}"

    def answer_text(self, node: Node, slicer: Slicer) -> str:
        """What the firmware answered: a service's leaf, or a configuration register that it read for the ROM."""
        if not node.event:
            return f"the firmware's answer {node.value:#x}"
        event = slicer.events[node.event - 1]
        if event["space"] == Space.EFI:
            return f"{service_name(node.service)} gave {node.value:#x}"
        rows = slicer.events[: node.event]
        calls = rows[(rows["space"] == Space.INTERRUPT) & (rows["op"] == Op.CALL) & (rows["actor"] == Actor.ROM)]
        call = calls[-1] if len(calls) else event
        leaf = f"INT {int(call['address']):02X}h AX={int(call['value']) & 0xFFFF:04X}"
        if event["space"] == Space.PCI:
            address = int(event["address"])
            facts = "; ".join(
                filter(None, (self._name(Space.PCI, address), self._who(event, address, slicer), f"by {leaf}"))
            )
            return f"config {pci_text(address)} read {int(event['value']):#x} ({facts})"
        given = int(call["value"]) & 0xFFFF in self.scenario.rom.answers() and call["address"] == 0x15
        return f"{leaf} answered {node.value:#x}" + (" (rom.int15 of the scenario)" if given else "")

    # --- memory -----------------------------------------------------------------------------------------------------
    def readback_text(self, node: Node, slicer: Slicer) -> str:
        """As ``input_text``, with the event that stored it."""
        return f"{self.input_text(node, slicer)}, as event {node.selected} had stored it"

    def event_text(self, slicer: Slicer, seq: int) -> str:
        """What was written where, and what the hypervisor made of it."""
        return event_text(slicer.events, seq, self.scenario.host.cpu)

    def start_text(self, node: Node) -> str:
        """As firmware enters option ROMs and drivers."""
        return "a register as the firmware handed it over"

    def memory_text(self, address: int) -> str:
        """An address, with the byte of the ROM's file that lies there."""
        offset = address - ROM_BASE
        if 0 <= offset < len(self.image):
            return f"{address:#x}, ROM byte {self.file_offset + offset:#x}"
        return f"{address:#x}"

    def byte_text(self, node: Node) -> tuple[str, Earlier | None]:
        """Bytes that lay in memory: the ROM file's, or stored there by the shadow's POST (with that POST's slice)."""
        offset = node.place - ROM_BASE
        value = f"{node.value:#x}"
        if not 0 <= offset < len(self.image):
            area = next((name for low, high, name in _LOW_AREAS if low <= node.place < high), "")
            return f"memory {node.place:#x}, {area + ', ' if area else ''}as the firmware left it: {value}", None
        at = self.file_offset + offset
        if self.scenario.rom.source == "shadow":
            if node.kind == "constant" and self.shadow[offset : offset + node.size] == self._file(offset, node.size):
                return f"ROM byte {at:#x} of the file: {value}", None
            found = self.host.of_bytes(node.place, node.size)
            stores = [found.nodes[key] for key in found.nodes[found.top].sources if key >= 0]
            if stores:
                where = ", ".join(dict.fromkeys(f"{each.cs:04x}:{each.ip:04x}" for each in stores))
                roots = [each for each in found.roots() if each.kind in ("input", "answer")]
                leaf = f": {self._root(roots[0])}" if roots else ""
                if stores[0].place >= ROM_BASE:  # the variable begins where the store did
                    at = self.file_offset + stores[0].place - ROM_BASE
                return f"ROM byte {at:#x} stored by the shadow's POST at {where}{leaf}", (found, self.host)
        if self._file(offset, node.size) != node.value.to_bytes(node.size, "little"):
            return f"ROM byte {at:#x}, set by the hypervisor or firmware to {value}", None
        return f"ROM byte {at:#x} of the image on disk: {value}{self._baked(node)}", None

    def _root(self, node: Node) -> str:
        if node.kind == "input":
            return self.input_text(node, self.host, short=True)
        return self.answer_text(node, self.host)

    def _file(self, offset: int, size: int) -> bytes:
        return bytes(self.image[offset : offset + size])

    def _baked(self, node: Node) -> str:
        """A base in the file itself: the dump of a machine that had POSTed."""
        host = self.scenario.host
        low, size = host.stolen_base, host.family.gms.decode(host.ggc)
        at = node.place - ROM_BASE
        for start in range(max(0, at - 3), at + 1):
            held = int.from_bytes(self.image[start : start + 4], "little")
            if node.kind == "byte" and low and low <= held < low + size and not held & 0xFFF:
                return f", of {held:#x}, baked in: the image was dumped after a POST with that base"
        return ""

    @property
    def host(self) -> Slicer:
        """The POST on the host that made the shadow, with its steps."""
        if self._host is None:
            again = Again(self.scenario, on_host=True)
            self._host = Slicer(again.window(None), lambda until: again.window(None, until))
        return self._host

    @property
    def shadow(self) -> bytes:
        """C0000 after that POST."""
        if self._shadow is None:
            self._shadow = earlier(self.scenario, self.rom).shadow or b""
        return self._shadow


def _first_byte(mask: int) -> int:
    """The lowest byte of which a bit matters."""
    return ((mask & -mask).bit_length() - 1) // 8 if mask else 0
