"""How is a ROM's code run to its end? Calls into the ROM, INTs from outside, HLT services, and why it stopped."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

from fwsim.cpu.around_access import RETRY_NS
from fwsim.cpu.engine import CpuFaultError
from fwsim.cpu.exceptions import TRIPLE, Event, deliver, describe, handler
from fwsim.devices.platform import Pic
from fwsim.devices.timers import C_RELOAD, PF_IRQ0, PIT_HZ
from fwsim.environment.bios import segment
from fwsim.environment.bios.bios import Bios, BiosState
from fwsim.environment.bios.context import Context
from fwsim.environment.wait.trials import Release, force, investigate
from fwsim.environment.wait.waiting import TAIL, waited_for
from fwsim.firmware.seabios.optionrom import entry_registers
from fwsim.machine.built import Built
from fwsim.machine.machine import IDLE_LIMIT, MachineSnapshot
from fwsim.native import (
    R_ACTOR,
    R_CODE,
    R_CODE_LIMIT,
    R_CODE_MARK,
    R_CODE_NEXT,
    R_CS,
    R_EV_LIMIT,
    R_IDLE_LIMIT,
    R_IP,
    R_IRQ_TIME,
    R_SEQ,
    R_STALE_LIMIT,
    R_STEP,
    R_STOP_A,
    R_TIME,
    R_TIME_LIMIT,
    R_WAIT_LIMIT,
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
)
from fwsim.trace.event import Actor, Flag, Op, Space

IF = 0x200
IDLE_ROUNDS = 32
"""Waits without an access before a loop counts as endless when no interrupt can come, each of IDLE_LIMIT code bytes."""
TICKS = 1280
"""Timer ticks in a row, 70 s, in which nothing but the timer does anything: then a wait for one counts as endless."""
TICK_CODE = 1 << 18
"""Code bytes without an access before the next tick comes, once a loop seems to wait for something in memory."""
ASSIST_POLLS = 1 << 14
"""Accesses without anything new before an assisted run gives a wait the answer it asks for."""
ASSIST_TIMES = 1 << 12
"""How often one wait is helped before its answer is looked for anew."""
SLOW_FAULTS = 1 << 11
"""Exceptions, and INTs in protected mode, in one call before they count as endless."""
_TICK_STUBS = (segment.ENTRIES[0x08], segment.ENTRIES[0x08] + 3)
_BUDGETS = {
    STOP_EVENTS: "events: budget.events reached",
    STOP_CODE: "code: budget.code executed code bytes",
    STOP_TIME: "time: budget.time of virtual time",
}


@dataclass
class Ending:
    """Why running stopped. ``reason`` as in summary.json; completed: the call returned."""

    reason: str
    cs: int = 0
    ip: int = 0
    detail: str = ""


@dataclass(frozen=True)
class SessionSnapshot:
    """A machine in the middle of a run: between calls, or between two slices of one."""

    machine: MachineSnapshot
    bios: BiosState
    iommu: dict[str, object]
    progress: tuple[int, int, int, int, bool, bool]
    ended: Ending | None
    log: int


class Session:
    """Runs code on a built machine. After a ROM has ended otherwise than by returning, nothing more is run.

    ``between`` is called between two slices of a call, where a snapshot may be taken.
    """

    def __init__(self, built: Built) -> None:
        self.built = built
        self.machine = built.machine
        self.cpu = built.machine.engine
        self.bios = Bios(_context(built), built.machine.recorder)
        self.ended: Ending | None = None
        self._pic = next(device for device in self.machine.devices if isinstance(device, Pic))
        self.between: Callable[[], None] | None = None
        self._stub = 0
        self._idle = 0
        self._waits = 0
        self._faults = 0
        self._for_tick = False
        self._posted = False
        self.release: Release | None = None
        self.assists: dict[tuple[int, int, int], tuple[Release, int]] = {}
        if built.machine.scenario.rom.assist:
            built.machine.root[R_WAIT_LIMIT] = built.machine.root[R_STALE_LIMIT] = ASSIST_POLLS
        self._arm_timer()

    # --- entry points ----------------------------------------------------------------------------------------------
    def call_rom(self, offset: int, bdf: int, base: int = 0xC0000) -> Ending:
        """Far call to ``offset`` of the ROM at ``base`` as SeaBIOS does (src/optionroms.c, callrom)."""
        cpu, ram = self.cpu, self.machine.ram
        self._lock_rom(False)
        ram.put(segment.STACK - 4, segment.ROM_RETURN, 2)
        ram.put(segment.STACK - 2, segment.SEGMENT, 2)
        pnp = (segment.SEGMENT, segment.PNP_HEADER)
        for name, value in entry_registers(offset, bdf, base, pnp, segment.STACK - 4).items():
            cpu.set(name, value)
        self._note(Space.MEMORY, Op.CALL, base + offset, bdf)
        return self._call(segment.ROM_RETURN)

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
        return self._call(segment.CALL_RETURN)

    def _note(self, space: Space, op: Op, address: int, value: int) -> None:
        time = int(self.machine.root[R_TIME])
        self.machine.recorder.append((time, 0, address, value, value, 0, 0, Actor.FIRMWARE, space, op, 2))

    def _lock_rom(self, on: bool) -> None:
        """SeaBIOS makes the option ROM's segment read-only once POST is over (src/fw/shadow.c, make_bios_readonly)."""
        if on == self._posted:
            return
        self._posted = on
        size = self.machine.ram.word(0xC0002, 1) * 512
        self.machine.windows.protect_rom(0xC0000 + size if on else 0)

    # --- snapshots -------------------------------------------------------------------------------------------------
    def snapshot(self) -> SessionSnapshot:
        """Everything, between calls or, from ``between``, in the middle of one."""
        progress = (self._stub, self._idle, self._waits, self._faults, self._for_tick, self._posted)
        return SessionSnapshot(
            self.machine.snapshot(),
            self.bios.state(),
            deepcopy(vars(self.built.guard.vtd)),
            progress,
            self.ended,
            len(self.built.log),
        )

    def restore(self, snapshot: SessionSnapshot) -> None:
        """Go back to it: the same calls, or ``resume``, give the same events again."""
        self._stub, self._idle, self._waits, self._faults, self._for_tick, self._posted = snapshot.progress
        self.ended = snapshot.ended
        self.machine.restore(snapshot.machine)
        self.bios.restore(snapshot.bios)
        vars(self.built.guard.vtd).update(deepcopy(snapshot.iommu))
        del self.built.log[snapshot.log :]

    def resume(self) -> Ending:
        """Go on with the call in the middle of which the restored snapshot was taken."""
        return self._run()

    # --- the loop --------------------------------------------------------------------------------------------------
    def _call(self, stub: int) -> Ending:
        if self.ended:
            return self.ended
        self._stub, self._idle, self._waits, self._faults, self._for_tick = stub, 0, 0, 0, False
        self.machine.root[R_ACTOR] = int(Actor.ROM)
        return self._run()

    def _run(self) -> Ending:
        while (ending := self._slice()) is None or self._helped(ending):
            if self.between:
                self.between()
        self.machine.root[R_ACTOR] = int(Actor.FIRMWARE)
        if ending.reason != "completed":
            self.ended = ending
        return ending

    def _helped(self, ending: Ending) -> bool:
        """At a wait that would not end: find out what ends it and, under assist, give that answer once."""
        if ending.reason != "hung" or ending.detail:
            return False
        self.release = self._known_release() or investigate(self)
        wait, answer = self.release.wait, self.release.answer
        if not self.machine.scenario.rom.assist or answer is None:
            return False
        key = (wait.cs, wait.ip, wait.address)
        self.assists[key] = (self.release, self.assists.get(key, (self.release, 0))[1] + 1)
        force(self, wait, 0, answer, 1)
        self.machine.root[R_WAITS] = 0
        return True

    def _known_release(self) -> Release | None:
        """What was found out at the same instruction before, as long as it answers the same last value."""
        wait = waited_for(self.machine.recorder.tail(TAIL))
        known = self.assists.get((wait.cs, wait.ip, wait.address))
        return known[0] if known and known[0].wait.last == wait.last and known[1] < ASSIST_TIMES else None

    def try_on(self) -> None:
        """Run on from a restored snapshot until something ends it, as a trial: nothing is kept of how it ended."""
        while self._slice() is None:
            pass

    def _slice(self) -> Ending | None:
        """Run until something stops the engine, and see to it; None: go on."""
        root = self.machine.root
        self._allow_code()
        try:
            reason = self.cpu.run()
        except CpuFaultError as fault:
            return self._cannot_go_on(fault)
        if not self._waits <= root[R_WAITS] <= self._waits + 4:  # something else than the timer's own INT 1Ch happened
            self._idle, self._for_tick = 0, False
        self._waits = int(root[R_WAITS])
        if reason == STOP_NONE:
            ending = self._stopped_at_hlt()
        elif reason == STOP_IRQ:
            ending = self._deliver_due()
        elif reason in (STOP_IDLE, STOP_SPIN):
            ending = self._idle_tick()
        elif reason == STOP_FAULT:
            ending = self._fault(int(root[R_STOP_A]))
        else:
            return self._stopped(reason)
        return ending or self._over_budget()

    def _stopped(self, reason: int) -> Ending:
        if reason == STOP_STALE:
            return self._end("hung", "")
        if reason == STOP_ABORT:
            return self._end("aborted", "")
        return self._end("budget", _BUDGETS[reason])

    def _over_budget(self) -> Ending | None:
        """What Python lets happen between slices counts as well."""
        root = self.machine.root
        if root[R_TIME] >= root[R_TIME_LIMIT]:
            return self._stopped(STOP_TIME)
        return self._stopped(STOP_EVENTS) if root[R_SEQ] >= root[R_EV_LIMIT] else None

    def _end(self, reason: str, detail: str, where: tuple[int, int] | None = None) -> Ending:
        return Ending(reason, *(where or self._where()), detail)

    def _where(self) -> tuple[int, int]:
        return self.cpu.get("cs"), self.cpu.get("eip")

    def _allow_code(self) -> None:
        root = self.machine.root
        root[R_CODE_MARK] = root[R_CODE]
        root[R_IDLE_LIMIT] = TICK_CODE if self._for_tick else IDLE_LIMIT
        root[R_CODE_NEXT] = min(int(root[R_CODE]) + int(root[R_IDLE_LIMIT]), int(root[R_CODE_LIMIT]))

    # --- HLT -------------------------------------------------------------------------------------------------------
    def _stopped_at_hlt(self) -> Ending | None:
        """A HLT: the end of the call, one of our stubs (answer it), or the ROM's own, which waits for the next tick."""
        cpu, root = self.cpu, self.machine.root
        if cpu.get("cs") == segment.SEGMENT and not cpu.protected:
            stub = cpu.get("eip") - 1 & 0xFFFF
            if stub == self._stub:
                return self._end("completed", "")
            root[R_ACTOR] = int(Actor.FIRMWARE)
            caller = int(root[R_CS]), int(root[R_IP])
            root[R_CS] = root[R_IP] = 0
            answered = self.bios.answers(stub)
            root[R_CS], root[R_IP] = caller
            root[R_ACTOR] = int(Actor.ROM)
            if answered:
                self._idle += stub in _TICK_STUBS
                return None
        if not cpu.get("eflags") & IF:
            return self._end("hung", "HLT with interrupts off: nothing will wake the CPU", self._own(1))
        self._idle += 1
        if self._idle > TICKS:
            text = "HLT again and again: only the timer wakes the CPU, and nothing else happens"
            return self._end("hung", text, self._own(1))
        return self._skip_to_tick()

    def _own(self, length: int) -> tuple[int, int]:
        """CS:IP of the instruction of ``length`` bytes that the CPU is just behind."""
        cs, ip = self._where()
        return cs, ip - length & (0xFFFFFFFF if self.cpu.protected else 0xFFFF)

    def _skip_to_tick(self) -> Ending | None:
        root = self.machine.root
        root[R_TIME] = max(int(root[R_TIME]), int(root[R_IRQ_TIME]))
        return self._deliver_due()

    # --- interrupts ------------------------------------------------------------------------------------------------
    def _arm_timer(self) -> None:
        self.machine.platform[PF_IRQ0] = 1
        self.machine.root[R_IRQ_TIME] = int(self.machine.root[R_TIME]) + self._period()

    def _period(self) -> int:
        return int(self.machine.platform[C_RELOAD]) * 1_000_000_000 // PIT_HZ

    def _deliver_due(self) -> Ending | None:
        """IRQ0, when its time has come and IF is set; with IF clear it stays pending until a later look."""
        root, pic = self.machine.root, self._pic
        now, due = int(root[R_TIME]), int(root[R_IRQ_TIME])
        if now < due:
            return None
        masked = bool(pic.masks[0] & 1)
        if not masked and not self.cpu.get("eflags") & IF:
            root[R_IRQ_TIME] = now + RETRY_NS
            return None
        period = self._period()
        root[R_IRQ_TIME] = due + ((now - due) // period + 1) * period
        if masked:
            return None
        where = self._where()
        self._record(Actor.DEVICE, pic.vectors[0], (0, 0), 0, 0)
        if deliver(self.cpu, Event(pic.vectors[0], external=True)):
            return None
        return self._end("invalid", f"{TRIPLE}: no handler for IRQ 0", where)

    def _idle_tick(self) -> Ending | None:
        """Code that makes no access waits for something in memory: only an interrupt can change that."""
        if self._self_jump():
            return self._end("hung", "a jump to itself: the ROM gave up here")
        self._idle += 1
        can_change = bool(self.cpu.get("eflags") & IF)
        self._for_tick = can_change
        if self._idle > (TICKS if can_change else IDLE_ROUNDS):
            return self._end("hung", "a loop that reads no input")
        return self._skip_to_tick() if can_change else None

    def _self_jump(self) -> bool:
        code = self.cpu.read(self.cpu.linear_ip(), 5)
        return code[:2] == b"\xeb\xfe" or code[:3] == b"\xe9\xfd\xff" or code == b"\xe9\xfb\xff\xff\xff"

    # --- exceptions ------------------------------------------------------------------------------------------------
    def _fault(self, vector: int) -> Ending | None:
        """An exception, or an INT that native code leaves to Python."""
        software, error = self.cpu.inner.exception()
        if not software:
            return self._exception(Event(vector, error))
        before = self.cpu.read(self.cpu.linear_ip() - 1, 1)
        where = self._own(1 if (vector, before) in ((3, b"\xcc"), (4, b"\xce")) else 2)
        root, cpu = self.machine.root, self.cpu
        root[R_TIME] += root[R_STEP]
        packed = sum((cpu.get(name) & 0xFFFF) << 16 * i for i, name in enumerate(("ax", "bx", "cx", "dx")))
        self._record(Actor.ROM, vector, where, packed, 0)
        return self._enter(Event(vector, software=True), f"INT {vector:02x}h", where)

    def _exception(self, event: Event) -> Ending | None:
        """A CPU exception goes to the ROM's own handler; where there is none it is the end."""
        where, text = self._where(), describe(event.vector)
        self.cpu.inner.forget_exception()
        if not self.cpu.protected:
            target = handler(self.cpu, event.vector)
            if target is not None and segment.BASE <= target < segment.BASE + 0x10000:
                return self._end("invalid", f"{text}{self._bytes(event.vector)}: no handler is installed", where)
        self._record(Actor.ROM, event.vector, where, event.error, int(Flag.FAULTED))
        return self._enter(event, text + self._bytes(event.vector), where)

    def _enter(self, event: Event, text: str, where: tuple[int, int]) -> Ending | None:
        self._faults += 1
        if self._faults > SLOW_FAULTS:
            return self._end("hung", f"{text} again and again", where)
        if deliver(self.cpu, event):
            return None
        return self._end("invalid", f"{TRIPLE}: {text}, and no handler can be entered", where)

    def _bytes(self, vector: int) -> str:
        """What an invalid opcode is made of."""
        if not self.cpu.protected and self.cpu.get("eip") > 0xFFFF:
            return ", past the end of the code segment"
        if vector != 6:
            return ""
        code = self.cpu.read(self.cpu.linear_ip(), 4)
        return ", open bus or erased flash: FF FF FF FF" if code == b"\xff" * 4 else f", {code.hex(' ').upper()}"

    def _cannot_go_on(self, fault: CpuFaultError) -> Ending | None:
        if fault.invalid_opcode:
            return self._exception(Event(6))
        return self._end("invalid", f"{fault}{self._bytes(0)}: linear {self.cpu.linear_ip():#x}")

    def _record(self, actor: Actor, vector: int, where: tuple[int, int], value: int, flags: int) -> None:
        time = int(self.machine.root[R_TIME])
        cs, ip = where
        self.machine.recorder.append(
            (time, ip, vector, value, value, cs & 0xFFFF, flags, actor, Space.INTERRUPT, Op.CALL, 2)
        )


def _context(built: Built) -> Context:
    """What the services see of ``built``; the BIOS segment is laid into its memory."""
    machine = built.machine
    segment.build(machine.ram, machine.low)
    return Context(
        machine.engine, machine.ram, machine.pci, machine.root, machine.low, machine.high,
        e820=built.placed.e820_entries, int15=machine.scenario.rom.answers(), pmm_top=built.placed.pmm_top,
    )  # fmt: skip
