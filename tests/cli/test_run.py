import json

import pytest

from fwsim import cli
from fwsim.results.summary import (
    Assist,
    CallResult,
    CheckResult,
    E820Range,
    Hang,
    Iommu,
    RomSummary,
    Screen,
    Stop,
    Unhandled,
)
from fwsim.scenario.load import loads


def test_run_prints_all_of_it(engine, place, capsys, dmar_line):
    assert cli.main(["run", "x220.toml", "--out", "r", "-v"]) == 0
    text = capsys.readouterr().out
    for piece in ("x220: completed", "BDSM 0x7d700000", "ASLS 0x7ffdc000", "0x7d700000 - 0x7fffffff", "RESERVED",
    "255 writes",
                  "[0x1] 0xdba00001", "HOST stolen 255", "7 DMA faults", dmar_line, "3 more lines", "-> ax=004f",
                  "screen-01.png",
                  "3 pages unreadable", "0xe0 x2", "ax=5f35", "FAIL  no-faults", "ok    gtt-inside"):  # fmt: skip
        assert piece in text
    assert text.index("ok    gtt-inside") < text.index("FAIL  no-faults") < text.index("verdict: ")
    assert text.splitlines()[-1].startswith("verdict: ")
    assert all(len(line) <= 80 for line in text.splitlines() if "DMAR" not in line and "run folder" not in line)
    assert (place / "r" / "events.npy").exists()


