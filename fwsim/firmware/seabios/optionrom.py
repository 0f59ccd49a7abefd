"""Which option ROMs does SeaBIOS take, and how does it call them?

Source: SeaBIOS src/optionroms.c. The services that run the ROM are elsewhere; these are the decisions.
"""

from __future__ import annotations

from dataclasses import dataclass

SIGNATURE = 0xAA55
INIT_OFFSET = 3
ROM_START, ROM_ALIGN = 0xC0000, 0x800
_CODE_PCAT = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """``accepted``: the ROM is copied and run; ``text`` says why not, or what is logged all the same."""

    accepted: bool
    text: str = ""


def judge_header(signature: int, units: int, sum8: int, *, enforce_checksum: bool = True) -> Verdict:
    """A copied ROM: its signature word, its length byte in 512-byte units, the 8-bit sum over that length.

    ``enforce_checksum`` is `etc/optionroms-checksum`, 1 when the file is absent.
    """
    if signature != SIGNATURE:
        return Verdict(False, f"signature {signature:#06x} is not 0xaa55")
    if not units:
        return Verdict(False, "the length byte is 0")
    if sum8 & 0xFF:
        return Verdict(not enforce_checksum, f"checksum {sum8 & 0xFF:#04x} is not 0")
    return Verdict(True)


def judge_image(vendor: int, device: int, code_type: int, indicator: int, *, want_vendor: int, want_device: int) -> str:
    """One image of a ROM BAR by its PCIR: "take", "next" (try the one behind it) or "fail" (it was the last)."""
    if (vendor, device, code_type) == (want_vendor, want_device, _CODE_PCAT):
        return "take"
    return "fail" if indicator & 0x80 else "next"


def rom_bar_mappable(bar: int, size_mask: int) -> bool:
    """Whether a ROM BAR's address lets SeaBIOS read the ROM through it: not in the first 16 or the last 4 MiB."""
    if size_mask in (0, 0xFFFFFFFF) or bar == size_mask:
        return False
    return (bar + (4 << 20)) & 0xFFFFFFFF >= 20 << 20


def next_base(base: int, size: int) -> int:
    """Where the ROM behind one of ``size`` bytes at ``base`` goes: the next multiple of 2 KiB."""
    return (base + size + ROM_ALIGN - 1) & -ROM_ALIGN


def entry_registers(bdf: int, rom_base: int, pnp_offset: int) -> dict[str, int]:
    """The registers at the far call of a ROM's init: all that are not named are 0, interrupts are on."""
    return {
        "cs": rom_base >> 4, "ip": INIT_OFFSET, "ax": bdf, "bx": 0xFFFF, "dx": 0xFFFF, "es": 0xF000, "di": pnp_offset,
        "eflags": 0x202,
    }  # fmt: skip
