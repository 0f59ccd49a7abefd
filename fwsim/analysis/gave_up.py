"""Why code gave up, in a jump to itself or a HLT: the last input that decided the way there, and a value that leads on.

The conditional jumps before the end are sliced, the latest first, down to what was read. Then the run is made again
with that input answered otherwise: known ids near the one that was read first, then what the code compares it with,
then bit by bit.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from fwsim.analysis.again import Again
from fwsim.analysis.nodes import Node, Slice
from fwsim.analysis.scan import Steps
from fwsim.analysis.slicer import Slicer
from fwsim.devices.pci import PciBus
from fwsim.environment.ending import Ending
from fwsim.machine.built import Built
from fwsim.native import R_EV_LIMIT, R_FORCED, R_FORCED_AND, R_FORCED_LEFT, R_FORCED_OR
from fwsim.registers.database import name_of
from fwsim.registers.device_ids import DEVICE_IDS
from fwsim.registers.pch_ids import known_lpc_ids, nearest_first
from fwsim.results.summary import Stop, Summary
from fwsim.rom.chain import Rom, load
from fwsim.rules.run import FINISHED, finished
from fwsim.running.pipeline import assemble, begin
from fwsim.scenario.model import Scenario
from fwsim.trace.describe import pci_text
from fwsim.trace.event import Actor, Op, Space

WINDOW = 1 << 18
"""Steps kept at a time."""
JUMPS, REACH = 256, 1 << 16
"""Conditional jumps that are sliced, and steps that they are looked for in, going back from the end."""
TRIALS, FEWEST = 64, 4
"""Runs made to find a value that leads on: as many, or fewer where they would execute more than ..."""
TRIAL_CODE = 1 << 30
"""... so many code bytes together."""
BEYOND = 64
"""Events past the end at which a trial has gone on."""
_INPUTS = (Space.PCI, Space.MMIO, Space.PORT)
_NEVER = (1 << 62) - 1


class Input(Struct, frozen=True):
    """What was read, by event ``seq``: bytes of a register, of which the bits of ``mask`` decided."""

    seq: int
    space: str
    address: int
    width: int
    value: int
    mask: int
    name: str = ""

    @property
    def absent(self) -> bool:
        """Whether it is a configuration register's all ones, as where no function answers."""
        return self.space == "pci" and self.value == (1 << 8 * self.width) - 1

    @property
    def text(self) -> str:
        """``LPC_DID``, or its place where it has no name."""
        if self.name:
            return self.name
        return f"config {pci_text(self.address)}" if self.space == "pci" else f"{self.space} {self.address:#x}"


class GaveUp(Struct, frozen=True):
    """The input that decided, the slice it was found by, and a value with which the code goes on (None: none tried).

    ``again``: with that value it goes further, and gives up later.
    """

    input: Input
    found: Slice
    slicer: Slicer
    other: int | None = None
    again: bool = False
    tried: int = 0

    @property
    def text(self) -> str:
        """The story in a sentence."""
        absent = " (nothing is there)" if self.input.absent else ""
        read = f"it read {self.input.text} {self.input.value:#x}{absent} and gave up"
        if self.other is None:
            return f"{read}; none of {self.tried} other values led on"
        return f"{read}; with {self.other:#x} it {'gets further, and hangs later' if self.again else 'goes on'}"


def explain_stop(scenario: Scenario, summary: Summary) -> None:
    """Add to ``summary``, of a run of ``scenario``, why its ROM gave up, where it did."""
    found = why_it_gave_up(scenario, summary)
    if found is None:
        return
    stop = summary.stop
    stop.detail += f"; {found.text}"
    summary.hangs[-1].detail = stop.detail
    for check in summary.checks:
        if check.id == FINISHED:
            check.ok, check.detail = finished(stop)


