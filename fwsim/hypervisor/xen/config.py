"""QEMU's xen-pt emulates parts of a device's configuration space: the header, and capabilities that it knows.

What it knows has a row; what it does not know is read from the device, and a write of it is dropped, unless the device
is assigned as permissive. Source: QEMU hw/xen/xen_pt_config_init.c and xen_pt.c (xen_pt_pci_write_config) of 7.2.

Memory and I/O decoding in the command register, and the BARs, are left to the device's own registers: QEMU's core
follows the guest's there, and so does the device here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from fwsim.hypervisor.interface import ASLS, Register

Read = Callable[[int, int], int]
"""(offset, width): what the device has there."""
_PM, _VPD, _MSI, _VENDOR, _EXPRESS, _MSIX = 0x01, 0x03, 0x05, 0x09, 0x10, 0x11
_HARDWIRED = {0x02: 0x30, 0x04: 0x04, 0x07: 0x18, 0x0C: 0x08, 0x0D: 0x08, 0x0E: 0x30}
"""Capabilities that read 0: AGP, slot id, PCI-X, hot-plug, subsystem ids, AGP 3; id to size."""
_FIRST, _NEXT = 0x34, 1
_END = 0x100
_CAP_LIST = 0x10
_MSI_WIDE, _MSI_MASKS = 0x80, 0x100
_MOST_CAPABILITIES = 48
_BARS = (*range(0x10, 0x2C), *range(0x30, 0x34))
"""BARs and the expansion ROM's; offset 28h counts as one where xen-pt warns (xen_pt_bar_offset_to_index)."""


class Row(NamedTuple):
    """``width`` bytes at ``offset``: ``emulated`` bits are xen-pt's and begin as ``start``; ``fixed`` take no write.

    ``reserved`` bits are not written through without permissive, where that leaves no bit of the register. ``off``:
    bits that xen-pt passes, but clears in the device at first: storage here, which the guest cannot tell from it.
    """

    offset: int
    width: int
    start: int = 0
    fixed: int = 0
    emulated: int = 0
    reserved: int = 0
    off: int = 0

    def register(self) -> Register | None:
        """The row for the guest's view; None: all of it is the device's."""
        if not self.emulated:
            return None
        return Register(
            self.offset, self.width, value=self.start & self.emulated,
            writable=self.emulated & ~self.fixed | self.off, mask=self.emulated | self.off,
        )  # fmt: skip

    def written_back(self, permissive: bool) -> bool:
        """Whether a write reaches the device at all (wp_mask in xen_pt_pci_write_config)."""
        kept = self.emulated | self.fixed | (0 if permissive else self.reserved)
        return kept != (1 << 8 * self.width) - 1


class Emulated(NamedTuple):
    """What xen-pt makes of one device: ``rows``, bytes that read 0 (``hardwired``), and what its groups span."""

    rows: tuple[Row, ...]
    hardwired: frozenset[int]
    groups: tuple[range, ...]

    def registers(self, permissive: bool) -> list[Register]:
        """The guest's view, without ASLS. What is in no row keeps its value where not ``permissive``."""
        found = [each for row in self.rows if (each := row.register())]
        found += [Register(at, 1, "hidden") for at in sorted(self.hardwired)]
        if not permissive:
            taken = self.hardwired | {at for row in self.rows for at in range(row.offset, row.offset + row.width)}
            free = [at for at in range(ASLS) if at not in taken and at not in _BARS]
            found += [Register(at, 1, "kept") for at in free]
        return found

    def inhibited(self, offset: int, width: int, permissive: bool) -> int | None:
        """The write-back mask of a write that xen-pt warns of, all of the access's lanes; None: it says nothing."""
        mask, warned = (1 << 8 * width) - 1, False
        if permissive or offset in _BARS or offset == ASLS or offset in self.hardwired:
            return None
        group = any(offset in each for each in self.groups)
        for at in range(offset, offset + width):
            lane = 0xFF << 8 * (at - offset)
            row = next((each for each in self.rows if each.offset <= at < each.offset + each.width), None)
            if row is None:
                mask, warned = mask & ~lane, True
            elif not row.written_back(permissive):
                mask &= ~lane
        return (mask if group else 0) if warned else None


def emulated(read: Read) -> Emulated:
    """What xen-pt makes of the device that ``read`` shows."""
    rows, groups = list(_header(read)), [range(0x40)]
    hardwired: set[int] = set()
    done: set[int] = set()
    for at, kind in _capabilities(read):
        if kind in done:
            continue  # find_cap_offset: the first of a kind has a group
        done.add(kind)
        if kind in _HARDWIRED:
            hardwired |= set(range(at, min(at + _HARDWIRED[kind], ASLS)))
        elif kind in _GROUPS:
            rows += _capability(read, at, kind)
            groups.append(range(at, at + _size(read, at, kind)))
    seen: set[int] = set()
    unique = []
    for row in rows:
        lanes = set(range(row.offset, row.offset + row.width))
        if row.offset + row.width <= ASLS and not lanes & (seen | hardwired):
            unique.append(row)
            seen |= lanes
    return Emulated(tuple(unique), frozenset(hardwired), tuple(groups))


