"""The matrix of designs: where a ROM's GTT entries point under each, as ``fwsim sweep examples/designs.toml`` finds."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from fwsim.analysis.designs import designs
from fwsim.hypervisor import kinds
from fwsim.report.designs_page import render, rows
from fwsim.sweep.cell import Runner, scenario_of
from fwsim.sweep.matrix import load

MATRIX = Path(__file__).parents[2] / "examples" / "designs.toml"
OUTSIDE, INSIDE = 0xCD200000, 0x60000000
"""Where the host's stolen memory lies: behind the guest's RAM, among it."""
SHIFTS, PASSES, PATCHES = ("5.0", "9.2"), ("10.0", "10.1", "10.2"), ("10.0.13", "11.1")


@pytest.fixture(scope="module")
def made():
    """Every row of the matrix."""
    return rows(MATRIX)


@pytest.fixture(scope="module")
def found(made):
    """Rows by ROM source, host's base, firmware and design."""
    names = ("rom.source", "host.bdsm", "firmware.kind")
    return {(*(row[name] for name in names), " ".join(json.loads(row["hypervisor"]).values())): row for row in made}


def test_the_page_is_made_of_them(made):
    """docs/designs.md is what ``make docs`` makes."""
    assert (MATRIX.parents[1] / "docs" / "designs.md").read_text() == render(made)


def targets(row):
    """Entries by what they point at, what there is none of left out."""
    names = ("guest_stolen", "host_stolen", "guest_ram", "unmapped", "silent")
    return {name: row[name] for name in names if row[name]}


def test_the_matrix_has_every_design_that_calls_a_rom():
    """crosvm starts Linux, vPCI is no PC's, a mirror list is its user's; Xen's releases differ in words only."""
    axis = next(axis for axis in load(MATRIX).axes if axis.name == "hypervisor")
    named = {" ".join(value.values()) for value in axis.values}
    assert {name.partition(" ")[0] for name in named} == set(kinds.ROWS) - {"crosvm", "vpci", "custom"}
    assert {each.title for each in designs() if each.kind in ("qemu", "bhyve")} <= named


@pytest.mark.parametrize("profile", PASSES)
@pytest.mark.parametrize(("base", "faults", "silent"), [(OUTSIDE, True, {}), (INSIDE, False, {"silent": 255})])
def test_a_posted_rom_without_rewrite_writes_host_addresses(found, profile, base, faults, silent):
    row = found["shadow", base, "seabios", f"qemu {profile}"]
    assert targets(row) == {"host_stolen": 255} | silent
    assert bool(row["faults"]) == faults


@pytest.mark.parametrize("base", [OUTSIDE, INSIDE])
@pytest.mark.parametrize("design", [*(f"qemu {each}" for each in (*SHIFTS, *PATCHES)), "ranged"])
def test_a_posted_rom_is_right_where_it_is_shifted_patched_or_moved(found, design, base):
    row = found["shadow", base, "seabios", design]
    assert targets(row) == {"guest_stolen": 255}
    assert row["status"] == "ok"


@pytest.mark.parametrize("base", [OUTSIDE, INSIDE])
@pytest.mark.parametrize("design", [*(f"qemu {each}" for each in (*PASSES, *PATCHES)), "ranged"])
def test_a_pristine_rom_is_right_without_a_rewrite(found, design, base):
    row = found["file", base, "seabios", design]
    assert targets(row) == {"guest_stolen": 255}
    assert (row["status"], row["faults"]) == ("ok", 0)


@pytest.mark.parametrize("profile", SHIFTS)
@pytest.mark.parametrize(("base", "where", "faults"), [(OUTSIDE, "guest_ram", False), (INSIDE, "unmapped", True)])
def test_a_pristine_rom_is_shifted_twice(found, profile, base, where, faults):
    """guest base + (guest base - host base): below 2 GiB it is RAM that the guest uses, else nothing is there."""
    row = found["file", base, "seabios", f"qemu {profile}"]
    assert targets(row) == {where: 255}
    assert bool(row["faults"]) == faults
    landed = (2 * row["bdsm"] - base) % (1 << 32)
    assert (landed < 2 << 30) == (where == "guest_ram")


@pytest.mark.parametrize("source", ["file", "shadow"])
@pytest.mark.parametrize("profile", SHIFTS)
def test_qemu_dies_where_bdsm_was_never_programmed(found, source, profile):
    row = found[source, OUTSIDE, "none", f"qemu {profile}"]
    assert (row["status"], row["stop"]) == ("stopped", "aborted")
    assert row["why"].startswith("Guest attempted to program IGD GTT before BIOS reserved stolen memory.")
    assert "EAX=" in row["why"]


@pytest.mark.parametrize("source", ["file", "shadow"])
def test_xen_shows_the_hosts_base_and_maps_nothing_there(found, source):
    row = found[source, OUTSIDE, "hvmloader", "xen 4.22"]
    assert targets(row) == {"host_stolen": 8191}
    assert row["faults"]
    inside = found[source, INSIDE, "hvmloader", "xen 4.22"]
    assert targets(inside) == {"host_stolen": 8191, "silent": 8191}
    assert not inside["faults"]


@pytest.mark.parametrize("source", ["file", "shadow"])
def test_on_the_host_itself_all_is_right(found, source):
    row = found[source, OUTSIDE, "none", "none"]
    assert targets(row) == {"guest_stolen": 8191}
    assert row["status"] == "ok"


@pytest.mark.parametrize("source", ["file", "shadow"])
@pytest.mark.parametrize("profile", ["14.1", "15.0"])
def test_bhyve_is_right_where_guest_and_host_addresses_are_the_same(found, source, profile):
    row = found[source, INSIDE, "bhyve", f"bhyve {profile}"]
    assert row["bdsm"] == INSIDE
    assert (row["status"], row["faults"], row["host_stolen"]) == ("ok", 0, 0)


@pytest.mark.parametrize("profile", ["14.1", "15.0"])
def test_bhyve_moves_what_does_not_fit_and_a_posted_rom_faults(found, profile):
    assert found["file", OUTSIDE, "bhyve", f"bhyve {profile}"]["status"] == "ok"
    row = found["shadow", OUTSIDE, "bhyve", f"bhyve {profile}"]
    assert row["bdsm"] != OUTSIDE
    assert row["host_stolen"]
    assert row["faults"]


def test_acrn_has_it_at_one_place_before_gen_11(found):
    assert found["file", OUTSIDE, "acrn", "acrn 3.2"]["bdsm"] == 0x7C000000
    assert found["file", OUTSIDE, "acrn", "acrn 3.2"]["status"] == "ok"
    assert found["shadow", OUTSIDE, "acrn", "acrn 3.2"]["faults"]


@pytest.mark.parametrize("profile", SHIFTS)
def test_past_the_rewrite_limit_entries_stay_the_hosts(profile):
    """GGMS 0 is a limit of 0: nothing is rewritten, and a posted ROM's 255 entries are host addresses."""
    found = load(MATRIX)
    cell = next(
        cell for cell in range(found.cells)
        if found.values(cell)["rom.source"] == "shadow" and found.values(cell)["host.bdsm"] == OUTSIDE
        and found.values(cell)["firmware.kind"] == "seabios"
        and found.values(cell)["hypervisor"] == {"kind": "qemu", "profile": profile}
    )  # fmt: skip
    scenario = scenario_of(found, cell)
    summary = Runner().run(replace(scenario, host=replace(scenario.host, ggc=0x0009)))
    assert summary.gtt.writes == 255
    assert (summary.gtt.rewritten, summary.gtt.targets.host_stolen) == (0, 255)
