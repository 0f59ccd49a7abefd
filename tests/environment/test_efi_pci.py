"""PciIo and PciRootBridgeIo as edk2's PciBusDxe has them: bounds, attributes, polls, copies, buffers."""

import numpy as np
import pytest
from efi_rig import made

from fwsim.environment.uefi.uefi import Uefi
from fwsim.environment.uefi.words import PCI_IO, PCI_ROOT_BRIDGE_IO
from fwsim.trace.event import Actor, Space

INVALID, UNSUPPORTED, TIMEOUT = 1 << 63 | 2, 1 << 63 | 3, 1 << 63 | 18
POLL_MEM, READ, WRITE, IO_READ, CONFIG_READ, COPY, MAP, UNMAP, ALLOCATE, FREE = 0, 2, 3, 4, 6, 8, 9, 10, 11, 12
LOCATION, ATTRIBUTES, BAR_ATTRIBUTES = 14, 15, 16
BYTE, DWORD, FILL_DWORD = 0, 2, 10


class _Pci:
    """PciIo of one function, called as a driver calls it."""

    def __init__(self, more: str = "", vga: str = "stdvga", devfn: int = 0x10, guid: bytes = PCI_IO) -> None:
        self.uefi, handles = made(more, vga=vga)
        handle = handles[devfn] if guid == PCI_IO else self.uefi.handles.with_protocol(guid)[0]
        self.at = self.uefi.handles.interface(handle, guid) or 0
        self.buffer = self.uefi.memory.new(bytes(64))

    def __call__(self, number: int, *arguments: int) -> int:
        first = 0 if self.at != self._bridge() else 8
        return self.uefi.call(self.uefi.number(self.at + first + 8 * number), self.at, *arguments)

    def _bridge(self) -> int:
        handles = self.uefi.handles
        return handles.interface(handles.with_protocol(PCI_ROOT_BRIDGE_IO)[0], PCI_ROOT_BRIDGE_IO) or 0


@pytest.fixture
def vga() -> _Pci:
    """QEMU's VGA: BAR 0 video memory of 16 MiB, BAR 2 registers."""
    return _Pci()


def test_a_fill_is_one_write_and_reaches_video_memory(vga: _Pci) -> None:
    vga.uefi.put(vga.buffer, 0x00C0FFEE, 4)
    assert vga(WRITE, FILL_DWORD, 0, 0x100, 4096, vga.buffer) == 0
    pixels = vga.uefi.machine.vga.vram[:0x5000].view(np.uint32)
    assert set(pixels[0x40 : 0x40 + 4096].tolist()) == {0xC0FFEE}
    assert (pixels[0x3F], pixels[0x40 + 4096]) == (0, 0)


def test_no_access_leaves_its_bar(vga: _Pci) -> None:
    size = 16 << 20
    assert vga(READ, DWORD, 0, size - 4, 1, vga.buffer) == 0
    assert vga(READ, DWORD, 0, size - 4, 2, vga.buffer) == INVALID
    assert vga(READ, DWORD, 0, 1 << 63, 1 << 62, vga.buffer) == INVALID
    assert vga(READ, DWORD, 1, 0, 1, vga.buffer) == INVALID, "there is no BAR 1"
    assert vga(IO_READ, BYTE, 0, 0, 1, vga.buffer) == INVALID, "BAR 0 is memory"
    assert vga(READ, DWORD, 0, 0, 1, 0) == INVALID, "no buffer"
    assert vga(READ, 12, 0, 0, 1, vga.buffer) == INVALID, "no such width"


def test_configuration_space_ends_at_4_kib(vga: _Pci) -> None:
    assert vga(CONFIG_READ, DWORD, 0, 16, vga.buffer) == 0
    assert vga.uefi.number(vga.buffer, 4) == 0x11111234
    assert vga(CONFIG_READ, DWORD, 0xFFC, 2, vga.buffer) == UNSUPPORTED
    assert vga(CONFIG_READ, DWORD, 2, 1, vga.buffer) == UNSUPPORTED, "not aligned"


