"""Status bits as the manuals and Linux's i915 state them, asked one by one."""

import pytest
from igd.rig import Rig

from fwsim.devices.igd.planes import panel_powered
from fwsim.errors import FwsimError
from fwsim.registers.families import families, family

ON = 1 << 31


def test_every_family_has_behaviours_with_different_names():
    for row in families():
        names = [behaviour.name for behaviour in Rig(row.name).igd.behaviours]
        assert len(names) == len(set(names)), row.name
        assert {"PIPE_DSL", "GMBUS"} <= set(names), row.name
        assert ("PIPECONF" in names) == (row.gen >= 4), row.name  # before, bit 30 is the double-wide mode


@pytest.mark.parametrize(
    ("cpu", "control", "status", "request_bit", "state"),
    [
        ("965", 0x70008, 0x70008, 31, 30),
        ("baytrail", 0x1F0008, 0x1F0008, 31, 30),
        ("cherryview", 0x1F4008, 0x1F4008, 31, 30),
        ("haswell", 0x7F008, 0x7F008, 31, 30),
        ("sandybridge", 0xF0008, 0xF0008, 31, 30),
        ("skylake", 0x46010, 0x46010, 31, 30),
        ("skylake", 0x46010, 0x6C060, 31, 0),
        ("skylake", 0x46014, 0x6C060, 31, 8),
        ("skylake", 0x46040, 0x6C060, 31, 16),
        ("skylake", 0x46060, 0x6C060, 31, 24),
        ("skylake", 0x45008, 0x45008, 31, 30),
        ("apollolake", 0x46070, 0x46070, 31, 30),
        ("apollolake", 0x46078, 0x46078, 31, 30),
        ("geminilake", 0x46078, 0x46078, 26, 25),
        ("icelake", 0x46010, 0x46010, 27, 26),
        ("icelake", 0x45400, 0x45404, 3, 2),
        ("icelake", 0x45444, 0x45440, 1, 0),
        ("icelake", 0x45400, 0x42000, 3, 25),
        ("haswell", 0xC2004, 0xC2004, 12, 13),
        ("apollolake", 0x138090, 0x162000, 1, 16),
        ("apollolake", 0x138090, 0x6C18C, 0, 22),
        ("geminilake", 0x138090, 0x162000, 3, 16),
        ("geminilake", 0x138090, 0x6C000, 0, 16),
        ("geminilake", 0x138090, 0x163000, 1, 16),
        ("geminilake", 0x138090, 0x16218C, 3, 22),
        ("baytrail", 0x186014, 0x186014, 31, 15),
        ("skylake", 0x45400, 0x45404, 31, 30),
        ("haswell", 0x45404, 0x45400, 31, 30),
        ("haswell", 0x64040, 0x64044, 31, 12),
    ],
)
def test_a_state_follows_its_request(cpu, control, status, request_bit, state):
    rig = Rig(cpu)
    rig[control] = 1 << request_bit
    assert rig[status] >> state & 1
    rig[control] = 0
    assert not rig[status] >> state & 1


@pytest.mark.parametrize(
    ("cpu", "at", "busy"), [("haswell", 0xC6008, 0), ("965", 0x61110, 3), ("skylake", 0x138124, 31)]
)
def test_triggers_clear_themselves(cpu, at, busy):
    rig = Rig(cpu)
    rig[at] = 1 << busy
    assert rig[at] == 0


@pytest.mark.parametrize(("cpu", "at"), [("sandybridge", 0xE1100), ("baytrail", 0x1E1100)])
def test_crt_detection(cpu, at):
    for ports, found in (((), 0), (("crt",), 3)):
        rig = Rig(cpu, *ports)
        rig[at] = 1 << 16 | 0x8C18
        assert rig[at] == found << 24 | 0x8C18


def test_pcode_says_that_the_core_clock_may_change():
    rig = Rig("coffeelake")
    rig[0x138128] = 0
    rig[0x138124] = ON | 7
    assert (rig[0x138124], rig[0x138128]) == (0, 1)


def test_live_states():
    assert Rig("skylake", "hdmi-b", "dp-d", "edp")[0xC4000] == 1 << 21 | 1 << 23 | 1 << 24
    assert Rig("apollolake", "hdmi-b", "dp-c")[0x44440] == 1 << 4 | 1 << 5
    assert Rig("cherryview", "hdmi-b", "hdmi-d")[0x1E1114] == 1 << 29 | 1 << 27
    assert Rig("965", "crt")[0x61114] == 3 << 8
    rig = Rig("skylake", "hdmi-b")
    rig[0xC4000] = 0
    assert rig[0xC4000] == 1 << 21


