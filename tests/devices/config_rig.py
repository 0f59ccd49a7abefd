"""A configuration bus without a machine around it."""

import ctypes

import numpy as np

from fwsim.devices.pci import PciBus
from fwsim.native import (
    NOVEL_SLOTS,
    R_EV_LIMIT,
    R_FN_TRAP,
    R_NOVEL,
    R_PCI,
    R_STALE_LIMIT,
    R_WAIT_LIMIT,
    ROOT_WORDS,
    address_of,
)
from fwsim.trace.recorder import Recorder

DEVFN = 0x10
_TRAP = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64)


class Bus:
    """A bus alone, read and written as the firmware does it: 00:02.0 is there."""

    def __init__(self) -> None:
        self.root = np.zeros(ROOT_WORDS, np.uint64)
        self.root[R_EV_LIMIT] = self.root[R_WAIT_LIMIT] = self.root[R_STALE_LIMIT] = (1 << 64) - 1
        self.novel = np.zeros(NOVEL_SLOTS, np.uint64)
        self.root[R_NOVEL] = address_of(self.novel)
        self.recorder = Recorder(self.root, None)
        self.pci = PciBus()
        self.root[R_PCI] = address_of(self.pci.block)
        self._trap = _TRAP(self.pci.on_trap)
        self.root[R_FN_TRAP] = ctypes.cast(self._trap, ctypes.c_void_p).value
        self.slot = self.pci.add(DEVFN)

    def read(self, offset: int, width: int, bdf: int = DEVFN) -> int:
        return self.pci.read(self.root, bdf, offset, width)

    def write(self, offset: int, width: int, value: int, bdf: int = DEVFN) -> None:
        self.pci.write(self.root, bdf, offset, width, value)

    def last(self) -> dict[str, int]:
        row = self.recorder.tail(1)[0]
        return {name: int(row[name]) for name in ("space", "op", "width", "address", "value", "aux", "flags")}
