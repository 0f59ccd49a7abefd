import json

import pytest

from fwsim import cli
from fwsim.results.folder import RunDir
from fwsim.results.summary import CheckResult


def test_check(tmp_path, capsys, example):
    run = RunDir.create(tmp_path / "r")
    run.write_summary(example())
    assert cli.main(["check", str(run.path)]) == 1
    text = capsys.readouterr().out
    assert "1 hold, 1 fail" in text
    assert text.index("FAIL  no-faults") < text.index("ok    gtt-inside")
    assert cli.main(["check", str(run.path), "--json"]) == 1
    assert [check["ok"] for check in json.loads(capsys.readouterr().out)["checks"]] == [True, False]
    run.write_summary(example(checks=[CheckResult("a", True)]))
    assert cli.main(["check", str(run.path)]) == 0


def test_check_of_what_is_no_run(tmp_path, capsys):
    assert cli.main(["check", str(tmp_path)]) == 2
    assert "  next: " in capsys.readouterr().err


@pytest.mark.parametrize("text", ["[    0.000000] Linux version 6.8.0\n", "[Sat Nov 28 10:00:00 2026] x\n", "hello\n"])
def test_a_log_is_not_taken_for_json(tmp_path, capsys, text):
    (tmp_path / "dmesg.txt").write_text(text)
    assert cli.main(["check", str(tmp_path / "dmesg.txt")]) == 2
    said = capsys.readouterr().err
    assert "JSON" not in said
    assert "lspci -xxxx" in said
    assert "next: " in said
