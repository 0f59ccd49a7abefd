"""A ROM's code under a BIOS: far calls into the ROM, INTs from outside, and the services that it asks for."""

from dataclasses import dataclass
from typing import Any

from fwsim.cpu.exceptions import Event, handler
from fwsim.devices import pam
from fwsim.devices.diskette import Diskette
from fwsim.environment.bios import segment
from fwsim.environment.bios.after_vga import BLOCK, put_kvmvapic, start_disk_controllers
from fwsim.environment.bios.bios import Bios, BiosState
from fwsim.environment.bios.context import Context
from fwsim.environment.bios.disk import insert
from fwsim.environment.bios.pmm import Pmm
from fwsim.environment.ending import Ending
from fwsim.environment.interface import Environment, Halt, Question
from fwsim.environment.slices import Slices
from fwsim.firmware.allocators import allocator
from fwsim.firmware.seabios.optionrom import ROM_START, entry_registers
from fwsim.machine.built import Built
from fwsim.native import R_CS, R_IP, R_TIME
from fwsim.trace.event import Actor, Op, Space

_END_STUBS = {
    segment.ENTRIES[0x08] + 3: 0, segment.ENTRIES[0x09]: 1, segment.ENTRIES[0x0E]: 6, segment.IRQ_LOW: 7,
    segment.IRQ_HIGH: 15,
}  # fmt: skip
"""Stubs that write an end of interrupt, and for which controller's line (SeaBIOS src/hw/pic.c)."""
BOOT_SECTOR = 0x7C00
_BOOT_STACK = 0x7000 - 4
"""Below SeaBIOS's own (src/config.h, BUILD_STACK_ADDR)."""
_TICK_STUBS = (segment.ENTRIES[0x08], segment.ENTRIES[0x08] + 3)


@dataclass(frozen=True)
class SessionState:
    """What the firmware keeps outside the guest's memory, the stub that ends the call, whether POST is over, and the
    medium in drive A.
    """

    bios: BiosState
    stub: int
    posted: bool
    medium: Diskette | None


