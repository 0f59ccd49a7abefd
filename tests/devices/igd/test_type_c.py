"""Type-C ports, and Meteor Lake's ports and own memory, asked register by register as Linux's i915 states them."""

import numpy as np
import pytest
from igd.rig import Rig

from fwsim.devices.igd.behaviours.wiring import wiring
from fwsim.registers.families import family

ON = 1 << 31
DPSP, DPMS = (0x1638A0, 0x16E8A0), (0x163890, 0x16E890)


@pytest.mark.parametrize(
    ("cpu", "control", "status", "request_bit", "state"),
    [
        ("tigerlake", 0x44FE8, 0x44FE8, 31, 30), ("alderlake-p", 0x44300, 0x44300, 31, 30),
        ("alderlake-p", 0x44304, 0x44304, 31, 30), ("tigerlake", 0x45404, 0x42000, 9, 22),
        ("tigerlake", 0x45404, 0x42000, 7, 23), ("alderlake-p", 0x45404, 0x42000, 11, 21),
        ("alderlake-p", 0x45404, 0x42000, 13, 20), ("meteorlake", 0x45404, 0x42000, 15, 19),
        ("alderlake-p", 0x45404, 0x45404, 11, 10), ("tigerlake", 0x45444, 0x45444, 7, 6),
        ("tigerlake", 0x45454, 0x45454, 9, 8), ("tigerlake", 0x46034, 0x46034, 27, 26),
        ("alderlake-p", 0x46038, 0x46038, 27, 26), ("alderlake-p", 0x46040, 0x46040, 31, 30),
        ("meteorlake", 0x64010, 0x64010, 19, 18), ("meteorlake", 0x16F210, 0x16F210, 19, 18),
        ("meteorlake", 0x64004, 0x64004, 29, 28), ("meteorlake", 0x16F200, 0x16F200, 5, 4),
        ("meteorlake", 0x64008, 0x64008, 31, 29), ("meteorlake", 0x64008, 0x64008, 30, 28),
        ("meteorlake", 0x640E0, 0x640E0, 31, 30), ("meteorlake", 0x640E0, 0x640E0, 29, 28),
        ("meteorlake", 0x641E0, 0x641E0, 27, 26), ("meteorlake", 0x16F260, 0x16F260, 25, 24),
    ],
)  # fmt: skip
def test_a_state_follows_its_request(cpu, control, status, request_bit, state):
    rig = Rig(cpu)
    assert not rig[status] >> state & 1
    rig[control] = 1 << request_bit
    assert rig[status] >> state & 1
    rig[control] = 0
    assert not rig[status] >> state & 1


@pytest.mark.parametrize(
    ("cpu", "port", "at", "found"),
    [
        ("tigerlake", "dp-tc1", 0x44470, 1 << 16), ("alderlake-p", "dp-tc4", 0x44470, 1 << 19),
        ("meteorlake", "dp-tc2", 0x16FE50, 1 << 17), ("tigerlake", "hdmi-tc2", 0xC4000, 1 << 25),
        ("alderlake-p", "dp-tc3", 0x161508, 1 << 2 | 1), ("meteorlake", "hdmi-tc1", 0x161500, 1 << 2),
    ],
)  # fmt: skip
def test_where_a_type_c_port_tells_of_its_display(cpu, port, at, found):
    assert Rig(cpu, port)[at] == found
    assert Rig(cpu)[at] == 0


