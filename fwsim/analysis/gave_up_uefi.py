"""Why a UEFI driver gave up: the run is made again with a register that it read last answered otherwise.

What leads on is told by the bit, or by the id, that is enough. Where nothing does, the last reads are named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from fwsim.analysis.gave_up import force
from fwsim.native import R_EV_LIMIT
from fwsim.registers.pch_ids import known_lpc_ids
from fwsim.results.summary import EfiDriverResult, EfiInput, Summary
from fwsim.rom.chain import Rom, load
from fwsim.rules.uefi import failed_drivers, gave_up, reads_text, shy
from fwsim.running.pipeline import assemble
from fwsim.running.uefi import UefiRun
from fwsim.scenario.model import Scenario
from fwsim.trace.event import Space

TRIALS, IDS = 48, 128
"""Runs that are made again to explain one, and those for the ids of other PCHs: there are a hundred."""
INPUTS = 3
"""Registers, from the one read last on, that are answered otherwise."""
_FURTHER = 4096
"""Events past the end at which a trial has gone on."""
_DRIVERS = "efi-drivers"


class Led(Struct, frozen=True):
    """A change with which the driver goes on: the register's bits of ``mask`` read ``value``.

    ``again``: it goes further, and gives up later.
    """

    read: EfiInput
    value: int
    mask: int
    again: bool = False

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
    if summary.efi is None or summary.stop.reason != "completed":
        return False
    return any(_wanted(each, summary) for each in failed_drivers(summary.efi))


def explain_drivers(scenario: Scenario, summary: Summary) -> None:
    """Add to ``summary``, of a run of ``scenario``, why its drivers gave up.

    Raises FwsimError for a ROM that is gone.
    """
    if summary.efi is None:
        return
    why_drivers_gave_up(scenario, summary)
    for check in summary.checks:
        if check.id == _DRIVERS and not check.ok:
            check.detail = gave_up(summary.efi)


def why_drivers_gave_up(scenario: Scenario, summary: Summary) -> list[tuple[EfiDriverResult, EfiInput | None]]:
    """The drivers of a run of ``scenario`` that gave up, ``why`` filled in where trials can tell, each with the read
    that decided; None: unknown.

    Raises FwsimError for a ROM that is gone.
    """
    found: list[tuple[EfiDriverResult, EfiInput | None]] = []
    for driver in failed_drivers(summary.efi) if summary.efi else []:
        read = None
        if _wanted(driver, summary):
            rom = load(scenario.rom.file)
            driver.why, read = _why(driver, _Trials(scenario, rom, driver.name, summary.events))
        found.append((driver, read))
    return found


def _wanted(driver: EfiDriverResult, summary: Summary) -> bool:
    no_vbt = driver.start == "NOT_FOUND" and summary.efi is not None and not summary.efi.vbt
    return bool(driver.last_reads) and not no_vbt


def _why(driver: EfiDriverResult, trials: _Trials) -> tuple[str, EfiInput | None]:
    reads = driver.last_reads
    asked = [each for each in reads if each.name == "LPC_DID"] if shy(driver) else reads[:INPUTS]
    for way in (_all_bits, _single_bits):
        for read in asked:
            led = _of_ids(read, trials) if read.name == "LPC_DID" else way(read, trials)
            if led is not None:
                goes = "gets further, and gives up later" if led.again else "goes on"
                return f"it read {reads_text([read])} and gave up; {led.text} it {goes}", read
    because = f"none of {trials.made} trials with other values led on"
    return f"it read last {reads_text(reads)}; which of them decided is unknown, because {because}", None


def _of_ids(read: EfiInput, trials: _Trials) -> Led | None:
    """The id of another PCH, the one that the host's family usually has first."""
    usual = trials.scenario.host.family.lpc_id
    ids = dict.fromkeys((usual, *known_lpc_ids(usual)))
    return trials.first((Led(read, value, 0xFFFF) for value in ids if value != read.value), IDS)


def _all_bits(read: EfiInput, trials: _Trials) -> Led | None:
    """All bits set, or all clear, then as few of them as are enough."""
    ones = (1 << 8 * read.width) - 1
    led = trials.first(Led(read, value, read.value ^ value) for value in (ones, 0) if value != read.value)
    return _least(led, trials) if led else None


def _single_bits(read: EfiInput, trials: _Trials) -> Led | None:
    """One bit turned over."""
    return trials.first(Led(read, read.value ^ 1 << bit, 1 << bit) for bit in _bits((1 << 8 * read.width) - 1))


def _least(led: Led, trials: _Trials) -> Led:
    """Half of the bits as long as half of them is enough."""
    while len(bits := list(_bits(led.mask))) > 1:
        halves = (bits[: len(bits) // 2], bits[len(bits) // 2 :])
        smaller = trials.first(Led(led.read, led.value, sum(1 << bit for bit in half)) for half in halves)
        if smaller is None:
            break
        led = smaller
    return led


def _bits(mask: int) -> Iterator[int]:
    """The bits that are set, the highest first: status bits are there."""
    return (bit for bit in range(mask.bit_length() - 1, -1, -1) if mask >> bit & 1)


class _Trials:
    """The run made again up to a little past its end."""

    def __init__(self, scenario: Scenario, rom: Rom, driver: str, events: int) -> None:
        self.scenario, self.rom, self.driver, self.events = scenario, rom, driver, events
        self.made = 0
        _, _, self.known = self._run(None)

    def first(self, changes: Iterable[Led], most: int = TRIALS) -> Led | None:
        """The first of ``changes`` that leads on; None once ``most`` trials were made."""
        return next((found for each in changes if self.made < most and (found := self._tried(each))), None)

    def _tried(self, led: Led) -> Led | None:
        """``led`` if the driver starts with it, or touches a register that it never came to before."""
        self.made += 1
        started, over, places = self._run(led)
        if started or places - self.known:
            return replace(led, again=over and not started)
        return None

    def _run(self, led: Led | None) -> tuple[bool, bool, set[int]]:
        """Whether Start succeeded, whether the run came to its end, and the device's registers that were touched."""
        one = UefiRun(assemble(self.scenario, self.rom))
        try:
            root, recorder = one.built.machine.root, one.built.machine.recorder
            root[R_EV_LIMIT] = min(int(root[R_EV_LIMIT]), self.events + _FURTHER)
            if led is not None:
                read = led.read
                value = led.value if read.space != "pci" else read.value & ~led.mask | led.value & led.mask
                force(one.built, read.space, read.address, read.width, value, led.mask)
            over = one.post().reason == "completed"
            started = any(each.start == "SUCCESS" for each in one.drivers if each.name == self.driver)
            events = recorder.read(0, recorder.count)
            return started, over, set(events["address"][events["space"] == int(Space.MMIO)].tolist())
        finally:
            one.close()
