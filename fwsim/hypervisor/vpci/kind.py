"""Xen's vPCI answers configuration space in the hypervisor: what has no handler is not there for a guest.

Source: Xen xen/drivers/vpci/vpci.c (vpci_read_hw), header.c.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fwsim.exactness import Known
from fwsim.firmware.request import Function
from fwsim.hypervisor.interface import HOST_BRIDGE, Assignment, Device, Hypervisor, Reaction, Register

_COMMAND, _MEMORY = 0x04, 2
_BARS, _ROM_BAR, _HEADER_END, _END = 0x10, 0x30, 0x40, 0x1000
_BRIDGE_CLASS = 0x06


class Vpci(Hypervisor):
    """``vpci``: a domU's view. Registers without a handler read all ones and take no write; BARs are virtual.

    Ids, class, command and header type have handlers; capabilities beyond the header are hidden here.
    """

    kind = "vpci"
    firmware = "none"
    machines = frozenset(("pc", "q35", "arm-virt"))

    @property
    def known(self) -> Known:
        """Nothing of it was held against a running Xen."""
        return Known("read", "Xen xen/drivers/vpci/vpci.c, header.c")

    @property
    def story(self) -> str:
        """One sentence."""
        return "Xen's vPCI stands between: what it has no handler for reads all ones, BDSM and ASLS among it."

    def assign(self, device: Device) -> Assignment:
        """Nothing is offered: the guest cannot even see where stolen memory would be."""
        return Assignment(opregion=False, own_bdsm=False, vga=False)

    def registers(self, device: Device, given: Assignment, function: Function) -> Sequence[Register]:
        """Every assigned function's; the host bridge and other bridges are the hypervisor's own."""
        if function.bdf == HOST_BRIDGE or function.class_code >> 16 == _BRIDGE_CLASS:
            return ()
        rows = [Register(offset, 4, "hidden", 0xFFFFFFFF) for offset in range(_HEADER_END, _END, 4)]
        bars = {bar.index: bar for bar in function.bars}
        upper = {bar.index + 1 for bar in function.bars if bar.is64}
        for index in range(6):
            bar = bars.get(index)
            at = _BARS + 4 * index
            if bar is not None and bar.kind != "io":
                kind = (4 if bar.is64 else 0) | (8 if bar.kind == "pref" else 0)
                rows.append(Register(at, 4, value=kind, writable=-bar.size & 0xFFFFFFF0, watched=True))
            elif index in upper:
                size = bars[index - 1].size
                rows.append(Register(at, 4, writable=-size >> 32 & 0xFFFFFFFF, watched=True))
            elif bar is None:
                rows.append(Register(at, 4, "hidden"))
        return [*rows, Register(_ROM_BAR, 4, "hidden")]

    def written(
        self, device: Device, bdf: int, offset: int, old: int, new: int, read: Callable[[int, int], int]
    ) -> Reaction | None:
        """While memory decode is on, a BAR keeps its address."""
        return Reaction(value=old) if read(_COMMAND, 2) & _MEMORY else None
