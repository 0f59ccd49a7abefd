"""The same EDID by GMBUS, bit by bit over GPIO pins, and over AUX."""

import pytest
from igd.rig import Rig

from fwsim.devices.edid import default_edid
from fwsim.devices.igd.link import Link

EDID = default_edid()
READY, NAK, ACTIVE, WAITING = 1 << 11, 1 << 10, 1 << 9, 1 << 14


def by_gmbus(rig, base, pin):
    """A random read of 128 bytes at 50h with a stop of its own; None when nobody acknowledges."""
    rig[base] = pin
    rig[base + 4] = 1 << 30 | 7 << 25 | 128 << 16 | 0xA1
    if rig[base + 8] & NAK:
        rig[base + 4] = 1 << 31
        rig[base + 4] = 0
        return None
    data = b""
    while len(data) < 128:
        assert rig[base + 8] & (READY | ACTIVE) == READY | ACTIVE
        data += rig[base + 12].to_bytes(4, "little")
    assert not rig[base + 8] & (ACTIVE | WAITING)
    return data


@pytest.mark.parametrize(
    ("cpu", "port", "pin"),
    [
        ("965", "crt", 2), ("sandybridge", "crt", 2), ("ivybridge", "lvds", 3), ("haswell", "hdmi-b", 5),
        ("haswell", "hdmi-c", 4), ("skylake", "dvi-d", 6), ("coffeelake", "hdmi-b", 1), ("coffeelake", "hdmi-d", 3),
        ("apollolake", "hdmi-c", 2), ("baytrail", "crt", 2), ("cherryview", "hdmi-d", 3),
    ],
)  # fmt: skip
def test_gmbus(cpu, port, pin):
    rig = Rig(cpu, port, edid=EDID)
    base = {"965": 0x5100, "baytrail": 0x185100, "cherryview": 0x185100}.get(cpu, 0xC5100)
    assert by_gmbus(rig, base, pin) == EDID
    assert by_gmbus(rig, base, 7) is None


def test_gmbus_in_use():
    rig = Rig("sandybridge")
    assert not rig[0xC5108] & 1 << 15
    assert rig[0xC5108] & 1 << 15
    rig[0xC5108] = 1 << 15
    assert not rig[0xC5108] & 1 << 15


class Wires:
    """An I2C master on one GPIOCTL register."""

    def __init__(self, rig, at):
        self.rig, self.at = rig, at

    def drive(self, clock, data):
        self.rig[self.at] = (5 if clock else 7) | (5 if data else 7) << 8
        return self.rig[self.at] >> 12 & 1

    def bit(self, value):
        self.drive(0, value)
        seen = self.drive(1, value)
        self.drive(0, value)
        return seen

    def start(self):
        self.drive(1, 1)
        self.drive(1, 0)
        self.drive(0, 0)

    def send(self, byte):
        for shift in range(7, -1, -1):
            self.bit(byte >> shift & 1)
        return self.bit(1) == 0

    def take(self, last):
        byte = 0
        for _ in range(8):
            byte = byte << 1 | self.bit(1)
        self.bit(1 if last else 0)
        return byte


@pytest.mark.parametrize(
    ("cpu", "port", "at"), [("965", "crt", 0x5010), ("baytrail", "crt", 0x185010), ("apollolake", "hdmi-b", 0xC5014)]
)
def test_gpio(cpu, port, at):
    rig = Rig(cpu, port, edid=EDID)
    assert rig[at] & 0x1010 == 0x1010
    wires = Wires(rig, at)
    wires.start()
    assert wires.send(0xA0)
    assert wires.send(0)
    wires.start()
    assert wires.send(0xA1)
    assert bytes(wires.take(n == 127) for n in range(128)) == EDID
    wires.start()
    assert not wires.send(0x6E)


class Aux:
    """A DisplayPort source on one DDI_AUX_CTL."""

    def __init__(self, rig, at):
        self.rig, self.at = rig, at

    def send(self, *data):
        padded = bytes(data).ljust(20, b"\0")
        for word in range(5):
            self.rig[self.at + 4 + 4 * word] = int.from_bytes(padded[4 * word : 4 * word + 4], "big")
        self.rig[self.at] = 1 << 31 | len(data) << 20 | 1 << 30 | 1 << 28 | 1 << 25
        control = self.rig[self.at]
        assert not control & 1 << 31
        assert control & 1 << 30
        if control & 1 << 28:
            return None
        reply = b"".join(self.rig[self.at + 4 + 4 * word].to_bytes(4, "big") for word in range(5))
        return reply[: control >> 20 & 31]

    def read(self, address, count=1):
        reply = self.send(0x90 | address >> 16, address >> 8 & 0xFF, address & 0xFF, count - 1)
        assert reply[0] == 0
        return reply[1:]

    def write(self, address, *data):
        assert self.send(0x80 | address >> 16, address >> 8 & 0xFF, address & 0xFF, len(data) - 1, *data) == b"\0"


