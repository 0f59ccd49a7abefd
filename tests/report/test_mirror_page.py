"""docs/must-be-mirrored.md is what its maker makes of the images under $FWSIM_ROMS."""

import os
from pathlib import Path

import pytest

from fwsim.report.mirror_page import columns, main, render
from fwsim.rom.catalog import catalog

PAGE = Path(__file__).parents[2] / "docs" / "must-be-mirrored.md"


def test_the_page_is_made_from_the_images():
    folder = os.environ.get("FWSIM_ROMS", "")
    found = columns(folder) if folder else []
    wanted = {each.name for each in catalog() if each.name != "igd-vbios.rom"}
    if {each.known.name for each in found} != wanted:
        pytest.skip("not every image of the catalogue is under $FWSIM_ROMS")
    assert render(found) == PAGE.read_text(encoding="utf-8")


def test_without_an_image_the_page_stays(tmp_path, capsys):
    (tmp_path / "page.md").write_text("as it was")
    assert main(str(tmp_path / "page.md"), str(tmp_path)) == 1
    assert (tmp_path / "page.md").read_text() == "as it was"
    assert "stays as it is" in capsys.readouterr().err
