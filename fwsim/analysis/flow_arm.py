"""One AArch64 instruction's data flow says where the bits that it writes come from.

What instructions do is the Arm Architecture Reference Manual's (DDI 0487), C6.2. Locations and demands are those of
``step.py``; the flags' mask is that of NZCV as the CPU holds them, N in bit 31.
"""

from fwsim.analysis.step import FLAGS, PLACES, VECTORS, Access, Demand, Flow, Step, below, bytes_of
from fwsim.disasm.a64 import A64, SP, ZERO

ALL = 0xFFFFFFFF_FFFFFFFF
N, Z, C, V = 1 << 31, 1 << 30, 1 << 29, 1 << 28
NZCV = N | Z | C | V
_WHOLE_VECTOR = 0xFFFF
_FRAME = 29
_LOGIC = {"and": "masked", "orr": "combined", "eor": "combined"}
_CONDITIONS = (Z, C, N, V, C | Z, N | V, N | Z | V, 0)
"""By condition >> 1: the flags that it looks at."""
_TURNED = ("rev", "rev16", "rev32", "rbit")
ArmStep = Step[A64]


def written_masks(code: A64) -> list[int]:
    """The bits of each location, but for memory, that the instruction writes."""
    masks = [0] * PLACES
    if code.d != ZERO:
        masks[code.d] = ALL
    if code.sets:
        masks[FLAGS] = NZCV
    memory = code.memory
    if memory is not None:
        if memory.load:
            for register in memory.registers:
                if memory.vector:
                    masks[VECTORS + register] = _WHOLE_VECTOR
                elif register != ZERO:
                    masks[register] = ALL
        if memory.status != ZERO:
            masks[memory.status] = ALL
        if memory.writeback:
            masks[memory.base] = ALL
    for name in code.writes:
        place, mask = _named(name)
        masks[place] |= mask
    return masks


def condition(code: A64) -> list[Demand]:
    """What a conditional branch looks at; nothing for other instructions."""
    if code.kind == "b.cond":
        return [(FLAGS, flags)] if (flags := _CONDITIONS[code.cond >> 1]) else []
    if code.n == ZERO:
        return []
    return {"cbz": [(code.n, _ones(code.width))], "tbz": [(code.n, 1 << code.amount)]}.get(code.kind, [])


def of_address(code: A64) -> list[Demand]:
    """The registers that make the address of its access, or of its branch."""
    memory = code.memory
    made_of = (memory.base, memory.index) if memory is not None else (code.n,)
    return [(register, ALL) for register in made_of if register >= 0]


def reads_of(code: A64, regs: list[int], after: list[int]) -> list[Access]:
    """What the instruction read in memory; the values are known where they went into general registers."""
    memory = code.memory
    if memory is None or not memory.load:
        return []
    address = place_of(code, regs)
    found = []
    for ordinal, register in enumerate(memory.registers):
        known = not memory.vector and register != ZERO
        value = after[register] & _ones(8 * memory.size) if known else None
        found.append(Access(address + ordinal * memory.size, memory.size, value))
    return found


def place_of(code: A64, regs: list[int]) -> int:
    """Where a load or store begins."""
    memory = code.memory
    assert memory is not None
    if memory.base < 0:
        return memory.offset
    total = regs[memory.base]
    if not memory.after:
        total += memory.offset
    if memory.index != ZERO:
        total += _extended_value(regs[memory.index], memory.extend) << memory.amount
    return total & ALL


# --- what is written --------------------------------------------------------------------------------------------------
def of_register(step: ArmStep, number: int, mask: int) -> Flow:
    """Where bits ``mask`` of location ``number`` (a register, or a vector register) come from."""
    code = step.code
    if code.memory is not None:
        return _loaded(step, number, mask)
    if code.kind == "mrs":
        return Flow(code.kind, outside=True)
    if code.kind == "other":
        return _worked_out(step)
    mask &= _ones(code.width)
    return _result(step, mask)


def of_memory(step: ArmStep, ordinal: int, mask: int) -> Flow:
    """Where bits ``mask`` of the ``ordinal``-th memory write of ``step`` come from."""
    memory, write = step.code.memory, step.writes[ordinal]
    if memory is None or memory.load:
        return _worked_out(step)
    past = write.address - place_of(step.code, list(step.regs))
    index, at = divmod(past, memory.size)
    if not 0 <= index < len(memory.registers):
        return _worked_out(step)
    register = memory.registers[index]
    if memory.vector:
        held = sum(1 << at + byte for byte in range(write.size) if mask >> 8 * byte & 0xFF)
        return Flow("stored", [(VECTORS + register, held)] if held else [])
    part = mask << 8 * at & _ones(8 * memory.size)
    return Flow("stored", _bits(register, part), constant=0 if register == ZERO else None)


