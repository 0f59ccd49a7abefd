"""Accesses are written as QEMU would have logged them: trace-event lines as its "log" backend prints them.

Formats: QEMU hw/vfio/trace-events (the same in 7.2, 10.0.13 and 10.2.2), hw/pci/trace-events, scripts/tracetool/
backend/log.py: the event's name, a blank, its format. Order: hw/vfio/pci.c and pci-quirks.c; hw/vfio/igd.c of 7.2 and
03828b00 for the port pair, which reads GMCH twice whenever it looks for its limit, and tells of a moved entry before it
writes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fwsim.trace.describe import COLUMNS
from fwsim.trace.event import Actor, Flag, Op, Space

DEVICE = "0000:00:02.0"
IGD = 0x10
_COMMAND, _IOBAR_REGISTER = IGD << 12 | 0x04, IGD << 12 | 0x20
_LPC = 0xF8
_VGA_PORTS = (range(0x3B0, 0x3BC), range(0x3C0, 0x3E0))
_GMCH = 0x50
_STAMPS_ASKED, _FULL_SLOTS = (6, 0), (7, 0)
"""Since when a line has a time before it by ``-msg timestamp=on`` alone (418ed142, 2021-01-25), and pci_cfg_* has bus
and slot in hexadecimal."""
_CHUNK = 1 << 16
PID = 1000
"""The thread that ``timestamps`` names; a run has none."""


class Mirror(Struct, frozen=True):
    """``width`` bytes of BAR0 at ``offset`` that are the configuration register ``config``; ``name`` "": untold."""

    offset: int
    width: int
    config: int
    name: str


class Log(Struct, frozen=True):
    """What a release's log has beside the guest's own accesses.

    ``release`` are its numbers. ``set_up`` are the lines of its start; a range there: zeroes written to the GTT by the
    port pair at these indices. ``limit`` is the first index of the pair that is left alone, 0 where none is looked at;
    ``gmch`` what it reads at 50h for that.
    """

    release: tuple[int, ...] = (99,)
    set_up: Sequence[str | range] = ()
    limit: int = 0
    gmch: int = 0
    mirrors: tuple[Mirror, ...] = ()


class QemuLines:
    """The lines of a run's events. ``gtt_offset`` is where the GTT begins in BAR0; ``left_out`` counts what QEMU would
    not have told of: ports of the platform, interrupts, faults, notes.
    """

    def __init__(
        self, gtt_offset: int = 0x200000, bridge: str = "i440FX", timestamps: bool = False, log: Log | None = None
    ) -> None:
        self.gtt_offset = gtt_offset
        self.log = log or Log()
        self.timestamps = timestamps or self.log.release < _STAMPS_ASKED
        self.left_out = 0
        self._names = {0: bridge, IGD: "vfio-pci", _LPC: "vfio-pci-igd-lpc-bridge"}
        self._iobar = -1
        self._decodes_ports = True
        self._latch = -1

    def lines(self, events: NDArray[np.void]) -> Iterator[str]:
        """A line or more for each event that QEMU would tell of; first its own set-up of the device, and the reset."""
        start_time = self._prefix(0)
        for line in self._set_up():
            yield start_time + line
        yield f"{start_time}vfio_pci_reset  ({DEVICE})"
        yield f"{start_time}vfio_pci_reset_flr {DEVICE} FLR/VFIO_DEVICE_RESET"
        for start in range(0, len(events), _CHUNK):
            for record in events[start : start + _CHUNK][list(COLUMNS)].tolist():
                made = self._lines(record)
                self.left_out += not made
                prefix = self._prefix(record[1])
                for line in made:
                    yield prefix + line

    def _set_up(self) -> Iterator[str]:
        for step in self.log.set_up:
            if isinstance(step, str):
                yield step
                continue
            for index in step:
                yield from self._gmch_read()
                yield _region(Op.WRITE, 4, 0, index, 4)
                yield _region(Op.WRITE, 4, 4, 0, 4)
            yield from self._gmch_read()  # the loop's last look at its limit

    def _gmch_read(self) -> list[str]:
        return 2 * [_config_read(_GMCH, 4, self.log.gmch)]

    def _prefix(self, time_ns: int) -> str:
        if not self.timestamps:
            return ""
        return f"{PID}@{time_ns // 1_000_000_000}.{time_ns // 1000 % 1_000_000:06d}:"

    def _lines(self, record: tuple[int, ...]) -> list[str]:
        _, _, actor, _, _, space, op, width, address, value, aux, flags = record
        if op == Op.NOTE and actor == Actor.HYPERVISOR and flags & Flag.REWRITTEN:
            return [f"vfio_pci_igd_vbios_patched {DEVICE}"]
        if op not in (Op.READ, Op.WRITE) or actor not in (Actor.ROM, Actor.FIRMWARE):
            return []
        if space == Space.PCI:
            return self._config(op, width, address, value)
        if space == Space.PORT:
            return self._port(op, width, address, value)
        if space not in (Space.MMIO, Space.GTT):
            return []
        if flags & Flag.INDEXED:
            return self._data(op, space, width, address, value, aux, flags)
        if space == Space.MMIO:
            mirror = next((each for each in self.log.mirrors if 0 <= address - each.offset < each.width), None)
            if mirror:
                return _mirrored(mirror, op, address, value, aux, width)
        if flags & Flag.MIRRORED and op == Op.READ:
            value = aux  # QEMU reads the device all the same, and throws that away
        return [_region(op, 0, address + (self.gtt_offset if space == Space.GTT else 0), value, width)]

    def _data(self, op: int, space: int, width: int, address: int, value: int, aux: int, flags: int) -> list[str]:
        """The data port. Up to 9.2 a write to it goes by QEMU's own copy of the index, which is used up by that."""
        latch, self._latch = self._latch, -1
        lines = []
        if op == Op.WRITE:
            looks = self.log.limit > 0 and latch >= 0 and latch % 4 == 1
            lines += self._gmch_read() if looks else []
            if flags & Flag.FAULTED:  # QEMU dies before it tells of anything
                return lines
            if (looks and latch < self.log.limit) or (space == Space.GTT and flags & Flag.REWRITTEN):
                lines.append(f"vfio_pci_igd_bar4_write {DEVICE} [0x{address | 1:03x}] 0x{aux:08x} -> 0x{value:08x}")
        return [*lines, _region(op, 4, 4, value, width)]

    def _config(self, op: int, width: int, address: int, value: int) -> list[str]:
        bdf, offset = address >> 12, address & 0xFFF
        full = self.log.release >= _FULL_SLOTS
        slot = f"{bdf >> 8:02x}:{bdf >> 3 & 31:02x}.{bdf & 7:x}" if full else f"{bdf >> 3 & 31:02d}:{bdf & 7}"
        name = self._names.get(bdf, "pci-device")
        if address == _IOBAR_REGISTER and op == Op.WRITE and value < 0xFFFFFFFF:
            self._iobar = value & 0xFFFC
        if address == _COMMAND and op == Op.WRITE:
            self._decodes_ports = bool(value & 1)
        if op == Op.READ:
            mine = [_config_read(offset, width, value)] if bdf == IGD else []
            return [*mine, f"pci_cfg_read {name} {slot} @0x{offset:x} -> 0x{value:x}"]
        mine = [_config_write(offset, width, value)] if bdf == IGD else []
        return [f"pci_cfg_write {name} {slot} @0x{offset:x} <- 0x{value:x}", *mine]

    def _port(self, op: int, width: int, address: int, value: int) -> list[str]:
        if self._iobar > 0 and 0 <= address - self._iobar < 0x40:
            if not self._decodes_ports:  # QEMU takes the BAR out of its address space (hw/pci/pci.c)
                return []
            port = address - self._iobar
            if port in (0, 4):
                self._latch = value if op == Op.WRITE and port == 0 else -1
            return [_region(op, 4, port, value, width)]
        if any(address in ports for ports in _VGA_PORTS):
            if op == Op.READ:
                return [f"vfio_vga_read  (0x{address:x}, {width}) = 0x{value:x}"]
            return [f"vfio_vga_write  (0x{address:x}, 0x{value:x}, {width})"]
        return []


