"""One x86 instruction's data flow says where the bits that it writes come from, bit by bit where that is known.

Locations and demands are those of ``step.py``: 0-15 the general registers (RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8
to R15, of which code of 16 and 32 bits knows the lower half), and FLAGS, of which one bit stands for them all.
"""

from collections.abc import Iterable

from fwsim.analysis.reads import REGISTERS, STRINGS, is_string
from fwsim.analysis.step import FLAGS, Access, Demand, Flow, Step, below, bytes_of
from fwsim.cpu.moves import Move
from fwsim.disasm.operands import Decoded, Operand

GENERAL = 16
"""How many general registers there are at most."""
_ALL = 0xFFFFFFFF_FFFFFFFF
_LOW = 0xFFFFFFFF
SERVICE = "hlt"
"""What stands at the entry of a UEFI service, which leaves its status in RAX."""
_CARRIED = ("adc", "sbb", "rcl", "rcr")
_SUMS = ("add", "sub", "adc", "sbb", "inc", "dec", "neg", "lea")
X86Step = Step[Decoded]


def written_masks(code: Decoded, long: bool = False) -> list[int]:
    """The bits of each register, and (last) whether the flags, are written by the instruction.

    ``long``: it is 64-bit code, where what writes the lower half of a register clears the upper one, and a HLT is a
    service.
    """
    masks = [0] * (FLAGS + 1)
    for name in code.writes:
        if name in REGISTERS:
            number, shift, width = REGISTERS[name]
            masks[number] |= _ALL if long and width == 32 else ((1 << width) - 1) << shift
        elif name in ("eflags", "flags", "rflags"):
            masks[FLAGS] = 1
    name = code.name.split()[-1]
    if long and name == SERVICE:
        masks[0] = _ALL
    if name in ("popaw", "popal", "popa", "popad"):
        width = 0xFFFF if name in ("popaw", "popa") else _LOW
        masks[:8] = [width if number != 4 else 0 for number in range(8)]
    return masks


def of_register(step: X86Step, number: int, mask: int) -> Flow:
    """Where bits ``mask`` of register ``number`` come from, which ``step`` writes."""
    name, operands = step.name, step.code.operands
    if is_string(step.code):
        return _string_register(step, number, mask)
    if name in ("in", "rdtsc", "cpuid", "rdmsr"):
        return Flow(name, outside=True)
    if name.startswith("popa"):
        return _popped(step, number, mask)
    if name == "xlatb":
        return Flow("looked up", bytes_of(step.reads[0], mask) if step.reads else [], [3, 0])
    if name in ("cbw", "cwde", "cdqe"):
        return Flow("sign-extended", _extended(0, {"cbw": 8, "cwde": 16}.get(name, 32), mask))
    if name in ("cwd", "cdq", "cqo"):
        return Flow("sign-extended", [(0, 1 << {"cwd": 15, "cdq": 31}.get(name, 63))])
    if name == "lahf":
        return Flow("flags taken", [(FLAGS, 1)])
    if name == "leave":
        return Flow("popped", bytes_of(step.reads[0], mask) if number == 5 and step.reads else [(5, mask)])
    if number == 4 and name in ("push", "pop", "call", "ret", "retf", "iret", "lcall", "enter", *_PUSHES):
        return Flow("moved", [(4, below(mask))])
    place = next((each for each in operands if _is(each, number)), None)
    if place is None:
        return _implicit(step)
    _, shift, width = REGISTERS[place.name]
    return _operation(step, place, (mask >> shift) & ((1 << width) - 1), width)


def of_memory(step: X86Step, ordinal: int, mask: int) -> Flow:
    """Where bits ``mask`` of the ``ordinal``-th memory write of ``step`` come from."""
    if step.moves:
        return _moved([move for move in step.moves if move.to >= 0][ordinal], mask)
    name, write = step.name, step.writes[ordinal]
    if is_string(step.code):
        kind, _ = STRINGS[name]
        if kind == "movs":
            read = step.reads[min(ordinal, len(step.reads) - 1)] if step.reads else None
            return Flow("copied", bytes_of(read, mask) if read else [], [6])
        return Flow("in", outside=True) if kind == "ins" else Flow("stored", [(0, mask)])
    if name in _PUSHES:
        if name.startswith("pushf"):
            return Flow("flags pushed", [(FLAGS, 1)])
        size = write.size
        first = max(each.address for each in step.writes)
        number = (first - write.address) // size
        return Flow("pushed", [(number, mask)])
    if name in ("call", "lcall", "enter", "int"):
        return Flow("return address")
    if name == "push":
        return _copy(step, step.code.operands[0], mask, "pushed")
    place = next((each for each in step.code.operands if each.kind == "mem"), None)
    if place is None:
        return _implicit(step)
    return _operation(step, place, mask, 8 * write.size)


