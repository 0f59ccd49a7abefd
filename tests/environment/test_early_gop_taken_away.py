"""What each GOP driver of generations 6 to 8 does when a thing that device or firmware gives it is taken away.

Needs the files under $FWSIM_ROMS. Each expectation was seen on an independent prototype, with the same drivers.
"""

import pytest
from early_gop import (
    BAY_TRAIL,
    BDW,
    BYT,
    HSW,
    IVB,
    MOBILE,
    MONROE,
    SAMUS,
    SLIPPY,
    SNB,
    TIDUS,
    done,
    run_of,
    start,
)
from msgspec.structs import replace

from fwsim.devices.igd import planes
from fwsim.devices.igd.layout import S_DPCD
from fwsim.environment.uefi.handles import Handles
from fwsim.environment.uefi.words import PCI_ROOT_BRIDGE_IO
from fwsim.registers.dpcd import MAX_LANE_COUNT
from fwsim.registers.mmio_ports import DP, HDMI
from fwsim.trace.event import Space

FIVE = [
    (SNB, MOBILE, "crt"), (IVB, MOBILE, "lvds"), (HSW, SLIPPY, "edp"), (BDW, SAMUS, "edp"), (BYT, BAY_TRAIL, "edp"),
]  # fmt: skip
IGD, BDSM, OPREGION_VBT = 0x10, 0x5C, 0x400
DP_B, HDMI_C = 0xE4100, 0xE1150
DP_B_CHILD, HDMI_C_CHILD, CAPABILITIES = bytes.fromhex("0400d660"), bytes.fromhex("4000d260"), 24
"""Handle and type with which a child begins, and where its capabilities are."""
LIMITED = '[hypervisor]\nprofile = "10.2"\nlpc = "on"\n[budget]\nevents = 40000\n'
"""An endless loop is one that has not ended after four times what the longest whole start takes."""


def lit(run):
    """Whether a plane is on, on a pipe that is."""
    igd = run.built.machine.igd
    return planes.active_plane(igd.family, igd.register) is not None


def accesses(run, space):
    """(address, value) of each of the driver's accesses in a space."""
    events = run.built.machine.recorder.tail(1 << 20)
    actor = run.uefi.runs
    return [(int(e["address"]), int(e["value"])) for e in events if e["space"] == int(space) and e["actor"] == actor]


@pytest.mark.parametrize(
    ("kind", "table", "port", "away"),
    [
        (SNB, MOBILE, "crt", "ADPA"),
        (IVB, MOBILE, "crt", "ADPA"),
        (IVB, SLIPPY, "edp", "PP_STATUS"),
        (HSW, SLIPPY, "edp", "PWR_WELL"),
        (BDW, SAMUS, "edp", "PWR_WELL"),
        (HSW, SLIPPY, "edp", "AUX"),
        (BDW, SAMUS, "edp", "AUX"),
    ],
)
def test_a_start_that_waits_for_ever(kind, table, port, away, tmp_path):
    run = run_of(kind, table, [port], tmp_path, without=[away], more=LIMITED)
    summary = done(run)
    assert summary.stop.reason in ("budget", "hung")
    assert (start(summary), summary.efi.gop) == ("did not return", None)
    run.close()


@pytest.mark.parametrize(("kind", "table", "port"), [(HSW, MONROE, "hdmi-c"), (BDW, TIDUS, "hdmi-b")])
def test_a_mode_set_waits_for_the_clock_sideband(kind, table, port, tmp_path):
    run = run_of(kind, table, [port], tmp_path, without=["SBI"], more=LIMITED)
    summary = done(run)
    assert summary.stop.reason in ("budget", "hung")
    assert not lit(run)
    run.close()


@pytest.mark.parametrize(("kind", "table"), [(HSW, SLIPPY), (BDW, SAMUS)])
def test_a_panel_that_does_not_answer_on_aux_is_asked_for_ever(kind, table, tmp_path):
    run = run_of(kind, table, ["edp"], tmp_path, more=LIMITED)
    run.built.machine.igd.sinks[:, S_DPCD] = 0
    summary = done(run)
    assert summary.stop.reason in ("budget", "hung")
    assert start(summary) == "did not return"
    run.close()


@pytest.mark.parametrize(("kind", "table", "port"), [(HSW, MONROE, "dp-d"), (BDW, SAMUS, "dp-b")])
def test_a_monitor_that_does_not_answer_on_aux_is_given_up(kind, table, port, tmp_path):
    run = run_of(kind, table, [port], tmp_path)
    run.built.machine.igd.sinks[:, S_DPCD] = 0
    summary = done(run)
    assert (start(summary), summary.efi.gop) == ("SUCCESS", None)
    run.close()


def test_haswells_driver_asks_for_the_lanes_of_the_sink_not_those_it_trained(tmp_path):
    """A board that wires two of port A's lanes: a panel that says it has four is not lit, one of two lanes is."""
    at = MAX_LANE_COUNT.places[0].address
    run = run_of(HSW, MONROE, ["edp"], tmp_path)
    run.built.machine.igd.dpcd[0, at] += 2
    summary = done(run)
    assert (start(summary), summary.efi.gop is None, lit(run)) == ("SUCCESS", False, False)
    run.close()


