"""A sweep of Arm guests: rows of what a guest has of its functions, beside those of ROMs or alone."""

from pathlib import Path

import pytest

from fwsim.errors import FwsimError
from fwsim.results.folder import RunDir
from fwsim.rules.vpci import IDS
from fwsim.running.pipeline import run
from fwsim.sweep.cell import RAN, RAN_ARM, Runner, columns, rows_of, scenario_of
from fwsim.sweep.matrix import load, read
from fwsim.sweep.result import checks_named

REPO = Path(__file__).parents[2]
EXAMPLES = REPO / "examples"


def matrix(**fields):
    return read({"kind": "run", "scenario": "arm-vpci.toml", "set": fields}, "m", EXAMPLES)


def test_rows_say_what_the_guest_has_and_what_it_cost(tmp_path):
    """Each cell as its run alone; fake has every function, replicated all but the late one, behind its bridges."""
    sweep = matrix(**{"hypervisor.profile": ["fake", "replicated"]})
    rows = rows_of(sweep, [0, 1], Runner())
    for cell, row in enumerate(rows):
        alone = run(scenario_of(sweep, cell), RunDir.create(tmp_path / str(cell)))
        assert row["status"] == "failed"  # the DMA to nowhere is the program's on purpose
        assert row["failed"] == ",".join(check.id for check in alone.failed)
        assert (row["faults"], row["events"]) == (alone.iommu.faults, alone.events)
        assert (row["config_reads"], row["config_writes"]) == (alone.vpci.reads, alone.vpci.writes)
        assert tuple(check.id for check in alone.checks) == IDS
    assert [row["functions"] for row in rows] == [3, 3]
    assert [row["functions_shown"] for row in rows] == [3, 2]
    assert [row["bars_mapped"] for row in rows] == [4, 3]
    assert [row["bridges"] for row in rows] == [0, 4]


def test_what_vpci_refuses_is_one_row():
    sweep = matrix(**{"hypervisor.options.pci": [["08:00.0"], ["1f:00.0"]]})
    good, bad = rows_of(sweep, [0, 1], Runner())
    assert (good["status"], good["functions"]) == ("ok", 1)
    assert bad["status"] == "refused"
    assert bad["why"]


def test_columns_are_those_of_the_kinds_of_runs_that_it_has():
    own = set(columns(matrix(**{"guest.ram": ["128M", "256M"]})))
    assert set(RAN_ARM) < own
    assert not own & (set(RAN) - set(RAN_ARM))
    rom = {"kind": "run", "set": {"rom.file": str(REPO / "roms/igd-vbios.rom"), "call": [[]]}}
    assert not set(columns(read(rom, "m", Path("/")))) & (set(RAN_ARM) - set(RAN))
    guests = [{"machine": "pc"}, {"machine": "arm-virt"}]
    both = {"kind": "run", "set": rom["set"] | {"guest": guests, "payload.program": str(REPO / "roms/arm-linux.elf")}}
    assert set(RAN) | set(RAN_ARM) <= set(columns(read(both, "m", Path("/"))))


def test_checks_to_count_by_are_an_arm_guests():
    sweep = matrix(**{"guest.ram": ["128M"]})
    assert checks_named(sweep, "no-aborts,bars-mapped", "--check") == ("no-aborts", "bars-mapped")
    with pytest.raises(FwsimError, match="no such check"):
        checks_named(sweep, "gtt-inside", "--check")


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"payload.program": "nowhere.elf"}, "payload.program"),
        ({"payload.program": ["../roms/arm-linux.elf", "x"]}, "x"),
    ],
)
def test_a_program_that_is_not_there_is_refused_before_anything_runs(fields, where):
    with pytest.raises(FwsimError, match="no such program") as raised:
        matrix(**fields)
    assert where in str(raised.value)


def test_the_example_has_a_cell_for_each_design_topology_and_rule():
    sweep = load(EXAMPLES / "arm-designs.toml")
    assert {axis.name for axis in sweep.axes} == {
        "hypervisor.profile", "hypervisor.options.pci", "hypervisor.options.writes", "hypervisor.options.bars",
        "payload.program",
    }  # fmt: skip
    assert sweep.machines == {"arm-virt"}
    (row,) = rows_of(sweep, [0], Runner())
    assert row["status"] in ("ok", "failed")
