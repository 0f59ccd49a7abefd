"""A run whose firmware is a real image: it finds the devices, places what it places, and calls the ROM by itself."""

from __future__ import annotations

from fwsim.environment.ending import Ending
from fwsim.environment.reset import Reset
from fwsim.machine.apply_placement import Placed
from fwsim.machine.built import Built
from fwsim.memory.e820 import E820Type
from fwsim.results.folder import RunDir
from fwsim.results.summary import Summary
from fwsim.rules.run import check
from fwsim.running.base import AnyRun, Assembled, Progress, quiet
from fwsim.running.calls import Caller
from fwsim.running.outcome import summarize

ROM_BASE, ROM_SPAN = 0xC0000, 0x20000
_ASLS = 0xFC


class ImageRun(AnyRun):
    """A run of ``made``, step by step, its firmware executed from the reset vector."""

    def __init__(self, made: Assembled, out: RunDir | None = None) -> None:
        self.made = made
        self.scenario, self.rom, self.built = made.scenario, made.rom, made.built
        self.session = Reset(made.built)
        self.ending: Ending | None = None
        self.caller = Caller(self.built, self.session, self.scenario, out)

    # --- the steps -------------------------------------------------------------------------------------------------
    def post(self) -> Ending:
        """From the reset vector to a boot sector, then see what was placed where."""
        built = self.built
        if built.given.aborted:
            words = "; ".join(filter(None, (built.given.error, built.given.aborted)))
            self.ending = self.session.slices.ended = Ending("aborted", 0, 0, words)
            return self.ending
        self.ending = self.session.power_on()
        built.placed = read_placed(built, self.session)
        base = built.placed.bdsm
        built.guest_stolen = (base, base + built.placed.size) if base else (0, 0)
        return self.ending

    def calls(self, tell: Progress = quiet, *, past_end: bool = True) -> None:
        """Make the scenario's calls in the boot sector's place."""
        if self.ending is None or self.ending.reason != "completed" or not self.scenario.call:
            return
        before = self.session.cpu.snapshot()
        for number, call in enumerate(self.scenario.call):
            tell("running", (1 + number) / (1 + len(self.scenario.call)))
            self.caller.make(call)
            if self.session.slices.ended and not past_end:
                return
        self.session.cpu.restore(before)

    def boot(self) -> None:
        """Let the payload's boot sector run."""
        ready = self.session.slices.ended is None and self.ending is not None and self.ending.reason == "completed"
        if self.scenario.payload.floppy and ready:
            with self.caller.watching(self.session.slices):
                self.session.boot()

    def pictures(self) -> None:
        """Take the last picture, and let the host's kernel tell of the last DMA faults."""
        self.caller.finish()

    def summary(self) -> Summary:
        """What came of it all."""
        ending = self.session.slices.ended or self.ending or Ending("completed")
        summary = summarize(self.scenario, self.rom, self.built, self.session, ending)
        summary.calls, summary.display = self.caller.calls, self.caller.screens
        summary.rom.taken, summary.rom.how = self._taken()
        summary.checks = check(self.scenario, summary, self.built.placed.behind_bar)
        return summary

    def _taken(self) -> tuple[bool, str]:
        """Whether the firmware copied the ROM to C0000: the header is there."""
        there = self.built.machine.ram.read(ROM_BASE, 2) == b"\x55\xaa"
        return there, "the firmware copied it to C0000" if there else "the firmware ran no ROM at C0000"

    @property
    def stopped(self) -> Ending | None:
        """How the firmware, or what ran last, ended."""
        return self.session.slices.ended or self.ending

    def shadow(self) -> bytes:
        """What lies at C0000 now, as long as its header says."""
        ram = self.built.machine.ram
        return ram.read(ROM_BASE, ram.word(ROM_BASE + 2, 1) * 512) if self._taken()[0] else b""


def read_placed(built: Built, session: Reset) -> Placed:
    """What the firmware placed, read from the registers that it wrote and from its own memory map."""
    machine, scenario = built.machine, built.machine.scenario
    placed = Placed(log=list(built.log))
    devfn, pci = scenario.guest.devfn, machine.pci
    if pci.answers(devfn):
        slot = pci.slot(devfn)
        function = next(each for each in machine.functions if each.slot == slot)
        placed.bars = {bar.index: machine.windows.bar_address(function, bar) for bar in function.bars}
        placed.bars = {index: address for index, address in placed.bars.items() if address}
        if machine.igd is not None:
            placed.asls = pci.seen_by_guest(slot, _ASLS, 4)
            register = scenario.host.family.bdsm_register
            if register is not None and built.given.own_bdsm:
                value = pci.seen_by_guest(slot, register, 4)
                placed.bdsm = value & 0xFFF00000
                placed.size = built.given.stolen
    rows = session.memory_map() if session.slices.ended is None else []
    placed.e820_entries = placed.post_entries = rows
    placed.e820 = [(start, start + size, E820Type(kind).name) for start, size, kind in rows]
    return placed