def of_output(step: ArmStep, mask: int, past: int) -> Flow:
    """Where bits ``mask`` of what was stored to a device come from, ``past`` bytes behind the store's first."""
    if not step.writes:
        return _worked_out(step)
    address = step.writes[0].address + past
    for ordinal, write in enumerate(step.writes):
        if write.address <= address < write.address + write.size:
            return of_memory(step, ordinal, mask << 8 * (address - write.address))
    return of_memory(step, 0, mask)


def of_flags(step: ArmStep, mask: int) -> Flow:
    """Where the bits ``mask`` of NZCV come from."""
    code = step.code
    ones, top = _ones(code.width), 1 << code.width - 1
    if code.kind == "msr nzcv":
        return Flow("flags set", _bits(code.n, mask))
    if code.kind in ("ccmp", "ccmn"):
        looked = [(FLAGS, _CONDITIONS[code.cond >> 1])] if code.cond < 14 else []
        if not holds(code.cond, step.flags):
            return Flow("flags of a condition", looked)
        demands = _bits(code.n, ones) + _bits(code.m, ones)
        return Flow("compared", demands + looked, constant=code.imm)
    how = "flags of a result" if code.d != ZERO else "compared"
    if code.kind == "and":
        part = ones if mask & Z else top if mask & N else 0
        flow = _logical(step, part)
        return Flow(how, flow.demands, constant=code.imm)
    if code.kind in ("add", "sub", "adc", "sbc"):
        flow = _sum(step, ones)
        return Flow(how, flow.demands, constant=code.imm)
    return _worked_out(step)


def holds(cond: int, flags: int) -> bool:
    """Whether a condition holds (DDI 0487, ConditionHolds)."""
    n, z, c, v = (bool(flags & flag) for flag in (N, Z, C, V))
    result = (z, c, n, v, c and not z, n == v, n == v and not z, True)[cond >> 1]
    return not result if cond & 1 and cond != 15 else result


# --- data processing --------------------------------------------------------------------------------------------------
def _result(step: ArmStep, mask: int) -> Flow:
    """Where bits ``mask`` of what the instruction works out come from."""
    code = step.code
    kind = code.kind
    if kind in ("and", "orr", "eor"):
        return _logical(step, mask)
    if kind in ("add", "sub", "adc", "sbc"):
        return _sum(step, mask)
    if kind in ("ubfm", "sbfm", "bfm"):
        return _bitfield(code, mask)
    if kind.startswith("mov"):
        kept = _bits(code.d, mask & ~(0xFFFF << code.amount)) if kind == "movk" else []
        value = ~(code.imm or 0) & _ones(code.width) if kind == "movn" else code.imm
        return Flow("set in part" if kind == "movk" else "set", kept, constant=value)
    if kind == "adr":
        return Flow("an address", constant=code.imm)
    if kind in ("bl", "blr"):
        return Flow("return address")
    if kind.startswith("cs"):
        return _chosen(step, mask)
    if kind in _TURNED:
        how = "bits turned round" if kind == "rbit" else "bytes swapped"
        return Flow(how, _bits(code.n, _turned(kind, mask, code.width)))
    if kind == "extr":
        low = _bits(code.m, mask << code.amount & _ones(code.width))
        high = _bits(code.n, mask >> code.width - code.amount)
        return Flow(f"shifted right by {code.amount}", high + low)
    if kind in ("lslv", "lsrv", "asrv", "rorv"):
        return _shifted_by(step, mask)
    if kind == "mrs nzcv":
        return Flow("flags taken", [(FLAGS, mask & NZCV)] if mask & NZCV else [])
    return _multiplied(code, mask)


def _logical(step: ArmStep, mask: int) -> Flow:
    code, ones = step.code, _ones(step.code.width)
    if code.kind == "orr" and code.n == ZERO and not code.inverted:
        return _moved(code, mask)
    if code.kind == "eor":
        if code.n == code.m and not code.amount and not code.inverted and code.imm is None:
            return Flow("cleared", constant=0)
        return Flow("combined", _bits(code.n, mask) + _second(code, mask), constant=code.imm)
    a, b = _value(step, code.n) & ones, _second_value(step)
    decides = 0 if code.kind == "and" else ones  # a bit of this value decides the result whatever the other is
    free_a, free_b = (a ^ decides) & ones, (b ^ decides) & ones  # bits that leave it to the other side
    if code.imm is not None:
        return Flow(_LOGIC[code.kind], _bits(code.n, mask & free_b), constant=code.imm)
    decided = mask & ~free_b  # by the second source alone, whatever the first is
    demands = _bits(code.n, mask & free_b) + _second(code, mask & free_a | decided)
    return Flow(_LOGIC[code.kind], demands)


