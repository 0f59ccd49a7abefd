"""The figures of a benchmark are listed here, each with its reference and, where there is one, its target."""

import gc
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import msgspec

from fwsim.bench import efi, kinds, loops, memory, reading, runs, sweeps, x86emu
from fwsim.bench.interrupts import COUNT, Interrupts
from fwsim.bench.rig import Rig
from fwsim.cpu.plain import PlainCpu

Progress = Callable[[str, float | None], None]
PAIRS = 60_000
"""Index/data pairs of a round: their events fit the recorder's first window."""
ROUNDS = 9
ALIKE = 0.1
"""Runs whose events differ by less are the same work."""
FAST = ("sandybridge", "ivybridge", "haswell")
"""Families whose images are to take less than 50 ms."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured value; None where this machine lacks what the measurement takes (``detail`` says what).

    ``reference`` is what it is compared with, measured in the same run in ``reference_unit``, ``measured`` the same of
    fwsim's own. ``target`` is the least value wanted, or the most where ``most`` is set.
    """

    name: str
    value: float | None
    unit: str
    reference: float | None
    reference_unit: str = ""
    measured: float | None = None
    target: float | None = None
    most: bool = False
    detail: str = ""

    @property
    def ok(self) -> bool | None:
        """Whether the target is met; None without a value or a target."""
        if self.value is None or self.target is None:
            return None
        return self.value <= self.target if self.most else self.value >= self.target


def measure(
    rom: Path | None = None, tell: Progress | None = None, cpu: str = "", driver: Path | None = None,
    *, every_kind: bool = False, read: bool = False,
) -> list[Figure]:  # fmt: skip
    """Every figure; with ``rom`` also what that image's POST and one mode set take, with ``driver`` (a UEFI driver's
    file, or a scenario with one) what lies between its entry and a mode set. About ten seconds.

    ``every_kind``: also a run under each kind of hypervisor, half a minute more. ``read``: also why, diff, show and
    export of a recorded run.

    ``cpu`` is the host.cpu the image runs on; "": the family of its device id.

    Raises FwsimError when ``rom`` or ``driver`` cannot be run.
    """
    say = tell or (lambda what, done: None)
    image = runs.image(rom, cpu) if rom else None  # refuse it before anything is measured
    driven = efi.driven(driver, cpu) if driver else None
    steps: list[tuple[str, Callable[[], list[Figure]]]] = [
        ("ROM code", _code), ("port accesses", _ports), ("INTs", _interrupts), ("the demo", _demo), ("a sweep", _sweep),
        ("ten million events", _memory),
    ]  # fmt: skip
    if image is not None:
        steps.append((str(rom), lambda: _rom(image)))
    if every_kind:
        steps.append(("every kind of hypervisor", _kinds))
    if read:
        steps.append(("recorded runs", _reading))
    if driven is not None:
        steps.append((str(driver), lambda: _driver(driven)))
    figures: list[Figure] = []
    for number, (what, step) in enumerate(steps):
        say(what, number / len(steps))
        with _quiet():
            figures += step()
    say("done", 1.0)
    return figures