@pytest.mark.parametrize(
    ("kind", "table", "port", "away"),
    [
        (SNB, MOBILE, "lvds", "LVDS strap"),
        (IVB, MOBILE, "lvds", "LVDS strap"),
        (IVB, SLIPPY, "edp", "port straps"),
        (HSW, SLIPPY, "edp", "DEISR"),
        (HSW, SLIPPY, "edp", "DDI_A strap"),
        (HSW, MONROE, "hdmi-b", "SDEISR"),
        (HSW, MONROE, "dp-d", "SFUSE_STRAP"),
        (BDW, SAMUS, "edp", "DE_PORT_ISR"),
        (BDW, SAMUS, "edp", "DDI_A strap"),
        (BDW, SAMUS, "dp-c", "SDEISR"),
        (BDW, TIDUS, "hdmi-b", "SFUSE_STRAP"),
    ],
)
def test_a_display_that_nothing_tells_of_is_none(kind, table, port, away, tmp_path):
    run = run_of(kind, table, [port], tmp_path, without=[away])
    summary = done(run)
    assert summary.stop.reason == "completed"
    assert (start(summary), summary.efi.gop) == ("SUCCESS", None)
    run.close()


@pytest.mark.parametrize(
    ("kind", "table", "port", "away"),
    [
        (SNB, MOBILE, "crt", "FDI_RX_IIR"),
        (SNB, MOBILE, "lvds", "PP_STATUS"),
        (SNB, MOBILE, "crt", "TRANSCONF"),
        (SNB, MOBILE, "crt", "PIPECONF"),
        (SNB, MOBILE, "crt", "PIPE_DSL"),
        (IVB, MOBILE, "crt", "FDI_RX_IIR"),
        (IVB, MOBILE, "lvds", "PP_STATUS"),
        (HSW, SLIPPY, "edp", "LCPLL"),
        (HSW, SLIPPY, "edp", "PP_STATUS"),
        (HSW, SLIPPY, "edp", "DP_TP_STATUS"),
        (HSW, SLIPPY, "edp", "PIPECONF"),
        (BDW, SAMUS, "edp", "LCPLL"),
        (BDW, SAMUS, "edp", "PP_STATUS"),
        (BDW, SAMUS, "edp", "DP_TP_STATUS"),
        (BDW, SAMUS, "edp", "PIPECONF"),
    ],
)
def test_what_no_driver_waits_for(kind, table, port, away, tmp_path):
    run = run_of(kind, table, [port], tmp_path, without=[away])
    summary = done(run)
    assert start(summary) == "SUCCESS"
    assert {mode.set for mode in summary.efi.gop.modes} == {"SUCCESS"}
    assert lit(run)
    run.close()


@pytest.mark.parametrize(("kind", "table", "port"), [(HSW, SLIPPY, "edp"), (BDW, SAMUS, "edp")])
@pytest.mark.parametrize("pch", [0x2918, 0x1E55, 0x8C40, 0x9CC9])
def test_haswells_driver_wants_a_pch_that_it_knows(kind, table, port, pch, tmp_path):
    run = run_of(kind, table, [port], tmp_path, pch=pch)
    summary = done(run)
    if pch in (0x8C40, 0x9CC9):
        assert start(summary) == "SUCCESS"
    else:
        assert (start(summary), summary.efi.gop) == ("DEVICE_ERROR", None)
        assert {address for address, _ in accesses(run, Space.MMIO)} <= {0x42020}
    run.close()


@pytest.mark.parametrize(("kind", "table", "port"), [(SNB, MOBILE, "crt"), (IVB, MOBILE, "lvds")])
def test_sandy_bridges_driver_takes_any_pch(kind, table, port, tmp_path):
    run = run_of(kind, table, [port], tmp_path, pch=0x2918)
    assert start(done(run)) == "SUCCESS"
    assert lit(run)
    run.close()


@pytest.mark.parametrize(("kind", "table", "port"), FIVE)
def test_without_a_vbt_there_is_no_display(kind, table, port, tmp_path):
    run = run_of(kind, "", [port], tmp_path)
    summary = done(run)
    assert (start(summary), summary.efi.gop) == ("NOT_FOUND", None)
    run.close()


@pytest.mark.parametrize("kind", [SNB, IVB])
def test_with_no_display_the_vbt_is_copied_behind_asls(kind, tmp_path):
    run = run_of(kind, MOBILE, ["none"], tmp_path, without=["LVDS strap"])
    ram, asls, table = run.built.machine.ram, run.built.placed.asls, run.made.vbt
    ram.write(asls + OPREGION_VBT, bytes(len(table)))
    summary = done(run)
    assert (start(summary), summary.efi.gop) == ("SUCCESS", None)
    assert ram.read(asls + OPREGION_VBT, len(table)) == table
    run.close()


