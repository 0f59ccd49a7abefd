"""A value is explained by making its run again up to an event, and following it back to what is no code.

What is printed is a story, oldest line first; a fault or a screen goes on through the layers, plane, GTT and IOMMU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from fwsim.analysis.again import Again, check_same
from fwsim.analysis.decided import decided
from fwsim.analysis.events import event_text
from fwsim.analysis.gave_up import why_it_gave_up
from fwsim.analysis.guest_bars import chosen_by
from fwsim.analysis.layers import gtt_write_for, plane_base, prevention, stop_wait
from fwsim.analysis.origins import Origins
from fwsim.analysis.origins_arm import ArmOrigins
from fwsim.analysis.slicer import Slicer
from fwsim.analysis.stage2_notes import command_for, dma_writes, is_mapping, mapping_at
from fwsim.analysis.stored import CODE
from fwsim.analysis.story import Teller, WhyNode
from fwsim.analysis.targets import Target, parse
from fwsim.errors import FwsimError
from fwsim.results.folder import RunDir
from fwsim.results.summary import EfiSummary, Hang, Stop, Summary
from fwsim.rom.catalog import Licence
from fwsim.rules.uefi import gave_up_text
from fwsim.trace.event import Actor, Flag, Op, Space

if TYPE_CHECKING:
    from fwsim.environment.uefi.drivers import Driver


class Why(Struct):
    """The answer: ``nodes`` oldest first, the last is what was asked about; ``prevented``: what would have helped."""

    run: str
    target: str
    nodes: list[WhyNode] = field(default_factory=list)
    prevented: list[str] = field(default_factory=list)
    images: list[Driver] = field(default_factory=list)
    """UEFI drivers that code of the story is of, where they lie."""
    licence: Licence | None = None
    """What is known of the ROM's licence: it is said before any of its instructions is shown."""

    def lines(self) -> list[str]:
        """The story, newest line last."""
        return [node.line for node in self.nodes]


def explain(run: RunDir, target: str) -> Why:
    """Follow ``target`` (``fwsim why --help`` says what there is) of ``run`` back to its source.

    Raises FwsimError for an event that is not there, a ROM that is gone or has changed, and a trace that is not the
    scenario's own.
    """
    return _Explainer(run).explain(target)