def of_flags(step: X86Step) -> Flow:
    """Where the flags come from."""
    name = step.name
    if name.startswith("popf"):
        return Flow("popped", bytes_of(step.reads[0], _ALL) if step.reads else [])
    if name == "sahf":
        return Flow("from AH", [(0, 0xFF00)])
    if is_string(step.code):
        wide = (1 << 8 * STRINGS[name][1]) - 1
        return Flow("compared", [d for read in step.reads for d in bytes_of(read, wide)] + [(0, wide)], [6, 7])
    return _implicit(step, "compared" if name in ("cmp", "test") else "flags of a result")


def _moved(move: Move, mask: int) -> Flow:
    """Where bits ``mask`` of what a service moved come from."""
    if move.kind == "event":
        return Flow("read", outside=True)
    if move.fill:  # every one of its bytes is one of the pattern's
        part = 0
        while mask:
            part |= mask & (1 << 8 * move.size) - 1
            mask >>= 8 * move.size
        mask = part
    if move.kind == "register":
        return Flow("filled", [(move.source, mask)])
    return Flow("copied", bytes_of(Access(move.source, move.size, None), mask) if move.kind == "memory" else [])


def of_output(step: X86Step, mask: int = _LOW, seq: int = 0) -> Flow:
    """Where what an OUT, or a store to a device, gives away comes from; ``seq``: the event it was, for a service."""
    move = step.move_of(seq)
    if move is not None:
        return _moved(move, mask)
    if step.name == "out":
        width = step.code.operands[-1].size if step.code.operands else 4
        return Flow("out", [(0, mask & (1 << 8 * width) - 1)])
    if step.name.startswith("outs"):
        return Flow("out", bytes_of(step.reads[-1], mask) if step.reads else [], [6])
    if step.writes:
        return of_memory(step, 0, mask)
    return _implicit(step)


_PUSHES = ("pushaw", "pushal", "pusha", "pushad", "pushf", "pushfd", "pushfw")


def _is(operand: Operand, number: int) -> bool:
    return operand.kind == "reg" and operand.name in REGISTERS and REGISTERS[operand.name][0] == number


def _extended(number: int, width: int, mask: int) -> list[Demand]:
    low = mask & (1 << width) - 1
    return [(number, low | (1 << width - 1 if mask >> width else 0))]


def _demand(step: X86Step, operand: Operand, mask: int) -> list[Demand]:
    """What ``mask`` of an operand's value is made of; an immediate's bytes are memory like any other."""
    if not mask:
        return []
    if operand.kind == "reg":
        if operand.name not in REGISTERS:
            return []
        number, shift, width = REGISTERS[operand.name]
        part = (mask & (1 << width) - 1) << shift
        return [(number, part)] if part else []
    if operand.kind == "mem":
        return bytes_of(step.reads[0], mask) if step.reads else []
    size = step.code.imm_size
    if not size:  # a shift by 1 has none
        return []
    if mask >> 8 * size:
        mask = mask & (1 << 8 * size) - 1 | 1 << 8 * size - 1
    return bytes_of(Access(step.address + step.code.imm_offset, size, 0), mask)


def _chosen_by(operands: Iterable[Operand]) -> list[int]:
    names = [name for operand in operands for name in operand.registers if name]
    return [REGISTERS[name][0] for name in names if name in REGISTERS and REGISTERS[name][0] not in (4, 5)]


def _copy(step: X86Step, source: Operand, mask: int, how: str) -> Flow:
    return Flow(how, _demand(step, source, mask), _chosen_by([source]))


def _implicit(step: X86Step, how: str = "worked out") -> Flow:
    """Everything that the instruction reads, but for the registers that only make an address."""
    operands = step.code.operands
    addressing = {name for operand in operands for name in operand.registers if name}
    demands = [each for operand in operands if not step.code.relative for each in _demand(step, operand, _ALL)]
    for name in step.code.reads:
        if name in REGISTERS and name not in addressing and REGISTERS[name][0] != 4:
            number, shift, width = REGISTERS[name]
            demands.append((number, ((1 << width) - 1) << shift))
    if step.name in _CARRIED or step.name.startswith(("set", "cmov")):
        demands.append((FLAGS, 1))
    return Flow(how, demands, _chosen_by(operands))


def _string_register(step: X86Step, number: int, mask: int) -> Flow:
    kind, _ = STRINGS[step.name]
    if kind == "lods" and number == 0:
        return Flow("loaded", bytes_of(step.reads[-1], mask) if step.reads else [], [6])
    return Flow("counted", [(number, below(mask))])


def _popped(step: X86Step, number: int, mask: int) -> Flow:
    lowest = min((each.address for each in step.reads), default=0)
    size = step.reads[0].size if step.reads else 2
    at = lowest + (7 - number) * size
    return Flow("popped", bytes_of(Access(at, size, 0), mask))


