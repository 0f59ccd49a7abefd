"""An IDE controller without drives answers 0 at the ports of both channels.

Source: QEMU hw/ide/core.c (ide_ioport_read, ide_status_read: 0 where a channel has neither drive) and hw/ide/ioport.c.
"""

from __future__ import annotations

from typing import Any


class NoDrives:
    """The ports of both channels in compatibility mode."""

    ports: tuple[int, ...] = (*range(0x170, 0x178), *range(0x1F0, 0x1F8), 0x376, 0x3F6)

    def read(self, port: int, width: int) -> int:
        """No drive drives the bus."""
        return 0

    def write(self, port: int, width: int, value: int) -> None:
        """Nobody listens."""

    def snapshot(self) -> object:
        """Nothing."""
        return None

    def restore(self, state: Any) -> None:
        """Nothing."""
