"""What lies behind the host's BARs that stage 2 maps: registers that say whose they are, or a modelled device's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fwsim.hypervisor.vpci.host import HostBar, HostDevice
from fwsim.machine.regions import Registers

_IDS, _PLACE = 0, 4


class SignedBar:
    """A BAR of a device that nothing models: its first two dwords say whose it is, everything else is storage.

    Dword 0 is vendor | device << 16, dword 1 the BAR's index | bus << 8 | device and function << 16: made up here, so
    that a program can tell which BAR it reads.
    """

    def __init__(self, device: HostDevice, bar: HostBar) -> None:
        ids = int.from_bytes(device.config[:4], "little")
        place = bar.index | (device.sbdf >> 8 & 0xFF) << 8 | (device.sbdf & 0xFF) << 16
        self._fixed = {_IDS: ids, _PLACE: place}
        self._held: dict[int, int] = {}

    def read(self, offset: int, width: int) -> int:
        """Little-endian, of any width and alignment."""
        value = 0
        for lane in range(width):
            at = offset + lane
            dword = self._fixed.get(at & ~3, self._held.get(at & ~3, 0))
            value |= (dword >> 8 * (at & 3) & 0xFF) << 8 * lane
        return value

    def write(self, offset: int, width: int, value: int) -> None:
        """Storage, but for the signature."""
        for lane in range(width):
            at, byte = offset + lane, value >> 8 * lane & 0xFF
            held = self._held.get(at & ~3, 0)
            self._held[at & ~3] = held & ~(0xFF << 8 * (at & 3)) | byte << 8 * (at & 3)

    def snapshot(self) -> Any:
        """What was stored."""
        return dict(self._held)

    def restore(self, state: Any) -> None:
        """Go back to it."""
        self._held = dict(state)


class HostBars:
    """The memory BARs of the host's functions. ``modelled`` has the registers of (sbdf, BAR) that a device answers."""

    def __init__(
        self, devices: Iterable[HostDevice], modelled: Mapping[tuple[int, int], Registers] | None = None
    ) -> None:
        self._bars: list[tuple[int, int, Registers]] = []
        for device in devices:
            for bar in device.bars:
                if bar.kind != "io":
                    behind = (modelled or {}).get((device.sbdf, bar.index)) or SignedBar(device, bar)
                    self._bars.append((bar.address, bar.size, behind))

    def at(self, address: int) -> tuple[Registers, int]:
        """What is at a host's address, and its offset there; KeyError where no BAR is."""
        for start, size, behind in self._bars:
            if start <= address < start + max(size, 0x1000):
                return behind, address - start
        raise KeyError(address)

    def read(self, address: int, width: int) -> int:
        """What the hypervisor itself reads there; all ones where no BAR is."""
        try:
            behind, offset = self.at(address)
        except KeyError:
            return (1 << 8 * width) - 1
        return behind.read(offset, width)

    def write(self, address: int, width: int, value: int) -> None:
        """What it writes, where a BAR is."""
        try:
            behind, offset = self.at(address)
        except KeyError:
            return
        behind.write(offset, width, value)

    def snapshot(self) -> Any:
        """Every BAR's."""
        return [behind.snapshot() for _, _, behind in self._bars]

    def restore(self, state: Any) -> None:
        """Go back to it."""
        for (_, _, behind), held in zip(self._bars, state, strict=True):
            behind.restore(held)
