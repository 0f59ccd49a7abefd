"""SeaBIOS's own drivers start before the boot, and what they take of high memory is not given back to e820.

Most of it is freed where nothing is attached. But the controllers start side by side: what a later one keeps lies below
what an earlier one only borrowed, and the hole above it is lost. Source: SeaBIOS src/block.c, src/hw/usb-xhci.c,
usb-ehci.c, usb-uhci.c, usb-ohci.c, virtio-scsi.c, virtio-blk.c, pvscsi.c, nvme.c of 1.16.2 and HEAD; measured with 20
sets of controllers, no media and no keyboard on them, under 1.16.2 and 1.17.0 in QEMU 7.2.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from fwsim.firmware.request import Function
from fwsim.firmware.seabios.zones import MIN_ALIGN, Memory

_PAGE = 0x1000
_QUEUE = (10784, _PAGE)
"""A virtqueue of 256 entries, with SeaBIOS's own words on it."""
_RING = (288, 256)


class Driver(Struct, frozen=True):
    """One driver: whose functions it takes, its allocations (bytes, alignment) for each, and whether it keeps them.

    ``classes`` are the upper 16 or all 24 bits of the class, ``ids`` device << 16 | vendor; one of them names it.
    """

    name: str
    takes: tuple[tuple[int, int], ...]
    kept: bool = False
    classes: tuple[int, ...] = ()
    ids: tuple[int, ...] = ()

    def fits(self, function: Function) -> bool:
        """Whether it is one of its functions."""
        named = function.device << 16 | function.vendor in self.ids
        return named or function.class_code in self.classes


NVME = Driver(
    "nvme", ((88, MIN_ALIGN), (_PAGE, _PAGE), (_PAGE, _PAGE), (_PAGE, _PAGE), (4 * _PAGE, _PAGE)), kept=True,
    classes=(0x010802,),
)  # fmt: skip
DRIVERS = (
    Driver("xhci", ((112, MIN_ALIGN), (520, 64), (16, 64), _RING, _RING), classes=(0x0C0330,)),
    Driver("ehci", ((_PAGE, _PAGE), (68, 128), (68, 128)), classes=(0x0C0320,)),
    Driver("uhci", ((16, MIN_ALIGN), (_PAGE, _PAGE), (44, MIN_ALIGN), (44, MIN_ALIGN)), classes=(0x0C0300,)),
    Driver("ohci", ((256, 256), (16, MIN_ALIGN)), classes=(0x0C0310,)),
    Driver("virtio-blk", (_QUEUE,), kept=True, ids=(0x10011AF4, 0x10421AF4)),
    Driver("virtio-scsi", ((88, MIN_ALIGN), _QUEUE), ids=(0x10041AF4, 0x10481AF4)),
    Driver("pvscsi", ((12, MIN_ALIGN), *[(_PAGE, _PAGE)] * 3), kept=True, ids=(0x07C015AD,)),
    NVME,
)
"""In the order in which they start."""
_CLASSES = frozenset(each for driver in DRIVERS for each in driver.classes)
_IDS = frozenset(each for driver in DRIVERS for each in driver.ids)


def start(functions: Sequence[Function], memory: Memory, *, without: str = "") -> list[str]:
    """Let the drivers but ``without`` take their share of ``memory``; the names of those that found a function."""
    borrowed, started = [], []
    known = [each for each in functions if each.class_code in _CLASSES or each.device << 16 | each.vendor in _IDS]
    for driver in DRIVERS if known else ():
        if driver.name == without:
            continue
        for function in known:
            if not driver.fits(function):
                continue
            started.append(driver.name)
            found = [memory.allocate(memory.high, size, align) for size, align in driver.takes]
            borrowed += [] if driver.kept else [address for address in found if address]
    for address in borrowed:
        memory.high.give_back(address)
    return started
