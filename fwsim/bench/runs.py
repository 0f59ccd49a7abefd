"""Whole runs are timed, warm and in one process, beside their accesses and code under empty hooks."""

import gc
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from msgspec import Struct

from fwsim.bench import loops
from fwsim.bench.reference import Record, Reference, Watched
from fwsim.cpu.plain import PlainCpu
from fwsim.demo.igd import scenarios
from fwsim.errors import FwsimError
from fwsim.registers.families import family_of_device
from fwsim.results.folder import RunDir
from fwsim.results.png import png_bytes
from fwsim.rom.chain import Rom, load
from fwsim.running.pipeline import Run, assemble, run
from fwsim.scenario.model import Call, Host, Hypervisor, Scenario
from fwsim.scenario.model import Rom as RomChoice

ROUNDS = 5


class Timed(Struct, frozen=True):
    """Medians in milliseconds: of the run, and of its ``accesses`` and code replayed with empty hooks."""

    name: str
    ms: float
    bare_ms: float


class Image(Struct, frozen=True):
    """A ROM to be run, the scenario it is run in, and what a run of it was."""

    rom: Rom
    scenario: Scenario
    record: Record
    outcome: str


class Warm(Struct, frozen=True):
    """Medians in milliseconds. ``run_ms`` is POST and mode set, ``total_ms`` all three stages of a run.

    ``reference_ms`` and ``ratio`` (run to reference) are None where ``missing`` says why.
    """

    build_ms: float
    run_ms: float
    picture_ms: float
    total_ms: float
    reference_ms: float | None
    ratio: float | None
    missing: str


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


def image(path: Path, cpu: str = "") -> Image:
    """The image at ``path`` on the host itself: init, and mode 12h; run once, for the record its reference replays.

    ``cpu`` is host.cpu; "": the family of the ROM's device id. Raises FwsimError when it cannot be run.
    """
    rom = load(str(path))
    own = rom.device if rom.vendor == 0x8086 else None
    found = family_of_device(own) if own is not None else None
    name = cpu or (found.name if found else Host().cpu)
    host = Host(cpu=name, device_id=own) if own and not cpu else Host(cpu=name)
    scenario = Scenario(
        name="bench", host=host, hypervisor=Hypervisor(kind="none"),
        rom=RomChoice(file=str(path), any_device=True, checksum="ignore"), call=(Call(ax=0x0012),),
    )  # fmt: skip
    one = _ready(rom, scenario)
    watched = one.session.slices.cpu = Watched(one.built)
    ending = one.init()
    one.calls()
    record, events = watched.finish(), one.built.machine.recorder.count
    one.close()
    mode = "mode 12h set" if one.caller.calls and one.caller.calls[0].ok else "mode 12h not set"
    return Image(rom, scenario, record, f"{ending.reason}, {mode}; {events:,} events")


def warm(image: Image, rounds: int | None = None) -> Warm:
    """POST and the mode set of ``image``, and the same code with empty hooks, in turn; events are kept in memory.

    The code is translated anew each time, on both sides.
    """
    reference = Reference(image.record)
    turns = []
    for _ in range((rounds or ROUNDS) + 2):
        gc.collect()
        turns.append((*_stages(image), reference.run()))
        if reference.missing:
            break
    kept = turns[2:] or turns
    build_ms, run_ms, picture_ms = (round(1e3 * median(turn[i] for turn in kept), 1) for i in range(3))
    total = round(1e3 * median(sum(turn[:3]) for turn in kept), 1)
    if reference.missing:
        return Warm(build_ms, run_ms, picture_ms, total, None, None, reference.missing)
    ratio = round(median(turn[1] / turn[3] for turn in kept), 2)
    return Warm(build_ms, run_ms, picture_ms, total, round(1e3 * median(turn[3] for turn in kept), 1), ratio, "")


def _ready(rom: Rom, scenario: Scenario) -> Run:
    """A run up to where the ROM's own code begins. Raises FwsimError for a ROM that the firmware refuses."""
    one = Run(assemble(scenario, rom))
    refused = one.copy()
    if refused:
        raise FwsimError("the firmware refuses this ROM", where=str(rom.path), found=refused.detail)
    return one


def _stages(image: Image) -> tuple[float, float, float]:
    """Seconds that one run takes: its machine's building, POST and mode set, the picture."""
    marks = [time.perf_counter()]
    one = _ready(image.rom, image.scenario)
    marks.append(time.perf_counter())
    one.init()
    one.calls()
    marks.append(time.perf_counter())
    one.pictures()
    for picture in one.caller.pictures:
        png_bytes(picture)
    marks.append(time.perf_counter())
    one.close()
    return marks[1] - marks[0], marks[2] - marks[1], marks[3] - marks[2]


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
