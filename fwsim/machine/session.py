"""How is a ROM's code run to its end? Calls into the ROM, INTs from outside, interrupts, HLT services, and why it stopped."""

from dataclasses import dataclass

from fwsim.cpu.engine import CpuFaultError
from fwsim.devices.timers import C_RELOAD, PF_IRQ0, PIT_HZ
from fwsim.firmware.bios import segment
from fwsim.machine.build import Built
from fwsim.native import (
    R_ACTOR,
    R_CODE,
    R_CODE_LIMIT,
    R_CODE_MARK,
    R_CODE_NEXT,
    R_IDLE_LIMIT,
    R_IRQ_TIME,
    R_TIME,
    R_WAITS,
    STOP_ABORT,
    STOP_CODE,
    STOP_EVENTS,
    STOP_FAULT,
    STOP_IDLE,
    STOP_IRQ,
    STOP_NONE,
    STOP_SPIN,
    STOP_STALE,
    STOP_TIME,
    TRAP_INTERRUPT,
)
from fwsim.trace.event import Actor, Op, Space

IF, TF = 0x200, 0x100
EXCEPTIONS = {
    0: "divide error (#DE)", 1: "debug exception (#DB)", 4: "overflow (#OF)", 5: "bound exceeded (#BR)",
    6: "invalid opcode (#UD)", 7: "no coprocessor (#NM)", 8: "double fault (#DF)", 10: "invalid TSS (#TS)",
    11: "segment not present (#NP)", 12: "stack fault (#SS)", 13: "general protection fault (#GP)", 14: "page fault (#PF)",
}  # fmt: skip
IDLE_ROUNDS = 64
"""Waits without an access before a loop counts as endless, each of IDLE_LIMIT code bytes or one timer tick."""


@dataclass
class Ending:
    """Why running stopped. ``reason`` as in summary.json; completed: the call returned."""

    reason: str
    cs: int = 0
    ip: int = 0
    detail: str = ""


