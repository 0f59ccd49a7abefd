"""QEMU's edu device, a teaching device with a DMA engine: its register memory, and where its transfers lead.

Source: QEMU docs/specs/edu.rst, and what qemu-system-x86_64 7.2.22 answered to qtest (tests/devices/test_edu.py asks it
again). The document says none of these, which were measured: accesses of 1 and 2 bytes read 0 and are dropped, and one
that is not aligned is several of fewer bytes; of a register that is none, all ones are read; 00h to 7Fh take 4 bytes
alone; a command without its start bit is not kept; while a transfer runs its registers take no write; what is read from
nowhere is 0. A range that is empty, or has the buffer's last byte in it, ends QEMU ("DMA range ... out of bounds"):
here such a command does nothing.

Otherwise than in QEMU a transfer and a factorial have ended when the write that starts them returns: QEMU's take 100 ms
and a thread of their own.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

VENDOR, DEVICE = 0x1234, 0x11E8
ID = 0x010000ED
BAR_BYTES = 0x100000
_ID, _LIVE, _FACTORIAL, _STATUS, _IRQ, _RAISE, _LOWER = 0x00, 0x04, 0x08, 0x20, 0x24, 0x60, 0x64
_SOURCE, _TARGET, _COUNT, _COMMAND = 0x80, 0x88, 0x90, 0x98
_DMA = (_SOURCE, _TARGET, _COUNT)
_SMALL_END = 0x80
"""Below it, registers are of 4 bytes."""
BUFFER, BUFFER_BYTES = 0x40000, 0x1000
_START, _FROM_DEVICE, _INTERRUPT = 1, 2, 4
_IRQ_FACTORIAL, IRQ_DMA = 0x001, 0x100
_STATUS_INTERRUPT = 0x80
WIDE_MASK = (1 << 32) - 1
"""-device edu,dma_mask=0xffffffff: with QEMU's default of 28 bits no RAM of an Arm guest is within reach."""


class Memory(Protocol):
    """What the device's DMA reaches."""

    def read(self, address: int, size: int) -> bytes | None:
        """``size`` bytes from bus address ``address`` on; None: it leads nowhere."""
        ...

    def write(self, address: int, data: bytes) -> bool:
        """Whether ``data`` reached memory."""
        ...


class EduState(NamedTuple):
    """What a snapshot of an ``Edu`` keeps."""

    live: int
    factorial: int
    status: int
    irq: int
    dma: tuple[int, ...]
    buffer: bytes


class Edu:
    """The device's BAR0, 1 MiB. ``memory`` is what its DMA reaches; ``mask``: the address bits that it has.

    ``interrupts`` is its interrupt status: bit 0 a factorial, bit 8 a transfer, others by 60h.
    """

    def __init__(self, memory: Memory, mask: int = WIDE_MASK) -> None:
        self.memory = memory
        self.mask = mask
        self.interrupts = 0
        self._live = self._factorial = self._status = 0
        self._dma = dict.fromkeys((*_DMA, _COMMAND), 0)
        self._buffer = bytearray(BUFFER_BYTES)

    def read(self, offset: int, width: int) -> int:
        """``width`` bytes at ``offset``, little-endian."""
        value = 0
        for at, size, shift in _parts(offset, width):
            value |= self._read(at, size) << shift
        return value

    def write(self, offset: int, width: int, value: int) -> None:
        """A write; one to the command with its start bit moves data."""
        for at, size, shift in _parts(offset, width):
            self._write(at, size, value >> shift & (1 << 8 * size) - 1)

    def _read(self, offset: int, size: int) -> int:
        ones = (1 << 8 * size) - 1
        if offset >= _SMALL_END:
            return self._dma.get(offset, ones) & ones
        small = {
            _ID: ID, _LIVE: self._live, _FACTORIAL: self._factorial, _STATUS: self._status, _IRQ: self.interrupts,
        }  # fmt: skip
        return small.get(offset, ones) if size == 4 else ones

    def _write(self, offset: int, size: int, value: int) -> None:
        if offset in _DMA:
            self._dma[offset] = value
        elif offset == _COMMAND and value & _START:
            self._dma[_COMMAND] = value & ~_START
            self._transfer(value)
        elif size == 4:
            self._write_small(offset, value)

    def _write_small(self, offset: int, value: int) -> None:
        if offset == _LIVE:
            self._live = ~value & 0xFFFFFFFF
        elif offset == _FACTORIAL:
            self._factorial = _factorial(value)
            if self._status & _STATUS_INTERRUPT:
                self.interrupts |= _IRQ_FACTORIAL
        elif offset == _STATUS:
            self._status = value & _STATUS_INTERRUPT
        elif offset == _RAISE:
            self.interrupts |= value
        elif offset == _LOWER:
            self.interrupts &= ~value

    def _transfer(self, command: int) -> None:
        """Count bytes from source to target, one of them in the buffer, the other on the bus."""
        out = bool(command & _FROM_DEVICE)
        own, bus = self._dma[_SOURCE if out else _TARGET], self._dma[_TARGET if out else _SOURCE] & self.mask
        count = self._dma[_COUNT]
        first = own - BUFFER
        last = first + count - 1
        if not (0 <= first < BUFFER_BYTES - 1 and 0 <= last < BUFFER_BYTES - 1):
            return
        if out:
            self.memory.write(bus, bytes(self._buffer[first : last + 1]))
        else:
            self._buffer[first : last + 1] = self.memory.read(bus, count) or bytes(count)
        if command & _INTERRUPT:
            self.interrupts |= IRQ_DMA

    def snapshot(self) -> EduState:
        """Everything that ``restore`` needs."""
        return EduState(
            self._live, self._factorial, self._status, self.interrupts, tuple(self._dma.values()), bytes(self._buffer)
        )

    def restore(self, state: EduState) -> None:
        """Go back to ``state``."""
        self._live, self._factorial, self._status, self.interrupts = state[:4]
        self._dma = dict(zip(self._dma, state.dma, strict=True))
        self._buffer[:] = state.buffer


def _parts(offset: int, width: int) -> list[tuple[int, int, int]]:
    """What QEMU's memory core makes of one access: (offset, bytes, shift of the value) of each, as aligned as it is.

    Those of 1 and 2 bytes the device does not take, and behind its end there is none.
    """
    found, at, end = [], offset, offset + width
    while at < min(end, BAR_BYTES):
        size = min(at & -at or 8, 8, 1 << (end - at).bit_length() - 1)
        if size >= 4:
            found.append((at, size, 8 * (at - offset)))
        at += size
    return found


def _factorial(number: int) -> int:
    """``number``! in 32 bits: 0 from 34 on, whose factorial has 32 factors of 2."""
    if number >= 34:
        return 0
    value = 1
    for factor in range(2, number + 1):
        value *= factor
    return value & 0xFFFFFFFF
