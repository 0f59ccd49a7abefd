"""Where a guest's BARs can lie: windows of the guest's map and of its bridges, filled from below, the largest first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct, field

from fwsim.hypervisor.vpci.host import HostBar

MIB = 1 << 20
PAGE = 0x1000
Which = Literal["memory", "prefetchable"]


class Window(Struct):
    """Guest-physical addresses from ``start`` to before ``end``; ``taken`` are those that something has."""

    start: int
    end: int
    taken: list[tuple[int, int]] = field(default_factory=list)

    def take(self, size: int, align: int) -> int | None:
        """The lowest free address that is a multiple of ``align``, from now on taken; None where there is no room."""
        at = -(-self.start // align) * align
        for first, end in sorted(self.taken):
            if at + size <= first:
                break
            at = max(at, -(-end // align) * align)
        if at + size > self.end:
            return None
        self.taken.append((at, at + size))
        return at

    def __str__(self) -> str:
        return f"{self.start:#x}-{self.end - 1:#x}"


class Need(Struct, frozen=True):
    """``size`` bytes at a multiple of ``align``."""

    size: int
    align: int


def window_of(bar: HostBar) -> Which | None:
    """Which of a bridge's windows forwards a BAR: above 4 GiB the prefetchable one alone; None for an I/O BAR."""
    if bar.kind == "io":
        return None
    return "prefetchable" if bar.kind == "pref" and bar.is64 else "memory"


def need_of(bar: HostBar) -> Need:
    """A BAR's own; one that is smaller than a page has a page, for it has to lie as the host's lies in its page."""
    return Need(max(bar.size, PAGE), max(bar.size, PAGE))


def packed(needs: Iterable[Need]) -> Need | None:
    """The window of a bridge that has room for all of these, in whole MiB (PCI-to-PCI Bridge 1.2, 3.2.5.8)."""
    end, align = 0, MIB
    rows = sorted(needs, key=lambda need: (-need.align, -need.size))
    for need in rows:
        end = -(-end // need.align) * need.align + need.size
        align = max(align, need.align)
    return Need(-(-end // MIB) * MIB, align) if rows else None
