"""A run's code is run on a plain engine with empty native hooks, answered by the run's record, as a reference for its
speed.
"""

import ctypes
import time
from collections import Counter
from contextlib import suppress

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from fwsim.bench import hot
from fwsim.cpu.core import CpuFaultError
from fwsim.cpu.engine import Engine, Hooks
from fwsim.devices.pam import READ, WRITE
from fwsim.environment.x86 import IF
from fwsim.machine.address_map import OPEN_PIECE, VGA_END
from fwsim.machine.built import Built
from fwsim.machine.shadow import PIECE, protect
from fwsim.memory.ram import PAGE, Ram, RamSnapshot
from fwsim.native import (
    R_BAR0,
    R_CODE,
    R_CODE_NEXT,
    R_FN_TRAP,
    R_STEP,
    R_TIME,
    ROOT_WORDS,
    STOP_IDLE,
    STOP_IRQ,
    STOP_SPIN,
    address_of,
)
from fwsim.trace.event import Actor, Op, Space

MIB = 1 << 20
FOUR_GIB = 1 << 32
_NO_LIMIT = (1 << 64) - 1
READS = [int(space) for space in (Space.PORT, Space.PCI, Space.MMIO, Space.GTT)]
_BETWEEN_BLOCKS = (STOP_IRQ, STOP_IDLE, STOP_SPIN)
_TRAP = ctypes.CFUNCTYPE(ctypes.c_uint64, *[ctypes.c_uint64] * 4)
Registers = dict[str, int]


class Point(Struct, frozen=True):
    """Where the recorded run's code stopped: registers, virtual time (which counts accesses), code bytes, reason."""

    registers: Registers
    time_ns: int
    code: int
    reason: int


class Stretch(Struct):
    """Code between two things done for it from outside: what they changed before it began, and where it stopped."""

    registers: Registers
    """Those that differ from the stop before; all of them at the first."""
    pokes: list[tuple[int, bytes]]
    """Changed bytes of the first MiB."""
    time_ns: int
    code: int
    modes: list[int]
    """Of the pages from C0000 to FFFFF."""
    stop: Point | None = None


class Record(Struct):
    """One run, as much of it as its code needs to take the same path again."""

    memories: list[tuple[int, int, RamSnapshot]] = field(default_factory=list)
    """Guest RAM and what else has backing: guest-physical start, size, contents at the first instruction."""
    registers_at: list[tuple[int, int]] = field(default_factory=list)
    """Start and size of BAR0."""
    windows: list[tuple[int, int]] = field(default_factory=list)
    """Start and size of other memory BARs."""
    stretches: list[Stretch] = field(default_factory=list)
    answers: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    step_ns: int = 0
    low: int = 0
    slices: int = 0
    traps: Counter[int] = field(default_factory=Counter)
    long: bool = False
    """Whether it is 64-bit code, with nothing at page 0."""


