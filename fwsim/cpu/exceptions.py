"""An INT, an exception or an interrupt is delivered to its handler through the IVT or the IDT, as the CPU does it.

Source: Intel SDM vol. 3, chapter 6 (protected mode, 6.12; error codes, 6.13; long mode, 6.14; double fault table
6-5), vol. 1, 6.4 and vol. 3, 20.1.4 (real mode). Same privilege only: a gate that changes it is a general protection
fault here. Tables and stacks are where their linear addresses are: mapped to themselves, as firmware maps them.
"""

from msgspec import Struct

from fwsim.cpu.engine import Engine

TEXTS = {
    0: "divide error (#DE)", 1: "debug exception (#DB)", 2: "non-maskable interrupt", 3: "breakpoint (#BP)",
    4: "overflow (#OF)", 5: "bound exceeded (#BR)", 6: "invalid opcode (#UD)", 7: "no coprocessor (#NM)",
    8: "double fault (#DF)", 10: "invalid TSS (#TS)", 11: "segment not present (#NP)", 12: "stack fault (#SS)",
    13: "general protection fault (#GP)", 14: "page fault (#PF)", 16: "coprocessor error (#MF)",
    17: "alignment check (#AC)", 19: "SIMD error (#XM)",
}  # fmt: skip
TRIPLE = "triple fault"
WITH_ERROR_CODE = frozenset((8, 10, 11, 12, 13, 14, 17))
_CONTRIBUTORY = frozenset((0, 10, 11, 12, 13))
_DOUBLE, _GP, _NP = 8, 13, 11
_TF, _IF, _NT, _RF, _VM = 0x100, 0x200, 0x4000, 0x10000, 0x20000
_INT_GATES = {0x6: 16, 0x7: 16, 0xE: 32, 0xF: 32}
_LONG_GATES = (0xE, 0xF)
_IST1 = 0x24
"""Where the 64-bit TSS has the first of its seven interrupt stacks (figure 7-11)."""


class Event(Struct, frozen=True):
    """What is to be delivered. ``software``: an INT instruction; ``external``: an interrupt from outside."""

    vector: int
    error: int = 0
    software: bool = False
    external: bool = False

    @property
    def pushes_error(self) -> bool:
        """Whether the handler finds an error code on its stack (protected mode)."""
        return self.vector in WITH_ERROR_CODE and not self.software and not self.external


class _RefusedError(Exception):
    """The event cannot be delivered, because of this fault."""

    def __init__(self, vector: int, error: int) -> None:
        super().__init__(TEXTS[vector])
        self.event = Event(vector, error)


def describe(vector: int) -> str:
    """An exception in words."""
    return TEXTS.get(vector, f"CPU exception {vector}")


def handler(engine: Engine, vector: int) -> int | None:
    """Real mode: linear address of the handler of ``vector``, None past the IDT's limit."""
    base, limit = engine.table("idtr")
    if 4 * vector + 3 > limit:
        return None
    offset, segment = engine.number(base + 4 * vector, 2), engine.number(base + 4 * vector + 2, 2)
    return (segment << 4) + offset


def deliver(engine: Engine, event: Event) -> bool:
    """Enter the handler; a fault on the way is delivered in its place, then a double fault. False: triple fault."""
    at, seen = event, event.vector
    double = event.vector == _DOUBLE and not event.software
    while True:
        try:
            _enter(engine, at)
        except _RefusedError as refused:
            if double:
                return False
            fault = refused.event
            hardware = not at.software and not at.external
            double = hardware and (seen in _CONTRIBUTORY or seen == 14) and fault.vector in _CONTRIBUTORY
            at = Event(_DOUBLE) if double else fault
            seen = at.vector
        else:
            return True


def _enter(engine: Engine, event: Event) -> None:
    if engine.long:
        _long(engine, event)
    elif engine.protected:
        _protected(engine, event)
    else:
        _real(engine, event)


def _real(engine: Engine, event: Event) -> None:
    base, limit = engine.table("idtr")
    if 4 * event.vector + 3 > limit:
        raise _RefusedError(_GP, 0)
    flags, ip, cs = engine.get("eflags"), engine.ip, engine.get("cs")
    for value in (flags, cs, ip):
        _push(engine, value & 0xFFFF, 2)
    target = engine.number(base + 4 * event.vector, 4)
    engine.set("eflags", flags & ~(_IF | _TF))
    engine.set("cs", target >> 16)
    engine.set("eip", target & 0xFFFF)


