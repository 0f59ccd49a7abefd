"""Is a cell's run the run that ``fwsim run`` makes, field by field, whichever run the machine did before?"""

from pathlib import Path

import pytest

from fwsim.errors import FwsimError
from fwsim.results.folder import RunDir
from fwsim.running.pipeline import run
from fwsim.sweep.cell import Runner, rows_of, scenario_of
from fwsim.sweep.matrix import read

ROM = Path(__file__).parents[2] / "roms" / "igd-vbios.rom"


def matrix(**fields):
    return read({"kind": "run", "set": {"rom": {"file": str(ROM)}} | fields}, "m", Path("/"))


def test_restored_runs_equal_fresh_ones(tmp_path):
    calls = [[{"ax": 0x4F02, "bx": 0xC114}], [{"ax": 3}]]
    sweep = matrix(**{"rom.source": ["file", "shadow"], "call": calls, "hypervisor.profile": "9.2"})
    runner = Runner(keep=1)
    for cell in [0, 1, 0, 3]:
        scenario = scenario_of(sweep, cell)
        quick = runner.run(scenario)
        fresh = run(scenario, RunDir.create(tmp_path / f"{cell}", force=True))
        quick.wall_s = fresh.wall_s = 0.0
        assert quick == fresh, cell


def test_a_row_is_the_same_whether_a_machine_is_put_back_or_goes():
    sweep = matrix(**{"rom.source": "shadow", "call": [[{"ax": 0x4F02, "bx": 0xC114}], [{"ax": 3}]]})
    kept, alone = Runner(keep=1), Runner(keep=0)
    assert rows_of(sweep, [0, 1], kept) == rows_of(sweep, [0, 1], alone)


def test_neighbours_share_a_post_only_where_what_comes_after_it_varies():
    mode = [{"ax": 3}]
    assert matrix(call=[mode, []]).shares_posts
    assert matrix(**{"call.0.ax": [3, 0x12]}).shares_posts
    assert matrix(**{"payload.draw": ["none", "test-card"], "call": [mode]}).shares_posts
    assert not matrix(**{"rom.source": ["file", "shadow"], "call": [mode]}).shares_posts


def test_what_no_machine_can_be_is_one_refused_row():
    sweep = matrix(**{"guest.slot": ["00:02.0", "00:1f.0"], "call": [[]]})
    good, bad = rows_of(sweep, [0, 1], Runner())
    assert good["status"] in ("ok", "failed")
    assert bad["status"] == "refused"
    assert bad["why"]


KINDS = ["seabios", "ovmf", "hvmloader", "bhyve", "acrn", "crosvm", "host-base", "fake-bar", "none"]


def test_every_firmware_is_a_value_of_the_axis(tmp_path):
    """Rows as the runs alone give them, two calls each on one machine put back: the device model's memory with it."""
    calls = [[{"ax": 0x4F02, "bx": 0xC114}], [{"ax": 3}]]
    sweep = matrix(**{"firmware.kind": KINDS, "call": calls})
    runner = Runner(keep=1)
    rows = rows_of(sweep, range(sweep.cells), runner)
    status = {(row["firmware.kind"], row["status"]) for row in rows}
    assert status == {(kind, "failed" if kind in ("hvmloader", "crosvm", "none") else "ok") for kind in KINDS}
    for cell in (rows[2 * KINDS.index("acrn")]["cell"], rows[2 * KINDS.index("fake-bar") + 1]["cell"]):
        scenario = scenario_of(sweep, cell)
        quick, fresh = runner.run(scenario), run(scenario, RunDir.create(tmp_path / f"{cell}", force=True))
        quick.wall_s = fresh.wall_s = 0.0
        assert quick == fresh


def test_an_option_is_an_axis_of_runs_and_of_placements():
    runs = matrix(**{"firmware.kind": "ovmf", "firmware.options.driver": ["gvt", "none"], "call": [[]]})
    assert [bool(row["bdsm"]) for row in rows_of(runs, [0, 1], Runner())] == [True, False]
    places = read({"set": {"firmware": "ovmf", "options": {"driver": ["gvt", "none", "gtv"]}}}, "m", Path("/"))
    rows = rows_of(places, [0, 1, 2], Runner())
    assert [bool(row["bdsm"]) for row in rows] == [True, False, False]
    assert [row["options.driver"] for row in rows] == ["gvt", "none", "gtv"]
    assert (rows[2]["status"], rows[2]["why"]) == ("refused", 'unknown value ("gtv")')


def test_a_firmware_that_there_is_not_is_refused_before_any_run():
    with pytest.raises(FwsimError, match="no such firmware") as caught:
        matrix(**{"firmware.kind": ["ovmf", "slimboot"], "call": [[]]})
    assert caught.value.where == "m: set.firmware.kind"