@pytest.mark.parametrize(
    ("cpu", "port", "at", "found"),
    [
        ("ironlake", "hdmi-b", 0xC4000, 1 << 8), ("ironlake", "crt", 0xC4000, 1 << 11),
        ("ironlake", "edp", 0x64000, 1 << 2), ("sandybridge", "hdmi-c", 0xE1150, 1 << 2),
        ("icelake", "edp", 0xC4000, 1 << 16), ("tigerlake", "hdmi-b", 0xC4000, 1 << 17),
        ("G45", "dp-b", 0x61114, 1 << 27), ("G45", "dp-d", 0x61114, 1 << 29),
        ("sandybridge", "edp", 0x44000, 1 << 19), ("ivybridge", "edp", 0x44000, 1 << 27),
        ("haswell", "edp", 0x44000, 1 << 27), ("broadwell", "edp", 0x44440, 1 << 3),
    ],
)  # fmt: skip
def test_where_a_port_tells_of_its_display(cpu, port, at, found):
    assert Rig(cpu, port)[at] == found
    assert Rig(cpu)[at] == 0


@pytest.mark.parametrize(
    ("cpu", "pending", "mask", "pipe", "bit"),
    [
        ("sandybridge", 0x44008, 0x44004, 0x71008, 15), ("ivybridge", 0x44008, 0x44004, 0x72008, 10),
        ("apollolake", 0x44418, 0x44414, 0x71008, 0), ("icelake", 0x44408, 0x44404, 0x70008, 0),
    ],
)  # fmt: skip
def test_a_vertical_blank_is_pending_until_it_is_cleared(cpu, pending, mask, pipe, bit):
    rig = Rig(cpu)
    rig[pending] = 1 << bit
    assert rig[pending] == 0
    rig[pipe] = ON
    assert rig[pending] == 1 << bit
    rig[pending] = 0
    assert rig[pending] == 1 << bit
    rig[pending] = 1 << bit
    assert rig[pending] == 0
    rig.wait(16_667)
    assert rig[pending] == 1 << bit
    rig[mask], rig[pending] = 1 << bit, 1 << bit
    rig.wait(16_667)
    assert rig[pending] == 0


@pytest.mark.parametrize(
    ("transcoder", "pipe"), [(ON, "A"), (ON | 4 << 12, "A"), (ON | 5 << 12, "B"), (ON | 6 << 12, "C")]
)
def test_a_pipe_that_edps_transcoder_drives_runs(transcoder, pipe):
    """Its own transcoder is off; the lines are those of eDP's timing."""
    rig = Rig("skylake", "edp")
    rig[0x6F00C] = 1124 << 16 | 1079
    rig[0x6F400] = transcoder
    for number, letter in enumerate("ABC"):
        up = 0x1000 * number
        lines = set()
        for _ in range(40):
            rig.wait(997)
            lines.add(rig[0x70000 + up])
        assert (len(lines) > 10, bool(rig[0x44408 + 0x10 * number] & 1)) == (letter == pipe,) * 2
        assert max(lines) <= 1124
    rig[0x6F400] = 0
    held = rig[0x70040]
    rig.wait(100_000)
    assert rig[0x70040] == held


@pytest.mark.parametrize(("cpu", "left"), [("skylake", 0x2A1), ("apollolake", 0x4DE), ("geminilake", 0x27A)])
def test_firmware_left_the_core_clock_running(cpu, left):
    assert Rig(cpu)[0x46000] & 0x7FF == left


@pytest.mark.parametrize(
    ("cpu", "given", "live"),
    [("ivybridge", 0x7119C, 0x711AC), ("skylake", 0x7019C, 0x701AC), ("G45", 0x7019C, 0x701AC)],
)
def test_the_surface_given_is_the_one_shown(cpu, given, live):
    rig = Rig(cpu)
    rig[given] = 0x123000
    rig[live] = 0
    assert rig[live] == 0x123000


def test_fdi_locks_while_both_ends_are_on():
    rig = Rig("sandybridge")
    assert rig[0xF0014] == 0
    rig[0x60100] = ON
    rig[0xF000C] = ON
    assert rig[0xF0014] == 7 << 8
    rig[0xF000C] = 0
    rig[0xF0014] = 7 << 8
    assert rig[0xF0014] == 0
    assert not rig[0x60100] & 2


def test_ivy_bridge_trains_by_itself():
    rig = Rig("ivybridge")
    rig[0xF000C] = ON
    rig[0x60100] = ON | 1 << 10
    assert rig[0x60100] & 2
    rig[0x60100] = ON
    assert not rig[0x60100] & 2


