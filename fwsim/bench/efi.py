"""A UEFI driver's way from its entry to a mode set is timed, warm, beside the same code on a bare engine.

The reference runs the code between two service calls as often as the run did, with what each service changed put into
its registers and memory, and counts the time in the engine alone.
"""

from __future__ import annotations

import gc
import time
from pathlib import Path
from statistics import median

import numpy as np
from msgspec import Struct

from fwsim.bench.reference import READS, Record, Reference, Registers, Stretch, Watched
from fwsim.cpu.engine import LONG_STEP_REGISTERS, Engine
from fwsim.environment.uefi import gop
from fwsim.errors import FwsimError
from fwsim.registers.families import family_of_device
from fwsim.rom.chain import Rom, load
from fwsim.running.pipeline import assemble, begin
from fwsim.running.uefi import UefiRun
from fwsim.scenario.load import load as load_scenario
from fwsim.scenario.model import Firmware, Host, Hypervisor, Scenario
from fwsim.scenario.model import Rom as RomChoice
from fwsim.trace.event import Actor, Op

ROUNDS = 5
_REGISTERS = tuple(name for name in LONG_STEP_REGISTERS if name != "cs")


class Driven(Struct, frozen=True):
    """A scenario with a driver, and what a run of it was."""

    rom: Rom
    scenario: Scenario
    record: Record
    outcome: str


class Times(Struct, frozen=True):
    """Medians in milliseconds: the entry points, Supported and Start, and the first mode's SetMode.

    ``reference_ms`` and ``ratio`` (all of it to the reference) are None where ``missing`` says why.
    """

    start_ms: float
    mode_ms: float
    total_ms: float
    reference_ms: float | None
    ratio: float | None
    missing: str


def driven(path: Path, cpu: str = "") -> Driven:
    """The scenario (.toml) or the driver at ``path``, run once. Raises FwsimError where no UEFI driver runs in it.

    A driver alone runs under OVMF and QEMU on the family ``cpu``; "": that of the ROM's device id, or the usual one.
    """
    scenario = load_scenario(path) if path.suffix == ".toml" else _alone(path, cpu)
    rom = load(scenario.rom.file)
    one = _begun(rom, scenario)
    watched = WatchedDriver(one)
    ending = one.post()
    mode = _set_mode(one)
    events = one.built.machine.recorder.count
    record = watched.finish()
    one.close()
    starts = "; ".join(f"{each.name}: {each.start or each.entry or 'not entered'}" for each in one.drivers)
    return Driven(rom, scenario, record, f"{ending.reason}, {starts}, {mode}; {events:,} events")


def timed(what: Driven, rounds: int = ROUNDS) -> Times:
    """Entry to SetMode of ``what``, and the same code bare, in turn; events are kept in memory.

    The code is translated anew each time, on both sides.
    """
    reference = DriverReference(what.record)
    turns = []
    for _ in range(rounds + 2):
        gc.collect()
        turns.append((*_stages(what), reference.run()))
        if reference.missing:
            break
    kept = turns[2:] or turns
    start, mode = (round(1e3 * median(turn[at] for turn in kept), 1) for at in range(2))
    total = round(1e3 * median(turn[0] + turn[1] for turn in kept), 1)
    if reference.missing:
        return Times(start, mode, total, None, None, reference.missing)
    bare = round(1e3 * median(turn[2] for turn in kept), 1)
    return Times(start, mode, total, bare, round(median((turn[0] + turn[1]) / turn[2] for turn in kept), 2), "")


def _alone(path: Path, cpu: str) -> Scenario:
    rom = load(str(path))
    found = family_of_device(rom.device) if rom.vendor == 0x8086 and rom.device else None
    host = Host(cpu=cpu or (found.name if found else Host().cpu), vga="igd")
    return Scenario(
        name="bench", host=host, hypervisor=Hypervisor(kind="qemu"), firmware=Firmware(kind="ovmf"),
        rom=RomChoice(file=str(path), any_device=True),
    )  # fmt: skip


