"""A PC's two 8237A DMA controllers with their page registers, as far as a device's transfers and read-backs need them.

Sources: Intel 8237A data sheet (base and current registers, first/last flip-flop, mode, mask, status, master clear);
IBM PC AT Technical Reference (page registers, which channel has which port; the second controller counts words). Where
QEMU's hw/dma/i8257.c does otherwise than the chip it is as there: a transfer goes on beyond 64 KiB, no channel is
loaded anew by itself, and 09h and D2h give the mask as it was written, of eight bits after a master clear.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct, field, to_builtins

Serve = Callable[[int], int]
"""A device's part in a transfer: the bytes that the channel is programmed for, to those that were moved."""

_PAGES = {0x87: 0, 0x83: 1, 0x81: 2, 0x82: 3, 0x8F: 4, 0x8B: 5, 0x89: 6, 0x8A: 7}
_UNSUPPORTED = 0xFB
"""Bits of the command register other than the controller's own disable: QEMU refuses such a word."""


class Channel(Struct):
    """One channel. ``address`` and ``count`` as they were written, in its own unit; ``moved``: bytes since then."""

    address: int = 0
    count: int = 0
    moved: int = 0
    mode: int = 0
    page: int = 0


class Controller(Struct):
    """One 8237A. ``shift``: 0 where it counts bytes, 1 words."""

    shift: int
    channels: list[Channel] = field(default_factory=lambda: [Channel() for _ in range(4)])
    command: int = 0
    status: int = 0
    mask: int = 0xFF
    high: bool = False

    def register(self, number: int) -> int:
        """One byte of a current address (even) or count (odd), low and high by turns."""
        channel = self.channels[number >> 1]
        if number & 1:
            value = (channel.count << self.shift) - channel.moved
        else:
            value = (channel.address << self.shift) + channel.moved * (-1 if channel.mode & 0x20 else 1)
        value >>= self.shift + 8 * self._turn()
        return value & 0xFF

    def load(self, number: int, value: int) -> None:
        """One byte of an address or count, low and high by turns: the current registers follow with the high one."""
        channel = self.channels[number >> 1]
        name = "count" if number & 1 else "address"
        held = getattr(channel, name)
        if self._turn():
            setattr(channel, name, held & 0xFF | value << 8)
            channel.moved = 0
        else:
            setattr(channel, name, held & 0xFF00 | value)

    def _turn(self) -> bool:
        high, self.high = self.high, not self.high
        return high

    def control(self, number: int, value: int) -> None:
        """The registers from 8 on: command, request, mask bit, mode, flip-flop, master clear, masks."""
        bit = 1 << (value & 3)
        if number == 0 and not value & _UNSUPPORTED:
            self.command = value
        elif number == 1:
            self.status = self.status & ~(bit << 4) & ~bit | (bit << 4 if value & 4 else 0)
        elif number == 2:
            self.mask = self.mask | bit if value & 4 else self.mask & ~bit
        elif number == 3:
            self.channels[value & 3].mode = value
        elif number == 4:
            self.high = False
        elif number == 5:
            self.high, self.mask, self.status, self.command = False, 0xFF, 0, 0
        elif number == 6:
            self.mask = 0
        elif number == 7:
            self.mask = value

    def told(self, number: int) -> int:
        """What the registers from 8 on read: status, whose terminal counts a read clears, and the mask."""
        if number == 0:
            value, self.status = self.status, self.status & 0xF0
            return value
        return self.mask if number == 1 else 0


class Dma:
    """Channels 0 to 3 and 4 to 7. ``store`` puts a device's bytes at a physical address."""

    ports: tuple[int, ...] = (*range(0x10), *_PAGES, *range(0xC0, 0xE0, 2))

    def __init__(self, store: Callable[[int, bytes], None]) -> None:
        self._store = store
        self._controllers = [Controller(0), Controller(1)]
        self._devices: dict[int, Serve] = {}

    # --- a device's side -------------------------------------------------------------------------------------------
    def connect(self, channel: int, serve: Serve) -> None:
        """Give ``channel`` its device, which is asked once its request meets an open mask."""
        self._devices[channel] = serve

    def request(self, channel: int, on: bool) -> None:
        """DREQ: the device wants its transfer, or no longer."""
        controller, bit = self._controllers[channel >> 2], 0x10 << (channel & 3)
        controller.status = controller.status | bit if on else controller.status & ~bit
        self._run()

    def write_memory(self, channel: int, position: int, data: bytes) -> None:
        """Bytes from a device, ``position`` bytes after the address that the channel was given."""
        controller = self._controllers[channel >> 2]
        each = controller.channels[channel & 3]
        start = (each.page << 16) + (each.address << controller.shift)
        if each.mode & 0x20:
            self._store(start - position - len(data) + 1, data[::-1])
        else:
            self._store(start + position, data)

    def _run(self) -> None:
        """Every channel whose device asks and whose mask is open."""
        for channel, serve in self._devices.items():
            controller, bit = self._controllers[channel >> 2], 1 << (channel & 3)
            if controller.mask & bit or not controller.status & bit << 4:
                continue
            each = controller.channels[channel & 3]
            wanted = (each.count + 1) << controller.shift
            each.moved = serve(wanted)
            if each.moved == wanted:
                controller.status |= bit

    # --- ports -----------------------------------------------------------------------------------------------------
    def read(self, port: int, width: int) -> int:
        """A page, or a register of one of the controllers."""
        if port in _PAGES:
            return self._page(port).page
        controller, number = self._register(port)
        return controller.told(number - 8) if number >= 8 else controller.register(number)

    def write(self, port: int, width: int, value: int) -> None:
        """The same, written; whoever waited for a mask goes on."""
        value &= 0xFF
        if port in _PAGES:
            self._page(port).page = value
            return
        controller, number = self._register(port)
        if number < 8:
            controller.load(number, value)
            return
        controller.control(number - 8, value)
        if number in (9, 10, 14, 15):
            self._run()

    def _page(self, port: int) -> Channel:
        channel = _PAGES[port]
        return self._controllers[channel >> 2].channels[channel & 3]

    def _register(self, port: int) -> tuple[Controller, int]:
        return (self._controllers[0], port) if port < 0x10 else (self._controllers[1], port - 0xC0 >> 1)

    # --- snapshots -------------------------------------------------------------------------------------------------
    def snapshot(self) -> object:
        """Everything of both."""
        return [to_builtins(controller) for controller in self._controllers]

    def restore(self, state: Any) -> None:
        """Go back to it."""
        self._controllers = [
            Controller(**(saved | {"channels": [Channel(**each) for each in saved["channels"]]})) for saved in state
        ]
