"""Why a UEFI driver gave up: the run is made again with a register that it read last answered otherwise.

What leads on is told by the bit, or by the id, that is enough. Where nothing does, the last reads are named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fwsim.analysis.gave_up import BEYOND, force
from fwsim.native import R_EV_LIMIT
from fwsim.registers.pch_ids import known_lpc_ids
from fwsim.results.summary import EfiDriverResult, EfiInput, Summary
from fwsim.rom.chain import Rom, load
from fwsim.rules.uefi import failed_drivers, gave_up, reads_text, shy
from fwsim.running.pipeline import assemble
from fwsim.running.uefi import UefiRun
from fwsim.scenario.model import Scenario

TRIALS = 48
"""Runs that are made again to explain one."""
INPUTS = 3
"""Registers, from the one read last on, that are answered otherwise."""
_SAME = 8
"""Events more or less that are no sign of having gone on: a driver tidies up in another order."""
_DRIVERS = "efi-drivers"


@dataclass(frozen=True)
class Led:
    """A change with which the driver goes on: the register's bits of ``mask`` read ``value``."""

    read: EfiInput
    value: int
    mask: int

    @property
    def text(self) -> str:
        """``with bit 24 set``, ``with 0x9d4e, a PCH that it knows,``."""
        if self.read.name == "LPC_DID":
            return f"with 0x{self.value:04x}, a PCH that it knows,"
        bits = [bit for bit in range(self.mask.bit_length()) if self.mask >> bit & 1]
        state = "set" if self.value & self.mask == self.mask else "clear" if not self.value & self.mask else "changed"
        if len(bits) == 8 * self.read.width:
            return f"with {self.value:#x}"
        return f"with bit{'s' * (len(bits) > 1)} {', '.join(map(str, bits))} {state}"


def can_explain(summary: Summary) -> bool:
    """Whether a driver of the run gave up after it had read something that could be answered otherwise."""
    return summary.efi is not None and any(_wanted(each, summary) for each in failed_drivers(summary.efi))


def explain_drivers(scenario: Scenario, summary: Summary) -> None:
    """Add to ``summary``, of a run of ``scenario``, why its drivers gave up. Raises FwsimError for a ROM that is gone."""
    if summary.efi is None:
        return
    rom = load(scenario.rom.file)
    for driver in failed_drivers(summary.efi):
        if _wanted(driver, summary):
            driver.why = _why(driver, _Trials(scenario, rom, driver.name, summary.events))
    for check in summary.checks:
        if check.id == _DRIVERS and not check.ok:
            check.detail = gave_up(summary.efi)


def _wanted(driver: EfiDriverResult, summary: Summary) -> bool:
    no_vbt = driver.start == "NOT_FOUND" and summary.efi is not None and not summary.efi.vbt
    return bool(driver.last_reads) and not no_vbt


def _why(driver: EfiDriverResult, trials: _Trials) -> str:
    reads = driver.last_reads
    asked = [each for each in reads if each.name == "LPC_DID"] if shy(driver) else reads[:INPUTS]
    for read in asked:
        led = _leads_on(read, trials)
        if led is not None:
            return f"it read {reads_text([read])} and gave up; {led.text} it goes on"
    because = f"none of {trials.made} trials with other values led on"
    return f"it read last {reads_text(reads)}; which of them decided is unknown, because {because}"


def _leads_on(read: EfiInput, trials: _Trials) -> Led | None:
    """The smallest change of ``read`` that leads on; None where none does, or no trial is left."""
    ones = (1 << 8 * read.width) - 1
    if read.name == "LPC_DID":
        usual = trials.scenario.host.family.lpc_id
        ids = [usual, *(each for each in known_lpc_ids(usual) if each != usual)]
        return next((led for value in ids if value != read.value and trials.on(led := Led(read, value, ones))), None)
    for value in (ones, 0):
        mask = read.value ^ value
        if mask and trials.on(Led(read, value, mask)):
            return _least(read, value, mask, trials)
    flips = (Led(read, read.value ^ 1 << bit, 1 << bit) for bit in _bits(ones))
    return next((led for led in flips if trials.on(led)), None)


def _least(read: EfiInput, value: int, mask: int, trials: _Trials) -> Led:
    """Half of the bits as long as half of them is enough."""
    while len(bits := list(_bits(mask))) > 1:
        halves = (bits[: len(bits) // 2], bits[len(bits) // 2 :])
        masks = (sum(1 << bit for bit in half) for half in halves)
        smaller = next((each for each in masks if trials.on(Led(read, value, each))), None)
        if smaller is None:
            break
        mask = smaller
    return Led(read, value, mask)


def _bits(mask: int) -> Iterator[int]:
    """The bits that are set, the highest first: status bits are there."""
    return (bit for bit in range(mask.bit_length() - 1, -1, -1) if mask >> bit & 1)


class _Trials:
    """The run made again up to a little past its end, at most ``TRIALS`` times."""

    def __init__(self, scenario: Scenario, rom: Rom, driver: str, events: int) -> None:
        self.scenario, self.rom, self.driver, self.events = scenario, rom, driver, events
        self.made = 0

    def on(self, led: Led) -> bool:
        """Whether the driver, with that answer, starts or goes on past where it gave up."""
        if self.made == TRIALS:
            return False
        self.made += 1
        one = UefiRun(assemble(self.scenario, self.rom))
        try:
            root = one.built.machine.root
            root[R_EV_LIMIT] = min(int(root[R_EV_LIMIT]), self.events + BEYOND)
            read = led.read
            value = led.value if read.space != "pci" else read.value & ~led.mask | led.value & led.mask
            force(one.built, read.space, read.address, read.width, value, led.mask)
            one.post()
            found = next((each for each in one.drivers if each.name == self.driver), None)
            started = found is not None and found.start == "SUCCESS"
            return started or one.built.machine.recorder.count > self.events + _SAME
        finally:
            one.close()
