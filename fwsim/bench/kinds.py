"""A run of our own ROM under each kind of hypervisor is timed beside the same under QEMU 10.0, in turn."""

import gc
import time
from pathlib import Path
from statistics import median

from msgspec import Struct

from fwsim.analysis.designs import Design, designs
from fwsim.demo.igd import scenarios
from fwsim.rom.chain import load
from fwsim.running.pipeline import Run, assemble
from fwsim.scenario.model import Call, Firmware, Host, Hypervisor, Scenario
from fwsim.scenario.model import Rom as RomChoice

ROUNDS = 7
BESIDE = Design("qemu", "10.0", "seabios")
_WITHOUT_ROM = ("crosvm", "vpci")
"""No guest of theirs calls a ROM."""


class Beside(Struct, frozen=True):
    """One kind's run: ``ratio`` of its CPU time to QEMU 10.0's, ``ms`` both, ``events`` both."""

    design: str
    ratio: float
    ms: tuple[float, float]
    events: tuple[int, int]

    @property
    def per_event(self) -> float:
        """The ratio for each event, where the ROM does more or less under this kind."""
        return round(self.ratio * self.events[1] / self.events[0], 3)


def measure() -> list[Beside]:
    """Every kind at its newest profile. A posted ROM, POST and one mode set, the machine's building included."""
    newest = {each.kind: each for each in designs() if each.kind not in _WITHOUT_ROM}
    rom = next(iter(scenarios())).rom.file
    found = []
    for design in newest.values():
        turns = []
        for _ in range(ROUNDS + 1):
            gc.collect()
            turns.append((*_once(design, rom), *_once(BESIDE, rom)))
        own, events, other, qemu = (median(turn[i] for turn in turns[1:]) for i in range(4))
        ratio = median(turn[0] / turn[2] for turn in turns[1:])
        found.append(Beside(design.title, round(ratio, 3), (round(1e3 * own, 1), round(1e3 * other, 1)),
                            (int(events), int(qemu))))  # fmt: skip
    return found


def _once(design: Design, rom: str) -> tuple[float, int]:
    scenario = Scenario(
        host=Host(cpu="sandybridge"), hypervisor=Hypervisor(kind=design.kind, profile=design.profile),
        firmware=Firmware(kind=design.firmware), rom=RomChoice(file=str(Path(rom)), fix_ids=True),
        call=(Call(ax=0x4F02, bx=0xC114),),
    )  # fmt: skip
    read = load(rom)
    started = time.process_time()
    one = Run(assemble(scenario, read))
    one.post()
    one.calls()
    one.pictures()
    took, events = time.process_time() - started, one.built.machine.recorder.count
    one.close()
    return took, events
