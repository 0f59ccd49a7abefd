"""More PCI functions on the guest's bus: ``[[function]]`` rows, and what no such row can be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from fwsim.errors import FwsimError
from fwsim.firmware.request import BarKind
from fwsim.units import format_size, parse_size

BAR_KINDS: dict[str, tuple[BarKind, bool]] = {
    "mem": ("mem", False), "pref": ("pref", False), "mem64": ("mem", True), "pref64": ("pref", True),
    "io": ("io", False),
}  # fmt: skip
"""A BAR's kind as people write it: (kind, whether it is 64 bits wide)."""
PLACE = re.compile(r"(?:(?:0000:)?00:)?([0-9a-f]{1,2})\.([0-7])", re.IGNORECASE)
"""device.function on the bus that a function is on; bus 00 may be said."""
BRIDGE_CLASS = 0x0604
_LARGEST_ROM = 16 << 20
Hotplug = Literal["none", "pcie", "shpc"]


class BarText(Struct, frozen=True):
    """One BAR of a row: its index, ``size`` in bytes, kind, and whether it takes two registers."""

    index: int
    size: int
    kind: BarKind
    is64: bool


def bars_of(texts: Sequence[str], where: str) -> tuple[BarText, ...]:
    """The BARs of rows such as "mem 16K" or "pref64 256M", from BAR0 on. Raises FwsimError naming ``where``.index."""
    found: list[BarText] = []
    index = 0
    for number, text in enumerate(texts):
        kind, _, size = text.strip().partition(" ")
        if kind not in BAR_KINDS or not size:
            raise FwsimError(
                "not a BAR", where=f"{where}.{number}", found=f'"{text}"',
                expected="KIND SIZE, KIND one of " + ", ".join(BAR_KINDS), hint='such as "mem 16K" or "pref64 256M"',
            )  # fmt: skip
        name, is64 = BAR_KINDS[kind]
        found.append(BarText(index, parse_size(size, f"{where}.{number}"), name, is64))
        index += 1 + is64
    check_bars(found, "the function", where)
    return tuple(found)


def check_bars(bars: Iterable[BarText], owner: str, where: str) -> None:
    """Refuse BARs that no function can have: PCI Local Bus 3.0, 6.2.5.1. Raises FwsimError naming ``where``."""
    taken: dict[int, int] = {}
    for bar in bars:
        least, most = (4, 0x10000) if bar.kind == "io" else (16, 1 << (39 if bar.is64 else 31))
        whole = bar.size & (bar.size - 1) == 0
        if bar.index > 5 - bar.is64 or not whole or not least <= bar.size <= most:
            hint = f"the largest that this kind can be is {format_size(most)}"
            if not whole and bar.size < most:
                hint = f"{format_size(max(1 << bar.size.bit_length(), least))} holds as much"
            raise FwsimError(
                f"impossible BAR{bar.index} of {owner}", where=where, found=f"{format_size(bar.size)} {bar.kind}",
                expected=f"BAR0 to BAR{5 - bar.is64}, a power of two from {least} to {format_size(most)}",
                hint=hint,
            )  # fmt: skip
        for index in (bar.index, bar.index + bar.is64):
            if taken.setdefault(index, bar.index) != bar.index:
                raise FwsimError(
                    f"two BARs of {owner} claim register BAR{index}", where=where,
                    found=f"BAR{taken[index]} (64-bit) and BAR{bar.index}", expected="each register once",
                )  # fmt: skip


def devfn_of(text: str, where: str) -> int:
    """device<<3 | function of "04.0" or "00:04.0". Raises FwsimError for another text."""
    match = PLACE.fullmatch(text)
    device = int(match[1], 16) if match else 32
    if match is None or device > 31:
        raise FwsimError(
            "not a PCI slot", where=where, found=f'"{text}"', expected="device.function in hex, such as 04.0",
            hint='a function behind a bridge names it by behind = "00:1c.0"',
        )  # fmt: skip
    return device << 3 | int(match[2])


def rom_size(size: int, where: str) -> int:
    """``size`` of a ROM BAR in bytes, 0 for none. Raises FwsimError for what no ROM BAR can be (6.2.5.2)."""
    if size and (size & (size - 1) or not 2048 <= size <= _LARGEST_ROM):
        raise FwsimError(
            "impossible ROM BAR", where=where, found=format_size(size), expected="a power of two from 2K to 16M",
            hint="such as 64K",
        )  # fmt: skip
    return size