class Session:
    """Runs code on a built machine. After a ROM has ended otherwise than by returning, nothing more is run."""

    def __init__(self, built: Built) -> None:
        self.built = built
        self.machine = built.machine
        self.cpu = built.machine.engine
        self.ended: Ending | None = None
        self._fault = 0
        self.machine.watchers[TRAP_INTERRUPT] = self._exception
        self._arm_timer()

    # --- entry points ----------------------------------------------------------------------------------------------
    def call_rom(self, offset: int, bdf: int, base: int = 0xC0000) -> Ending:
        """Far call to ``offset`` of the ROM at ``base`` as SeaBIOS does (src/optionroms.c, callrom)."""
        cpu, ram = self.cpu, self.machine.ram
        for name in ("eax", "ecx", "edx", "ebx", "esi", "ebp"):
            cpu.set(name, 0)
        cpu.set("ax", bdf)
        cpu.set("bx", 0xFFFF)
        cpu.set("dx", 0xFFFF)
        cpu.set("es", segment.SEGMENT)
        cpu.set("edi", segment.PNP_HEADER)
        for name, value in (("ds", 0), ("ss", 0), ("fs", 0), ("gs", 0), ("esp", segment.STACK - 4), ("eflags", 0x202)):
            cpu.set(name, value)
        ram.put(segment.STACK - 4, segment.ROM_RETURN, 2)
        ram.put(segment.STACK - 2, segment.SEGMENT, 2)
        cpu.set("cs", base >> 4)
        cpu.set("eip", offset)
        self._note(Space.MEMORY, Op.CALL, base + offset, bdf)
        return self._run_until(segment.ROM_RETURN)

    def interrupt(self, vector: int, registers: dict[str, int]) -> Ending:
        """INT ``vector`` with these registers, made from outside (a boot loader's place: 0000:7C00, stack below)."""
        cpu, ram = self.cpu, self.machine.ram
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
        return self._run_until(segment.CALL_RETURN)

    def _note(self, space: Space, op: Op, address: int, value: int) -> None:
        time = int(self.machine.root[R_TIME])
        self.machine.recorder.append((time, 0, address, value, value, 0, 0, Actor.FIRMWARE, space, op, 2))

    # --- the loop --------------------------------------------------------------------------------------------------
    def _run_until(self, stub: int) -> Ending:
        if self.ended:
            return self.ended
        root = self.machine.root
        idle = 0
        waits = 0
        root[R_ACTOR] = int(Actor.ROM)
        while True:
            self._allow_code()
            try:
                reason = self.cpu.run()
            except CpuFaultError as fault:
                return self._end("invalid", f"{fault}")
            if not waits <= root[R_WAITS] <= waits + 4:  # something else than the timer's own INT 1Ch happened
                idle = 0
            waits = int(root[R_WAITS])
            if reason == STOP_NONE:
                if self._at_stub(stub):
                    root[R_ACTOR] = int(Actor.FIRMWARE)
                    return Ending("completed", *self._where())
                rounds = self._halted()
                if rounds is None:
                    return self._end("hung", "HLT with interrupts off: nothing will wake the CPU")
                idle += rounds
            elif reason == STOP_IRQ:
                self._deliver_due()
            elif reason == STOP_IDLE:
                idle += 1
                if idle > IDLE_ROUNDS or not self._idle_tick():
                    return self._end("hung", "a loop that reads no input")
            elif reason == STOP_SPIN:
                if self._self_jump():
                    return self._end("hung", "a jump to itself: the ROM gave up here")
            else:
                return self._stopped(reason)
            if idle > 20 * IDLE_ROUNDS:
                return self._end("hung", "HLT again and again: only the timer wakes the CPU, and nothing else happens")

    def _stopped(self, reason: int) -> Ending:
        if reason == STOP_STALE:
            return self._end("hung", "")
        if reason == STOP_ABORT:
            return self._end("aborted", "")
        if reason == STOP_FAULT:
            return self._end("invalid", EXCEPTIONS.get(self._fault, f"CPU exception {self._fault}"))
        texts = {
            STOP_EVENTS: "events: budget.events reached",
            STOP_CODE: "code: budget.code executed code bytes",
            STOP_TIME: "time: budget.time of virtual time",
        }
        return self._end("budget", texts[reason])

    def _end(self, reason: str, detail: str) -> Ending:
        self.ended = Ending(reason, *self._where(), detail)
        self.machine.root[R_ACTOR] = int(Actor.FIRMWARE)
        return self.ended

    def _where(self) -> tuple[int, int]:
        return self.cpu.get("cs"), self.cpu.get("eip")

    def _allow_code(self) -> None:
        root = self.machine.root
        root[R_CODE_MARK] = root[R_CODE]
        root[R_CODE_NEXT] = min(int(root[R_CODE]) + int(root[R_IDLE_LIMIT]), int(root[R_CODE_LIMIT]))

    # --- HLT -------------------------------------------------------------------------------------------------------
    def _at_stub(self, stub: int) -> bool:
        return self.cpu.get("cs") == segment.SEGMENT and self.cpu.get("eip") & 0xFFFF == stub + 1

    def _halted(self) -> int | None:
        """A HLT: one of our stubs (answer it), or the ROM's own, which waits for the next timer tick.

        Returns how many idle rounds that was: a service that the ROM called is none. None: nothing will wake the CPU.
        """
        if self.cpu.get("cs") == segment.SEGMENT and not self.cpu.protected:
            actor = self.machine.root[R_ACTOR]
            self.machine.root[R_ACTOR] = int(Actor.FIRMWARE)
            stub = self.cpu.get("eip") - 1 & 0xFFFF
            answered = self.built.bios.answers(stub)
            self.machine.root[R_ACTOR] = actor
            if answered:
                return int(stub in _TICK_STUBS)
        if not self.cpu.get("eflags") & IF:
            return None
        self._skip_to_tick()
        return 1

    def _skip_to_tick(self) -> None:
        root = self.machine.root
        root[R_TIME] = max(int(root[R_TIME]), int(root[R_IRQ_TIME]))
        self._deliver_due()

    # --- interrupts ------------------------------------------------------------------------------------------------
    def _arm_timer(self) -> None:
        self.machine.platform[PF_IRQ0] = 1
        self.machine.root[R_IRQ_TIME] = int(self.machine.root[R_TIME]) + self._period()

    def _period(self) -> int:
        return int(self.machine.platform[C_RELOAD]) * 1_000_000_000 // PIT_HZ

    def _deliver_due(self) -> None:
        """IRQ0, when its time has come and IF is set; with IF clear it stays pending until a later look."""
        root = self.machine.root
        now, due = int(root[R_TIME]), int(root[R_IRQ_TIME])
        if now < due:
            return
        masked = bool(self.built.machine.ports.size and self._pic_mask() & 1)
        if not masked and not self.cpu.get("eflags") & IF:
            root[R_IRQ_TIME] = now + _RETRY_NS
            return
        period = self._period()
        root[R_IRQ_TIME] = due + ((now - due) // period + 1) * period
        if not masked:
            self._push_interrupt(8)

    def _pic_mask(self) -> int:
        return self.machine.devices[0].read(0x21, 1)

    def _push_interrupt(self, vector: int) -> None:
        cpu, ram = self.cpu, self.machine.ram
        if cpu.protected:
            return
        sp = cpu.get("esp") - 6 & 0xFFFF
        frame = (cpu.get("ss") << 4) + sp
        for at, value in ((0, cpu.get("eip")), (2, cpu.get("cs")), (4, cpu.get("eflags"))):
            ram.put(frame + at, value, 2)
        cpu.set("sp", sp)
        cpu.set("eflags", cpu.get("eflags") & ~(IF | TF))
        time = int(self.machine.root[R_TIME])
        self.machine.recorder.append((time, 0, vector, 0, 0, 0, 0, Actor.DEVICE, Space.INTERRUPT, Op.CALL, 2))
        cpu.set("cs", ram.word(4 * vector + 2, 2))
        cpu.set("eip", ram.word(4 * vector, 2))

    def _idle_tick(self) -> bool:
        """Code that makes no access waits for something in memory: only an interrupt can change that. False: it cannot."""
        if not self.cpu.get("eflags") & IF:
            return True
        self._skip_to_tick()
        return True

    def _self_jump(self) -> bool:
        code = self.machine.ram.read(self.cpu.linear_ip() % self.machine.ram.size, 3)
        return code[:2] == b"\xeb\xfe" or code == b"\xe9\xfd\xff"

    # --- CPU exceptions --------------------------------------------------------------------------------------------
    def _exception(self, vector: int, b: int, c: int) -> int:
        """An exception in real mode goes to the ROM's own handler if it has one; to anybody else it is the end."""
        self._fault = 0 if vector == 8 and self._fault == 0 else vector
        ram = self.machine.ram
        if self.cpu.protected or ram.word(4 * vector + 2, 2) == segment.SEGMENT:
            return 0
        self._push_interrupt(vector)
        return 1


_RETRY_NS = 10_000
_TICK_STUBS = (segment.ENTRIES[0x08], segment.ENTRIES[0x08] + 3)