@contextmanager
def _quiet() -> Iterator[None]:
    """No garbage collection in between."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def alternate(rounds: int, *run: Callable[[], float]) -> list[list[float]]:
    """Call each of ``run`` in turn, ``rounds`` times after one to warm up: what disturbs one disturbs all."""
    for each in run:
        each()
    turns = [[each() for each in run] for _ in range(rounds)]
    return [list(times) for times in zip(*turns, strict=True)]


def _ratio(own: list[float], other: list[float]) -> float:
    """How much faster ``own`` is: the median over the turns."""
    return round(median(b / a for a, b in zip(own, other, strict=True)), 3)


def _million(count: int, times: list[float]) -> float:
    return round(count / median(times) / 1e6, 2)


def _code() -> list[Figure]:
    rig = Rig()
    figures = []
    for name, short in (("rom_code_ratio", False), ("rom_short_blocks_ratio", True)):
        code, instructions = loops.load_store(3, short_blocks=short)
        rig.put(code)
        own, bare, empty = alternate(ROUNDS, rig.run, PlainCpu(code).run, PlainCpu(code, hooked="empty").run)
        figures.append(
            Figure(
                name=name, value=_ratio(own, bare), unit="ratio", target=None if short else 0.97,
                measured=_million(instructions, own), reference=_million(instructions, bare),
                reference_unit="M instr/s, engine without hooks",
                detail=f"empty native hooks reach {_ratio(empty, bare)}; RAM that no code was run in is mapped as data"
                + (", three blocks a turn" if short else ""),
            )
        )  # fmt: skip
    return figures


def _ports() -> list[Figure]:
    rig = Rig()
    code = loops.gtt_writes(PAIRS, rig.io_bar, rig.host_base)
    rig.put(code)
    emulator = x86emu.build(code, rig.io_bar, rig.host_base)
    references = [PlainCpu(code, hooked="python").run, PlainCpu(code, hooked="empty").run]
    try:
        turns = alternate(ROUNDS, rig.run_again, *references, *([emulator.run] if emulator.run else []))
    finally:
        emulator.remove()
    own, python, empty = turns[:3]
    fresh, python_now = alternate(ROUNDS, rig.run_fresh, references[0])
    to_file, python_then = _to_file(code, references[0])
    events, rate = 2 * PAIRS, _million(2 * PAIRS, own)
    by_emulator = turns[3] if emulator.run else None
    return [
        Figure(
            name="trap_vs_python_hook", value=_ratio(own, python), unit="times", target=10.0, measured=rate,
            reference=_million(events, python), reference_unit="M events/s, the binding's Python hook",
        ),
        Figure(
            name="trap_fresh_vs_python_hook", value=_ratio(fresh, python_now), unit="times", target=6.0,
            measured=_million(events, fresh), reference=_million(events, python_now),
            reference_unit="M events/s, the binding's Python hook",
            detail=f"into memory that was not touched yet; into a new file {_ratio(to_file, python_then)} times",
        ),
        Figure(
            name="trap_vs_x86emu", value=_ratio(own, by_emulator) if by_emulator else None, unit="times", target=5.0,
            measured=rate, reference=_million(events, by_emulator) if by_emulator else None,
            reference_unit="M events/s, libx86emu with a C handler", detail=emulator.missing,
        ),
        Figure(
            name="port_events", value=rate, unit="M/s", measured=rate, reference=_million(events, empty),
            reference_unit="M events/s, empty native hooks",
        ),
    ]  # fmt: skip


def _interrupts() -> list[Figure]:
    rig = Interrupts()
    own, bare = ([1e6 * each / COUNT for each in times] for times in alternate(ROUNDS, rig.run, rig.run_bare))
    return [
        Figure(
            name="int_trap_us", value=round(median(own), 1), unit="us", target=10.0, most=True,
            measured=round(median(own), 1), reference=round(median(bare), 1),
            reference_unit="us, the binding's Python hook at INT", detail="INT 1Ah AH=00h, two events each",
        )
    ]  # fmt: skip


def _to_file(code: bytes, python: Callable[[], float]) -> list[list[float]]:
    """Each pass over ``code`` into a part of a file that is new, and ``python`` beside it."""
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder) / "events.npy")
        rig.put(code)
        times = alternate(ROUNDS, rig.run_fresh, python)
        rig.machine.recorder.close()
    return times


def _demo() -> list[Figure]:
    results = runs.demo()
    slowest = max(results, key=lambda result: result.ms)
    return [
        Figure(
            name="demo_warm_ms", value=slowest.ms, unit="ms", target=100.0, most=True, measured=slowest.ms,
            reference=slowest.bare_ms, reference_unit="ms, the accesses and code with empty hooks",
            detail=", ".join(f"{result.name} {result.ms} ms" for result in results),
        )
    ]  # fmt: skip


def _sweep() -> list[Figure]:
    """What one process of a sweep does. 120 runs a second on two cores are 60 here, once two scale as they should."""
    placements, cells = sweeps.Placements(), sweeps.Cells()
    placed, written = (1e3 * median(times) for times in alternate(ROUNDS, placements.run, placements.run_json))
    kept, alone = (median(times) for times in alternate(ROUNDS, cells.run, cells.run_alone))
    return [
        Figure(
            name="placement_ms", value=round(placed, 3), unit="ms", target=0.3, most=True, measured=round(placed, 3),
            reference=round(written, 3), reference_unit="ms, Python's json of the answer",
            detail=f"{len(placements.asks)} configurations",
        ),
        Figure(
            name="rom_cells_per_s", value=round(1 / kept, 1), unit="/s", target=60.0, measured=round(1 / kept, 1),
            reference=round(1 / alone, 1), reference_unit="runs/s of CPU time, each on a machine of its own",
            detail=f"{cells.matrix.cells} mode sets after one POST",
        ),
    ]  # fmt: skip


def _memory() -> list[Figure]:
    grown, size, seconds = memory.in_child()
    return [
        Figure(
            name="events_memory_mib", value=grown, unit="MiB", target=1024.0, most=True, measured=grown, reference=size,
            reference_unit="MiB, the events' file", detail=f"{memory.EVENTS:,} events in {seconds} s, to a file",
        )
    ]  # fmt: skip


def _kinds() -> list[Figure]:
    """A run under each kind beside QEMU 10.0's; the target is for those in which the ROM does the same."""
    figures = []
    for each in kinds.measure():
        alike = abs(each.events[0] / each.events[1] - 1) < ALIKE
        figures.append(
            Figure(
                name=f"run_{each.design.replace(' ', '_')}", value=each.ratio, unit="times", most=True,
                target=1.1 if alike else None, measured=each.ms[0], reference=each.ms[1],
                reference_unit="ms of CPU, QEMU 10.0", detail=f"{each.events[0]:,} events to {each.events[1]:,}"
                + ("" if alike else f": {each.per_event} times for each"),
            )
        )  # fmt: skip
    return figures


