"""QEMU's ``pc``: i440FX, PIIX3, its IDE and PIIX4's power management, as SeaBIOS leaves them when it calls a ROM.

Sources: QEMU hw/pci-host/i440fx.c, hw/isa/piix3.c (from 8.2 on piix.c), hw/ide/piix.c, hw/acpi/piix4.c for reset;
SeaBIOS src/fw/pciinit.c (piix_isa_bridge_setup, piix_ide_setup, piix4_pm_config_setup) and src/fw/smm.c
(piix4_apmc_smm_setup) for what is set up. Measured with QEMU 7.2 and 11.1.3, which do not differ; what a write changes
with 7.2.
"""

from __future__ import annotations

from fwsim.board.function import BarSpec, BoardFunction, Setting, Shadowing
from fwsim.board.setup import IRQS, MULTI_FUNCTION, PM_BASE, SMBUS_BASE, stored
from fwsim.devices.pam import OPEN

_RAM_SIZE = 0x57
"""RAM in units of 8 MiB, FFh at most: for coreboot up to 4.0."""
_PAM, _SMRAM = 0x59, 0x72
_SMM_ON = 0x0A
"""SMRAM: closed, at A0000, and SMM has it."""
_CHANNEL_ON = 0x8000
"""IDETIM: the channel's ports answer."""
_APMC = 2 << 24
"""DEVACTB: a write to the APM control port is an SMI."""
_SCI = 9
_MEDIUM, _FAST_BACK_TO_BACK = 0x0200, 0x0080
_PIIX3 = (
    stored(0x4C, 4, 0x0003004D), stored(0x68, 4, 0x00000200), stored(0x70, 4, 0x00000080), stored(0x74, 4, 0x0C0C0000),
    stored(0x78, 4, 0x00000002), stored(0xA0, 4, 0x00000008), stored(0xA8, 4, 0x0000000F),
)  # fmt: skip
"""The rest of what piix_reset sets: registers of the real chip, with nothing behind most of them."""


def i440fx(ram: int) -> tuple[BoardFunction, ...]:
    """The functions of a machine of ``ram`` bytes."""
    bridge = BoardFunction(
        0x00, 0x8086, 0x1237, 0x060000, 2, qemu=True, shadow=Shadowing(_PAM, _SMRAM),
        settings=(
            stored(_RAM_SIZE, 1, min(ram >> 23, 0xFF)), stored(_SMRAM, 1, _SMM_ON),
            *(stored(_PAM + at, 1, value) for at, value in enumerate(OPEN)),
        ),
    )  # fmt: skip
    isa = BoardFunction(
        0x08, 0x8086, 0x7000, 0x060100, qemu=True,
        settings=(
            Setting(0x06, 2, _MEDIUM), MULTI_FUNCTION, *_PIIX3,
            *(stored(0x60 + line, 1, irq) for line, irq in enumerate(IRQS)),
        ),
    )  # fmt: skip
    ide = BoardFunction(
        0x09, 0x8086, 0x7010, 0x010180, bars=(BarSpec(4, 16, "io", role="ide"),), pin=0, qemu=True,
        settings=(
            Setting(0x06, 2, _MEDIUM | _FAST_BACK_TO_BACK), stored(0x40, 2, _CHANNEL_ON), stored(0x42, 2, _CHANNEL_ON),
        ),
    )  # fmt: skip
    pm = BoardFunction(
        0x0B, 0x8086, 0x7113, 0x068000, 3, pin=1, line=_SCI, qemu=True,
        settings=(
            Setting(0x06, 2, _MEDIUM | _FAST_BACK_TO_BACK), stored(0x40, 4, PM_BASE | 1), stored(0x58, 4, _APMC),
            stored(0x5F, 1, 0x10), stored(0x63, 1, 0x60), stored(0x80, 1, 1), stored(0x90, 4, SMBUS_BASE | 1),
            stored(0xD2, 1, 9),
        ),
    )  # fmt: skip
    return bridge, isa, ide, pm
