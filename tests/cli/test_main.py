import gc
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from patience import HANG_S

import fwsim
from fwsim import cli
from fwsim.demo.igd import scenarios
from fwsim.errors import FwsimError
from fwsim.results.summary import Summary, encode
from fwsim.rom.catalog import roms_folder
from fwsim.scenario.text import write_struct
from fwsim.trace.event import EVENT

HEAVY = ("numba", "llvmlite", "pydantic", "unicorn", "numpy", "lief", "capstone", "rich", "PIL", "msgspec")
"""What ``--help`` imports none of."""
NEEDLESS = {
    "--version": {*HEAVY, "typer", "inspect"},
    "--help": set(HEAVY),
    "rom info ROM": {*HEAVY, "jinja2", "pooch", "uefi_firmware", "fwsim.rom.bdb", "fwsim.rom.flash", "fwsim.disasm"} - {
        "rich", "msgspec"
    },
    "alloc": {*HEAVY, "fwsim.registers.mmio_pipe", "fwsim.registers.database"} - {"rich", "msgspec"},
    "run SCENARIO --out RUN": {
        "numba", "llvmlite", "pydantic", "lief", "capstone", "PIL", "jinja2", "duckdb", "pooch", "perfetto", "fdt",
        "fwsim.disasm.listing", "fwsim.disasm.a64", "fwsim.environment.uefi", "fwsim.firmware.ovmf",
        "fwsim.rom.flash", "fwsim.devices.floppy", "fwsim.report.html", "fwsim.registers.aliases",
    },
    "why RUN gtt[0]": {
        "numba", "llvmlite", "pydantic", "lief", "PIL", "jinja2", "duckdb", "pooch", "perfetto", "rich.progress",
        "fwsim.report.html", "fwsim.environment.uefi", "fwsim.devices.floppy",
    },
    "demo --out DEMO": {
        "numba", "llvmlite", "pydantic", "lief", "PIL", "duckdb", "pooch", "perfetto", "fdt", "fwsim.devices.floppy",
    },
}  # fmt: skip
"""By command line what it needs none of, and so does not import: each takes from a few to a hundred milliseconds."""


def fwsim_process(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "import sys; from fwsim.cli import main; sys.exit(main())", *arguments]
    return subprocess.run(
        command, capture_output="stdout" not in options, text=True, check=False, timeout=HANG_S, **options
    )


@pytest.fixture
def long_run(tmp_path) -> Path:
    folder = tmp_path / "r"
    folder.mkdir()
    events = np.zeros(50_000, dtype=EVENT)
    events["seq"] = np.arange(1, 50_001)
    np.save(folder / "events.npy", events)
    (folder / "summary.json").write_bytes(encode(Summary()))
    return folder


@pytest.fixture(scope="module")
def before_run(tmp_path_factory) -> Path:
    """A folder with our ROM's scenario, run."""
    folder = tmp_path_factory.mktemp("imports")
    (folder / "SCENARIO").write_text(write_struct(scenarios()[0]))
    assert cli.main(["run", str(folder / "SCENARIO"), "--out", str(folder / "RUN")]) == 0
    return folder


@pytest.mark.parametrize("line", NEEDLESS)
def test_a_command_imports_no_more_than_it_needs(line, before_run):
    places = {"ROM": str(roms_folder() / "igd-vbios.rom"), "SCENARIO": str(before_run / "SCENARIO")}
    arguments = [places.get(word, word) for word in line.split()]
    arguments += ["--force"] if "--out" in arguments else []
    code = (
        "import sys; from fwsim.cli import main; sys.argv[0] = 'fwsim'; assert main() == 0;"
        "print('imported', *sorted(sys.modules), file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, timeout=HANG_S,
        cwd=before_run,
    )  # fmt: skip
    imported = set(result.stderr.splitlines()[-1].split())
    assert imported >= {"imported", "fwsim.cli"}
    assert imported & NEEDLESS[line] == set()


def test_a_process_of_one_command_begins_the_search_for_garbage_again(before_run):
    """Nothing is searched while modules load; what was loaded is left out of the searches of the work itself."""
    code = (
        "import gc, sys; from fwsim.cli import main; import fwsim.cli.common; assert gc.isenabled()\n"
        "begun = []\n"
        "gc.callbacks.append(lambda phase, info: begun.append(phase == 'start'))\n"
        "assert main() == 0\n"
        "print(gc.isenabled(), gc.get_freeze_count() > 50_000, sum(begun) > 0)"
    )
    command = ["run", "SCENARIO", "--out", "RUN", "--force", "--json"]
    result = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=True, timeout=HANG_S,
        cwd=before_run,
    )  # fmt: skip
    assert result.stdout.splitlines()[-1] == "True True True"


def test_a_search_for_garbage_in_another_program_stays_its_own(capsys):
    assert cli.main(["lookup", "0x5c"]) == 0
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_one_thread_of_openblas_unless_the_user_wants_more(before_run):
    code = "import os; from fwsim.cli import main; main(); print(os.environ['OPENBLAS_NUM_THREADS'])"
    for given, wanted in ((None, "1"), ("3", "3")):
        env = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
        env |= {"OPENBLAS_NUM_THREADS": given} if given else {}
        result = subprocess.run(
            [sys.executable, "-c", code, "lookup", "0x5c"], capture_output=True, text=True, check=True,
            timeout=HANG_S, env=env,
        )  # fmt: skip
        assert result.stdout.splitlines()[-1] == wanted


