"""Functions on other buses: bridges route by their numbers, and follow them when they are rewritten."""

import pytest
from config_rig import Bus

from fwsim.devices.bridge import make_bridge

ONES = 0xFFFFFFFF
BRIDGE = 0x08


@pytest.fixture
def bus():
    made = Bus()
    yield made
    made.recorder.close()


def put(bus, devfn: int, ids: int, behind: int = 0, bridge: bool = False) -> int:
    """A function with ``ids`` at register 0; a bridge's command register is 16 bits of storage."""
    slot = bus.pci.add(devfn, behind)
    bus.pci.set(slot, 0, 4, ids)
    bus.pci.set(slot, 4, 2, 0, 0xFFFF)
    if bridge:
        make_bridge(bus.pci, slot)
    return slot


def number(bus, bdf: int, secondary: int, subordinate: int) -> None:
    """Bytes 19h and 1Ah of the bridge at ``bdf``, as a BIOS writes them."""
    bus.write(0x19, 1, secondary, bdf)
    bus.write(0x1A, 1, subordinate, bdf)


def two_deep(bus) -> tuple[int, int]:
    """00:01.0 and, behind it at 00.0, another bridge with a function at 03.0; the slots of the two bridges."""
    first = put(bus, BRIDGE, 0x00018086, bridge=True)
    second = put(bus, 0x00, 0x00028086, first, bridge=True)
    put(bus, 0x18, 0x00038086, second)
    return first, second


def test_a_bridge_without_numbers_leads_nowhere(bus):
    two_deep(bus)
    assert bus.pci.present() == [BRIDGE, 0x10]
    assert [bus.read(0, 4, number << 8) for number in range(256)][1:] == [ONES] * 255


def test_two_bridges_deep(bus):
    two_deep(bus)
    number(bus, BRIDGE, 1, 2)
    assert bus.read(0, 4, 0x100) == 0x00028086
    assert bus.read(0, 4, 0x218) == ONES
    number(bus, 0x100, 2, 2)
    assert bus.read(0, 4, 0x218) == 0x00038086
    assert bus.last()["address"] == 0x218 << 12
    assert bus.pci.present() == [BRIDGE, 0x10, 0x100, 0x218]


def test_renumbered_buses_move_and_answer_nowhere_else(bus):
    two_deep(bus)
    number(bus, BRIDGE, 1, 2)
    number(bus, 0x100, 2, 2)
    bus.write(0x18, 4, 0x00090700, BRIDGE)
    assert bus.pci.present() == [BRIDGE, 0x10, 0x700]
    number(bus, 0x700, 9, 9)
    assert bus.read(0, 4, 0x918) == 0x00038086
    assert [bus.read(0, 4, bdf) for bdf in (0x100, 0x218)] == [ONES, ONES]


@pytest.mark.parametrize(
    ("first", "second", "seen"),
    [
        ((1, 5), (5, 5), True),
        ((1, 4), (5, 5), False),
        ((1, 9), (5, 3), False),
        ((3, 9), (2, 9), False),
        ((1, 9), (0, 9), False),
        ((1, 9), (1, 9), False),
        ((1, 6), (5, 200), True),
    ],
    ids=str,
)
def test_a_bus_must_lie_in_the_range_of_every_bridge_above(bus, first, second, seen):
    two_deep(bus)
    number(bus, BRIDGE, *first)
    number(bus, first[0] << 8, *second)
    assert (bus.read(0, 4, second[0] << 8 | 0x18) == 0x00038086) == seen


def test_a_range_that_ends_at_the_bridge_above_bounds_those_below(bus):
    first = put(bus, BRIDGE, 1, bridge=True)
    second = put(bus, 0x00, 2, first, bridge=True)
    third = put(bus, 0x00, 3, second, bridge=True)
    put(bus, 0x00, 4, third)
    number(bus, BRIDGE, 1, 3)
    number(bus, 0x100, 2, 9)
    number(bus, 0x200, 4, 9)
    assert bus.read(0, 4, 0x400) == ONES
    number(bus, 0x200, 3, 9)
    assert bus.read(0, 4, 0x300) == 4