def _moved(code: A64, mask: int) -> Flow:
    if code.imm is not None:
        return Flow("set", constant=code.imm)
    how = "moved" if not code.amount else f"shifted by {code.amount}"
    return Flow(how, _second(code, mask), constant=0 if code.m == ZERO else None)


def _sum(step: ArmStep, mask: int) -> Flow:
    code, low = step.code, below(mask)
    if code.kind == "add" and not code.imm and code.m == ZERO and not code.sets:
        return Flow("moved", _bits(code.n, mask))
    demands = _bits(code.n, low) + _second(code, low)
    if code.kind in ("adc", "sbc"):
        demands.append((FLAGS, C))
    return Flow("added" if code.kind in ("add", "adc") else "subtracted", demands, constant=code.imm)


def _bitfield(code: A64, mask: int) -> Flow:
    """UBFM, SBFM, BFM: bits from ``amount`` up to ``high`` to the bottom, or those up to ``high`` further up."""
    width, right, high = code.width, code.amount, code.high
    if high >= right:
        field, at, take = _ones(high - right + 1), 0, right
    else:
        at, take = width - right, 0
        field = _ones(high + 1) << at
    inside = mask & field
    source = inside >> at << take
    demands: list[Demand] = []
    if code.kind == "bfm":
        demands = _bits(code.d, mask & ~field)
    elif code.kind == "sbfm" and mask & ~_ones(field.bit_length()):
        source |= 1 << high
    demands += _bits(code.n, source)
    if code.kind == "bfm":
        how = f"{_count(field)} put in at {at}"
    elif at:
        how = f"shifted left by {at}"
    elif right and high == width - 1:
        how = f"shifted right by {right}"
    else:
        how = f"{_count(field)} taken from {right}" if right or code.kind == "ubfm" else "sign-extended"
    return Flow(how, demands)


def _chosen(step: ArmStep, mask: int) -> Flow:
    code = step.code
    demands = [(FLAGS, _CONDITIONS[code.cond >> 1])] if code.cond < 14 else []
    if holds(code.cond, step.flags):
        return Flow("chosen", _bits(code.n, mask) + demands)
    part = below(mask) if code.kind in ("csinc", "csneg") else mask
    return Flow("chosen", _bits(code.m, part) + demands)


