"""The demo of an Arm guest: two designs of its bridges on the example's host; and the golden traces' arithmetic."""

import json
from contextlib import redirect_stdout
from io import StringIO
from shutil import copytree

import pytest
from golden import ARM, ROOT

from fwsim import cli
from fwsim.demo.arm import DESIGNS, scenarios
from fwsim.results.folder import RunDir
from fwsim.scenario.host_bars import all_host_bars
from fwsim.scenario.host_capabilities import host_capabilities
from fwsim.scenario.load import load

EXAMPLE = ROOT / "examples" / "arm-vpci.toml"
PAGE = 0x1000


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The demo's folder and what it printed."""
    place = tmp_path_factory.mktemp("demo") / "arm"
    with redirect_stdout(StringIO()) as printed:
        assert cli.main(["demo", "--arm", "--out", str(place)]) == 0
    return place, printed.getvalue()


@pytest.fixture(scope="module")
def demo(told):
    """The demo's folder."""
    return told[0]


def test_the_demos_host_is_the_examples():
    for scenario, design in zip(scenarios(), DESIGNS, strict=True):
        example = load(EXAMPLE, [f"hypervisor.profile={design}"])
        assert scenario.host_function == example.host_function
        assert scenario.guest == example.guest
        assert scenario.hypervisor.options["pci"] == example.hypervisor.options["pci"]
        assert scenario.payload.program == example.payload.program


def above(rows, slot):
    """The bridges on the way to a function of the host."""
    by_slot = {row.slot: row for row in rows}
    found = []
    while by_slot[slot].behind:
        slot = by_slot[slot].behind
        found.append(slot)
    return found


def test_what_each_design_shows(demo):
    """fake: the assigned devices' slots in their order on bus 0; replicated: the host's places, and their bridges."""
    rows = load(EXAMPLE).host_function
    assigned = ["08:00.0", "0b:00.0", "0c:00.0"]
    late = [row.slot for row in rows if row.hotplug]
    fake, replicated = (RunDir.open(demo / design).summary().vpci for design in DESIGNS)
    assert {each.guest[5:]: each.host[5:] for each in fake.functions} == {
        f"00:{slot:02x}.0": host for slot, host in enumerate(assigned)
    }
    first = [host for host in assigned if host not in late]
    bridges = {bridge for host in first for bridge in above(rows, host)}
    assert {each.host[5:] for each in replicated.functions if each.bridge} == bridges
    assert {each.host[5:] for each in replicated.functions if not each.bridge and not each.refused} == set(first)
    assert all(each.guest == each.host for each in replicated.functions if not each.refused)
    missing = set(above(rows, late[0])) - bridges
    (refused,) = [each for each in replicated.functions if each.refused]
    assert refused.host[5:] == late[0]
    assert all(bridge in refused.refused for bridge in missing)


def test_what_each_design_costs_is_what_its_events_say(demo, capsys):
    for design in DESIGNS:
        found = RunDir.open(demo / design).summary().vpci
        for op, count in (("read", found.reads), ("write", found.writes)):
            sql = f"select count(*) as n from events where space == pci and actor == guest and op == {op}"
            assert cli.main(["trace", "query", str(demo / design), sql, "--json"]) == 0
            assert json.loads(capsys.readouterr().out)["rows"][0]["n"] == count
    fake, replicated = (RunDir.open(demo / design).summary().vpci for design in DESIGNS)
    assert fake.window_writes == 0 < replicated.window_writes < replicated.writes
    assert fake.reads + fake.writes < replicated.reads + replicated.writes


def test_the_demo_is_told_on_one_screen_of_80_columns(told):
    folder, printed = told
    lines = printed.splitlines()
    assert len(lines) <= 40
    assert all(len(line) <= 80 for line in lines if not line.startswith(("run ", "report ")))
    text = "\n".join(lines)
    for piece in ("fake", "replicated", "none shown", "00:02.0 is 0c:00.0, came later", "is", "no-smmu-faults"):
        assert piece in text
    assert not [word for word in ("GTT", "BDSM", "picture", "ROM") if word in text]
    assert "<title>fake and replicated" in (folder / "report.html").read_text()


