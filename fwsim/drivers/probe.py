"""What a driver can read, what it concludes, and how functions are found: the words that every driver here shares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct

from fwsim.exactness import Known

INTEL = 0x8086
NONE = "none"
"""The PCH of a driver that concludes there is none."""
_NOBODY = 0xFFFF
_MULTI, _LAYOUT, _TO_PCI = 0x80, 0x7F, 1


class Config(Protocol):
    """The configuration space that a driver sees; ``guest``: CPUID says that a hypervisor is there."""

    guest: bool

    def read(self, bdf: int, offset: int, width: int) -> int:
        """``width`` bytes (1, 2, 4) of the function at bus<<8 | devfn; all ones where none answers."""
        ...

    def write(self, bdf: int, offset: int, width: int, value: int) -> None:
        """The same way back."""
        ...


class Found(Struct, frozen=True):
    """What a driver concludes: the ``pch`` it takes for the host's, and by what it came to it, in words.

    ``pch`` is Linux' short name, "-LP" or "-H" behind it where the driver tells the two apart; NONE for none.
    """

    pch: str
    how: str


class Driver(Protocol):
    """One driver of one version."""

    @property
    def name(self) -> str:
        """As guest.driver says it."""
        ...

    @property
    def known(self) -> Known:
        """How well it is known what it reads."""
        ...

    def probe(self, config: Config) -> Found:
        """Read what it reads, and conclude."""
        ...


class Seen(Struct, frozen=True):
    """A function as the bus scan keeps it; ``kind`` is base class << 8 | sub-class, ``subsystem`` id << 16 | vendor."""

    bdf: int
    vendor: int
    device: int
    kind: int
    subsystem: int

    def __str__(self) -> str:
        """Ids and place, as people write them."""
        place = f"{self.bdf >> 8:02x}:{self.bdf >> 3 & 31:02x}.{self.bdf & 7}"
        return f"{self.vendor:04x}:{self.device:04x} at {place}"


def scanned(config: Config, bus: int = 0) -> Iterator[Seen]:
    """Every function, in the order in which Linux adds them: a bus by device and function, then what is behind it.

    Source: Linux drivers/pci/probe.c (pci_scan_child_bus_extend, pci_setup_device). Buses have their numbers already.
    """
    behind = []
    for device in range(32):
        functions = 1
        for function in range(8):
            bdf = bus << 8 | device << 3 | function
            if function >= functions:
                break
            ids = config.read(bdf, 0x00, 4)
            if ids & 0xFFFF in (_NOBODY, 0):
                continue
            header = config.read(bdf, 0x0E, 1)
            functions = 8 if not function and header & _MULTI else functions
            kind = config.read(bdf, 0x08, 4) >> 16
            bridge = header & _LAYOUT == _TO_PCI
            subsystem = 0 if bridge else config.read(bdf, 0x2C, 4)
            if bridge and config.read(bdf, 0x19, 1) > bus:
                behind.append(config.read(bdf, 0x19, 1))
            yield Seen(bdf, ids & 0xFFFF, ids >> 16, kind, subsystem)
    for number in behind:
        yield from scanned(config, number)
