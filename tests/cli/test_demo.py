import json

from fwsim import cli


def test_demo_fits_one_screen(engine, place, capsys):
    assert cli.main(["demo", "--out", "d"]) == 0
    lines = capsys.readouterr().out.splitlines()
    text = "\n".join(lines)
    assert len(lines) <= 40
    assert all(len(line) <= 80 for line in lines if not any(word in line for word in ("DMAR", "picture", "report")))
    for piece in (
        "qemu-10.0",
        "ranged",
        "BDSM",
        "ASLS",
        "e820",
        "GTT writes",
        "HOST's stolen memory",
        "DMAR: ",
        "no-faults",
    ):
        assert piece in text
    assert f"{place}/d/ranged/screen-01.png" in text


def test_demo_json_has_two_summaries(engine, place, capsys):
    assert cli.main(["demo", "--json"]) == 0
    assert [run["scenario"] for run in json.loads(capsys.readouterr().out)["runs"]] == ["qemu-10.0", "ranged"]
    assert (place / "runs" / "demo" / "ranged" / "events.npy").exists()


def test_demo_again_needs_force(engine, place, capsys):
    assert cli.main(["demo", "--out", "d"]) == 0
    assert cli.main(["demo", "--out", "d"]) == 2
    assert cli.main(["demo", "--out", "d", "--force"]) == 0


def test_demo_makes_a_page_of_both(engine, place, capsys):
    assert cli.main(["demo", "--out", "d"]) == 0
    assert f"{place}/d/report.html" in capsys.readouterr().out
    text = (place / "d" / "report.html").read_text()
    assert "<title>qemu-10.0 and ranged" in text