def why_it_gave_up(scenario: Scenario, summary: Summary) -> GaveUp | None:
    """The input that ended a run of ``scenario``, and what would lead on; None where no input is found, or it went on
    to its end.

    Raises FwsimError for a ROM that is gone.
    """
    stop = summary.stop
    if not stop.gave_up:
        return None
    slicer = before_the_end(scenario, stop)
    if not slicer.events.size:
        return None
    decided = _decided(slicer, stop, scenario.host.cpu)
    if decided is None:
        return None
    asked, found = decided
    rom = load(scenario.rom.file)
    trials = _Trials(scenario, rom, stop, int(slicer.events[-1]["seq"]))
    best, tried, most = None, 0, max(FEWEST, min(TRIALS, TRIAL_CODE // max(1, summary.code_bytes)))
    for tried, value in enumerate(_candidates(asked, found, scenario, rom), 1):
        outcome = trials.goes_on(asked, value)
        if outcome == "on":
            return GaveUp(asked, found, slicer, value, tried=tried)
        if outcome == "further" and best is None:
            best = value
        if tried == most:
            break
    return GaveUp(asked, found, slicer, best, again=best is not None, tried=tried)


# --- what decided -----------------------------------------------------------------------------------------------------


def before_the_end(scenario: Scenario, stop: Stop) -> Slicer:
    """The steps of the run that led to ``stop``: the rounds of a jump to itself behind them are a million and more."""
    again = Again(scenario, size=WINDOW)
    place = (stop.cs << 4) + stop.ip
    window = again.window(None)
    low, high = 0, window.steps.first  # it came there between these steps
    while len(window.steps) and len(window.steps.at_address(place)) == len(window.steps) and high:
        middle = (low + high) // 2 if high - low > WINDOW else high
        window = again.window(None, middle)
        if not len(window.steps) or window.steps.address(len(window.steps) - 1) != place:
            low, window = middle, again.window(None, high)
        high = min(high, window.steps.first)
    return Slicer(window, lambda until: again.window(None, until))


def _decided(slicer: Slicer, stop: Stop, cpu: str) -> tuple[Input, Slice] | None:
    """The latest conditional jump before the end whose flags come from something that was read."""
    steps, at = slicer.last, arrival(slicer.last, stop)
    seen: set[tuple[int, int]] = set()
    jumps = 0
    for index in range(at - 1, max(-1, at - 1 - REACH), -1):
        code = steps.decoded(index)
        if code is None or steps.jump(index) is None or code.name in ("jcxz", "jecxz"):
            continue
        place = steps.address(index), steps.seq(index)  # the same jump, with nothing read in between
        if place in seen:
            continue
        seen.add(place)
        found = slicer.of_flags(steps, index)
        asked = _input(found, slicer, cpu)
        if asked is not None:
            return asked, found
        jumps += 1
        if jumps == JUMPS:
            return None
    return None


def arrival(steps: Steps, stop: Stop) -> int:
    """The first step of the window's end that stands where the code stopped."""
    last = steps.seq(len(steps) - 1) if len(steps) else 0
    here = steps.at_address((stop.cs << 4) + stop.ip)
    since = here[bisect_left(range(len(here)), last, key=lambda each: steps.seq(int(here[each]))) :]
    return int((since if len(since) else here)[0]) if len(here) else len(steps)


def _input(found: Slice, slicer: Slicer, cpu: str) -> Input | None:
    """The input of the slice that was read last."""
    inputs = [node for node in found.nodes.values() if node.kind in ("input", "answer") and node.event]
    made = [each for node in sorted(inputs, key=lambda node: -node.event) if (each := _of(node, slicer, cpu))]
    return made[0] if made else None


def _of(node: Node, slicer: Slicer, cpu: str) -> Input | None:
    event = slicer.events[node.event - 1]
    space, mask = int(event["space"]), node.mask
    if space not in _INPUTS or event["op"] != Op.READ or event["actor"] not in (Actor.ROM, Actor.FIRMWARE) or not mask:
        return None
    byte = ((mask & -mask).bit_length() - 1) // 8 if space != Space.MMIO else 0
    width = max(1, (mask.bit_length() + 7) // 8 - byte) if space != Space.MMIO else int(event["width"])
    width = 4 if width == 3 else width
    address, ones = int(event["address"]) + byte, (1 << 8 * width) - 1
    name = name_of(Space(space).name.lower(), address, cpu)
    return Input(
        node.event, Space(space).name.lower(), address, width, int(event["value"]) >> 8 * byte & ones,
        mask >> 8 * byte & ones, name.name if name and name.address == address else "",
    )  # fmt: skip


# --- what would lead on -----------------------------------------------------------------------------------------------


def _candidates(asked: Input, found: Slice, scenario: Scenario, rom: Rom) -> Iterator[int]:
    """Other values: known ids, the nearest first, constants that took part, one bit turned over, all of them."""
    ones = (1 << 8 * asked.width) - 1
    values: list[int] = []
    if asked.name == "LPC_DID":
        values += known_lpc_ids(asked.value)
    elif asked.name == "DID":
        others = (each for ids in DEVICE_IDS.values() for each in ids)
        for ids in (DEVICE_IDS.get(scenario.host.cpu, ()), rom.ids, others):
            values += nearest_first(ids, asked.value)
    values += [node.value & ones for node in found.nodes.values() if node.kind in ("constant", "byte")]
    values += [asked.value ^ 1 << bit for bit in range(8 * asked.width) if asked.mask >> bit & 1]
    values += [asked.value ^ asked.mask, ones, 0]
    yield from (value for value in dict.fromkeys(values) if value != asked.value)


class _Trials:
    """The run made again, an input answered otherwise."""

    def __init__(self, scenario: Scenario, rom: Rom, stop: Stop, events: int) -> None:
        self.scenario, self.rom, self.stop, self.events = scenario, rom, stop, events

    def goes_on(self, asked: Input, value: int) -> str:
        """``on``, ``further`` (and then it hangs all the same), or "" with the input reading ``value``."""

        made = assemble(self.scenario, self.rom)
        root = made.built.machine.root
        root[R_EV_LIMIT] = min(int(root[R_EV_LIMIT]), self.events + BEYOND)
        force(made.built, asked.space, asked.address, asked.width, value, asked.mask)
        one = begin(made)
        try:
            ending = one.post()
            if ending.reason == "completed":
                one.calls(past_end=False)
                ending = one.stopped or ending
            return self._outcome(ending, one.built.machine.recorder.count)
        finally:
            one.close()

    def _outcome(self, ending: Ending, events: int) -> str:
        if ending.reason != "hung":
            return "on" if events > self.events or ending.reason == "completed" else ""
        return "further" if events > self.events else ""


def _slot(pci: PciBus, bdf: int) -> int:
    """The function's tables; where none answers, those of one on bus 0 that reads all ones but for what is forced."""
    if pci.answers(bdf):
        return pci.slot(bdf)
    slot = pci.add(bdf & 0xFF)
    for offset in range(0, 0x100, 4):
        pci.emulate(slot, offset, 4, 0xFFFFFFFF, 0)
    return slot


def force(built: Built, space: str, address: int, width: int, value: int, mask: int) -> None:
    """Let a register read ``value`` in the bits of ``mask``, whenever it is read; a PCI register wholly."""
    machine = built.machine
    if space == "pci":
        slot = _slot(machine.pci, address >> 12)
        machine.pci.emulate(slot, address & 0xFFF, width, value, 0)
        return
    number = {"mmio": Space.MMIO, "port": Space.PORT}[space]
    root = machine.root
    root[R_FORCED] = (int(number) << 32 | address) + 1
    root[R_FORCED_AND] = np.uint64(~mask & (1 << 64) - 1)
    root[R_FORCED_OR] = value & mask
    root[R_FORCED_LEFT] = _NEVER
