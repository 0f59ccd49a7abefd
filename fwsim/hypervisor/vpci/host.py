"""The host's functions as vPCI finds them: BARs with the host's addresses, a configuration space, the bridge above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from fwsim.firmware.request import BarKind

CONFIG_BYTES = 0x1000
COMMAND, STATUS = 0x04, 0x06
COMMAND_IO, COMMAND_MEMORY, INTX_DISABLE = 0x1, 0x2, 0x400
_COMMAND_WRITABLE = 0x07FF
"""The bits that a device may have (PCI Local Bus 3.0, 6.2.2); the rest is reserved."""
STATUS_CLEARED_BY_ONE = 0xF900
"""Errors, cleared by writing ones (PCI_STATUS_RW1C_MASK, xen/include/xen/pci_regs.h)."""


class HostBar(Struct, frozen=True):
    """One BAR of a host's function: ``index`` 0-5, ``size`` bytes, a power of two, at ``address`` of the host."""

    index: int
    size: int
    kind: BarKind
    is64: bool = False
    address: int = 0


class HostDevice(Struct, frozen=True):
    """A host's function: ``sbdf`` is segment << 16 | bus << 8 | device << 3 | function.

    ``config`` is its configuration space, up to 4096 bytes; its BARs, if any are in it, are overlaid by ``bars``.
    ``behind``: the bridge that its bus is behind, None on a root bus.
    """

    sbdf: int
    config: bytes
    bars: tuple[HostBar, ...] = ()
    behind: int | None = None

    @property
    def name(self) -> str:
        """As Xen prints it (%pp)."""
        return sbdf_text(self.sbdf)

    @property
    def is_bridge(self) -> bool:
        """Whether its header is of type 1."""
        return len(self.config) > 0x0E and self.config[0x0E] & 0x7F == 1


class Hardware(Protocol):
    """The host's function as Xen reaches it: ``width`` is 1, 2 or 4 bytes, ``offset`` a multiple of it."""

    def read(self, offset: int, width: int) -> int:
        """What the device has."""
        ...

    def write(self, offset: int, width: int, value: int) -> None:
        """A write by Xen."""
        ...

    def state(self) -> object:
        """What a snapshot keeps."""
        ...

    def restore(self, state: Any) -> None:
        """Go back to it."""
        ...


class HostConfig:
    """The configuration space of a host's function that nothing else models: registers that Xen writes hold it."""

    def __init__(self, device: HostDevice) -> None:
        self._bytes = bytearray(device.config[:CONFIG_BYTES].ljust(CONFIG_BYTES, b"\0"))
        lay_bars(self._bytes, device.bars)

    def read(self, offset: int, width: int) -> int:
        """Little-endian."""
        return int.from_bytes(self._bytes[offset : offset + width], "little")

    def write(self, offset: int, width: int, value: int) -> None:
        """A write by Xen: reserved bits of the command stay 0, ones clear errors of the status."""
        if offset == COMMAND:
            value &= _COMMAND_WRITABLE
        elif offset == STATUS:
            value = self.read(STATUS, 2) & ~(value & STATUS_CLEARED_BY_ONE)
        self._bytes[offset : offset + width] = value.to_bytes(width, "little")

    def state(self) -> bytes:
        """Every byte."""
        return bytes(self._bytes)

    def restore(self, state: bytes) -> None:
        """Go back to it."""
        self._bytes[:] = state


def lay_bars(config: bytearray, bars: Sequence[HostBar]) -> None:
    """Write ``bars`` into a header as the host's firmware left them: address and type (PCI Local Bus 3.0, 6.2.5)."""
    for bar in bars:
        at = 0x10 + 4 * bar.index
        flags = 1 if bar.kind == "io" else (4 if bar.is64 else 0) | (8 if bar.kind == "pref" else 0)
        width = 8 if bar.is64 else 4
        config[at : at + width] = (bar.address | flags).to_bytes(width, "little")


def sbdf_text(sbdf: int) -> str:
    """0000:08:00.0, as Xen prints a function."""
    return f"{sbdf >> 16:04x}:{sbdf >> 8 & 0xFF:02x}:{sbdf >> 3 & 0x1F:02x}.{sbdf & 7}"