class Watched(Engine):
    """The engine of a machine, sharing everything with it, that keeps what happens around each ``run``."""

    def __init__(self, built: Built) -> None:
        self.__dict__ = built.machine.engine.__dict__
        self._built = built
        self._machine = built.machine
        self._first_event = built.machine.recorder.count
        self._before: bytes = b""
        self.record = Record(step_ns=int(self.root[R_STEP]), low=built.machine.low)
        self._count_traps()

    def _count_traps(self) -> None:
        asked = _TRAP(int(self.root[R_FN_TRAP]))
        traps = self.record.traps

        def counted(kind: int, a: int, b: int, c: int) -> int:
            traps[kind] += 1
            return int(asked(kind, a, b, c))

        callback = _TRAP(counted)
        self._kept_callback = callback
        self.root[R_FN_TRAP] = ctypes.cast(callback, ctypes.c_void_p).value or 0

    def run(self) -> int:
        """As the engine's own."""
        record = self.record
        record.slices += 1
        if not record.stretches:
            self._keep_memory()
            record.stretches.append(self._stretch(self.registers(), []))
        elif self._moved():
            record.stretches.append(self._resumed())
        reason = -1
        try:
            reason = super().run()
        finally:
            self._stopped(reason)
        return reason

    def _stretch(self, registers: Registers, pokes: list[tuple[int, bytes]]) -> Stretch:
        root = self.root
        return Stretch(registers, pokes, int(root[R_TIME]), int(root[R_CODE]), self._machine.windows.shadow.modes)

    def _moved(self) -> bool:
        """Whether anything was done since the last stop: where code was only looked at, it is still where it was."""
        last = self.record.stretches[-1].stop
        assert last is not None
        if last.reason not in _BETWEEN_BLOCKS:
            return True
        return (self.get("cs"), self.get("eip")) != (last.registers["cs"], last.registers["eip"])

    def _resumed(self) -> Stretch:
        last = self.record.stretches[-1].stop
        assert last is not None
        now = self.registers()
        changed = {name: value for name, value in now.items() if last.registers[name] != value}
        return self._stretch(changed, self._changes())

    def _changes(self) -> list[tuple[int, bytes]]:
        """Bytes that were changed from outside since the last stop."""
        return _difference(self._before, self._machine.ram.read(0, MIB))

    def _stopped(self, reason: int) -> None:
        registers = self.registers()
        if reason not in _BETWEEN_BLOCKS or registers["eflags"] & IF:  # else nothing can be done for the code now
            self._before = self._machine.ram.read(0, MIB)
        self.record.stretches[-1].stop = Point(registers, int(self.root[R_TIME]), int(self.root[R_CODE]), reason)

    def _keep_memory(self) -> None:
        """What lies where at the first instruction."""
        machine, built, record = self._machine, self._built, self.record
        record.memories.append((0, machine.low, _part(machine.ram.snapshot(), 0, machine.low)))
        if machine.high:
            record.memories.append((FOUR_GIB, machine.high, _part(machine.ram.snapshot(), machine.low, machine.high)))
        for ram in machine.extra:
            start = built.host_stolen[0] if ram is built.stolen_ram else machine.scenario.host.asls // PAGE * PAGE
            if start + ram.size <= FOUR_GIB:
                record.memories.append((start, ram.size, ram.snapshot()))
        for function in machine.functions:
            for bar in function.bars:
                start, size = machine.windows.bar_address(function, bar), max(bar.size, PAGE)
                if bar.kind == "io" or not machine.low <= start <= FOUR_GIB - size:
                    continue
                (record.registers_at if start == machine.root[R_BAR0] else record.windows).append((start, size))

    def finish(self) -> Record:
        """The record, once the run is over."""
        recorder = self._machine.recorder
        events = recorder.read(self._first_event, recorder.count)
        asked = (events["op"] == Op.READ) & (events["actor"] == Actor.ROM) & np.isin(events["space"], READS)
        self.record.answers = events["value"][asked].astype(np.uint32)
        return self.record


