"""The device tree of an Arm guest, as Xen's toolstack makes it: the guest finds RAM, GIC, UART and PCI by it.

Source: Xen c447b7308b, tools/libs/light/libxl_arm.c (libxl__prepare_dtb and the make_* functions that it calls, in
their order; finalise_one_node, finalize_hypervisor_node), xen/include/public/device_tree_defs.h and arch-arm.h. Three
things are otherwise: there is no rng-seed, which is random; the UART is always there, as with vuart = "sbsa_uart"; and
the PCI node, which libxl makes where devices are assigned, is made as well where the guest is prepared for later ones,
as was asked for on xen-devel in July 2020 (passthrough = enabled, or vpci = "pci_ecam").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwsim.hypervisor.vpci.rules import GuestMap
from fwsim.memory.arm_map import (
    ADDRESSES,
    GICD_BASE,
    GICD_SIZE,
    GICR_BASE,
    GICR_SIZE,
    GRANTS_BASE,
    GRANTS_SIZE,
    MOST_BUSES,
    PL011_BASE,
    PL011_SIZE,
    RAM0_BASE,
    RAM0_SIZE,
    RAM1_BASE,
)
from fwsim.units import MIB

if TYPE_CHECKING:
    from fdt import Node

GIC_PHANDLE = 65000
MEMORY_SPACE, PREFETCHABLE_SPACE = 0x02000000, 0x43000000
"""phys.hi of a range (GUEST_VPCI_ADDR_TYPE_MEM, ..._PREFETCH_MEM): 32-bit memory; 64-bit memory, prefetchable."""
TIMER_PPIS = (29, 30, 27)
"""Physical secure, physical non-secure, virtual (GUEST_TIMER_*_PPI)."""
EVENT_PPI, UART_SPI = 31, 32
_LEVEL_HIGH, _LEVEL_LOW = 4, 8
_ALL_CPUS = 0xF
_CPU_OFF, _CPU_ON = 1, 2
"""PSCI 0.1's function ids (PSCI_cpu_off, PSCI_cpu_on); those of later versions need no property."""
_TWO_MIB, _LEAST_REGION = 2 * MIB, 64 * MIB
XEN = (4, 22)
"""The release whose name is in the tree."""


def device_tree(
    ram: int, guest: GuestMap, *, buses: int = MOST_BUSES, prepared: bool = True, xen: tuple[int, int] = XEN
) -> bytes:
    """The tree as a blob, version 17, of a guest with ``ram`` bytes from 40000000h on.

    ``buses``: how many the PCI node's ``bus-range`` has, from 0 on; no more than its ECAM. ``prepared``: there is
    such a node.
    """
    from fdt import FDT

    tree = FDT()
    root, release = tree.root, f"{xen[0]}.{xen[1]}"
    _strings(root, "model", f"XENVM-{release}")
    _strings(root, "compatible", f"xen,xenvm-{release}", "xen,xenvm")
    _cells(root, "interrupt-parent", GIC_PHANDLE)
    _cells(root, "#address-cells", 2)
    _cells(root, "#size-cells", 2)
    _child(root, "chosen")
    _cpus(root)
    _psci(root)
    memory = _child(root, f"memory@{RAM0_BASE:x}")
    _strings(memory, "device_type", "memory")
    _reg(memory, (RAM0_BASE, ram))
    _gic(root)
    timer = _child(root, "timer")
    _strings(timer, "compatible", "arm,armv8-timer")
    _interrupts(timer, *((number, _LEVEL_LOW) for number in TIMER_PPIS))
    hypervisor = _child(root, "hypervisor")
    _strings(hypervisor, "compatible", f"xen,xen-{release}", "xen,xen")
    _reg(hypervisor, (GRANTS_BASE, GRANTS_SIZE), *_extended_regions(ram))
    _interrupts(hypervisor, (EVENT_PPI, _LEVEL_LOW))
    uart = _child(root, "sbsa-pl011")
    _strings(uart, "compatible", "arm,sbsa-uart")
    _reg(uart, (PL011_BASE, PL011_SIZE))
    _interrupts(uart, (UART_SPI, _LEVEL_HIGH))
    _cells(uart, "current-speed", 115200)
    if prepared:
        _pci(root, guest, buses)
    return bytes(tree.to_dtb(version=17))