def _protected(engine: Engine, event: Event) -> None:
    """Read the gate, check it and the code segment it names, then push and go (Intel SDM vol. 2, INT n)."""
    gate, kind, told = _gate(engine, event, 8, tuple(_INT_GATES))
    selector, level = gate >> 16 & 0xFFFF, engine.get("cs") & 3
    _check_code(engine, selector, level, told)
    width = _INT_GATES[kind] // 8
    offset = gate & 0xFFFF | (gate >> 48 << 16 if width == 4 else 0)
    flags = engine.get("eflags")
    for value in (flags, engine.get("cs"), engine.get("eip"), *((event.error,) if event.pushes_error else ())):
        _push(engine, value & (1 << 8 * width) - 1, width)
    engine.set("eflags", _flags_inside(flags, kind))
    engine.set("cs", selector & ~3 | level)
    engine.set("eip", offset)


def _long(engine: Engine, event: Event) -> None:
    """The same in long mode: gates of 16 bytes, an aligned stack, SS and RSP pushed always (6.14)."""
    gate, kind, told = _gate(engine, event, 16, _LONG_GATES)
    selector, level = gate >> 16 & 0xFFFF, engine.get("cs") & 3
    _check_code(engine, selector, level, told, long=True)
    offset = gate & 0xFFFF | (gate >> 48 & 0xFFFFFFFFFFFF) << 16
    stack, flags = engine.get("rsp"), engine.get("eflags")
    pointer = (_interrupt_stack(engine, gate >> 32 & 7) or stack) & ~15
    frame = [engine.get("ss"), stack, flags, engine.get("cs"), engine.ip]
    if event.pushes_error:
        frame.append(event.error)
    for value in frame:
        pointer -= 8
        engine.put(pointer, value, 8)
    engine.set("rsp", pointer)
    engine.set("eflags", _flags_inside(flags, kind))
    engine.set("cs", selector & ~3 | level)
    engine.set("rip", offset)


def _flags_inside(flags: int, kind: int) -> int:
    """What a handler finds: a trap gate, odd, leaves IF."""
    return flags & ~(_TF | _NT | _RF | _VM | (0 if kind & 1 else _IF))


def _interrupt_stack(engine: Engine, number: int) -> int:
    """The stack that the task state segment has for a gate with this IST field; 0 where it has none."""
    return engine.number(engine.table("tr")[0] + _IST1 + 8 * (number - 1), 8) if number else 0


def _gate(engine: Engine, event: Event, size: int, kinds: tuple[int, ...]) -> tuple[int, int, int]:
    """The event's gate of ``size`` bytes, its type, one of ``kinds``, and the error code's EXT."""
    base, limit = engine.table("idtr")
    told = 0 if event.software else 1
    where = 8 * event.vector + 2 + told
    if size * (event.vector + 1) - 1 > limit:
        raise _RefusedError(_GP, where)
    gate = engine.number(base + size * event.vector, size)
    kind, privilege, present = gate >> 40 & 0x1F, gate >> 45 & 3, gate >> 47 & 1
    if kind not in kinds or (event.software and privilege < engine.get("cs") & 3):
        raise _RefusedError(_GP, where)
    if not present:
        raise _RefusedError(_NP, where)
    return gate, kind, told


def _check_code(engine: Engine, selector: int, level: int, told: int, *, long: bool = False) -> None:
    """A code segment of a privilege that can be entered, of 64 bits where ``long``."""
    table, limit = engine.table("ldtr" if selector & 4 else "gdtr")
    if not selector & ~3:
        raise _RefusedError(_GP, told)
    error = selector & 0xFFFC | told
    if (selector | 7) > limit:
        raise _RefusedError(_GP, error)
    high = engine.number(table + (selector & 0xFFF8) + 4, 4)
    code, conforming, privilege = high >> 11 & 3 == 3, high >> 10 & 1, high >> 13 & 3
    wrong_size = long and high >> 21 & 3 != 1
    if not code or wrong_size or (privilege > level if conforming else privilege != level):
        raise _RefusedError(_GP, error)
    if not high >> 15 & 1:
        raise _RefusedError(_NP, error)


def _push(engine: Engine, value: int, width: int) -> None:
    stack = engine.segment("ss")
    pointer = engine.get("esp")
    if engine.protected and stack.bits == 32:
        pointer = pointer - width & 0xFFFFFFFF
        offset = pointer
    else:
        offset = pointer - width & 0xFFFF
        pointer = pointer & ~0xFFFF | offset
    engine.put(stack.base + offset & 0xFFFFFFFF, value, width)
    engine.set("esp", pointer)
