"""docs/speed.md is what the recorded measurement makes it: no figure on it was typed."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from fwsim.bench.grown import read
from fwsim.report import speed_page
from fwsim.report.growth import lines, rows

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def found():
    return read(DOCS / "speed.json")


def test_the_page_is_made_from_the_measurement(found):
    assert speed_page.render(found, "images/speed.png") == (DOCS / "speed.md").read_text(encoding="utf-8")


def test_every_figure_of_the_page_changes_with_the_measurement(found):
    """Of another measurement, no row of a table is the same."""
    other = replace(
        found,
        series=[replace(each, rows=[replace(row, cpu_s=row.cpu_s and 3.7 * row.cpu_s) for row in each.rows])
                for each in found.series],
        peers=[replace(each, accesses=each.accesses and 3.7 * each.accesses) for each in found.peers],
        steps=[replace(each, ns=3.7 * each.ns) for each in found.steps],
    )  # fmt: skip
    tables = [
        {line for line in speed_page.render(each, "x.png").splitlines() if line.startswith("|") and "." in line}
        for each in (found, other)
    ]
    measured = [row for each in found.series for row in each.rows if row.cpu_s]
    assert len(tables[0]) >= len(measured) + len(found.steps)
    heads = {line for line in tables[0] if "ref. us" in line}
    assert tables[0] & tables[1] == heads


def test_what_was_left_out_is_said(found):
    first = found.series[0]
    gap = replace(first, rows=[replace(first.rows[0], cpu_s=None, missing="takes more room")])
    text = speed_page.render(replace(found, series=[gap]), "x.png")
    assert f"{first.rows[0].size:,} left out: takes more room." in text
    assert not list(rows(gap))


def test_the_text_fits_80_columns(found):
    assert all(len(line) <= 80 for line in lines(found))


def test_the_plot_is_a_picture(found, tmp_path):
    path = tmp_path / "plot.png"
    speed_page.write_plot(found, path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_measurement_that_is_not_there_is_said(tmp_path, capsys):
    assert speed_page.main(str(tmp_path / "none.json"), str(tmp_path / "page.md"), str(tmp_path / "x.png")) == 2
    assert "none.json" in capsys.readouterr().err
    assert not (tmp_path / "page.md").exists()