def test_bars_are_counted_by_register_a_wide_one_once() -> None:
    igd = _Pci(vga="igd")
    found = []
    for index in range(4):
        status = igd(BAR_ATTRIBUTES, index, igd.buffer, igd.buffer + 8)
        at = igd.uefi.number(igd.buffer + 8)
        found.append((igd.uefi.number(at + 3, 1), igd.uefi.number(at + 38)) if not status else None)
    assert found == [(0, 16 << 20), (0, 256 << 20), (1, 64), None]
    vga = _Pci()
    assert [vga(BAR_ATTRIBUTES, index, vga.buffer, vga.buffer + 8) for index in (0, 1, 2)] == [0, UNSUPPORTED, 0]


def test_a_vga_supports_the_legacy_ranges_and_no_other_function_does(vga: _Pci) -> None:
    assert vga(ATTRIBUTES, 4, 0, vga.buffer) == 0
    assert vga.uefi.number(vga.buffer) == 0x40708
    card = _Pci('[[function]]\nslot = "03.0"\nbars = ["mem 4K"]\n', devfn=0x18)
    assert card(ATTRIBUTES, 4, 0, card.buffer) == 0
    assert card.uefi.number(card.buffer) == 0x700
    assert card(ATTRIBUTES, 2, 0x8, 0) == UNSUPPORTED


def test_attributes_are_the_command_register_and_what_was_enabled(vga: _Pci) -> None:
    assert vga(ATTRIBUTES, 3, 0x200, 0) == 0
    assert vga.uefi.machine.pci.seen_by_guest(vga.uefi.machine.pci.slot(0x10), 4, 2) & 7 == 5
    assert vga(ATTRIBUTES, 2, 0x40708, 0) == 0
    assert vga(ATTRIBUTES, 0, 0, vga.buffer) == 0
    assert vga.uefi.number(vga.buffer) == 0x40708
    assert vga.uefi.machine.pci.seen_by_guest(vga.uefi.machine.pci.slot(0x10), 4, 2) & 7 == 7


def test_a_poll_waits_in_virtual_time_and_gives_up(vga: _Pci) -> None:
    before = vga.uefi.now
    assert vga(POLL_MEM, DWORD, 0, 0, 1, 1, 1000, vga.buffer) == TIMEOUT
    assert 100_000 <= vga.uefi.now - before < 200_000
    vga.uefi.machine.vga.vram[0] = 1
    assert vga(POLL_MEM, DWORD, 0, 0, 1, 1, 1000, vga.buffer) == 0
    assert vga.uefi.number(vga.buffer) == 1


def test_a_copy_may_overlap(vga: _Pci) -> None:
    vram = vga.uefi.machine.vga.vram
    vram[:8] = range(8)
    assert vga(COPY, DWORD, 0, 4, 0, 0, 2) == 0
    assert vram[:12].tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7]


def test_a_device_sees_memory_at_its_own_address(vga: _Pci) -> None:
    uefi, at = vga.uefi, vga.buffer
    assert vga(ALLOCATE, 0, 4, 2, at, 0) == 0
    base = uefi.number(at)
    assert uefi.memory.taken[base] == (0x2000, 4)
    uefi.put(at + 8, 0x2000)
    assert vga(MAP, 2, base, at + 8, at + 16, at + 24) == 0
    assert uefi.number(at + 16) == base
    mapping = uefi.number(at + 24)
    assert [vga(UNMAP, mapping), vga(UNMAP, mapping)] == [0, INVALID]
    assert vga(FREE, 2, base) == 0
    assert base not in uefi.memory.taken


def test_an_access_is_the_callers_own(vga: _Pci) -> None:
    uefi: Uefi = vga.uefi
    assert vga(IO_READ, BYTE, 0xFF, 0x3CC, 1, vga.buffer) == 0
    events = uefi.machine.recorder.tail(2)
    assert (int(events[0]["space"]), int(events[0]["address"])) == (int(Space.PORT), 0x3CC)
    assert int(events[0]["actor"]) == int(Actor.ROM)
    assert int(events[0]["ip"]) == int(events[1]["ip"]), "it stands where the service was called"


def test_the_root_bridge_reaches_every_function() -> None:
    bridge = _Pci(guid=PCI_ROOT_BRIDGE_IO)
    config_read = 6
    assert bridge(config_read, DWORD, 0x00020000, 1, bridge.buffer) == 0
    assert bridge.uefi.number(bridge.buffer, 4) == 0x11111234
    assert bridge(config_read, 1, 0x001F0000, 1, bridge.buffer) == 0
    assert bridge.uefi.number(bridge.buffer, 2) == 0xFFFF, "nothing is at 1f.0"
