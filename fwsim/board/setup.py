"""What SeaBIOS writes into a guest's configuration registers beside BARs: port bases, interrupt lines, PAM.

Source: SeaBIOS src/fw/pciinit.c, src/fw/shadow.c, src/fw/dev-piix.h and dev-q35.h. Nothing of it differs between the
versions 1.12 to 1.17.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from fwsim.board.function import Board, BoardFunction, Setting

PM_BASE = 0x600
"""ACPI base of both machines (src/fw/acpi.c, acpi_pm_base; QEMU hw/i386/acpi-build.c)."""
SMBUS_BASE = PM_BASE + 0x100
IRQS = (10, 10, 11, 11)
"""What PIRQ A to D lead to (pci_irqs)."""
COMMAND = 0x0103
"""I/O, memory and SERR# (pci_bios_init_device)."""
MULTI_FUNCTION = Setting(0x0E, 1, 0x80)
_ROTATING = 24
"""Up to this device a q35's pins rotate; from there on INTA is LNKA (mch_pci_slot_get_irq)."""


def stored(offset: int, width: int, value: int) -> Setting:
    """A register that keeps what is written."""
    return Setting(offset, width, value, (1 << 8 * width) - 1)


def set_up(board: Board, machine: str) -> Board:
    """The board of a guest's ``machine`` with interrupt lines, and command registers where a placement writes none."""
    rows = {row.bdf: row for row in board.functions}
    made = {bdf: _ready(row, machine, rows) for bdf, row in rows.items()}
    display = made[board.display.bdf] if board.display else None
    return replace(board, functions=tuple(made.values()), display=display)


def _ready(row: BoardFunction, machine: str, rows: Mapping[int, BoardFunction]) -> BoardFunction:
    command = row.command or (0 if row.bars or row.bridge else COMMAND)
    pin = row.interrupt_pin
    line = row.line or (_line(row, pin, machine, rows) if pin else 0)
    return replace(row, command=command, line=line)


def _line(row: BoardFunction, pin: int, machine: str, rows: Mapping[int, BoardFunction]) -> int:
    """The interrupt that a pin is routed to: each bridge on the way turns it by the device's number."""
    turned = 0
    while row.parent is not None:
        turned += row.devfn >> 3
        row = rows[row.parent]
    device = row.devfn >> 3
    if machine == "pc":
        turned += device - 1
    elif device <= _ROTATING:
        turned += device
    return IRQS[pin - 1 + turned & 3]
