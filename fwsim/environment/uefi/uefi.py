"""UEFI as an environment: service tables in memory whose entries are HLTs, each answered by a function of ours.

A driver calls a service: the HLT at its entry stops the engine, the service is a Python function, and the code goes
on behind the call. A service may call the driver back (a notification, Supported, Start): that is a run inside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fwsim.cpu.exceptions import Event
from fwsim.cpu.moves import Move
from fwsim.environment.ending import Ending
from fwsim.environment.interface import Environment, Halt
from fwsim.environment.slices import Slices
from fwsim.environment.uefi.handles import Handles
from fwsim.environment.uefi.memory import Memory
from fwsim.environment.uefi.words import ERROR, SUCCESS, UNSUPPORTED
from fwsim.firmware.ovmf.layout import page_allocator
from fwsim.firmware.ovmf.versions import version_row
from fwsim.machine.built import Built
from fwsim.native import R_CS, R_IP, R_SEQ, R_TIME
from fwsim.trace.event import Flag, Op, Space

if TYPE_CHECKING:
    from fwsim.cpu.steps import Steps

STUBS, STUBS_END = 0x900000, 0x902000
"""HLT bytes: the entry of a service each, the first of them where a call from outside comes back to."""
STACK, STACK_BYTES = 0x940000, 0x20000
_HLT = b"\xf4"
_SHADOW = 0x20
"""Bytes of stack that a caller leaves for four registers (Microsoft's x64 calling convention)."""
_DEEPEST = 64


@dataclass(frozen=True)
class Service:
    """What stands at one stub: its name, as "BootServices.Stall" or "PciIo.Mem.Read", and who answers."""

    name: str
    answer: Callable[[Uefi, Call], int] | None


class Call:
    """The arguments of one call of a service, by number from 0; read as they are asked for."""

    def __init__(self, uefi: Uefi) -> None:
        self._cpu = uefi.cpu
        self._sp = uefi.cpu.get("rsp")

    def __getitem__(self, number: int) -> int:
        if number < 4:
            return self._cpu.get(("rcx", "rdx", "r8", "r9")[number])
        return self._cpu.number(self._sp + 8 * (1 + number), 8)

    @property
    def back(self) -> int:
        """Where the caller goes on."""
        return self._cpu.number(self._sp, 8)


class EndedError(Exception):
    """Code that was called did not come back."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.detail)
        self.ending = ending


class Uefi(Environment):
    """The services of one guest, and what they keep. ``log`` is what the console and the drivers print."""

    def __init__(self, built: Built) -> None:
        self.built = built
        self.machine = built.machine
        self.cpu = built.machine.engine
        scenario = built.machine.scenario
        pages = page_allocator(
            version_row(scenario.firmware.version), scenario.guest.machine, scenario.cpu, self.machine.low,
            self.machine.high,
        )  # fmt: skip
        self.memory = Memory(self.machine.ram, pages)
        self.handles = Handles()
        self.services: list[Service] = [Service("return", None)]
        self.unhandled: dict[str, int] = {}
        self.slices = Slices(built, self)
        self.tpl = 4
        self.state: dict[str, Any] = {}
        """What single services keep, by their module's name."""
        self.watcher: Steps | None = None
        """Who is told where a value that a service moves comes from and goes to."""
        self._depth = 0
        self._handle = 0
        self.machine.ram.write(STUBS, _HLT * (STUBS_END - STUBS))
        self.cpu.flush_code()
        if self.cpu.mode == "long":
            self.cpu.unmap(0, 0x1000)

    # --- memory ----------------------------------------------------------------------------------------------------
    def number(self, address: int, width: int = 8) -> int:
        """A number in guest memory, whatever lies there."""
        return self.cpu.number(address, width)

    def put(self, address: int, value: int, width: int = 8) -> None:
        """Store a number; a NULL pointer stores nothing."""
        if address:
            self.cpu.put(address, value, width)
            if self.watcher:
                self.watcher.stored(Move("service", 0, width, address), width)

    def write(self, address: int, data: bytes, source: Move | None = None) -> None:
        """Store bytes; ``source``: where they come from, None: a service made them."""
        self.cpu.write(address, data)
        if self.watcher:
            self.watcher.stored(source or Move("service", 0, len(data), address), len(data))

    def went(self, source: Move, address: int, before: int, length: int) -> None:
        """What came from ``source`` was written, ``length`` bytes, to ``address``: to memory or, where there are events
        since number ``before``, to a device.
        """
        if self.watcher is None:
            return
        events = before + 1, int(self.machine.root[R_SEQ]) + 1
        if events[0] == events[1]:
            self.watcher.stored(replace(source, to=address), length)
        else:
            self.watcher.moved(replace(source, events=events))

    def guid(self, address: int) -> bytes:
        """The GUID at an address."""
        return self.cpu.read(address, 16)

    def new_handle(self) -> int:
        """A handle's number: the address of a byte of pool, as unique as edk2's."""
        return self.memory.new(bytes(16))

    # --- services --------------------------------------------------------------------------------------------------
    def stub(self, name: str, answer: Callable[[Uefi, Call], int] | None) -> int:
        """The address that calls ``answer``."""
        self.services.append(Service(name, answer))
        return STUBS + len(self.services) - 1

    def interface(self, prefix: str, functions: list[tuple[str, Callable[[Uefi, Call], int] | None]]) -> bytes:
        """Function pointers in a row."""
        return b"".join(self.stub(f"{prefix}.{name}", answer).to_bytes(8, "little") for name, answer in functions)

    # --- calling code ----------------------------------------------------------------------------------------------
    def call(self, address: int, *arguments: int) -> int:
        """Call a function of a driver's; its RAX. Raises EndedError where it does not come back."""
        cpu = self.cpu
        saved = {name: cpu.get(name) for name in ("rip", "rsp", "rcx", "rdx", "r8", "r9", "r10", "r11", "rax")}
        outer = saved["rsp"] if self._depth else STACK + STACK_BYTES
        self._depth += 1
        if self._depth > _DEEPEST:
            raise EndedError(Ending("hung", 0, address, "drivers call each other deeper and deeper"))
        sp = (outer - 0x200 & ~0xF) - 8 * max(0, len(arguments) - 4) // 16 * 16
        sp -= _SHADOW + 16 * ((max(0, len(arguments) - 4) + 1) // 2)
        for number, value in enumerate(arguments[4:]):
            cpu.put(sp + _SHADOW + 8 * number, value, 8)
        sp -= 8
        cpu.put(sp, STUBS, 8)
        for name, value in zip(("rcx", "rdx", "r8", "r9"), arguments, strict=False):
            cpu.set(name, value)
        cpu.set("rsp", sp)
        cpu.set("rip", address)
        ending = self.slices.start()
        self._depth -= 1
        if ending.reason != "completed":
            raise EndedError(ending)
        result = cpu.get("rax")
        for name, value in saved.items():
            cpu.set(name, value)
        return result

    # --- what the loop asks ----------------------------------------------------------------------------------------
    def at_hlt(self) -> Halt:
        """A service, which is answered; the return of a call from outside; or the driver's own HLT."""
        cpu = self.cpu
        number = cpu.get("rip") - 1 - STUBS
        if not 0 <= number < len(self.services):
            return Halt.WAITS
        if number == 0:
            return Halt.RETURNED
        service = self.services[number]
        call = Call(self)
        back, first = call.back, call[0]
        sp = cpu.get("rsp")
        root = self.machine.root
        with self.machine.acting(self.answers):
            root[R_CS], root[R_IP] = 0, back
            status = self._answer(service, call)
        root[R_CS], root[R_IP] = 0, back
        self._record(number, back, status, first, 0 if service.answer else int(Flag.UNHANDLED))
        cpu.set("rax", status)
        cpu.set("rsp", sp + 8)
        cpu.set("rip", back)
        return Halt.ANSWERED

    def _answer(self, service: Service, call: Call) -> int:
        if service.answer is None:
            self.unhandled[service.name] = self.unhandled.get(service.name, 0) + 1
            return UNSUPPORTED
        return service.answer(self, call) & (ERROR << 1) - 1

    def _record(self, number: int, back: int, status: int, first: int, flags: int) -> None:
        time = int(self.machine.root[R_TIME])
        self.machine.recorder.append(
            (time, back, number, status, first, 0, flags, self.runs, Space.EFI, Op.CALL, 8)
        )  # fmt: skip

    def unknown_leaves(self) -> list[tuple[int, int, int]]:
        """A driver makes no software interrupts."""
        return []

    def at_exception(self, event: Event) -> str:
        """No driver's exception is gone on from."""
        return "UEFI's handler only prints the registers and stops"


def nothing(uefi: Uefi, call: Call) -> int:
    """A service that has nothing to do here, and succeeds."""
    return SUCCESS