def _cpus(root: Node) -> None:
    cpus = _child(root, "cpus")
    _cells(cpus, "#address-cells", 1)
    _cells(cpus, "#size-cells", 0)
    cpu = _child(cpus, "cpu@0")
    _strings(cpu, "device_type", "cpu")
    _strings(cpu, "compatible", "arm,armv8")
    _strings(cpu, "enable-method", "psci")
    _cells(cpu, "reg", 0)


def _psci(root: Node) -> None:
    psci = _child(root, "psci")
    _strings(psci, "compatible", "arm,psci-1.0", "arm,psci-0.2", "arm,psci")
    _strings(psci, "method", "hvc")
    _cells(psci, "cpu_off", _CPU_OFF)
    _cells(psci, "cpu_on", _CPU_ON)


def _gic(root: Node) -> None:
    gic = _child(root, f"interrupt-controller@{GICD_BASE:x}")
    _strings(gic, "compatible", "arm,gic-v3")
    _cells(gic, "#interrupt-cells", 3)
    _cells(gic, "#address-cells", 0)
    _flag(gic, "interrupt-controller")
    _reg(gic, (GICD_BASE, GICD_SIZE), (GICR_BASE, GICR_SIZE))
    _cells(gic, "linux,phandle", GIC_PHANDLE)
    _cells(gic, "phandle", GIC_PHANDLE)


def _pci(root: Node, guest: GuestMap, buses: int) -> None:
    """make_vpci_node: no interrupt-map, no msi-map, no linux,pci-domain, no I/O range."""
    base, size = guest.ecam
    pci = _child(root, f"pcie@{base:x}")
    _strings(pci, "compatible", "pci-host-ecam-generic")
    _strings(pci, "device_type", "pci")
    _reg(pci, (base, size))
    _cells(pci, "bus-range", 0, min(buses, size // MIB) - 1)
    _cells(pci, "#address-cells", 3)
    _cells(pci, "#size-cells", 2)
    _strings(pci, "status", "okay")
    ranges = ((MEMORY_SPACE, guest.memory), (PREFETCHABLE_SPACE, guest.prefetchable))
    _cells(pci, "ranges", *(
        cell for space, (at, length) in ranges for cell in (space, *_pair(at), *_pair(at), *_pair(length))
    ))  # fmt: skip


def _extended_regions(ram: int) -> list[tuple[int, int]]:
    """Guest-physical space without RAM that the guest may map others' pages at: what is left of both banks."""
    found = []
    for base, end, used in ((RAM0_BASE, RAM0_BASE + RAM0_SIZE, ram), (RAM1_BASE, ADDRESSES, 0)):
        start = base + -(-used // _TWO_MIB) * _TWO_MIB
        if end - start >= _LEAST_REGION:
            found.append((start, end - start))
    return found


def _child(parent: Node, name: str) -> Node:
    from fdt import Node

    made = Node(name)
    parent.append(made)
    return made


def _strings(node: Node, name: str, *values: str) -> None:
    from fdt import PropStrings

    node.append(PropStrings(name, *values))


def _cells(node: Node, name: str, *values: int) -> None:
    from fdt import PropWords

    node.append(PropWords(name, *values))


def _flag(node: Node, name: str) -> None:
    from fdt import Property

    node.append(Property(name))


def _pair(number: int) -> tuple[int, int]:
    return number >> 32, number & 0xFFFFFFFF


def _reg(node: Node, *ranges: tuple[int, int]) -> None:
    """``ranges``: (address, bytes), two cells each."""
    _cells(node, "reg", *(cell for at, size in ranges for cell in (*_pair(at), *_pair(size))))


def _interrupts(node: Node, *lines: tuple[int, int]) -> None:
    """``lines``: (GIC's number, how it is signalled); from 32 on a shared one (set_interrupt)."""
    _cells(node, "interrupts", *(
        cell for number, level in lines
        for cell in (int(number < 32), number - (16 if number < 32 else 32), _ALL_CPUS << 8 | level)
    ))  # fmt: skip
    _cells(node, "interrupt-parent", GIC_PHANDLE)
