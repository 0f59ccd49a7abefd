"""The list of capabilities as vPCI shows it to a guest: MSI and MSI-X, the others left out.

Source: Xen c447b7308b, xen/drivers/vpci/cap.c, xen/drivers/pci/pci.c.
"""

from __future__ import annotations

from functools import partial

from fwsim.hypervisor.vpci.handlers import Handler, Handlers, OverlapError
from fwsim.hypervisor.vpci.host import STATUS, STATUS_CLEARED_BY_ONE, Hardware

MSI, MSIX = 0x05, 0x11
EXTENDED = 0x100
_POINTER, _HAS_LIST, _TURNS = 0x34, 0x10, 48
_STATUS_READ_ONLY, _STATUS_ZERO = 0x06B9, 0x0046
"""PCI_STATUS_RO_MASK and PCI_STATUS_RSVDZ_MASK: immediate readiness, interrupt, list, 66 MHz, fast back, DEVSEL."""


def find(hardware: Hardware, wanted: int) -> int:
    """Where the device has a capability, 0 for nowhere (pci_find_cap_offset)."""
    if not hardware.read(STATUS, 2) & _HAS_LIST:
        return 0
    at = _POINTER
    for _ in range(_TURNS):
        at = hardware.read(at, 1)
        if at < 0x40:
            break
        at &= ~3
        found = hardware.read(at, 1)
        if found == 0xFF:
            break
        if found == wanted:
            return at
        at += 1
    return 0


class Capabilities:
    """The list of one function, and the status register that tells of it. Raises OverlapError for a list in a ring."""

    def __init__(self, hardware: Hardware, handlers: Handlers, extended: bool) -> None:
        self._hardware = hardware
        self._handlers = handlers
        self._turns = _TURNS
        self.next: dict[int, int] = {}
        """Of each pointer's offset what it reads."""
        empty = False
        if hardware.read(STATUS, 2) & _HAS_LIST:
            empty = not self._walk()
        hidden = _HAS_LIST if empty else 0
        handlers.add(
            Handler(
                STATUS, 2, lambda: hardware.read(STATUS, 2), lambda value: hardware.write(STATUS, 2, value),
                _STATUS_READ_ONLY & ~hidden, STATUS_CLEARED_BY_ONE, hidden, _STATUS_ZERO,
            )
        )  # fmt: skip
        if extended:
            handlers.constant(EXTENDED, 4, 0)

    def _walk(self) -> int:
        """Show what vPCI knows (vpci_init_capability_list). Returns the first one's offset."""
        first = self._show(_POINTER, self._following(_POINTER))
        following = first
        while following and self._turns > 0:
            at, following = following, self._following(following + 1)
            self._handlers.add(Handler(at, 1, partial(self._hardware.read, at, 1)))
            following = self._show(at + 1, following)
        return first

    def _show(self, offset: int, value: int) -> int:
        self.next[offset] = value
        self._handlers.add(Handler(offset, 1, lambda: self.next[offset]))
        return value & ~3

    def _following(self, at: int) -> int:
        """pci_find_next_cap_ttl: the pointer to the next capability that vPCI knows, 0 for none."""
        while self._turns > 0:
            self._turns -= 1
            at = self._hardware.read(at, 1)
            if at < 0x40:
                break
            found = self._hardware.read(at & ~3, 1)
            if found == 0xFF:
                break
            if found in (MSI, MSIX):
                return at
            at = (at & ~3) + 1
        self._turns = max(self._turns, 0)
        return 0

    def hide(self, offset: int) -> None:
        """Take one out of the list again (vpci_capability_hide). Raises OverlapError where it is not in the list."""
        before = _POINTER
        while self.next.get(before) != offset:
            following = self.next.get(before, 0)
            if following < 0x40 or self._handlers.at(following + 1, 1) is None:
                raise OverlapError(f"{offset:#x}")
            before = following + 1
        if self._handlers.at(offset + 1, 1) is None:
            raise OverlapError(f"{offset:#x}")
        self.next[before] = self.next.pop(offset + 1)
        self._handlers.remove(offset + 1, 1)
        self._handlers.remove(offset, 1)