def _capabilities(read: Read) -> Iterator[tuple[int, int]]:
    """(offset, id) of the device's list, which may be damaged."""
    at, seen = read(_FIRST, 1) & 0xFC, set[int]()
    while at >= 0x40 and at not in seen and len(seen) < _MOST_CAPABILITIES:
        seen.add(at)
        kind = read(at, 1)
        if kind == 0xFF:
            return
        yield at, kind
        at = read(at + _NEXT, 1) & 0xFC


def _shown(read: Read, pointer: int) -> int:
    """Where the list goes from the pointer at ``pointer``: to the next that xen-pt shows (xen_pt_ptr_reg_init)."""
    at, seen = read(pointer, 1) & 0xFC, set[int]()
    while at and at not in seen and read(at, 1) not in _GROUPS:
        seen.add(at)
        at = read(at + _NEXT, 1) & 0xFC
    return 0 if at in seen else at


def _header(read: Read) -> Iterator[Row]:
    first = _shown(read, _FIRST)
    yield Row(0x00, 2, read(0x00, 2), 0xFFFF, 0xFFFF)
    yield Row(0x02, 2, read(0x02, 2), 0xFFFF, 0xFFFF)
    yield Row(0x04, 2, 0, 0, 0x0340, 0xF880)  # of 0743h: decoding and INTx are the device's here
    yield Row(0x06, 2, _CAP_LIST if first else 0, 0x06F8, _CAP_LIST, 0x0007)
    yield Row(0x0C, 1, 0, 0, 0xFF)  # cache line
    yield Row(0x0D, 1, 0, 0, 0xFF)  # latency timer
    yield Row(0x0E, 1, 0, 0xFF)  # header type
    yield Row(_FIRST, 1, first, 0xFF, 0xFF)
    yield Row(0x3C, 1, 0, 0, 0xFF)  # interrupt line
    yield Row(0x3D, 1, read(0x3D, 1), 0xFF, 0xFF)


def _capability(read: Read, at: int, kind: int) -> Iterator[Row]:
    yield Row(at + _NEXT, 1, _shown(read, at + _NEXT), 0xFF, 0xFF)
    yield from _GROUPS[kind](read, at)


def _size(read: Read, at: int, kind: int) -> int:
    """Bytes of a capability's group, of an integrated endpoint's (xen_pt_pcie_size_init and its like)."""
    flags = read(at + 2, 2)
    if kind == _MSI:
        return 0x0A + (4 if flags & _MSI_WIDE else 0) + (10 if flags & _MSI_MASKS else 0)
    if kind == _EXPRESS:
        return 0x3C if flags & 0xF >= 2 else 0x0C
    return flags & 0xFF if kind == _VENDOR else 0x0C if kind == _MSIX else 0x08


def _power(read: Read, at: int) -> Iterator[Row]:
    """No PME, no auxiliary current; D0 without a soft reset."""
    yield Row(at + 2, 2, 0, 0xFFFF, 0xF9C8)
    yield Row(at + 4, 2, 0x0008, 0x610C, 0x810B, 0x00F0)


def _vpd(read: Read, at: int) -> Iterator[Row]:
    yield Row(at + 2, 2, 0, 0x0003, 0x0003)


def _vendor(read: Read, at: int) -> Iterator[Row]:
    """The pointer alone."""
    return iter(())


def _msi(read: Read, at: int) -> Iterator[Row]:
    """Address and data are the guest's; of the control word its vectors."""
    flags = read(at + 2, 2)
    wide = bool(flags & _MSI_WIDE)
    yield Row(at + 2, 2, 0, 0x018E, 0x017E, 0xFE00, off=1)
    yield Row(at + 4, 4, 0, 0x0003, 0xFFFFFFFF)
    if wide:
        yield Row(at + 8, 4, 0, 0, 0xFFFFFFFF)
    data = at + (12 if wide else 8)
    yield Row(data, 2, 0, 0, 0xFFFF)
    if flags & _MSI_MASKS:
        yield Row(data + 4, 4, 0, 0xFFFFFFFF, 0xFFFFFFFF)
        yield Row(data + 8, 4, 0, 0xFFFFFFFF)


def _express(read: Read, at: int) -> Iterator[Row]:
    """No function level reset; device and link control begin as after a reset."""
    version = read(at + 2, 2) & 0xF
    yield Row(at + 4, 4, 0, 0xFFFFFFFF, 0x10000000)
    yield Row(at + 8, 2, 0x2810, 0x8400, 0xFFFF)
    yield Row(at + 10, 2, 0, 0x0030, 0, 0xFFC0)
    if version < 2:
        return
    yield Row(at + 0x10, 2, 0, 0xFC34, 0xFFFF)
    yield Row(at + 0x12, 2, 0, 0x3FFF)
    yield Row(at + 0x28, 2, 0, 0xFFA0, 0xFFBF)
    yield Row(at + 0x30, 2, read(at + 0x0C, 1) & 0xF, 0xE040, 0xFFFF)


def _msix(read: Read, at: int) -> Iterator[Row]:
    yield Row(at + 2, 2, 0, 0x07FF, 0, 0x3800)


_GROUPS: dict[int, Callable[[Read, int], Iterator[Row]]] = {
    _PM: _power, _VPD: _vpd, _MSI: _msi, _VENDOR: _vendor, _EXPRESS: _express, _MSIX: _msix,
}  # fmt: skip
"""By capability id: its rows behind the pointer."""
