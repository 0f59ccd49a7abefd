"""What a PCI-PCI bridge says of hotplug: the capabilities by which firmware keeps address space behind it.

Sources: SeaBIOS src/fw/pciinit.c, pci_bus_hotplug_support (a PCI Express port with a slot, or SHPC) and
pci_find_resource_reserve_capability; PCI Express Base 3.0, 7.8.2; QEMU docs/pcie_pci_bridge.txt and
hw/pci/pci_bridge.c, pci_bridge_qemu_reserve_cap_init, for Red Hat's capability.
"""

from __future__ import annotations

from fwsim.board.function import Setting
from fwsim.firmware.request import Bridge

_LIST, _POINTER = 0x10, 0x34
_EXPRESS, _SHPC, _VENDOR = 0x10, 0x0C, 0x09
_FIRST, _SECOND = 0x40, 0x80
_ROOT_PORT_WITH_SLOT = 2 | 4 << 4 | 1 << 8
_RESERVE, _RESERVE_SIZE = 1, 0x20
_UNSET = {4: 0xFFFFFFFF, 8: 0xFFFFFFFFFFFFFFFF}


def bridge_capabilities(bridge: Bridge) -> tuple[Setting, ...]:
    """The registers of ``bridge``'s capability list; none where it says nothing."""
    found: list[tuple[int, int, list[Setting]]] = []
    if bridge.hotplug == "pcie":
        found.append((_FIRST, _EXPRESS, [Setting(_FIRST + 2, 2, _ROOT_PORT_WITH_SLOT)]))
    elif bridge.hotplug == "shpc":
        found.append((_FIRST, _SHPC, []))
    if any(bridge.reserve):
        found.append((_SECOND, _VENDOR, _reserved(_SECOND, *bridge.reserve)))
    if not found:
        return ()
    rows = [Setting(0x06, 2, _LIST), Setting(_POINTER, 1, found[0][0])]
    for (at, kind, own), following in zip(found, [*(each[0] for each in found[1:]), 0], strict=True):
        rows += [Setting(at, 1, kind), Setting(at + 1, 1, following), *own]
    return tuple(rows)


def _reserved(at: int, io: int, mem: int, pref: int) -> list[Setting]:
    """Red Hat's capability: bytes of buses, I/O, memory and prefetchable memory; all ones where it says nothing."""
    fields = ((4, 4, 0), (8, 8, io), (16, 4, mem), (20, 4, 0), (24, 8, pref))
    head = [Setting(at + 2, 1, _RESERVE_SIZE), Setting(at + 3, 1, _RESERVE)]
    halves = [(at + offset + half, (value or _UNSET[width]) >> 8 * half & 0xFFFFFFFF)
              for offset, width, value in fields for half in range(0, width, 4)]  # fmt: skip
    return head + [Setting(place, 4, value) for place, value in halves]