def _begun(rom: Rom, scenario: Scenario) -> UefiRun:
    one = begin(assemble(scenario, rom))
    if isinstance(one, UefiRun):
        return one
    one.close()
    raise FwsimError(
        "no UEFI driver runs in this scenario", where=str(rom.path), found=f"firmware {scenario.firmware.kind}",
        expected="a .efi file, a ROM with an EFI image, or a scenario that runs one under OVMF",
        hint="for a legacy ROM: fwsim bench --rom F",
    )  # fmt: skip


def _set_mode(one: UefiRun) -> str:
    """Set the first GOP's first mode; what came of it, in words."""
    found = gop.found(one.uefi)[:1] if one.ending and one.ending.reason == "completed" else []
    for each in found:
        status = each.set(0)
        return "mode 0 set" if not status else f"mode 0 refused ({status:#x})"
    return "no GOP"


def _stages(what: Driven) -> tuple[float, float]:
    """Seconds from the first entry point to the last Start, and of SetMode."""
    one = _begun(what.rom, what.scenario)
    marks = [time.perf_counter()]
    one.post()
    marks.append(time.perf_counter())
    _set_mode(one)
    marks.append(time.perf_counter())
    one.close()
    return marks[1] - marks[0], marks[2] - marks[1]


class _Wide(Engine):
    """An engine in long mode, its registers by their 64-bit names."""

    def registers(self) -> Registers:
        """The general registers, RFLAGS and RIP."""
        return {name: self.get(name) for name in (*_REGISTERS, "rip")}


class WatchedDriver(Watched, _Wide):
    """The engine of a UEFI run: what services store is kept, and which reads were the code's own."""

    def __init__(self, one: UefiRun) -> None:
        super().__init__(one.built)
        self.record.long = True
        self._pokes: list[tuple[int, bytes]] = []
        self._own: list[tuple[int, int]] = []
        one.uefi.cpu = one.uefi.slices.cpu = self
        ram = self._machine.ram
        store = ram.write

        def kept(offset: int, data: bytes) -> None:
            store(offset, data)
            if offset < self._machine.low:
                self._pokes.append((offset, bytes(data)))

        def number_kept(offset: int, value: int, width: int) -> None:
            kept(offset, (value & (1 << 8 * width) - 1).to_bytes(width, "little"))

        ram.write, ram.put = kept, number_kept  # type: ignore[method-assign]

    def write(self, address: int, data: bytes) -> None:
        """As the engine's own, and kept."""
        super().write(address, data)
        self._pokes.append((address, bytes(data)))

    def run(self) -> int:
        """As the engine's own, and which events came meanwhile is kept."""
        recorder = self._machine.recorder
        before = recorder.count
        try:
            return super().run()
        finally:
            self._own.append((before, recorder.count))

    def _moved(self) -> bool:
        last = self.record.stretches[-1].stop
        assert last is not None
        return bool(self._pokes) or self.get("rip") != last.registers["rip"]

    def _stretch(self, registers: Registers, pokes: list[tuple[int, bytes]]) -> Stretch:
        self._pokes.clear()
        return super()._stretch(registers, pokes)

    def _changes(self) -> list[tuple[int, bytes]]:
        return list(self._pokes)

    def finish(self) -> Record:
        """The record, once the run is over: its answers are what code itself read."""
        recorder = self._machine.recorder
        events = recorder.read(0, recorder.count)
        mine = np.zeros(len(events), bool)
        for first, end in self._own:
            mine[first:end] = True
        mine &= (events["op"] == Op.READ) & (events["actor"] == Actor.ROM) & np.isin(events["space"], READS)
        self.record.answers = events["value"][mine].astype(np.uint32)
        return self.record


class DriverReference(Reference):
    """A recorded UEFI run's code on a plain engine."""

    engine = _Wide
