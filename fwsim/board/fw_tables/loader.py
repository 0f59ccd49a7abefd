"""QEMU's table loader: files, and the commands by which firmware puts them into memory and joins them.

Source: QEMU hw/acpi/bios-linker-loader.c: commands of 128 bytes, little-endian, names of 56. SeaBIOS
src/fw/romfile_loader.c and OVMF's AcpiPlatformDxe/QemuFwCfgAcpi.c execute them in order.
"""

from __future__ import annotations

import struct
from enum import IntEnum

COMMAND_SIZE = 128
_NAME = 56


class Zone(IntEnum):
    """Where a file goes: anywhere high, or F0000-FFFFF."""

    HIGH = 1
    FSEG = 2


class Command(IntEnum):
    """What firmware is to do."""

    ALLOCATE = 1
    ADD_POINTER = 2
    ADD_CHECKSUM = 3


class Loader:
    """The commands, in the order in which they are to be executed."""

    def __init__(self) -> None:
        self._commands: list[bytes] = []

    def allocate(self, name: str, align: int, zone: Zone) -> None:
        """Copy the file ``name`` to memory of ``zone``, at a multiple of ``align``."""
        self._add(struct.pack(f"<I{_NAME}sIB", Command.ALLOCATE, name.encode(), align, zone))

    def add_pointer(self, name: str, offset: int, to: str, size: int = 4) -> None:
        """Add the address of the file ``to`` to the ``size`` bytes at ``offset``, which hold an offset into it."""
        names = name.encode(), to.encode()
        self._add(struct.pack(f"<I{_NAME}s{_NAME}sIB", Command.ADD_POINTER, *names, offset, size))

    def add_checksum(self, name: str, offset: int, start: int, length: int) -> None:
        """Make the sum of ``length`` bytes from ``start`` on 0 by the byte at ``offset``, which is 0 till then."""
        self._add(struct.pack(f"<I{_NAME}sIII", Command.ADD_CHECKSUM, name.encode(), offset, start, length))

    def file(self, multiple: int) -> bytes:
        """`etc/table-loader`: zeros, which are no command, up to a multiple of ``multiple``."""
        data = b"".join(self._commands)
        return data + bytes(-len(data) % multiple)

    def _add(self, command: bytes) -> None:
        self._commands.append(command.ljust(COMMAND_SIZE, b"\0"))
