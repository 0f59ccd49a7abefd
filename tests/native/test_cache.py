"""Machine code that is kept: found again by the next process, made anew where it is not whole, dropped when unused."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import fwsim

ASK = """
import json
from fwsim.cpu import plain
from fwsim.native.cache import missed
functions = {"_in": plain._in, "_out": plain._out, "_block": plain._block}
assert all((name in missed) != bool(each.cache_hits) for name, each in functions.items())
print(json.dumps([each.cache_hits for each in (plain._in, plain._out, plain._block)]))
"""
"""Imports a module with three small callbacks, and says which of them were not compiled; ``missed`` has the others."""
PLAIN = "native-fwsim.cpu.plain-"
COMPILED, FOUND = [0, 0, 0], [1, 1, 1]
FORTNIGHT = 14 * 24 * 3600


@pytest.fixture
def package(tmp_path):
    """A copy of the package, whose files a test may change."""
    own = Path(fwsim.__file__).parent
    shutil.copytree(own, tmp_path / "copy" / "fwsim", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "copy" / "fwsim"


def start(home, package=None):
    path = str((package or Path(fwsim.__file__).parent).parent)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(home), "PYTHONPATH": path}
    return subprocess.Popen([sys.executable, "-c", ASK], env=environment, stdout=subprocess.PIPE, text=True, cwd=path)


def ask(home, package=None):
    process = start(home, package)
    answer = process.communicate()[0]
    assert process.returncode == 0
    return json.loads(answer)


def states(home):
    return sorted(path.name for path in home.glob(PLAIN + "*"))


def test_the_next_process_finds_it_a_comment_later_too(tmp_path, package):
    assert ask(tmp_path / "home", package) == COMPILED
    assert ask(tmp_path / "home", package) == FOUND
    plain = package / "cpu" / "plain.py"
    plain.write_text(plain.read_text().replace("\n@callback", "\n# a line more\n@callback"))
    assert ask(tmp_path / "home", package) == FOUND
    plain.write_text(plain.read_text().replace("return 0", "return 1", 1))
    assert ask(tmp_path / "home", package) == COMPILED
    assert len(states(tmp_path / "home")) == 2


def test_a_second_checkout_finds_it(tmp_path, package):
    assert ask(tmp_path) == COMPILED
    assert ask(tmp_path, package) == FOUND


def test_what_was_cut_short_is_made_anew(tmp_path):
    ask(tmp_path)
    files = sorted((tmp_path / states(tmp_path)[0]).iterdir())
    whole = [file.read_bytes() for file in files]
    files[0].write_bytes(whole[0][:-1])
    files[1].write_bytes(b"")
    assert sorted(ask(tmp_path)) == [0, 0, 1]
    assert ask(tmp_path) == FOUND


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path):
    (tmp_path / "home").write_text("a file in its place")
    assert ask(tmp_path / "home") == COMPILED
    assert ask(tmp_path / "home") == COMPILED


def test_two_processes_may_compile_at_once(tmp_path):
    both = [start(tmp_path), start(tmp_path)]
    for process in both:
        process.communicate()
    assert [process.returncode for process in both] == [0, 0]
    assert ask(tmp_path) == FOUND
    assert len(list((tmp_path / states(tmp_path)[0]).iterdir())) == 3


def test_states_long_unused_make_room(tmp_path):
    """Of a dozen, made long ago, the one that is used and the seven used last before it stay; so does a young one."""
    ask(tmp_path)
    used = states(tmp_path)[0]
    other = tmp_path / "native-fwsim.cpu.plainer-0"
    for number, name in enumerate([used, *(f"{PLAIN}{state:02}" for state in range(12)), other.name]):
        (tmp_path / name).mkdir(exist_ok=True)
        os.utime(tmp_path / name, (1, time.time() - FORTNIGHT - 1000 + number))
    assert ask(tmp_path) == FOUND  # nothing was made: nothing has to go
    assert len(states(tmp_path)) == 13
    young = tmp_path / f"{PLAIN}03"
    os.utime(young, (1, time.time() - FORTNIGHT + 1000))
    shutil.rmtree(tmp_path / used)
    assert ask(tmp_path) == COMPILED
    assert states(tmp_path) == sorted([used, young.name, *(f"{PLAIN}{state:02}" for state in range(6, 12))])
    assert other.exists()


def test_use_counts_not_age(tmp_path):
    ask(tmp_path)
    used = tmp_path / states(tmp_path)[0]
    os.utime(used, (1, 1))
    ask(tmp_path)
    assert used.stat().st_mtime > 1
