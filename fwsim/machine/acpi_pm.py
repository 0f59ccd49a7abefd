"""The chipset's ACPI power management block answers where firmware puts it: PM1 status, enable and control, the timer.

Sources: ACPI 6.5, 4.8 (PM1a event and control registers, the timer at +8); QEMU hw/acpi/piix4.c (pm_io_space_update:
base at 40h, decoded by bit 0 of 80h) and hw/isa/lpc_ich9.c (ich9_lpc_pmbase_sci_update: base at 40h, bit 7 of 44h);
hw/isa/apm.c for the ports B2h and B3h: without SMM a command sets or clears SCI_EN, no more.
"""

from __future__ import annotations

from typing import Any

from fwsim.machine.machine import Machine

_ENABLES = {0x7113: (0x80, 1), 0x2918: (0x44, 0x80)}
"""By device id of the function with the block: which byte, and which bit of it, has it decoded."""
_BASE, _MASK, _SIZE = 0x40, 0xFFC0, 0x40
_TIMER = range(8, 12)
_SMI_EN, _SMI_DONE = 0x30, 0x20
"""ICH9's SMI_EN with APMC_EN set: without SMM, firmware finds that it has been set up (hw/acpi/ich9.c, pm_reset)."""
_APM = (0xB2, 0xB3)
_ACPI_ON, _ACPI_OFF, _SCI_EN = 0xF1, 0xF0, 1
"""As QEMU's FADT names the commands (hw/i386/acpi-build.c; ACPI_ENABLE 2 on ICH9, F1h on PIIX4)."""
_ICH9_ON, _ICH9_OFF = 0x02, 0x03


class AcpiPm:
    """The block of the function in ``slot``; ``device`` its id. It follows the base register."""

    def __init__(self, machine: Machine, slot: int, device: int) -> None:
        self._m, self._slot = machine, slot
        self._enable = _ENABLES[device]
        self.base = 0
        self.ports: tuple[int, ...] = _APM
        self._bytes = bytearray(_SIZE)
        self._bytes[_SMI_EN] = _SMI_DONE
        self._apm = bytearray(2)
        for offset in (_BASE, self._enable[0] & ~3):
            machine.pci.on_write(slot, offset, self._moved)

    def _moved(self, offset: int, old: int, new: int) -> None:
        pci, (at, bit) = self._m.pci, self._enable
        on = pci.seen_by_guest(self._slot, at, 1) & bit
        base = pci.seen_by_guest(self._slot, _BASE, 2) & _MASK if on else 0
        if base == self.base:
            return
        if self.base:
            self._m.forget_ports(range(self.base, self.base + _SIZE))
        self.base = base
        if base:
            self._m.claim_ports(self, range(base, base + _SIZE))
            self._m.add_pm_timer(base)

    def read(self, port: int, width: int) -> int:
        """The registers' bytes; the timer is not asked here."""
        if port in _APM:
            return self._apm[port - _APM[0]]
        at = port - self.base
        return int.from_bytes(self._bytes[at : at + width], "little")

    def write(self, port: int, width: int, value: int) -> None:
        """Status is cleared by ones, the rest is stored; a command at B2h switches ACPI mode."""
        if port in _APM:
            self._apm[port - _APM[0]] = value & 0xFF
            if port == _APM[0] and value in (_ACPI_ON, _ICH9_ON):
                self._bytes[4] |= _SCI_EN
            elif port == _APM[0] and value in (_ACPI_OFF, _ICH9_OFF):
                self._bytes[4] &= ~_SCI_EN
            return
        at = port - self.base
        for lane, byte in enumerate(value.to_bytes(4, "little")[:width]):
            if at + lane < 2:
                self._bytes[at + lane] &= ~byte & 0xFF
            elif at + lane not in _TIMER and at + lane < _SIZE:
                self._bytes[at + lane] = byte

    def snapshot(self) -> object:
        """Base and registers; the ports' kinds are the machine's."""
        return self.base, bytes(self._bytes), bytes(self._apm)

    def restore(self, state: Any) -> None:
        """Go back to it."""
        base, held, apm = state
        if self.base and self.base != base:
            self._m.disown(range(self.base, self.base + _SIZE))
        if base:
            self._m.own(self, range(base, base + _SIZE))
        self.base, self._bytes, self._apm = base, bytearray(held), bytearray(apm)
