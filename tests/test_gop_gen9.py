"""Intel's GOP drivers of generation 9 show the test card whole on every display that a prototype saw them light.

skl.efi is byte for byte kbl.efi. The pairs of driver, VBT and display are those of an independent prototype; HDMI on
Apollo and Gemini Lake, two displays, sinks that defer or ask for more swing, and EDIDs of two blocks it did not try.
"""

import numpy as np
import pytest
from gop_lab import EDP, Lab, full_hd

SHOWN = [
    ("kbl", "eve", "edp"), ("kbl", "karma", "edp"), ("kbl", "nami", "edp"), ("kbl", "nami", "dp-b"),
    ("kbl", "fizz", "hdmi-b"), ("kbl", "karma", "hdmi-b"), ("kbl", "fizz", "hdmi-c"), ("kbl", "fizz", "dp-c"),
    ("cml", "kohaku", "edp"), ("cml", "dratini", "edp"), ("cml", "drallion", "edp"), ("cml", "kohaku", "dp-b"),
    ("cml", "puff", "dp-b"), ("cml", "puff", "dp-c"), ("cml", "puff", "hdmi-b"), ("cml", "puff", "hdmi-c"),
    ("apl", "reef", "edp"), ("apl", "reef", "dp-b"), ("apl", "reef", "dp-c"), ("apl", "babymega", "edp"),
    ("apl", "apl-dp-hdmi-b", "hdmi-b"), ("apl", "apl-hdmi-c", "hdmi-c"),
    ("glk", "meep", "edp"), ("glk", "meep", "dp-b"), ("glk", "meep", "dp-c"), ("glk", "dorp", "hdmi-c"),
]  # fmt: skip
_PLANE_CTL, _STRIDE, _SURF, _HTOTAL, _VTOTAL, _PIPESRC = 0x70180, 0x70188, 0x7019C, 0x60000, 0x6000C, 0x6001C
_EDP = 0xF000
"""How far the eDP transcoder's registers lie above A's."""


@pytest.fixture
def monitor(tmp_path):
    """A file with a Full HD monitor's EDID of so many blocks."""

    def made(blocks=1):
        path = tmp_path / f"edid-{blocks}.bin"
        path.write_bytes(full_hd(blocks=blocks))
        return path

    return made


@pytest.mark.parametrize(("driver", "board", "port"), SHOWN)
def test_every_mode_is_whole(driver, board, port):
    lab = Lab(driver, board, (port,))
    assert (lab.start, lab.outcome) == ("SUCCESS", "whole")
    assert lab.summary.failed == []
    assert lab.summary.unhandled.services == []


@pytest.mark.parametrize(("driver", "port"), [(driver, "edp") for driver in EDP] + [("apl", "dp-b"), ("glk", "dp-c")])
def test_registers_and_ggtt_at_the_end(driver, port, monitor):
    """1920x1080: timing, linear plane, and a GGTT that maps all of stolen memory from entry 0 on."""
    lab = Lab(driver, EDP[driver], (port,), edid=monitor())
    up = _EDP if port == "edp" else 0
    register = lab.igd.register
    assert register(_PLANE_CTL) == 0x84000000
    assert (register(_SURF), register(_HTOTAL + up), register(_VTOTAL + up)) == (0, 0x0897077F, 0x04640437)
    assert 0x78 in lab.written(_STRIDE)
    assert 0x077F0437 in lab.written(_PIPESRC)
    first, count = lab.run.built.guest_stolen[0], lab.run.built.machine.scenario.host.stolen_size >> 12
    entries = lab.igd.entries(slice(count + 1))
    assert entries[:count].tolist() == (first + 4096 * np.arange(count) | 1).tolist()
    assert not entries[count] & 1


@pytest.mark.parametrize(
    ("driver", "board", "ports", "lit"),
    [
        ("kbl", "nami", ("edp", "dp-b"), "EDP"), ("cml", "kohaku", ("edp", "dp-b"), "EDP"),
        ("apl", "reef", ("edp", "dp-c"), "EDP"), ("glk", "meep", ("edp", "dp-c"), "EDP"),
        ("kbl", "fizz", ("hdmi-b", "dp-c"), "A"), ("cml", "puff", ("hdmi-b", "dp-c"), "A"),
    ],
)  # fmt: skip
def test_of_two_displays_one_is_lit(driver, board, ports, lit):
    """The panel before an external one; no driver of these clones the picture."""
    lab = Lab(driver, board, ports)
    assert lab.outcome == "whole"
    assert {screen.lights.split(",")[0] for screen in lab.summary.display} == {f"pipe {lit} on"}


@pytest.mark.parametrize(("driver", "port"), [(driver, "edp") for driver in EDP] + [("apl", "dp-b"), ("glk", "dp-c")])
@pytest.mark.parametrize("defers", [1, 3])
def test_a_sink_that_defers(driver, port, defers):
    lab = Lab(driver, EDP[driver], (port,), link={"defers": defers})
    assert lab.outcome == "whole"


@pytest.mark.parametrize(("driver", "port"), [(driver, "edp") for driver in EDP] + [("apl", "dp-b"), ("glk", "dp-c")])
@pytest.mark.parametrize(("swing", "pre_emphasis"), [(1, 0), (2, 0), (0, 1), (1, 1), (2, 1)])
def test_a_sink_that_asks_for_more(driver, port, swing, pre_emphasis):
    """Voltage swing and pre-emphasis are raised until the link locks."""
    lab = Lab(driver, EDP[driver], (port,), link={"swing": swing, "pre_emphasis": pre_emphasis})
    assert lab.outcome == "whole"


@pytest.mark.parametrize(
    ("driver", "board", "port"),
    [("kbl", "eve", "edp"), ("kbl", "fizz", "hdmi-b"), ("cml", "puff", "dp-b"), ("apl", "apl-hdmi-c", "hdmi-c"),
     ("glk", "meep", "dp-b"), ("glk", "dorp", "hdmi-c")],
)  # fmt: skip
def test_an_edid_of_two_blocks(driver, board, port, monitor):
    lab = Lab(driver, board, (port,), edid=monitor(2))
    assert lab.outcome == "whole"
    assert (lab.summary.display[0].width, lab.summary.display[0].height) == (1920, 1080)
