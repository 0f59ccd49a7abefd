"""One event: the fixed-size record that everything else is a view of."""

from enum import IntEnum, IntFlag

import numpy as np


class Actor(IntEnum):
    """Who acted. guest: code that is neither the ROM's nor the firmware's, a program on a machine without both."""

    ROM = 0
    FIRMWARE = 1
    HYPERVISOR = 2
    DEVICE = 3
    IOMMU = 4
    HOST = 5
    DRIVER = 6
    GUEST = 7


class Space(IntEnum):
    """Which address space ``address`` is in.

    gtt: byte offset in the GTT, whichever way it was reached (the index port holds ``address | 1``).
    pci: the ECAM address, bus<<20 | device<<15 | function<<12 | offset. interrupt: the vector of a call or return; of
    a write or note the wire, PIN + 1 (INTA) to 4, IRQ + number or GSI + number, or the address that a message goes to.
    A write is a level or a message's data; a hypervisor's note that it masked (1) or unmasked (0) the pin, code's that
    it wrote an end of interrupt.
    """

    PORT = 0
    MEMORY = 1
    PCI = 2
    MMIO = 3
    GTT = 4
    IOMMU = 5
    INTERRUPT = 6
    EFI = 7


PIN, IRQ, GSI = 0x100, 0x200, 0x300
"""Interrupt wires: a device's pin, an input of the 8259As, a pin of the I/O APIC."""


class Op(IntEnum):
    """What was done."""

    READ = 0
    WRITE = 1
    CALL = 2
    RETURN = 3
    NOTE = 4


class Flag(IntFlag):
    """What happened to the access on its way."""

    REWRITTEN = 1
    EMULATED = 2
    MIRRORED = 4
    FAULTED = 8
    UNHANDLED = 16
    ASSISTED = 32
    INDEXED = 64


EVENT = np.dtype(
    [
        ("seq", "<u8"),  # from 1; 0 is a record never written
        ("time_ns", "<u8"),  # virtual nanoseconds since reset
        ("ip", "<u8"),  # the accessing instruction's own offset in cs; 0 where no code did it
        ("address", "<u8"),
        ("value", "<u8"),  # what reached the device or the reader
        ("aux", "<u8"),  # what it was before the hypervisor changed it; equal to value when it did not
        ("cs", "<u2"),
        ("flags", "<u2"),
        ("actor", "u1"),
        ("space", "u1"),
        ("op", "u1"),
        ("width", "u1"),  # bytes
    ]
)

ENUMS: dict[str, type[IntEnum]] = {"actor": Actor, "space": Space, "op": Op}
NAMES: dict[str, dict[str, int]] = {
    column: {member.name.lower(): int(member) for member in kind if member.name}
    for column, kind in (ENUMS | {"flags": Flag}).items()
}
"""What the numbers, and the bits of ``flags``, are called wherever a user reads or writes them."""


def flag_names(flags: int) -> list[str]:
    """The names of the set flag bits, lower case, lowest bit first."""
    return [name for name, bit in NAMES["flags"].items() if flags & bit]