def test_one_demo_at_a_time(tmp_path, capsys):
    assert cli.main(["demo", "--arm", "--uefi", "--out", str(tmp_path / "d")]) == 2
    assert "--arm and --uefi" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


def test_json_has_both_summaries(demo, tmp_path, capsys, monkeypatch):
    """Those of the runs, which are not made again, nor is the page of them."""

    def copied(folder, _progress):
        return tuple(RunDir.open(copytree(demo / each, folder.path / each)).summary() for each in DESIGNS)

    monkeypatch.setattr("fwsim.demo.arm.demo", copied)
    monkeypatch.setattr("fwsim.report.html.page.render", lambda folders: "")
    assert cli.main(["demo", "--arm", "--json", "--out", str(tmp_path / "d")]) == 0
    assert [run["vpci"]["design"] for run in json.loads(capsys.readouterr().out)["runs"]] == list(DESIGNS)


# --- the golden traces -------------------------------------------------------------------------------------------
def trace(name):
    lines = [json.loads(line) for line in (ROOT / "traces" / f"{name}.jsonl").read_text().splitlines()]
    return lines[1:-1], lines[-1]["totals"]


def msix_pages():
    """Host addresses of the pages that MSI-X tables and PBAs lie in."""
    rows = load(EXAMPLE).host_function
    found = set()
    for row, bars in zip(rows, all_host_bars(rows), strict=True):
        for each in host_capabilities(row.capabilities, bars, row.type != "pci", row.slot):
            for part in (each.table, each.pba):
                if part is not None:
                    base = next(bar.address for bar in bars if bar.index == part.bar) + part.offset
                    found |= set(range(base // PAGE, (base + part.size - 1) // PAGE + 1))
    return found


@pytest.mark.parametrize("name", list(ARM))
def test_stage_2_maps_each_bar_of_the_scenario_but_its_msix_pages(name):
    events, totals = trace(name)
    rows = load(EXAMPLE).host_function
    there = [f"0000:{row.slot}" for row in rows if totals["functions"].get(f"0000:{row.slot}")]
    wanted = {
        page
        for row, bars in zip(rows, all_host_bars(rows), strict=True) if f"0000:{row.slot}" in there
        for bar in bars
        for page in range(bar.address // PAGE, bar.end // PAGE)
    } - msix_pages()  # fmt: skip
    notes = [each for each in events if each["actor"] == "hypervisor" and each["space"] == "memory"]
    mapped = [
        page
        for each in notes
        for page in range(int(each["value"], 0) // PAGE, (int(each["value"], 0) + int(each["aux"], 0)) // PAGE)
    ]
    assert sorted(mapped) == sorted(wanted)
    assert [[each[key] for key in ("address", "value", "aux")] for each in notes] == sorted(
        totals["mappings"], key=[[each[key] for key in ("address", "value", "aux")] for each in notes].index
    )


@pytest.mark.parametrize("name", list(ARM))
def test_a_mapping_follows_the_write_that_turns_decoding_on(name):
    events, _ = trace(name)
    command = None
    for each in events:
        if each["space"] == "pci" and int(each["address"], 0) & 0xFFF == 4:
            command = int(each["value"], 0)
        elif each["space"] == "memory" and each["op"] == "note":
            assert command & 2


@pytest.mark.parametrize("name", list(ARM))
def test_the_smmu_refuses_edu_the_first_byte_behind_ram(name):
    events, totals = trace(name)
    example = load(EXAMPLE)
    edu = next(row.slot for row in example.host_function if (row.vendor, row.device) == (0x1234, 0x11E8))
    stream = int(edu[:2], 16) << 8 | int(edu[3:5], 16) << 3 | int(edu[6])
    refused = [each for each in events if each["space"] == "iommu"]
    assert [each["op"] for each in refused] == ["read", "write"]
    assert {int(each["address"], 0) for each in refused} == {0x40000000 + example.guest.ram}
    assert {int(each["value"], 0) for each in refused} == {stream}
    assert totals["smmu"]["faults"] == len(refused)
