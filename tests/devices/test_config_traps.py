"""Whom a configuration access reaches in Python: handlers with offset, old and new, and owners of functions."""

import pytest
from config_rig import DEVFN, Bus

EMULATED = 2


@pytest.fixture
def bus():
    made = Bus()
    yield made
    made.recorder.close()


@pytest.fixture
def told(bus):
    """What a handler of the dword at 40h gets: offset, old, new, and what was written."""
    rows: list[tuple[int, int, int, int]] = []
    bus.pci.on_write(bus.slot, 0x40, lambda *values: rows.append((*values, bus.pci.traps.written)))
    return rows


@pytest.mark.parametrize(
    ("offset", "width", "value", "new"),
    [
        (0x40, 4, 0xAABBCCDD, 0xAABBCCDD),
        (0x40, 2, 0xCCDD, 0x1122CCDD),
        (0x42, 2, 0xAABB, 0xAABB3344),
        (0x40, 1, 0xDD, 0x112233DD),
        (0x41, 1, 0xCC, 0x1122CC44),
        (0x43, 1, 0xAA, 0xAA223344),
    ],
)
def test_a_handler_sees_the_dword_before_and_after(bus, told, offset, width, value, new):
    bus.pci.set(bus.slot, 0x40, 4, 0x11223344, 0xFFFFFFFF)
    bus.write(offset, width, value)
    assert told == [(0x40, 0x11223344, new, new)]


def test_a_handler_sees_what_was_written_to_a_read_only_register(bus, told):
    bus.pci.set(bus.slot, 0x40, 4, 0x11223344)
    bus.write(0x42, 2, 0xAABB)
    assert told == [(0x40, 0x11223344, 0x11223344, 0xAABB3344)]


def test_a_handler_sees_only_writable_bits_change(bus, told):
    bus.pci.set(bus.slot, 0x40, 4, 0x11223344, 0x000000F0)
    bus.write(0x40, 4, 0xFFFFFFFF)
    assert told == [(0x40, 0x11223344, 0x112233F4, 0xFFFFFFFF)]


def test_a_handler_sees_an_emulated_register_as_the_guest_does(bus, told):
    bus.pci.set(bus.slot, 0x40, 4, 0xDBA00001, 0xFFFFFFFF)
    bus.pci.emulate(bus.slot, 0x40, 2, 0x5555, 0x00FF)
    bus.write(0x40, 4, 0x7D7A1234)
    assert told == [(0x40, 0xDBA05555, 0x7D7A5534, 0x7D7A1234)]
    assert bus.pci.get(bus.slot, 0x40, 4) == 0x7D7A0001


def test_a_handler_hears_only_its_dword_and_its_function(bus, told):
    bus.pci.add(0x18)
    bus.write(0x3C, 4, 1)
    bus.write(0x44, 4, 1)
    bus.write(0x40, 4, 1, 0x18)
    bus.read(0x40, 4)
    assert told == []


def test_several_handlers_of_one_dword_in_the_order_they_came(bus):
    calls: list[str] = []
    bus.pci.follow = lambda: calls.append("address map")
    first, second = (lambda name: lambda offset, old, new: calls.append(name))("device"), lambda *_: calls.append("hv")
    bus.pci.on_write(bus.slot, 0x40, first)
    bus.pci.on_write(bus.slot, 0x40)
    bus.pci.on_write(bus.slot, 0x42, second)
    bus.pci.on_write(bus.slot, 0x40, first)
    bus.write(0x40, 1, 0)
    assert calls == ["device", "address map", "hv"]


def test_a_handler_that_writes_keeps_what_was_written_to_its_own(bus):
    seen = []
    bus.pci.set(bus.slot, 0x40, 4, 0, 0xFF)
    bus.pci.on_write(bus.slot, 0x40, lambda *_: bus.write(0x44, 4, 0x44))
    bus.pci.on_write(bus.slot, 0x44, lambda *_: seen.append(bus.pci.traps.written))
    bus.pci.on_write(bus.slot, 0x40, lambda *_: seen.append(bus.pci.traps.written))
    bus.write(0x40, 4, 0x40)
    assert seen == [0x44, 0x40]


