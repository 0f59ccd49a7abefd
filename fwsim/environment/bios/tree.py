"""INT 1Ah of coreboot: PCI BIOS from its device tree, in real mode of every function, under YABEL of the ROM's own.

Sources (coreboot f0f911824b): src/device/oprom/realmode/x86_interrupts.c, int1a_handler;
src/device/oprom/yabel/interrupt.c, handleInt1a.
"""

from __future__ import annotations

from fwsim.devices.pci import PciBus
from fwsim.environment.bios.context import CARRY, Context

SIGNATURE = 0x20494350
_NO_DEVICE, _BAD_REGISTER, _UNSUPPORTED = 0x86, 0x87, 0x81
_WIDTH = {8: 1, 9: 2, 10: 4, 11: 1, 12: 2, 13: 4}
_FIRST_WRITE = 11
_PART = {1: "cl", 2: "cx", 4: "ecx"}


class Tree:
    """The functions that coreboot found, as INT 1Ah tells of them."""

    def __init__(self, pci: PciBus) -> None:
        self._ids = {bdf: pci.seen_by_guest(pci.slot(bdf), 0, 4) for bdf in pci.present()}

    def _find(self, vendor: int, device: int, index: int) -> int | None:
        """The tree knows the ids: nobody reads them again."""
        found = [bdf for bdf, known in self._ids.items() if known == device << 16 | vendor]
        return found[index] if index < len(found) else None

    def _access(self, c: Context, bdf: int, leaf: int, *, whole: bool) -> None:
        """A configuration access of function ``bdf``; ``whole``: a read fills all of ECX, zeros above."""
        width = _WIDTH[leaf]
        register = c.get("di") & 0xFF & -width
        if leaf >= _FIRST_WRITE:
            c.config_write(bdf, register, width, c.get(_PART[width]))
        else:
            c.set("ecx" if whole else _PART[width], c.config_read(bdf, register, width))
        c.set("ah", 0)

    def realmode(self, c: Context) -> bool:
        """int1a_handler; AX alone names the function."""
        ax = c.get("ax")
        if ax == 0xB101:
            for name, value in (("edx", SIGNATURE), ("ax", 0x11), ("ecx", 0xFF), ("edi", 0)):
                c.set(name, value)
            return True
        if ax == 0xB102:
            bdf = self._find(c.get("dx"), c.get("cx"), c.get("si"))
            c.set("ah", _NO_DEVICE if bdf is None else 0)
            if bdf is not None:
                c.set("ebx", bdf)
            return bdf is not None
        if ax >> 8 == 0xB1 and ax & 0xFF in _WIDTH:
            if c.get("bx") not in self._ids:
                c.set("ah", _BAD_REGISTER)
                return False
            self._access(c, c.get("bx"), ax & 0xFF, whole=True)
            return True
        c.set("ah", _UNSUPPORTED)
        return False

    def yabel(self, c: Context, own: int, others: bool) -> str:
        """handleInt1a for the ROM of function ``own``; why the emulation halts, "" where it goes on. ``others``: other
        functions may be found and read, never written.
        """
        ax = c.get("ax")
        if ax == 0xB101:
            for name, value in (("edx", SIGNATURE), ("al", 1), ("bx", 0x0210), ("cl", 0xFF)):
                c.set(name, value)
            c.flag(CARRY, False)
            return ""
        if ax == 0xB102:
            bdf = self._find(c.get("dx"), c.get("cx"), c.get("si") if not others else 0)
            found = bdf is not None and (bdf == own or others)
            if found:
                c.set("bx", bdf or 0)
            c.set("ah", 0 if found else _NO_DEVICE)
            c.flag(CARRY, not found)
            return ""
        leaf = ax & 0xFF
        if ax >> 8 != 0xB1 or leaf not in _WIDTH:
            return f"unknown function ({ax:x}) for int1a handler"
        bdf = c.get("bx")
        if bdf != own and (leaf >= _FIRST_WRITE or not others or bdf not in self._ids):
            c.set("ah", _BAD_REGISTER)
            c.flag(CARRY, True)
            return (
                f"Config {'write' if leaf >= _FIRST_WRITE else 'read'} access invalid! bus: {bdf >> 8:02x}, "
                f"devfn: {bdf & 0xFF:02x}, offs: {c.get('di') & 0xFF:02x}"
            )
        self._access(c, bdf, leaf, whole=False)
        c.flag(CARRY, False)
        return ""
