"""GraphicsOutput is used as a boot manager does: its modes, a mode set, and where the frame buffer is.

Source: UEFI Specification 2.10, 12.9.
"""

from __future__ import annotations

from msgspec import Struct

from fwsim.environment.uefi.uefi import Uefi
from fwsim.environment.uefi.words import GRAPHICS_OUTPUT, PCI_IO

_MODE = 24
"""Offset of the mode structure's pointer, behind QueryMode, SetMode and Blt."""
BLT_FILL, BLT_TO_SCREEN = 0, 2
FORMATS = ("RGBX8888", "BGRX8888", "bit mask", "Blt only")


class Mode(Struct, frozen=True):
    """One mode: pixels across and down, those of a line in memory, and the pixel format's name."""

    number: int
    width: int
    height: int
    line: int
    format: str


class Gop:
    """One GraphicsOutput protocol, on ``handle``."""

    def __init__(self, uefi: Uefi, handle: int, interface: int) -> None:
        self._uefi, self.handle, self.interface = uefi, handle, interface
        self._scratch = uefi.memory.new(bytes(16))

    @property
    def _state(self) -> int:
        return self._uefi.number(self.interface + _MODE)

    @property
    def count(self) -> int:
        """How many modes there are."""
        return self._uefi.number(self._state, 4)

    @property
    def mode(self) -> int:
        """The number of the mode that is set."""
        return self._uefi.number(self._state + 4, 4)

    @property
    def base(self) -> int:
        """Address of the frame buffer."""
        return self._uefi.number(self._state + 24)

    @property
    def size(self) -> int:
        """Bytes of the frame buffer."""
        return self._uefi.number(self._state + 32)

    @property
    def current(self) -> Mode:
        """The mode that is set, as the protocol's structure has it."""
        return self._info(self.mode, self._uefi.number(self._state + 8))

    def query(self, number: int) -> tuple[int, Mode | None]:
        """(status, mode) of QueryMode."""
        status = self._call(0, number, self._scratch, self._scratch + 8)
        return status, None if status else self._info(number, self._uefi.number(self._scratch + 8))

    def set(self, number: int) -> int:
        """The status of SetMode."""
        return self._call(1, number)

    def fill(self, colour: int, width: int, height: int) -> int:
        """The status of a Blt that fills the screen."""
        pixel = self._uefi.memory.new(colour.to_bytes(4, "little"))
        return self._call(2, pixel, BLT_FILL, 0, 0, 0, 0, width, height, 0)

    def _call(self, number: int, *arguments: int) -> int:
        return self._uefi.call(self._uefi.number(self.interface + 8 * number), self.interface, *arguments)

    def _info(self, number: int, at: int) -> Mode:
        width, height, kind = (self._uefi.number(at + 4 * word, 4) for word in (1, 2, 3))
        line = self._uefi.number(at + 32, 4)
        return Mode(number, width, height, line, FORMATS[kind] if kind < len(FORMATS) else str(kind))


def found(uefi: Uefi) -> list[Gop]:
    """Every GraphicsOutput there is, those of a device's own child first."""
    handles = uefi.handles.with_protocol(GRAPHICS_OUTPUT)
    rows = [Gop(uefi, handle, uefi.handles.interface(handle, GRAPHICS_OUTPUT) or 0) for handle in handles]
    return sorted(rows, key=lambda gop: PCI_IO in uefi.handles.all[gop.handle])