@pytest.mark.parametrize(
    ("cpu", "port", "at"),
    [
        ("skylake", "dp-b", 0x64110),
        ("skylake", "edp", 0x64010),
        ("haswell", "dp-d", 0xE4310),
        ("baytrail", "edp", 0x1E4210),
    ],
)
def test_aux_edid(cpu, port, at):
    aux = Aux(Rig(cpu, port, edid=EDID), at)
    assert aux.send(0x40, 0, 0x50, 0, 0) == b"\0"
    data = b""
    while len(data) < 128:
        reply = aux.send(0x50, 0, 0x50, 15)
        assert reply[0] == 0
        data += reply[1:]
    assert data == EDID
    assert aux.send(0x50, 0, 0x40, 0) == b"\x40"


def test_link_training():
    aux = Aux(Rig("skylake", "dp-c"), 0x64210)
    assert aux.read(0, 3) == bytes([0x11, 0x0A, 0x84])
    aux.write(0x100, 0x0A, 2)
    aux.write(0x102, 0x21)
    assert aux.read(0x202, 3) == bytes([0x11, 0, 0])
    aux.write(0x102, 0x22)
    assert aux.read(0x202, 3) == bytes([0x77, 0, 1])
    aux.write(0x102, 0)
    assert aux.read(0x202, 3) == bytes([0x77, 0, 1])
    aux.write(0x600, 2)
    assert aux.read(0x202, 3) == bytes(3)
    aux.write(0x000, 0x14)
    assert aux.read(0) == b"\x11"


@pytest.mark.parametrize(
    ("cpu", "port", "at", "lanes"),
    [("haswell", "edp", 0x64010, 2), ("broadwell", "edp", 0x64010, 2), ("haswell", "dp-b", 0xE4110, 4),
     ("ivybridge", "edp", 0x64010, 4), ("skylake", "edp", 0x64010, 4)],
)  # fmt: skip
def test_a_panel_beside_the_crts_port_has_two_lanes(cpu, port, at, lanes):
    assert Aux(Rig(cpu, port), at).read(2) == bytes([0x80 | lanes])


def test_a_sink_defers_each_request_so_often():
    """AUX DEFER is 2 in the reply's high nibble, I2C DEFER 8; nothing is done meanwhile."""
    aux = Aux(Rig("skylake", "dp-c", edid=EDID, link=Link(defers=2)), 0x64210)
    for _ in range(2):
        assert [aux.send(0x90, 0, 0, 0) for _ in range(3)] == [b"\x20", b"\x20", b"\x00\x11"]
    assert [aux.send(0x40, 0, 0x50, 0, 8) for _ in range(3)] == [b"\x80", b"\x80", b"\x00"]
    assert [aux.send(0x50, 0, 0x50, 3) for _ in range(3)] == [b"\x80", b"\x80", b"\x00" + EDID[8:12]]


def test_a_sink_asks_for_swing_then_for_pre_emphasis():
    """Lane status 1 is a clock recovered, 7 a lane in order; 206h asks for a level, 103h on say what each lane has."""
    aux = Aux(Rig("skylake", "dp-c", link=Link(swing=2, pre_emphasis=1)), 0x64210)
    aux.write(0x100, 0x0A, 4)
    aux.write(0x102, 0x21, 0, 0, 0, 0)
    assert (aux.read(0x202, 3), aux.read(0x206, 2)) == (bytes(3), b"\x22\x22")
    aux.write(0x103, 2, 1, 2, 2)
    assert aux.read(0x202, 3) == bytes([0x01, 0x11, 0])
    aux.write(0x103, 2, 2, 2, 2)
    assert aux.read(0x202, 3) == bytes([0x11, 0x11, 0])
    aux.write(0x102, 0x22)
    assert (aux.read(0x202, 3), aux.read(0x206, 2)) == (bytes([0x11, 0x11, 0]), b"\x66\x66")
    aux.write(0x103, 0x0A, 0x0A, 0x0A, 2)
    assert aux.read(0x202, 3) == bytes([0x77, 0x17, 0])
    aux.write(0x106, 0x0A)
    assert aux.read(0x202, 3) == bytes([0x77, 0x77, 1])


def test_a_link_that_never_trains():
    aux = Aux(Rig("skylake", "dp-c", link=Link(swing=4)), 0x64210)
    aux.write(0x100, 0x0A, 1)
    aux.write(0x102, 0x21, 7)
    assert (aux.read(0x202, 1), aux.read(0x206, 1)) == (b"\0", b"\x33")


def test_nobody_answers_on_an_empty_channel():
    assert Aux(Rig("skylake", "dp-c"), 0x64110).send(0x90, 0, 0, 0) is None


def test_a_laptops_panel_answers_although_another_display_is_lit():
    assert by_gmbus(Rig("ivybridge", "crt", edid=EDID), 0xC5100, 3)[:8] == EDID[:8]
    assert by_gmbus(Rig("ivybridge"), 0xC5100, 3) is None
    assert by_gmbus(Rig("haswell", "crt", edid=EDID), 0xC5100, 3) is None
