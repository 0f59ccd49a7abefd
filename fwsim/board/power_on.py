"""A guest's chipset as QEMU's reset leaves it, before any firmware ran: nothing mapped, routed or enabled.

Sources: QEMU hw/pci-host/i440fx.c (i440fx_realize), hw/isa/piix3.c (piix_reset), hw/ide/piix.c (piix_ide_reset),
hw/acpi/piix4.c (piix4_pm_reset), hw/pci-host/q35.c (mch_reset), hw/isa/lpc_ich9.c (ich9_lpc_reset), hw/ide/ich.c,
hw/i2c/smbus_ich9.c. The guest has no SMM here, as under KVM without it or with ``smm=off``: 5Bh of PIIX4's power
management then says that SMM is set up already (piix4_pm_reset), and ICH9's GEN_PMCON_1 is as ``-machine smm=off``.
"""

from __future__ import annotations

from msgspec.structs import replace

from fwsim.board.bridge_capabilities import bridge_capabilities
from fwsim.board.function import Board, BoardFunction, Setting
from fwsim.board.setup import stored

_PAM_SHUT = (0x00,) * 7
_PIRQS_OFF = tuple(0x80 for _ in range(4))
_SMRAM_AT_RESET = 0x02
RESET: dict[tuple[int, int], tuple[Setting, ...]] = {
    (0x8086, 0x1237): (
        *(stored(0x59 + at, 1, value) for at, value in enumerate(_PAM_SHUT)), stored(0x72, 1, _SMRAM_AT_RESET),
    ),
    (0x8086, 0x7000): tuple(stored(0x60 + line, 1, value) for line, value in enumerate(_PIRQS_OFF)),
    (0x8086, 0x7010): (stored(0x40, 2, 0), stored(0x42, 2, 0)),
    (0x8086, 0x7113): (
        stored(0x40, 4, 1), stored(0x58, 4, 0x02000000), stored(0x80, 1, 0), stored(0x90, 4, 0xB101),
        stored(0xD2, 1, 9),
    ),
    (0x8086, 0x29C0): (
        *(stored(0x90 + at, 1, value) for at, value in enumerate(_PAM_SHUT)),
        Setting(0x9D, 1, _SMRAM_AT_RESET, 0x78),
    ),
    (0x8086, 0x2918): (
        Setting(0x40, 4, 1, 0xFF87), stored(0x44, 1, 0),
        *(stored(at + line, 1, value) for at in (0x60, 0x68) for line, value in enumerate(_PIRQS_OFF)),
        Setting(0xA0, 1, 0, 0xEF), stored(0xF0, 4, 0),
    ),
    (0x8086, 0x2922): (stored(0x90, 1, 0x40),),
    (0x8086, 0x2930): (Setting(0x40, 1, 0, 0xF7),),
}  # fmt: skip
"""By vendor and device: the registers that firmware changes, as reset has them."""
_Q35_BRIDGE = 0x29C0


def at_reset(board: Board) -> Board:
    """``board`` with every function as reset leaves it: no command, no interrupt line, no address anywhere."""
    made = {row.bdf: _reset(row) for row in board.functions}
    display = made[board.display.bdf] if board.display else None
    return replace(board, functions=tuple(made.values()), pm_bases=(), display=display)


def _reset(row: BoardFunction) -> BoardFunction:
    registers = RESET.get((row.vendor, row.device), ()) if row.qemu else ()
    registers += bridge_capabilities(row.bridge) if row.bridge else ()
    window = None if row.pciexbar is None else row.pciexbar & ~1
    return replace(row, settings=row.settings + registers, command=0, line=0, moved=(), pciexbar=window)