@pytest.mark.parametrize("command", list(cli.COMMANDS))
def test_every_command_has_help(command, capsys):
    assert cli.main([command, "--help"]) == 0
    assert f"fwsim {command}" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["run"], ["demo"], ["check"], ["trace", "show"]])
def test_help_has_json_and_an_example(command, capsys):
    assert cli.main([*command, "--help"]) == 0
    text = capsys.readouterr().out
    assert "--json" in text
    assert f"    fwsim {' '.join(command)}" in text


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"fwsim {fwsim.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["rnu"], "Did you mean 'run'"), (["run"], "SCENARIO"), (["run", "--nope"], "--nope"), (["check"], "RUN"),
     (["trace", "show", "r", "--first", "x"], "--first"), (["--nope"], "--nope")],
)  # fmt: skip
def test_wrong_usage_is_exit_2(arguments, said, capsys):
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_an_error_is_told_without_traceback(engine, place, capsys):
    engine.fail = FwsimError("bad", where="x.rom: 0x18", found="3", expected="4", hint="do this")
    assert cli.main(["run", "x220.toml"]) == 2
    captured = capsys.readouterr()
    assert captured.err == "fwsim: x.rom: 0x18: bad\n  found: 3\n  expected: 4\n  next: do this\n"
    assert captured.out == ""
    assert not (place / "runs").exists()


@pytest.mark.parametrize("traceback", [False, True])
def test_a_bug_says_so(engine, place, capsys, monkeypatch, traceback):
    monkeypatch.setenv("FWSIM_TRACEBACK", "1" if traceback else "")
    engine.fail = ZeroDivisionError("oops")
    assert cli.main(["run", "x220.toml"]) == 70
    text = capsys.readouterr().err
    assert "ZeroDivisionError: oops" in text
    assert "bug in fwsim" in text
    assert "FWSIM_TRACEBACK=1" in text
    assert ("Traceback" in text) == traceback


def test_interrupted_is_quiet(place, capsys, monkeypatch):
    monkeypatch.setattr("fwsim.registers.lookup.at_address", _interrupt)
    assert cli.main(["lookup", "0x5c"]) == 130
    assert capsys.readouterr() == ("", "")


def _interrupt(*_arguments, **_options):
    raise KeyboardInterrupt


def test_out_of_memory_is_told(engine, place, capsys):
    engine.fail = MemoryError()
    assert cli.main(["run", "x220.toml"]) == 2
    assert "guest.ram" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["trace", "show", "RUN"], ["trace", "show", "RUN", "--json"], ["check", "RUN"], ["--help"]]
)
def test_a_reader_that_goes_away_is_no_error(long_run, arguments):
    reading, writing = os.pipe()
    os.close(reading)
    arguments = [str(long_run) if text == "RUN" else text for text in arguments]
    try:
        result = fwsim_process(*arguments, stdout=writing, stderr=subprocess.PIPE)
    finally:
        os.close(writing)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [["trace", "show", "RUN"], ["check", "RUN"]])
def test_a_full_disk_is_an_error(long_run, arguments):
    arguments = [str(long_run) if text == "RUN" else text for text in arguments]
    with Path("/dev/full").open("w") as full:
        result = fwsim_process(*arguments, stdout=full, stderr=subprocess.PIPE)
    assert result.returncode == 2
    assert "No space left" in result.stderr
    assert "Traceback" not in result.stderr


def test_completion_knows_commands_and_options():
    for words, index, wanted in (
        ("fwsim ", "1", "demo"),
        ("fwsim trace ", "2", "show"),
        ("fwsim run --st", "2", "--strict"),
    ):
        env = os.environ | {"_FWSIM_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": index}
        assert wanted in fwsim_process(env=env).stdout.split()


@pytest.mark.parametrize("command", list(cli.COMMANDS))
def test_help_of_every_command_has_an_example(command, capsys):
    assert cli.main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert "Example" in text
    assert f"fwsim {command}" in text.partition("Example")[2]


def test_force_names_what_it_replaces(capsys):
    """``why`` has no --out."""
    assert cli.main(["why", "--help"]) == 0
    text = capsys.readouterr().out
    assert "--out" not in text
    assert "Replace the file that --graph names." in text


def test_groups_list_their_commands_whole(capsys):
    for group in ("trace", "host", "rom"):
        assert cli.main([group, "--help"]) == 0
        assert "..." not in capsys.readouterr().out.partition("Commands:")[2]


@pytest.mark.parametrize(
    ("library", "command"),
    [
        ("duckdb", ["query", "select count(*) from events"]),
        ("duckdb", ["show", "--where", "space = port"]),
        ("duckdb", ["export", "--format", "csv", "--out", "events.csv"]),
        ("perfetto", ["export", "--format", "perfetto", "--out", "events.pftrace"]),
    ],
)
def test_what_a_bare_install_lacks_is_named_with_its_extra(long_run, monkeypatch, capsys, library, command):
    """Each is of the extra that is named, and no dependency of every install."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert any(line.startswith(library) for line in project["optional-dependencies"][cli.EXTRAS[library]])
    assert not any(line.startswith(library) for line in project["dependencies"])
    monkeypatch.chdir(long_run.parent)
    for module in {library, *(each for each in sys.modules if each.startswith(f"{library}."))}:
        monkeypatch.setitem(sys.modules, module, None)
    name, *options = command
    assert cli.main(["trace", name, str(long_run), *options]) == 2
    error = capsys.readouterr().err
    assert f"this takes {library}, which is not installed" in error
    assert "pip install 'fwsim[tables]'" in error
