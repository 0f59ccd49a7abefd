"""Which option ROMs SeaBIOS takes, and how it calls them.

Source: SeaBIOS src/optionroms.c. The services that run the ROM are elsewhere; these are the decisions.
"""

from __future__ import annotations

from msgspec import Struct

SIGNATURE = 0xAA55
ROM_START = 0xC0000
_CODE_PCAT = 0


class Verdict(Struct, frozen=True):
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


def entry_registers(offset: int, bdf: int, rom_base: int, pnp: tuple[int, int], stack: int) -> dict[str, int]:
    """Every register at the far call of ``offset`` in the ROM at ``rom_base``; interrupts are on.

    ``pnp`` is segment and offset of the $PnP structure, ``stack`` SP with the return address on it (src/optionroms.c,
    callrom; src/stacks.c, farcall16big).
    """
    return {
        "eax": bdf, "ebx": 0xFFFF, "ecx": 0, "edx": 0xFFFF, "esi": 0, "edi": pnp[1], "ebp": 0, "es": pnp[0],
        "ds": 0, "ss": 0, "fs": 0, "gs": 0, "esp": stack, "eflags": 0x202, "cs": rom_base >> 4, "eip": offset,
    }  # fmt: skip
