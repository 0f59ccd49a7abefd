"""What becomes of a guest's write to the IGD's index and data ports? QEMU's rewrite of GTT entries, up to 9.x."""

from __future__ import annotations

from dataclasses import dataclass

from fwsim.hypervisor.qemu.versions import IgdVersion, index_limit

NO_INDEX = 0xFFFFFFFF
ABORT_TEXT = "Guest attempted to program IGD GTT before BIOS reserved stolen memory.  Unsupported BIOS?"
_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class DataWrite:
    """What happens to one write of the data port: ``action`` is "rewrite", "passthrough" or "abort".

    ``written`` is the dword that reaches the device, None for an abort; ``index`` the latched index it was meant for.
    """

    action: str
    written: int | None
    index: int
    data: int

    def trace(self, name: str = "0000:00:02.0") -> str:
        """The text of QEMU's trace event vfio_pci_igd_bar4_write for device ``name``."""
        return f"{name} [0x{self.index:03x}] 0x{self.data:08x} -> 0x{self.written or 0:08x}"


def rewrite(gen: int, limit: int, host_bdsm: int, guest_bdsm: int, index: int, data: int) -> DataWrite:
    """The old rewrite of one data write (QEMU hw/vfio/igd.c up to 9.x).

    ``host_bdsm`` is the device's own register, ``guest_bdsm`` the emulated one (0: firmware has not reserved any),
    ``limit`` the first index left alone. There is no check that ``data`` points into stolen memory at all.
    """
    if index % 4 != 1 or index >= limit:
        return DataWrite("passthrough", data, index, data)
    if gen >= 8 and index % 8 == 5:
        return DataWrite("rewrite", 0, index, data)
    if not guest_bdsm:
        return DataWrite("abort", None, index, data)
    moved = data - (host_bdsm & ~0xFFFFF) + guest_bdsm
    return DataWrite("rewrite", moved & _MASK, index, data)


@dataclass(slots=True)
class IobarTrap:
    """The index latch and the rewrite behind it. A version that does not trap passes everything through."""

    gen: int
    limit: int
    host_bdsm: int
    index: int = NO_INDEX
    enabled: bool = True

    @classmethod
    def for_device(cls, row: IgdVersion, gen: int, gmch: int, host_bdsm: int) -> IobarTrap:
        """A trap for a device whose 0x50 reads ``gmch`` and whose own BDSM reads ``host_bdsm``."""
        return cls(gen, index_limit(row, gen, gmch), host_bdsm, enabled=row.traps_iobar)

    def write_index(self, value: int) -> int:
        """Latch an index; what reaches the device is ``value`` unchanged."""
        self.index = value & _MASK
        return self.index

    def read(self) -> None:
        """A read of either port: the latch is forgotten."""
        self.index = NO_INDEX

    def write_data(self, data: int, guest_bdsm: int) -> DataWrite:
        """One data write, with the emulated BDSM as it is now; the latch is forgotten."""
        index, self.index = self.index, NO_INDEX
        if not self.enabled:
            return DataWrite("passthrough", data, index, data)
        return rewrite(self.gen, self.limit, self.host_bdsm, guest_bdsm, index, data)
