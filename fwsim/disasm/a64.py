"""One AArch64 instruction is taken apart by the fields of its word: what it does, with which registers and constants.

Encodings are those of the Arm Architecture Reference Manual for A-profile (DDI 0487), C4.1. Aliases are undone: LSL by
a constant is UBFM, CMP is SUBS to the zero register, MOV is ORR, ADD or MOVZ. What is no data processing on general
registers, no load or store and no branch has the kind "other", and the registers that Capstone says it touches.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from fwsim.disasm.a64_memory import Transfer, transfer

ZERO = -1
"""The zero register."""
SP = 31
SIZE = 4
"""Bytes of every instruction."""
_SHIFTS = ("lsl", "lsr", "asr", "ror")
EXTENDS = ("uxtb", "uxth", "uxtw", "uxtx", "sxtb", "sxth", "sxtw", "sxtx")
_LOGIC = ("and", "orr", "eor", "and")
_ONE_SOURCE = ("rbit", "rev16", "rev32", "rev", "clz", "cls")
_TWO_SOURCES = {2: "udiv", 3: "sdiv", 8: "lslv", 9: "lsrv", 10: "asrv", 11: "rorv"}
_LONG = {1: "smaddl", 2: "smulh", 5: "umaddl", 6: "umulh"}
_MRS_NZCV, _MSR_NZCV = 0xD53B4200, 0xD51B4200


class A64(Struct, frozen=True):
    """One instruction. Registers are 0 to 30, ``SP`` and ``ZERO``; ``width`` is 32 or 64 bits of its result.

    ``d`` is written, ``n``, ``m`` and ``a`` are read; ``m`` is shifted or extended as ``shift`` says by ``amount``, or
    the second source is ``imm`` (None: there is no constant). ``inverted``: the second source is inverted first.
    ``cond``: the condition, 0 (EQ) to 15; ``sets``: whether NZCV is written. ``target``: of a branch. ``reads`` and
    ``writes`` are filled in for the kind "other".
    """

    kind: str
    width: int = 64
    d: int = ZERO
    n: int = ZERO
    m: int = ZERO
    a: int = ZERO
    imm: int | None = None
    shift: str = ""
    amount: int = 0
    high: int = 0
    inverted: bool = False
    cond: int = -1
    nzcv: int = 0
    sets: bool = False
    target: int = 0
    memory: Transfer | None = None
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Its bytes."""
        return SIZE

    @property
    def name(self) -> str:
        """What it does, in a word."""
        return self.kind


def decode_a64(word: int, address: int) -> A64:
    """The instruction ``word`` at ``address``."""
    group = word >> 25 & 15
    if group in (8, 9):
        found = _immediate(word, address)
    elif group in (10, 11):
        found = _branch(word, address)
    elif group & 5 == 4:
        memory = transfer(word, address)
        found = None if memory is None else A64("load" if memory.load else "store", memory=memory)
    elif group & 7 == 5:
        found = _registers(word)
    else:
        found = None
    return found or _other(word, address)


def _bits(word: int, low: int, count: int) -> int:
    return word >> low & (1 << count) - 1


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 else value


def _general(word: int, low: int) -> int:
    """A register, of which number 31 is the zero register."""
    number = _bits(word, low, 5)
    return ZERO if number == 31 else number


def _width(word: int) -> int:
    return 64 if word >> 31 else 32


