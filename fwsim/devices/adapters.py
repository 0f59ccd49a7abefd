"""The display devices other than the IGD: ids, BARs and what lies behind each BAR, chosen by a ROM's ids.

Sources: QEMU ``hw/display`` devices' PCI interface (``docs/specs/standard-vga.rst``); Linux drivers bochs, cirrus,
qxl, vmwgfx, aty128fb; 3dfx Banshee specification.
"""

from enum import IntEnum
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from fwsim.devices.vga.ati import ati_read, ati_write
from fwsim.devices.vga.banshee import banshee_in, banshee_out
from fwsim.devices.vga.dispi import bar2_read, bar2_write
from fwsim.devices.vga.state import KIND_ATI, KIND_BANSHEE, KIND_CIRRUS, KIND_VGA, Vga
from fwsim.errors import FwsimError
from fwsim.native import native
from fwsim.units import KIB, MIB

CLASS_VGA = 0x030000
CLASS_DISPLAY_OTHER = 0x038000


class Role(IntEnum):
    """What lies behind a BAR."""

    VRAM = 0  # video memory: map ``vga.vram``, no trap
    DISPI = 1  # EDID, VGA ports and dispi registers, as stdvga's BAR2
    ATI = 2
    BANSHEE = 3
    IDLE = 4  # registers that no ROM needs: reads 0, writes vanish


_DISPI, _ATI, _BANSHEE = int(Role.DISPI), int(Role.ATI), int(Role.BANSHEE)


class Bar(Struct, frozen=True):
    """One base address register: ``size`` in bytes, a power of two."""

    index: int
    size: int
    role: Role
    io: bool = False
    prefetch: bool = False


class Adapter(Struct, frozen=True):
    """One display device: ``device`` is the id it has; ``also`` are ids of ROMs that fit it as well.

    ``window`` is the fixed address where a card for ISA shows its video memory, 0 when there is none. ``ramfb`` is no
    card at all: its picture lies in the guest's own memory, as the guest describes it in fw_cfg's ``etc/ramfb``.
    ``pin``: its interrupt, 1 for INTA, 0 for none.
    """

    kind: str
    vendor: int
    device: int
    bars: tuple[Bar, ...]
    vga: int = KIND_VGA
    also: tuple[int, ...] = ()
    class_code: int = CLASS_VGA
    revision: int = 0
    pin: int = 1
    subsystem: tuple[int, int] = (0x1AF4, 0x1100)
    vram_size: int = 16 * MIB
    dispi: bool = True
    pci: bool = True
    window: int = 0

    @property
    def ids(self) -> tuple[tuple[int, int], ...]:
        """Every (vendor, device) pair whose ROM runs on it."""
        return ((self.vendor, self.device), *((self.vendor, device) for device in self.also))

    def with_device(self, device: int) -> "Adapter":
        """The same card with the device id ``device``, one of its own (an ATI card is a Rage 128 or a Radeon)."""
        if device == self.device or device not in self.also:
            return self
        others = (self.device, *(other for other in self.also if other != device))
        return replace(self, device=device, also=others)

    def make(self, edid: bytes | None = None) -> Vga:
        """The VGA of this card, at reset, with a monitor whose first EDID block is ``edid``."""
        vga = Vga(self.vga, self.vram_size, dispi=self.dispi)
        if edid is not None:
            vga.set_monitor(edid)
        return vga


_FRAME = Bar(0, 16 * MIB, Role.VRAM, prefetch=True)
_REGISTERS = Bar(2, 4 * KIB, Role.DISPI)

