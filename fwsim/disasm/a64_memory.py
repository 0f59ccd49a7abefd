"""A load's or store's word says which registers it moves, how wide, and how the address is made.

Encodings are those of the Arm Architecture Reference Manual (DDI 0487), C4.1, "Loads and Stores".
"""

from __future__ import annotations

from msgspec import Struct

PC = -2
"""As a base: the address is ``offset`` itself, a literal's."""
NONE = -1
"""No register, or the zero register."""


class Transfer(Struct, frozen=True):
    """``registers`` of ``size`` bytes each are loaded from, or stored to, consecutive places.

    The first is at ``base`` + ``index`` (extended as ``extend``, shifted left by ``amount``) + ``offset``; with
    ``after`` at ``base`` alone. ``writeback``: the base becomes that sum. ``signed``: a load is sign-extended to
    ``width`` bits. ``vector``: the registers are V0 to V31. ``status``: what a store-exclusive answers in.
    """

    load: bool
    registers: tuple[int, ...]
    size: int
    base: int
    offset: int = 0
    index: int = NONE
    extend: str = ""
    amount: int = 0
    writeback: bool = False
    after: bool = False
    signed: bool = False
    width: int = 64
    vector: bool = False
    status: int = NONE


def transfer(word: int, address: int) -> Transfer | None:
    """The load or store ``word`` at ``address``; None for another instruction, a prefetch and an atomic operation."""
    if word & 0x3B000000 == 0x18000000:
        return _literal(word, address)
    if word & 0x3A000000 == 0x28000000:
        return _pair(word)
    if word & 0x3A000000 == 0x38000000:
        return _single(word)
    return _ordered(word) if word & 0x3F000000 == 0x08000000 else None


def _bits(word: int, low: int, count: int) -> int:
    return word >> low & (1 << count) - 1


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 else value


def _register(word: int, low: int, vector: bool = False) -> int:
    number = _bits(word, low, 5)
    return NONE if number == 31 and not vector else number


def _literal(word: int, address: int) -> Transfer | None:
    kind, vector = _bits(word, 30, 2), bool(_bits(word, 26, 1))
    if kind == 3:
        return None
    size = 4 << kind if vector else (4, 8, 4)[kind]
    place = address + 4 * _signed(_bits(word, 5, 19), 19)
    return Transfer(True, (_register(word, 0, vector),), size, PC, place, signed=kind == 2 and not vector,
                    vector=vector)  # fmt: skip


def _pair(word: int) -> Transfer | None:
    kind, vector, load = _bits(word, 30, 2), bool(_bits(word, 26, 1)), bool(_bits(word, 22, 1))
    mode = _bits(word, 23, 2)
    if kind == 3 or (kind == 1 and not vector and (not load or mode == 0)):
        return None
    size = 4 << kind if vector else (4, 4, 8)[kind]
    registers = (_register(word, 0, vector), _register(word, 10, vector))
    return Transfer(
        load, registers, size, _bits(word, 5, 5), _signed(_bits(word, 15, 7), 7) * size, writeback=bool(mode & 1),
        after=mode == 1, signed=kind == 1 and not vector, vector=vector,
    )  # fmt: skip


def _single(word: int) -> Transfer | None:
    log, kind, vector = _bits(word, 30, 2), _bits(word, 22, 2), bool(_bits(word, 26, 1))
    if vector:
        log |= (kind & 2) << 1
        kind &= 1
        if log > 4:
            return None
    elif (kind >= 2 and log == 3) or (kind == 3 and log == 2):  # a prefetch, or nothing
        return None
    registers, base, scaled = (_register(word, 0, vector),), _bits(word, 5, 5), bool(_bits(word, 24, 1))
    load, signed, width = kind != 0, kind >= 2, 32 if kind == 3 else 64
    if scaled:
        return Transfer(load, registers, 1 << log, base, _bits(word, 10, 12) << log, signed=signed, width=width,
                        vector=vector)  # fmt: skip
    mode = _bits(word, 10, 2)
    if not _bits(word, 21, 1):
        if mode == 2 and vector:
            return None
        return Transfer(
            load, registers, 1 << log, base, _signed(_bits(word, 12, 9), 9), writeback=bool(mode & 1),
            after=mode == 1, signed=signed, width=width, vector=vector,
        )  # fmt: skip
    extend = {2: "uxtw", 3: "uxtx", 6: "sxtw", 7: "sxtx"}.get(_bits(word, 13, 3))
    if mode != 2 or extend is None:
        return None
    return Transfer(load, registers, 1 << log, base, index=_register(word, 16), extend=extend,
                    amount=log * _bits(word, 12, 1), signed=signed, width=width, vector=vector)  # fmt: skip


def _ordered(word: int) -> Transfer | None:
    """Exclusive, load-acquire and store-release; a compare-and-swap is none of them."""
    size, load = 1 << _bits(word, 30, 2), bool(_bits(word, 22, 1))
    ordered, paired = bool(_bits(word, 23, 1)), bool(_bits(word, 21, 1))
    if paired and (ordered or size < 4):
        return None
    registers: tuple[int, ...] = (_register(word, 0),)
    if paired:
        registers += (_register(word, 10),)
    status = _register(word, 16) if not load and not ordered else NONE
    return Transfer(load, registers, size, _bits(word, 5, 5), status=status)
