"""Sizes and numbers as people write them: 2G, 0xdba00000, 64K."""

import re

from fwsim.errors import FwsimError

_SUFFIX = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_NUMBER = re.compile(r"(0x[0-9a-f_]+|0b[01_]+|0o[0-7_]+|[0-9][0-9_]*)([kmgt]?)(?:i?b)?", re.IGNORECASE)

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30


def parse_size(text: str | int, where: str = "") -> int:
    """Bytes (or a plain number) from ``text``: any base, with an optional K, M, G or T (powers of 1024).

    Raises FwsimError naming ``where`` for anything else.
    """
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    match = _NUMBER.fullmatch(str(text).strip())
    if not match:
        raise FwsimError(
            "not a number or size", where=where, found=repr(text),
            expected="a number in any base, or one with K, M, G or T",
        )  # fmt: skip
    try:
        return int(match[1], 0) * _SUFFIX[match[2].upper()]
    except ValueError:
        raise FwsimError("not a number", where=where, found=repr(text), expected="such as 2048, 0x800 or 2K") from None


def format_size(size: int) -> str:
    """``size`` bytes in the largest unit that divides it: 65536 is 64K, 100 is 100."""
    for suffix in "TGMK":
        if size and size % _SUFFIX[suffix] == 0:
            return f"{size // _SUFFIX[suffix]}{suffix}"
    return str(size)


def short_size(size: int) -> str:
    """``format_size`` where that has up to five digits; else rounded, in a unit of up to four: 1032212M is 1008.0G."""
    exact = format_size(size)
    if len(exact.rstrip("KMGT")) <= 5:
        return exact
    for suffix in "KMGT":
        if size / _SUFFIX[suffix] < 9999.95:
            return f"{size / _SUFFIX[suffix]:.1f}{suffix}"
    return exact