ADAPTERS: tuple[Adapter, ...] = (
    Adapter("stdvga", 0x1234, 0x1111, (_FRAME, _REGISTERS), revision=2, pin=0),
    Adapter("bochs-display", 0x1234, 0x1111, (_FRAME, _REGISTERS), class_code=CLASS_DISPLAY_OTHER),
    Adapter(
        "cirrus",
        0x1013,
        0x00B8,
        (Bar(0, 32 * MIB, Role.VRAM, prefetch=True), Bar(1, 4 * KIB, Role.IDLE)),
        vga=KIND_CIRRUS,
        vram_size=4 * MIB,
        dispi=False,
    ),
    Adapter(
        "ati",
        0x1002,
        0x5046,
        (_FRAME, Bar(1, 256, Role.ATI, io=True), Bar(2, 16 * KIB, Role.ATI)),
        vga=KIND_ATI,
        also=(0x5159,),
        dispi=False,
    ),
    Adapter(
        "qxl",
        0x1B36,
        0x0100,
        (
            Bar(0, 64 * MIB, Role.VRAM),
            Bar(1, 64 * MIB, Role.IDLE),
            Bar(2, 8 * KIB, Role.IDLE),
            Bar(3, 32, Role.IDLE, io=True),
        ),
    ),
    Adapter(
        "virtio",
        0x1AF4,
        0x1050,
        (Bar(0, 8 * MIB, Role.VRAM, prefetch=True), Bar(2, 16 * KIB, Role.DISPI), Bar(4, 4 * KIB, Role.IDLE)),
        vram_size=8 * MIB,
    ),
    Adapter(
        "vmware",
        0x15AD,
        0x0405,
        (Bar(0, 16, Role.IDLE, io=True), Bar(1, 16 * MIB, Role.VRAM, prefetch=True), Bar(2, 64 * KIB, Role.IDLE)),
        subsystem=(0x15AD, 0x0405),
    ),
    Adapter(
        "banshee",
        0x121A,
        0x0003,
        (
            Bar(0, 32 * MIB, Role.IDLE),
            Bar(1, 32 * MIB, Role.VRAM, prefetch=True),
            Bar(2, 256, Role.BANSHEE, io=True),
        ),
        vga=KIND_BANSHEE,
        subsystem=(0x121A, 0x0003),
        dispi=False,
    ),
    Adapter("isavga", 0xFFFF, 0xFFFF, (), pci=False, window=0xE0000000),
    Adapter("ramfb", 0xFFFF, 0xFFFF, (), pci=False, dispi=False),
)


def adapter_named(kind: str) -> Adapter:
    """The device called ``kind``. Raises FwsimError for a name that is none."""
    for adapter in ADAPTERS:
        if adapter.kind == kind:
            return adapter
    raise FwsimError(
        "no such display device",
        where="host.vga",
        found=repr(kind),
        expected="auto, igd, " + ", ".join(adapter.kind for adapter in ADAPTERS),
    )


def adapter_for(vendor: int, device: int, class_code: int = CLASS_VGA) -> Adapter | None:
    """The device that a ROM with these PCIR ids is for; among equals, the one whose class fits. None: there is none."""
    fits = [adapter for adapter in ADAPTERS if adapter.pci and (vendor, device) in adapter.ids]
    if not fits:
        return None
    same = [adapter for adapter in fits if adapter.class_code >> 8 == class_code >> 8]
    return (same or fits)[0].with_device(device)


@native
def bar_read(root: int, role: int, offset: int, width: int) -> Any:
    """Read ``width`` bytes at ``offset`` of a BAR whose Role is ``role`` (not VRAM: that is mapped): a uint64."""
    if role == _DISPI:
        return bar2_read(root, offset, width)
    if role == _ATI:
        return np.uint64(ati_read(root, offset, width))
    if role == _BANSHEE:
        return np.uint64(banshee_in(root, offset, width))
    return np.uint64(0)


@native
def bar_write(root: int, role: int, offset: int, width: int, value: int) -> None:
    """Write ``width`` bytes at ``offset`` of a BAR whose Role is ``role``."""
    if role == _DISPI:
        bar2_write(root, offset, width, value)
    elif role == _ATI:
        ati_write(root, offset, width, value)
    elif role == _BANSHEE:
        banshee_out(root, offset, width, value)
