"""What AArch64 instructions' data flow says is tried on the engine: bits that it does not name change nothing.

Words are made at random (the seed is fixed) in each of the encodings' classes (Arm ARM DDI 0487, C4.1), so that every
alias comes up. For each bit that an instruction writes, or a few of them, everything that the flow does not name is
turned round at random, and the instruction executed again: the bits in question must stay.
"""

import random

import pytest
from a64_steps import ALL, DATA, SIZE, Cpu, State, bits_of, step_of

from fwsim.analysis import flow_arm
from fwsim.analysis.step import FLAGS, MEMORY, VECTORS
from fwsim.disasm.a64 import SP, ZERO, decode_a64

# class: bits that are fixed, their values; what is left is random
CLASSES = {
    "adr": (0x1F000000, 0x10000000),
    "add, sub with a constant": (0x1F800000, 0x11000000),
    "and, orr, eor with a constant": (0x1F800000, 0x12000000),
    "movn, movz, movk": (0x1F800000, 0x12800000),
    "bit fields": (0x1F800000, 0x13000000),
    "extr": (0x7FA00000, 0x13800000),
    "and, orr, eor shifted": (0x1F000000, 0x0A000000),
    "add, sub shifted": (0x1F200000, 0x0B000000),
    "add, sub extended": (0x1FE00000, 0x0B200000),
    "adc, sbc": (0x1FE0FC00, 0x1A000000),
    "ccmp, ccmn": (0x3FE00410, 0x3A400000),
    "csel": (0x3FE00800, 0x1A800000),
    "rev, clz": (0x7FFFE000, 0x5AC00000),
    "udiv, lsl": (0x7FE0C000, 0x1AC00000),
    "madd": (0x7F000000, 0x1B000000),
    "pairs": (0x3E000000, 0x28000000),
    "pairs of vectors": (0x3E000000, 0x2C000000),
    "at a constant": (0x3F000000, 0x39000000),
    "vectors at a constant": (0x3F000000, 0x3D000000),
    "not scaled, before and after": (0x3F200000, 0x38000000),
    "vectors not scaled": (0x3F200000, 0x3C000000),
    "at a register": (0x3F200C00, 0x38200800),
    "vectors at a register": (0x3F200C00, 0x3C200800),
    "acquire, release": (0x3FA00000, 0x08800000),
    "vectors worked with": (0x9F20FC00, 0x0E201C00),
    "vectors from registers": (0xBFE0FC00, 0x0E000C00),
}
EXACT = ("adr", "movz", "movn", "movk", "ubfm", "sbfm", "bfm", "extr", "rev", "rev16", "rev32", "rbit", "eor", "load",
         "store")  # fmt: skip
"""Kinds whose named bits each change the result."""
TRIES = 60


@pytest.fixture(scope="module")
def cpu():
    return Cpu()


def some(rng, bits=64):
    """A number, with few or many of its bits set."""
    kind = rng.random()
    value = rng.getrandbits(bits)
    if kind < 0.2:
        return value & rng.getrandbits(bits) & rng.getrandbits(bits)
    if kind < 0.4:
        return value | rng.getrandbits(bits) | rng.getrandbits(bits)
    return value


def start(rng, code):
    """A state in which a load or store stays inside of the memory there is."""
    regs = [some(rng) for _ in range(32)]
    memory = code.memory
    if memory is not None and memory.base >= 0:
        middle = DATA + SIZE // 2 & ~15
        if memory.index != ZERO:
            regs[memory.index] = rng.randrange(-64, 64) & (0xFFFFFFFF if memory.extend.endswith("w") else ALL)
            if memory.extend == "uxtw":
                regs[memory.index] = rng.randrange(0, 128)
        regs[memory.base] = middle - (0 if memory.after else memory.offset)
    flags = rng.getrandbits(4) << 28
    return State(regs, flags, [some(rng, 128) for _ in range(32)], bytearray(rng.randbytes(SIZE)))


def cases(name, cpu):
    """Words of a class with a state before and after each."""
    rng = random.Random(f"a64 {name}")
    fixed, value = CLASSES[name]
    found = 0
    for _ in range(4000):
        word = rng.getrandbits(32) & ~fixed | value
        code = decode_a64(word, 0x40000000)
        memory = code.memory
        if memory is not None:
            moved = set(memory.registers) if not memory.vector else set()
            if (memory.writeback and memory.base in moved) or memory.base == memory.index != ZERO:
                continue  # unpredictable, or one register that is two things
            if len(memory.registers) == 2 and memory.load and memory.registers[0] == memory.registers[1]:
                continue
            if not memory.vector and moved & {memory.base, memory.index}:
                continue
        before = start(rng, code)
        after = cpu.run(word, before)
        if after is None:
            continue
        found += 1
        yield rng, word, before, after
        if found == TRIES:
            return
    assert found > 20, f"{found} instructions of {name} could be executed"


