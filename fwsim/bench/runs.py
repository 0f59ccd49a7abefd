"""How long does a whole run take, warm and in process? And how long its accesses and code with empty hooks?"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from fwsim.bench import loops
from fwsim.cpu.plain import PlainCpu
from fwsim.demo import scenarios
from fwsim.machine.adopt import offer
from fwsim.machine.calls import Caller
from fwsim.native import R_CODE
from fwsim.rom.chain import Rom, load
from fwsim.run import Posted, call_init, run
from fwsim.rundir import RunDir
from fwsim.scenario import Call, Host, Hypervisor, Scenario
from fwsim.scenario import Rom as RomChoice

ROUNDS = 5


@dataclass(frozen=True)
class Timed:
    """Medians in milliseconds: of the run, and of its ``accesses`` and code replayed with empty hooks."""

    name: str
    ms: float
    bare_ms: float


@dataclass(frozen=True)
class Image:
    """A ROM to be run, and the scenario it is run in."""

    rom: Rom
    scenario: Scenario


def demo() -> list[Timed]:
    """Both runs of the demo, from the machine's building to the files of its run folder."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for scenario in scenarios():
            counted = [0, 0]

            def once(number: int, scenario: Scenario = scenario, counted: list[int] = counted) -> None:
                summary = run(scenario, RunDir.create(Path(folder) / f"{scenario.name}-{number}"))
                counted[:] = [summary.events, summary.code_bytes]

            ms = _timed(once)
            results.append(Timed(scenario.name, ms, _bare(*counted)))
    return results


def image(path: Path) -> Image:
    """The image at ``path`` on the host itself: init, and mode 12h. Raises FwsimError when it cannot be run."""
    rom = load(str(path))
    device = rom.device if rom.vendor == 0x8086 and rom.device else 0x0126
    scenario = Scenario(
        name="bench", host=Host(device_id=device), hypervisor=Hypervisor(kind="none"),
        rom=RomChoice(file=str(path), any_device=True), call=(Call(ax=0x0012),),
    )  # fmt: skip
    _post(Image(rom, scenario))
    return Image(rom, scenario)


def warm(image: Image) -> Timed:
    """POST and the mode set of ``image``, with its picture taken; events are kept in memory."""
    counted = [0, 0]
    endings = []

    def once(number: int) -> None:
        posted, caller = _post(image)
        machine = posted.built.machine
        counted[:] = [machine.recorder.count, int(machine.root[R_CODE])]
        endings.append(
            f"{posted.ending.reason}, mode 12h {'set' if caller.calls and caller.calls[0].ok else 'not set'}"
        )
        machine.recorder.close()

    ms = _timed(once)
    return Timed(f"{image.rom.path.name}: {endings[-1]}; {counted[0]:,} events", ms, _bare(*counted))


def _post(image: Image) -> tuple[Posted, Caller]:
    scenario, rom = image.scenario, image.rom
    posted = call_init(scenario, rom, offer(scenario, rom, scenario.host.device_id, None), None, None)
    caller = Caller(posted.built, posted.session, scenario, None)
    if posted.ending.reason == "completed":
        caller.make(scenario.call[0])
        caller.finish()
    return posted, caller


def _timed(once: Callable[[int], None]) -> float:
    """Median of several calls after two to warm up."""
    times = []
    for number in range(ROUNDS + 2):
        started = time.perf_counter()
        once(number)
        times.append(time.perf_counter() - started)
    return round(1e3 * median(times[2:]), 1)


def _bare(accesses: int, code_bytes: int) -> float:
    bare = PlainCpu(loops.replay(accesses, code_bytes), hooked="empty")
    return round(1e3 * min(bare.run() for _ in range(ROUNDS)), 2)
