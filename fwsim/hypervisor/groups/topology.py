"""A host's PCI functions hang on buses, and each one's DMA reaches the IOMMU under a requester id.

Source: Linux 6.12 drivers/pci/search.c, pci_for_each_dma_alias; drivers/pci/quirks.c for the functions that use
another id than their own; PCI Express to PCI/PCI-X Bridge Specification 1.0, 2.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, get_args

from msgspec import Struct

Kind = Literal[
    "pci", "endpoint", "legacy-endpoint", "root-port", "upstream", "downstream", "pcie-to-pci", "pci-to-pcie",
    "rciep", "event-collector",
]  # fmt: skip
"""What a function's PCI Express capability says it is; ``pci``: it has no such capability."""
KINDS: tuple[Kind, ...] = get_args(Kind)
PORTS: tuple[Kind, ...] = ("root-port", "upstream", "downstream")
"""Bridges that pass the requester id of what is behind them on unchanged."""
BRIDGES: tuple[Kind, ...] = (*PORTS, "pcie-to-pci", "pci-to-pcie")
BRIDGE_CLASS = 0x0604
_EXPRESS_BRIDGES = frozenset({(0x1B21, 0x1080), (0x10E3, 0x8113), (0x1283, 0x8892), (0x1283, 0x8893), (0x8086, 0x244E)})
"""(vendor, device) of PCIe-to-PCI bridges without an Express capability: quirk_use_pcie_bridge_dma_alias."""
_MARVELL = (
    0x9120, 0x9123, 0x9125, 0x9128, 0x9130, 0x9170, 0x9172, 0x917A, 0x9182, 0x9183, 0x91A0, 0x9215, 0x9220, 0x9230,
    0x9235,
)  # fmt: skip
_AS_FUNCTION: dict[tuple[int, int], int] = {
    (0x1180, 0xE832): 0, (0x1180, 0xE476): 0, **{(0x1B4B, device): 1 for device in _MARVELL}, (0x1103, 0x0642): 1,
    (0x1103, 0x0645): 1, (0x1C28, 0x0122): 1,
}  # fmt: skip
"""(vendor, device) of devices that send as function 0, or 1, of their slot: quirk_dma_func0_alias and func1."""


class HostFunction(Struct, frozen=True):
    """One function of the host.

    ``rid``: segment << 16 | bus << 8 | device << 3 | function; ``parent`` the rid of the bridge that its bus is
    behind, None on a root bus. ``class_code`` has 24 bits. ``acs``: the bits of its ACS capability, None without one;
    ``enabled`` those that are on. ``override``: the kernel was told to take it as isolated (pcie_acs_override).
    ``driver`` "": none is bound. ``aliases``: devfns on its own bus under which it sends too. ``listed``: the number
    of its group as the host's kernel said it, -1 for not known. ``field``: where a scenario says it.
    """

    rid: int
    kind: Kind = "pci"
    vendor: int = 0
    device: int = 0
    class_code: int = 0
    parent: int | None = None
    acs: int | None = None
    enabled: int = 0
    override: bool = False
    multifunction: bool = False
    driver: str = ""
    aliases: tuple[int, ...] = ()
    listed: int = -1
    field: str = ""

    @property
    def bus(self) -> int:
        """segment << 8 | bus."""
        return self.rid >> 8

    @property
    def name(self) -> str:
        """As Linux and QEMU name it: "0000:00:02.0"."""
        return f"{self.rid >> 16:04x}:{short(self.rid)}"

    @property
    def short(self) -> str:
        """As lspci names it: "00:02.0"; the segment stands before it where it is not 0."""
        return short(self.rid) if self.rid < 1 << 16 else self.name

    @property
    def is_bridge(self) -> bool:
        """Whether a bus may be behind it: its header is of type 1."""
        return self.kind in BRIDGES or self.class_code >> 8 == BRIDGE_CLASS

    @property
    def is_express(self) -> bool:
        """Whether it has a PCI Express capability."""
        return self.kind != "pci"

    @property
    def is_display(self) -> bool:
        """Whether it is a graphics device: its base class is 03h."""
        return self.class_code >> 16 == 0x03

    @property
    def is_usb(self) -> bool:
        """Whether it is a USB controller (class 0C03h)."""
        return self.class_code >> 8 == 0x0C03


