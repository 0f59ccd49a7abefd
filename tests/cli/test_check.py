import json

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
