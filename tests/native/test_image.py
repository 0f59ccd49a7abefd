"""A native image that cannot be used is refused with the way out; one that is made is whole, and of its sources."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from native_code import load

import fwsim
from fwsim.native import callback, image, rebuild
from fwsim.native.compiler.reach import meaning
from fwsim.native.image import CODE_AT, Image, UnusableError


@callback("u64(u64, i32)")
def double(value, more):
    return 2 * value + more


@callback("u64(u64)")
def named(value):
    return np.uint64(value)


@pytest.fixture
def file(tmp_path):
    """A copy of the package's image, which is made where it is missing."""
    image.address("cpu.plain._in")
    return Path(shutil.copy(image.path(), tmp_path / "code"))


def change_head(file, **changes):
    data = file.read_bytes()
    head = json.loads(data[:CODE_AT]) | changes
    file.write_bytes(json.dumps(head).encode().ljust(CODE_AT - 1) + b"\n" + data[CODE_AT:])


def refused(file):
    with pytest.raises(UnusableError) as caught:
        Image(file)
    return caught.value


def test_a_callback_is_called_from_python_with_its_own_types():
    load(double)
    assert double(1 << 63, -3) == (1 << 64) - 3


def test_a_whole_image_has_every_callback_at_a_place_of_its_own(file):
    functions = Image(file).head.functions
    assert len(set(functions.values())) == len(functions)
    assert {"machine.callbacks.port_in", "analysis.scan._previous", "bench.hot.block"} <= functions.keys()


def test_one_for_another_machine_is_named(file):
    change_head(file, machine="riscv64")
    problem = refused(file)
    assert (problem.found, platform.machine() in problem.expected) == ("an image for riscv64", True)


def test_one_of_another_version_is_named(file):
    change_head(file, version="9.9")
    problem = refused(file)
    assert problem.found == "an image of fwsim 9.9"
    assert fwsim.__version__ in problem.expected


@pytest.mark.parametrize("size", [0, 100, CODE_AT, CODE_AT + 4096])
def test_one_cut_short_is_never_run(file, size):
    file.write_bytes(file.read_bytes()[:size])
    assert f"{size:,} bytes" in refused(file).found


def test_one_changed_byte_is_noticed(file):
    data = bytearray(file.read_bytes())
    data[-100] ^= 1
    file.write_bytes(data)
    assert "not those that were written" in refused(file).found


def test_a_function_that_is_said_to_begin_elsewhere_is_noticed(file):
    functions = Image(file).head.functions
    change_head(file, functions=functions | {"cpu.plain._in": functions["cpu.plain._in"] + 1})
    assert "not those that were written" in refused(file).found


def test_another_file_in_its_place_is_no_image(file):
    file.write_bytes(b"\x7fELF" + bytes(CODE_AT))
    assert "without an image's head" in refused(file).found
    change = {"format": "fwsim native image 99"}
    file.write_bytes(json.dumps(change).encode().ljust(CODE_AT))
    assert "image 99" in refused(file).found


def test_where_code_must_not_be_mapped_the_system_is_named(file, monkeypatch):
    def forbidden(*arguments):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(image.mmap, "mmap", forbidden)
    problem = refused(file)
    assert "does not let it be executed" in problem.found
    assert "noexec" in problem.hint
    assert "SELinux" in problem.hint


# --- the package's own image, in a copy of the package whose files a test may change ----------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A copy of the package with its image, of which the compiler finds the callbacks of one file."""
    own = Path(fwsim.__file__).parent
    copy = Path(shutil.copytree(own, tmp_path_factory.mktemp("small") / "fwsim", ignore=shutil.ignore_patterns(
        "__pycache__", "code.*")))  # fmt: skip
    for file in copy.rglob("*.py"):
        if file.name != "plain.py" and "\n@callback(" in file.read_text():
            file.write_text(file.read_text().replace("\n@callback(", "\n@(callback)("))
    assert "compiled" in compiled(copy).stdout
    return copy


@pytest.fixture
def package(small, tmp_path):
    """A copy whose files a test may change, with an image as new."""
    copy = Path(shutil.copytree(small, tmp_path / "copy" / "fwsim"))
    os.utime(copy / "native" / image.path().name)
    return copy


def compiled(package):
    environment = {**os.environ, "PYTHONPATH": str(package.parent)}
    command = [sys.executable, "-m", "fwsim.native.compiler"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, cwd=package.parent, check=True)


def ask(package, *, hide=""):
    """Have a process of the copy call a callback; ``hide``: a module it cannot import."""
    code = f"import sys; sys.modules[{hide!r}] = None\n" if hide else ""
    code += (
        "from fwsim.errors import FwsimError\ntry:\n    from fwsim.cpu import plain; print(plain._in(0, 0x80, 1, 0))\n"
    )
    code += "except FwsimError as error:\n    print(error)"
    environment = {**os.environ, "PYTHONPATH": str(package.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=package.parent
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout.strip(), done.stderr.strip()


def test_an_edited_source_is_never_run_as_it_was(package):
    plain = package / "cpu" / "plain.py"
    before = ask(package)
    assert before == ("0", "")
    plain.write_text(plain.read_text().replace("return 0", "return 7", 1))
    answer, said = ask(package)
    assert (answer, said) == ("7", rebuild.NOTE)
    assert ask(package) == ("7", "")


def test_a_comment_costs_no_compilation(package):
    plain = package / "cpu" / "plain.py"
    made = (package / "native" / image.path().name).read_bytes()[CODE_AT:]
    plain.write_text(plain.read_text().replace("\n@callback", "\n# a line more\n@callback"))
    assert ask(package) == ("0", "")
    assert "is of these sources" in compiled(package).stdout
    assert (package / "native" / image.path().name).read_bytes()[CODE_AT:] == made
    assert ask(package) == ("0", "")


def test_where_libraries_lie_is_nothing_to_the_image(monkeypatch):
    """pip compiles with libraries in a folder of its own, which is gone when the image is used."""
    moved = ModuleType("numpy")
    moved.__file__ = "/elsewhere/numpy/__init__.py"
    assert repr(moved) != repr(np)
    own = meaning([named], "")
    monkeypatch.setitem(named.function.__globals__, "np", moved)
    assert meaning([named], "") == own


def test_of_two_installs_at_once_one_waits_for_the_other(package):
    """Both end well, one of them with what the other has compiled."""
    (package / "native" / image.path().name).unlink()
    environment = {**os.environ, "PYTHONPATH": str(package.parent)}
    command = [sys.executable, "-m", "fwsim.native.compiler"]
    both = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         cwd=package.parent)
        for _ in range(2)
    ]  # fmt: skip
    said = sorted(process.communicate()[0].split(": ")[1].strip() for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert said == ["compiled", "is of these sources"]
    assert ask(package) == ("0", "")
    assert [each.name for each in (package / "native").iterdir() if each.name.startswith("tmp")] == []


@pytest.mark.parametrize("spoil", ["missing", "empty", "stale"])
def test_without_a_compiler_the_way_out_is_said(package, spoil):
    file = package / "native" / image.path().name
    if spoil == "missing":
        file.unlink()
    elif spoil == "empty":
        file.write_bytes(b"")
    else:
        plain = package / "cpu" / "plain.py"
        plain.write_text(plain.read_text() + "\n")
    said, _ = ask(package, hide="numba")
    assert said.startswith(f"{file}: this image of fwsim's native code cannot be used")
    assert {"missing": "no such file", "empty": "0 bytes", "stale": "made before cpu/plain.py was changed"}[
        spoil
    ] in said
    assert "pip install -e '.[build]'" in said
