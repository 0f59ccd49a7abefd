"""What a module's machine code is kept under follows its code and that of its imports, and nothing else."""

import shutil
import time
from pathlib import Path

import pytest

import fwsim
from fwsim.native.key import Sources

CALLBACKS = "fwsim.machine.callbacks"


@pytest.fixture
def package(tmp_path):
    """A copy of the package's sources."""
    own = Path(fwsim.__file__).parent
    return Path(shutil.copytree(own, tmp_path / "fwsim", ignore=shutil.ignore_patterns("__pycache__")))


def key(package, module=CALLBACKS):
    """As a process that starts now finds it, with the index that earlier ones left."""
    return Sources(package, package.parent / "index", started=time.time_ns()).key(module)


def edit(package, file, old, new):
    text = (package / file).read_text()
    assert old in text
    (package / file).write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("machine/callbacks.py", "\nfrom ", "\n# why this file\n\nfrom "),
        ("machine/callbacks.py", '    """IN: time passes', '    """IN: no time passes'),
        ("machine/callbacks.py", "\n# --- memory windows ---", "\n# --- windows ---"),
        ("devices/bus.py", "\n@native\n", "\n# and why this function\n@native\n"),
        ("devices/vga/state.py", "  # 3C6", ""),
        ("native/__init__.py", '"""', '"""Words. '),
        ("units.py", "KIB = 1 << 10\n", 'KIB = 1 << 10\n"""Bytes."""\n'),
    ],
)
def test_comments_change_nothing(package, file, old, new):
    before = key(package)
    edit(package, file, old, new)
    assert key(package) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("machine/callbacks.py", "port == 0x3DA", "port == 0x3DB"),  # the file itself
        ("devices/timers.py", "PIT_HZ = 1_193_182", "PIT_HZ = 1_193_183"),  # a native function's constant, next door
        ("devices/vga/ports.py", "def vga_out(", "def vga_out_(root): ...\ndef vga_out("),
        ("trace/event.py", "UNHANDLED = 16", "UNHANDLED = 128"),  # files without native code
        ("trace/event.py", '("width", "u1")', '("width", "u2")'),
        ("devices/igd/layout.py", "SIDEBAND_SLOTS = 4096", "SIDEBAND_SLOTS = 8192"),
        ("devices/vga/state.py", "DISPI_ID5 = 0xB0C5", "DISPI_ID5 = 0xB0C6"),
        ("units.py", "KIB = 1 << 10", "KIB = 1000"),  # taken by a file that is taken
        ("native/__init__.py", "TSC_PER_US = 2000", "TSC_PER_US = 2400"),
    ],
)
def test_code_and_constants_change_it(package, file, old, new):
    before = key(package)
    edit(package, file, old, new)
    assert key(package) != before


@pytest.mark.parametrize("file", ["cli/run.py", "machine/build.py", "rules/run.py"])
def test_what_a_module_does_not_import_does_not_matter(package, file):
    before = key(package)
    (package / file).write_text("X = 1\n")
    assert key(package) == before


def test_modules_have_keys_of_their_own(package):
    adapter = "fwsim.machine.callbacks_adapter"
    before = key(package), key(package, adapter)
    edit(package, "devices/adapters.py", "\n\n\n", "\n\nX = 1\n\n\n")  # no part of the IGD's callbacks
    assert key(package) == before[0] != before[1] != key(package, adapter)


def test_the_index_only_saves_reading(package):
    before = key(package)
    index = package.parent / "index" / "sources.json"
    for text in ("", "[]", '{"machine/callbacks.py": 1}', index.read_text()[:-100]):
        index.write_text(text)
        assert key(package) == before
    index.unlink()
    assert key(package) == before


def test_an_index_that_cannot_be_written_is_done_without(package):
    before = key(package)
    shutil.rmtree(package.parent / "index")
    (package.parent / "index").write_text("a file in its place")
    assert key(package) == before


def test_a_file_that_changed_after_the_start_has_no_key(package):
    """What the process imported may be what the file held before."""
    started = time.time_ns()
    while time.time_ns() == started:
        pass
    (package / "units.py").touch()
    while (package / "units.py").stat().st_ctime_ns <= started:  # the file system's clock ticks more slowly
        (package / "units.py").touch()
    assert Sources(package, package.parent / "index", started=started).key(CALLBACKS) is None
    assert key(package) is not None


def test_another_packages_module_has_no_key(package):
    assert key(package, "numpy") is None
    assert key(package, "fwsim.no_such_module") is None


def test_what_only_a_type_checker_imports_does_not_matter(tmp_path):
    package = tmp_path / "fwsim"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "b.py").write_text("B = 1\n")
    (package / "a.py").write_text("if TYPE_CHECKING:\n    from fwsim.b import B\nelse:\n    import fwsim.c\n")
    (package / "c.py").write_text("C = 1\n")
    before = key(package, "fwsim.a")
    (package / "b.py").write_text("B = 2\n")
    assert key(package, "fwsim.a") == before
    (package / "c.py").write_text("C = 2\n")
    assert key(package, "fwsim.a") != before
