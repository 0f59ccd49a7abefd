"""coreboot's YABEL calls the option ROM: an emulated CPU whose INTs, ports and memory end at what YABEL lets through.

Every INT of the ROM's goes to YABEL first, whatever the IVT says; so here the CPU's own table (IDTR) is another one,
which leads there. What YABEL cannot do halts the emulation: coreboot goes on without it ("Stack unclean,
initialization probably NOT COMPLETE!"). Source (coreboot f0f911824b): src/device/oprom/yabel/biosemu.c, interrupt.c,
io.c, mem.c, device.c, vbe.c. The instructions are the engine's: those that x86emu lacks are not refused.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, ClassVar

from fwsim.environment.bios.bios import Answers
from fwsim.environment.bios.board_hooks import answered
from fwsim.environment.bios.context import ZERO, Context
from fwsim.environment.bios.contract import Contract, context
from fwsim.environment.bios.coreboot_pc import legacy_identity, set_up_timers
from fwsim.environment.bios.services import Service
from fwsim.environment.bios.tree import Tree
from fwsim.environment.bios.yabel_filter import Filter
from fwsim.environment.bios.yabel_pmm import PMM_INT, YabelPmm, pmm_structure
from fwsim.environment.interface import Halt
from fwsim.environment.x86 import X86
from fwsim.firmware.callers import Caller
from fwsim.machine.built import Built
from fwsim.native import R_CS, R_IP
from fwsim.trace.event import Actor

STACK_SEGMENT, STACK_TOP, DATA_SEGMENT, VBE_SEGMENT = 0x1000, 0xFFFE, 0x2000, 0x3000
EBDA_SEGMENT = 0xF600
ENTRIES = {
    0x10: 0xF065, 0x11: 0xF84D, 0x12: 0xF841, 0x13: 0xEC59, 0x14: 0xE739, 0x15: 0xF859, 0x16: 0xE82E, 0x17: 0xEFD2,
    0x1A: 0xFE6E,
}  # fmt: skip
"""Vectors that are set, each to an IRET in the F segment; the others stay what memory holds."""
_DEFAULT_INT10, _FILLED = 0xF000F065, 0xF4F4F4F4
_VIDEO = (0x10, 0x42, 0x6D)
_HLT, _IRET = 0xF4, 0xCF
_TABLE, _STUBS = 0x80000, 0xF1000
"""Ours: the table by which the CPU enters YABEL, and the HLT of each vector, in memory that YABEL has no use for."""
_SELF_FILLED = ((0x500, 0xA0000), (0xD0000, 0x100000))
"""YABEL's own memory, filled with HLT: below and above are the real IVT and data area, VGA's window and the ROM."""
_MODE, _CURSORS, _PAGE = 0x449, 0x450, 0x462
_GET_INFO, _GET_MODE, _SET_MODE, _LINEAR = 0x4F00, 0x4F01, 0x4F02, 0x4000


class YabelAnswers(Answers):
    """handleInterrupt and what it calls. CF is what the handler leaves it."""

    def __init__(self, contract: Yabel, c: Context) -> None:
        super().__init__(c, contract.machine.recorder)
        self._contract = contract
        self._own = contract.machine.scenario.guest.devfn
        self._tree = Tree(c.pci)
        self.pmm = YabelPmm()
        self._handlers: dict[int, Service] = {
            **dict.fromkeys(_VIDEO, self._video), 0x16: self._keyboard, 0x1A: self._pci, PMM_INT: self._pmm
        }  # fmt: skip

    def find(self, vector: int, ax: int) -> Service | None:
        """The board's handler comes first."""
        return self._board if vector == 0x15 and self._contract.caller.board else self._handlers.get(vector)

    def refuse(self, vector: int) -> None:
        """Nobody handles it: the emulation halts."""
        held = self.context.ram.word(4 * vector, 4)
        self._contract.halt(f"Interrupt {vector:#x} (Vector: {held:x}) not implemented")

    def _board(self, c: Context) -> None:
        """A leaf that the board does not answer goes to F000:F859, which is an IRET."""
        ax, board = c.get("ax"), self._contract.caller.board
        if board and not answered(board, c, ax):
            self.unknown[0x15, ax] = self.unknown.get((0x15, ax), 0) + 1

    def _video(self, c: Context) -> None:
        """handleInt10, until a video BIOS has taken the vector."""
        leaf, al, bh = c.get("ah"), c.get("al"), c.get("bh")
        if leaf == 0x00:
            c.ram.put(_MODE, al, 1)
            c.set("al", 0x20 if al > 7 else 0x3F if al == 6 else 0x30)
        elif leaf == 0x02:
            c.ram.put(_CURSORS + 2 * bh, c.get("dx"), 2)
        elif leaf == 0x03:
            c.set("ax", 0)
            c.set("cx", 0)
            c.set("dx", c.ram.word(_CURSORS + 2 * bh, 2))
        elif leaf == 0x05:
            c.ram.put(_PAGE, al, 1)
        elif leaf == 0x08:
            c.set("ax", 0x0720)
        elif leaf == 0x0F:
            c.set("ax", 80 << 8 | c.ram.word(_MODE, 1))
            c.set("bh", c.ram.word(_PAGE, 1))
        elif leaf not in (0x01, 0x06, 0x07, 0x09, 0x0A, 0x0E):
            self._contract.halt(f"unknown function ({leaf:x}) for int10 handler")

    def _keyboard(self, c: Context) -> None:
        """handleInt16: no key waits, and a space is typed whenever one is waited for."""
        leaf = c.get("ah")
        if leaf == 0x00:
            c.set("ax", 0x6120)
        elif leaf == 0x01:
            c.flag(ZERO, True)
        else:
            self._contract.halt(f"unknown function ({leaf:x}) for int16 handler")

    def _pci(self, c: Context) -> None:
        if why := self._tree.yabel(c, self._own, self._contract.caller.others):
            self._contract.halt(why)

    def _pmm(self, c: Context) -> None:
        result = self.pmm.call(c)
        c.set("dx", result >> 16)
        c.set("ax", result & 0xFFFF)


