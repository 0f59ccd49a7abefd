"""Accesses are written as QEMU would have logged them: trace-event lines as its "log" backend prints them.

Formats: QEMU hw/vfio/trace-events, hw/pci/trace-events, scripts/tracetool/backend/log.py: the event's name, a blank,
its format. hw/vfio/igd.c tells of a rewritten entry before it writes it; pci_cfg_read follows vfio_pci_read_config.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fwsim.trace.describe import COLUMNS
from fwsim.trace.event import Actor, Flag, Op, Space

DEVICE = "0000:00:02.0"
IGD = 0x10
_IOBAR_REGISTER = IGD << 12 | 0x20
_LPC = 0xF8
_VGA_PORTS = (range(0x3B0, 0x3BC), range(0x3C0, 0x3E0))
_CHUNK = 1 << 16
PID = 1000
"""The thread that ``timestamps`` names; a run has none."""


class QemuLines:
    """The lines of a run's events. ``gtt_offset`` is where the GTT begins in BAR0; ``left_out`` counts what QEMU would
    not have told of: ports of the platform, interrupts, faults, notes.
    """

    def __init__(self, gtt_offset: int = 0x200000, bridge: str = "i440FX", timestamps: bool = False) -> None:
        self.gtt_offset = gtt_offset
        self.timestamps = timestamps
        self.left_out = 0
        self._names = {0: bridge, IGD: "vfio-pci", _LPC: "vfio-pci-igd-lpc-bridge"}
        self._iobar = -1

    def lines(self, events: NDArray[np.void], bdsm_mib: int = 0) -> Iterator[str]:
        """A line or more for each event that QEMU would tell of; first, the guest's stolen memory, and the reset."""
        start_time = self._prefix(0)
        if bdsm_mib:
            yield f"{start_time}vfio_pci_igd_bdsm_enabled {DEVICE} {bdsm_mib}MB"
        yield f"{start_time}vfio_pci_reset_flr {DEVICE} FLR/VFIO_DEVICE_RESET"
        for start in range(0, len(events), _CHUNK):
            for record in events[start : start + _CHUNK][list(COLUMNS)].tolist():
                made = self._lines(record)
                self.left_out += not made
                prefix = self._prefix(record[1])
                for line in made:
                    yield prefix + line

    def _prefix(self, time_ns: int) -> str:
        if not self.timestamps:
            return ""
        return f"{PID}@{time_ns // 1_000_000_000}.{time_ns // 1000 % 1_000_000:06d}:"

    def _lines(self, record: tuple[int, ...]) -> list[str]:
        _, _, actor, _, _, space, op, width, address, value, aux, flags = record
        if op not in (Op.READ, Op.WRITE) or actor not in (Actor.ROM, Actor.FIRMWARE):
            return []
        if space == Space.PCI:
            return self._config(op, width, address, value)
        if space == Space.PORT:
            return self._port(op, width, address, value)
        if space not in (Space.MMIO, Space.GTT):
            return []
        if flags & Flag.MIRRORED and op == Op.READ:
            value = aux  # QEMU reads the device all the same, and throws that away
        if not flags & Flag.INDEXED:
            offset = address + (self.gtt_offset if space == Space.GTT else 0)
            return [_region(op, 0, offset, value, width)]
        lines = []
        if space == Space.GTT and op == Op.WRITE and flags & Flag.REWRITTEN:
            lines.append(f"vfio_pci_igd_bar4_write {DEVICE} [0x{address | 1:03x}] 0x{aux:08x} -> 0x{value:08x}")
        return [*lines, _region(op, 4, 4, value, width)]

    def _config(self, op: int, width: int, address: int, value: int) -> list[str]:
        bdf, offset = address >> 12, address & 0xFFF
        slot = f"{bdf >> 8:02x}:{bdf >> 3 & 31:02x}.{bdf & 7:x}"
        name = self._names.get(bdf, "pci-device")
        if address == _IOBAR_REGISTER and op == Op.WRITE and value < 0xFFFFFFFF:
            self._iobar = value & 0xFFFC
        if op == Op.READ:
            mine = (
                [f"vfio_pci_read_config  ({DEVICE}, @0x{offset:x}, len=0x{width:x}) 0x{value:x}"] if bdf == IGD else []
            )
            return [*mine, f"pci_cfg_read {name} {slot} @0x{offset:x} -> 0x{value:x}"]
        mine = [f"vfio_pci_write_config  ({DEVICE}, @0x{offset:x}, 0x{value:x}, len=0x{width:x})"] if bdf == IGD else []
        return [f"pci_cfg_write {name} {slot} @0x{offset:x} <- 0x{value:x}", *mine]

    def _port(self, op: int, width: int, address: int, value: int) -> list[str]:
        if self._iobar > 0 and 0 <= address - self._iobar < 0x40:
            return [_region(op, 4, address - self._iobar, value, width)]
        if any(address in ports for ports in _VGA_PORTS):
            if op == Op.READ:
                return [f"vfio_vga_read  (0x{address:x}, {width}) = 0x{value:x}"]
            return [f"vfio_vga_write  (0x{address:x}, 0x{value:x}, {width})"]
        return []


def _region(op: int, region: int, offset: int, value: int, width: int) -> str:
    if op == Op.READ:
        return f"vfio_region_read  ({DEVICE}:region{region}+0x{offset:x}, {width}) = 0x{value:x}"
    return f"vfio_region_write  ({DEVICE}:region{region}+0x{offset:x}, 0x{value:x}, {width})"
