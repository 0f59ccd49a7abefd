"""How does PCI configuration behave? CF8/CFC, the functions of bus 0, the bits a hypervisor answers in their place."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from fwsim.native import R_PCI, TRAP_PCI_WRITE, address_of, callback, native, trap, u8s, u32s, u64s
from fwsim.trace.event import Flag, Op, Space
from fwsim.trace.progress import seen
from fwsim.trace.record import record

SLOTS = 16
DWORDS = 1024  # of a function's configuration space (PCI Express: 4 KiB)
P_ADDRESS, P_DEVFN, P_VALUE, P_WRITABLE, P_CLEAR, P_EMULATED, P_ANSWER, P_ANSWER_WRITABLE, P_TRAP, PCI_WORDS = range(10)
_READ, _WRITE = int(Op.READ), int(Op.WRITE)
_PORT, _PCI = int(Space.PORT), int(Space.PCI)
_EMULATED = int(Flag.EMULATED)


@native
def _mask(size: int) -> Any:
    return (np.uint64(1) << np.uint64(8 * size)) - np.uint64(1)


@native
def pci_address_out(root: int, port: int, size: int, value: int) -> None:
    """OUT to CF8: a dword is the address register; anything narrower is not the mechanism's (PCI 3.0, 3.2.2.3.2)."""
    pci = u64s(u64s(root)[R_PCI])
    if size == 4 and port == 0xCF8:
        pci[P_ADDRESS] = np.uint64(value)
    record(root, _PORT, _WRITE, size, port, value, value, 0)


@native
def pci_address_in(root: int, port: int, size: int) -> Any:
    """IN from CF8."""
    pci = u64s(u64s(root)[R_PCI])
    value = (pci[P_ADDRESS] >> np.uint64(8 * (port - 0xCF8))) & _mask(size)
    return record(root, _PORT, _READ, size, port, value, value, 0)


@native
def pci_data_in(root: int, port: int, size: int) -> Any:
    """IN from CFC-CFF: a configuration read, recorded as such. Where nothing answers: all ones."""
    pci = u64s(u64s(root)[R_PCI])
    address = pci[P_ADDRESS]
    lane = np.uint64(port & 3)
    ecam = ((address & np.uint64(0xFFFF00)) << np.uint64(4)) | (address & np.uint64(0xFC)) | lane
    value = _mask(size)
    real = value
    flags = 0
    slot = np.uint64(u8s(pci[P_DEVFN])[(address >> np.uint64(8)) & np.uint64(0xFF)])
    if address >> np.uint64(31) and address & np.uint64(0xFF0000) == np.uint64(0) and slot:
        at = (slot - np.uint64(1)) * np.uint64(DWORDS) + ((address & np.uint64(0xFC)) >> np.uint64(2))
        shift = lane * np.uint64(8)
        held = np.uint64(u32s(pci[P_VALUE])[at])
        emulated = np.uint64(u32s(pci[P_EMULATED])[at])
        answer = (held & ~emulated) | (np.uint64(u32s(pci[P_ANSWER])[at]) & emulated)
        value = (answer >> shift) & _mask(size)
        real = (held >> shift) & _mask(size)
        if (emulated >> shift) & _mask(size):
            flags = _EMULATED
    value = record(root, _PCI, _READ, size, ecam, value, real, flags)
    seen(root, (2 << 32) | ecam, value, False)
    return value


@native
def pci_data_out(root: int, port: int, size: int, value: int) -> None:
    """OUT to CFC-CFF: a configuration write. Writable bits change, W1C bits clear, emulated bits stay software."""
    pci = u64s(u64s(root)[R_PCI])
    address = pci[P_ADDRESS]
    lane = np.uint64(port & 3)
    ecam = ((address & np.uint64(0xFFFF00)) << np.uint64(4)) | (address & np.uint64(0xFC)) | lane
    slot = np.uint64(u8s(pci[P_DEVFN])[(address >> np.uint64(8)) & np.uint64(0xFF)])
    flags = 0
    act = False
    old = np.uint64(0)
    if address >> np.uint64(31) and address & np.uint64(0xFF0000) == np.uint64(0) and slot:
        at = (slot - np.uint64(1)) * np.uint64(DWORDS) + ((address & np.uint64(0xFC)) >> np.uint64(2))
        shift = lane * np.uint64(8)
        lanes = _mask(size) << shift
        data = (np.uint64(value) & _mask(size)) << shift
        emulated = np.uint64(u32s(pci[P_EMULATED])[at])
        values = u32s(pci[P_VALUE])
        old = np.uint64(values[at])
        change = lanes & ~emulated & np.uint64(u32s(pci[P_WRITABLE])[at])
        clear = lanes & ~emulated & np.uint64(u32s(pci[P_CLEAR])[at]) & data
        values[at] = np.uint32(((old & ~change) | (data & change)) & ~clear)
        if emulated & lanes:
            flags = _EMULATED
            answers = u32s(pci[P_ANSWER])
            change = lanes & emulated & np.uint64(u32s(pci[P_ANSWER_WRITABLE])[at])
            answers[at] = np.uint32((np.uint64(answers[at]) & ~change) | (data & change))
        act = u8s(pci[P_TRAP])[at] != 0
    record(root, _PCI, _WRITE, size, ecam, value, value, flags)
    seen(root, (2 << 32) | ecam, value, False)
    if act:
        trap(root, TRAP_PCI_WRITE, slot - np.uint64(1), address & np.uint64(0xFC), old)


@callback(types.void(types.uint64, types.uint32, types.int32, types.uint32))
def config_write(root: int, port: int, size: int, value: int) -> None:
    """``pci_data_out`` for callers in Python."""
    pci_data_out(root, port, size, value)


