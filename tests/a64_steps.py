"""Single AArch64 instructions, executed by the bare engine: what they leave, from a state that a test chooses."""

from dataclasses import dataclass, field

import unicorn
from unicorn import arm64_const as arm

from fwsim.analysis import flow_arm
from fwsim.analysis.step import FLAGS, MEMORY, VECTORS, Access, Step
from fwsim.disasm.a64 import decode_a64

CODE, DATA, SIZE = 0x40000000, 0x50000000, 0x2000
ALL = (1 << 64) - 1
GENERAL = [*(getattr(arm, f"UC_ARM64_REG_X{number}") for number in range(31)), arm.UC_ARM64_REG_SP]
VECTOR = [getattr(arm, f"UC_ARM64_REG_V{number}") for number in range(32)]
REGISTERS = [*GENERAL, *VECTOR]


@dataclass
class State:
    """Registers, flags and the memory at ``DATA``."""

    regs: list[int]
    flags: int
    vectors: list[int]
    memory: bytearray
    writes: list[Access] = field(default_factory=list)

    def copy(self) -> "State":
        return State(list(self.regs), self.flags, list(self.vectors), bytearray(self.memory))

    def get(self, place: int) -> int:
        """What a location holds; a vector register's as a number."""
        if place == FLAGS:
            return self.flags
        if place >= MEMORY:
            return self.memory[place - MEMORY - DATA]
        return self.regs[place] if place < FLAGS else self.vectors[place - VECTORS]

    def flip(self, place: int, bits: int) -> None:
        """Turn bits of a location round; a vector register's are whole bytes."""
        if place == FLAGS:
            self.flags ^= bits
        elif place >= MEMORY:
            self.memory[place - MEMORY - DATA] ^= bits
        elif place < FLAGS:
            self.regs[place] ^= bits
        else:
            self.vectors[place - VECTORS] ^= bits_of(bits)


def bits_of(mask: int) -> int:
    """The bits of the bytes that a vector's mask names."""
    return sum(0xFF << 8 * byte for byte in range(16) if mask >> byte & 1)


class Cpu:
    """One engine, used again and again."""

    def __init__(self) -> None:
        self.uc = unicorn.Uc(unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
        self.uc.mem_map(CODE, SIZE)
        self.uc.mem_map(DATA, SIZE)
        self.uc.reg_write(arm.UC_ARM64_REG_CPACR_EL1, 3 << 20)
        self._held = list(self.uc.reg_read_batch(REGISTERS))
        self._writes: list[Access] = []
        self.uc.hook_add(unicorn.UC_HOOK_MEM_WRITE, self._written)

    def _written(self, uc, kind, address, size, value, data) -> None:
        self._writes.append(Access(address, size, value & (1 << 8 * size) - 1))

    def run(self, word: int, state: State) -> State | None:
        """What the instruction makes of ``state``; None where it cannot be executed."""
        uc = self.uc
        uc.mem_write(CODE, word.to_bytes(4, "little"))
        uc.ctl_remove_cache(CODE, CODE + 4)
        wanted = zip(REGISTERS, [*state.regs, *state.vectors], self._held, strict=True)
        uc.reg_write_batch([(number, value) for number, value, held in wanted if value != held])
        uc.reg_write(arm.UC_ARM64_REG_NZCV, state.flags)
        uc.mem_write(DATA, bytes(state.memory))
        self._writes = []
        try:
            uc.emu_start(CODE, CODE + 4, count=1)
        except unicorn.UcError:
            return None
        finally:
            self._held = list(uc.reg_read_batch(REGISTERS))
        regs, vectors = self._held[: len(GENERAL)], self._held[len(GENERAL) :]
        flags = uc.reg_read(arm.UC_ARM64_REG_NZCV) & flow_arm.NZCV
        return State(regs, flags, vectors, bytearray(uc.mem_read(DATA, SIZE)), self._writes)


def step_of(word: int, before: State, after: State) -> Step:
    """The step as a slice sees it."""
    code = decode_a64(word, CODE)
    reads = flow_arm.reads_of(code, before.regs, after.regs)
    return Step(code, CODE, before.regs, reads, after.writes, flags=before.flags)
