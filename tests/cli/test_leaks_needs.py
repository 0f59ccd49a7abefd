"""``fwsim leaks`` and ``fwsim needs`` print what they should, and refuse what they cannot read."""

import json

import numpy as np
import pytest

from fwsim.cli import main
from fwsim.results.folder import RunDir
from fwsim.scenario.load import loads
from fwsim.trace.event import EVENT


@pytest.fixture
def tiger(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.toml").write_text('[host]\ncpu = "tigerlake"\n')
    return tmp_path


def test_leaks_of_a_scenario_fit_80_columns(tiger, capsys):
    assert main(["leaks", "t.toml", "--full"]) == 0
    text = capsys.readouterr().out
    assert "6 of the host's addresses get through" in text
    assert max(map(len, text.splitlines())) <= 80


def test_leaks_json_is_one_document(tiger, capsys):
    assert main(["leaks", "t.toml", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {leak["where"] for leak in found["leaks"] if leak["verdict"] == "passes"} >= {"BAR0 0x108100", "BAR0 0xdc8"}


@pytest.mark.parametrize("command", ["leaks", "needs"])
@pytest.mark.parametrize(
    ("target", "says"),
    [("nowhere", "no such run"), (".", "not a run's folder"), ("empty", "not a run's folder")],
)
def test_what_is_no_run_is_refused(tiger, capsys, command, target, says):
    (tiger / "empty").mkdir()
    assert main([command, target]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"\x55\xaa\x40", b"[host]\ncpu = 3\n", b'[host]\nvga = "qxl"\n'])
def test_a_file_that_is_no_scenario_of_an_igd(tiger, capsys, content):
    (tiger / "bad").write_bytes(content)
    code = main(["leaks", "bad"])
    err = capsys.readouterr().err
    assert (code, "Traceback" in err) == ((0 if content == b"" else 2), False)


def test_a_run_without_a_scenario_and_one_without_events(tiger, capsys):
    run = tiger / "run"
    run.mkdir()
    np.save(run / "events.npy", np.zeros(0, EVENT))
    for command in ("leaks", "needs"):
        assert main([command, "run"]) == 2
        assert "no scenario.toml" in capsys.readouterr().err
    out = RunDir(run)
    out.write_scenario(loads(""))
    out.events_path.unlink()
    (run / "summary.json").write_text("{")
    for command in ("leaks", "needs"):
        assert main([command, "run"]) in (0, 2)
        assert "Traceback" not in capsys.readouterr().err


def test_needs_writes_its_file_once(tiger, capsys):
    out = RunDir(tiger / "run")
    out.path.mkdir()
    out.write_scenario(loads(""))
    np.save(out.events_path, np.array([(1, 0, 1, 0x1005E, 7, 7, 0xC000, 0, 0, 2, 0, 2)], EVENT))
    assert main(["needs", "run", "--out", "m.toml"]) == 0
    assert "R 0x5e/2" in capsys.readouterr().out
    assert 'offset = 0x5e, width = 2, access = "r"' in (tiger / "m.toml").read_text()
    assert main(["needs", "run", "--out", "m.toml"]) == 2
    assert "exists" in capsys.readouterr().err
    assert main(["needs", "run", "--out", "m.toml", "--force"]) == 0
    assert main(["needs", "run", "--out", "no/m.toml"]) == 2
