"""Configuration space as vfio-pci virtualises it, and what QEMU's vfio-pci puts over that.

Sources: Linux drivers/vfio/pci/vfio_pci_config.c (pci_cap_length, pci_ext_cap_length, init_pci_cap_*_perm,
vfio_cap_init, vfio_ecap_init); QEMU hw/vfio/pci.c (vfio_add_std_cap, vfio_setup_pcie_cap, vfio_add_ext_cap) and
hw/pci/msi.c. What is in no capability is raw, read and write: so 50h, 5Ch and C0h are the user space's to answer.

Ids, command, BARs, ROM BAR and interrupt line are virtual as well, or pass to bits of the same kind: a guest cannot
tell that from the registers that a device has, and they have no row here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from fwsim.hypervisor.interface import ASLS, Device, Register

STATUS, POINTER, EXTENDED = 0x06, 0x34, 0x100
HEADER_END, USUAL_END = 0x40, 0x100
POWER, AGP, VPD, MSI, VENDOR, EXPRESS, MSIX, ADVANCED = 0x01, 0x02, 0x03, 0x05, 0x09, 0x10, 0x11, 0x13
_LENGTHS = {POWER: 8, AGP: 12, VPD: 8, MSIX: 12, ADVANCED: 6}
"""Bytes of the capabilities whose length is fixed; MSI's, a vendor's and PCI Express' own depend on their contents.
What is neither is hidden: bridge, hot swap, debug, secure device."""
SRIOV, ARI, ATS, PRI, PASID, AER, DSN, LTR, REBAR = 0x10, 0x0E, 0x0F, 0x13, 0x1B, 0x01, 0x03, 0x18, 0x15
_EXTENDED_LENGTHS = {AER: 0x2C, DSN: 12, ARI: 8, ATS: 8, SRIOV: 0x40, PRI: 16, LTR: 8}
"""PASID and whatever is not in the table has length 0: hidden."""
_QEMU_DROPS = frozenset({SRIOV, ARI})
"""Read-only BARs of virtual functions confuse OVMF; ARI needs the next function. Resizable BARs, dropped up to 8.0,
are in no IGD."""
FLR, PAYLOAD_AND_REQUEST = 0x8000, 0x70E0
"""Bits of PCI Express' device control: the reset, and the sizes that are storage."""
_WORD, _DWORD = 0xFFFF, 0xFFFFFFFF


class Found(Struct, frozen=True):
    """A capability of the device: its ``size`` is vfio-pci's, 0 for one that it hides."""

    name: int
    at: int
    size: int


def usual(config: bytes) -> list[Found]:
    """The list that 34h begins, as the device has it; a list that leads in circles ends where it did."""
    found: list[Found] = []
    at = config[POINTER] & ~3 if config and config[STATUS] & 0x10 else 0
    while at >= HEADER_END and len(found) < (USUAL_END - HEADER_END) // 4:
        name = config[at]
        found.append(Found(name, at, _usual_size(config, name, at)))
        at = config[at + 1] & ~3
    return found


def _usual_size(config: bytes, name: int, at: int) -> int:
    if name == MSI:
        return 10 + (4 if config[at + 2] & 0x80 else 0) + (10 if config[at + 3] & 1 else 0)
    if name == VENDOR:
        return config[at + 2]
    if name == EXPRESS:
        version, integrated = config[at + 2] & 15, config[at + 2] >> 4 == 9
        return (0x0C if integrated else 0x14) if version == 1 else (0x2C if integrated else 0x3C)
    return _LENGTHS.get(name, 0)


def extended(config: bytes) -> list[Found]:
    """The list at 100h, where the device has PCI Express and one."""
    found: list[Found] = []
    at = EXTENDED if len(config) > EXTENDED and any(each.name == EXPRESS for each in usual(config)) else 0
    while at >= EXTENDED and len(found) < (len(config) - EXTENDED) // 4 and _dword(config, at):
        header = _dword(config, at)
        found.append(Found(header & _WORD, at, _EXTENDED_LENGTHS.get(header & _WORD, 0)))
        at = header >> 20 & 0xFFC
    return found


def _dword(config: bytes, at: int) -> int:
    return int.from_bytes(config[at : at + 4], "little")


def kernel_rows(config: bytes) -> list[Register]:
    """What the kernel alone answers of a device whose registers are ``config``, or keeps from writes."""
    rows = _chain(config, [each for each in usual(config) if each.size])
    for each in usual(config):
        rows += _body(config, each)
    rows += _extended_rows(config, frozenset())
    return rows


def qemu_rows(config: bytes, express_bus: bool) -> list[Register]:
    """The same under QEMU, on a root bus that is PCI Express' or not: MSI is QEMU's, and more is hidden.

    A bus that is not shows nothing from 100h on: there is no way to ask.
    """
    shown = [each for each in usual(config) if each.size]
    rows = _chain(config, shown)
    for each in shown:
        rows += _msi(config, each) if each.name == MSI else _body(config, each)
    if express_bus:
        rows += _extended_rows(config, _QEMU_DROPS)
    return rows