@callback(types.uint64(types.uint64, types.uint32, types.int32))
def config_read(root: int, port: int, size: int) -> Any:
    """``pci_data_in`` for callers in Python."""
    return np.uint64(pci_data_in(root, port, size))


@dataclass(frozen=True)
class Function:
    """A function's place in the tables: ``devfn`` is device<<3 | function."""

    devfn: int
    slot: int


class PciBus:
    """Bus 0 as native code sees it: for each function its registers, which bits are writable, what is emulated."""

    def __init__(self) -> None:
        self.devfn: NDArray[np.uint8] = np.zeros(256, np.uint8)
        self.value = np.zeros((SLOTS, DWORDS), np.uint32)
        self.writable = np.zeros((SLOTS, DWORDS), np.uint32)
        self.clear = np.zeros((SLOTS, DWORDS), np.uint32)
        self.emulated = np.zeros((SLOTS, DWORDS), np.uint32)
        self.answer = np.zeros((SLOTS, DWORDS), np.uint32)
        self.answer_writable = np.zeros((SLOTS, DWORDS), np.uint32)
        self.trap = np.zeros((SLOTS, DWORDS), np.uint8)
        self.block = np.zeros(PCI_WORDS, np.uint64)
        tables: tuple[NDArray[Any], ...] = (
            self.devfn, self.value, self.writable, self.clear, self.emulated, self.answer, self.answer_writable,
            self.trap,
        )  # fmt: skip
        for word, table in zip(range(P_DEVFN, PCI_WORDS), tables, strict=True):
            self.block[word] = address_of(table)
        self._functions: list[Function] = []

    def arrays(self) -> list[NDArray[np.generic]]:
        """What a snapshot keeps."""
        return [
            self.devfn, self.value, self.writable, self.clear, self.emulated, self.answer, self.answer_writable,
            self.trap, self.block,
        ]  # fmt: skip

    def add(self, devfn: int) -> int:
        """Put a function at ``devfn`` and return its slot in the tables."""
        slot = len(self._functions)
        self._functions.append(Function(devfn, slot))
        self.devfn[devfn] = slot + 1
        return slot

    def slot(self, devfn: int) -> int:
        """The slot of the function at ``devfn``; KeyError where none is."""
        if not self.devfn[devfn]:
            raise KeyError(devfn)
        return int(self.devfn[devfn]) - 1

    def devfn_of(self, slot: int) -> int:
        """Which function a slot holds."""
        return self._functions[slot].devfn

    def set(self, slot: int, offset: int, width: int, value: int, writable: int = 0) -> None:
        """Give the device's own register at ``offset`` (aligned to ``width``) its value and its writable bits."""
        _put(self.value[slot], offset, width, value)
        _put(self.writable[slot], offset, width, writable)

    def get(self, slot: int, offset: int, width: int) -> int:
        """The device's own register, whatever is emulated over it."""
        return int(self.value[slot, offset >> 2]) >> 8 * (offset & 3) & (1 << 8 * width) - 1

    def emulate(self, slot: int, offset: int, width: int, value: int, writable: int) -> None:
        """Answer these bytes in software from now on; ``writable`` bits are plain storage."""
        _put(self.emulated[slot], offset, width, (1 << 8 * width) - 1)
        _put(self.answer[slot], offset, width, value)
        _put(self.answer_writable[slot], offset, width, writable)

    def seen_by_guest(self, slot: int, offset: int, width: int) -> int:
        """What a configuration read gives."""
        at = offset >> 2
        mask = int(self.emulated[slot, at])
        merged = int(self.value[slot, at]) & ~mask | int(self.answer[slot, at]) & mask
        return merged >> 8 * (offset & 3) & (1 << 8 * width) - 1

    def read(self, root: NDArray[np.uint64], bdf: int, offset: int, width: int) -> int:
        """A configuration read by code that does not run in the engine: the same path as CF8 and CFC, recorded alike.

        ``bdf`` is bus<<8 | device<<3 | function, ``offset`` aligned to ``width``; all ones where nothing answers.
        """
        held = int(self.block[P_ADDRESS])
        self.block[P_ADDRESS] = 1 << 31 | bdf << 8 | offset & 0xFC
        value = int(config_read.ctypes(address_of(root), 0xCFC + (offset & 3), width))
        self.block[P_ADDRESS] = held
        return value

    def write(self, root: NDArray[np.uint64], bdf: int, offset: int, width: int, value: int) -> None:
        """A configuration write, likewise."""
        held = int(self.block[P_ADDRESS])
        self.block[P_ADDRESS] = 1 << 31 | bdf << 8 | offset & 0xFC
        config_write.ctypes(address_of(root), 0xCFC + (offset & 3), width, value)
        self.block[P_ADDRESS] = held

    def on_write(self, slot: int, offset: int) -> None:
        """Ask Python after each write to the dword at ``offset``."""
        self.trap[slot, offset >> 2] = 1


def _put(row: NDArray[np.uint32], offset: int, width: int, value: int) -> None:
    if width == 8:
        _put(row, offset, 4, value & 0xFFFFFFFF)
        _put(row, offset + 4, 4, value >> 32)
        return
    shift = 8 * (offset & 3)
    mask = ((1 << 8 * width) - 1) << shift
    row[offset >> 2] = int(row[offset >> 2]) & ~mask & 0xFFFFFFFF | value << shift & mask


def bar_write_mask(size: int, io: bool) -> int:
    """Writable address bits of a BAR of ``size`` bytes: 32 bits wide for I/O too, as QEMU and SeaBIOS expect."""
    return -size & (0xFFFFFFFC if io else 0xFFFFFFFFFFFFFFF0)