@pytest.mark.parametrize(("kind", "table", "port"), FIVE)
def test_no_driver_notices_that_stolen_memory_is_not_set(kind, table, port, tmp_path):
    run = run_of(kind, table, [port], tmp_path)
    machine = run.built.machine
    machine.pci.write(machine.root, IGD, BDSM, 4, 0)
    summary = done(run)
    assert start(summary) == "SUCCESS"
    assert machine.igd.entries()[:8192].tolist() == [4096 * n | 1 for n in range(8192)]
    assert not next(check for check in summary.checks if check.id == "screens-complete").ok
    run.close()


@pytest.mark.parametrize(("kind", "table", "port"), FIVE)
def test_an_empty_vbt_is_read_through_null(kind, table, port, tmp_path):
    run = run_of(kind, table, [port], tmp_path)
    run.made = replace(run.made, vbt=bytes(len(run.made.vbt)))
    summary = done(run)
    assert (summary.stop.reason, start(summary)) == ("invalid", "did not return")
    run.close()


@pytest.mark.parametrize(("kind", "table", "port"), FIVE)
def test_the_root_bridge_is_how_the_pch_is_asked(kind, table, port, tmp_path, monkeypatch):
    install = Handles.install

    def without_it(self, handle, guid, interface):
        return 0 if guid == PCI_ROOT_BRIDGE_IO else install(self, handle, guid, interface)

    monkeypatch.setattr(Handles, "install", without_it)
    run = run_of(kind, table, [port], tmp_path)
    summary = done(run)
    expected = ("completed", "DEVICE_ERROR") if kind in (HSW, BDW) else ("invalid", "did not return")
    assert (summary.stop.reason, start(summary)) == expected
    run.close()


@pytest.mark.parametrize(
    ("kind", "table", "port", "gms", "count"),
    [
        (SNB, MOBILE, "crt", 0x02, 16384),
        (IVB, MOBILE, "crt", 0x02, 16384),
        (HSW, SLIPPY, "edp", 0x08, 65536),
        (BDW, SAMUS, "edp", 0x02, 16384),
    ],
)
def test_as_many_entries_as_ggc_says(kind, table, port, gms, count, tmp_path):
    more = f'[hypervisor]\nprofile = "10.2"\nlpc = "on"\ngms = {gms}\n'
    run = run_of(kind, table, [port], tmp_path, more=more)
    assert start(done(run)) == "SUCCESS"
    entries = run.built.machine.igd.entries()
    assert int((entries & 1).sum()) == count
    run.close()


def test_the_registers_of_a_panel_that_is_lit(tmp_path):
    run = run_of(HSW, SLIPPY, ["edp"], tmp_path)
    done(run)
    at = run.built.machine.igd.register
    assert at(0x7F008) >> 31  # pipe on
    assert at(0x6F400) & 0x80000000  # transcoder EDP sends
    assert at(0x64000) & 0x80000007 == 0x80000003  # port A on, two lanes
    assert at(0x64040) & 0x80000300 == 0x80000300  # the link's own pattern is sent no more
    assert at(0x70180) == 0x98000000
    assert at(0x68080) & 0x80000000  # the panel fitter, which scales the 800 lines
    run.close()


@pytest.mark.parametrize("kind", [SNB, IVB])
@pytest.mark.parametrize(("flags", "port_on"), [(0, False), (1, False), (4, True), (5, True)])
def test_an_hdmi_port_is_asked_where_the_child_says_tmds(kind, flags, port_on, tmp_path):
    """``flags``: of the child's capabilities, bit 0 HDMI, bit 2 TMDS; the VBT's second external child is HDMI on C."""
    run = run_of(kind, MOBILE, ["hdmi-c"], tmp_path)
    table = bytearray(run.made.vbt)
    table[table.index(HDMI_C_CHILD) + CAPABILITIES] = flags
    run.made = replace(run.made, vbt=bytes(table))
    assert start(done(run)) == "SUCCESS"
    assert bool(run.built.machine.igd.register(HDMI_C) & HDMI.ENABLE.mask) == port_on
    run.close()


@pytest.mark.parametrize("kind", [SNB, IVB])
@pytest.mark.parametrize(("flags", "port_on"), [(0, False), (2, True)])
def test_a_displayport_is_asked_where_the_child_says_so(kind, flags, port_on, tmp_path):
    """Bit 1 of the capabilities; the VBT's first external child may be DisplayPort or HDMI, on B."""
    run = run_of(kind, MOBILE, ["dp-b"], tmp_path)
    table = bytearray(run.made.vbt)
    table[table.index(DP_B_CHILD) + CAPABILITIES] = flags
    run.made = replace(run.made, vbt=bytes(table))
    assert start(done(run)) == "SUCCESS"
    assert bool(run.built.machine.igd.register(DP_B) & DP.ENABLE.mask) == port_on
    run.close()