def targets(step, before, after):
    """The locations that the instruction writes, with all bits of each."""
    for place, mask in enumerate(flow_arm.written_masks(step.code)):
        if mask:
            yield place, mask, None
    for ordinal, write in enumerate(step.writes):
        yield MEMORY + write.address, (1 << 8 * write.size) - 1, ordinal


def flow_of(step, place, mask, ordinal):
    if ordinal is not None:
        return flow_arm.of_memory(step, ordinal, mask)
    return flow_arm.of_flags(step, mask) if place == FLAGS else flow_arm.of_register(step, place, mask)


def seen(after, place, mask, ordinal):
    """The bits in question."""
    if ordinal is not None:
        return after.writes[ordinal].value & mask
    return after.get(place) & (bits_of(mask) if place >= VECTORS else mask)


def part_of(rng, mask):
    """All, one bit, or some of a mask."""
    bits = [at for at in range(mask.bit_length()) if mask >> at & 1]
    kind = rng.randrange(3)
    if kind == 0:
        return mask
    return 1 << rng.choice(bits) if kind == 1 else mask & rng.getrandbits(64) or mask


def memory_of(step):
    """Registers that make an address: they stay."""
    memory = step.code.memory
    return {memory.base, memory.index} if memory is not None else set()


@pytest.mark.parametrize("name", CLASSES)
def test_what_is_not_named_changes_nothing(cpu, name):
    for rng, word, before, after in cases(name, cpu):
        step = step_of(word, before, after)
        for place, whole, ordinal in targets(step, before, after):
            mask = part_of(rng, whole)
            flow = flow_of(step, place, mask, ordinal)
            named: dict[int, int] = {}
            for source, bits in flow.demands:
                named[source] = named.get(source, 0) | bits
            wanted = seen(after, place, mask, ordinal)
            for _ in range(4):
                other = before.copy()
                for number in range(32):
                    if number not in memory_of(step) or place == number:
                        other.flip(number, rng.getrandbits(64) & ~named.get(number, 0))
                    other.flip(VECTORS + number, rng.getrandbits(16) & ~named.get(VECTORS + number, 0))
                other.flip(FLAGS, rng.getrandbits(4) << 28 & ~named.get(FLAGS, 0))
                for read in step.reads:
                    for at in range(read.address, read.address + read.size):
                        other.flip(MEMORY + at, rng.getrandbits(8) & ~named.get(MEMORY + at, 0))
                again = cpu.run(word, other)
                if again is None:  # a base that was turned round leads nowhere
                    continue
                assert seen(again, place, mask, ordinal) == wanted, (hex(word), step.code, place, hex(mask), flow)


@pytest.mark.parametrize("name", CLASSES)
def test_what_is_named_has_a_part(cpu, name):
    """For instructions that only move bits, each named bit decides."""
    tried = 0
    for _, word, before, after in cases(name, cpu):
        step = step_of(word, before, after)
        if step.code.kind not in EXACT:
            continue
        for place, mask, ordinal in targets(step, before, after):
            flow = flow_of(step, place, mask, ordinal)
            wanted = seen(after, place, mask, ordinal)
            tried += 1
            for source, bits in flow.demands:
                if flow.how in ("counted", "worked out") or source in memory_of(step):
                    continue
                for bit in [1 << at for at in range(bits.bit_length()) if bits >> at & 1]:
                    other = before.copy()
                    other.flip(source, bit)
                    again = cpu.run(word, other)
                    assert again is not None
                    assert seen(again, place, mask, ordinal) != wanted, (hex(word), step.code, place, source, hex(bit))
    assert tried or not any(kind in name for kind in ("adr", "mov", "bit fields", "extr", "rev", "pairs", "at a"))


def test_masks_are_what_is_written(cpu):
    """No location changes that is not said to be written, and memory is read where it is said to be."""
    for name in CLASSES:
        for _, word, before, after in cases(name, cpu):
            step = step_of(word, before, after)
            masks = flow_arm.written_masks(step.code)
            for place in (*range(32), *range(VECTORS, VECTORS + 32), FLAGS):
                if not masks[place]:
                    assert before.get(place) == after.get(place), (hex(word), step.code, place)
            for read in step.reads:
                if read.value is not None:
                    held = before.memory[read.address - DATA : read.address - DATA + read.size]
                    assert int.from_bytes(held, "little") == read.value, (hex(word), step.code)
            memory = step.code.memory
            if memory is not None and not memory.load and not memory.status >= 0:
                assert step.writes[0].address == flow_arm.place_of(step.code, before.regs)
                assert sum(write.size for write in step.writes) == memory.size * len(memory.registers)


def test_the_stack_pointer_is_no_zero_register():
    """ADD X0, SP, #16 and ADD X0, XZR, X1 (31 in the same field)."""
    assert decode_a64(0x910043E0, 0).n == SP
    assert decode_a64(0x8B0103E0, 0).n == ZERO
