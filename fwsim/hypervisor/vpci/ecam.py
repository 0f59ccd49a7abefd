"""Arm's configuration window: from a guest-physical address to function and register, and which accesses it takes.

Source: Xen c447b7308b, xen/arch/arm/vpci.c (vpci_sbdf_from_gpa), xen/include/xen/vpci.h (VPCI_ECAM_BDF),
xen/drivers/vpci/vpci.c (vpci_access_allowed, vpci_ecam_read); PCI Express 3.0, 7.2.2 for what a window can be.
"""

from __future__ import annotations

from fwsim.errors import FwsimError
from fwsim.hypervisor.vpci.host import CONFIG_BYTES, sbdf_text

MIB = 1 << 20
_LARGEST = 256
_BDF_BITS = 0x0FFFF000


def decode(address: int, base: int) -> tuple[int, int]:
    """The function (segment 0, bus << 8 | device << 3 | function) and the register's offset of ``address``.

    ``base`` is the window's. As Xen: the buses wrap where the address lies 256 MiB behind the window's start.
    """
    return (address - base & _BDF_BITS) >> 12, address & 0xFFF


def accesses(offset: int, width: int) -> list[tuple[int, int]] | None:
    """The accesses that one of ``width`` bytes becomes, as (offset, bytes): a qword is two dwords.

    None: Xen refuses it, and the guest gets a data abort: another width, one that is not aligned to it, or one that
    reaches past the function's 4 KiB.
    """
    if width not in (1, 2, 4, 8) or offset & width - 1 or offset + width > CONFIG_BYTES:
        return None
    return [(offset, 4), (offset + 4, 4)] if width == 8 else [(offset, width)]


def check_window(base: int, size: int, where: str = "ecam") -> int:
    """How many buses a window has. Raises FwsimError for one that hardware cannot have: a bus takes 1 MiB."""
    if size <= 0 or size % MIB or size > _LARGEST * MIB:
        raise FwsimError(
            "no configuration window has this size", where=where, found=_size_text(size),
            expected="a multiple of 1 MiB, 1 to 256 MiB: 1 MiB for each bus",
        )  # fmt: skip
    room = 1 << (size - 1).bit_length()
    if base % room:
        raise FwsimError(
            "a configuration window is not aligned", where=where, found=f"{_size_text(size)} at {base:#x}",
            expected=f"an address that is a multiple of {_size_text(room)}",
            hint="its address bits are the bus number: use " + f"{base & -room:#x}",
        )  # fmt: skip
    return size // MIB


def check_reach(sbdf: int, size: int, where: str = "ecam", first_bus: int = 0) -> None:
    """Raises FwsimError where a window of ``size`` bytes, from ``first_bus`` on, does not have the function's bus."""
    bus, last = sbdf >> 8 & 0xFF, first_bus + size // MIB - 1
    if sbdf >> 16:
        raise FwsimError(
            "the guest's window has segment 0 alone", where=where, found=sbdf_text(sbdf), expected="segment 0000",
        )  # fmt: skip
    if not first_bus <= bus <= last:
        raise FwsimError(
            "a function lies past the window's buses", where=where, found=f"{sbdf_text(sbdf)}, bus {bus:02x}",
            expected=f"buses {first_bus:02x} to {last:02x}, the {_size_text(size)} of the window",
            hint="make the window larger, or number the buses for the guest",
        )  # fmt: skip


def _size_text(size: int) -> str:
    return f"{size // MIB} MiB" if size % MIB == 0 else f"{size:#x} bytes"
