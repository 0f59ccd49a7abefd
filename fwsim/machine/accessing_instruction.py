"""The instruction that made a memory access is found in the running block: the engine does not say which it was.

Inside a block the engine's EIP is stale, but its general registers are what the accessing instruction sees. So the
block is read instruction by instruction: the first at or behind the last one found in it, whose memory operand does
what was done (read or write) and has this address, is it.
"""

from functools import lru_cache

from fwsim.cpu.engine import Engine
from fwsim.disasm.operands import MemoryOperand, memory_operands
from fwsim.native import (
    R_ACCESS,
    R_BLOCK,
    R_BLOCK_SIZE,
    R_EA,
    R_EA_BASE,
    R_EA_MASK,
    R_EA_OFFSET,
    R_EA_SIZE,
    R_IP,
    R_ORDINAL,
)

_LONGEST = 15
_BLOCKS = 8192
"""Blocks whose operands are kept: a GOP driver has some 500 that access its device."""
_NAMES = ("ax", "cx", "dx", "bx", "sp", "bp", "si", "di")
_NO_REGISTERS = 1 << 32
_MASKS = {2: 0xFFFF, 4: 0xFFFFFFFF, 8: (1 << 64) - 1}
_PAGE = 0xFFF


class Accesses:
    """Finds accessing instructions for one engine; what a block's code is made of is worked out once a process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def resolve(self, address: int, size: int, write: int) -> int:
        """IP of the instruction that accesses guest-physical ``address`` now; the block's first where none fits.

        Fills the R_EA words: how native code tells, at the same place of the same block, that it is this one again.
        """
        engine, root = self._engine, self._engine.root
        base, bits = 0, 64
        if engine.mode != "long":
            code = engine.segment("cs")
            base, bits = (0 if code.bits == 64 else code.base), code.bits
        every = self._operands(int(root[R_BLOCK]), int(root[R_BLOCK_SIZE]), bits)
        operands = [operand for operand in every if (operand.writes if write else operand.reads)]
        earliest = self._earliest(base, address, write) if root[R_ORDINAL] else 0
        root[R_EA] = 0
        fitting: list[MemoryOperand] = []
        # what the disassembler says of the direction may be wrong, and with paging only the page's offset is the same
        for chosen, mask in ((operands, _MASKS[8]), (every, _MASKS[8]), (operands, _PAGE)):
            fitting = fitting or [operand for operand in chosen if self._reaches(operand, address, mask)]
        if not fitting:
            return int(root[R_BLOCK]) - base
        found = next((operand for operand in fitting if operand.address >= earliest), fitting[0])
        if len(every) > 1:
            self._describe(found)
        return found.address - base

    def _earliest(self, base: int, address: int, write: int) -> int:
        """Where to look on in the block. The last instruction found may be it again: to write what it has read, or to
        go on behind what it has accessed.
        """
        last = int(self._engine.root[R_ACCESS])
        again = write > last & 1 or (write == last & 1 and address > last >> 1)
        return base + int(self._engine.root[R_IP]) + (not again)

    def _operands(self, start: int, size: int, bits: int) -> tuple[MemoryOperand, ...]:
        return _operands(self._engine.read(start, size + _LONGEST), start, size, bits)

    def _reaches(self, operand: MemoryOperand, address: int, mask: int) -> bool:
        return (address - self._address(operand) & mask) < operand.size

    def _address(self, operand: MemoryOperand) -> int:
        engine = self._engine
        total = operand.offset + (engine.get(operand.base) if operand.base else 0)
        total += engine.get(operand.index) * operand.scale if operand.index else 0
        return (total & _MASKS[operand.width]) + self._segment_base(operand)

    def _segment_base(self, operand: MemoryOperand) -> int:
        if operand.width == 8 and operand.segment not in ("fs", "gs"):
            return 0
        name = operand.segment or ("ss" if operand.base[-2:] in ("bp", "sp") else "ds")
        return self._engine.segment(name).base

    def _describe(self, operand: MemoryOperand) -> None:
        root = self._engine.root
        registers = _number(operand.base) | _number(operand.index) << 8 | operand.scale << 16
        root[R_EA] = registers or _NO_REGISTERS
        root[R_EA_OFFSET] = operand.offset & _MASKS[8]
        root[R_EA_BASE] = self._segment_base(operand)
        root[R_EA_MASK] = _MASKS[operand.width]
        root[R_EA_SIZE] = operand.size


@lru_cache(maxsize=_BLOCKS)
def _operands(data: bytes, start: int, size: int, bits: int) -> tuple[MemoryOperand, ...]:
    """The memory operands of the block of ``size`` bytes that ``data``, as long as its last instruction may be, has."""
    return tuple(operand for operand in memory_operands(data, start, bits) if operand.address < start + size)


def _number(name: str) -> int:
    """A general register's place in the R_GENERAL words, from 1; 0: none."""
    if not name:
        return 0
    return 1 + (_NAMES.index(name[-2:]) if name[-2:] in _NAMES else int("".join(filter(str.isdigit, name))))