def _reading() -> list[Figure]:
    """What reads a recorded run, each beside the least that it takes."""
    return [
        Figure(
            name=f"{each.name}_ratio", value=each.ratio, unit="times", most=True, measured=each.ms,
            reference=each.least_ms, reference_unit=each.least, detail=each.detail,
        )
        for each in reading.measure()
    ]  # fmt: skip


def _rom(image: runs.Image) -> list[Figure]:
    """What POST and a mode set take beside the same code with empty hooks; then a run's other costs."""
    warm, record, host = runs.warm(image), image.record, image.scenario.host
    traps = sum(record.traps.values())
    return [
        Figure(
            name="rom_ratio", value=warm.ratio, unit="times", target=3.0, most=True, measured=warm.run_ms,
            reference=warm.reference_ms, reference_unit="ms, the same code with empty native hooks",
            detail=warm.missing or f"{image.rom.path.name} on {host.cpu}: {image.outcome}",
        ),
        Figure(
            name="rom_warm_ms", value=warm.total_ms, unit="ms", target=50.0 if host.cpu in FAST else None, most=True,
            measured=warm.total_ms, reference=None,
            detail=f"build_ms {warm.build_ms}, POST and mode set {warm.run_ms}, scan_png_ms {warm.picture_ms}",
        ),
        Figure(name="build_ms", value=warm.build_ms, unit="ms", reference=None, detail="the machine, not in the ratio"),
        Figure(
            name="scan_png_ms", value=warm.picture_ms, unit="ms", reference=None, detail="the picture, not in the ratio"
        ),
        Figure(
            name="rom_python_calls", value=traps + record.slices, unit="", target=1000.0, most=True, reference=None,
            detail=f"{traps} from native code, {record.slices} slices of running code",
        ),
    ]  # fmt: skip


def _driver(driven: efi.Driven) -> list[Figure]:
    """What entry to SetMode takes beside the same code bare."""
    times = efi.timed(driven)
    return [
        Figure(
            name="efi_ratio", value=times.ratio, unit="times", target=3.0, most=True, measured=times.total_ms,
            reference=times.reference_ms, reference_unit="ms, the same code with empty native hooks",
            detail=times.missing or f"{driven.rom.path.name} on {driven.scenario.host.cpu}: {driven.outcome}",
        ),
        Figure(
            name="efi_warm_ms", value=times.total_ms, unit="ms", target=300.0, most=True, measured=times.total_ms,
            reference=None, detail=f"entry to Start {times.start_ms}, SetMode {times.mode_ms}",
        ),
        Figure(
            name="efi_services", value=len(driven.record.stretches) - 1, unit="", reference=None,
            detail=f"calls of services; {len(driven.record.answers):,} reads of a device by the code itself",
        ),
    ]  # fmt: skip
