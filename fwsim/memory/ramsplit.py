"""QEMU splits the guest's RAM below and above 4 GiB, and tells the firmware of it, on pc and q35."""

from fwsim.errors import FwsimError
from fwsim.memory.e820 import E820Type
from fwsim.memory.ranges import align_up

FOUR_GIB = 1 << 32
_HT_HOLE = (0xFD00000000, 0x300000000)
_ABOVE_1T = 0x10000000000
HOLE64 = {"pc": 2 << 30, "q35": 32 << 30}
"""Bytes of the 64-bit PCI window: pci-hole64-size (hw/pci-host/i440fx.c, q35.c)."""
_KVM_PAGES = (0xFEFFC000, 0x4000)
"""The page table that KVM uses for real mode, and three pages for the task state segment."""
_OLD_SPLIT = 0xE0000000


def ram_split(machine: str, ram: int, *, max_low: int | None = None, gigabyte_align: bool = True) -> tuple[int, int]:
    """(bytes below 4 GiB, bytes from 4 GiB up) for ``ram`` bytes on ``machine`` "pc" or "q35".

    ``max_low`` is the machine option max-ram-below-4g; ``gigabyte_align`` is false for pc-1.x machine types only.
    Source: QEMU hw/i386/pc_piix.c and pc_q35.c. Raises FwsimError for another machine.
    """
    if machine == "pc":
        low = _OLD_SPLIT if max_low is None else max_low
        if ram >= low and gigabyte_align:
            low = min(low, 0xC0000000)
    elif machine == "q35":
        low = 0x80000000 if ram >= 0xB0000000 else 0xB0000000
        low = min(low, FOUR_GIB if max_low is None else max_low)
    else:
        raise FwsimError("no such machine", found=repr(machine), expected='"pc" or "q35"')
    return (low, ram - low) if ram >= low else (ram, 0)


def high_start(machine: str, high: int, *, amd: bool) -> int:
    """Where RAM above 4 GiB begins: at 4 GiB, or for an AMD cpu at 1 TiB where else it or the window reached the hole.

    Source: QEMU hw/i386/pc.c, pc_memory_init, from machine type 7.1 on.
    """
    return _ABOVE_1T if amd and _window_end(machine, FOUR_GIB + high) > _HT_HOLE[0] else FOUR_GIB


def highest_used(machine: str, high: int, *, amd: bool) -> int:
    """The last address of the 64-bit PCI window that QEMU keeps behind RAM (hw/i386/pc.c, pc_max_used_gpa)."""
    return _window_end(machine, high_start(machine, high, amd=amd) + high) - 1


def largest_ram(machine: str, low: int, limit: int, *, amd: bool) -> int:
    """Bytes of RAM, ``low`` of them below 4 GiB, at which ``highest_used`` is just not past ``limit``."""
    above = limit + 1 - HOLE64[machine] - _ABOVE_1T if amd else 0
    if above > 0:
        return low + above
    return low + min(limit + 1, _HT_HOLE[0] if amd else limit + 1) - HOLE64[machine] - FOUR_GIB


def last_of_ram(low: int, high: int) -> int:
    """The last address of RAM."""
    return (FOUR_GIB + high if high else low) - 1


def _window_end(machine: str, ram_end: int) -> int:
    return align_up(ram_end, 1 << 30) + HOLE64[machine]


def qemu_e820(low: int, high: int, *, amd: bool, kvm: bool, start: int = FOUR_GIB) -> list[tuple[int, int, int]]:
    """QEMU's `etc/e820` as (start, size, type): RAM, and what it reserves.

    ``amd``: the HyperTransport hole (hw/i386/pc.c, pc_memory_init); ``kvm``: the pages of KVM's own
    (target/i386/kvm/kvm.c, kvm_arch_init). ``start``: where RAM above 4 GiB begins.
    """
    entries = [(*_KVM_PAGES, int(E820Type.RESERVED))] if kvm else []
    entries.append((0, low, int(E820Type.RAM)))
    if high:
        entries.append((start, high, int(E820Type.RAM)))
    if amd:
        entries.append((*_HT_HOLE, int(E820Type.RESERVED)))
    return entries
