"""YABEL's POST memory manager: one segment of conventional memory, ten areas.

Source: coreboot f0f911824b, src/device/oprom/yabel/pmm.c.
"""

from __future__ import annotations

import struct
from typing import Any

from msgspec import Struct

from fwsim.environment.bios.context import Context
from fwsim.environment.bios.tables import checked

PMM_INT = 0xFC
"""The INT behind the entry point: CD FC CB."""
_SEGMENT, _FIRST, _END, _MOST = 0x4000, 0x100, 0xFFFF, 10
_CONVENTIONAL, _ALIGNED = 1, 4
_UNSUPPORTED = 0xFFFFFFFF


def pmm_structure() -> bytes:
    """$PMM at F000:0000, its code behind it at 0010."""
    return checked(struct.pack("<4sBBBHH5s", b"$PMM", 1, 16, 0, 0x10, 0xF000, bytes(5)), 6) + b"\xcd\xfc\xcb"


class _Area(Struct, frozen=True):
    handle: int
    offset: int
    length: int


class YabelPmm:
    """What it handed out, in order."""

    def __init__(self) -> None:
        self.areas: list[_Area] = []

    def snapshot(self) -> Any:
        """For a snapshot."""
        return tuple(self.areas)

    def restore(self, state: Any) -> None:
        """Go back to it."""
        self.areas = list(state)

    def call(self, c: Context) -> int:
        """DX:AX of the call whose words lie on the stack behind the INT's frame and the far return address."""
        stack = (c.get("ss") << 4) + (c.get("sp") + 10 & 0xFFFF)
        function, first, second = (c.ram.word(stack + at, size) for at, size in ((0, 2), (2, 4), (6, 4)))
        if function == 0:
            return self._allocate(first * 16 & 0xFFFFFFFF, second, c.ram.word(stack + 10, 2))
        if function == 1:
            return next((_SEGMENT << 16 | each.offset for each in reversed(self.areas) if each.handle == first), 0)
        return self._free(first) if function == 2 else _UNSUPPORTED

    def _allocate(self, length: int, handle: int, flags: int) -> int:
        """Nothing above 1 MiB; for 0 bytes, how many there are."""
        if not flags & _CONVENTIONAL or len(self.areas) >= _MOST:
            return 0
        at = self.areas[-1].offset + self.areas[-1].length if self.areas else _FIRST
        if not length:
            return _END - at
        align = max(length & -length if flags & _ALIGNED else 0, 16)
        at = at + align & -align if at % align else at
        if at + length > _END:
            return 0
        self.areas.append(_Area(handle, at, length))
        return _SEGMENT << 16 | at

    def _free(self, buffer: int) -> int:
        """0 where it was given, 1 where not."""
        offset = buffer ^ _SEGMENT << 16
        found = next((each for each in self.areas if each.offset == offset), None)
        if found is None:
            return 1
        self.areas.remove(found)
        return 0