@pytest.mark.parametrize(("number", "adapter", "shift"), [(1, 0, 0), (2, 0, 8), (3, 1, 0), (4, 1, 8)])
def test_two_ports_an_adapter(number, adapter, shift):
    rig, none = Rig("tigerlake", f"dp-tc{number}"), Rig("tigerlake")
    assert rig[DPSP[adapter]] == 1 << 4 | (1 << 5 | 15) << shift
    assert rig[DPMS[adapter]] == 1 << (shift // 8)
    assert rig[DPSP[1 - adapter]] == none[DPSP[adapter]] == 1 << 4
    assert rig[DPMS[1 - adapter]] == none[DPMS[adapter]] == 0
    fixed = Rig("tigerlake", f"hdmi-tc{number}")
    assert fixed[DPSP[adapter]] == 1 << 4 | 15 << shift


@pytest.mark.parametrize(("number", "at"), [(1, 0x16836C), (3, 0x16A36C)])
def test_a_microcontroller_runs_with_its_aux_power_and_shows_in_its_own_bank(number, at):
    rig = Rig("tigerlake")
    rig[0x1010A0] = 2 << 8 * (number - 1)
    assert rig[at] == 0
    rig[0x45444] = 1 << 2 * (number + 2) + 1
    assert rig[at] == 1 << 15
    rig[0x1010A0] = 1 << 8 * (number - 1)
    assert rig[at] == 0


@pytest.mark.parametrize("cpu", ["tigerlake", "alderlake-p", "meteorlake"])
def test_straps(cpu):
    assert Rig(cpu)[0x51004] >> 29 == 2  # 38.4 MHz


def test_the_display_engine_is_there():
    assert Rig("meteorlake")[0x10100C] >> 9 & 1
    assert not Rig("meteorlake", without=["GU_CNTL"])[0x10100C]


@pytest.mark.parametrize(("at", "bits"), [(0x45234, ON), (0x64008, 1 << 25), (0x64108, 1 << 24)])
def test_requests_are_granted_at_once(at, bits):
    rig = Rig("meteorlake")
    rig[at] = bits | 0x20
    assert rig[at] == 0x20


@pytest.mark.parametrize(("to", "answer", "other"), [(0x64040, 0x64048, 0x64044), (0x16F244, 0x16F24C, 0x16F240)])
def test_a_phy_keeps_what_it_is_told(to, answer, other):
    rig = Rig("meteorlake")
    rig[to] = ON | 2 << 27 | 0x5A << 16 | 0xC70
    assert rig[to] >> 31 == 0
    assert rig[answer] == ON | 5 << 27
    rig[answer] = ON
    assert rig[answer] >> 31 == 0
    rig[to] = ON | 1 << 27 | 0xA5 << 16 | 0xC71
    assert rig[answer] >> 31 == 0  # an uncommitted write has no answer
    for register, held in ((0xC70, 0x5A), (0xC71, 0xA5), (0xC72, 0)):
        rig[to] = ON | 3 << 27 | register
        assert rig[answer] == ON | 4 << 27 | held << 16
        rig[answer] = ON
    rig[other] = ON | 3 << 27 | 0xC70
    assert rig[other + 8] == ON | 4 << 27  # the other lane has its own
    rig[to] = 1 << 15
    assert rig[to] == 0


def test_wires_of_type_c_ports():
    tiger, meteor = (wiring(family(cpu)) for cpu in ("tigerlake", "meteorlake"))
    assert [tiger.pin(f"hdmi-{port}") for port in ("b", "c", "tc1", "tc4")] == [2, 3, 9, 12]
    assert [tiger.aux[tiger.channel(f"dp-{port}")] for port in ("b", "tc1", "tc4")] == ["b", "d", "g"]
    assert tiger.channel("dp-d") is None
    assert meteor.aux[meteor.channel("dp-tc2")] == "e"
    assert Rig("tigerlake", "hdmi-tc1").igd.edid_size[9] == 128


def test_entries_of_the_devices_own_memory_are_no_dma():
    before, igd = Rig("meteorlake").igd, Rig("meteorlake").igd
    igd.set_local(0x10000, 0x3000)
    before.gtt[0:8:2] = 0x1003, 0x5003, 0x1001, 0x1002
    igd.take_over(before)
    igd.set_dma([(0x1000, 0x2000, 0x900000)])
    assert igd.pages[:4].tolist() == [0x11000, 0, 0x900000, 0]
    assert igd.local(igd.entries(np.arange(4))).tolist() == [True, True, False, False]
    before, other = Rig("alderlake-p").igd, Rig("alderlake-p").igd
    before.gtt[0] = 0x1003
    other.take_over(before)
    other.set_dma([(0x1000, 0x2000, 0x900000)])
    assert other.pages[0] == 0x900000  # a device without memory of its own
