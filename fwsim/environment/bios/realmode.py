"""coreboot calls the option ROM on the CPU itself, in real mode: few services, no PMM, no $PnP, interrupts off.

Source (coreboot f0f911824b): src/device/oprom/realmode/x86.c, x86_asm.S, x86_interrupts.c. Its stubs are laid out byte
by byte; where the code between them lies is the build's, and is put where there is room.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from fwsim.environment.bios.bios import Answers
from fwsim.environment.bios.board_hooks import answered
from fwsim.environment.bios.context import CARRY, ZERO, Context
from fwsim.environment.bios.contract import Contract, context
from fwsim.environment.bios.coreboot_pc import legacy_identity, set_mode, set_up_timers
from fwsim.environment.bios.services import Service
from fwsim.environment.bios.tree import Tree
from fwsim.environment.interface import Halt
from fwsim.environment.x86 import X86
from fwsim.firmware.callers import Board, Caller
from fwsim.machine.built import Built
from fwsim.memory.ram import Ram
from fwsim.native import R_CS, R_IP
from fwsim.trace.event import Actor
from fwsim.trace.recorder import Recorder

STUBS, STUB_SIZE = 0x1000, 9
"""Where the IVT leads to: vector n to 0000:1000 + 9n (setup_realmode_idt)."""
_HANDLER, _CALL_RETURN, _INT_RETURN = 0x8F0, 0x7C6, 0x87E
"""In the code that lies from 0000:0600 on: the common handler, and behind the far call and the INT; the build's."""
BUFFER = 0x628
"""__realmode_buffer, behind the words of x86_asm.S."""
STACK = 0x1000
FIXED = {
    0xFF065: 0x42, 0xFF84D: 0x11, 0xFF841: 0x12, 0xFEC59: 0x13, 0xFE739: 0x14, 0xFF859: 0x15, 0xFE82E: 0x16,
    0xFEFD2: 0x17, 0xFFE6E: 0x1A,
}  # fmt: skip
"""Entry points that software knows by number, and the vector that each stands for: F000:F065 is INT 42h's."""
_HLT, _IRET = 0xF4, 0xCF
_DATA_SEGMENT = 0x38
"""GDT_DATA_ACPI_SEG, which DS keeps."""
_FLAGS = 0x46
"""ZF and PF, of the XOR before the call; IF is clear."""
_EXCEPTIONS = 0x10
_PUSHED = ("edi", "esi", "ebp", "", "ebx", "edx", "ecx", "eax")
"""What PUSHAL left, from the lowest address up."""


class RealModeAnswers(Answers):
    """coreboot's handlers in C. What a handler returns decides over CF: 0 sets it."""

    def __init__(self, c: Context, recorder: Recorder, board: Board | None) -> None:
        super().__init__(c, recorder)
        self.board = board
        self._cursor = (0, 0)
        self._tree = Tree(c.pci)
        self._handlers = {0x10: self._video, 0x12: self._memory, 0x16: self._keyboard, 0x1A: self._tree.realmode}

    def find(self, vector: int, ax: int) -> Service | None:
        """The handler of the vector, the board's for INT 15h where it has one: it takes every leaf."""
        if vector == 0x15 and self.board:
            return self._board
        handler = self._handlers.get(vector)
        return None if handler is None else lambda c: c.flag(CARRY, not handler(c))

    def refuse(self, vector: int) -> None:
        """intXX_unknown_handler returns -1, which counts as success: CF is clear, and no register changes."""
        self.context.flag(CARRY, False)

    def _board(self, c: Context) -> None:
        assert self.board is not None
        ax = c.get("ax")
        done = answered(self.board, c, ax)
        if not done:
            self.unknown[0x15, ax] = self.unknown.get((0x15, ax), 0) + 1
        c.flag(CARRY, not done)

    def _video(self, c: Context) -> bool:
        """INT 10h until a video BIOS has taken it: the console's log."""
        leaf = c.get("ah")
        if leaf == 0x02:
            self._cursor = c.get("dh"), c.get("dl")
        elif leaf == 0x03:
            c.set("ah", 0)
            c.set("ecx", 0x0607)
            c.set("edx", self._cursor[0] << 8 | self._cursor[1])
        elif leaf == 0x08:
            c.set("eax", 0x0F41)
        elif leaf == 0x0F:
            c.set("eax", 0x5002)
            c.set("bh", 0)
        return leaf in (0x01, 0x02, 0x03, 0x06, 0x08, 0x09, 0x0E, 0x0F)

    def _memory(self, c: Context) -> bool:
        """INT 12h: 64 KiB times 1024, of which AX holds 0."""
        c.set("eax", 64 * 1024)
        return True

    def _keyboard(self, c: Context) -> bool:
        """INT 16h: a space is typed whenever one is waited for."""
        leaf = c.get("ah")
        if leaf == 0x00:
            c.set("eax", 0x6120)
        elif leaf == 0x01:
            c.flag(ZERO, True)
        return leaf in (0x00, 0x01)