class Yabel(Contract):
    """The rules of PCI_OPTION_ROM_RUN_YABEL."""

    answers: YabelAnswers
    goes_on: ClassVar[bool] = True

    def __init__(self, built: Built, caller: Caller, x86: X86) -> None:
        super().__init__(built, caller, x86)
        self.answers = YabelAnswers(self, context(built))
        self._asking: tuple[int, int] | None = None
        """While an INT is answered: where it was made."""
        self._filter = Filter(self.machine, caller, self.halt)

    def halt(self, why: str) -> None:
        """HALT_SYS: the emulation ends behind this instruction, whose address stands in the root block."""
        root = self.machine.root
        self.give_up(why, self._asking or (int(root[R_CS]), int(root[R_IP])))

    def enter(self) -> None:
        """Memory, vectors and the $PMM structure; without direct access the ports and the other functions go away."""
        ram = self.ram
        set_up_timers(self.x86)
        if not self.caller.direct:
            for start, end in _SELF_FILLED:
                ram.write(start, bytes([_HLT]) * (end - start))
        for vector, offset in ENTRIES.items():
            ram.write(4 * vector, struct.pack("<HH", offset, 0xF000))
            ram.write(0xF0000 + offset, bytes([_IRET]))
        ram.write(0x400, bytes(0x100))
        ram.put(0x413, 1024, 2)
        ram.put(0x40E, EBDA_SEGMENT, 2)
        ram.write(EBDA_SEGMENT << 4, bytes(0x400))
        ram.put(EBDA_SEGMENT << 4, 1, 2)
        legacy_identity(ram)
        ram.write(0xF0000, pmm_structure())
        ram.write(_STUBS, bytes([_HLT]) * 256)
        ram.write(_TABLE, b"".join(struct.pack("<HH", _STUBS - 0xF0000 + each, 0xF000) for each in range(256)))
        self.cpu.set_table("idtr", _TABLE, 0x3FF)
        self._filter.put_on()

    def leave(self) -> None:
        """The CPU's table is the IVT again; YABEL's own memory was elsewhere: what lies here is as before."""
        super().leave()
        self._filter.take_off()
        self.cpu.set_table("idtr", 0, 0x3FF)
        if not self.caller.direct:
            for start, end in _SELF_FILLED:
                self.ram.write(start, bytes(end - start))

    def call(self, offset: int, bdf: int, base: int) -> None:
        """AX = bus and devfn, DX = 80h, DS and SS YABEL's own; the return address leads to an HLT on the stack."""
        back = STACK_TOP - 2
        self._stack((back, STACK_SEGMENT, 0xF4F4), {"eax": bdf, "edx": 0x80})
        self.cpu.set("cs", base >> 4)
        self.cpu.set("eip", offset)

    def interrupt(self, vector: int, registers: dict[str, int]) -> None:
        """runInt10: the handler that the IVT names, and the HLT on the stack behind it."""
        back = STACK_TOP - 2
        self._stack((back, STACK_SEGMENT, 2, 0xF4F4), registers)
        self.cpu.set("cs", self.ram.word(4 * vector + 2, 2))
        self.cpu.set("eip", self.ram.word(4 * vector, 2))

    def _stack(self, words: tuple[int, ...], registers: dict[str, int]) -> None:
        sp = STACK_TOP - 2 * len(words)
        for number, word in enumerate(words):
            self.ram.put((STACK_SEGMENT << 4) + sp + 2 * number, word, 2)
        plain = dict.fromkeys(("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "es", "fs", "gs"), 0)
        own = {"ss": STACK_SEGMENT, "ds": DATA_SEGMENT, "esp": sp, "eflags": 2}
        for name, value in (plain | registers | own).items():
            self.cpu.set(name, value)
        self.back = (STACK_SEGMENT << 4) + STACK_TOP - 2

    def after_init(self) -> Iterator[tuple[int, dict[str, int]]]:
        """vbe_set_graphics: whether there is VBE, then the mode: whether that is there does not count."""
        mode, where = self.caller.vesa, {"es": VBE_SEGMENT, "edi": 0}
        if not mode:
            return
        self.ram.write(VBE_SEGMENT << 4, b"VBE2".ljust(512, b"\0"))
        yield 0x10, {"eax": _GET_INFO, **where}
        if self.cpu.get("ax") != 0x4F:
            self.built.log.append("VBE Info Function NOT supported!")
            return
        self.ram.write(VBE_SEGMENT << 4, b"VBE2".ljust(512, b"\0"))
        yield 0x10, {"eax": _GET_MODE, "ecx": mode | _LINEAR, **where}
        yield 0x10, {"eax": _SET_MODE, "ebx": mode | _LINEAR, **where}
        self.built.log.append(f"VBE: mode {mode:#x}: AX={self.cpu.get('ax'):04x}")

    def at_hlt(self, at: int) -> Halt:
        """The HLT of a vector in our table, or the one on the stack; any other halts x86emu."""
        if at == self.back:
            return Halt.RETURNED
        vector = at - _STUBS
        if not 0 <= vector < 256 or self.cpu.get("cs") != 0xF000:
            self.give_up("HLT", self.x86.own(1))
            return Halt.RETURNED
        if vector in _VIDEO and self.ram.word(4 * vector, 4) not in (_DEFAULT_INT10, _FILLED):
            self.cpu.set("cs", self.ram.word(4 * vector + 2, 2))
            self.cpu.set("eip", self.ram.word(4 * vector, 2))
            return Halt.ANSWERED
        root = self.machine.root
        caller = self._asking = int(root[R_CS]), int(root[R_IP])
        with self.machine.acting(Actor.FIRMWARE):
            root[R_CS] = root[R_IP] = 0
            self.answers.serve(vector, caller)
        root[R_CS], root[R_IP] = caller
        self._asking = None
        if self.halted:
            return Halt.RETURNED
        self._return()
        return Halt.ANSWERED

    def _return(self) -> None:
        """As if there had been no frame: IP, CS and FLAGS from the stack."""
        stack, sp = self.cpu.get("ss") << 4, self.cpu.get("sp")
        ip, cs, flags = (self.ram.word(stack + (sp + at & 0xFFFF), 2) for at in (0, 2, 4))
        self.cpu.set("esp", self.cpu.get("esp") & ~0xFFFF | sp + 6 & 0xFFFF)
        for name, value in (("cs", cs), ("eip", ip), ("eflags", flags | 2)):
            self.cpu.set(name, value)

    def owns(self, address: int) -> bool:
        """The F segment, and the stack where the call comes back."""
        return address >= 0xF0000 or address == self.back

    def snapshot(self) -> Any:
        """That, and PMM's and the filter's own."""
        return super().snapshot(), self.answers.pmm.snapshot(), self._filter.state()

    def restore(self, state: Any) -> None:
        """Go back to it."""
        own, pmm, kept = state
        super().restore(own)
        self.answers.pmm.restore(pmm)
        self._filter.restore(kept)
