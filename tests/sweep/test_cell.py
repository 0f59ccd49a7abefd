"""Is a cell's run the run that ``fwsim run`` makes, field by field, whichever run the machine did before?"""

from pathlib import Path

import pytest

from fwsim.run import run
from fwsim.rundir import RunDir
from fwsim.sweep.cell import Runner, rows_of, scenario_of
from fwsim.sweep.matrix import read

ROM = Path(__file__).parents[2] / "roms" / "igd-vbios.rom"


def matrix(**fields):
    return read({"kind": "run", "set": {"rom": {"file": str(ROM)}} | fields}, "m", Path("/"))


@pytest.mark.parametrize("source", ["file", "shadow"])
def test_restored_runs_equal_fresh_ones(tmp_path, source):
    calls = [[{"ax": 0x4F02, "bx": 0xC114}], [{"ax": 3}], [{"ax": 0x4F00}, {"ax": 0x4F02, "bx": 0xC101}], []]
    sweep = matrix(**{"rom.source": source, "call": calls, "guest.ram": ["1G", "4G"], "hypervisor.profile": "9.1"})
    runner = Runner()
    for cell in [0, 1, 2, 3, 1, 5, 0, 7, 4]:
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
