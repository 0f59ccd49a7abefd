"""QEMU's ``q35``: the MCH, and ICH9's LPC bridge, AHCI and SMBus, as SeaBIOS leaves them when it calls a ROM.

Sources: QEMU hw/pci-host/q35.c, hw/isa/lpc_ich9.c, hw/ide/ich.c, hw/i2c/smbus_ich9.c for reset; SeaBIOS
src/fw/pciinit.c (mch_mmconfig_setup, mch_isa_lpc_setup, mch_isa_bridge_setup, ich9_smbus_enable) and src/fw/smm.c
(ich9_lpc_apmc_smm_setup) for what is set up. Measured with QEMU 7.2 and 11.1.3, what a write changes with 7.2.
"""

from __future__ import annotations

from fwsim.board.function import BarSpec, BoardFunction, Setting, Shadowing
from fwsim.board.setup import IRQS, MULTI_FUNCTION, PM_BASE, SMBUS_BASE, stored
from fwsim.devices.mch import EXT_TSEG
from fwsim.devices.pam import OPEN
from fwsim.hypervisor.interface import LPC_BRIDGE

_PCIEXBAR = 0xB0000000
_PAM, _SMRAM, _ESMRAMC = 0x90, 0x9D, 0x9E
_SMM_ON = 0x0A
"""SMRAM: closed, at A0000, and SMM has it."""
_SM_CACHES = 0x38
_RCBA = 0xFED1C000
_SMI_LOCK = 0x10
_TSEG_MIB = (((), 0), ((2, 10), 16), ((10, 2), 64))
"""The first release with so many MiB in EXT_TSEG_MBYTES; up to 2.9 there is no such register (QEMU hw/i386/pc.c,
pc_compat_10_1, and hw/pci-host/q35.c, mch_props). 16 was measured in 7.2, 64 in 11.1.3.
"""


def ext_tseg(release: tuple[int, ...]) -> int:
    """MiB of TSEG that the word at 50h of 00:00.0 says, by QEMU's ``release``; 0: none, or no QEMU."""
    return next(mib for since, mib in reversed(_TSEG_MIB) if since <= release)


def q35(release: tuple[int, ...]) -> tuple[BoardFunction, ...]:
    """The functions of a machine of QEMU's ``release``."""
    tseg = ext_tseg(release)
    bridge = BoardFunction(
        0x00, 0x8086, 0x29C0, 0x060000, qemu=True, pciexbar=_PCIEXBAR | 1, ext_tseg=tseg,
        shadow=Shadowing(_PAM, _SMRAM, _ESMRAMC, lock=True),
        settings=(
            stored(EXT_TSEG, 2, tseg), *(stored(_PAM + at, 1, value) for at, value in enumerate(OPEN)),
            Setting(_SMRAM, 1, _SMM_ON, 0x78), Setting(_ESMRAMC, 1, _SM_CACHES, 0x87),
        ),
    )  # fmt: skip
    lpc = BoardFunction(
        LPC_BRIDGE, 0x8086, 0x2918, 0x060100, 2, qemu=True,
        settings=(
            MULTI_FUNCTION, Setting(0x40, 4, PM_BASE | 1, 0xFF87), stored(0x44, 1, 0x80),
            *(stored(at + line, 1, irq) for at in (0x60, 0x68) for line, irq in enumerate(IRQS)),
            Setting(0xA0, 1, _SMI_LOCK, 0xEF), stored(0xF0, 4, _RCBA | 1),
        ),
    )  # fmt: skip
    sata = BoardFunction(
        0xFA, 0x8086, 0x2922, 0x010601, 2, qemu=True,
        bars=(BarSpec(4, 32, "io", role="sata"), BarSpec(5, 4096, "mem", role="ahci")),
        settings=(
            Setting(0x06, 2, 0x0010), MULTI_FUNCTION, Setting(0x34, 1, 0x80), *_MSI_AND_SATA, stored(0x90, 1, 0x40),
        ),
    )  # fmt: skip
    smbus = BoardFunction(
        0xFB, 0x8086, 0x2930, 0x0C0500, 2, qemu=True, bars=(BarSpec(4, 64, "io", role="smbus"),),
        moved=((4, SMBUS_BASE),), settings=(MULTI_FUNCTION, Setting(0x40, 1, 1, 0xF7)),
    )  # fmt: skip
    return bridge, lpc, sata, smbus


_MSI_AND_SATA = (
    Setting(0x80, 4, 0x0080A805, 0x00010000), Setting(0x84, 4, 0, 0xFFFFFFFC), Setting(0xA8, 4, 0x00100012),
    Setting(0xAC, 4, 0x00000048),
)  # fmt: skip
"""The capabilities: a 64-bit MSI, and the SATA one, which says where index and data ports are."""
