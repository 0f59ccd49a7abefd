"""The capabilities of ``[[host_function]]`` rows: "msi 64 mask", "msix 8 bar 1 at 0x2000", "express", "sriov 7".

Lengths by PCI Express 5.0, 7.5 to 7.9 and 9.3, PCI Local Bus 3.0, 6.8 and appendix I, PCI Power Management 1.2, 3.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from fwsim.errors import FwsimError
from fwsim.scenario.host_bars import HostBarText
from fwsim.scenario.text import suggest
from fwsim.units import format_size, parse_size

FIRST, END = 0x40, 0x100
"""Where a capability of the first 256 bytes may begin, and where none may reach."""
LENGTHS = {"power": 8, "vpd": 8, "express": 0x3C, "msix": 12, "af": 6}
"""Bytes of each capability of one size; msi's and a vendor's are said by what follows the name."""
EXTENDED_LENGTHS = {"aer": 0x48, "serial": 0x0C, "ats": 8, "pri": 0x10, "ltr": 8, "pasid": 8, "sriov": 0x40}
"""Bytes of each extended one, with its header."""
_NAMES = (*LENGTHS, *EXTENDED_LENGTHS, "msi", "vendor")
_MSI = re.compile(r"msi( 64)?( mask)?(?: (1|2|4|8|16|32))?")
_MSIX = re.compile(r"msix (\d{1,4}) bar (\d) at (\w+)(?: pba(?: bar (\d) at)? (\w+))?")
_FORMS = {
    "msi": '"msi", "msi 64", "msi mask", "msi 64 mask 8": 64-bit address, mask bits, messages (1 to 32)',
    "msix": '"msix VECTORS bar BAR at OFFSET", and its PBA elsewhere by "pba OFFSET" or "pba bar BAR at OFFSET"',
    "vendor": '"vendor BYTES", its length from 3 to 192',
    "sriov": '"sriov", or "sriov VFS"',
}
_ENTRY = 16
"""Bytes of one entry of an MSI-X table (PCI Local Bus 3.0, 6.8.2)."""


class InBar(Struct, frozen=True):
    """``size`` bytes at ``offset`` of a BAR."""

    bar: int
    offset: int
    size: int


class HostCapability(Struct, frozen=True):
    """One capability. ``count``: messages, vectors, virtual functions, a vendor's bytes; ``table``, ``pba``: MSI-X's.

    ``is64`` and ``mask`` are MSI's: an address of 64 bits, and mask and pending bits.
    """

    name: str
    count: int = 0
    is64: bool = False
    mask: bool = False
    table: InBar | None = None
    pba: InBar | None = None

    @property
    def extended(self) -> bool:
        """Whether it is in the list that begins at 100h."""
        return self.name in EXTENDED_LENGTHS

    @property
    def length(self) -> int:
        """Its bytes, header and all."""
        if self.name == "msi":
            return (0x14 if self.mask else 0x0A) + 4 * self.is64
        return self.count if self.name == "vendor" else (LENGTHS | EXTENDED_LENGTHS)[self.name]


def host_capabilities(
    texts: Sequence[str], bars: Sequence[HostBarText], express: bool, where: str
) -> tuple[HostCapability, ...]:
    """The capabilities of ``texts`` in their order; a PCI Express function has that one, first where it is not named.

    Raises FwsimError naming ``where``.index for one that there is not, that is named twice, or that its function cannot
    have: extended ones without PCI Express, an MSI-X table outside of its BAR, more than the space holds.
    """
    found: list[HostCapability] = []
    for number, text in enumerate(texts):
        at = f"{where}.{number}"
        one = _read(" ".join(text.lower().split()), text, bars, at)
        if one.name in [each.name for each in found] and one.name != "vendor":
            raise FwsimError(
                "a capability named twice", where=at, found=f'"{text}"', expected="each once, a vendor's aside",
                hint="remove one",
            )  # fmt: skip
        if not express and (one.extended or one.name == "express"):
            raise FwsimError(
                "a capability that only PCI Express functions have", where=at, found=f'"{text}", of type "pci"',
                expected="a type such as endpoint or root-port", hint='give the row type = "endpoint"',
            )  # fmt: skip
        found.append(one)
    if express and not any(each.name == "express" for each in found):
        found.insert(0, HostCapability("express"))
    used = sum(-(-each.length // 4) * 4 for each in found if not each.extended)
    if used > END - FIRST:
        raise FwsimError(
            "more capabilities than configuration space holds", where=where, found=f"{used} bytes",
            expected=f"{END - FIRST} at most, from {FIRST:#x} to {END - 1:#x}", hint="a shorter vendor's, or fewer",
        )  # fmt: skip
    return tuple(found)


def _read(text: str, shown: str, bars: Sequence[HostBarText], where: str) -> HostCapability:
    name, _, rest = text.partition(" ")
    if name not in _NAMES:
        raise FwsimError(
            "not a capability", where=where, found=f'"{shown}"', expected="one of " + ", ".join(_NAMES),
            hint=suggest(name, _NAMES) or "as lspci -v lists them; acs has a field of its own",
        )  # fmt: skip
    special: dict[str, Callable[[str, Sequence[HostBarText], str], HostCapability | None]] = {
        "msi": _msi, "msix": _msix, "vendor": _vendor, "sriov": _sriov,
    }  # fmt: skip
    found = special[name](text, bars, where) if name in special else None if rest else HostCapability(name)
    if found is None:
        raise FwsimError(
            f"not a form of {name}", where=where, found=f'"{shown}"', expected=_FORMS.get(name, f'"{name}" alone'),
            hint=f'such as "{_EXAMPLES.get(name, name)}"',
        )  # fmt: skip
    return found


_EXAMPLES = {"msi": "msi 64 mask", "msix": "msix 8 bar 1 at 0x2000", "vendor": "vendor 16", "sriov": "sriov 7"}


def _msi(text: str, bars: Sequence[HostBarText], where: str) -> HostCapability | None:
    match = _MSI.fullmatch(text)
    return match and HostCapability("msi", int(match[3] or 1), is64=bool(match[1]), mask=bool(match[2]))


def _vendor(text: str, bars: Sequence[HostBarText], where: str) -> HostCapability | None:
    number = text.partition(" ")[2]
    size = parse_size(number, where) if number else 0
    return HostCapability("vendor", size) if 3 <= size <= END - FIRST else None


def _sriov(text: str, bars: Sequence[HostBarText], where: str) -> HostCapability | None:
    number = text.partition(" ")[2]
    count = parse_size(number, where) if number else 1
    return HostCapability("sriov", count) if 1 <= count <= 0xFF else None


def _msix(text: str, bars: Sequence[HostBarText], where: str) -> HostCapability | None:
    match = _MSIX.fullmatch(text)
    if match is None or not 1 <= int(match[1]) <= 2048:
        return None
    vectors, bar = int(match[1]), int(match[2])
    table = InBar(bar, parse_size(match[3], where), vectors * _ENTRY)
    behind = table.offset + table.size
    pba = InBar(int(match[4] or bar), parse_size(match[5], where) if match[5] else behind, -(-vectors // 64) * 8)
    for what, place in (("table", table), ("PBA", pba)):
        _check_place(what, place, bars, where)
    if table.bar == pba.bar and table.offset < pba.offset + pba.size and pba.offset < table.offset + table.size:
        raise FwsimError(
            "the PBA lies in the MSI-X table", where=where, found=f"{pba.offset:#x}, the table ends at {behind:#x}",
            expected="an offset outside of it", hint="left out, it is right behind the table",
        )  # fmt: skip
    return HostCapability("msix", vectors, table=table, pba=pba)


def _check_place(what: str, place: InBar, bars: Sequence[HostBarText], where: str) -> None:
    bar = next((each for each in bars if each.index == place.bar), None)
    if bar is None or bar.kind == "io":
        memory = [f"BAR{each.index}" for each in bars if each.kind != "io"]
        raise FwsimError(
            f"an MSI-X {what} in a BAR that is {'none' if bar is None else 'I/O'}", where=where,
            found=f"BAR{place.bar}", expected="one of " + ", ".join(memory) if memory else "a memory BAR of the row",
            hint='name it in bars, such as "mem 16K @ 0x50000000"',
        )  # fmt: skip
    if place.offset % 8 or place.offset + place.size > bar.size:
        raise FwsimError(
            f"an MSI-X {what} that is not in its BAR", where=where,
            found=f"{place.offset:#x}-{place.offset + place.size - 1:#x}",
            expected=f"a multiple of 8, within BAR{bar.index}'s {format_size(bar.size)}",
            hint="fewer vectors, or another offset",
        )  # fmt: skip
