"""The rest of a PC, rarely used, answers in Python: CMOS, keyboard controller, debug port."""

from collections.abc import Callable
from typing import Any, ClassVar, Protocol


class PortDevice(Protocol):
    """A device behind ports that native code hands to Python."""

    ports: tuple[int, ...]

    def read(self, port: int, width: int) -> int:
        """The value an IN of ``width`` bytes gives."""
        ...

    def write(self, port: int, width: int, value: int) -> None:
        """An OUT of ``width`` bytes."""
        ...

    def snapshot(self) -> object:
        """What a snapshot keeps."""
        ...

    def restore(self, state: Any) -> None:
        """Go back to it."""
        ...


class Cmos:
    """CMOS RAM and clock at 70h/71h: a fixed date, the memory sizes in their usual bytes (QEMU hw/i386/pc.c)."""

    ports: tuple[int, ...] = (0x70, 0x71)

    def __init__(self, low: int, high: int) -> None:
        self.index = 0
        self.bytes = bytearray(128)
        for at, value in ((0x04, 0x12), (0x06, 7), (0x07, 1), (0x08, 1), (0x09, 0x22), (0x32, 0x20)):
            self.bytes[at] = value
        self.bytes[0x0A], self.bytes[0x0B], self.bytes[0x0D] = 0x26, 0x02, 0x80
        self.bytes[0x14] = 0x06  # equipment: FPU, mouse
        below_16m = min(max(low - (1 << 20), 0), 0xFFFF << 10) >> 10
        self.bytes[0x15:0x17] = (640).to_bytes(2, "little")
        self.bytes[0x17:0x19] = self.bytes[0x30:0x32] = below_16m.to_bytes(2, "little")
        self.bytes[0x34:0x36] = min(max(low - (16 << 20), 0) >> 16, 0xFFFF).to_bytes(2, "little")
        self.bytes[0x5B:0x5E] = (high >> 16 & 0xFFFFFF).to_bytes(3, "little")

    def read(self, port: int, width: int) -> int:
        """The selected byte; the index port cannot be read."""
        return self.bytes[self.index] if port == 0x71 else 0xFF

    def write(self, port: int, width: int, value: int) -> None:
        """Select a byte, or store it."""
        if port == 0x70:
            self.index = value & 0x7F
        elif self.index not in (0x0C, 0x0D):
            self.bytes[self.index] = value & 0xFF

    def snapshot(self) -> object:
        """Index and bytes."""
        return (self.index, bytes(self.bytes))

    def restore(self, state: Any) -> None:
        """Go back to it."""
        self.index, data = state
        self.bytes = bytearray(data)


_PULSE_RESET = 0xFE
"""Pulse output line 0: the CPU's reset (IBM PC AT Technical Reference, keyboard controller)."""


class KeyboardController:
    """An 8042 with nobody typing: self-test 55h, interface test 0, output port with A20 on, commands acknowledged.

    ``reset`` is called where code has it reset the machine.
    """

    ports: tuple[int, ...] = (0x60, 0x64)
    _ANSWERS: ClassVar[dict[int, int]] = {0xAA: 0x55, 0xAB: 0x00, 0xA9: 0x00, 0xC0: 0x80, 0xD0: 0x03}

    def __init__(self, reset: Callable[[], object] = lambda: None) -> None:
        self._reset = reset
        self._output: list[int] = []
        self._command = 0
        self._byte = 0x61

    def read(self, port: int, width: int) -> int:
        """60h: the next answer; 64h: bit 0 output full, bit 2 self-test passed, bit 4 not locked."""
        if port == 0x64:
            return 0x1C | bool(self._output)
        return self._output.pop(0) if self._output else 0

    def write(self, port: int, width: int, value: int) -> None:
        """64h: a command; 60h: its parameter, or a byte to the keyboard, which answers FAh."""
        if port == 0x64:
            self._command = value if value in (0x60, 0xD1, 0xD2, 0xD3, 0xD4) else 0
            if value == 0x20:
                self._output.append(self._byte)
            elif value == _PULSE_RESET:
                self._reset()
            elif value in self._ANSWERS:
                self._output.append(self._ANSWERS[value])
            return
        command, self._command = self._command, 0
        if command == 0x60:
            self._byte = value & 0xFF
        elif command in (0xD2, 0xD3):
            self._output.append(value & 0xFF)
        elif not command:
            self._output += [0xFA, 0xAA] if value == 0xFF else [0xFA]

    def snapshot(self) -> object:
        """Pending answers and the command they wait for."""
        return (list(self._output), self._command, self._byte)

    def restore(self, state: Any) -> None:
        """Go back to it."""
        output, self._command, self._byte = state
        self._output = list(output)


class DebugPort:
    """Bochs/QEMU debug console at 402h: reads E9h, what is written is text. 500h and 80h are write-only neighbours."""

    ports: tuple[int, ...] = (0x402,)

    def __init__(self, line: Callable[[str], None]) -> None:
        self._line = line
        self._text = bytearray()

    def read(self, port: int, width: int) -> int:
        """E9h says that the console is there."""
        return 0xE9

    def write(self, port: int, width: int, value: int) -> None:
        """One character; a line is handed on at its end."""
        if value & 0xFF == 10:
            self._line(self._text.decode("latin1"))
            self._text.clear()
        else:
            self._text.append(value & 0xFF)

    def snapshot(self) -> object:
        """The unfinished line."""
        return bytes(self._text)

    def restore(self, state: Any) -> None:
        """Go back to it."""
        self._text = bytearray(state)
