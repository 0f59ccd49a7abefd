"""A probe reads configuration, BAR0 and I/O BAR as the guest would, by the path its accesses take, without code."""

from __future__ import annotations

from fwsim.machine import callbacks
from fwsim.machine.built import Built
from fwsim.native import BAR_IGD, R_HOSTED, address_of


class Probe:
    """Reads a built machine as its guest would."""

    def __init__(self, built: Built) -> None:
        self.built = built
        self._machine = built.machine
        self._root = address_of(built.machine.root)

    def config(self, devfn: int, offset: int, width: int) -> int:
        """A configuration register by CF8 and CFC; all ones where no function answers."""
        pci, root = self._machine.pci, self._machine.root
        parts = range(0, width, 4)
        return sum(pci.read(root, devfn, offset + at, min(4, width - at)) << 8 * at for at in parts)

    def emulated(self, devfn: int, offset: int, width: int) -> bool:
        """Whether the hypervisor answers any byte of that register in the device's place."""
        pci = self._machine.pci
        if not pci.answers(devfn):
            return False
        row = pci.emulated[pci.slot(devfn)]
        return any(int(row[byte >> 2]) >> 8 * (byte & 3) & 0xFF for byte in range(offset, offset + width))

    def bar0(self, offset: int, width: int) -> int:
        """A register by memory access to BAR0, where the hypervisor may answer from its own copy."""
        return sum(self._dword(offset + at) << 8 * at for at in range(0, width, 4)) & (1 << 8 * width) - 1

    def _dword(self, offset: int) -> int:
        root = self._machine.root
        root[R_HOSTED] = 1
        try:
            return int(callbacks.bar0_read(0, offset, 4, self._root))
        finally:
            root[R_HOSTED] = 0

    @property
    def io_base(self) -> int:
        """Where the index and data ports are; 0: the device has none, or they are not decoded."""
        return int(self._machine.bar_bases[BAR_IGD])

    def iobar(self, offset: int, width: int) -> int:
        """The same register by the index and data ports, which lead to the device itself."""
        base, value = self.io_base, 0
        for at in range(0, width, 4):
            callbacks.port_out(0, base, 4, offset + at, self._root)
            value |= int(callbacks.port_in(0, base + 4, 4, self._root)) << 8 * at
        return value & (1 << 8 * width) - 1

    def device(self, offset: int, width: int) -> int:
        """What the device's own register holds, whoever answers for it."""
        igd = self._machine.igd
        if igd is None or offset + width > igd.mmio.nbytes:
            return 0
        return sum(igd.register(offset + at) << 8 * at for at in range(0, width, 4)) & (1 << 8 * width) - 1
