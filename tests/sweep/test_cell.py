"""Is a cell's run the run that ``fwsim run`` makes, field by field, whichever run the machine did before?"""

from pathlib import Path

from fwsim.results.folder import RunDir
from fwsim.running.pipeline import run
from fwsim.sweep.cell import Runner, rows_of, scenario_of
from fwsim.sweep.matrix import read

ROM = Path(__file__).parents[2] / "roms" / "igd-vbios.rom"


def matrix(**fields):
    return read({"kind": "run", "set": {"rom": {"file": str(ROM)}} | fields}, "m", Path("/"))


def test_restored_runs_equal_fresh_ones(tmp_path):
    calls = [[{"ax": 0x4F02, "bx": 0xC114}], [{"ax": 3}]]
    sweep = matrix(**{"rom.source": ["file", "shadow"], "call": calls, "hypervisor.profile": "9.1"})
    runner = Runner(keep=1)
    for cell in [0, 1, 0, 3]:
        scenario = scenario_of(sweep, cell)
        quick = runner.run(scenario)
        fresh = run(scenario, RunDir.create(tmp_path / f"{cell}", force=True))
        quick.wall_s = fresh.wall_s = 0.0
        assert quick == fresh, cell


def test_what_no_machine_can_be_is_one_refused_row():
    sweep = matrix(**{"guest.slot": ["00:02.0", "00:1f.0"], "call": [[]]})
    good, bad = rows_of(sweep, [0, 1], Runner())
    assert good["status"] in ("ok", "failed")
    assert bad["status"] == "refused"
    assert bad["why"]