class RealMode(Contract):
    """The rules of PCI_OPTION_ROM_RUN_REALMODE."""

    def __init__(self, built: Built, caller: Caller, x86: X86) -> None:
        super().__init__(built, caller, x86)
        self.answers = RealModeAnswers(context(built), built.machine.recorder, caller.board)

    def enter(self) -> None:
        """The IVT and its stubs, the fixed entry points, a few bytes of identity; no data area, no EBDA."""
        set_up_timers(self.x86)
        legacy_identity(self.ram)
        lay_out(self.ram)

    def _enter_code(self, back: int, flags: int, registers: dict[str, int], frame: tuple[int, ...]) -> None:
        """Registers and stack; the ``frame`` goes below 0000:1000, its first word at the lowest address."""
        sp = STACK - 2 * len(frame)
        for number, word in enumerate(frame):
            self.ram.put(sp + 2 * number, word, 2)
        plain = dict.fromkeys(("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "ds", "es", "fs", "gs", "ss"), 0)
        for name, value in (plain | registers | {"esp": sp, "eflags": flags}).items():
            self.cpu.set(name, value)
        self.back = back

    def call(self, offset: int, bdf: int, base: int) -> None:
        """realmode_call: AX = bus and devfn, BX and DX = FFFFh, no pointer to $PnP, the stack at the end of page 0."""
        registers = {"eax": bdf, "ebx": 0xFFFF, "edx": 0xFFFF, "ds": _DATA_SEGMENT}
        self._enter_code(_CALL_RETURN, _FLAGS, registers, (_CALL_RETURN, 0))
        self.cpu.set("cs", base >> 4)
        self.cpu.set("eip", offset)

    def interrupt(self, vector: int, registers: dict[str, int]) -> None:
        """realmode_interrupt: every segment 0 where the caller does not say otherwise."""
        self._enter_code(_INT_RETURN, _FLAGS, registers, (_INT_RETURN, 0, _FLAGS))
        self.cpu.set("cs", self.ram.word(4 * vector + 2, 2))
        self.cpu.set("eip", self.ram.word(4 * vector, 2))

    def after_init(self) -> Iterator[tuple[int, dict[str, int]]]:
        """vbe_set_graphics: ask for the mode, then set it."""
        if self.caller.vesa:
            where = {"esi": BUFFER >> 4 & 0xFF00, "edi": BUFFER}
            yield from set_mode(self.built, self.caller.vesa, where, BUFFER)

    def at_hlt(self, at: int) -> Halt:
        """The common handler, with all registers pushed and the vector in AL; else the end, or the ROM's own."""
        if at == self.back:
            return Halt.RETURNED
        if at != _HANDLER:
            return Halt.WAITS
        vector, stack = self.cpu.get("al"), self.cpu.get("esp")
        if vector < _EXCEPTIONS:
            frame = (self.cpu.get("ss") << 4) + (stack + 4 * len(_PUSHED) & 0xFFFF)
            where = self.ram.word(frame + 2, 2), self.ram.word(frame, 2)
            self.give_up(f"Oops, exception {vector} while executing option rom", where)
            return Halt.RETURNED
        for number, name in enumerate(_PUSHED):
            if name:
                self.cpu.set(name, self.ram.word((self.cpu.get("ss") << 4) + (stack + 4 * number & 0xFFFF), 4))
        self.cpu.set("esp", stack + 4 * len(_PUSHED))
        root = self.machine.root
        caller = int(root[R_CS]), int(root[R_IP])
        with self.machine.acting(Actor.FIRMWARE):
            root[R_CS] = root[R_IP] = 0
            self.answers.serve(vector, caller)
        root[R_CS], root[R_IP] = caller
        return Halt.ANSWERED

    def owns(self, address: int) -> bool:
        """The stubs, and the code below them."""
        return 0x600 <= address < STUBS + 256 * STUB_SIZE or address >= 0xF0000


def lay_out(ram: Ram) -> None:
    """Write vectors, stubs and entry points."""
    for vector in range(256):
        ram.write(4 * vector, struct.pack("<HH", STUBS + STUB_SIZE * vector, 0))
        ram.write(STUBS + STUB_SIZE * vector, stub(vector))
    for address, vector in FIXED.items():
        ram.write(address, stub(vector))
    for at in (_CALL_RETURN, _INT_RETURN):
        ram.write(at, bytes([_HLT]))
    ram.write(_HANDLER, bytes([_HLT, _IRET]))


def stub(vector: int) -> bytes:
    """PUSHAL; MOV AL, vector; JMP to the common handler (x86_asm.S, __idt_handler)."""
    return b"\x66\x60\xb0" + bytes([vector]) + b"\xea" + struct.pack("<HH", _HANDLER, 0)
