"""Outputs that are closed, pictures whose names promise another kind, and a checkout that is cleaned."""

import subprocess
import sys
from pathlib import Path

CODE = "from fwsim.cli import main; raise SystemExit(main())"


def shell(line, folder):
    return subprocess.run(["sh", "-c", line.replace("fwsim", f"{sys.executable} -c '{CODE}'")], cwd=folder,
                          capture_output=True, text=True)  # fmt: skip


def test_a_closed_output_is_no_bug(tmp_path):
    for line in ("fwsim alloc >&-", "fwsim alloc --json >&-", "fwsim alloc --ram 0 2>&-", "fwsim alloc >&- 2>&-"):
        done = shell(line, tmp_path)
        assert done.returncode == (2 if "--ram 0" in line else 0), (line, done)
        assert "bug" not in done.stderr


def test_a_picture_that_is_no_png_is_refused(tmp_path):
    done = shell("fwsim alloc --png map.jpg", tmp_path)
    assert done.returncode == 2
    assert "--png map.png" in done.stderr
    assert not list(tmp_path.iterdir())


def test_make_clean_keeps_the_users_runs():
    recipe = (Path(__file__).parents[2] / "Makefile").read_text().partition("\nclean:")[2].splitlines()[1]
    assert "rm -rf" in recipe
    assert "runs" not in recipe.split()
