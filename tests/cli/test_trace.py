import json
from pathlib import Path

import numpy as np
import pytest

from fwsim import cli
from fwsim.results.summary import RomSummary, Summary, encode
from fwsim.trace.event import EVENT


@pytest.fixture
def run(tmp_path, sample_events):
    folder = tmp_path / "r"
    folder.mkdir()
    np.save(folder / "events.npy", sample_events)
    return str(folder)


def seqs(capsys) -> list[int]:
    return [event["seq"] for event in json.loads(capsys.readouterr().out)["events"]]


def test_table(run, capsys):
    assert cli.main(["trace", "show", run, "-v", "3"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0][0] == "seq"
    assert lines[1] == ["1", "1.000", "rom", "c000:0123", "port", "write.4", "0x0cf8", "0x8000105c", "CONFIG_ADDRESS"]
    assert lines[2][4:] == ["pci", "read.2", "00:02.0", "@0x5E", "0xdba0", "BDSM+2"]
    assert lines[3][4:] == [
        "gtt",
        "write.4",
        "0x0",
        "[0x1]",
        "0xbd700001",
        "(was",
        "0xdba00001)",
        "rewritten",
        "indexed",
    ]
    assert lines[5][2:] == ["firmware", "interrupt", "call", "int", "10h", "0x4f02", "0x118"]
    assert lines[6][-1] == "faulted"


@pytest.mark.parametrize(
    ("cpu", "named"), [("sandybridge", ["BDSM+2"]), ("icelake", []), ("i965", ["BDSM+2"])]
)  # fmt: skip
def test_registers_have_the_names_of_the_runs_host(run, capsys, cpu, named):
    """BDSM is at 0x5C to gen 10 only."""
    Path(run, "scenario.toml").write_text(f'[host]\ncpu = "{cpu}"\nvga = "igd"\n')
    assert cli.main(["trace", "show", run, "--where", "space == pci"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[8:] == ["0xdba0", *named]


def test_another_display_device_has_no_igd_registers(run, capsys):
    Path(run, "scenario.toml").write_text("")
    Path(run, "summary.json").write_bytes(encode(Summary(rom=RomSummary(vendor=0x1234, device=0x1111))))
    assert cli.main(["trace", "show", run, "--where", "space == pci or space == port"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert (rows[0][-1], rows[1][-1]) == ("CONFIG_ADDRESS", "0xdba0")


@pytest.mark.parametrize(
    ("where", "expected"),
    [("seq in 2..3", [2, 3]), ("time_ns >= 5000", [5, 6]), ("actor == hypervisor", []), ("actor == iommu", [6]),
     ("cs == 0xc000 and ip == 0x123", [1, 2, 3, 4]), ("op == call", [5]), ("width == 2", [2]),
     ("address == 00:02.0@0x5e", [2]), ("value == 0xdba0", [2]), ("value != aux", [3, 4, 5]),
     ("aux == 0xdba01001", [4]), ("flags has faulted", [6]), ("space == mmio and address == 0xe1100", [])],
)  # fmt: skip
def test_every_column_has_a_filter(run, capsys, where, expected):
    assert cli.main(["trace", "show", run, "--json", "--where", where]) == 0
    assert seqs(capsys) == expected


def test_json_has_every_column_by_name(run, capsys):
    assert cli.main(["trace", "show", run, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["recorded"] == 6
    assert document["events"][2] == {
        "seq": 3, "time_ns": 3000, "actor": "rom", "cs": 0xC000, "ip": 0x123, "space": "gtt", "op": "write", "width": 4,
        "address": 0, "value": 0xBD700001, "aux": 0xDBA00001, "flags": ["rewritten", "indexed"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "expected"),
    [([], [1, 2, 3, 4, 5, 6]), (["--first", "2"], [1, 2]), (["--last", "2"], [5, 6]), (["--first", "0"], []),
     (["--where", "space == gtt and flags has rewritten"], [3, 4]), (["--where", "space == gtt", "--first", "1"], [3]),
     (["--where", "space == gtt", "--last", "1"], [4]), (["--where", "seq == 99"], [])],
)  # fmt: skip
def test_selection(run, capsys, options, expected):
    assert cli.main(["trace", "show", run, "--json", *options]) == 0
    assert seqs(capsys) == expected


def test_first_and_last_across_chunks(tmp_path, capsys):
    events = np.zeros(200_000, dtype=EVENT)
    events["seq"] = np.arange(1, 200_001)
    np.save(tmp_path / "events.npy", events)
    file = str(tmp_path / "events.npy")
    for option, expected in (
        ("--first", list(range(7, 700_001, 7))[:20_000]),
        ("--last", list(range(7, 200_001, 7))[-20_000:]),
    ):
        test = " or ".join(f"seq in ({','.join(str(s) for s in expected[:3] + expected[-3:])})" for _ in (1,))
        assert cli.main(["trace", "show", file, "--json", option, "6", "--where", test]) == 0
        assert seqs(capsys) == expected[:3] + expected[-3:]


def test_none(run, capsys):
    assert cli.main(["trace", "show", run, "--where", "seq == 99"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "no events"


@pytest.mark.parametrize("options", [["--where", "x == 1"], ["--first", "1", "--last", "1"]])
def test_bad_options(run, capsys, options):
    assert cli.main(["trace", "show", run, *options]) == 2
    captured = capsys.readouterr()
    assert "  next: " in captured.err
    assert captured.out == ""


def test_a_folder_that_is_no_run(tmp_path, capsys):
    assert cli.main(["trace", "show", str(tmp_path)]) == 2
    assert "not a run's folder" in capsys.readouterr().err


def test_default_verbosity_folds_unless_events_were_selected(run, capsys):
    def printed(*options):
        assert cli.main(["trace", "show", run, *options]) == 0
        return capsys.readouterr().out

    assert printed() == printed("-v", "1") != printed("-v", "3")
    assert printed("--first", "9") == printed("-v", "3")
    assert printed("--where", "seq > 0", "--verbosity", "1") == printed()
    assert json.loads(printed("--json", "-v", "0"))["recorded"] == 6
    assert "  2  as 1, and what" in printed("--help")


def test_one_event(run, capsys):
    assert cli.main(["trace", "show", run, "--event", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[0] for line in lines[1:6]] == [" ", ">", " ", " ", " "]
    assert any(line.split() == ["value", "0xdba0"] for line in lines)
    assert any("BASE = 0xdba: stolen memory base: 0xdba00000" in line for line in lines)
    assert not any("LOCK" in line for line in lines)  # bit 0 is not in the word at 5Eh
    assert cli.main(["trace", "show", run, "--event", "2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["event"]["seq"], document["register"]) == (2, "BDSM+2")
    assert [event["seq"] for event in document["before"] + document["after"]] == [1, 3, 4, 5]


@pytest.mark.parametrize("number", ["0", "7", "99999999999999999999"])
def test_an_event_past_the_end(run, capsys, number):
    assert cli.main(["trace", "show", run, "--event", number]) == 2
    captured = capsys.readouterr()
    assert "no such event" in captured.err
    assert "one of its 6 events, 1 to 6" in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    "options",
    [["--event", "1", "-v", "1"], ["--event", "1", "--first", "1"], ["-v", "4"], ["-v", "-1"], ["--event", "x"],
     ["--event", "-1"]],
)  # fmt: skip
def test_bad_verbosity_and_event(run, capsys, options):
    assert cli.main(["trace", "show", run, *options]) == 2
    captured = capsys.readouterr()
    assert captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_an_event_of_a_run_without_any(tmp_path, capsys):
    np.save(tmp_path / "events.npy", np.zeros(0, dtype=EVENT))
    assert cli.main(["trace", "show", str(tmp_path / "events.npy"), "--event", "1"]) == 2
    assert "has none" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["trace", "show"], ["check"]])
def test_another_versions_run_is_read_and_named(run, capsys, command):
    Path(run, "scenario.toml").write_text("")
    Path(run, "summary.json").write_bytes(encode(Summary(fwsim="0.0.1")))
    cli.main([*command, run])
    captured = capsys.readouterr()
    assert "written by fwsim 0.0.1" in captured.err
    assert captured.out
