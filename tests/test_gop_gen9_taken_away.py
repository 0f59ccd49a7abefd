"""One thing of the device is taken away from a generation 9 GOP driver, and what happens is what a prototype saw.

Each row is (driver, what is taken, outcome), by a behaviour's name or by bits of a register that are pinned: an
outcome is Start's status, or "no child" where that is SUCCESS and no GraphicsOutput came, or "whole".
"""

import pytest
from gop_lab import EDP, Lab

SKL, BXT = ("kbl", "cml"), ("apl", "glk")
ALL = SKL + BXT
_FUSE, _DBUF, _LCPLL1, _DPLL_STATUS, _DE_PLL = 0x42000, 0x45008, 0x46010, 0x6C060, 0x46070
_PCODE, _PCODE_DATA, _CDCLK, _DDI_A = 0x138124, 0x138128, 0x46000, 0x64000
_CDCLK_NOTE = 0x4F018
"""Software flag in which the drivers keep the core clock."""
_SDEISR, _SFUSE, _DE_PORT_ISR = 0xC4000, 0xC2014, 0x44440
_ERROR = "DEVICE_ERROR"


def edp(driver, **changed):
    """The driver with its board's panel, and what is changed."""
    return Lab(driver, EDP[driver], **changed)


def pin(at, bit, value=0):
    """One bit that reads so, whatever the device does."""
    return ((at, 1 << bit, value << bit),)


@pytest.mark.parametrize("driver", ALL)
@pytest.mark.parametrize(("bit", "outcome"), [(27, _ERROR), (26, _ERROR), (25, _ERROR), (31, "whole")])
def test_fuses(driver, bit, outcome):
    assert edp(driver, pinned=pin(_FUSE, bit)).outcome == outcome


@pytest.mark.parametrize("driver", ALL)
@pytest.mark.parametrize("gone", ["PWR_WELL", "PCODE"])
def test_wells_and_the_power_unit(driver, gone):
    assert edp(driver, without=(gone,)).outcome == _ERROR


@pytest.mark.parametrize(("driver", "outcome"), [("kbl", _ERROR), ("cml", _ERROR), ("glk", _ERROR), ("apl", "whole")])
def test_the_data_buffer(driver, outcome):
    assert edp(driver, pinned=pin(_DBUF, 30)).outcome == outcome


@pytest.mark.parametrize("driver", SKL)
@pytest.mark.parametrize("gone", ["PP_STATUS", "PIPECONF", "DDI_BUF", "DP_TP_STATUS", "LCPLL1/2", "DDI_A strap"])
def test_what_skylakes_does_not_need(driver, gone):
    assert edp(driver, without=(gone,)).outcome == "whole"


@pytest.mark.parametrize("driver", SKL)
def test_dpll_0_is_waited_for(driver):
    lab = edp(driver, pinned=pin(_DPLL_STATUS, 0))
    assert lab.outcome == _ERROR
    assert lab.reads(_DPLL_STATUS) > 2 * edp(driver).reads(_DPLL_STATUS)


@pytest.mark.parametrize("driver", SKL)
@pytest.mark.parametrize("field", [0x267, 0x2A1, 0x35E, 0x382, 0x436, 0x4D0, 0x544])
def test_core_clocks_that_skylakes_knows(driver, field):
    lab = edp(driver, reset={_CDCLK: field})
    assert lab.outcome == "whole"
    assert lab.igd.register(_CDCLK) & 0x0C0007FF == 0x080002A1


@pytest.mark.parametrize("driver", SKL)
@pytest.mark.parametrize("field", [0, 0x02E])
def test_core_clocks_that_it_does_not_know(driver, field):
    lab = edp(driver, reset={_CDCLK: field})
    assert lab.outcome == _ERROR
    assert len(lab.mmio) == {"kbl": 21, "cml": 22}[driver]


@pytest.mark.parametrize("driver", SKL)
@pytest.mark.parametrize(("data", "outcome"), [(1, "whole"), (3, "whole"), (0, _ERROR), (2, _ERROR), (0x80, _ERROR)])
def test_the_power_units_leave_to_change_the_clock(driver, data, outcome):
    assert edp(driver, pinned=((_PCODE_DATA, 0xFFFFFFFF, data),)).outcome == outcome


@pytest.mark.parametrize("driver", ALL)
def test_a_power_unit_that_stays_busy(driver):
    assert edp(driver, pinned=pin(_PCODE, 31, 1)).outcome == _ERROR


@pytest.mark.parametrize("driver", ALL)
def test_the_vertical_blank_only_costs_time(driver):
    """Half a second for each mode that is set."""
    usual, never = edp(driver), edp(driver, pinned=pin(0x44408, 0))
    assert never.outcome == "whole"
    assert never.summary.virtual_ns - usual.summary.virtual_ns > 500_000_000