def test_a_secondary_bus_in_reset_is_not_there(bus):
    two_deep(bus)
    number(bus, BRIDGE, 1, 2)
    bus.write(0x3E, 2, 0x40, BRIDGE)
    assert bus.read(0, 4, 0x100) == ONES
    bus.write(0x3E, 2, 0, BRIDGE)
    assert bus.read(0, 4, 0x100) == 0x00028086


def test_the_primary_number_routes_nothing(bus):
    two_deep(bus)
    number(bus, BRIDGE, 1, 2)
    bus.write(0x18, 1, 7, BRIDGE)
    assert bus.read(0, 4, 0x100) == 0x00028086


def test_what_is_not_a_bridge_has_no_bus_numbers(bus):
    bus.pci.set(bus.slot, 0x18, 4, 0, ONES)
    number(bus, 0x10, 1, 1)
    assert bus.pci.present() == [0x10]


def test_a_hundred_functions_each_keep_their_own(bus):
    bridge = put(bus, BRIDGE, 0, bridge=True)
    number(bus, BRIDGE, 0x40, 0x40)
    slots = [put(bus, devfn, devfn << 16 | 0x8086, bridge) for devfn in range(100)]
    for devfn, slot in enumerate(slots):
        bus.pci.set(slot, 0x40, 4, 0, ONES)
        bus.write(0x40, 4, 0x1000 + devfn, 0x4000 | devfn)
    assert [bus.read(0, 4, 0x4000 | devfn) for devfn in range(100)] == [devfn << 16 | 0x8086 for devfn in range(100)]
    assert [bus.read(0x40, 4, 0x4000 | devfn) for devfn in range(100)] == list(range(0x1000, 0x1064))
    assert bus.read(0, 4, 0x4064) == ONES
    assert [bus.pci.slot(0x4000 | devfn) for devfn in range(100)] == slots
    assert bus.pci.above(slots[-1]) == [bridge]


def test_a_conventional_function_ends_at_100h(bus):
    slot = bus.pci.add(0x20, size=0x100)
    bus.pci.set(slot, 0xFC, 4, 0, ONES)
    bus.write(0xFC, 4, 5, 0x20)
    bus.write(0x100, 4, 5, 0x20)
    assert [bus.read(offset, 4, 0x20) for offset in (0xFC, 0x100, 0xFFC)] == [5, ONES, ONES]
    assert bus.read(0x100, 4) == 0


class Numbered:
    """The owner of a bridge that has the bus numbers 4 and 4, whatever is written."""

    def read(self, bdf: int, offset: int, width: int) -> int:
        return int.from_bytes(bytes(0x18) + b"\0\4\4\0" + bytes(0x24), "little") >> 8 * offset

    def write(self, bdf: int, offset: int, width: int, value: int) -> None:
        pass

    def state(self) -> None:
        pass

    def restore(self, state: None) -> None:
        pass


def test_an_owned_bridge_routes_by_its_owners_numbers(bus):
    first, _ = two_deep(bus)
    bus.pci.own(first, Numbered())
    assert bus.pci.present() == [BRIDGE, 0x10, 0x400]
    number(bus, BRIDGE, 1, 2)
    assert bus.pci.present() == [BRIDGE, 0x10, 0x400]
    bus.pci.own(first, None)
    assert bus.pci.present() == [BRIDGE, 0x10]


def test_state_brings_routes_back(bus):
    two_deep(bus)
    number(bus, BRIDGE, 1, 2)
    kept = bus.pci.snapshot()
    number(bus, BRIDGE, 5, 6)
    assert bus.read(0, 4, 0x500) == 0x00028086
    bus.pci.restore(kept)
    assert [bus.read(0, 4, bdf) for bdf in (0x100, 0x500)] == [0x00028086, ONES]
    assert bus.pci.present() == [BRIDGE, 0x10, 0x100]
