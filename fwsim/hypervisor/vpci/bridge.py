"""A host's bridge as a guest sees it: read-mostly, its windows those of the guest's addresses, no capability.

This is the design that was proposed for Arm first: "give read-only access to bridges", with the registers that have to
match emulated (PCI devices passthrough on Arm, xen-devel, July 2020). Xen has no such code.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from fwsim.hypervisor.vpci.handlers import Handler, Handlers
from fwsim.hypervisor.vpci.host import HostConfig, HostDevice
from fwsim.hypervisor.vpci.windows import Window

_FROM_HOST = ((0x00, 2), (0x02, 2), (0x08, 4), (0x0C, 1), (0x0D, 1), (0x0F, 1), (0x1B, 1), (0x3D, 1))
"""Ids, class, cache line, latencies, BIST, interrupt pin."""
_NOTHING = ((0x06, 2), (0x10, 4), (0x14, 4), (0x1C, 2), (0x1E, 2), (0x30, 4), (0x34, 1), (0x38, 4), (0x3E, 2))
"""Status without a list, BARs, I/O window, secondary status, list, ROM, control: they read 0."""
_COMMAND_BITS, _FORWARDING = 0x0407, 0x0006
_CLOSED = (0xFFF00000, 0)


class BridgeFunction:
    """An Owner for one bridge. ``numbers``: primary, secondary and subordinate bus as the guest has them.

    ``memory`` and ``prefetchable``: its windows, None for a closed one. Only command and interrupt line keep what is
    written, and no bridge of the host hears of it.
    """

    def __init__(self, device: HostDevice) -> None:
        self.device = device
        self.numbers = (0, 0, 0)
        self.memory: Window | None = None
        self.prefetchable: Window | None = None
        self.multifunction = False
        self._command = _FORWARDING
        self._line = 0xFF
        host, self.handlers = HostConfig(device), Handlers()
        add = self.handlers.add
        for offset, size in _FROM_HOST:
            add(Handler(offset, size, partial(host.read, offset, size)))
        for offset, size in _NOTHING:
            self.handlers.constant(offset, size, 0)
        add(Handler(0x04, 2, lambda: self._command, self._set_command))
        add(Handler(0x0E, 1, lambda: 1 | (0x80 if self.multifunction else 0)))
        for index in range(3):
            add(Handler(0x18 + index, 1, partial(self._number, index)))
        add(Handler(0x20, 4, lambda: _base_limit(self.memory, 0)))
        add(Handler(0x24, 4, lambda: _base_limit(self.prefetchable, 1)))
        add(Handler(0x28, 4, lambda: _ends(self.prefetchable)[0] >> 32))
        add(Handler(0x2C, 4, lambda: _ends(self.prefetchable)[1] >> 32))
        add(Handler(0x3C, 1, lambda: self._line, self._set_line))

    def _number(self, index: int) -> int:
        return self.numbers[index]

    def _set_command(self, value: int) -> None:
        self._command = value & _COMMAND_BITS

    def _set_line(self, value: int) -> None:
        self._line = value

    def read(self, bdf: int, offset: int, width: int) -> int:
        """A read of 1, 2 or 4 bytes: beyond the header all ones."""
        return self.handlers.read(offset, width)

    def write(self, bdf: int, offset: int, width: int, value: int) -> None:
        """A write: dropped but for command and interrupt line."""
        self.handlers.write(offset, width, value)

    def state(self) -> tuple[int, int]:
        """Command and interrupt line."""
        return self._command, self._line

    def restore(self, state: Any) -> None:
        """Go back to it."""
        self._command, self._line = state


def _ends(window: Window | None) -> tuple[int, int]:
    """The first and the last address; of a closed window the first is above the last."""
    return (window.start, window.end - 1) if window else _CLOSED


def _base_limit(window: Window | None, wide: int) -> int:
    """Base and limit registers: address bits 31:20; bit 0 says that upper halves follow (PCI-to-PCI Bridge 1.2)."""
    first, last = _ends(window)
    return (first >> 16 & 0xFFF0 | wide) | (last >> 16 & 0xFFF0 | wide) << 16
