"""``fwsim sweep`` as a user meets it: what it prints, the table in the docs, and every bad input."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fwsim import cli

REPO = Path(__file__).parents[2]
EXAMPLE = REPO / "examples" / "placements.toml"
ROM = REPO / "roms" / "igd-vbios.rom"


@pytest.fixture
def run(capsys, tmp_path):
    """Run ``fwsim sweep`` of a matrix's text or file into ``tmp_path``/out: (exit code, output, errors)."""

    def execute(matrix, *words):
        path = matrix
        if isinstance(matrix, str):
            path = tmp_path / "m.toml"
            path.write_text(matrix)
        out = () if "--out" in words else ("--out", str(tmp_path / "out"))
        code = cli.main(["sweep", str(path), "--jobs", "1", *out, *map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return execute


def test_the_docs_table_is_what_sweep_prints(run):
    page = (REPO / "docs" / "allocators.md").read_text(encoding="utf-8")
    command = "fwsim sweep examples/placements.toml --markdown firmware,gen,ram"
    assert f"    {command}\n" in page
    table = re.search(r"<!-- table of examples/placements.toml -->\n\n(.*)\n<!-- end", page, re.S)[1]
    code, out, _ = run(EXAMPLE, *command.split()[3:])
    assert code == 0
    assert out.strip() == table.strip()


HALF = '[set]\nfirmware = ["seabios", "none"]\nram = ["1G", "2G"]\nhost_bdsm = [0xdba00000, 0x7da00000]\n'


def test_text_and_json(run):
    code, out, _ = run(HALF)
    assert code == 0
    assert out.splitlines()[0] == "8 rows: 4 nothing, 4 ok"
    assert "  0x7da00000 " in out
    code, out, _ = run(HALF, "--json")
    document = json.loads(out)
    assert (document["rows"], document["status"]) == (8, {"nothing": 4, "ok": 4})
    assert {"name": "ram", "value": 1 << 30, "rows": 4, "ok": 2} in document["axes"]


def test_heat_map(run, tmp_path):
    """SeaBIOS's row is all ok and has the bright end of cividis, that of none the dark one: half the cells each."""
    pytest.importorskip("matplotlib")
    picture = tmp_path / "heat.png"
    assert run(HALF, "--png", picture, "--axes", "ram,firmware")[0] == 0
    with Image.open(picture) as image:
        assert image.info.keys() <= {"dpi"}  # no time stamp, no version
        pixels = np.asarray(image.convert("RGB"))
    bright, dark = (np.argwhere(np.all(pixels == color, axis=2)) for color in ((254, 232, 56), (0, 34, 78)))
    assert bright[:, 0].max() < dark[:, 0].min()
    assert np.ptp(bright, axis=0) == pytest.approx(np.ptp(dark, axis=0), abs=1)
    assert len(bright) > 1000


def test_a_large_heat_map_has_small_cells(run, tmp_path):
    pytest.importorskip("matplotlib")
    axes = "".join(f'{name} = {{ from = "1M", to = "60M", step = "1M" }}\n' for name in ("stolen", "opregion"))
    assert run('[set]\nfirmware = "none"\n' + axes, "--png", tmp_path / "heat.png", "--axes", "stolen,opregion")[0] == 0
    with Image.open(tmp_path / "heat.png") as image:
        assert image.width < 1000


def test_no_heat_map_is_said_before_anything_is_run(run, tmp_path, monkeypatch):
    code, _, err = run(PLACE + 'ram = { from = "1G", to = "4G", step = "1M" }\ngen = ["6", "7"]', "--png", "heat.png")
    assert code == 2
    assert "too many values for a picture" in err
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, _, err = run(HALF, "--png", "heat.png")
    assert code == 2
    assert "no picture without matplotlib" in err
    assert "pip install 'fwsim[plots]'" in err
    assert not (tmp_path / "out").exists()


PLACE = '[set]\nfirmware = "seabios"\n'
RUN = f'kind = "run"\n[set]\nrom.file = "{ROM}"\n'
HUGE = 'ram = { from = "1M", to = "4G", step = "1M" }\n'
BAD = {
    "too large": (
        PLACE + HUGE + HUGE.replace("ram", "stolen"),
        ["16,777,216 combinations", "ram (4,096) x stolen (4,096)", "up to 10,000,000"],
    ),
    "range": (PLACE + "ram = { from = 0, to = 100000000000000000000000000, step = 1 }", ["more than 10^18 values"]),
    "key": ('kinds = "run"\n' + PLACE, ["unknown key", "did you mean", "kind"]),
    "field": (PLACE + 'rma = "1G"', ["unknown field", "rma", "did you mean", "ram"]),
    "run's field": (RUN + 'guest.rma = "1G"', ["guest.rma", "did you mean", "ram"]),
    "firmware": ('[set]\nfirmware = ["seabois"]', ["set.firmware", "seabois", "did you mean", "seabios"]),
    "empty": (PLACE + "ram = []", ["an empty list", "set.ram"]),
    "no fields": ("[set]\n", ["a matrix without fields"]),
    "type": (PLACE + "ram = [true]", ["wrong type", "set.ram", "true"]),
    "number": (PLACE + 'ram = ["many"]', ["many", "set.ram"]),
    "run's type": (RUN + "guest.ram = [[1]]", ["guest.ram"]),
    "text for a table": (RUN + 'call = ["3"]', ["call"]),
    "range backwards": (PLACE + 'ram = { from = "2G", to = "1G", step = "1M" }', ["a range that leads nowhere"]),
    "range of nothing": (PLACE + 'ram = { from = "2G" }', ["not a range"]),
    "negative range": (PLACE + 'ram = { from = -5, to = "1G", step = 1 }', ["a range that leads nowhere"]),
    "fraction": (PLACE + 'ram = { from = 1.5, to = "1G", step = 1 }', ["set.ram.from", "1.5"]),
    "call 99": (RUN + "call.99.ax = 3", ["not a field", "set.call.99.ax"]),
    "call x": (RUN + "call.x.ax = 3", ["call", "wrong type"]),
    "no ROM": ('kind = "run"\n[set]\nguest.ram = "1G"', ["no ROM named"]),
    "ROM gone": ('kind = "run"\n[set]\nrom.file = "gone.rom"', ["no such ROM", "gone.rom"]),
    "skip": (PLACE + '[[skip]]\nrma = "1G"', ["no such axis", "rma"]),
    "kind": ('kind = "runs"\n' + PLACE, ["unknown kind", "did you mean", "run"]),
    "not TOML": ("[set\n", ["m.toml"]),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_matrices_are_refused_before_anything_is_run(run, tmp_path, name):
    text, wanted = BAD[name]
    code, out, err = run(text)
    said = " ".join(err.split())
    assert (code, out) == (2, "")
    for words in wanted:
        assert words in said
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--markdown", "ram,firmware"], "3 axes make this"),
        (["--markdown", "ram,firmware,gem"], "no such axis"),
        (["--axes", "ram"], "2 axes make this"),
        (["--jobs", "-1"], "impossible number of processes"),
    ],
)
def test_bad_options(run, words, wanted):
    code, _, err = run(EXAMPLE, *words)
    assert code == 2
    assert wanted in err


def test_a_foreign_folder_is_left_alone(run, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear")
    for words in ([], ["--force"]):
        code, _, err = run(PLACE, "--out", folder, *words)
        assert code == 2
        assert "the folder is not a sweep's" in err
    assert (folder / "letter.txt").read_text() == "dear"


def test_another_sweep_in_the_folder_needs_force(run):
    assert run(PLACE + 'ram = ["1G", "2G"]')[0] == 0
    code, _, err = run(PLACE + 'ram = ["1G", "3G"]')
    assert code == 2
    assert "the folder holds another sweep" in err
    code, out, _ = run(PLACE + 'ram = ["1G", "3G"]', "--force")
    assert code == 0
    assert "3G" in out
