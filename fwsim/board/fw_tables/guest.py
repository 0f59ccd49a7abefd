"""What of a guest its firmware is told: machine, memory, CPUs, and the options that fw_cfg carries."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from fwsim.firmware.qemu_smbios import QEMU64
from fwsim.firmware.request import IGD_BDF, LATEST
from fwsim.memory.e820 import E820Type
from fwsim.memory.ramsplit import FOUR_GIB, HOLE64
from fwsim.memory.ranges import align_up

_GIB = 1 << 30


class Guest(Struct, frozen=True):
    """One guest.

    ``machine`` is "pc" or "q35", ``e820`` the rows of `etc/e820`, (start, size, type); ``release`` the numbers of
    QEMU's; ``functions`` the bdfs of what is plugged in, the chipset's own apart. ``cpuid``: EAX and EDX of leaf 1;
    ``uuid``: 16 bytes, all 0 for none. ``ecam``: the base in a q35's PCIEXBAR, None while it is off; a table that
    describes it is there only then. ``acpi``: the tables (-no-acpi leaves them out). ``boot``: OpenFirmware paths,
    first first; ``menu``: the boot menu is offered (-boot menu=on), for ``menu_wait`` ms (None: the firmware's own
    time). ``s3`` and ``s4``: the guest may sleep so.
    """

    machine: str
    e820: Sequence[tuple[int, int, int]]
    cpus: int = 1
    max_cpus: int = 0
    release: tuple[int, ...] = LATEST
    functions: tuple[int, ...] = (IGD_BDF,)
    cpuid: tuple[int, int] = QEMU64
    uuid: bytes = bytes(16)
    ecam: int | None = None
    acpi: bool = True
    boot: tuple[str, ...] = ()
    menu: bool = False
    menu_wait: int | None = None
    s3: bool = True
    s4: bool = True

    @property
    def ram(self) -> list[tuple[int, int]]:
        """(start, size) of RAM."""
        return [(start, size) for start, size, kind in self.e820 if kind == E820Type.RAM]

    @property
    def low(self) -> int:
        """The end of RAM below 4 GiB."""
        return max((start + size for start, size in self.ram if start < FOUR_GIB), default=0)

    @property
    def slots(self) -> int:
        """How many CPUs there can be: -smp maxcpus."""
        return max(self.cpus, self.max_cpus)

    def window64(self) -> tuple[int, int]:
        """(start, end) of the 64-bit PCI window: from the GiB behind RAM on (QEMU i440fx.c and q35.c, pci_hole64)."""
        start = align_up(max(FOUR_GIB, *(at + size for at, size in self.ram), 0), _GIB)
        return start, start + HOLE64[self.machine]