# --- data processing with an immediate --------------------------------------------------------------------------------
def _immediate(word: int, address: int) -> A64 | None:
    kind, width = _bits(word, 23, 3), _width(word)
    d, n = _bits(word, 0, 5), _bits(word, 5, 5)
    if kind < 2:
        offset = _signed(_bits(word, 5, 19) << 2 | _bits(word, 29, 2), 21)
        base = address & ~0xFFF if word >> 31 else address
        offset = offset << 12 if word >> 31 else offset
        return A64("adr", d=_general(word, 0), imm=base + offset & (1 << 64) - 1)
    if kind == 2:
        value, sets = _bits(word, 10, 12) << 12 * _bits(word, 22, 1), bool(_bits(word, 29, 1))
        operation = "sub" if _bits(word, 30, 1) else "add"
        return A64(operation, width, _general(word, 0) if sets else d, n, imm=value, sets=sets)
    if kind == 4:
        mask = _bit_mask(_bits(word, 22, 1), _bits(word, 10, 6), _bits(word, 16, 6), width)
        if mask is None:
            return None
        choice = _bits(word, 29, 2)
        place = _general(word, 0) if choice == 3 else d
        return A64(_LOGIC[choice], width, place, _general(word, 5), imm=mask, sets=choice == 3)
    if kind == 5:
        name = {0: "movn", 2: "movz", 3: "movk"}.get(_bits(word, 29, 2))
        shift = 16 * _bits(word, 21, 2)
        if name is None or shift >= width:
            return None
        return A64(name, width, _general(word, 0), imm=_bits(word, 5, 16) << shift, amount=shift)
    wide, right, left = _bits(word, 22, 1), _bits(word, 16, 6), _bits(word, 10, 6)
    if wide != word >> 31 or (max(right, left) >= width and kind == 6) or left >= width:
        return None
    if kind == 6:
        name = {0: "sbfm", 1: "bfm", 2: "ubfm"}.get(_bits(word, 29, 2))
        return (name and A64(name, width, _general(word, 0), _general(word, 5), amount=right, high=left)) or None
    if kind == 7 and not _bits(word, 29, 2) and not _bits(word, 21, 1):
        return A64("extr", width, _general(word, 0), _general(word, 5), _general(word, 16), amount=left)
    return None


def _bit_mask(wide: int, ones: int, turn: int, width: int) -> int | None:
    """A logical immediate (DDI 0487, DecodeBitMasks): a run of ones, turned, again and again."""
    length = (wide << 6 | ~ones & 0x3F).bit_length() - 1
    if length < 1 or (wide and width == 32):
        return None
    size = 1 << length
    count, turn = (ones & size - 1) + 1, turn & size - 1
    if count == size:
        return None
    element = (1 << count) - 1
    element = (element >> turn | element << size - turn) & (1 << size) - 1
    return sum(element << at for at in range(0, width, size))


# --- data processing with registers -----------------------------------------------------------------------------------
def _registers(word: int) -> A64 | None:
    top, width = _bits(word, 24, 5), _width(word)
    d, n, m = (_general(word, low) for low in (0, 5, 16))
    sets, second = bool(_bits(word, 29, 1)), bool(_bits(word, 30, 1))
    amount, shift = _bits(word, 10, 6), _SHIFTS[_bits(word, 22, 2)]
    if top == 0x0A:
        choice = _bits(word, 29, 2)
        if amount >= width:
            return None
        inverted = bool(_bits(word, 21, 1))
        return A64(_LOGIC[choice], width, d, n, m, shift=shift, amount=amount, inverted=inverted, sets=choice == 3)
    if top == 0x0B:
        operation = "sub" if second else "add"
        if not _bits(word, 21, 1):
            if amount >= width or shift == "ror":
                return None
            return A64(operation, width, d, n, m, shift=shift, amount=amount, sets=sets)
        extend, left = EXTENDS[_bits(word, 13, 3)], _bits(word, 10, 3)
        if left > 4 or _bits(word, 22, 2):
            return None
        place = d if sets else _bits(word, 0, 5)
        return A64(operation, width, place, _bits(word, 5, 5), m, shift=extend, amount=left, sets=sets)
    if top == 0x1B:
        return _three_sources(word, width)
    return _few_sources(word, width) if top == 0x1A else None