def rows(text):
    """Rows that ``text`` takes on a terminal of 80 columns."""
    return sum(max(1, -(-len(line) // 80)) for line in text.splitlines())


@pytest.mark.parametrize("failing", [0, 1, 2, 12])
@pytest.mark.parametrize("reason", ["completed", "hung", "aborted"])
def test_run_fits_a_screen_and_ends_with_the_verdict(engine, place, capsys, example, reason, failing):
    """Whatever there is to tell: 23 rows and the prompt."""
    long = "1 of 1 entries point at what is not the guest's, " * 8
    engine.summary = example(
        stop=Stop(reason=reason, cs=0xC000, detail="" if reason == "completed" else "EAX=00000001 EBX=00000002\n" * 30),
        calls=[CallResult(ax=3 + number, ok=True) for number in range(30)],
        checks=[CheckResult(f"check-{number}", number >= failing, long) for number in range(14)],
        assists=[Assist("the strap read as 1", 3)] * 9,
    )
    engine.summary.firmware.log = ["warning: " + "port " * 40] * 9
    cli.main(["run", "x220.toml", "--out", "r"])
    lines = capsys.readouterr().out.splitlines()
    assert rows("\n".join(lines)) <= 23
    assert lines[0].startswith("ASSISTED") or lines[0].startswith("x220: ")
    assert lines[-1].startswith("verdict: ")
    assert any(line.startswith("run folder") and line.endswith("/r") for line in lines)
    assert f"{14 - failing} hold, {failing} fail" in "".join(lines)
    fails = [number for number, line in enumerate(lines) if line.startswith("FAIL")]
    assert bool(fails) == bool(failing)
    assert all(number > next(at for at, line in enumerate(lines) if line.startswith("checks")) for number in fails)


def test_a_small_run_is_shown_whole(engine, place, capsys, example):
    engine.summary = example(iommu=Iommu(), unhandled=Unhandled())
    assert cli.main(["run", "x220.toml"]) == 0
    text = capsys.readouterr().out
    for piece in ("BDSM 0x7d700000", "[0x1] 0xdba00001", "HOST stolen 255", "-> ax=004f", "3 pages unreadable",
                  "FAIL  no-faults  7 faults"):  # fmt: skip
        assert piece in text
    assert "more line" not in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [({}, "POSTed, but the picture has holes; 1 check fails: no-faults"),
     ({"display": [Screen(mode=3)], "checks": [CheckResult("a", True, ""), CheckResult("b", True, "")]},
      "POSTed and shows a whole picture; every check holds"),
     ({"display": [Screen(mode=3)] * 2}, "shows 2 whole pictures"),
     ({"display": [Screen(mode=3)], "checks": [CheckResult("screens-complete", False, "screen-01.png is dark; x")]},
      "but the picture is wrong: screen-01.png is dark; 1 check fails: screens-complete"),
     ({"display": []}, "set no mode that could be looked at"),
     ({"display": [], "stop": Stop(reason="hung"), "calls": []}, "the ROM hangs, and the screen stays black"),
     ({"stop": Stop(reason="hung")}, "the ROM hangs after 1 of its calls;"),
     ({"stop": Stop(reason="error", detail="SeaBIOS refuses the ROM: no\nx"), "display": [], "calls": []},
      "verdict: SeaBIOS refuses the ROM: no, and the screen stays black"),
     ({"rom": RomSummary(taken=False)}, "the guest's firmware runs no ROM, and the screen stays black"),
     ({"assists": [Assist("x", 1)]}, "POSTed, with help,"), ({"checks": []}, "no checks were made")],
)  # fmt: skip
def test_the_verdict_says_whether_there_is_a_picture(engine, place, capsys, example, changes, said):
    engine.summary = example(**changes)
    cli.main(["run", "x220.toml"])
    assert said in capsys.readouterr().out.splitlines()[-1]


def test_calls_are_a_line_each(engine, place, capsys, example):
    """Registers that are 0 are left out; only an answer too long for its line goes on the next."""
    long = "800x600x16, pitch 1600, at 0xe0000000, and then some"
    engine.summary = example(
        calls=[
            CallResult(ax=3, result_ax=0x30, ok=True),
            CallResult(ax=0x4F02, bx=0x4118, result_ax=0x14F),
            CallResult(ax=0x4F01, cx=0x114, result_ax=0x4F, ok=True, detail=long),
            CallResult(vector=0x15, ax=1, bx=2, cx=3, dx=4, ok=True, detail="short"),
        ]
    )
    assert cli.main(["run", "x220.toml", "-v"]) == 0
    lines = capsys.readouterr().out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("calls"))
    assert lines[start : start + 5] == [
        "calls        int 10h ax=0003                          -> ax=0030  ok",
        "             int 10h ax=4f02 bx=4118                  -> ax=014f  failed",
        "             int 10h ax=4f01 cx=0114                  -> ax=004f  ok",
        f"               {long}",
        "             int 15h ax=0001 bx=0002 cx=0003 dx=0004  -> ax=0000  ok  short",
    ]


def test_what_a_rom_prints_steers_no_terminal(engine, place, capsys, example):
    engine.summary = example()
    engine.summary.firmware.log = ["hello \x1b[2Jworld\x07", *(f"line {number}" for number in range(20))]
    assert cli.main(["run", "x220.toml", "-v"]) == 0
    text = capsys.readouterr().out
    assert "hello  [2Jworld\n" in text
    assert "\x1b" not in text
    assert "line 4\n" in text
    assert "... 15 more lines in summary.json" in text


def test_addresses_past_4_gib_stay_in_their_columns(engine, place, capsys, example):
    engine.summary = example()
    engine.summary.firmware.e820.append(E820Range(0xFD00000000, 0x10000000000, "RESERVED"))
    assert cli.main(["run", "x220.toml", "-v"]) == 0
    lines = capsys.readouterr().out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("e820"))
    assert lines[start : start + 3] == [
        "e820           0x00000000 -   0x0009fbff  639K  RAM",
        "               0x7d700000 -   0x7fffffff   41M  RESERVED",
        "             0xfd00000000 - 0xffffffffff   12G  RESERVED",
    ]


@pytest.mark.parametrize("count", [1, 10**12])
def test_large_numbers_stay_in_80_columns(engine, place, capsys, example, count):
    engine.summary = example("n" * 40, events=count, code_bytes=count * 77, virtual_ns=count)
    engine.summary.hangs = [Hang(cs=0xC000, ip=0x123, detail="waits for " + "port " * 40)]
    engine.summary.stop = Stop(reason="hung", detail="waits for " + "port " * 40)
    assert cli.main(["run", "x220.toml"]) == 3
    text = capsys.readouterr().out
    assert "1 event," in text or count > 1
    assert [line for line in text.splitlines() if len(line) > 80 and "DMAR" not in line and "folder" not in line] == []


