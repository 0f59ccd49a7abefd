"""What coreboot sets up of the PC before it runs option ROMs: controllers masked, the timer, a few bytes of identity.

Sources (coreboot f0f911824b): src/drivers/pc80/pc/i8259.c, setup_i8259; i8254.c, setup_i8254;
src/device/oprom/realmode/x86.c, setup_rombios; src/device/oprom/yabel/biosemu.c.
"""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.environment.x86 import X86
from fwsim.machine.built import Built
from fwsim.memory.ram import Ram

_GET_MODE, _SET_MODE, _LINEAR = 0x4F01, 0x4F02, 0x4000
_VECTORS = (0x20, 0x28)
_MASKS = (0xFB, 0xFF)
"""All but the cascade are masked: no interrupt ever comes."""


def set_up_timers(x86: X86) -> None:
    """Both 8259A with vectors 20h and 28h and everything masked; counter 0 runs, and nobody hears of it."""
    x86.program_controllers(_VECTORS, _MASKS)
    x86.arm_timer()


def legacy_identity(ram: Ram) -> None:
    """The date, the EISA string and the model byte at the end of the F segment."""
    ram.write(0xFFFF5, b"06/11/99")
    ram.write(0xFFFD9, b"PCI_ISA")
    ram.write(0xFFFFE, b"\xfc")


def set_mode(built: Built, mode: int, where: dict[str, int], buffer: int) -> Iterator[tuple[int, dict[str, int]]]:
    """The calls of vbe_set_graphics for ``mode``: ask for it, with ``where`` leading to ``buffer``, then set it.

    It is given up where the ROM answers with an error in AH, or the mode has no linear frame buffer. The console's log
    has what coreboot says of it.
    """
    cpu, ram = built.machine.engine, built.machine.ram
    yield 0x10, {"eax": _GET_MODE, "ecx": mode | _LINEAR, **where}
    if cpu.get("ah"):
        built.log.append("VBE Warning: Could not get VBE graphics mode info.")
        return
    width, height, bits, base = (ram.word(buffer + at, size) for at, size in ((18, 2), (20, 2), (25, 1), (40, 4)))
    built.log.append(f"VBE: resolution:  {width}x{height}@{bits}, framebuffer: {base:#x}")
    if not base:
        built.log.append("VBE: Mode does not support linear framebuffer")
        return
    yield 0x10, {"eax": _SET_MODE, "ebx": mode | _LINEAR, **where}
    if cpu.get("ah"):
        built.log.append("VBE Warning: Could not set VBE graphics mode.")