def _operation(step: X86Step, place: Operand, mask: int, width: int) -> Flow:
    """``place`` (an operand, ``width`` bits) gets a new value: where bits ``mask`` of it come from."""
    name, operands = step.name, step.code.operands
    if name in ("mov", "movabs", "movzx"):
        source = operands[-1]
        part = mask & (1 << 8 * source.size) - 1 if name == "movzx" else mask
        return _copy(step, source, part, "loaded" if source.kind == "mem" else "moved")
    if name in ("movsx", "movsxd"):
        source = operands[-1]
        high = mask >> 8 * source.size
        part = mask & (1 << 8 * source.size) - 1 | (1 << 8 * source.size - 1 if high else 0)
        return _copy(step, source, part, "loaded" if source.kind == "mem" else "sign-extended")
    if name == "pop":
        return Flow("popped", bytes_of(step.reads[0], mask) if step.reads else [])
    if name == "xchg":
        other = operands[1] if place is operands[0] else operands[0]
        return _copy(step, other, mask, "exchanged")
    if name == "bswap":
        turned = int.from_bytes(mask.to_bytes(width // 8, "little"), "big")
        return Flow("bytes swapped", _demand(step, place, turned))
    if name == "lea":
        names = operands[-1].registers
        pairs = (REGISTERS[each] for each in names if each in REGISTERS)
        return Flow("added", [(number, below(mask)) for number, _, _ in pairs])
    if name.startswith("set"):
        return Flow("flag kept", [(FLAGS, 1)])
    if name in ("loop", "loope", "loopne"):
        return Flow("counted", [(1, below(mask))])
    if len(operands) == 2 and place is operands[0]:
        return _binary(step, operands[0], operands[1], mask, width)
    if name in ("inc", "dec", "neg"):
        return Flow({"inc": "plus 1", "dec": "minus 1"}.get(name, "negated"), _demand(step, place, below(mask)))
    if name == "not":
        return Flow("inverted", _demand(step, place, mask))
    return _implicit(step)


def _value(step: X86Step, operand: Operand) -> int | None:
    """An operand's value before the instruction; None where it is not known."""
    if operand.kind == "imm":
        return operand.value & (1 << 8 * operand.size) - 1
    if operand.kind == "mem":
        return step.reads[0].value if step.reads else None
    if operand.name not in REGISTERS:
        return None
    number, shift, width = REGISTERS[operand.name]
    return int(step.regs[number]) >> shift & (1 << width) - 1


def _binary(step: X86Step, left: Operand, right: Operand, mask: int, width: int) -> Flow:
    name, ones = step.name, (1 << width) - 1
    a, b = _value(step, left), _value(step, right)
    index = _chosen_by((left, right))
    if left == right and name in ("xor", "sub"):
        return Flow("cleared")
    if name in ("and", "or") and b is not None and (a is not None or right.kind == "imm"):
        decides = 0 if name == "and" else ones  # a bit of this value decides the result whatever the other is
        free_a, free_b = ((a or 0) ^ decides) & ones, (b ^ decides) & ones  # bits that leave it to the other side
        only_b = mask & free_a & ~free_b
        only_a = mask & free_b & ~free_a
        both = mask & ~only_a & ~only_b
        if right.kind == "imm":  # the constant's own bits are no news where it leaves the value through
            demands = _demand(step, left, mask & free_b) + _demand(step, right, mask & ~free_b & ones)
        else:
            demands = _demand(step, left, only_a | both) + _demand(step, right, only_b | both)
        return Flow("masked" if name == "and" else "combined", demands, index)
    if name == "xor":
        return Flow("combined", _demand(step, left, mask) + _demand(step, right, mask), index)
    if name in ("shl", "sal", "shr", "sar", "rol", "ror") and b is not None:
        return _shifted(step, left, right, mask, width, b & (63 if width == 64 else 31))
    if name in _SUMS:
        low = below(mask)
        demands = _demand(step, left, low) + _demand(step, right, low)
        if name in _CARRIED:
            demands.append((FLAGS, 1))
        return Flow("added" if name in ("add", "adc") else "subtracted", demands, index)
    if name.startswith("cmov"):
        taken = _demand(step, right, mask) + _demand(step, left, mask)
        return Flow("chosen", [*taken, (FLAGS, 1)], index)
    return _implicit(step)


def _shifted(step: X86Step, left: Operand, right: Operand, mask: int, width: int, count: int) -> Flow:
    name, ones = step.name, (1 << width) - 1
    if name in ("rol", "ror"):
        turn = count % width if name == "rol" else -count % width
        source = (mask >> turn | mask << width - turn) & ones if turn else mask
    elif name in ("shl", "sal"):
        source = mask >> count
    else:
        source = mask << count & ones
        if name == "sar" and mask << count > ones:
            source |= 1 << width - 1
    how = f"shifted {'left' if name in ('shl', 'sal', 'rol') else 'right'} by {count}"
    chosen = [1] if right.kind == "reg" else []
    return Flow(how, _demand(step, left, source), chosen)
