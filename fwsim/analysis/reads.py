"""The memory that an instruction read is worked out from its operands and the registers before it.

The engine is not asked at reads. Segment bases are those of real mode; in protected mode memory is taken to be flat.
"""

from fwsim.analysis.step import Access
from fwsim.disasm.operands import Decoded, Operand

_WHOLE = ("ax", "cx", "dx", "bx", "sp", "bp", "si", "di")
REGISTERS: dict[str, tuple[int, int, int]] = (
    {name: (number, 0, 16) for number, name in enumerate(_WHOLE)}
    | {f"e{name}": (number, 0, 32) for number, name in enumerate(_WHOLE)}
    | {f"{letter}l": (number, 0, 8) for number, letter in enumerate("acdb")}
    | {f"{letter}h": (number, 8, 8) for number, letter in enumerate("acdb")}
    | {f"r{name}": (number, 0, 64) for number, name in enumerate(_WHOLE)}
    | {f"{name}l": (number, 0, 8) for number, name in enumerate(_WHOLE) if number > 3}
    | {f"r{number}{end}": (number, 0, width) for number in range(8, 16)
       for end, width in (("", 64), ("d", 32), ("w", 16), ("b", 8))}
)  # fmt: skip
"""Name: (register, its first bit, width)."""
STRINGS = {f"{name}{size}": (name, width) for name in ("movs", "stos", "lods", "cmps", "scas", "ins", "outs")
            for size, width in (("b", 1), ("w", 2), ("d", 4), ("q", 8))}  # fmt: skip
"""Mnemonic of a string instruction: which one, bytes it moves."""
_POPS = frozenset(("pop", "popf", "popfd", "popfw", "popfq", "leave"))
_ALL = 0xFFFFFFFF
_WIDE = 0xFFFFFFFF_FFFFFFFF


def is_string(code: Decoded) -> bool:
    """Whether it is a string instruction: MOVSD and CMPSD are SSE's as well."""
    return code.name.split()[-1] in STRINGS and not any(each.name.startswith("xmm") for each in code.operands)


def reads_of(
    code: Decoded, regs: list[int], segments: dict[str, int], writes: list[Access], after: list[int],
    following: int | None = None,
) -> list[Access]:  # fmt: skip
    """What the instruction read. The value is known where it went into a register, or into memory, as it was.

    ``following``: the next instruction's address, for 64-bit code; None for the other widths.
    """
    name = code.name.split()[-1]
    long = following is not None
    if is_string(code):
        return _string(name, code, regs, segments, writes, after)
    stack = (segments["ss"] << 4) + (regs[4] & (0xFFFF if segments["ss"] else _WIDE))
    if name in _POPS:
        usual = 8 if long else 2
        size = code.operands[0].size if code.operands else 4 if name.endswith("d") else usual
        place = stack if name != "leave" else (segments["ss"] << 4) + (regs[5] & (_WIDE if long else 0xFFFF))
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
    if name in ("mov", "movzx", "movsx", "movsxd", "movabs") and code.operands[0].kind == "reg":
        value = _in_register(code.operands[0], after)
    elif name == "push" and writes:
        value = writes[0].value
    if value is not None:
        value &= (1 << 8 * operand.size) - 1
    return [Access(_address(operand, regs, segments, following or 0), operand.size, value)]


def _in_register(operand: Operand, after: list[int]) -> int | None:
    if operand.name not in REGISTERS:
        return None
    number, shift, width = REGISTERS[operand.name]
    return int(after[number]) >> shift & (1 << width) - 1


def _address(operand: Operand, regs: list[int], segments: dict[str, int], following: int) -> int:
    total = operand.value + (following if "rip" in operand.registers else 0)
    for name, scale in zip(operand.registers, (1, operand.scale), strict=False):
        if name in REGISTERS:
            number, shift, width = REGISTERS[name]
            total += (regs[number] >> shift & (1 << width) - 1) * scale
    base = operand.registers[0][-2:] if operand.registers else ""
    segment = operand.segment or ("ss" if base in ("bp", "sp") else "ds")
    return (segments.get(segment, 0) << 4) + (total & (1 << 8 * operand.width) - 1)


def _string(
    name: str, code: Decoded, regs: list[int], segments: dict[str, int], writes: list[Access], after: list[int]
) -> list[Access]:
    kind, size = STRINGS[name]
    source = next((each for each in code.operands if each.kind == "mem" and "i" in each.registers[0][-1:] and
                   each.registers[0][-2:] == "si"), None)  # fmt: skip
    mask = 0xFFFF if source is None else (1 << 8 * source.width) - 1
    segment = source.segment if source is not None and source.segment else "ds"
    at_si = (segments.get(segment, 0) << 4) + (regs[6] & mask)
    at_di = (segments["es"] << 4) + (regs[7] & mask)
    if kind in ("movs", "lods", "outs", "cmps"):
        value = writes[0].value if kind == "movs" and writes else None
        if kind == "lods":
            value = after[0] & (1 << 8 * size) - 1
        return [Access(at_si, size, value)] + ([Access(at_di, size, None)] if kind == "cmps" else [])
    return [Access(at_di, size, None)] if kind == "scas" else []