def test_fuses_follow_the_wells():
    rig = Rig("skylake")
    assert rig[0x42000] == 1 << 31 | 1 << 27
    rig[0x45404] = 1 << 29 | 1 << 31
    assert rig[0x42000] == 1 << 31 | 7 << 25


def test_scan_lines_and_frames_need_a_running_pipe():
    rig = Rig("ivybridge")
    rig[0x6000C] = 805 << 16 | 767
    rig.wait(8400)
    assert (rig[0x70000], rig[0x70040]) == (0, 0)
    rig[0x70008] = ON
    assert 400 < rig[0x70000] < 410
    rig.wait(100_000)
    assert rig[0x70040] == 6
    assert rig.is_clock(0x70000)
    assert not rig.is_clock(0x70008)


def test_vertical_blank_status():
    rig = Rig("baytrail")
    rig[0x1F0008] = ON
    assert rig[0x1F0024] & 6 == 6
    rig[0x1F0024] = 0xFFFF
    assert rig[0x1F0024] & 6 == 0
    rig.wait(16_667)
    assert rig[0x1F0024] & 6 == 6


def test_panel_power_takes_the_programmed_time():
    rig = Rig("ivybridge", "lvds")
    assert rig[0xC7200] == 0
    rig[0xC7208], rig[0xC720C], rig[0xC7210] = 500 << 16, 300 << 16, 5
    rig[0xC7204] = 1
    assert rig[0xC7200] == 1 << 28
    rig.wait(50_000)
    assert rig[0xC7200] == ON | 8
    rig[0xC7204] = 0
    assert rig[0xC7200] == ON | 2 << 28
    rig.wait(30_000)
    assert rig[0xC7200] == 1 << 27
    rig.wait(400_000)
    assert rig[0xC7200] == 0


@pytest.mark.parametrize(
    ("cpu", "control"),
    [("ivybridge", 0xC7204), ("apollolake", 0xC7204), ("icelake", 0xC7304), ("baytrail", 0x1E1304), ("965", 0x61204)],
)
def test_each_sequencer_that_keeps_its_panel_on_is_told_of(cpu, control):
    rig = Rig(cpu)
    assert not panel_powered(rig.igd.family, rig.igd.register)
    rig[control] = 1
    assert panel_powered(rig.igd.family, rig.igd.register)


def test_apollo_lakes_panel_rests_as_long_as_its_control_says():
    rig = Rig("apollolake", "edp")
    rig[0xC7204] = 6 << 4 | 1
    rig[0xC7204] = 6 << 4
    assert rig[0xC7200] == 1 << 27
    rig.wait(500_000)
    assert rig[0xC7200] == 0


def test_a_reset_darkens_the_panel_and_leaves_the_gtt():
    rig = Rig("ivybridge", "lvds")
    rig[0xC7204] = 1
    assert rig[0xC7200] & ON
    rig.igd.gtt[5] = 0x1234
    rig.igd.reset()
    assert rig[0xC7200] == 0
    assert rig.igd.gtt[5] == 0x1234
    assert rig[0xE1180] == 2  # a strap is no register


def test_cherryview_power_unit():
    rig = Rig("cherryview")

    def message(opcode, register, data=0):
        rig[0x182104], rig[0x182108] = data, register
        rig[0x182100] = opcode << 16 | 4 << 8 | 0xF0
        assert not rig[0x182100] & 1
        return rig[0x182104]

    message(7, 0x60, 3 << 10)
    assert message(6, 0x61) == 3 << 10
    assert rig[0x1E0104] >> 30 == 1  # PHY 1's lanes only
    message(7, 0x60, 0)
    assert rig[0x1E0104] >> 30 == 3
    message(7, 0x36, 4 << 8 | 0x3F)
    assert message(6, 0x36) == 4 << 24 | 0x3F << 16 | 4 << 8 | 0x3F
    assert rig[0x186508] == 0x47
    message(7, 0x139, 1 << 8)
    assert message(6, 0x139) == 0


def test_stolen_memory_is_where_the_host_says():
    row = family("skylake")
    rig = Rig("skylake")
    assert rig[0x108040] == row.ggc
    assert rig[0x1080C0] == row.bdsm | 1
    assert Rig("965")[0x2020] == 0xBFF80001  # the last 512 KiB of 8 MiB


def test_what_is_left_out_is_storage():
    rig = Rig("sandybridge", "crt", without={"ADPA"})
    rig[0xE1100] = 1 << 16
    assert rig[0xE1100] == 1 << 16


def test_only_what_is_there_can_be_left_out():
    with pytest.raises(FwsimError, match="no such behaviour"):
        Rig("apollolake", without={"ADPA"})
