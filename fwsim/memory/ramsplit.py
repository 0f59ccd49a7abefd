"""QEMU splits the guest's RAM below and above 4 GiB, and tells the firmware of it, on pc and q35."""

from fwsim.errors import FwsimError
from fwsim.memory.e820 import E820Type

FOUR_GIB = 1 << 32
_HT_HOLE = (0xFD00000000, 0x300000000)
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


def qemu_e820(low: int, high: int, *, amd: bool, kvm: bool) -> list[tuple[int, int, int]]:
    """QEMU's `etc/e820` as (start, size, type): RAM, and what it reserves.

    ``amd``: the HyperTransport hole (hw/i386/pc.c, pc_memory_init); ``kvm``: the pages of KVM's own
    (target/i386/kvm/kvm.c, kvm_arch_init).
    """
    entries = [(*_KVM_PAGES, int(E820Type.RESERVED))] if kvm else []
    entries.append((0, low, int(E820Type.RAM)))
    if high:
        entries.append((FOUR_GIB, high, int(E820Type.RAM)))
    if amd:
        entries.append((*_HT_HOLE, int(E820Type.RESERVED)))
    return entries
