"""docs/run-more-than-once.md is what its maker makes: our own ROM's part always, others' with the images."""

from pathlib import Path

import pytest

from fwsim.analysis.repeated import repeated
from fwsim.report.catalogued import build_of
from fwsim.report.repeated_page import Section, main, own, scenario, section
from fwsim.rom.catalog import catalog

PAGE = Path(__file__).parents[2] / "docs" / "run-more-than-once.md"


def test_our_own_part():
    assert "\n".join(section(own())) in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["snm_2170.dat"])
def test_a_real_images_part(name, real_rom):
    """One of them: the others are made in the same way, by `make docs`."""
    known = next(each for each in catalog() if each.name == name)
    path = real_rom(name, known.sha256)
    made = Section(build_of(known), known.cpu, repeated(scenario(path, known.cpu)))
    assert "\n".join(section(made)) in PAGE.read_text(encoding="utf-8")


def test_without_an_image_the_page_stays(tmp_path, capsys):
    (tmp_path / "page.md").write_text("as it was")
    assert main(str(tmp_path / "page.md"), str(tmp_path)) == 1
    assert (tmp_path / "page.md").read_text() == "as it was"
    assert "stays as it is" in capsys.readouterr().err
