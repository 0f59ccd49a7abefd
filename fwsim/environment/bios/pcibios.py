"""PCI BIOS 2.1 in INT 1Ah, as SeaBIOS answers it (src/pcibios.c): configuration goes the way of CF8 and CFC."""

from collections.abc import Callable

from fwsim.environment.bios.context import CARRY, Context

UNSUPPORTED, NOT_FOUND, TOO_SMALL = 0x81, 0x86, 0x89
_SLOTS = 6
_WIDTH_REGISTER = {1: "cl", 2: "cx", 4: "ecx"}


def pci_present(c: Context) -> None:
    """INT 1Ah B101h: present, version 2.10, configuration mechanism 1, the last bus."""
    c.set("ax", 1)
    c.set("bx", 0x0210)
    c.set("cx", c.pci.present()[-1] >> 8)
    c.set("edx", 0x20494350)
    c.flag(CARRY, False)


def _find(c: Context, offset: int, wanted: Callable[[int], bool]) -> None:
    """The SI-th function whose dword at ``offset`` is wanted; each one asked is a read of the firmware's."""
    left = c.get("si")
    for bdf in c.pci.present():
        if wanted(c.config_read(bdf, offset, 4)):
            if not left:
                c.set("bx", bdf)
                c.succeed()
                return
            left -= 1
    c.fail(NOT_FOUND)


def pci_find_device(c: Context) -> None:
    """INT 1Ah B102h: the SI-th function with vendor DX, device CX."""
    want = c.get("cx") << 16 | c.get("dx")
    _find(c, 0, lambda value: value == want)


def pci_find_class(c: Context) -> None:
    """INT 1Ah B103h: the SI-th function of class ECX."""
    want = c.get("ecx") & 0xFFFFFF
    _find(c, 8, lambda value: value >> 8 == want)


def _register(c: Context, width: int) -> int:
    """The register that DI names: CF8 has eight bits for it and a read takes none of the bits below its width.

    PCI BIOS 2.1 (3.4) has 87h for a DI that is not aligned; SeaBIOS does not look. That bits 15:8 are dropped is
    measured.
    """
    return c.get("di") & 0xFF & -width


def pci_read(c: Context) -> None:
    """INT 1Ah B108h-B10Ah: read a byte, word or dword of function BX at DI, by the same path as CF8 and CFC."""
    width = 1 << (c.get("al") - 8)
    c.set(_WIDTH_REGISTER[width], c.config_read(c.get("bx"), _register(c, width), width))
    c.succeed()


def pci_write(c: Context) -> None:
    """INT 1Ah B10Bh-B10Dh: write a byte, word or dword of function BX at DI, by the same path as CF8 and CFC."""
    width = 1 << (c.get("al") - 11)
    c.config_write(c.get("bx"), _register(c, width), width, c.get(_WIDTH_REGISTER[width]))
    c.succeed()


def routing_slots() -> bytes:
    """The six slots of the interrupt routing table, devices 1 to 6 (PCI BIOS 2.1, 4.6): links 60h to 63h in turn, each
    with the IRQs of DEF8h; the first is on the board, the others are slots 1 to 5.
    """
    slots = bytearray()
    for slot in range(_SLOTS):
        slots += bytes((0, slot + 1 << 3))
        for pin in range(4):
            slots += bytes((0x60 + (slot + pin) % 4, 0xF8, 0xDE))
        slots += bytes((slot, 0))
    return bytes(slots)


def pci_routing(c: Context) -> None:
    """INT 1Ah B10Eh: the routing table into the buffer that ES:DI tells of (its size, then far pointer to it)."""
    slots, at = routing_slots(), c.far("es", "di")
    size = c.ram.word(at, 2)
    c.ram.put(at, len(slots), 2)
    if size < len(slots):
        c.fail(TOO_SMALL)
        return
    c.cpu.write((c.ram.word(at + 4, 2) << 4) + c.ram.word(at + 2, 2), slots)
    c.set("bx", 0)  # no IRQ is for PCI alone
    c.succeed()


def pci_unknown(c: Context) -> None:
    """INT 1Ah B1xxh otherwise: the function is not supported."""
    c.fail(UNSUPPORTED)
