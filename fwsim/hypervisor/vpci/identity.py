"""Identity mapping: a BAR at the host's own address in the guest, and the guests in which that cannot be.

On Arm the guest's memory map is fixed, and on Juno the BARs' addresses are RAM of the guest (PCI devices passthrough on
Arm, xen-devel, July 2020).
"""

from __future__ import annotations

from fwsim.errors import FwsimError
from fwsim.hypervisor.vpci.host import HostDevice
from fwsim.hypervisor.vpci.rules import GuestMap


def check_identity(device: HostDevice, guest: GuestMap) -> None:
    """Raises FwsimError where a memory BAR of ``device`` meets RAM, configuration window or a device of the guest.

    One that lies in a window of the guest's host bridge must lie there whole.
    """
    taken = [("guest RAM", *span) for span in guest.ram]
    taken += [("the guest's configuration window", *guest.ecam)]
    taken += [("a device or table of the guest", *span) for span in guest.other]
    for bar in device.bars:
        if bar.kind == "io":
            continue
        first, end = bar.address & -0x1000, bar.address + bar.size + 0xFFF & -0x1000
        for what, start, size in taken:
            if first < start + size and start < end:
                _refuse(device, bar.index, first, end, f"{what} at {start:#x}-{start + size - 1:#x}")
        for what, (start, size) in (("memory", guest.memory), ("prefetchable", guest.prefetchable)):
            inside = start <= first and end <= start + size
            if first < start + size and start < end and not inside:
                _refuse(
                    device, bar.index, first, end, f"the edge of the {what} window {start:#x}-{start + size - 1:#x}"
                )


def _refuse(device: HostDevice, index: int, first: int, end: int, what: str) -> None:
    raise FwsimError(
        "a BAR cannot have the host's address in this guest", where=f"{device.name} BAR{index}",
        found=f"{first:#x}-{end - 1:#x} meets {what}", expected="addresses that are nothing else of the guest's",
        hint='bars = "relocate" gives it another',
    )  # fmt: skip
