"""A sweep's page: a map for each value of the further axes, safe and unsafe by the checks that were named, and why."""

import re
from pathlib import Path

import pytest

from fwsim import cli
from fwsim.errors import FwsimError
from fwsim.report.sweep_page import write_page
from fwsim.sweep import work
from fwsim.sweep.matrix import read
from fwsim.sweep.result import axes_named, checks_named, result_of
from fwsim.sweep.store import Store

HOLES = {
    "firmware": "hvmloader", "version": "mmconfig", "machine": "q35", "ram": ["2G", "6G"],
    "bars": [["2:64M:pref64"], ["2:256M:pref64"]], "options": {"hole": ["firmware", "toolstack", "agreed"]},
}  # fmt: skip
CHECKS = ("device-model-clear", "bars-placed")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    made = Store.open(tmp_path_factory.mktemp("sweep") / "holes", read({"set": HOLES}, "m", Path("/")))
    work.sweep(made, work.Processes(1))
    return made


def cells(text):
    """The class of each cell: by map, line and column."""
    return [
        [re.findall(r'<td class="(\w+)"', line) for line in table.split("<tr>")[2:]]
        for table in text.split("<table>")[1:]
    ]


def page(store, tmp_path, axes, checks=CHECKS):
    write_page(tmp_path / "map.html", store, axes_named(store.matrix, axes, axes.count(",") + 1, "--axes"), checks)
    return (tmp_path / "map.html").read_text()


def test_a_map_for_each_way_to_size_the_hole(store, tmp_path):
    """The 64 MiB aperture fits below FC000000h by F0000000h; that of 256 MiB makes the firmware move RAM at 6 GiB, and
    the toolstack lose it.
    """
    text = page(store, tmp_path, "ram,bars,options.hole")
    assert re.findall(r"<h2>(options.*?)</h2>", text) == [f"options.hole = {by}" for by in HOLES["options"]["hole"]]
    assert cells(text) == [
        [["safe", "safe"], ["safe", "unsafe"]],
        [["safe", "safe"], ["unsafe", "unsafe"]],
        [["safe", "safe"], ["safe", "safe"]],
    ]
    assert text.count("<li>") == 2
    assert "device-model-clear: RAM moved to 0x190000000-0x19fffffff overlaps video RAM" in text
    assert "<li>bars-placed</li>" in text


def test_one_map_has_the_share_of_its_rows(store, tmp_path):
    text = page(store, tmp_path, "ram,bars")
    assert cells(text) == [[["safe", "safe"], ["part", "part"]]]
    assert re.findall(r">(\d+)%<", text)[1:] == ["67", "33"]


def test_without_checks_a_row_is_what_its_status_says(store, tmp_path):
    """No guest of hvmloader's has stolen memory: every row fails that check."""
    assert {cell for line in cells(page(store, tmp_path, "ram,bars", ()))[0] for cell in line} == {"unsafe"}
    assert {row.ok for row in result_of(store).axes} == {0}
    by = {row.value: (row.ok, row.rows) for row in result_of(store, CHECKS).axes if row.name == "options.hole"}
    assert by == {"firmware": (3, 4), "toolstack": (2, 4), "agreed": (4, 4)}


def test_the_rows_say_what_overlaps(store):
    found = store.query("SELECT \"options.hole\", overlap FROM rows WHERE overlap <> ''")
    assert [by for by, _ in found] == ["firmware"]
    assert found[0][1].startswith("RAM moved to 0x190000000-0x19fffffff overlaps")


def test_refusals(store, tmp_path, capsys):
    with pytest.raises(FwsimError, match="no such check") as caught:
        checks_named(store.matrix, "device-model-clean", "--check")
    assert caught.value.hint == "did you mean device-model-clear?"
    with pytest.raises(FwsimError, match="cannot write the page"):
        write_page(tmp_path / "no" / "map.html", store, axes_named(store.matrix, "ram,bars", 2, "--axes"), ())
    matrix = tmp_path / "m.toml"
    matrix.write_text('set = { firmware = "hvmloader", ram = ["1G", "2G"] }')
    assert cli.main(["sweep", str(matrix), "--html", str(tmp_path / "x.html")]) == 2
    assert "2 axes make this" in capsys.readouterr().err
