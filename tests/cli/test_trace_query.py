import csv
import io
import json
import os
import random
import subprocess
import sys

import numpy as np
import pytest

from fwsim import cli
from fwsim.trace.event import EVENT, Flag
from fwsim.trace.query import VIEWS


@pytest.fixture
def run(tmp_path, sample_events):
    folder = tmp_path / "r"
    folder.mkdir()
    np.save(folder / "events.npy", sample_events)
    return str(folder)


def ask(capsys, *arguments):
    code = cli.main(["trace", "query", "--json", *arguments])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return [list(row.values()) for row in json.loads(captured.out)["rows"]]


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select seq, actor, space, op from events where seq in (1, 6)",
         [[1, "rom", "port", "write"], [6, "iommu", "iommu", "read"]]),
        ("select bdf, reg, register, value from config", [["00:02.0", 0x5E, "BDSM+2", 0xDBA0]]),
        ('select "offset", index, entry, target, valid, rom_entry, rewritten from gtt limit 1',
         [[0, 1, 0xBD700001, 0xBD700000, True, 0xDBA00001, True]]),
        ("select page, reason from faults", [[0xDBA00000, 0]]),
        ("select vector, ax, bx, cx, dx from interrupts", [[0x10, 0x4F02, 0, 0, 0]]),
        ("select register from accesses order by seq", [["CONFIG_ADDRESS"], ["BDSM+2"]]),
        ("select count(*) from mmio", [[0]]),
        ("select register from registers where space = 'pci' and address = 65630", [["BDSM+2"]]),
        ("select decode('pci', 65628, 3684696065) like '%0xdba00000%'", [[True]]),
        ("select sum(value) from events where seq < 3", [[0x8000105C + 0xDBA0]]),
        ("select seq from events where space = gtt and op == write and flags has rewritten limit 1", [[3]]),
        ("select seq from events e where e.space in (port, 'pci', 5) order by seq", [[1], [2], [6]]),
        ("select count(*) filter (where op = read) from events where address = 00:02.0@0x5e", [[1]]),
        ("select reg, value from config where reg in 0x5c..0x5f and value <> 0x0", [[0x5E, 0xDBA0]]),
        ("select count(*) as read from gtt where entry >= 0xbd70_0001 having read > 0x0", [[2]]),
        ("select 'space = gtt, 0x5c' as t, 0x5c -- 0x5c", [["space = gtt, 0x5c", 0x5C]]),
    ],
)  # fmt: skip
def test_views(run, capsys, sql, rows):
    assert ask(capsys, run, sql) == rows


def test_counts_are_those_of_numpy(tmp_path, capsys):
    rng = np.random.default_rng(5)
    events = np.zeros(5000, dtype=EVENT)
    events["seq"] = np.arange(1, 5001)
    events["value"] = rng.integers(0, 2**64, 5000, dtype=np.uint64)
    events["space"], events["flags"] = rng.integers(0, 8, 5000), rng.integers(0, 128, 5000)
    np.save(tmp_path / "events.npy", events)
    found = ask(capsys, str(tmp_path), "select space::varchar, count(*), max(value) from events where rewritten "
                "group by all order by all")  # fmt: skip
    names = ("port", "memory", "pci", "mmio", "gtt", "iommu", "interrupt", "efi")
    moved = events["flags"] & Flag.REWRITTEN != 0
    picked = {name: events[(events["space"] == n) & moved] for n, name in enumerate(names)}
    assert found == sorted([n, len(rows), int(rows["value"].max())] for n, rows in picked.items())


def test_a_number_without_a_name_is_shown_and_compared_as_a_number(tmp_path, capsys):
    events = np.zeros(3, dtype=EVENT)
    events["seq"], events["space"], events["op"] = (1, 2, 3), (4, 200, 9), (1, 1, 77)
    np.save(tmp_path / "events.npy", events)
    sql = "select seq, space, op from events where space != gtt and op in (write, 77) order by space"
    assert ask(capsys, str(tmp_path), sql) == [[3, "9", "77"], [2, "200", "write"]]
    assert ask(capsys, str(tmp_path), "select seq from events where space > 9") == [[2]]


def test_several_runs(run, tmp_path, capsys):
    (tmp_path / "s").mkdir()
    np.save(tmp_path / "s" / "events.npy", np.load(f"{run}/events.npy")[:2])
    other = str(tmp_path / "s")
    rows = ask(capsys, run, other, "select run, count(*), count(register) from accesses group by run order by run")
    assert rows == [[run, 2, 2], [other, 2, 2]]