def _region(op: int, region: int, offset: int, value: int, width: int) -> str:
    if op == Op.READ:
        return f"vfio_region_read  ({DEVICE}:region{region}+0x{offset:x}, {width}) = 0x{value:x}"
    return f"vfio_region_write  ({DEVICE}:region{region}+0x{offset:x}, 0x{value:x}, {width})"


def _config_read(offset: int, width: int, value: int) -> str:
    return f"vfio_pci_read_config  ({DEVICE}, @0x{offset:x}, len=0x{width:x}) 0x{value:x}"


def _config_write(offset: int, width: int, value: int) -> str:
    return f"vfio_pci_write_config  ({DEVICE}, @0x{offset:x}, 0x{value:x}, len=0x{width:x})"


def _mirrored(mirror: Mirror, op: int, address: int, value: int, aux: int, width: int) -> list[str]:
    """An access to a mirrored register: a read of the device for nothing, then configuration space.

    What reaches past the mirror goes on to the device (QEMU splits an access where its regions meet).
    """
    if not mirror.name:
        return []
    register, inside = mirror.config + address - mirror.offset, min(width, mirror.offset + mirror.width - address)
    mask, rest = (1 << 8 * inside) - 1, width - inside
    told = f"{DEVICE} {mirror.name} 0x{register:x}: 0x{value & mask:x}"
    if op == Op.READ:
        lines = [
            _region(op, 0, address, aux & mask, inside), _config_read(register, inside, value & mask),
            f"vfio_quirk_generic_mirror_read {told}",
        ]  # fmt: skip
    else:
        lines = [_config_write(register, inside, value & mask), f"vfio_quirk_generic_mirror_write {told}"]
    return lines + ([_region(op, 0, address + inside, value >> 8 * inside, rest)] if rest else [])