def _turned(kind: str, mask: int, width: int) -> int:
    if kind == "rbit":
        return int(f"{mask:0{width}b}"[::-1], 2)
    size = {"rev16": 2, "rev32": 4}.get(kind, width // 8)
    raw = mask.to_bytes(width // 8, "little")
    return int.from_bytes(b"".join(raw[at : at + size][::-1] for at in range(0, len(raw), size)), "little")


def _shifted_by(step: ArmStep, mask: int) -> Flow:
    """By a register, whose lowest bits count."""
    code = step.code
    count = _value(step, code.m) % code.width
    counts = _bits(code.m, code.width - 1)
    kind = code.kind[:3]
    how = f"shifted {'left' if kind == 'lsl' else 'right'} by {count}"
    return Flow(how, _bits(code.n, _before_shift(kind, count, mask, code.width)) + counts)


def _multiplied(code: A64, mask: int) -> Flow:
    """Products and quotients; a count of zeros, which has the whole register in it."""
    if code.kind in ("madd", "msub"):
        low = below(mask)
        demands = _bits(code.n, low) + _bits(code.m, low) + _bits(code.a, low)
        return Flow("multiplied", demands)
    whole = _ones(32 if code.kind.endswith(("addl", "subl")) else code.width)
    part = below(mask) if whole < ALL and code.width == 64 else 0
    taken = [*_bits(code.n, whole & part if part else whole), *_bits(code.m, whole & part if part else whole)]
    if part >> 32:  # the sign has a part in the upper half
        taken = [*_bits(code.n, whole), *_bits(code.m, whole)]
    how = {"udiv": "divided", "sdiv": "divided", "clz": "zeros counted", "cls": "signs counted"}
    return Flow(how.get(code.kind, "multiplied"), taken + _bits(code.a, below(mask)))


def _worked_out(step: ArmStep) -> Flow:
    """Everything that the instruction reads."""
    code = step.code
    demands = [(place, mask) for place, mask in map(_named, code.reads) if mask]
    demands += [(place, ALL) for place in (code.n, code.m, code.a) if place != ZERO]
    for read in step.reads:
        demands += bytes_of(read, _ones(8 * read.size))
    return Flow("worked out", demands)


# --- loads ------------------------------------------------------------------------------------------------------------
def _loaded(step: ArmStep, number: int, mask: int) -> Flow:
    memory = step.code.memory
    assert memory is not None
    if number == memory.status:
        return Flow("stxr", outside=True)
    if memory.writeback and number == memory.base:
        return Flow("counted", _bits(number, below(mask)))
    chosen = [each for each in (memory.base, memory.index) if each >= 0 and each not in (SP, _FRAME)]
    held = number - VECTORS if memory.vector else number
    read = step.reads[memory.registers.index(held)]
    if memory.vector:
        taken = sum(0xFF << 8 * byte for byte in range(memory.size) if mask >> byte & 1)
        return Flow("loaded", bytes_of(read, taken), chosen)
    bits = 8 * memory.size
    part = mask & _ones(bits)
    if memory.signed and mask >> bits & _ones(memory.width - bits):
        part |= 1 << bits - 1
    return Flow("loaded", bytes_of(read, part), chosen)


# --- operands ---------------------------------------------------------------------------------------------------------
def _ones(bits: int) -> int:
    return (1 << bits) - 1


def _count(field: int) -> str:
    return "1 bit" if field.bit_count() == 1 else f"{field.bit_count()} bits"


def _bits(register: int, mask: int) -> list[Demand]:
    return [(register, mask)] if mask and register != ZERO else []


def _value(step: ArmStep, register: int) -> int:
    return int(step.regs[register]) if register != ZERO else 0


def _second(code: A64, mask: int) -> list[Demand]:
    """What ``mask`` of the second source, shifted or extended, is made of."""
    if not code.shift:
        return _bits(code.m, mask)
    if code.shift in ("lsl", "lsr", "asr", "ror"):
        return _bits(code.m, _before_shift(code.shift, code.amount, mask, code.width))
    bits = _extended_bits(code.shift)
    part = mask >> code.amount
    source = part & _ones(bits)
    if code.shift[0] == "s" and part >> bits:
        source |= 1 << bits - 1
    return _bits(code.m, source)


def _before_shift(kind: str, count: int, mask: int, width: int) -> int:
    """The bits that a shift by ``count`` moves to ``mask``."""
    ones = _ones(width)
    if kind == "lsl":
        return mask >> count
    source = mask << count & ones
    if kind == "ror":
        source |= mask << count >> width & ones
    if kind == "asr" and mask << count > ones:
        source |= 1 << width - 1
    return source


def _second_value(step: ArmStep) -> int:
    """The second source as AND and ORR get it."""
    code, ones = step.code, _ones(step.code.width)
    if code.imm is not None:
        return code.imm
    value, count = _value(step, code.m) & ones, code.amount
    if code.shift == "lsl":
        value = value << count & ones
    elif code.shift == "asr" and value >> code.width - 1:
        value = (value >> count | ones << code.width - count) & ones
    elif code.shift == "ror":
        value = (value >> count | value << code.width - count) & ones
    else:
        value >>= count
    return value ^ ones if code.inverted else value


def _extended_bits(extend: str) -> int:
    return {"b": 8, "h": 16, "w": 32, "x": 64}[extend[-1]]


def _extended_value(value: int, extend: str) -> int:
    bits = _extended_bits(extend)
    value &= _ones(bits)
    return value | ALL & ~_ones(bits) if extend[0] == "s" and value >> bits - 1 else value


def _named(name: str) -> Demand:
    """The location that Capstone's name means, with the bits of it; an empty mask for one that is not followed."""
    if name in ("sp", "wsp"):
        return SP, ALL
    if name == "nzcv":
        return FLAGS, NZCV
    number = {"lr": "30", "fp": "29"}.get(name, name[1:])
    if not number.isdigit() or int(number) > 31:
        return 0, 0
    if name[0] in "xwlf":
        return int(number), ALL
    return (VECTORS + int(number), _WHOLE_VECTOR) if name[0] in "vqdshb" else (0, 0)
