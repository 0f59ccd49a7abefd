"""``fwsim alloc`` and ``fwsim check`` on its output, as a user meets them."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from fwsim import cli


def run(capsys, *arguments):
    code = cli.main(["alloc", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_text_in_80_columns(capsys):
    code, out, _ = run(capsys, "--firmware", "seabios", "--ram", "2G", "--stolen", "64M")
    assert code == 0
    assert "BDSM      0x7af00000, 64M at 0x5c" in out
    assert "Intel IGD BDSM enabled at 0x7af00000, size 64MB, dev 00:02.0" in out
    assert "stolen memory (BDSM)" in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(
    "firmware", ["seabios", "ovmf", "hvmloader", "bhyve", "acrn", "crosvm", "host-base", "fake-bar", "none"]
)
@pytest.mark.parametrize("gen", ["2", "6", "12"])
def test_every_firmware_shows_something(capsys, firmware, gen):
    code, out, _ = run(capsys, "--firmware", firmware, "--gen", gen)
    assert code == 0
    assert f"{firmware} " in out
    assert "checks" in out
    assert max(map(len, out.splitlines())) <= 80


def test_json_has_firmware_and_checks_as_a_summary(capsys):
    code, out, _ = run(capsys, "--json")
    document = json.loads(out)
    assert code == 0
    assert document["firmware"]["bdsm"] == 0x7CF00000
    assert document["firmware"]["e820"][0] == {"start": 0, "end": 0x9FC00, "type": "RAM"}
    assert {check["id"] for check in document["checks"]} >= {"bdsm-set", "bdsm-reserved", "legacy-mode"}


def test_strict(capsys):
    assert run(capsys, "--gen", "12", "--strict")[0] == 1
    assert run(capsys, "--strict")[0] == 0
    assert run(capsys, "--gen", "12")[0] == 0


def test_compare(capsys):
    arguments = ("--machine", "q35", "--ram", "4G", "--gen", "12", "--compare", "seabios,hvmloader,host-base,none")
    code, out, _ = run(capsys, *arguments)
    assert code == 0
    assert "hvmloader refuses: hvmloader knows the i440fx only (q35)" in out
    assert "0x4c800000 at 0xc0" in out
    _, out, _ = run(capsys, *arguments, "--json")
    parts = json.loads(out)["placements"]
    assert [part.get("kind") or part["firmware"]["kind"] for part in parts] == [
        "seabios",
        "hvmloader",
        "host-base",
        "none",
    ]
    assert "i440fx" in parts[1]["error"]


def test_compare_of_nothing_that_works(capsys):
    assert run(capsys, "--machine", "q35", "--compare", "hvmloader")[0] == 2
    code, _, err = run(capsys, "--compare", "seabios,awrad")
    assert code == 2
    assert "no such firmware" in err


def test_check_on_the_output(capsys, tmp_path):
    file = tmp_path / "placement.json"
    _, out, _ = run(capsys, "--json")
    file.write_text(out)
    assert cli.main(["check", str(file)]) == 0
    assert "bdsm-reserved" in capsys.readouterr().out
    document = json.loads(out)
    document["firmware"]["bdsm"] += 0x80000  # its checks still say that all is well
    file.write_text(json.dumps(document))
    assert cli.main(["check", str(file), "--json"]) == 1
    checks = {check["id"]: check["ok"] for check in json.loads(capsys.readouterr().out)["checks"]}
    assert not checks["bdsm-aligned"]
    _, out, _ = run(capsys, "--compare", "seabios,ovmf", "--json")
    file.write_text(out)
    assert cli.main(["check", str(file)]) == 0
    file.write_text("{}")
    assert cli.main(["check", str(file)]) == 2
    assert "next: fwsim alloc" in capsys.readouterr().err


def test_png(capsys, tmp_path):
    """Equal addresses are at equal heights: both firmwares have q35's ECAM at 0xb0000000."""
    pytest.importorskip("matplotlib")
    file = tmp_path / "a.png"
    words = ("--machine", "q35", "--compare", "seabios,ovmf", "--png")
    assert run(capsys, *words, str(file))[0] == 0
    with Image.open(file) as image:
        assert image.format == "PNG"
        assert image.info.keys() <= {"dpi"}  # no time stamp, no version
        pixels = np.asarray(image.convert("RGB"))
    stolen, ecam = (rows_of(pixels, color) for color in ((214, 69, 65), (241, 196, 15)))
    assert stolen[0] != stolen[1]
    assert ecam[0] == ecam[1] != set()
    code, _, err = run(capsys, "--png", str(tmp_path / "no" / "a.png"))
    assert code == 2
    assert "cannot write the picture" in err


def rows_of(pixels, color):
    """The lines that have pixels of ``color``, of the left half of a picture and of its right half."""
    found = np.all(pixels == color, axis=2)
    return [set(np.flatnonzero(half.any(axis=1)).tolist()) for half in np.array_split(found, 2, axis=1)]


def test_png_without_matplotlib(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, out, err = run(capsys, "--png", str(tmp_path / "a.png"))
    assert (code, out) == (2, "")
    assert "no picture without matplotlib" in err
    assert "pip install 'fwsim[plots]'" in err
    assert not (tmp_path / "a.png").exists()


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--ram", "512K"), "RAM below 1 MiB"),
        (("--ram", "lots"), "--ram"),
        (("--stolen", "-1"), "--stolen"),
        (("--class", "vga"), "--class"),
        (("--device", "0x123456"), "--device"),
        (("--bars", "0"), "not a BAR"),
        (("--slot", "2"), "not a PCI address"),
        (("--slot", "01:02.0"), "no bus but 00"),
        (("--firmware", "hvmloader", "--machine", "q35"), "i440fx only"),
        (("--version", "2.0"), "did you mean 1.17.0?"),
    ],
)
def test_bad_input(capsys, arguments, what):
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert what in err
    assert not out


def test_class_in_either_length(capsys):
    for text in ("0380", "0x0380", "038000"):
        _, out, _ = run(capsys, "--class", text, "--json")
        assert json.loads(out)["ask"]["class_code"] == 0x038000
