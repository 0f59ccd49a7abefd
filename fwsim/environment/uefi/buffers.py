"""Memory for a device's DMA: OVMF has no IOMMU of its own here, so a device's address is the host's.

Source: UEFI Specification 2.10, 14.2 (Map, AllocateBuffer); edk2 MdeModulePkg/Bus/Pci/PciHostBridgeDxe.
"""

from __future__ import annotations

from fwsim.environment.uefi.uefi import Call, Uefi
from fwsim.environment.uefi.words import INVALID_PARAMETER, MEMORY_TYPES, SUCCESS, UNSUPPORTED
from fwsim.firmware.ovmf.pages import FOUR_GIB

_OPERATIONS = 6
_BS_DATA, _RT_DATA = MEMORY_TYPES.index("BSData"), MEMORY_TYPES.index("RTData")


def map_buffer(uefi: Uefi, call: Call) -> int:
    """Map(this, operation, host's address, bytes, device's address, mapping)."""
    if call[1] & 0xFFFFFFFF >= _OPERATIONS or not all(call[number] for number in (2, 3, 4, 5)):
        return INVALID_PARAMETER
    if call[2] + uefi.number(call[3]) > FOUR_GIB:
        return UNSUPPORTED
    uefi.put(call[4], call[2])
    mapping = uefi.new_handle()
    uefi.state.setdefault("mappings", set()).add(mapping)
    uefi.put(call[5], mapping)
    return SUCCESS


def unmap_buffer(uefi: Uefi, call: Call) -> int:
    """Unmap(this, mapping)."""
    mappings = uefi.state.get("mappings", set())
    if call[1] not in mappings:
        return INVALID_PARAMETER
    mappings.remove(call[1])
    return SUCCESS


def allocate_buffer(uefi: Uefi, call: Call) -> int:
    """AllocateBuffer(this, how, memory type, pages, host's address, attributes): below 4 GiB, as PciIo has it."""
    if call[2] & 0xFFFFFFFF not in (_BS_DATA, _RT_DATA) or not call[4]:
        return INVALID_PARAMETER
    status, base = uefi.memory.allocate_pages(0, call[2] & 0xFFFFFFFF, call[3], 0)
    if not status:
        uefi.put(call[4], base)
    return status


def free_buffer(uefi: Uefi, call: Call) -> int:
    """FreeBuffer(this, pages, host's address)."""
    return uefi.memory.free_pages(call[2], call[1])


ROWS = [
    ("Map", map_buffer), ("Unmap", unmap_buffer), ("AllocateBuffer", allocate_buffer), ("FreeBuffer", free_buffer),
]  # fmt: skip
"""Name to function, in the order in which both protocols have them."""