class Store:
    """An owner that keeps bytes and says who asked."""

    def __init__(self) -> None:
        self.bytes = bytearray(range(16)) + bytearray(0xFF0)
        self.asked: list[tuple[object, ...]] = []

    def read(self, bdf: int, offset: int, width: int) -> int:
        self.asked.append(("read", bdf, offset, width))
        return int.from_bytes(self.bytes[offset : offset + width], "little") | 0xEE << 8 * width

    def write(self, bdf: int, offset: int, width: int, value: int) -> None:
        self.asked.append(("write", bdf, offset, width, value))
        self.bytes[offset : offset + width] = value.to_bytes(width, "little")

    def state(self) -> bytes:
        return bytes(self.bytes)

    def restore(self, state: bytes) -> None:
        self.bytes[:] = state


def test_an_owner_answers_in_the_tables_place(bus):
    """Whatever the width and lane; recorded as any access, and as emulated."""
    owner = Store()
    bus.pci.set(bus.slot, 0, 4, 0xFFFFFFFF, 0xFFFFFFFF)
    bus.pci.own(bus.slot, owner)
    assert [bus.read(0, 4), bus.read(6, 2), bus.read(0xB, 1)] == [0x03020100, 0x0706, 0x0B]
    assert bus.last() == {
        "space": 2, "op": 0, "width": 1, "address": 0x1000B, "value": 0x0B, "aux": 0x0B, "flags": EMULATED,
    }  # fmt: skip
    bus.write(0xFFD, 1, 0x5A)
    assert bus.last() == {
        "space": 2, "op": 1, "width": 1, "address": 0x10FFD, "value": 0x5A, "aux": 0x5A, "flags": EMULATED,
    }  # fmt: skip
    assert bus.read(0xFFC, 4) == 0x5A00
    assert owner.asked == [
        ("read", DEVFN, 0, 4), ("read", DEVFN, 6, 2), ("read", DEVFN, 0xB, 1),
        ("write", DEVFN, 0xFFD, 1, 0x5A), ("read", DEVFN, 0xFFC, 4),
    ]  # fmt: skip
    assert bus.pci.get(bus.slot, 0, 4) == 0xFFFFFFFF
    bus.pci.own(bus.slot, None)
    assert bus.read(0, 4) == 0xFFFFFFFF


def test_only_the_owned_function_is_asked_for(bus):
    owner = Store()
    other = bus.pci.add(0x18)
    bus.pci.set(other, 0, 4, 0x12345678)
    bus.pci.own(bus.slot, owner)
    assert bus.read(0, 4, 0x18) == 0x12345678
    assert owner.asked == []


def test_who_watches_an_owned_function_is_told_what_it_answers(bus, told):
    bus.pci.own(bus.slot, Store())
    bus.write(0x41, 1, 0x77)
    assert told == [(0x40, 0, 0x7700, 0x7700)]


def test_state_brings_owners_handlers_and_registers_back(bus, told):
    owner = Store()
    bus.pci.set(bus.slot, 0x40, 4, 1, 0xFFFFFFFF)
    before = bus.pci.snapshot()
    bus.pci.own(bus.slot, owner)
    owned = bus.pci.snapshot()
    bus.write(0, 1, 0x99)
    bus.pci.restore(owned)
    assert bus.read(0, 1) == 0
    bus.pci.on_write(bus.slot, 0x48, lambda *_: told.append((0, 0, 0, 0)))
    bus.pci.restore(before)
    bus.write(0x48, 4, 1)
    bus.write(0x40, 4, 2)
    assert told == [(0x40, 1, 2, 2)]
    assert len(owner.asked) == 2
