"""docs/cli.md and the man pages say what the commands say of themselves."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fwsim import cli
from fwsim.cli import reference

DOCS = Path(__file__).parents[2] / "docs"


def help_text(capsys, *words):
    assert cli.main([*words, "--help"]) == 0
    return capsys.readouterr().out


def listed(text):
    """The names under Commands: of a help text."""
    return re.findall(r"^  ([a-z]+)  +\S", text.partition("Commands:\n")[2].partition("\n\n")[0], re.M)


def commands(capsys):
    """Every command that does something, as the help texts list them."""
    found = []
    for name in listed(help_text(capsys)):
        inner = listed(help_text(capsys, name))
        found += [(name, each) for each in inner] or [(name,)]
    return found


def test_the_page_is_made_of_the_commands():
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == reference.page(), "make docs"


def test_every_command_and_option_is_on_the_page_and_in_a_man_page(capsys):
    page, pages = reference.page(), reference.man_pages()
    found = commands(capsys)
    assert len(found) > 20
    assert set(pages) == {"fwsim.1", *(f"fwsim-{'-'.join(each)}.1" for each in found)}
    for each in found:
        text = help_text(capsys, *each)
        section = re.split(rf"^##+ fwsim {' '.join(each)}$", page, flags=re.M)[1].partition("\n## ")[0]
        manual = pages[f"fwsim-{'-'.join(each)}.1"].replace("\\-", "-")
        options = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", text.partition("Options:")[2], re.M)) - {"--help"}
        assert options
        for option in options:
            assert option in section, (each, option)
            assert f"\n.B {option}" in manual or f", {option}" in manual, (each, option)
        assert ("\n    fwsim " in section.partition("\n### ")[0]) == ("Example" in text), each
        assert (".SH EXAMPLES" in manual) == ("Example" in text), each


def test_the_top_page_lists_every_command(capsys):
    top = reference.man_pages()["fwsim.1"]
    for each in commands(capsys):
        name = "\\-".join(("fwsim", *each))
        assert f".BR {name} (1)" in top


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff formats man pages")
def test_man_pages_are_clean_roff(capsys, tmp_path):
    for name, text in reference.man_pages().items():
        (tmp_path / name).write_text(text)
        command = ["groff", "-man", "-Tascii", "-P-cbou", "-ww", name]
        made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert made.stderr == "", name
        for title in ("NAME", "SYNOPSIS", "EXIT STATUS"):
            assert f"\n{title}\n" in made.stdout, name


def test_what_begins_with_a_dot_is_no_request():
    assert reference._roff(".SH x") == "\\&.SH x"
    assert reference._roff("a\\b -c 'd") == "a\\eb \\-c \\(aqd"