@pytest.mark.parametrize(
    ("driver", "board", "port", "at", "bit"),
    [
        ("kbl", "eve", "edp", _SDEISR, 24), ("cml", "kohaku", "edp", _SDEISR, 24),
        ("kbl", "fizz", "hdmi-b", _SDEISR, 21), ("kbl", "fizz", "hdmi-b", _SFUSE, 2),
        ("kbl", "fizz", "dp-c", _SDEISR, 22), ("kbl", "fizz", "dp-c", _SFUSE, 1),
        ("cml", "puff", "dp-b", _SDEISR, 21), ("cml", "puff", "dp-b", _SFUSE, 2),
        ("cml", "puff", "hdmi-c", _SDEISR, 22), ("cml", "puff", "hdmi-c", _SFUSE, 1),
        ("apl", "reef", "edp", _DE_PORT_ISR, 3), ("glk", "meep", "edp", _DE_PORT_ISR, 3),
        ("apl", "reef", "dp-b", _DE_PORT_ISR, 4), ("glk", "meep", "dp-c", _DE_PORT_ISR, 5),
    ],
)  # fmt: skip
def test_hot_plug_bits_decide(driver, board, port, at, bit):
    lab = Lab(driver, board, (port,), pinned=pin(at, bit))
    assert (lab.start, lab.outcome) == ("SUCCESS", "no child")


def test_port_d_is_never_asked_on_the_u_chipset():
    """fizz has a display on D in its VBT; 00:1f.0 is 9d4e, which has no such port."""
    assert Lab("kbl", "fizz", ("dp-d",)).outcome == "no child"


def test_ports_of_eve_that_are_not_asked():
    assert Lab("kbl", "eve", ("dp-b",)).outcome == "no child"


@pytest.mark.parametrize("driver", ALL)
def test_no_sink_behind_the_hot_plug_bit(driver):
    lab = edp(driver, without=("AUX",))
    assert (lab.start, lab.outcome) == ("SUCCESS", "no child")


@pytest.mark.parametrize(("revision", "bits"), [(2, {"edp": 5, "dp-b": 3, "dp-c": 4}), (3, {"edp": 3, "dp-b": 4}),
                                                (0x0B, {"edp": 3, "dp-b": 4, "dp-c": 5})])  # fmt: skip
def test_apollo_lakes_first_steppings_have_the_bits_elsewhere(revision, bits):
    config = {0x08: (1, revision)}
    for port, bit in bits.items():
        shown = ((_DE_PORT_ISR, 0x38, 1 << bit),)
        assert Lab("apl", "reef", (port,), config=config, pinned=shown).outcome == "whole"
        wrong = ((_DE_PORT_ISR, 0x38, 0x38 & ~(1 << bit)),)
        assert Lab("apl", "reef", (port,), config=config, pinned=wrong).outcome == "no child"


# --- Broxton's own -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("driver", BXT)
def test_the_display_pll_is_waited_for(driver):
    lab = edp(driver, pinned=pin(_DE_PLL, 30))
    assert lab.outcome == _ERROR
    assert lab.reads(_DE_PLL) >= 20


@pytest.mark.parametrize(("driver", "bit"), [("apl", 30), ("glk", 25)])
def test_port_plls(driver, bit):
    lab = edp(driver, pinned=pin(0x46074, bit))
    assert lab.outcome == _ERROR
    assert lab.reads(0x46074) >= 10_000


@pytest.mark.parametrize("field", [0x4DE, 0x47E, 0x2FE, 0x23E, 0x11E])
def test_core_clocks_that_apollo_lakes_takes_as_they_are(field):
    """It notes the clock it found; only when a mode is set does it change to one that suffices, 144 MHz for XGA."""
    lab = edp("apl", reset={_CDCLK: field})
    assert lab.outcome == "whole"
    assert lab.written(_CDCLK_NOTE)[0] == field
    assert lab.igd.register(_CDCLK) & 0x7FF == 0x11E


@pytest.mark.parametrize("field", [0, 0x012, 0x025])
def test_core_clocks_that_it_reads_through_a_null_pointer_for(field):
    lab = edp("apl", reset={_CDCLK: field})
    assert lab.reason == "invalid"
    assert "read of an address where nothing is" in lab.summary.stop.detail


@pytest.mark.parametrize("field", [0, 0x025])
def test_gemini_lakes_programs_the_clock_itself(field):
    lab = edp("glk", reset={_CDCLK: field})
    assert lab.outcome == "whole"
    assert lab.igd.register(_CDCLK) == 0x0030027A


@pytest.mark.parametrize(
    ("driver", "board", "port", "at"),
    [("apl", "reef", "edp", 0x162000), ("glk", "meep", "edp", 0x162000), ("apl", "reef", "dp-b", 0x6C000),
     ("glk", "meep", "dp-b", 0x6C000), ("glk", "meep", "dp-c", 0x163000)],
)  # fmt: skip
def test_power_of_a_phy_is_waited_for(driver, board, port, at):
    """20,000 polls, two seconds, for each port that is tried."""
    lab = Lab(driver, board, (port,), pinned=pin(at, 16))
    assert lab.reads(at) >= 20_000
    assert lab.started_ns > 2_000_000_000


@pytest.mark.parametrize("driver", BXT)
def test_calibration_is_waited_for(driver):
    lab = edp(driver, pinned=pin(0x16218C, 22))
    assert lab.reads(0x16218C) >= 10_000


@pytest.mark.parametrize("driver", BXT)
def test_what_broxtons_writes_for_the_backlight(driver):
    assert 0x81000000 in edp(driver).written(0x48400)