def _chain(config: bytes, shown: list[Found]) -> list[Register]:
    """The pointers that hiding changes."""
    rows, places = [], [each.at for each in shown]
    for pointer, target in zip([POINTER, *(at + 1 for at in places)], [*places, 0], strict=True):
        if config and config[pointer] != target:
            rows.append(Register(pointer, 1, value=target))
    if not shown and config and config[STATUS] & 0x10:
        rows.append(Register(STATUS, 2, value=0, mask=0x10))
    return rows


def _body(config: bytes, found: Found) -> Iterator[Register]:
    """A capability's registers: a vendor's own are raw, of PCI Express and Advanced Features the reset is the kernel's.

    PMCSR passes, its state by pci_set_power_state, and so does device control 2. Everything else takes no write.
    """
    at = found.at
    if found.name == EXPRESS:
        yield from _kept(at, 0x08)
        held = int.from_bytes(config[at + 8 : at + 10], "little") & PAYLOAD_AND_REQUEST
        yield Register(at + 8, 2, value=held, writable=PAYLOAD_AND_REQUEST, mask=PAYLOAD_AND_REQUEST | FLR)
        yield from _kept(at + 0x0A, min(found.size, 0x28) - 0x0A)
        yield from _kept(at + 0x2A, found.size - 0x2A)
    elif found.name == MSI:
        held = config[at + 2] & 0x7E
        yield Register(at + 2, 1, value=held, writable=0x70)
        yield Register(at + 4, 4, value=_dword(config, at + 4), writable=_DWORD)
        wide = 4 if config[at + 2] & 0x80 else 0
        if wide:
            yield Register(at + 8, 4, value=_dword(config, at + 8), writable=_DWORD)
        yield Register(at + 8 + wide, 2, value=_dword(config, at + 8 + wide) & _WORD, writable=_WORD)
    elif found.name == MSIX:
        yield from _kept(at, found.size)
    elif found.name == ADVANCED:
        yield from _kept(at, 4)


def _msi(config: bytes, found: Found) -> Iterator[Register]:
    """MSI by QEMU: switched off, address, data and mask 0 (msi_init, msi_reset)."""
    at, flags = found.at, int.from_bytes(config[found.at + 2 : found.at + 4], "little")
    yield Register(at + 2, 2, value=flags & ~0x71, writable=0x71)
    yield Register(at + 4, 4, writable=0xFFFFFFFC)
    data = at + 8
    if flags & 0x80:
        yield Register(data, 4, writable=_DWORD)
        data += 4
    yield Register(data, 2, writable=_WORD)
    if flags & 0x100:
        vectors = 1 << (flags >> 1 & 7)
        yield Register(data + 4, 4, writable=(1 << vectors) - 1)
        yield Register(data + 8, 4)


def _extended_rows(config: bytes, drops: frozenset[int]) -> list[Register]:
    """The list at 100h: what is hidden is left out of it, but for the first, which stays as a place without a name.

    What is shown takes no write. A hidden one's registers are in no list, and raw.
    """
    rows: list[Register] = []
    found = extended(config)
    shown = [each for each in found if each.size and each.name not in drops]
    places = [each.at for each in shown]
    if found and found[0] not in shown:
        rows.append(Register(EXTENDED, 4, value=(places[0] << 20) if places else 0))
    for each, target in zip(shown, [*places[1:], 0], strict=False):
        header = _dword(config, each.at)
        if header >> 20 != target:
            rows.append(Register(each.at, 4, value=target << 20 | header & 0xFFFFF))
        rows += _kept(each.at + 4, each.size - 4)
    return rows


def _kept(at: int, size: int) -> Iterator[Register]:
    """Bytes that are the device's own and take no write."""
    end = at + size
    while at < end:
        width = next(width for width in (4, 2, 1) if at % width == 0 and at + width <= end)
        yield Register(at, width, "kept")
        at += width


def beside(answered: Sequence[Register], device: Device, config: bytes) -> list[Register]:
    """QEMU's rows beside those that it has ``answered`` for graphics' sake, and the kernel's ASLS where it does not.

    ASLS is virtual from the moment that the kernel offers the OpRegion: storage that begins with the host's address,
    of an extended VBT with the VBT's (vfio_pci_igd_opregion_init, whose ``addr`` is both).
    """
    taken = {at for row in answered for at in range(row.offset, row.offset + row.width)}
    rows = qemu_rows(config, device.machine == "q35")
    if device.regions.opregion:
        rows.append(Register(ASLS, 4, value=device.regions.asls, writable=_DWORD))
    return [row for row in rows if row.offset not in taken]