def _part(snapshot: RamSnapshot, start: int, size: int) -> RamSnapshot:
    inside = (snapshot.pages >= start // PAGE) & (snapshot.pages < (start + size) // PAGE)
    return RamSnapshot(snapshot.pages[inside] - start // PAGE, snapshot.data[inside])


def _difference(before: bytes, after: bytes) -> list[tuple[int, bytes]]:
    if before == after:
        return []
    changed = np.flatnonzero(np.frombuffer(before, np.uint8) != np.frombuffer(after, np.uint8))
    return [(int(at), after[at : at + 1]) for at in changed]


class Reference:
    """A recorded run's code on a plain engine: ``run`` gives seconds. ``missing`` says why it cannot be compared."""

    engine: type[Engine] = Engine

    def __init__(self, record: Record) -> None:
        self.record = record
        self.missing = ""
        self._counts = any(stretch.stop and stretch.stop.reason in _BETWEEN_BLOCKS for stretch in record.stretches)

    def run(self) -> float:
        """Run all stretches on a fresh engine; the time spent in the engine, without what was done in between."""
        engine = self._fresh()
        seconds, modes = 0.0, [READ | WRITE] * len(self.record.stretches[0].modes)
        for number, stretch in enumerate(self.record.stretches):
            protect(engine, modes, stretch.modes)
            modes = stretch.modes
            _prepare(engine, stretch)
            started = time.perf_counter()
            with suppress(CpuFaultError):  # the recorded run stopped so too, or is found to differ below
                engine.run()
            seconds += time.perf_counter() - started
            self.missing = self._differs(engine, number, stretch)
            if self.missing:
                break
        return seconds

    def _fresh(self) -> Engine:
        """An engine with the recorded run's memory."""
        record = self.record
        root = np.zeros(ROOT_WORDS, np.uint64)
        root[R_STEP] = record.step_ns
        self._given = np.zeros(hot.ANSWER_WORDS, np.uint64)
        self._given[hot.A_VALUES] = address_of(record.answers)
        self._given[hot.A_COUNT] = len(record.answers)
        root[hot.ANSWERS] = address_of(self._given)
        engine = self.engine(root, lambda kind, a, b, c: 0, "long" if record.long else "real")
        block = hot.counting_block if self._counts else hot.block
        callbacks = (hot.port_in, hot.port_out, hot.interrupt, block, hot.rdtsc, hot.dropped)
        engine.install(Hooks(*(callback.address for callback in callbacks)))
        for at in range(record.low // OPEN_PIECE * OPEN_PIECE, FOUR_GIB, OPEN_PIECE):
            start = max(at, record.low)
            engine.map_native(
                start, at + OPEN_PIECE - start, hot.nothing_read.address, hot.nothing_write.address, address_of(root)
            )
        for start, size, contents in record.memories:
            ram = Ram(size, "reference")
            ram.restore(contents)
            _map(engine, start, ram)
        for start, size in record.windows:
            _map(engine, start, Ram(size, "reference window"))
        for start, size in record.registers_at:
            engine.unmap(start, size)
            engine.map_native(start, size, hot.register_read.address, hot.register_write.address, address_of(root))
        if record.long:
            engine.unmap(0, PAGE)
        return engine

    def _differs(self, engine: Engine, number: int, stretch: Stretch) -> str:
        """What is not as recorded at this stop: as many INs, as many accesses, the same registers; "" for nothing."""
        stop = stretch.stop
        assert stop is not None
        registers = {name: value for name, value in engine.registers().items() if name != "eflags"}
        wrong = [f"{name} {value:x}" for name, value in registers.items() if value != stop.registers[name]]
        if int(engine.root[R_TIME]) != stop.time_ns:
            wrong.append(f"{(int(engine.root[R_TIME]) - stop.time_ns) // self.record.step_ns:+} accesses")
        given, asked = int(self._given[hot.A_NEXT]), len(self.record.answers)
        if number == len(self.record.stretches) - 1 and given != asked:
            wrong.append(f"{given} of {asked} answers")
        return f"no reference: the code went another way, stretch {number + 1}: {', '.join(wrong)}" if wrong else ""


def _map(engine: Engine, start: int, ram: Ram) -> None:
    """Plain memory over what is there, RAM below 1 MiB in the pieces that become read-only."""
    if start:
        engine.unmap(start, ram.size)
        engine.map_ram(start, ram, 0, ram.size)
        return
    engine.map_ram(0, ram, 0, min(VGA_END, ram.size))
    for at in range(VGA_END, min(ram.size, MIB), PIECE):
        engine.map_ram(at, ram, at, PIECE)
    if ram.size > MIB:
        engine.map_ram(MIB, ram, MIB, ram.size - MIB)


def _prepare(engine: Engine, stretch: Stretch) -> None:
    """What was done for the code before this stretch."""
    for address, data in stretch.pokes:
        engine.write(address, data)
    for name, value in stretch.registers.items():
        engine.set(name, value)
    root, stop = engine.root, stretch.stop
    root[R_TIME], root[R_CODE] = stretch.time_ns, stretch.code
    root[R_CODE_NEXT] = stop.code if stop and stop.reason in _BETWEEN_BLOCKS else _NO_LIMIT