def _few_sources(word: int, width: int) -> A64 | None:
    d, n, m = (_general(word, low) for low in (0, 5, 16))
    sets, second, kind = bool(_bits(word, 29, 1)), bool(_bits(word, 30, 1)), _bits(word, 21, 3)
    cond, low = _bits(word, 12, 4), _bits(word, 10, 2)
    if kind == 0 and not _bits(word, 10, 6):
        return A64("sbc" if second else "adc", width, d, n, m, sets=sets)
    if kind == 2 and sets and not low & 1 and not _bits(word, 4, 1):
        name = "ccmp" if second else "ccmn"
        constant = _bits(word, 16, 5) if low else None
        return A64(name, width, n=n, m=ZERO if low else m, imm=constant, cond=cond, nzcv=_bits(word, 0, 4), sets=True)
    if kind == 4 and not sets and low < 2:
        name = (("csel", "csinc"), ("csinv", "csneg"))[second][low]
        return A64(name, width, d, n, m, cond=cond)
    if kind == 6 and not sets and second and not _bits(word, 16, 5) and _bits(word, 10, 6) < len(_ONE_SOURCE):
        name = _ONE_SOURCE[_bits(word, 10, 6)]
        if name == "rev" and width == 32:
            return None
        return A64("rev" if name == "rev32" and width == 32 else name, width, d, n)
    if kind == 6 and not sets and not second and _bits(word, 10, 6) in _TWO_SOURCES:
        return A64(_TWO_SOURCES[_bits(word, 10, 6)], width, d, n, m)
    return None


def _three_sources(word: int, width: int) -> A64 | None:
    d, n, m, a = (_general(word, low) for low in (0, 5, 16, 10))
    kind, minus = _bits(word, 21, 3), bool(_bits(word, 15, 1))
    if _bits(word, 29, 2) or (kind and width == 32):
        return None
    if not kind:
        return A64("msub" if minus else "madd", width, d, n, m, a)
    name = _LONG.get(kind)
    if name is None or (name.endswith("h") and minus):
        return None
    return A64(name.replace("add", "sub") if minus else name, width, d, n, m, ZERO if name.endswith("h") else a)


# --- branches, and the system's instructions --------------------------------------------------------------------------
def _branch(word: int, address: int) -> A64 | None:
    near = address + 4 * _signed(_bits(word, 5, 19), 19)
    if word & 0x7C000000 == 0x14000000:
        target = address + 4 * _signed(_bits(word, 0, 26), 26)
        return A64("bl", d=30, target=target) if word >> 31 else A64("b", target=target)
    if word & 0xFF000010 == 0x54000000:
        return A64("b.cond", cond=_bits(word, 0, 4), target=near)
    if word & 0x7E000000 == 0x34000000:
        return A64("cbz", _width(word), n=_general(word, 0), target=near)
    if word & 0x7E000000 == 0x36000000:
        bit = word >> 31 << 5 | _bits(word, 19, 5)
        return A64("tbz", n=_general(word, 0), amount=bit, target=address + 4 * _signed(_bits(word, 5, 14), 14))
    if word & 0xFF9FFC1F == 0xD61F0000 and _bits(word, 21, 2) < 3:
        kind = ("br", "blr", "ret")[_bits(word, 21, 2)]
        return A64(kind, d=30 if kind == "blr" else ZERO, n=_general(word, 5))
    if word & ~31 == _MRS_NZCV:
        return A64("mrs nzcv", d=_general(word, 0))
    if word & ~31 == _MSR_NZCV:
        return A64("msr nzcv", n=_general(word, 0), sets=True)
    if word & 0xFFF00000 == 0xD5300000:
        return A64("mrs", d=_general(word, 0))
    if word & 0xFFF00000 == 0xD5100000:
        return A64("msr", n=_general(word, 0))
    return A64("call out") if word & 0xFFE0001C == 0xD4000000 else None


def _other(word: int, address: int) -> A64:
    """Whatever else: the registers that it reads and writes, by Capstone's names."""
    from fwsim.disasm.arm import registers_of

    reads, writes = registers_of(word, address)
    return replace(A64("other"), reads=reads, writes=writes)
