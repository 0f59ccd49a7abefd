"""A run whose firmware is a real image: it finds the devices, places what it places, and calls the ROM by itself."""

from __future__ import annotations

from fwsim.environment.ending import Ending
from fwsim.environment.reset import Reset
from fwsim.environment.slices import Snapshot
from fwsim.environment.uefi_reset import UefiReset
from fwsim.machine.apply_placement import Placed
from fwsim.machine.built import Built
from fwsim.machine.decode import ROM_BAR, ROM_BASE_BITS
from fwsim.machine.plugged import ROM_REGISTER
from fwsim.memory.e820 import E820Type
from fwsim.results.folder import RunDir
from fwsim.results.summary import Summary
from fwsim.rules.run import check
from fwsim.running.base import Assembled, PcRun, Progress, quiet
from fwsim.running.calls import Caller
from fwsim.running.guest_driver import driver_summary
from fwsim.running.outcome import summarize
from fwsim.scenario.model import Scenario
from fwsim.scenario.options import allocator_of
from fwsim.trace.event import Op, Space

ROM_BASE = 0xC0000
_ASLS = 0xFC
_BELOW_MIB = 0xFFFFF
_FOUR_GIB = 1 << 32


class ImageRun(PcRun):
    """A run of ``made``, step by step, its firmware executed from the reset vector."""

    def __init__(self, made: Assembled, out: RunDir | None = None) -> None:
        self.made = made
        self.scenario, self.rom, self.built = made.scenario, made.rom, made.built
        self._uefi = allocator_of(made.scenario.firmware)[0].uefi
        self.session = (UefiReset if self._uefi else Reset)(made.built)
        self.ending: Ending | None = None
        self._out = out
        self.caller = Caller(self.built, self.session, self.scenario, out)
        self._at_reset = _registers(self.built)

    # --- the steps -------------------------------------------------------------------------------------------------
    def post(self) -> Ending:
        """From the reset vector to a boot sector, then see what was placed where."""
        built = self.built
        if built.given.aborted:
            words = "; ".join(filter(None, (built.given.error, built.given.aborted)))
            self.ending = self.session.slices.ended = Ending("aborted", 0, 0, words)
            return self.ending
        self.ending = self.session.power_on()
        built.placed = read_placed(built, self.session, self._at_reset)
        base = built.placed.bdsm
        built.guest_stolen = (base, base + built.placed.size) if base else (0, 0)
        return self.ending

    def calls(self, tell: Progress = quiet, *, past_end: bool = True) -> None:
        """Make the scenario's calls in the boot sector's place; UEFI's firmware takes no INT."""
        if self.ending is None or self.ending.reason != "completed" or not self.scenario.call:
            return
        if self._uefi:
            self.built.log.append("warning: the scenario's calls are not made: INTs are a BIOS's, and this is UEFI")
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
        if self.scenario.payload.floppy and ready and self._uefi:
            self.built.log.append("warning: payload.floppy is not booted: a boot sector is a BIOS's to start")
        elif self.scenario.payload.floppy and ready:
            with self.caller.watching(self.session.slices):
                self.session.boot()

    def pictures(self) -> None:
        """Take the last picture, and let the host's kernel tell of the last DMA faults."""
        self.caller.finish()

    def summary(self) -> Summary:
        """What came of it all."""
        driver = driver_summary(self.scenario, self.built)
        ending = self.session.slices.ended or self.ending or Ending("completed")
        summary = summarize(self.scenario, self.rom, self.built, self.session, ending)
        summary.calls, summary.display = self.caller.calls, self.caller.screens
        summary.driver = driver
        summary.rom.taken, summary.rom.how = self._taken()
        summary.checks = check(self.scenario, summary, self.built.placed.behind_bar)
        return summary

    def _taken(self) -> tuple[bool, str]:
        """Whether the firmware copied the ROM to C0000: the header is there; UEFI's reads it through its BAR."""
        if self._uefi:
            return _read_by_bar(self.built)
        there = self.built.machine.ram.read(ROM_BASE, 2) == b"\x55\xaa"
        return there, "the firmware copied it to C0000" if there else "the firmware ran no ROM at C0000"

    def back(self, snapshot: Snapshot, scenario: Scenario) -> None:
        """Go back to ``snapshot``, taken behind ``post``; then the calls and the payload are ``scenario``'s.

        In everything that makes the machine it is the run's own.
        """
        self.session.slices.restore(snapshot)
        self.scenario = scenario
        self.caller = Caller(self.built, self.session, scenario, self._out)

    @property
    def stopped(self) -> Ending | None:
        """How the firmware, or what ran last, ended."""
        return self.session.slices.ended or self.ending

    def shadow(self) -> bytes:
        """What lies at C0000 now, as long as its header says."""
        ram = self.built.machine.ram
        return ram.read(ROM_BASE, ram.word(ROM_BASE + 2, 1) * 512) if self._taken()[0] else b""


def _read_by_bar(built: Built) -> tuple[bool, str]:
    """Whether the firmware had the display's ROM BAR decoded, and where."""
    recorder, at = built.machine.recorder, built.machine.scenario.guest.devfn << 12 | ROM_REGISTER
    events = recorder.read(0, recorder.count)
    wrote = (events["space"] == Space.PCI) & (events["op"] == Op.WRITE) & (events["address"] == at)
    shown = [int(value) for value in events[wrote]["value"] if value & 1 and value != 0xFFFFFFFF]
    if not shown or not built.machine.roms:
        return False, "the firmware read no ROM through the display's ROM BAR"
    return True, f"the firmware read it through its ROM BAR at {shown[-1] & ~0x7FF:#x}"


def _registers(built: Built) -> tuple[int, int]:
    """ASLS and BDSM as the guest reads them; 0 where there is no such register."""
    machine, pci = built.machine, built.machine.pci
    devfn, register = machine.scenario.guest.devfn, machine.scenario.host.family.bdsm_register
    if machine.igd is None or not pci.answers(devfn):
        return 0, 0
    slot = pci.slot(devfn)
    return pci.seen_by_guest(slot, _ASLS, 4), pci.seen_by_guest(slot, register, 4) if register is not None else 0


def read_placed(built: Built, session: Reset, before: tuple[int, int]) -> Placed:
    """What the firmware placed, read from the registers that it wrote and from its own memory map.

    ``before``: ASLS and BDSM at reset; what still holds it was not placed.
    """
    machine, placed = built.machine, Placed(log=list(built.log))
    devfn, pci = machine.scenario.guest.devfn, machine.pci
    if pci.answers(devfn):
        slot = pci.slot(devfn)
        function = next(each for each in machine.functions if each.slot == slot)
        bars = {bar.index: machine.windows.bar_address(function, bar) for bar in function.bars}
        if slot in machine.roms:
            held = pci.seen_by_guest(slot, ROM_REGISTER, 4) & ROM_BASE_BITS
            bars[ROM_BAR] = held if held != -machine.roms[slot].size & _FOUR_GIB - 1 else 0  # sized, then left alone
        placed.bars = {index: address for index, address in bars.items() if address}
        asls, bdsm = _registers(built)
        placed.asls = asls if asls != before[0] else 0
        if bdsm != before[1]:
            placed.bdsm, placed.size = bdsm & ~_BELOW_MIB, built.given.stolen
    rows = session.memory_map() if session.slices.ended is None else []
    placed.e820_entries = placed.post_entries = rows
    placed.e820 = [(start, start + size, E820Type(kind).name) for start, size, kind in rows]
    return placed