def test_table_and_csv(run, capsys):
    assert cli.main(["trace", "query", run, "select min(value), max(seq) from events where seq < 3"]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ['min("value")', "max(seq)"], ["0xdba0", "2"],
    ]  # fmt: skip
    assert cli.main(["trace", "query", run, "--csv", "select seq, 'a,b' as t from events limit 1"]) == 0
    assert list(csv.reader(io.StringIO(capsys.readouterr().out))) == [["seq", "t"], ["1", "a,b"]]
    assert cli.main(["trace", "query", run, "select seq from events where seq = 99"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "no rows"


@pytest.mark.parametrize(
    ("sql", "place", "said"),
    [
        ("select * from fautls", "line 1, column 15", "faults"),
        ("select * from nothing", "line 1, column 15", "events"),
        ("select entri from gtt", "line 1, column 8", "entry"),
        ("select seq\nfrom gtt\nwhere enrty = 1", "line 3, column 7", "entry"),
        ("selec 1", "line 1, column 1", "syntax"),
        ("select * from read_csv('/etc/passwd')", "line 1, column 15", "disabled"),
        ("select seq from events where space = gt", "line 1, column 38", "gtt"),
        ("select seq\nfrom events\nwhere seq = 0x1 and space in ('port', 'gt')", "line 3, column 39", "gtt"),
        ("select 0x5c, 00:02.0@0x5c, entri from gtt", "line 1, column 28", "entry"),
        ("select seq from events where flags has 0x10000", "line 1, column 40", "0xffff"),
        ("select seq from events where seq = 0xq", "line 1, column 36", "0x5c"),
        ("select 1; select 2", "SQL", "one SELECT"), ("", "SQL", "one SELECT"),
        ("copy (select 1) to 'x.csv'", "SQL", "one SELECT"), ("set threads = 1", "SQL", "one SELECT"),
        ("select sum(value)::tinyint from events", "line 1", "range"),
    ],
)  # fmt: skip
def test_errors_point_at_the_place(run, capsys, sql, place, said):
    assert cli.main(["trace", "query", run, sql]) == 2
    captured = capsys.readouterr()
    assert place in captured.err
    assert said in captured.err
    assert "  next: " in captured.err
    assert captured.out == ""
    if "column" in place:
        lines = captured.err.splitlines()
        assert lines[2].endswith("^")
        column = int(place.rpartition(" ")[2])
        wanted = sql.splitlines()[int(place.split()[1].strip(",")) - 1][column - 1 :]
        assert lines[1][len(lines[2]) - 1 :].startswith(wanted[:5])


def test_a_long_line_is_cut_but_its_column_is_not(run, capsys):
    sql = "select " + ", ".join(f"seq + {n} as c{n}" for n in range(40)) + ", nosuch from events"
    assert cli.main(["trace", "query", run, sql]) == 2
    assert f"column {sql.index('nosuch') + 1}:" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["select 1"], ["RUN", "--json", "--csv", "select 1"], ["nowhere", "select 1"]])
def test_bad_arguments(run, capsys, arguments):
    assert cli.main(["trace", "query", *[run if each == "RUN" else each for each in arguments]]) == 2
    assert "  next: " in capsys.readouterr().err


def test_any_text_is_answered_or_refused(run, capsys):
    rng = random.Random(3)
    words = [*VIEWS, "space", "in", "0x1", "..", "has", "flags", "/*", "--", "$$"]
    words += ["select", "from", "where", "(", ")", "*", ",", "seq", "=", "'", '"', "1", ";", "group by", "\n"]
    for _ in range(60):
        sql = " ".join(rng.choices(words, k=rng.randrange(1, 9)))
        assert cli.main(["trace", "query", run, "--", sql]) in (0, 2)
        assert "bug" not in capsys.readouterr().err


def test_another_version_is_named_and_read(run, capsys):
    with open(f"{run}/summary.json", "w") as file:
        json.dump({"fwsim": "99.1", "scenario": "x", "new": {"thing": 1}}, file)
    assert cli.main(["trace", "query", run, "select count(*) from events"]) == 0
    captured = capsys.readouterr()
    assert "written by fwsim 99.1" in captured.err
    assert captured.out.split()[-1] == "6"


def test_a_killed_run_is_read_up_to_there(tmp_path, capsys):
    """A recorder in a process of its own, killed by SIGKILL in the middle."""
    code = """
import numpy as np, os, signal, sys
from pathlib import Path
from fwsim.native import ROOT_WORDS
from fwsim.trace.recorder import Recorder
r = Recorder(np.zeros(ROOT_WORDS, dtype=np.uint64), Path(sys.argv[1]))
for n in range(1234):
    r.append((0, 0, 0, n, n, 0, 0, 0, 0, 1, 4))
os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    dead = subprocess.run([sys.executable, "-c", code, str(tmp_path / "events.npy")], env=environment, check=False)
    assert dead.returncode == -9
    assert ask(capsys, str(tmp_path), "select count(*), max(value) from events") == [[1234, 1233]]
