"""What two patches of lf-edge/eve add to QEMU's vfio-igd; no release of QEMU has either.

Source: lf-edge/eve pull requests 6432 (`etc/igd-stolen-base`, and the firmware driver that reads it) and 6407 (GSMBASE
and BGSM), 2026-08; 6432 takes 6407's two patches back. Their text was read, 6407's code was not: which base it answers
is assumed to be where the memory of the GTT lies by Intel's datasheets, right below the guest's own stolen memory.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from fwsim.hypervisor.interface import STOLEN_BASE_FILE, Assignment, Choice, Device, Overlay, Reaction, Register
from fwsim.hypervisor.qemu import versions as igd

BGSM, GSMBASE = 0xF0, 0x108100
"""The base of the GTT's memory: 64 bits of configuration space and of BAR0."""
BDSM_DWORDS = (igd.BDSM_NEW, igd.BDSM_NEW + 4)
_FIRST_GEN = 12


def apply(choice: Choice, device: Device, given: Assignment) -> None:
    """The patches that ``choice`` has, where BDSM is the guest's own."""
    if not given.own_bdsm:
        return
    if choice.stolen_base == "host":
        given.files[STOLEN_BASE_FILE] = device.bdsm.to_bytes(8, "little")
    if choice.gsm == "guest" and given.generation >= _FIRST_GEN:
        given.registers = [
            *(replace(row, watched=True) if row.offset == igd.BDSM_NEW else row for row in given.registers),
            Register(BGSM, 8),
        ]  # fmt: skip
        given.registers.sort(key=lambda each: each.offset)
        given.overlays = [*given.overlays, Overlay(GSMBASE, 8, BGSM)]


def gsm_follows(device: Device, read: Callable[[int, int], int]) -> Reaction:
    """BGSM after a write of BDSM: below it by the memory of the GTT that GGC names; 0 while BDSM is."""
    low, high = (read(at, 4) for at in BDSM_DWORDS)
    code = device.ggc >> 6 & 3
    base = high << 32 | low & ~0xFFFFF
    base = base - (1 << 20 + code if code else 0) if base else 0
    return Reaction(also={BGSM: base & 0xFFFFFFFF, BGSM + 4: base >> 32})
