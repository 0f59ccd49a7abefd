"""Which instruction of the running block made this memory access? The engine does not say; the block's code does.

Inside a block the engine's EIP is stale, but its general registers are what the accessing instruction sees. So the
block is read instruction by instruction, and the one whose memory operand has this address is it.
"""

import re
from collections.abc import Iterator

from fwsim.cpu.engine import Engine
from fwsim.disasm import instruction_at
from fwsim.memory.ram import PAGE, Ram
from fwsim.native import R_BLOCK, R_BLOCK_SIZE, R_ORDINAL

_LONGEST = 16
_FIRST_BAR = 1 << 20
_OPERAND = re.compile(r"(?:\b([c-gs]s):)?\[([^\]]+)\]")
_TERM = re.compile(r"([+-]?) ?(?:(0x[0-9a-f]+|\d+)|([a-z][a-z0-9]+)(?:\*([1248]))?)")


def accessing_ip(engine: Engine, ram: Ram, offset: int) -> int:
    """IP of the instruction that accesses byte ``offset`` of a memory BAR now; the block's first where none fits.

    Addresses are compared within their page, as a BAR begins at one. Of several that fit, the access's ordinal within
    the block decides.
    """
    block, base = int(engine.root[R_BLOCK]), engine.segment_base("cs") if engine.mode == "real" else 0
    widths = (64,) if engine.mode == "long" else (32, 16) if engine.protected else (16,)
    for bits in widths:
        fitting = [at for at, text in _block(engine, ram, block, bits) if _reaches(engine, text, offset)]
        if fitting:
            ordinal = max(int(engine.root[R_ORDINAL]) - 1, 0)
            return fitting[min(ordinal, len(fitting) - 1)] - base
    return block - base


def _block(engine: Engine, ram: Ram, start: int, bits: int) -> Iterator[tuple[int, str]]:
    """Linear address and text of each instruction of the running block, as ``bits`` wide code."""
    size = int(engine.root[R_BLOCK_SIZE])
    code = ram.read(start, size + _LONGEST)
    at = 0
    while at < size and (found := instruction_at(code, at, start + at, bits)) is not None:
        yield start + at, found.text
        at += len(found.data)


def _reaches(engine: Engine, text: str, offset: int) -> bool:
    """Whether a memory operand of the instruction has this place in a page above 1 MiB."""
    if text.startswith("lea"):
        return False
    for segment, inner in _OPERAND.findall(text):
        address = _address(engine, segment, inner)
        if address is not None and address >= _FIRST_BAR and (address - offset) % PAGE == 0:
            return True
    return False


def _address(engine: Engine, segment: str, inner: str) -> int | None:
    """The linear address of an operand such as ``bx + si - 4`` with the registers as they are; None: not known here."""
    total, wide = 0, True
    for sign, number, name, scale in _TERM.findall(inner):
        try:
            value = int(number, 0) if number else engine.get(name) * int(scale or 1)
        except KeyError:
            return None
        wide = wide and (not name or len(name) == 3)
        total += -value if sign == "-" else value
    if engine.mode == "long":
        return total & (1 << 64) - 1
    if not segment:
        segment = "ss" if re.search(r"\b[e]?[bs]p\b", inner) else "ds"
    total &= 0xFFFFFFFF if wide else 0xFFFF
    return engine.segment_base(segment) + total & 0xFFFFFFFF
