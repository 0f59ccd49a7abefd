"""A guest as vPCI knows it: its functions, its stage 2, what it waits for, and whether it was crashed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from fwsim.hypervisor.vpci.ranges import Pages
from fwsim.hypervisor.vpci.rules import Rules
from fwsim.hypervisor.vpci.stage2 import Mapping, Stage2

_NAME, _VCPU = "d1", "d1v0"
"""How Xen prints the first guest after the control domain, and its first virtual CPU (%pd, %pv)."""


def special(number: int) -> str:
    """A number as Xen's %#x prints it: 0 has no prefix (xen/common/vsprintf.c, number)."""
    return f"{number:#x}" if number else "0"


class Bar(Struct):
    """One BAR of a function's header as vPCI keeps it (struct vpci_bar).

    ``kind`` is one of "", "io", "mem32", "low" and "high" (halves of a 64-bit one); ``address`` the host's, ``guest``
    the guest's. ``enabled``: it is mapped. ``pages``: guest pages that wait to be mapped or unmapped. ``sizing``: the
    guest wrote all ones to an identity mapped one, and reads its size.
    """

    kind: str = ""
    address: int = 0
    guest: int = 0
    size: int = 0
    prefetchable: bool = False
    enabled: bool = False
    pages: Pages = ()
    sizing: bool = False

    @property
    def mappable(self) -> bool:
        """Whether it is memory (MAPPABLE_BAR)."""
        return self.kind in ("mem32", "low")

    @property
    def guest_pages(self) -> tuple[int, int]:
        """The first guest page, and the first behind it."""
        return self.guest >> 12, (self.guest + self.size - 1 >> 12) + 1


class HostMemory(Protocol):
    """The host's physical memory, as Xen reaches what lies beside an MSI-X table: little-endian, 1 to 8 bytes."""

    def read(self, address: int, width: int) -> int:
        """What is there."""
        ...

    def write(self, address: int, width: int, value: int) -> None:
        """A write."""
        ...


class TrappedPages(Protocol):
    """Pages whose accesses Xen answers itself: guest-physical addresses, 1 to 8 bytes."""

    def read(self, address: int, width: int) -> int:
        """What a read gives."""
        ...

    def write(self, address: int, width: int, value: int) -> None:
        """A write."""
        ...


class Decoder(Protocol):
    """What a domain asks of its functions."""

    @property
    def bars(self) -> Sequence[Bar]:
        """The BARs of its header."""
        ...

    def carry_out(self, command: int) -> None:
        """Do the mapping that was deferred."""
        ...


class DomainState(Struct, frozen=True):
    """A domain at one moment, its functions' registers left out."""

    mappings: tuple[Mapping, ...]
    pending: tuple[Decoder, int] | None
    crashed: str


class Domain:
    """One guest. ``said`` gets what is printed, a line a call, Xen's own lines with its prefix "(XEN) ".

    ``softirq`` is called when a mapping was asked for: whoever runs the guest calls ``resume`` before it goes on (the
    default does so at once). ``memory`` is what Xen itself reaches; None: all ones. ``host_windows``: (start, bytes) of
    the host bridges' windows; a BAR outside of them is not mapped on Arm (pci_check_bar). Empty: nobody asks.
    """

    def __init__(
        self,
        rules: Rules,
        said: Callable[[str], None] = lambda text: None,
        softirq: Callable[[], None] | None = None,
        host_windows: Sequence[tuple[int, int]] = (),
        memory: HostMemory | None = None,
    ) -> None:
        self.rules = rules
        self.said = said
        self.stage2 = Stage2(rules.arm)
        self.softirq = softirq or self.resume
        self.host_windows = tuple(host_windows)
        self.memory = memory
        self.trap: Callable[[int, int, TrappedPages | None], None] = lambda start, size, pages: None
        """Called where pages begin to be trapped, and where that ends (None): whoever runs the guest routes them."""
        self.functions: list[Decoder] = []
        self.pending: tuple[Decoder, int] | None = None
        self.crashed = ""

    def printk(self, text: str, vcpu: bool = False) -> None:
        """A line of Xen's console; ``vcpu``: gprintk, which names the virtual CPU first."""
        self.said(f"(XEN) {_VCPU + ' ' if vcpu else ''}{text}")

    @property
    def name(self) -> str:
        """As Xen prints it."""
        return _NAME

    def defer(self, function: Decoder, command: int) -> None:
        """Have a function's mapping done before the guest goes on (defer_map): one at a time, the last asked for."""
        self.pending = (function, command)
        self.softirq()

    def resume(self) -> None:
        """Do what is pending (vpci_process_pending). Nothing else of the guest may run before."""
        if self.pending is None:
            return
        (function, command), self.pending = self.pending, None
        function.carry_out(command)

    def crash(self) -> None:
        """End the guest as header.c does (domain_crash)."""
        self.crashed = "domain_crash called from drivers/vpci/header.c:235"
        self.printk(self.crashed)
        self.printk(f"Domain {_NAME[1:]} (vcpu#0) crashed on cpu#0:")

    def permitted(self, first: int, end: int) -> bool:
        """Whether the host's pages from ``first`` to before ``end`` are the guest's (iomem_access_permitted).

        The toolstack gives it the pages of its functions' memory BARs (tools/libs/light/libxl_pci.c).
        """
        for page in _edges(first, end, self.functions):
            if not any(
                bar.mappable and bar.address >> 12 <= page <= bar.address + bar.size - 1 >> 12
                for function in self.functions
                for bar in function.bars
            ):
                return False
        return True

    def on_host(self, address: int, size: int) -> bool:
        """Whether a BAR's pages lie in a window of a host bridge; x86 asks its memory map, and takes all."""
        if not self.rules.arm or not self.host_windows:
            return True
        first, last = address & -0x1000, address + size - 1 | 0xFFF
        return any(start <= first and last < start + length for start, length in self.host_windows)

    def state(self) -> DomainState:
        """What a snapshot keeps."""
        return DomainState(self.stage2.state(), self.pending, self.crashed)

    def restore(self, state: DomainState) -> None:
        """Go back to it."""
        self.stage2.restore(state.mappings)
        self.pending, self.crashed = state.pending, state.crashed


def _edges(first: int, end: int, functions: Sequence[Decoder]) -> set[int]:
    """The pages at which the answer can change: the first asked for, and the first behind each BAR."""
    behind = {(bar.address + bar.size - 1 >> 12) + 1 for function in functions for bar in function.bars if bar.mappable}
    return {first, *(page for page in behind if first <= page < end)}