class _Explainer:
    def __init__(self, run: RunDir) -> None:
        self.run = run
        self.events: NDArray[np.void] = run.events()
        self.scenario = run.scenario()
        self.arm = self.scenario.guest.on_arm
        if run.file("summary.json").exists():
            run.rom()  # is it still what ran?
        self.teller = Teller(ArmOrigins(self.scenario) if self.arm else Origins(self.scenario))
        self._again = Again(self.scenario)
        self._slices: dict[int, Slicer] = {}
        self._drivers: list[Driver] = []
        self._mappings: dict[int, WhyNode] = {}

    def explain(self, text: str) -> Why:
        """The answer."""
        target = parse(text, self.events, self.scenario.host.family.pte_width)
        why = Why(str(self.run.path), text)
        if target.kind == "screen":
            self._screen(target)
        elif target.kind == "hang":
            self._hang()
        else:
            self._event(target.seq)
        why.nodes = self.teller.nodes
        why.images = [each for each in self._drivers if any(
            each.base <= node.ip < each.base + each.size and not node.cs for node in why.nodes)]  # fmt: skip
        why.licence = self.teller.origins.licence
        why.prevented = [] if self.arm else prevention(self.scenario, why.nodes)
        return why

    def _slicer(self, seq: int) -> Slicer:
        if seq in self._slices:
            return self._slices[seq]
        window = self._again.window(seq)
        self._drivers = window.drivers
        check_same(window.events, self.run, self.events, seq)
        self._slices[seq] = Slicer(window, lambda until: self._again.window(seq, until))
        return self._slices[seq]

    # --- one event --------------------------------------------------------------------------------------------------
    def _event(self, seq: int) -> WhyNode:
        event = self.events[seq - 1]
        if event["space"] == Space.IOMMU:
            return self._refused(seq) if self.arm else self._fault(seq)
        if is_mapping(event) and self.arm:
            return self._mapping(seq)
        if event["actor"] in CODE and event["op"] in (Op.WRITE, Op.CALL, Op.READ) and (event["cs"] or event["ip"]):
            return self._code(seq)
        return self._made(seq)

    def _code(self, seq: int) -> WhyNode:
        """Made by code of the guest."""
        event = self.events[seq - 1]
        slicer = self._slicer(seq)
        if event["op"] == Op.READ:
            found = slicer.of_read(seq)
        elif event["space"] == Space.INTERRUPT:
            found = slicer.of_address(seq) if event["flags"] & Flag.FAULTED else slicer.of_register(seq, 0, 0xFFFF)
        else:
            found = slicer.of_event(seq, (1 << 8 * int(event["width"])) - 1 if self.arm else 0xFFFFFFFF)
        if found is None:
            return self._made(seq)
        behind = self._behind(seq)
        self.teller.tell(found, slicer)
        self.teller.nodes[-1].chosen += [each.id for each in behind]
        return self.teller.nodes[-1]

    # --- an Arm guest -----------------------------------------------------------------------------------------------
    def _behind(self, seq: int) -> list[WhyNode]:
        """What made stage 2 map the memory that event ``seq`` accessed."""
        event = self.events[seq - 1]
        if not self.arm or event["space"] != Space.MEMORY:
            return []
        note = mapping_at(self.events, seq, int(event["address"]))
        return [] if note is None else [self._mapping(int(note["seq"]))]

    def _mapping(self, seq: int) -> WhyNode:
        """A stage-2 mapping: the write of a command register that made it, and those that chose its address."""
        if seq in self._mappings:
            return self._mappings[seq]
        note = self.events[seq - 1]
        guest, host, size = int(note["address"]), int(note["value"]), int(note["aux"])
        sources, chosen = [], []
        command = command_for(self.events, seq)
        if command:
            bar = chosen_by(self.events, command, guest)
            chosen = [self._event(each) for each in bar.writes] if bar else []
            sources = [self._event(command)]
        text = f"stage 2 maps {size:#x} bytes at {guest:#x} to the host's {host:#x}"
        if not host:
            text = f"stage 2 maps {size:#x} bytes at {guest:#x} no more"
        elif isinstance(self.teller.origins, ArmOrigins):
            text += self.teller.origins.host_text(host)
        self._mappings[seq] = self.teller.add(
            "mapping", text, seq=seq, value=host, sources=[each.id for each in (*chosen, *sources)]
        )
        return self._mappings[seq]

    def _refused(self, seq: int) -> WhyNode:
        """DMA that the SMMU refused: the guest's write that gave the device the address, and the one that began it."""
        fault = self.events[seq - 1]
        address, stream = int(fault["address"]), int(fault["value"])
        sources = [self._event(each) for each in dma_writes(self.events, seq)]
        did = "read" if fault["op"] == Op.READ else "write"
        text = f"DMA {did} of {address:#x} by stream {stream:#x} refused: stage 2 maps nothing there"
        return self.teller.add("fault", text, seq=seq, value=address, sources=[each.id for each in sources])

    def _made(self, seq: int) -> WhyNode:
        """Made by firmware, hypervisor or a device: the end of the story."""
        event = self.events[seq - 1]
        who = Actor(int(event["actor"])).name.lower()
        text = event_text(self.events, seq, self.scenario.host.cpu)
        firmware = self.scenario.firmware
        named = f"the firmware ({f'{firmware.kind} {firmware.version}'.strip()})"
        by = named if who == "firmware" else f"the {who}"
        cs, ip = int(event["cs"]), int(event["ip"])
        return self.teller.add(who, f"{text}, by {by}", seq=seq, value=int(event["value"]), cs=cs, ip=ip)

    # --- through the layers -----------------------------------------------------------------------------------------
    def _fault(self, seq: int) -> WhyNode:
        """From the page that was refused to the entry that points at it, and to who wrote the entry."""
        fault = self.events[seq - 1]
        page = int(fault["address"])
        write = gtt_write_for(self.events, seq, page, self.scenario.host.family)
        sources = []
        if write is None:
            sources.append(self.teller.add("gtt", f"a GTT entry points at {page:#x}; nobody wrote it in this run"))
        else:
            sources.append(self._event(write))
        if fault["op"] == Op.READ:
            sources += self._plane(seq)
        did = "read" if fault["op"] == Op.READ else "write"
        means = "scanned out" if did == "read" else "drawn on"
        text = f"DMA {did} of {page:#x} refused, reason {int(fault['value'])}: {means}, but mapped nowhere"
        return self.teller.add("fault", text, seq=seq, value=page, sources=[each.id for each in sources])

    def _plane(self, seq: int) -> list[WhyNode]:
        found = plane_base(self.events, seq, self.scenario.host.cpu)
        if found is None:
            return []
        text = f"the plane shows from graphics address {found.base:#x} on ({found.name})"
        return [self.teller.add("plane", text, cs=found.cs, ip=found.ip, seq=found.seq, value=found.base)]

    def _screen(self, target: Target) -> None:
        """The last picture: its mode, its plane, the entry of its first page, and what that page is."""
        screens = self.run.summary().display
        if not screens:
            raise FwsimError(
                "the run has no picture", where="EVENT", found="screen", expected="a mode that was set",
                hint="add a [[call]] that sets one, such as ax = 0x4f02, bx = 0xc118",
            )  # fmt: skip
        screen = screens[-1]
        width = self.scenario.host.family.pte_width
        writes = (self.events["space"] == Space.GTT) & (self.events["op"] == Op.WRITE)
        rows = np.flatnonzero(writes & (self.events["address"] == (screen.base >> 12) * width))
        sources = [self._event(int(rows[-1]) + 1)] if len(rows) else []
        sources += self._plane(len(self.events) + 1)
        refused = f", {screen.unreadable_pages} pages refused" if screen.unreadable_pages else ", every page readable"
        size = f"{screen.width}x{screen.height} {screen.format}"
        self.teller.add(
            "screen", f"{screen.file}: mode {screen.mode:#x}, {size}{refused}", sources=[each.id for each in sources]
        )

    def _hang(self) -> None:
        summary = self.run.summary()
        if summary.efi is not None and not summary.hangs:
            self._drivers_gave_up(summary, summary.efi)
            if self.teller.nodes:
                return
        if not summary.hangs:
            raise FwsimError(
                "the run did not hang", where="EVENT", found="hang", expected="a run that ended hung",
                hint=f"it ended: {summary.stop.reason}",
            )  # fmt: skip
        hang = summary.hangs[-1]
        if self.arm:
            self._program_waits(hang, summary.stop)
            return
        seq, text = stop_wait(self.events, hang), hang.detail or hang.input
        source = [self._event(seq)] if seq else []
        gave_up = why_it_gave_up(self.scenario, summary)
        if gave_up is not None:
            self._drivers = gave_up.slicer.drivers
            self.teller.tell(gave_up.found, gave_up.slicer)
            source, seq = self.teller.nodes[-1:], gave_up.input.seq
            text += "" if gave_up.text in text else f"; {gave_up.text}"
        self.teller.add(
            "hang", f"hung: {text}", cs=hang.cs, ip=hang.ip, seq=seq, sources=[each.id for each in source]
        )  # fmt: skip

    def _program_waits(self, hang: Hang, stop: Stop) -> None:
        """An Arm guest's program that waits: behind the read that decided which way it went."""
        found = decided(self.scenario, stop)
        if found is not None:
            self.teller.tell(*found)
        text = hang.detail or ("waits for what it read" if found else "waits, and nothing that it read decided it")
        source = self.teller.nodes[-1:]
        seq = source[0].seq if source else 0
        self.teller.add("hang", f"hung: {text}", ip=hang.ip, seq=seq, sources=[each.id for each in source])

    def _drivers_gave_up(self, summary: Summary, efi: EfiSummary) -> None:
        """The UEFI drivers that returned errors, each behind the read that decided."""
        from fwsim.analysis.gave_up_uefi import why_drivers_gave_up

        for driver, read in why_drivers_gave_up(self.scenario, summary):
            source = [self._event(read.seq)] if read else []
            self.teller.add(
                "hang", gave_up_text(driver, efi), seq=read.seq if read else 0, sources=[each.id for each in source]
            )