def test_assists_come_first(engine, place, capsys, example):
    engine.summary = example(assists=[Assist("the strap read as 1", 3)])
    assert cli.main(["run", "x220.toml"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("ASSISTED")
    assert "3x the strap read as 1" in lines[1]


def test_json_is_one_document_and_nothing_else(engine, place, capsys):
    assert cli.main(["run", "x220.toml", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["gtt"]["first"]["value"] == 0xDBA00001
    assert document["calls"][0]["int"] == 0x10


@pytest.mark.parametrize("reason", ["hung", "budget", "invalid", "aborted", "error"])
def test_a_rom_that_does_not_finish_is_exit_3_and_keeps_the_trace(engine, place, capsys, reason, example):
    engine.summary = example(stop=Stop(reason=reason, cs=0xC000, ip=0x1234, detail="waits for port 3da\nEAX=00000001"))
    assert cli.main(["run", "x220.toml", "--out", "r", "--strict"]) == 3
    text = capsys.readouterr().out
    assert "c000:1234" in text
    assert "  waits for port 3da\n  EAX=00000001" in text
    assert (place / "r" / "events.npy").exists()
    assert cli.main(["run", "x220.toml", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["stop"]["reason"] == reason


def test_strict(engine, place, capsys, example):
    assert cli.main(["run", "x220.toml", "--strict", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["checks"]
    engine.summary = example(checks=[])
    assert cli.main(["run", "x220.toml", "--strict"]) == 0


def test_options_reach_the_scenario(engine, place):
    (place / "y.rom").write_bytes(b"\x55\xaa")
    arguments = ["--rom", "y.rom", "--set", "guest.ram=4M", "--set", "call.0.ax=0x4f02", "--assist"]
    assert cli.main(["run", "x220.toml", *arguments]) == 0
    scenario = engine.scenario
    assert (scenario.rom.file, scenario.guest.ram, scenario.call[0].ax) == (str(place / "y.rom"), 4 << 20, 0x4F02)
    assert scenario.rom.assist
    assert loads((place / "runs" / "x220" / "scenario.toml").read_text()) == scenario


def test_a_second_run_takes_a_second_folder(engine, place):
    for _ in range(2):
        assert cli.main(["run", "x220.toml"]) == 0
    assert sorted(path.name for path in (place / "runs").iterdir()) == ["x220", "x220-2"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["no.toml"], "no such scenario"), (["x.rom"], "header is cut off"), (["bytes.bin"], "not a scenario"),
     (["x220.toml", "--rom", "no.rom"], "no such file"),
     (["x220.toml", "--set", "host.bdsm=0xdba80000"], "host.bdsm"), (["x220.toml", "--set", "host"], "PATH=VALUE"),
     (["x220.toml", "--set", "hots.bdsm=1"], "did you mean host?"),
     (["x220.toml", "--set", "rom.file="], "no ROM named")],
)  # fmt: skip
def test_bad_input_is_exit_2_with_a_next_step_and_leaves_nothing(engine, place, capsys, arguments, said):
    (place / "bytes.bin").write_bytes(bytes(64))
    before = sorted(place.iterdir())
    assert cli.main(["run", *arguments]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert "  next: " in captured.err
    assert captured.out == ""
    assert sorted(place.iterdir()) == before


def test_bad_input_with_force_deletes_nothing(engine, place, capsys):
    assert cli.main(["run", "x220.toml", "--out", "r"]) == 0
    before = (place / "r" / "summary.json").read_bytes()
    assert cli.main(["run", "x220.toml", "--out", "r"]) == 2
    assert "--force" in capsys.readouterr().err
    assert cli.main(["run", "x220.toml", "--out", "r", "--force", "--set", "guest.ram=0"]) == 2
    assert (place / "r" / "summary.json").read_bytes() == before
    assert cli.main(["run", "x220.toml", "--out", "r", "--force"]) == 0
