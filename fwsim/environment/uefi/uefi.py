"""UEFI as an environment: service tables in memory whose entries are HLTs, each answered by a function of ours.

A driver calls a service: the HLT at its entry stops the engine, the service is a Python function, and the code goes
on behind the call. A service may call the driver back (a notification, Supported, Start): that is a run inside.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from fwsim.cpu.core import Batch, NothingThereError
from fwsim.cpu.exceptions import Event
from fwsim.cpu.moves import Move
from fwsim.environment.ending import Ending
from fwsim.environment.interface import Environment, Halt
from fwsim.environment.slices import Slices
from fwsim.environment.uefi.handles import Handles
from fwsim.environment.uefi.memory import Memory, NoRoomError
from fwsim.environment.uefi.moved import Moved
from fwsim.environment.uefi.words import APPLICATION, HIGHEST, LEVELS, OUT_OF_RESOURCES, SUCCESS, UNSUPPORTED
from fwsim.environment.x86 import X86
from fwsim.firmware.ovmf.layout import page_allocator
from fwsim.firmware.ovmf.pages import PAGE
from fwsim.firmware.ovmf.versions import version_row
from fwsim.machine.built import Built
from fwsim.native import R_ACTOR, R_CS, R_IP, R_SEQ, R_TIME, R_TIME_LIMIT
from fwsim.trace.efi import ERROR, number_of
from fwsim.trace.event import Flag, Op, Space

if TYPE_CHECKING:
    from fwsim.cpu.steps import Steps

STUBS, STUBS_END = 0x900000, 0x902000
"""HLT bytes: the entry of a service each, the first of them where a call from outside comes back to."""
STACK, STACK_BYTES = 0x940000, 0x20000
_HLT = b"\xf4"
_SHADOW = 0x20
"""Bytes of stack that a caller leaves for four registers (Microsoft's x64 calling convention)."""
_PAGES = 0x100000
"""From here on to the end of low memory RAM is nothing but RAM."""
_RED = 0x200
"""Bytes below a caller's stack pointer that stay as they are when it is called back."""
_GENERAL = (
    "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
)  # fmt: skip
_ALL = (1 << 64) - 1
_DEEPEST = 64


class Service(Struct, frozen=True):
    """What stands at one stub: its name, as "BootServices.Stall" or "PciIo.Mem.Read", and who answers."""

    name: str
    answer: Callable[[Uefi, Call], int] | None


class Call:
    """The arguments of one call of a service, by number from 0; read as they are asked for."""

    def __init__(self, uefi: Uefi, registers: list[int], sp: int) -> None:
        """``registers`` are RCX, RDX, R8 and R9 at the call, ``sp`` the stack pointer behind it."""
        self._uefi, self._registers, self._sp = uefi, registers, sp

    def __getitem__(self, number: int) -> int:
        return self._registers[number] if number < 4 else self._uefi.number(self._sp + 8 * (1 + number))


class EndedError(Exception):
    """Code that was called did not come back."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.detail)
        self.ending = ending


class LeftError(Exception):
    """An image left by Exit: ``handle`` is the image's, ``status`` what it says."""

    def __init__(self, handle: int, status: int) -> None:
        super().__init__(f"{handle:#x}")
        self.handle, self.status = handle, status


class Kept(Struct, frozen=True):
    """What the services keep outside the machine at one moment."""

    memory: Any
    handles: Any
    services: tuple[Service, ...]
    unhandled: dict[str, int]
    state: dict[str, Any]
    breaches: tuple[str, ...]
    tables: dict[int, bytes]
    tpl: int
    depth: int
    over: bool


class Uefi(Environment):
    """The services of one guest, and what they keep. ``breaches`` is what code did that it must not."""

    def __init__(self, built: Built) -> None:
        self.built = built
        self.machine = built.machine
        self.cpu = built.machine.engine
        scenario = built.machine.scenario
        pages = page_allocator(
            version_row(scenario.firmware.version), scenario.guest.machine, scenario.cpu, self.machine.low,
            self.machine.high,
        )  # fmt: skip
        self.memory = Memory(self.machine.ram, pages, self.breach)
        self.memory.claim(built.placed.e820)
        self.handles = Handles()
        self.services: list[Service] = [Service("return", None)]
        self.unhandled: dict[str, int] = {}
        self.breaches: list[str] = []
        self.tables: dict[int, bytes] = {}
        """What the tables that nobody but the firmware may write hold, by their addresses."""
        self.slices = Slices(built, self, X86(built.machine, self))
        self.tpl = APPLICATION
        self.over = False
        """Whether ExitBootServices has ended boot services."""
        self.state: dict[str, Any] = {}
        """What single services keep, by their module's name."""
        self.moved: Moved | None = None
        """Who is told where a value that a service moves comes from and goes to, while somebody watches."""
        self._depth = 0
        self._serving = 0
        self._low = 0 if self.machine.extra else self.machine.low
        self._at_stub = Batch(self.cpu, ("rip", "rsp", "rcx", "rdx", "r8", "r9"))
        self._returned = Batch(self.cpu, ("rax", "rsp", "rip"))
        self._entered = Batch(self.cpu, ("rip", "rsp", "rcx", "rdx", "r8", "r9"))
        self._kept = Batch(self.cpu, ("rip", "rsp", *_GENERAL))
        self.machine.ram.write(STUBS, _HLT * (STUBS_END - STUBS))
        self.cpu.flush_code()
        self._page_0 = True
        if self.cpu.mode == "long":
            self.show_page_0()

    # --- memory ----------------------------------------------------------------------------------------------------
    def number(self, address: int, width: int = 8) -> int:
        """A number in guest memory, whatever lies there."""
        if _PAGES <= address < self._low - width:
            return self.machine.ram.word(address, width)
        return self.cpu.number(address, width)

    def put(self, address: int, value: int, width: int = 8) -> None:
        """Store a number that the service made; a NULL pointer stores nothing."""
        if self.moved and address:
            self.write(address, (value & (1 << 8 * width) - 1).to_bytes(width, "little"))
        elif _PAGES <= address < self._low - width:
            self.machine.ram.put(address, value, width)
        elif address:
            self.cpu.put(address, value, width)

    def write(self, address: int, data: bytes, *sources: Move) -> None:
        """Store bytes, whatever lies there; ``sources``: where they come from, in a row; the service made the rest."""
        before = self.seq
        self.cpu.write(address, data)
        if self.moved:
            self.moved.stored(address, len(data), sources, before)

    def watch(self, steps: Steps) -> None:
        """Tell ``steps`` of what services move from now on."""
        self.moved = Moved(self.machine, steps)

    @property
    def seq(self) -> int:
        """The number of the last event."""
        return int(self.machine.root[R_SEQ])

    def guid(self, address: int) -> bytes:
        """The GUID at an address."""
        return self.cpu.read(address, 16)

    def numbers(self, values: list[int]) -> int:
        """A pool with these numbers in a row, of 8 bytes each."""
        return self.memory.new(b"".join(value.to_bytes(8, "little") for value in values))

    def new_handle(self) -> int:
        """A handle's number: the address of a pool, as unique as edk2's."""
        return self.memory.new(bytes(16))

    def show_page_0(self) -> None:
        """Page 0 is there while somebody has allocated it: whoever else goes there went through a NULL pointer."""
        wanted = any(start == 0 for start in self.memory.taken)
        if wanted and not self._page_0:
            self.cpu.map_ram(0, self.machine.ram, 0, PAGE)
        elif not wanted and self._page_0:
            self.cpu.unmap(0, PAGE)
        self._page_0 = wanted

    @property
    def now(self) -> int:
        """Virtual ns since reset."""
        return int(self.machine.root[R_TIME])

    def pass_time(self, until: int) -> None:
        """Let it be ``until`` in virtual ns, as far as the budget goes."""
        root = self.machine.root
        root[R_TIME] = max(self.now, min(until, int(root[R_TIME_LIMIT])))

    # --- services --------------------------------------------------------------------------------------------------
    def stub(self, name: str, answer: Callable[[Uefi, Call], int] | None) -> int:
        """The address that calls ``answer``."""
        self.services.append(Service(name, answer))
        return STUBS + len(self.services) - 1

    def interface(self, prefix: str, functions: list[tuple[str, Callable[[Uefi, Call], int] | None]]) -> bytes:
        """Function pointers in a row."""
        return b"".join(self.stub(f"{prefix}.{name}", answer).to_bytes(8, "little") for name, answer in functions)

    def breach(self, text: str, value: int = 0) -> None:
        """Code did what it must not: a line, and a note in space efi whose ``aux`` is the line's number from 0."""
        root, number = self.machine.root, len(self.breaches)
        self.breaches.append(text)
        self.machine.recorder.append(
            (self.now, int(root[R_IP]), number_of(self.services[self._serving].name), value, number, 0,
             int(Flag.FAULTED), self.runs, Space.EFI, Op.NOTE, 8)
        )  # fmt: skip

    def end(self, reason: str, detail: str) -> EndedError:
        """The end of everything, to be raised."""
        ending = Ending(reason, 0, int(self.machine.root[R_IP]), detail)
        self.slices.ended = ending
        return EndedError(ending)

    # --- calling code ----------------------------------------------------------------------------------------------
    def call(self, address: int, *arguments: int) -> int:
        """Call a function of a driver's; its RAX. Raises EndedError where it does not come back."""
        saved = self._kept.read()
        outer = saved[1] if self._depth else STACK + STACK_BYTES
        serving, self._serving = self._serving, 0
        level = self.tpl
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                raise self.end("hung", "drivers call each other deeper and deeper")
            more = [value.to_bytes(8, "little") for value in arguments[4:]]
            sp = (outer - _RED & ~0xF) - _SHADOW - 16 * ((len(more) + 1) // 2) - 8
            self.cpu.write(sp, STUBS.to_bytes(8, "little") + bytes(_SHADOW) + b"".join(more))
            self._entered.write([address, sp, *(*arguments, 0, 0, 0, 0)[:4]])
            ending = self.slices.start_inside() if self._depth > 1 else self.slices.start()
            if ending.reason != "completed":
                raise EndedError(ending)
            result = self.cpu.get("rax")
        except LeftError:
            self._kept.write(saved)  # as edk2 jumps back to where the image was started
            raise
        finally:
            self._depth -= 1
            self._serving = serving
            self.machine.root[R_ACTOR] = int(self.answers)
            self._look(level)
        self._kept.write(saved)
        return result

    def _look(self, level: int) -> None:
        """What a call must leave as it found it: the task priority level, and the tables."""
        if self.tpl != level:
            self.breach(f"returns at TPL {LEVELS.get(self.tpl, self.tpl)}, called at {LEVELS.get(level, level)}")
            self.tpl = level
        for at, held in self.tables.items():
            found = self.machine.ram.read(at, len(held))
            if found != held:
                first = next(i for i, (one, other) in enumerate(zip(found, held, strict=True)) if one != other)
                self.breach(f"{bytes(held[:8]).decode()}'s table at {at:#x} was written over, from +{first:#x} on", at)
                self.tables[at] = found

    # --- what the loop asks ----------------------------------------------------------------------------------------
    def at_hlt(self) -> Halt:
        """A service, which is answered; the return of a call from outside; or the driver's own HLT."""
        rip, sp, *arguments = self._at_stub.read()
        number = rip - 1 - STUBS
        if not 0 <= number < len(self.services):
            return Halt.WAITS
        if number == 0:
            return Halt.RETURNED
        service = self.services[number]
        root = self.machine.root
        try:
            back = self.number(sp)
        except NothingThereError:
            raise self.end("invalid", f"{service.name} is called with a stack where nothing is") from None
        outer, self._serving = self._serving, number
        root[R_CS], root[R_IP] = 0, back
        with self.machine.acting(self.answers):
            status = self._answer(service, Call(self, arguments, sp))
        root[R_CS], root[R_IP] = 0, back
        self._serving = outer
        self._record(number_of(service.name), back, status, arguments[0], 0 if service.answer else int(Flag.UNHANDLED))
        self._returned.write([status, sp + 8 & _ALL, back])
        return Halt.ANSWERED

    def _answer(self, service: Service, call: Call) -> int:
        if service.answer is None:
            self.unhandled[service.name] = self.unhandled.get(service.name, 0) + 1
            return UNSUPPORTED
        if self.over and not service.name.startswith("RuntimeServices."):
            self.breach(f"{service.name} after ExitBootServices")
            return UNSUPPORTED
        highest = HIGHEST.get(service.name)
        if highest is not None and self.tpl > highest:
            self.breach(f"{service.name} at TPL {LEVELS.get(self.tpl, self.tpl)}, over {LEVELS[highest]}")
        try:
            return service.answer(self, call) & (ERROR << 1) - 1
        except NoRoomError:
            return OUT_OF_RESOURCES
        except NothingThereError as error:
            raise self.end("invalid", f"{service.name} was given an address where nothing is: {error}") from None

    def _record(self, number: int, back: int, status: int, first: int, flags: int) -> None:
        self.machine.recorder.append(
            (self.now, back, number, status, first, 0, flags, self.runs, Space.EFI, Op.CALL, 8)
        )  # fmt: skip

    def unknown_leaves(self) -> list[tuple[int, int, int]]:
        """A driver makes no software interrupts."""
        return []

    def at_exception(self, event: Event) -> str:
        """No driver's exception is gone on from."""
        return "UEFI's handler only prints the registers and stops"

    # --- snapshots -------------------------------------------------------------------------------------------------
    def snapshot(self) -> Kept:
        """Everything outside the machine: memory, handles, services, events, levels."""
        return Kept(
            self.memory.snapshot(), self.handles.snapshot(), tuple(self.services), dict(self.unhandled),
            copy.deepcopy(self.state), tuple(self.breaches), dict(self.tables), self.tpl, self._depth, self.over,
        )  # fmt: skip

    def restore(self, state: Kept) -> None:
        """Go back, or on, to it; between two calls from outside, for what is inside of one is Python's own stack."""
        self.memory.restore(state.memory)
        self.show_page_0()
        self.handles.restore(state.handles)
        self.services[:] = state.services
        self.unhandled, self.state = dict(state.unhandled), copy.deepcopy(state.state)
        self.breaches[:], self.tables = state.breaches, dict(state.tables)
        self.tpl, self._depth, self.over = state.tpl, state.depth, state.over


def nothing(uefi: Uefi, call: Call) -> int:
    """A service that has nothing to do here, and succeeds."""
    return SUCCESS
