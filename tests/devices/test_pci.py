"""Configuration space: CF8/CFC with every width, write masks, W1C bits, emulated bits, absent functions."""

import pytest
from config_rig import DEVFN, Bus

from fwsim.devices.bus import P_ADDRESS
from fwsim.devices.pci import bar_write_mask
from fwsim.errors import FwsimError


@pytest.fixture
def bus():
    made = Bus()
    yield made
    made.recorder.close()


def test_bytes_and_words_come_from_their_lanes(bus):
    bus.pci.set(bus.slot, 0x2C, 4, 0x11223344)
    assert [bus.read(0x2C + lane, 1) for lane in range(4)] == [0x44, 0x33, 0x22, 0x11]
    assert [bus.read(0x2C, 2), bus.read(0x2E, 2), bus.read(0x2C, 4)] == [0x3344, 0x1122, 0x11223344]


def test_only_writable_bits_of_the_written_lanes_change(bus):
    bus.pci.set(bus.slot, 0x04, 4, 0x02900000, 0x00000547)
    bus.write(0x05, 1, 0xFF)
    assert bus.read(4, 4) == 0x02900500
    bus.write(0x04, 2, 0x0003)
    assert bus.read(4, 4) == 0x02900003
    bus.write(0x06, 2, 0xFFFF)
    assert bus.read(4, 4) == 0x02900003


def test_write_one_to_clear(bus):
    bus.pci.set(bus.slot, 0x04, 4, 0xF9000000)
    bus.pci.clear[bus.slot][1] = 0xF9000000
    bus.write(0x07, 1, 0x80)
    assert bus.read(0x04, 4) == 0x79000000
    bus.write(0x07, 1, 0x00)
    assert bus.read(0x04, 4) == 0x79000000


def test_emulated_bits_are_answered_instead_of_the_devices(bus):
    """A host BDSM with 0 emulated over it: the reader gets that, the event keeps both."""
    bus.pci.set(bus.slot, 0x5C, 4, 0xDBA00001, 0xFFFFFFFF)
    bus.pci.emulate(bus.slot, 0x5C, 4, 0, 0xFFFFFFFF)
    assert bus.read(0x5C, 4) == 0
    assert bus.last() == {
        "space": 2,
        "op": 0,
        "width": 4,
        "address": 0x1005C,
        "value": 0,
        "aux": 0xDBA00001,
        "flags": 2,
    }
    bus.write(0x5C, 4, 0x7D700001)
    assert bus.read(0x5E, 2) == 0x7D70
    assert bus.pci.get(bus.slot, 0x5C, 4) == 0xDBA00001
    assert bus.pci.seen_by_guest(bus.slot, 0x5C, 4) == 0x7D700001


def test_absent_functions_and_other_buses_read_all_ones(bus):
    assert bus.read(0, 4, 0x18) == 0xFFFFFFFF
    assert bus.read(0, 2, 0x11) == 0xFFFF
    assert bus.read(0, 1, 0x100 | DEVFN) == 0xFF
    bus.write(0x10, 4, 0x12345678, 0x18)
    assert bus.last()["address"] == 0x18 << 12 | 0x10


def test_the_address_register_is_left_as_it_was(bus):
    bus.pci.block[P_ADDRESS] = 0x80001234
    bus.read(0, 4)
    bus.write(4, 2, 0)
    assert int(bus.pci.block[P_ADDRESS]) == 0x80001234


@pytest.mark.parametrize(
    ("size", "io", "kind", "seen"),
    [
        (4 << 20, False, 4, 0xFFC00004),
        (256 << 20, False, 0xC, 0xF000000C),
        (64, True, 1, 0xFFFFFFC1),
        (4096, False, 0, 0xFFFFF000),
    ],
)
def test_sizing(bus, size, io, kind, seen):
    """PCI 3.0, 6.2.5.1: all ones written, the size's bits read 0, the kind stays."""
    bus.pci.set(bus.slot, 0x10, 4, kind, bar_write_mask(size, io) & 0xFFFFFFFF)
    bus.write(0x10, 4, 0xFFFFFFFF)
    assert bus.read(0x10, 4) == seen


def test_slots(bus):
    other = bus.pci.add(0xF8)
    assert bus.pci.slot(0xF8) == other
    assert bus.pci.present() == [DEVFN, 0xF8]
    with pytest.raises(KeyError):
        bus.pci.slot(0x20)


def test_two_functions_in_one_place_are_refused(bus):
    with pytest.raises(FwsimError, match="two functions"):
        bus.pci.add(DEVFN)
    with pytest.raises(FwsimError, match="not there"):
        bus.pci.add(0, behind=99)
