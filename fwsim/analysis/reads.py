"""The memory that an instruction read is worked out from its operands and the registers before it.

The engine is not asked at reads. Segment bases are those of real mode; in protected mode memory is taken to be flat.
"""

from typing import NamedTuple

from fwsim.disasm import Decoded, Operand

_WHOLE = ("ax", "cx", "dx", "bx", "sp", "bp", "si", "di")
REGISTERS: dict[str, tuple[int, int, int]] = (
    {name: (number, 0, 16) for number, name in enumerate(_WHOLE)}
    | {f"e{name}": (number, 0, 32) for number, name in enumerate(_WHOLE)}
    | {f"{letter}l": (number, 0, 8) for number, letter in enumerate("acdb")}
    | {f"{letter}h": (number, 8, 8) for number, letter in enumerate("acdb")}
)
"""Name: (register, its first bit, width)."""
STRINGS = {f"{name}{size}": (name, width) for name in ("movs", "stos", "lods", "cmps", "scas", "ins", "outs")
            for size, width in (("b", 1), ("w", 2), ("d", 4))}  # fmt: skip
"""Mnemonic of a string instruction: which one, bytes it moves."""
_POPS = frozenset(("pop", "popf", "popfd", "popfw", "leave"))
_ALL = 0xFFFFFFFF


class Access(NamedTuple):
    """A memory access: linear address, bytes, value (None where it is not known)."""

    address: int
    size: int
    value: int | None


def reads_of(
    code: Decoded, regs: list[int], segments: dict[str, int], writes: list[Access], after: list[int]
) -> list[Access]:
    """What the instruction read. The value is known where it went into a register, or into memory, as it was."""
    name = code.name.split()[-1]
    if name in STRINGS:
        return _string(name, code, regs, segments, writes, after)
    stack = (segments["ss"] << 4) + (regs[4] & (0xFFFF if segments["ss"] else _ALL))
    if name in _POPS:
        size = code.operands[0].size if code.operands else 4 if name.endswith("d") else 2
        place = stack if name != "leave" else (segments["ss"] << 4) + (regs[5] & 0xFFFF)
        value = _in_register(code.operands[0], after) if code.operands else writes[0].value if writes else None
        return [Access(place, size, value)]
    if name.startswith("popa"):
        size = 2 if name in ("popaw", "popa") else 4
        return [Access(stack + size * (7 - number), size, None) for number in range(7, -1, -1) if number != 4]
    if name == "xlatb":
        base = segments["ds"] << 4
        return [Access(base + (regs[3] + (regs[0] & 0xFF) & 0xFFFF), 1, after[0] & 0xFF)]
    operand = next((each for each in code.operands if each.kind == "mem" and each.reads), None)
    if operand is None or name in ("lea", "nop") or (name == "mov" and operand is code.operands[0]):
        return []
    value = None
    if name in ("mov", "movzx", "movsx", "movabs") and code.operands[0].kind == "reg":
        value = _in_register(code.operands[0], after)
    elif name == "push" and writes:
        value = writes[0].value
    if value is not None:
        value &= (1 << 8 * operand.size) - 1
    return [Access(_address(operand, regs, segments), operand.size, value)]


def _in_register(operand: Operand, after: list[int]) -> int | None:
    if operand.name not in REGISTERS:
        return None
    number, shift, width = REGISTERS[operand.name]
    return int(after[number]) >> shift & (1 << width) - 1


def _address(operand: Operand, regs: list[int], segments: dict[str, int]) -> int:
    total = operand.value
    for name, scale in zip(operand.registers, (1, operand.scale), strict=False):
        if name in REGISTERS:
            number, shift, width = REGISTERS[name]
            total += (regs[number] >> shift & (1 << width) - 1) * scale
    base = operand.registers[0][-2:] if operand.registers else ""
    segment = operand.segment or ("ss" if base in ("bp", "sp") else "ds")
    return (segments.get(segment, 0) << 4) + (total & (0xFFFF if operand.width == 2 else _ALL))


def _string(
    name: str, code: Decoded, regs: list[int], segments: dict[str, int], writes: list[Access], after: list[int]
) -> list[Access]:
    kind, size = STRINGS[name]
    source = next((each for each in code.operands if each.kind == "mem" and "i" in each.registers[0][-1:] and
                   each.registers[0][-2:] == "si"), None)  # fmt: skip
    mask = 0xFFFF if source is None or source.width == 2 else _ALL
    segment = source.segment if source is not None and source.segment else "ds"
    at_si = (segments.get(segment, 0) << 4) + (regs[6] & mask)
    at_di = (segments["es"] << 4) + (regs[7] & mask)
    if kind in ("movs", "lods", "outs", "cmps"):
        value = writes[0].value if kind == "movs" and writes else None
        if kind == "lods":
            value = after[0] & (1 << 8 * size) - 1
        return [Access(at_si, size, value)] + ([Access(at_di, size, None)] if kind == "cmps" else [])
    return [Access(at_di, size, None)] if kind == "scas" else []
