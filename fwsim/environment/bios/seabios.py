"""SeaBIOS calls option ROMs: with a whole BIOS in the F segment, PMM, $PnP and a timer that ticks."""

from __future__ import annotations

from typing import Any

from fwsim.devices import pam
from fwsim.devices.diskette import Diskette
from fwsim.environment.bios import segment
from fwsim.environment.bios.after_vga import BLOCK, put_kvmvapic, start_disk_controllers
from fwsim.environment.bios.bios import Bios
from fwsim.environment.bios.contract import Contract, context
from fwsim.environment.bios.disk import insert
from fwsim.environment.bios.pmm import Pmm
from fwsim.environment.interface import Halt
from fwsim.environment.x86 import X86
from fwsim.firmware.callers import Caller
from fwsim.firmware.seabios.optionrom import ROM_START, entry_registers
from fwsim.machine.built import Built
from fwsim.native import R_ACTOR, R_CS, R_IP
from fwsim.trace.event import Actor

_END_STUBS = {
    segment.ENTRIES[0x08] + 3: 0, segment.ENTRIES[0x09]: 1, segment.ENTRIES[0x0E]: 6, segment.IRQ_LOW: 7,
    segment.IRQ_HIGH: 15,
}  # fmt: skip
"""Stubs that write an end of interrupt, and for which controller's line (SeaBIOS src/hw/pic.c)."""
_FIRMWARE = int(Actor.FIRMWARE)
_VECTORS, _MASKS = (0x08, 0x70), (0xB8, 0x8F)
"""Of the interrupt controllers; open are timer, keyboard, cascade, floppy; RTC, mouse (SeaBIOS src/hw/pic.c)."""
BOOT_SECTOR = 0x7C00
_BOOT_STACK = 0x7000 - 4
"""Below SeaBIOS's own (src/config.h, BUILD_STACK_ADDR)."""
_TICK_STUBS = (segment.ENTRIES[0x08], segment.ENTRIES[0x08] + 3)


class SeaBiosContract(Contract):
    """SeaBIOS's rules. Once POST is over what it laid out is read-only, where ``caller.locks``."""

    answers: Bios

    def __init__(self, built: Built, caller: Caller, x86: X86) -> None:
        super().__init__(built, caller, x86)
        self.answers = Bios(context(built), built.machine.recorder, Pmm.over(built.placed.temporary))

    def enter(self) -> None:
        """The BIOS segment is laid into memory, and the timer ticks."""
        machine = self.machine
        segment.build(machine.ram, machine.low)
        machine.windows.shadow.bios = machine.ram.read(segment.BASE, 0x10000)
        self.x86.program_controllers(_VECTORS, _MASKS)
        self.x86.arm_timer()

    def call(self, offset: int, bdf: int, base: int) -> None:
        """Far call as SeaBIOS makes it (src/optionroms.c, callrom)."""
        self._lock_rom(False)
        self.ram.put(self.caller.stack, segment.ROM_RETURN, 2)
        self.ram.put(self.caller.stack + 2, segment.SEGMENT, 2)
        pnp = (segment.SEGMENT, segment.PNP_HEADER)
        for name, value in entry_registers(offset, bdf, base, pnp, self.caller.stack).items():
            self.cpu.set(name, value)
        self.back = segment.BASE + segment.ROM_RETURN

    def interrupt(self, vector: int, registers: dict[str, int]) -> None:
        """From a boot loader's place: 0000:7C00, stack below."""
        cpu, ram = self.cpu, self.ram
        self._lock_rom(True)
        for name, value in (("ds", 0), ("es", 0), ("ss", 0), ("esp", 0x7BFA)):
            cpu.set(name, value)
        for name, value in registers.items():
            cpu.set(name, value)
        for at, value in ((0x7BFA, segment.CALL_RETURN), (0x7BFC, segment.SEGMENT), (0x7BFE, 0x0202)):
            ram.put(at, value, 2)
        cpu.set("eflags", 0x2)
        cpu.set("cs", ram.word(4 * vector + 2, 2))
        cpu.set("eip", ram.word(4 * vector, 2))
        self.back = segment.BASE + segment.CALL_RETURN

    def boot(self, medium: Diskette) -> bool:
        """As SeaBIOS does (src/boot.c, call_boot_entry): at 0000:7C00, AX = AA55h, DL the drive (0: the floppy), IF
        set. It may return by RETF.
        """
        cpu, ram = self.cpu, self.ram
        self._lock_rom(True)
        insert(self.answers.context, medium)
        ram.write(BOOT_SECTOR, medium.sector(0))
        cpu.flush_code()
        for name in ("ebx", "ecx", "edx", "esi", "edi", "ebp", "ds", "es", "ss", "cs"):
            cpu.set(name, 0)
        ram.put(_BOOT_STACK, segment.CALL_RETURN, 2)
        ram.put(_BOOT_STACK + 2, segment.SEGMENT, 2)
        for name, value in (("eax", 0xAA55), ("esp", _BOOT_STACK), ("eflags", 0x202), ("eip", BOOT_SECTOR)):
            cpu.set(name, value)
        self.back = segment.BASE + segment.CALL_RETURN
        return True

    def _lock_rom(self, on: bool) -> None:
        """SeaBIOS makes option ROMs and BIOS read-only once POST is over (src/fw/shadow.c, make_bios_readonly)."""
        if on == self.answers.context.posted:
            return
        self.answers.context.posted = on
        shadow = self.machine.windows.shadow
        if not on:
            shadow.program(pam.OPEN)
            return
        segment.finish(self.ram)
        end = ROM_START + self.ram.word(ROM_START + 2, 1) * BLOCK
        kept = put_kvmvapic(self.ram, end) if self.machine.design.vapic else None
        if self.caller.locks:
            shadow.program(pam.locked(pam.LOCKED_END if shadow.has_registers else end), kept)
        start_disk_controllers(self.machine)

    def at_hlt(self, at: int) -> Halt:
        """One of the stubs, which is answered, or the one that ends the call; else the ROM's own."""
        if self.cpu.get("cs") != segment.SEGMENT:
            return Halt.WAITS
        if at == self.back:
            return Halt.RETURNED
        stub = at - segment.BASE
        root = self.machine.words
        caller = root[R_CS], root[R_IP]
        actor, root[R_ACTOR] = root[R_ACTOR], _FIRMWARE
        root[R_CS] = root[R_IP] = 0
        try:
            answered = self.answers.answers(stub, caller)
        finally:
            root[R_ACTOR] = actor
        root[R_CS], root[R_IP] = caller
        if not answered:
            return Halt.WAITS
        if stub in _END_STUBS:
            self.x86.end_of_interrupt(_END_STUBS[stub])
        return Halt.TICKED if stub in _TICK_STUBS else Halt.ANSWERED

    def owns(self, address: int) -> bool:
        """The F segment."""
        return segment.BASE <= address < segment.BASE + 0x10000

    def snapshot(self) -> Any:
        """That, whether POST is over, and what is in drive A."""
        return super().snapshot(), self.answers.context.posted, self.answers.context.medium

    def restore(self, state: Any) -> None:
        """Go back to it; that the ROM is read-only is the address map's to know."""
        own, self.answers.context.posted, self.answers.context.medium = state
        super().restore(own)