def short(rid: int) -> str:
    """A requester id as "bus:device.function"."""
    return f"{rid >> 8 & 0xFF:02x}:{rid >> 3 & 0x1F:02x}.{rid & 7}"


class Topology:
    """The functions of one host, in the order in which Linux finds them: a bus at a time, from the root down.

    They are taken to be sound: each slot once, parents that are there and are bridges, no loops
    (``fwsim/scenario/host_functions.py`` refuses others).
    """

    def __init__(self, functions: Iterable[HostFunction]) -> None:
        self.by_rid = {each.rid: each for each in sorted(functions, key=lambda each: each.rid)}
        self.on_bus: dict[int, list[HostFunction]] = {}
        for each in self.by_rid.values():
            self.on_bus.setdefault(each.bus, []).append(each)
        self._behind: dict[int, int] = {
            each.parent: each.bus for each in self.by_rid.values() if each.parent is not None
        }
        self._sending: dict[int, list[HostFunction]] = {}
        for each in self.by_rid.values():
            for rid in self.own_ids(each)[1:]:
                self._sending.setdefault(rid, []).append(each)

    def scanned(self) -> Iterator[HostFunction]:
        """Every function, a bus first, then what is behind each of its bridges (drivers/pci/probe.c)."""
        waiting = [bus for bus, here in self.on_bus.items() if here[0].parent is None][::-1]
        while waiting:
            here = self.on_bus[waiting.pop()]
            yield from here
            waiting += [self._behind[each.rid] for each in reversed(here) if each.rid in self._behind]

    def bridge_above(self, function: HostFunction) -> HostFunction | None:
        """The bridge that its bus is behind; None on a root bus."""
        return None if function.parent is None else self.by_rid[function.parent]

    def slot(self, function: HostFunction) -> list[HostFunction]:
        """The functions of the same device, itself among them."""
        first = function.rid & ~7
        return [self.by_rid[rid] for rid in range(first, first + 8) if rid in self.by_rid]

    def own_ids(self, function: HostFunction) -> list[int]:
        """The ids that it sends under by itself: its own, then those of its quirk and of ``aliases``."""
        quirk = _AS_FUNCTION.get((function.vendor, function.device))
        devfns = [function.rid & 0xF8 | quirk] if quirk is not None and function.rid & 7 != quirk else []
        return list(dict.fromkeys([function.rid, *(function.bus << 8 | at for at in (*devfns, *function.aliases))]))

    def sharing_ids(self, function: HostFunction) -> list[HostFunction]:
        """The other functions that it sends as, and those that send as it (pci_devs_are_dma_aliases)."""
        as_these = [self.by_rid[rid] for rid in self.own_ids(function)[1:] if rid in self.by_rid]
        return as_these + [each for each in self._sending.get(function.rid, ()) if each not in as_these]

    def aliases(self, function: HostFunction) -> Iterator[tuple[HostFunction, int]]:
        """(whose, id) of each requester id that its DMA may bear at the root, the farthest upstream last."""
        for rid in self.own_ids(function):
            yield function, rid
        bridge = self.bridge_above(function)
        while bridge is not None:
            above = self.bridge_above(bridge)
            if bridge.kind == "pcie-to-pci" or _is_hidden_express(bridge, above):
                yield bridge, self._behind[bridge.rid] << 8
            elif bridge.kind not in PORTS:
                yield bridge, bridge.rid
            bridge = above

    def requester(self, rid: int) -> int:
        """The id, bus << 8 | devfn, that the IOMMU sees of the function's DMA, and faults show.

        A device whose quirk makes it send as another function is taken to do so always.
        """
        return list(self.aliases(self.by_rid[rid]))[-1][1] & 0xFFFF


def _is_hidden_express(bridge: HostFunction, above: HostFunction | None) -> bool:
    """Whether it is a PCIe-to-PCI bridge that does not say so."""
    known = (bridge.vendor, bridge.device) in _EXPRESS_BRIDGES and bridge.kind == "pci"
    return known and above is not None and above.is_express and above.kind != "pcie-to-pci"