class Session(Environment):
    """The BIOS of a built machine. ``slices`` is the loop that runs what is called."""

    def __init__(self, built: Built) -> None:
        self.built = built
        self.machine = built.machine
        self.cpu = built.machine.engine
        self.bios = Bios(_context(built), built.machine.recorder, Pmm.over(built.placed.temporary))
        self.slices = Slices(built, self)
        self._stub = 0
        firmware = built.machine.scenario.firmware
        self._sp = allocator(firmware.kind).rom_stack(firmware.version)
        self.slices.x86.arm_timer()

    # --- entry points ----------------------------------------------------------------------------------------------
    def call_rom(self, offset: int, bdf: int, base: int = 0xC0000) -> Ending:
        """Far call to ``offset`` of the ROM at ``base`` as SeaBIOS does (src/optionroms.c, callrom)."""
        cpu, ram = self.cpu, self.machine.ram
        self._lock_rom(False)
        ram.put(self._sp, segment.ROM_RETURN, 2)
        ram.put(self._sp + 2, segment.SEGMENT, 2)
        pnp = (segment.SEGMENT, segment.PNP_HEADER)
        for name, value in entry_registers(offset, bdf, base, pnp, self._sp).items():
            cpu.set(name, value)
        self._note(Space.MEMORY, Op.CALL, base + offset, bdf)
        return self._run(segment.ROM_RETURN)

    def interrupt(self, vector: int, registers: dict[str, int]) -> Ending:
        """INT ``vector`` with these registers, made from outside (a boot loader's place: 0000:7C00, stack below)."""
        cpu, ram = self.cpu, self.machine.ram
        self._lock_rom(True)
        for name, value in (("ds", 0), ("es", 0), ("ss", 0), ("esp", 0x7BFA)):
            cpu.set(name, value)
        for name, value in registers.items():
            cpu.set(name, value)
        for at, value in ((0x7BFA, segment.CALL_RETURN), (0x7BFC, segment.SEGMENT), (0x7BFE, 0x0202)):
            ram.put(at, value, 2)
        cpu.set("eflags", 0x2)
        packed = sum((registers.get(name, 0) & 0xFFFF) << 16 * i for i, name in enumerate(("ax", "bx", "cx", "dx")))
        self._note(Space.INTERRUPT, Op.CALL, vector, packed)
        cpu.set("cs", ram.word(4 * vector + 2, 2))
        cpu.set("eip", ram.word(4 * vector, 2))
        return self._run(segment.CALL_RETURN)

    def boot(self, medium: Diskette) -> Ending:
        """Start the first sector of ``medium``, which is in drive A from now on, as SeaBIOS does (src/boot.c,
        call_boot_entry): at 0000:7C00, AX = AA55h, DL the drive (0: the floppy), IF set. It may return by RETF.
        """
        cpu, ram = self.cpu, self.machine.ram
        self._lock_rom(True)
        insert(self.bios.context, medium)
        ram.write(BOOT_SECTOR, medium.sector(0))
        cpu.flush_code()
        for name in ("ebx", "ecx", "edx", "esi", "edi", "ebp", "ds", "es", "ss", "cs"):
            cpu.set(name, 0)
        ram.put(_BOOT_STACK, segment.CALL_RETURN, 2)
        ram.put(_BOOT_STACK + 2, segment.SEGMENT, 2)
        for name, value in (("eax", 0xAA55), ("esp", _BOOT_STACK), ("eflags", 0x202), ("eip", BOOT_SECTOR)):
            cpu.set(name, value)
        self._note(Space.MEMORY, Op.CALL, BOOT_SECTOR, 0)
        return self._run(segment.CALL_RETURN)

    def _run(self, stub: int) -> Ending:
        """Run to the HLT at ``stub`` of the F segment, where the call comes back to."""
        if self.slices.ended is None:
            self._stub = stub
        return self.slices.start()

    def _note(self, space: Space, op: Op, address: int, value: int) -> None:
        time = int(self.machine.root[R_TIME])
        self.machine.recorder.append((time, 0, address, value, value, 0, 0, Actor.FIRMWARE, space, op, 2))

    def _lock_rom(self, on: bool) -> None:
        """SeaBIOS makes option ROMs and BIOS read-only once POST is over (src/fw/shadow.c, make_bios_readonly)."""
        if on == self.bios.context.posted:
            return
        self.bios.context.posted = on
        shadow = self.machine.windows.shadow
        if not on:
            shadow.program(pam.OPEN)
            return
        segment.finish(self.machine.ram)
        end = ROM_START + self.machine.ram.word(ROM_START + 2, 1) * BLOCK
        kept = put_kvmvapic(self.machine.ram, end) if self.machine.design.vapic else None
        shadow.program(pam.locked(pam.LOCKED_END if shadow.has_registers else end), kept)
        start_disk_controllers(self.machine)

    # --- what the loop asks ----------------------------------------------------------------------------------------
    def at_hlt(self) -> Halt:
        """One of our stubs, which is answered, or the one that ends the call; else the ROM's own."""
        if self.cpu.get("cs") != segment.SEGMENT or self.cpu.protected:
            return Halt.WAITS
        stub = self.cpu.get("eip") - 1 & 0xFFFF
        if stub == self._stub:
            return Halt.RETURNED
        root = self.machine.root
        caller = int(root[R_CS]), int(root[R_IP])
        with self.machine.acting(self.answers):
            root[R_CS] = root[R_IP] = 0
            answered = self.bios.answers(stub, caller)
        root[R_CS], root[R_IP] = caller
        if not answered:
            return Halt.WAITS
        if stub in _END_STUBS:
            self.slices.x86.end_of_interrupt(_END_STUBS[stub])
        if stub in _TICK_STUBS:
            return Halt.TICKED
        return Halt.ASKS_AGAIN if self.asked() else Halt.ANSWERED

    def asked(self) -> list[Question]:
        """What the BIOS is asked for ever."""
        return self.bios.repeats.endless()

    def answer(self, question: Question, registers: dict[str, int] | None, rounds: int = 0) -> None:
        """As ``rom.int15`` would."""
        if registers is not None:
            self.bios.helped[question.ax] = registers, 0
        if rounds:
            self.bios.repeats.rounds = self.bios.repeats.counted = rounds
        self.bios.repeats.asked.clear()

    def let_be(self, questions: list[Question]) -> None:
        """These are not counted any more."""
        self.bios.repeats.let_be |= {each.key for each in questions}

    def at_exception(self, event: Event) -> str:
        """In real mode a vector that leads to our own segment is as good as none."""
        if self.cpu.protected:
            return ""
        target = handler(self.cpu, event.vector)
        ours = target is not None and segment.BASE <= target < segment.BASE + 0x10000
        return "no handler is installed" if ours else ""

    def unknown_leaves(self) -> list[tuple[int, int, int]]:
        """Interrupts that nobody knows: (vector, AX, how often)."""
        return self.bios.unknown_leaves()

    def snapshot(self) -> Any:
        """The firmware's own."""
        context = self.bios.context
        return SessionState(self.bios.snapshot(), self._stub, context.posted, context.medium)

    def restore(self, state: Any) -> None:
        """Go back to it; that the ROM is read-only is the address map's to know."""
        self.bios.restore(state.bios)
        self._stub, self.bios.context.posted, self.bios.context.medium = state.stub, state.posted, state.medium


def _context(built: Built) -> Context:
    """What the services see of ``built``; the BIOS segment is laid into its memory."""
    machine = built.machine
    segment.build(machine.ram, machine.low)
    machine.windows.shadow.bios = machine.ram.read(segment.BASE, 0x10000)
    return Context(
        machine.engine, machine.ram, machine.pci, machine.root, machine.low, machine.high,
        e820=built.placed.e820_entries, int15=machine.scenario.rom.answers(), post_e820=built.placed.post_entries,
        intel_vga=machine.igd is not None,
    )  # fmt: skip
